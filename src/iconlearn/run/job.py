"""One run from data to a folder of results."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iconlearn._errors import InputError
from iconlearn.data.files import Dataset
from iconlearn.estimators import ESTIMATORS, MethodEstimator
from iconlearn.inputs import Inputs
from iconlearn.methods import CLUSTERING, CONTRASTIVE, SUPERVISED, Method, Recipe, Shape, method
from iconlearn.model import fit_inputs
from iconlearn.persistence import save
from iconlearn.recording import Recorder, probe_batch
from iconlearn.run import scores, tables
from iconlearn.run.folder import output_folder
from iconlearn.run.pictures import Album, Clustering, schedule_marks


@dataclass(frozen=True)
class RunOptions:
    """What may be chosen for a run; None leaves a training option at the method's own value.

    Parameters
    ----------
    parameters : mapping
        Hyper-parameters of the method.
    seed : int, default 0
        Of everything random, the split into halves included.
    max_iter, restarts : int, optional
    overwrite : bool, default False
        Whether results of an earlier run may be replaced.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    max_iter: int | None = None
    restarts: int | None = None
    overwrite: bool = False


@dataclass(frozen=True)
class RunResult:
    """What a run left behind: ``files`` in ``out``, its ``metrics``, and whether it was cut short."""

    method: str
    out: Path
    files: tuple[str, ...]
    metrics: dict[str, Any]
    seconds: float
    interrupted: bool


def run_method(
    name: str,
    dataset: Dataset,
    out: str | os.PathLike[str],
    options: RunOptions | None = None,
    *,
    verbose: bool = False,
) -> RunResult:
    """Fit a method, and write embedding or assignment, pictures, model and record to the folder ``out``.

    An encoder is fitted on a stratified half of the rows, so that the other half can tell what it has learnt;
    everything else is fitted on all rows. The folder appears when all is written, or not at all.

    Parameters
    ----------
    name : str
        A row of ``iconlearn.METHODS``.
    dataset : Dataset
    out : path
        New or empty, unless ``options.overwrite``.
    options : RunOptions, optional
    verbose : bool, default False
        Show a progress bar.

    Returns
    -------
    RunResult

    Raises
    ------
    OptionError
        If the method or an option is unknown or out of range, or ``out`` cannot be written.
    InputError
        If the data does not suit the method.

    Examples
    --------
    >>> import tempfile
    >>> from iconlearn.data.files import Dataset, load_digits_dataset
    >>> data = load_digits_dataset()
    >>> few = Dataset("few", data.X[:60], data.y[:60], data.classes, data.image_shape)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = run_method("pca", few, folder + "/out", RunOptions(max_iter=20))
    >>> "map.png" in result.files
    True
    """
    start = time.perf_counter()
    options = options or RunOptions()
    row = method(name)
    recipe = row.recipe(**options.parameters)
    with output_folder(out, overwrite=options.overwrite) as folder:
        job = Job(row, recipe, dataset, options, verbose)
        record = job.work(folder)
        seconds = time.perf_counter() - start
        record["seconds"]["total"] = seconds
        tables.write_record(folder, record)
        files = tuple(sorted(path.name for path in folder.iterdir()))
    interrupted = bool(record["interrupted"])
    return RunResult(name, Path(out), files, record["metrics"], seconds, interrupted)


class Job:
    """The parts of a run, in order: choose rows, fit, score, draw, describe."""

    def __init__(
        self, row: Method, recipe: Recipe, dataset: Dataset, options: RunOptions, verbose: bool
    ) -> None:
        self.row, self.recipe, self.dataset, self.options, self.verbose = (
            row,
            recipe,
            dataset,
            options,
            verbose,
        )
        self.is_encoder = row.family in (CONTRASTIVE, SUPERVISED)
        self.train, self.test, self.rows_used = self.choose_rows()

    def choose_rows(self) -> tuple[np.ndarray, np.ndarray | None, str]:
        """Rows to fit on, rows held out (None where nothing is), and both in words."""
        y, n, seed = self.dataset.y, len(self.dataset.X), self.options.seed
        if self.row.needs_labels and (y is None or not (y >= 0).any()):
            raise InputError(
                f"{self.row.name} compares labels but {self.dataset.name} has none; name a column, key or file "
                "with --labels"
            )
        rows, held, words = np.arange(n), None, f"fitted on all {n} rows"
        if self.is_encoder and (split := scores.halves(y, seed)) is not None:
            rows, held = split
            words = (
                f"fitted on {len(rows)} of {n} rows, a half stratified by label and drawn with seed {seed}; "
                f"scored on the other {len(held)}, the linear probe trained on the fitted ones"
            )
        if self.row.needs_labels and y is not None and (y[rows] < 0).any():
            rows = rows[y[rows] >= 0]
            words += f"; rows without a label are left out of the fit, which leaves {len(rows)}"
        return rows, held, words

    def work(self, folder: Path) -> dict[str, Any]:
        """Do all of it, writing into ``folder``; returns the record of the run."""
        began = time.perf_counter()
        data = self.dataset
        recorder = self.make_recorder()
        estimator = self.estimator(callbacks=(recorder,), verbose=int(self.verbose))
        estimator.fit(data.X[self.train], None if data.y is None else data.y[self.train])
        fitted = time.perf_counter()
        result, metrics = self.score(estimator, folder)
        save(estimator.model_, folder / "model")
        written = time.perf_counter()
        summary = self.describe(estimator, recorder)
        self.draw(folder, estimator, recorder, result, metrics)
        drawn = time.perf_counter()
        seconds = {"fit": fitted - began, "score": written - fitted, "draw": drawn - written}
        return summary | {"metrics": metrics, "seconds": seconds}

    def estimator(self, **common: Any) -> MethodEstimator:
        """The scikit-learn estimator of the method with the options of this run."""
        o = self.options
        settings = {"image_shape": self.dataset.image_shape, "max_iter": o.max_iter, "restarts": o.restarts}
        return ESTIMATORS[self.row.estimator](
            **{**o.parameters, **settings, "random_state": o.seed, **common}
        )

    def make_recorder(self) -> Recorder:
        """A recorder of all rows; where steps see batches, p and q are watched on a fixed probe batch."""
        data = self.dataset
        codes = None if data.y is None else data.y[self.train]
        if codes is not None and self.row.needs_labels:
            codes = np.unique(codes, return_inverse=True)[1]
        fit_on = fit_inputs(data.X[self.train], codes)
        batched = self.row.fit.get("batch_size") is not None or self.recipe.augment is not None
        if not batched:
            return Recorder(fit_on)
        shape = Shape(len(self.train), data.X.shape[1], data.image_shape)  # type: ignore[arg-type]
        augment = None if self.recipe.augment is None else self.recipe.augment(shape)
        probe = probe_batch(fit_on, self.recipe.target_dist.num_views, augment, self.options.seed)
        everything = replace(fit_inputs(data.X, None, unit=fit_on.unit), label=self.all_codes())
        return Recorder(everything, probe=probe)

    def all_codes(self) -> torch.Tensor | None:
        """Class codes of all rows, as the fit numbers the classes of its own."""
        y = self.dataset.y
        if y is None:
            return None
        kinds = np.unique(y[self.train]) if self.row.needs_labels else np.arange(int(y.max()) + 1)
        place = np.searchsorted(kinds, y).clip(max=len(kinds) - 1)
        return torch.from_numpy(np.where(kinds[place] == y, place, -1))

    def score(self, estimator: Any, folder: Path) -> tuple[np.ndarray, scores.Metrics]:
        """Write embedding or assignment; returns it and its metrics."""
        data, y = self.dataset, self.dataset.y
        if self.row.family == CLUSTERING:
            probability = estimator.assignment_
            tables.write_assignment(folder, probability, data)
            return probability, scores.cluster_scores(data, probability.argmax(1), probability.shape[1])
        embedding = estimator.embedding_ if len(self.train) == len(data.X) else estimator.transform(data.X)
        tables.write_embedding(folder, embedding, data)
        if not self.is_encoder:
            return embedding, scores.map_scores(data, embedding, self.options.seed)
        if self.test is None or y is None:
            return embedding, scores.neighbour_scores(embedding, y)
        plain = self.estimator(max_iter=0).fit(data.X[self.train], y[self.train])
        untrained = plain.transform(data.X)  # type: ignore[attr-defined]
        found = scores.encoder_scores(y, self.train, self.test, embedding, untrained)
        if hasattr(estimator, "predict"):
            found["accuracy"] = float(np.mean(estimator.predict(data.X[self.test]) == y[self.test]))
        return embedding, found

    def describe(self, estimator: Any, recorder: Recorder) -> dict[str, Any]:
        """The record of the run, without metrics and times."""
        o, data, model = self.options, self.dataset, estimator.model_
        told = model.explain(recorder.data if recorder.probe is None else recorder.probe)
        batch_size = self.row.fit.get("batch_size")
        points = min(batch_size or len(self.train), len(self.train)) * model.num_views
        history = model.history
        return {
            "method": self.row.name,
            "paper": self.row.paper,
            "options": {
                **self.row.parameters,
                **o.parameters,
                **self.row.fit,
                **{k: v for k in ("max_iter", "restarts") if (v := getattr(o, k)) is not None},
            },
            "seed": o.seed,
            "data": {
                "name": data.name,
                "shape": list(data.X.shape),
                "image_shape": data.image_shape,
                "classes": data.classes,
                "rows": self.rows_used,
            },
            "steps": len(history.losses),
            "interrupted": history.interrupted,
            "final_loss": recorder.snapshots[-1].loss,
            "restart_losses": list(history.restart_losses),
            "divergence": model.measure.name,
            "target_entropy": told.figures["target_entropy"],
            "measured_on": "all rows"
            if recorder.probe is None
            else f"a probe batch of {recorder.probe.n} rows",
            "gap_before": float(recorder.bars().gaps[0]),
            "gap_after": float(recorder.bars().gaps[-1]),
            "plan": str(model.plan(points)),
            "equation": list(told.lines),
            "versions": tables.versions(),
        }

    def draw(
        self, folder: Path, estimator: Any, recorder: Recorder, result: np.ndarray, metrics: scores.Metrics
    ) -> None:
        """All pictures."""
        data, model = self.dataset, estimator.model_
        clustering = None
        if self.row.family == CLUSTERING:
            values = recorder.data.points().value
            x = data.X if values is None else values.cpu().numpy()
            clustering = Clustering.of(x, result.argmax(1), result.shape[1], data.y)
        probe: Inputs | None = recorder.probe
        inside = np.asarray(recorder.anchors) % (recorder.data.n if probe is None else probe.n)
        rows = inside if probe is None else self.train[probe.id.cpu().numpy()[inside]]
        if probe is None and len(self.train) < len(data.X):
            rows = self.train[inside]
        name = model.measure.name
        loss_name = name.upper() if len(name) <= 3 else name.replace("_", " ")
        album = Album(data, recorder, f"{self.row.name} on {data.name}", loss_name, rows, clustering)
        losses = model.history.losses
        marks = schedule_marks(dict(self.row.fit), len(losses))
        cell = f"p: {self.row.target}   q: {self.row.learned}"
        album.draw_map(folder / "map.png", result, headline(len(data.X), metrics))
        album.draw_bars(folder / "p_vs_q.png", self.bars_caption(recorder, cell))
        last = f"{loss_name} {losses[0]:.3g} → {recorder.snapshots[-1].loss:.3g}" if losses else "no steps"
        album.draw_loss(folder / "loss.png", losses, marks, f"{last} nats in {len(losses)} steps")
        album.animate(folder / "training.gif", cell)

    def bars_caption(self, recorder: Recorder, cell: str) -> str:
        """What the bars stand for."""
        probe = recorder.probe
        if self.row.family == CLUSTERING:
            what = "mass on each cluster"
        elif self.recipe.mapper_j is not None:
            what = "mass on each class"
        elif probe is not None:
            views = f", {len(probe.views)} views" if len(probe.views) > 1 else ""
            what = f"a probe batch of {probe.n} rows{views}"
        else:
            what = "the most probable neighbours"
        return f"{cell}   bars: {what}"


def headline(n: int, metrics: scores.Metrics) -> str:
    """Number of rows and the scores, in one line."""
    names = {
        "knn_accuracy": "10-NN accuracy",
        "linear_probe": "linear probe",
        "linear_probe_untrained": "untrained",
        "trustworthiness": "trustworthiness",
        "hungarian_accuracy": "matched accuracy",
        "nmi": "NMI",
    }
    shown = [f"{words} {metrics[key]:.3f}" for key, words in names.items() if key in metrics]
    return "  ·  ".join([f"{n:,} points", *shown])
