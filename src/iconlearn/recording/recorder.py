"""What a run looked like: the map, and p and q of a few anchors, at some sixty moments of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.inputs import Inputs
from iconlearn.recording.bars import COLUMNS, Bars, conditional, make_bars, nearest_gap
from iconlearn.recording.choice import choose_anchors, snapshot_steps
from iconlearn.recording.observer import Observer
from iconlearn.recording.recording import Recording
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
    recording : Recording, optional
        Gets every event, and every look that is taken, for a page or a file.

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
        recording: Recording | None = None,
    ) -> None:
        check_number("Recorder", "snapshots", snapshots, low=2, integer=True)
        self.observer, self.recording = Observer(data, probe, max_points), recording
        self.data, self.probe, self.shown = data, probe, self.observer.shown
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
        if self.recording is not None:
            self.recording(event, self.observer)
        if event.kind == "start":
            self.planned = event.max_iter
            self._steps = snapshot_steps(event.max_iter, self.count)
            if self.recording is not None:
                late = self.probe is not None  # looks come after their steps, but for the last and the first
                self.recording.plan(sorted(({0} | {step + late for step in self._steps}) - {event.max_iter}))
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
        with self.observer.look(event, step) as look:
            pair = look.pair
            if self.anchors is None:
                self.anchors = choose_anchors(self.observer.watched.to(event.model.device), pair)
            rows = torch.from_numpy(self.anchors).to(pair.rows.device)
            if pair.target is not self._target:
                self._target = pair.target
                self._log_p = pair.target.block(rows).float().cpu().numpy()
            log_q = pair.learned.block(rows).float().cpu().numpy()
            if self.recording is not None:
                self.recording.moment(look, self.observer)
        self.limit, self.by_class, self.on_sphere = pair.learned.improper, look.of_prototypes, look.on_sphere
        moment = Snapshot(step, look.loss, look.embedding, self._log_p, log_q)
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
