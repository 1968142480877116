"""What tests of recordings share: a small run that is watched, who watches it, and what a recording tells of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iconlearn import Embedding, ICon
from iconlearn.door import fit_inputs
from iconlearn.recording import Packet, Recorder, Recording, read_packets
from iconlearn.recording.audience import Budget

LABELS = np.repeat([0, 1, 2], 20)
X = (np.random.default_rng(0).normal(size=(60, 5)) + 4 * np.eye(3, 5)[LABELS]).astype(np.float32)
OFTEN = ("losses",)  # written in pieces that depend on the clock


def told(path: Path) -> dict[str, Any]:
    """Every packet but for seconds, to the bit; the losses as one."""
    packets = list(read_packets(path))
    losses = [p.arrays["loss"] for p in packets if p.kind in OFTEN]
    first = [p.fields["first"] for p in packets if p.kind in OFTEN]
    assert first == np.cumsum([0, *map(len, losses)])[:-1].tolist()
    return {
        "losses": np.concatenate(losses).tolist() if losses else [],
        "others": [without_time(packet) for packet in packets if packet.kind not in OFTEN],
    }


def without_time(packet: Packet) -> tuple[str, dict[str, Any], dict[str, bytes]]:
    fields = {name: value for name, value in packet.fields.items() if name != "seconds"}
    return packet.kind, fields, {name: array.tobytes() for name, array in packet.arrays.items()}


def of_kind(path: Path, kind: str) -> list[Packet]:
    """The packets of a kind."""
    return [packet for packet in read_packets(path) if packet.kind == kind]


class Crowd:
    """An audience that keeps what it gets, and selects points."""

    def __init__(self, selected: tuple[int, ...] = (), wants: bool = True) -> None:
        self.packets: list[Packet] = []
        self.points, self.eager = list(selected), wants

    def __call__(self, packet: Packet) -> None:
        self.packets.append(packet)

    def wants(self) -> bool:
        return self.eager

    def offer(self, show: Callable[[], None]) -> None:
        self.show = show

    def selected(self) -> list[int]:
        return self.points

    def of(self, kind: str) -> list[Packet]:
        return [packet for packet in self.packets if packet.kind == kind]


def head(event: object) -> list[Packet]:
    """The packets that any run begins with."""
    return [Packet("run", {"method": "some"})]


def followed(recorder: Recorder, file=None, audience=None, **options) -> Recorder:
    """A recorder that records too."""
    recorder.recording = Recording(head, file, audience, **options)
    recorder.recording.budget = Budget(1.0)  # frames as often as they are wanted
    return recorder


def pair_of(target, learned, n: int = 60):
    """The two sides of an equation where the first points of the data lie on their first two features."""
    model = ICon(target, learned, Embedding(n, 2))
    with torch.no_grad():
        next(model.mapper.parameters()).copy_(torch.from_numpy(X[:n, :2]))
        return model.pair(fit_inputs(X[:n], None))
