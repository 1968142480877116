"""What a run looked like: the map, and p and q of a few anchors, at some sixty moments of training."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.inputs import Inputs
from iconlearn.mappers import embed, representation
from iconlearn.objective import Objective, Pair
from iconlearn.points import PROTOTYPE_VIEW
from iconlearn.recording.bars import COLUMNS, Bars, conditional, make_bars, nearest_gap
from iconlearn.recording.choice import choose_anchors, snapshot_steps
from iconlearn.recording.snapshots import Snapshot, SnapshotFolder
from iconlearn.train.events import Event


class Recorder:
    """A callback that keeps about ``snapshots`` moments of a run, dense at its start.

    It only looks: modes, gradients and random states stay as they are, so that a recorded run equals an
    unrecorded one.

    Parameters
    ----------
    data : Inputs
        Samples whose embeddings make the map.
    probe : Inputs, optional
        A fixed batch on which p and q are evaluated, for runs whose steps see only part of the data. By
        default p and q of the steps themselves, which then hold all of ``data``.
    anchors : sequence of int, optional
        Rows of p and q to keep; by default three that lie apart, of different label where labels are known.
    snapshots : int, default 60
    max_points : int, default 20000
        Samples of the map at most; an evenly spaced part of larger data.
    folder : Path, optional
        Keep the moments in files there, from which a run that goes on from a checkpoint takes the earlier ones.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn import Embedding, Gaussian, ICon
    >>> from iconlearn.door import fit_inputs
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> recorder = Recorder(fit_inputs(X, None))
    >>> _ = ICon(Gaussian(1), Gaussian(1), Embedding(30, 2)).fit(X, max_iter=50, callbacks=(recorder,))
    >>> gaps = recorder.bars().gaps
    >>> bool(gaps[-1] < gaps[0])
    True
    """

    def __init__(
        self,
        data: Inputs,
        *,
        probe: Inputs | None = None,
        anchors: Sequence[int] | None = None,
        snapshots: int = 60,
        max_points: int = 20_000,
        folder: Path | None = None,
    ) -> None:
        check_number("Recorder", "snapshots", snapshots, low=2, integer=True)
        count = min(data.n, check_number("Recorder", "max_points", max_points, low=1, integer=True))
        self.data, self.probe = data, probe
        self.shown = np.linspace(0, data.n - 1, count).round().astype(np.int64)
        self.display = data if count == data.n else data.take(torch.from_numpy(self.shown))
        self.anchors: Any = None if anchors is None else np.asarray(anchors, dtype=np.int64)
        self.planned = 0  # steps of the run, taken or not
        self.count = snapshots
        self.snapshots: list[Snapshot] = []
        self.files = None if folder is None else SnapshotFolder(folder)
        self.limit = self.by_class = self.on_sphere = False
        self._target: Any = None
        self._log_p = np.zeros((0, 0), dtype=np.float32)
        self._steps: set[int] = set()

    def __call__(self, event: Event) -> None:
        """Keep the moment if it is one of those chosen."""
        if event.kind == "start":
            self.planned = event.max_iter
            self._steps = snapshot_steps(event.max_iter, self.count)
            self._take_up(event.step)
            if self.probe is not None:  # steps come too late: their update is done, and they see other data
                self._steps.discard(0)
                if not self.snapshots:
                    self._look(event, event.step)
        elif event.kind == "step":
            if self.probe is not None and event.step == 0 and self.snapshots:
                self._keep(replace(self.snapshots.pop(), loss=event.loss))
            if event.step in self._steps:
                self._look(event, event.step + (self.probe is not None))
        elif event.kind == "end":
            self._look(event, event.step)

    def _look(self, event: Event, step: int) -> None:
        with looking(event.model):
            pair = self._pair(event)
            rows = torch.from_numpy(self.anchors).to(pair.rows.device)
            log_q = pair.learned.block(rows).float().cpu().numpy()
            loss = event.loss
            if not math.isfinite(loss) or (event.kind == "end" and self.probe is None):
                loss = float(event.model.loss(pair))
            embedding = self._embedding(event.model, pair)
        self.limit = pair.learned.improper
        self.by_class = bool((pair.columns.view == PROTOTYPE_VIEW).all())
        metrics = [getattr(part, "metric", None) for part in event.model.learned_dist.modules()]
        self.on_sphere = "cos" in metrics
        moment = Snapshot(step, loss, embedding, self._log_p, log_q)
        if self.snapshots and self.snapshots[-1].step == step:
            self.snapshots.pop()
        self._keep(moment)

    def _keep(self, moment: Snapshot) -> None:
        self.snapshots.append(moment)
        if self.files is not None:
            self.files.write(moment, self.anchors)

    def _take_up(self, step: int) -> None:
        """The moments of the run so far, where it goes on; of an earlier run there is nothing to keep."""
        if self.files is None:
            return
        if not step:
            self.files.clear()
            return
        moments, anchors = self.files.read(step)
        looked_at = {0, *(planned + (self.probe is not None) for planned in self._steps)}
        # that of a Ctrl-C shows the best state, from which the run does not go on
        self.snapshots = [moment for moment in moments if moment.step in looked_at]
        self.anchors = self.anchors if anchors is None else anchors

    def _pair(self, event: Event) -> Pair:
        """p and q now; the anchors are chosen, and p of them kept, when a target is first seen."""
        batch = (self.data if self.probe is None else self.probe).to(event.model.device)
        pair = event.pair
        if self.probe is not None or pair is None or pair.target.n != batch.n:
            pair = event.model.pair(batch, target=self._target)
        if pair.target is not self._target:
            learns = any(p.requires_grad for p in event.model.target_dist.parameters())
            self._target = None if learns else pair.target
            if self.anchors is None:
                self.anchors = choose_anchors(batch, pair)
            rows = torch.from_numpy(self.anchors).to(pair.rows.device)
            self._log_p = pair.target.block(rows).float().cpu().numpy()
        return pair

    def _embedding(self, model: Objective, pair: Pair) -> np.ndarray:
        """Embeddings of the shown samples; read off the pair where it holds all samples."""
        shown = torch.from_numpy(self.shown)
        if self.probe is None and pair.rows.value is not None and pair.rows.n == self.data.n:
            value = pair.rows.value.detach()[shown.to(pair.rows.device)]
        else:
            value = embed(representation(model.mapper), self.display.to(model.device))[: len(shown)]
        return value.float().cpu().numpy().copy()

    def bars(self, groups: np.ndarray | None = None, columns: int = COLUMNS) -> Bars:
        """p and q of the anchors at every snapshot, over the most probable columns.

        Parameters
        ----------
        groups : (columns,) array of int, optional
            Sum the mass of the columns of each group, and draw groups in place of columns.
        columns : int, default 15
            Bars of an anchor; if there are more columns, one more bar holds the mass of the rest.
        """
        self._require_snapshots()
        p = conditional(np.stack([s.log_p for s in self.snapshots]))
        log_q = np.stack([s.log_q for s in self.snapshots]).astype(np.float64)
        # A limit has no width of its own: it is drawn at the one at which the nearest column counts 1/e.
        q = conditional(log_q / nearest_gap(log_q[-1]) if self.limit else log_q)
        return make_bars(p, q, groups, columns)

    def positions(self) -> np.ndarray:
        """The map at every snapshot, (snapshots, shown, 2), all seen through one fixed projection.

        Two dimensions are shown as they are; of more, the first two principal components of the final
        embedding; one dimension is spread out over a fixed random height.
        """
        self._require_snapshots()
        stacked = np.stack([s.embedding for s in self.snapshots]).astype(np.float64)
        if stacked.shape[-1] == 2:
            return stacked
        stacked = self.seen(stacked)
        if stacked.shape[-1] == 1:
            height = np.random.default_rng(0).uniform(size=stacked.shape) * (np.ptp(stacked[-1]) or 1.0) / 4
            return np.concatenate([stacked, height[:1].repeat(len(stacked), 0)], -1)
        centre = stacked[-1].mean(0)
        axes = np.linalg.svd(stacked[-1] - centre, full_matrices=False)[2][:2]
        return (stacked - centre) @ axes.T

    def seen(self, embedding: np.ndarray) -> np.ndarray:
        """Embeddings as q sees them: of length one where it compares directions only."""
        if not self.on_sphere:
            return embedding
        return embedding / np.linalg.norm(embedding, axis=-1, keepdims=True).clip(min=1e-30)

    def _require_snapshots(self) -> None:
        if not self.snapshots:
            raise InputError("the recorder has seen no run; pass it to fit(..., callbacks=(recorder,)) first")


@contextmanager
def looking(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; every module's own mode comes back afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes.items():
            module.training = mode
