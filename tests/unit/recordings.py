"""What a recording tells of a run, without what differs from one time to the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from iconlearn.recording import Packet, read_packets

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
