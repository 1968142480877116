"""One look at a run: its map, p and q, and the loss, made once for all that record it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from iconlearn._checks import check_number
from iconlearn.inputs import Inputs
from iconlearn.mappers import embed, representation
from iconlearn.objective import Objective, Pair
from iconlearn.points import PROTOTYPE_VIEW
from iconlearn.train.events import Event


@dataclass(frozen=True, eq=False)
class Look:
    """What was seen at one moment; its ``pair`` is valid while the look is taken.

    Parameters
    ----------
    step : int
        Steps that had been taken.
    loss : float
    model : Objective
    pair : Pair
        p and q of all rows, or of the probe.
    embedding : (shown, dim) array of float32
    final : bool
        Is it the state that the run leaves?
    time : float
        As that of the event.
    """

    step: int
    loss: float
    model: Objective
    pair: Pair
    embedding: np.ndarray
    final: bool
    time: float

    @property
    def of_prototypes(self) -> bool:
        """Are the columns learned vectors, one a class or cluster?"""
        return bool((self.pair.columns.view == PROTOTYPE_VIEW).all())

    @property
    def on_sphere(self) -> bool:
        """Does q compare directions only?"""
        return "cos" in [getattr(part, "metric", None) for part in self.model.learned_dist.modules()]


class Observer:
    """Looks at a run without a trace: modes, gradients and torch's random states stay as they are.

    Parameters
    ----------
    data : Inputs
        Samples whose embeddings make the map.
    probe : Inputs, optional
        A fixed batch on which p and q are evaluated; by default the pair of the steps themselves.
    max_points : int, default 20000
        Samples of the map at most; an evenly spaced part of larger data.
    """

    def __init__(self, data: Inputs, probe: Inputs | None = None, max_points: int = 20_000) -> None:
        count = min(data.n, check_number("Recorder", "max_points", max_points, low=1, integer=True))
        self.data, self.probe = data, probe
        self.shown = np.linspace(0, data.n - 1, count).round().astype(np.int64)
        self.display = data if count == data.n else data.take(torch.from_numpy(self.shown))
        self._target: Any = None

    @property
    def watched(self) -> Inputs:
        """The samples of which p and q are seen."""
        return self.data if self.probe is None else self.probe

    @contextmanager
    def look(self, event: Event, step: int) -> Iterator[Look]:
        """What there is to see; use it within the block."""
        with looking(event.model):
            pair = self.pair(event)
            final, loss = event.kind == "end", event.loss
            if not math.isfinite(loss) or (final and self.probe is None):
                loss = float(event.model.loss(pair))
            yield Look(step, loss, event.model, pair, self._embedding(event.model, pair), final, event.time)

    def pair(self, event: Event) -> Pair:
        """p and q now, within :func:`looking`; a target that is not being learned is made once."""
        batch = self.watched.to(event.model.device)
        pair = event.pair
        if self.probe is not None or pair is None or pair.target.n != batch.n:
            pair = event.model.pair(batch, target=self._target)
        if pair.target is not self._target:
            learns = any(p.requires_grad for p in event.model.target_dist.parameters())
            self._target = None if learns else pair.target
        return pair

    def _embedding(self, model: Objective, pair: Pair) -> np.ndarray:
        """Embeddings of the shown samples; read off the pair where it holds all samples."""
        shown = torch.from_numpy(self.shown)
        if self.probe is None and pair.rows.value is not None and pair.rows.n == self.data.n:
            value = pair.rows.value.detach()[shown.to(pair.rows.device)]
        else:
            value = embed(representation(model.mapper), self.display.to(model.device))[: len(shown)]
        return value.float().cpu().numpy().copy()


@contextmanager
def looking(model: Objective) -> Iterator[None]:
    """Evaluation mode without gradients; every module's own mode comes back afterwards.

    So do the states of the generators that a mapper may draw from in evaluation mode, too: those of torch, of the CPU
    and of the model's device. The engines of looks draw from none: their sums are no estimates.
    """
    modes = {module: module.training for module in model.modules()}
    devices = [model.device] if model.device.type == "cuda" else []
    model.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices):
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
