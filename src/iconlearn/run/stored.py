"""One run from features on disk to a folder of results; a killed run goes on where it was."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iconlearn._errors import InputError, OptionError
from iconlearn.estimators.factory import estimator_of
from iconlearn.evaluation import ClusteringReport, cluster_sizes, clustering_report
from iconlearn.extraction import ImageSource
from iconlearn.features import Features
from iconlearn.methods import METHODS, Method, method
from iconlearn.neighbors import NeighborGraph, neighbors_of
from iconlearn.run import scores, tables
from iconlearn.run.captions import clustering_title, loss_name, notes
from iconlearn.run.clusters import read_clusters, write_clusters
from iconlearn.run.images import RowImages, images_of
from iconlearn.run.job import RunResult, keep_model, training_settings
from iconlearn.run.judged import SHEET, Judged, draw_judgement, draw_sheet
from iconlearn.run.options import RunOptions
from iconlearn.run.partial import Partial
from iconlearn.run.varied import varied
from iconlearn.train.processes import join
from iconlearn.viz import loss_figure, save_figure

LAST = 0.05  # share of the steps whose mean is called the final loss
MOST_STEPS = 2000  # points of the drawn loss


def run_stored(
    name: str,
    features: Features,
    out: str | os.PathLike[str],
    options: RunOptions | None = None,
    *,
    neighbors: NeighborGraph | None = None,
    images: ImageSource | None = None,
    verbose: bool = False,
) -> RunResult:
    """Fit a clustering to features that stay on disk, and write clusters, scores, pictures, model and record.

    Neighbours, and then the state of the training, are kept in ``OUT.partial``: after a kill at any moment the same
    call goes on there and ends with the same clusters. A call whose results are there already draws the images that
    it is given, and does nothing else. Under torchrun the processes share the training, and the first one writes.

    Parameters
    ----------
    name : str
        A row of ``iconlearn.METHODS`` that streams.
    features : Features
        As ``iconlearn.open_features`` gives them; labels are used for scores and pictures only.
    out : path
        New or empty, unless ``options.overwrite``.
    options : RunOptions, optional
    neighbors : NeighborGraph, optional
        Of the same rows, found already; searched otherwise.
    images : ImageSource, optional
        What the features were made of, for the contact sheet. Without it names of rows that are image files are taken.
    verbose : bool, default False
        Show progress bars.

    Returns
    -------
    RunResult

    Raises
    ------
    OptionError
        If the method or an option is unknown or out of range, or ``out`` holds something else.
    InputError
        If the method holds all rows at once, or the features do not suit it.
    FileFormatError
        If a shard is damaged, or ``OUT.partial`` is that of another run.
    DiskError
        If the disk is full; what is done is kept.
    KeyboardInterrupt
        At Ctrl-C, after the state of the training has been written.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.datasets import load_digits
    >>> from iconlearn import open_features
    >>> X, y = load_digits(return_X_y=True)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", X[:200])
    ...     few = open_features(f"{folder}/x.npy", labels=y[:200])
    ...     result = run_stored("pmi-clustering", few, f"{folder}/out", RunOptions({"n_clusters": 5}, epochs=2))
    >>> "clusters.parquet" in result.files, result.metrics["empty_clusters"]
    (True, 0)
    """
    start = time.perf_counter()
    options = options or RunOptions()
    row = varied(method(name), options.variation, options.parameters)
    check_streams(row)
    check_steps(options)
    partial, command = Partial(out), command_of(row, features, options, neighbors)
    shown = images_of(features, images)
    across = join(None, torch.device("cpu"))
    with across.telling():
        record = None if options.overwrite else across.lead(lambda: partial.finished(command))
        if record is not None:
            across.lead(partial.clear)  # a kill may have come between the results and this
            if shown is not None and images is not None:
                kept = bool(record.get("kept_baseline"))
                across.lead(lambda: draw_again(partial, row, features, shown, kept))
            return result_of(row, partial.target, record, start, "finished before, and not done again")
        with partial.working(overwrite=options.overwrite) if across.first else nullcontext():
            graph = neighbors
            if graph is None:
                target = row.recipe(**options.parameters).target_dist
                graph = neighbors_of(
                    target, features.check(), across.lead, checkpoint=partial.neighbors, verbose=verbose
                )
            found = time.perf_counter()
            estimator = build(row, options, checkpoint=partial.checkpoint, verbose=int(verbose))
            estimator.fit(features, features.label if row.needs_labels else None, neighbors=graph)
            if estimator.model_.history.interrupted:
                raise KeyboardInterrupt
            seconds = {"neighbors": found - start, "fit": time.perf_counter() - found}

            def write() -> dict[str, Any]:
                report = clustering_report(
                    estimator.labels_,
                    features.label,
                    confidence=estimator.confidence_,
                    n_clusters=estimator.n_clusters,
                )
                record = describe(row, features, estimator, graph, report)
                with partial.results() as folder:
                    write_clusters(
                        folder / "clusters.parquet", features, estimator.labels_, estimator.confidence_
                    )
                    if unsaved := keep_model(estimator.model_, folder):
                        record["model"] = unsaved
                    draw(folder, row, features, estimator, report, shown)
                    record |= {
                        "options": {
                            **row.parameters,
                            **options.parameters,
                            **training_settings(row, options),
                            **options.variation.chosen,
                        },
                        "seed": options.seed,
                        "seconds": {**seconds, "total": time.perf_counter() - start},
                        "versions": tables.versions(),
                        "command": command,
                    }
                    tables.write_record(folder, record)
                partial.forget()
                return tables.plain(record)

            record = across.lead(write)  # the others wait for as long as it takes
    return result_of(row, partial.target, record, start)


def check_steps(options: RunOptions) -> None:
    """Refuse a run without a step: there is nothing to write of it.

    Raises
    ------
    OptionError
    """
    for name in ("max_iter", "epochs"):
        if getattr(options, name) == 0:
            raise OptionError(f"run: {name}=0 takes no step; give at least 1, or leave it out")


def check_streams(row: Method) -> None:
    """Refuse methods that cannot learn from rows on disk.

    Raises
    ------
    InputError
    """
    if not (row.streamed and row.clusters):
        able = ", ".join(other.name for other in METHODS.values() if other.streamed and other.clusters)
        raise InputError(
            f"{row.name}: the data stays on disk, but this method holds all rows at once; give a file that is loaded, "
            f"without --stored, or a method that streams: {able}"
        )


def command_of(
    row: Method, features: Features, options: RunOptions, neighbors: NeighborGraph | None
) -> dict[str, Any]:
    """What tells a run from others, as JSON holds it."""
    label = features.label
    labels = None if label is None else hashlib.sha256(np.ascontiguousarray(label).data).hexdigest()
    return tables.plain(
        {
            "method": row.name,
            "parameters": dict(options.parameters),
            "training": {**training_settings(row, options), **options.variation.chosen},
            "seed": options.seed,
            "features": features.digest,
            "labels": labels,
            "classes": features.classes,
            "neighbors": None if neighbors is None else neighbors.digest,
        }
    )


def build(row: Method, options: RunOptions, **common: Any) -> Any:
    """The scikit-learn estimator of the method with the options of the run."""
    settings = {**options.parameters, **training_settings(row, options), "random_state": options.seed}
    return estimator_of(row)(**{**settings, **common})


def draw(
    folder: Path,
    row: Method,
    features: Features,
    estimator: Any,
    report: ClusteringReport,
    images: RowImages | None,
) -> None:
    """All pictures."""
    kept = estimator.model_.history.kept_baseline
    title = title_of(row, features)
    losses = np.asarray(estimator.model_.history.losses)
    words = loss_name(estimator.model_, limit=False)
    step = max(1, len(losses) // MOST_STEPS)
    at = np.arange(0, len(losses), step)
    means = np.array([losses[max(0, k - step + 1) : k + 1].mean() for k in at])
    final = f"{words} {losses[0]:.4g} → {final_loss(losses):.4g} in {len(losses)} steps"
    final += ", after which k-means was kept" if kept else ""
    save_figure(loss_figure(at, means, name=words, title=title, subtitle=final), folder / "loss.png")
    found = Judged(
        estimator.labels_, estimator.confidence_, features.label, features.classes, report.reliability, images
    )
    draw_judgement(folder, found, clustering_title(title, kept))


def title_of(row: Method, features: Features) -> str:
    """Of every picture."""
    return f"{row.title} on {features.path.name}"


def draw_again(partial: Partial, row: Method, features: Features, images: RowImages, kept: bool) -> None:
    """Draw the contact sheet of a finished run of the images that are given now."""
    with partial.working(overwrite=True):
        table = read_clusters(partial.target / "clusters.parquet", "cluster", "confidence")
        found = Judged(table["cluster"], table["confidence"], features.label, features.classes, images=images)
        draw_sheet(partial.target / SHEET, found, clustering_title(title_of(row, features), kept))


def final_loss(losses: np.ndarray) -> float:
    """The mean over the last steps."""
    return float(losses[-max(1, round(LAST * len(losses))) :].mean())


def describe(
    row: Method, features: Features, estimator: Any, graph: NeighborGraph | None, report: ClusteringReport
) -> dict[str, Any]:
    """What was done, and the numbers of the result."""
    model, label = estimator.model_, features.label
    history = model.history
    return {
        "method": row.name,
        "family": row.family,
        "paper": row.paper,
        "data": {
            "name": features.path.name,
            "shape": list(features.shape),
            "views": features.views,
            "classes": features.classes,
            "labelled": 0 if label is None else int((label >= 0).sum()),
        },
        "rows": f"fitted on all {features.n} rows, which stay on disk",
        "neighbors": None
        if graph is None
        else {"k": graph.k, "metric": graph.metric, "recall": graph.recall},
        "steps": len(history.losses),
        "interrupted": False,
        "divergence": model.measure.name,
        "final_loss": final_loss(np.asarray(history.losses)),
        "restart_losses": list(history.restart_losses),
        "kept_baseline": history.kept_baseline,
        "metrics": scores.report_scores(report),
        "cluster_sizes": cluster_sizes(estimator.labels_, estimator.n_clusters).tolist(),
        "equation": list(model.explain().lines),
    }


def result_of(row: Method, target: Path, record: dict[str, Any], start: float, *more: str) -> RunResult:
    """What a record tells of a finished run."""
    files = tuple(sorted(path.name for path in target.iterdir()))
    told = (*notes(record), *more)
    return RunResult(row.name, target, files, record["metrics"], time.perf_counter() - start, False, told)
