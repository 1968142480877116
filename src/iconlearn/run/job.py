"""One run from data to a folder of results."""

from __future__ import annotations

import logging
import math
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._checks import check_names
from iconlearn._errors import OptionError
from iconlearn.data.files import Dataset
from iconlearn.estimators import MethodEstimator
from iconlearn.estimators.factory import estimator_of
from iconlearn.estimators.options import options_of
from iconlearn.intake import MODALITIES, TOKENS
from iconlearn.methods import Method, method
from iconlearn.model import ICon
from iconlearn.persistence import save
from iconlearn.recipes import Recipe
from iconlearn.recording import Recorder
from iconlearn.run import captions, scores, tables
from iconlearn.run.judged import Judged, draw_judgement
from iconlearn.run.options import RunOptions
from iconlearn.run.partial import Partial
from iconlearn.run.pictures import Album, Clustering
from iconlearn.run.recorded import Opening, finish, record_run
from iconlearn.run.rows import Material, Split, anchor_rows, choose_rows, make_recorder
from iconlearn.run.streamed import Stream
from iconlearn.run.varied import varied
from iconlearn.train.events import Event
from iconlearn.train.processes import alone, first_of_job

log = logging.getLogger("iconlearn")
TRAINING = (
    *(
        "max_iter",
        "epochs",
        "batch_size",
        "accumulate",
        "precision",
        "device",
        "restarts",
        "baseline",
        "backbone",
        "projector",
        "augment",
    ),
    *("lr", "optimizer", "weight_decay", "max_grad_norm"),
)


@dataclass(frozen=True)
class RunResult:
    """What a run left behind: ``files`` in ``out``, ``metrics``, whether it was cut short, and what else to know."""

    method: str
    out: Path
    files: tuple[str, ...]
    metrics: dict[str, Any]
    seconds: float
    interrupted: bool
    notes: tuple[str, ...] = ()


def run_method(
    name: str,
    dataset: Dataset,
    out: str | os.PathLike[str],
    options: RunOptions | None = None,
    *,
    stream: Stream | None = None,
    verbose: bool = False,
) -> RunResult:
    """Fit a method, and write embedding or assignment, pictures, model and record to the folder ``out``.

    An encoder is fitted on a stratified half of the rows, so that the other half can tell what it has learnt;
    everything else is fitted on all rows, and so is an encoder with ``options.all_rows``. The folder appears when all
    is written, or not at all. Until then the state of the training is kept in ``OUT.partial`` every minute: the same
    call goes on from there after a kill, and with ``options.overwrite`` after Ctrl-C too. Under torchrun the
    first process writes.

    Parameters
    ----------
    name : str
        A row of ``iconlearn.METHODS``.
    dataset : Dataset
    out : path
        New or empty, unless ``options.overwrite``.
    options : RunOptions, optional
    stream : Stream, optional
        Images on disk that an encoder learns from, of which ``dataset`` is the sample: half of the sample is held out,
        and everything else is learnt from.
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
    row = varied(method(name), options.variation, options.parameters)
    recipe = row.recipe(**options.parameters)
    material = Material(row, dataset, stream)
    split = choose_rows(row, dataset, options.seed, hold_out=not options.all_rows)
    partial = Partial(out)
    if not first_of_job():  # of several processes the first writes what all have fitted
        estimator = build(material, options, checkpoint=partial.checkpoint)
        fitted = fit(estimator, material, split).model_.history
        return RunResult(name, Path(out), (), {}, time.perf_counter() - start, fitted.interrupted)
    with partial.working(overwrite=options.overwrite):
        recorder = make_recorder(row, recipe, material, split.train, options.seed, partial.snapshots)
        chosen = training_settings(row, options)
        usual = {k: v for k, v in row.fit.items() if not (k == "epochs" and "max_iter" in chosen)}
        opening = Opening(
            material,
            recipe,
            displayed(material, recipe),
            split,
            recorder,
            {**row.parameters, **options.parameters},
            {**usual, **chosen},
            options.differing(method(name)),
            options.seed,
        )
        record_run(opening, partial.recording, options.audience)
        watching = {"callbacks": (recorder, *options.callbacks), "verbose": int(verbose)}
        estimator = build(material, options, checkpoint=partial.checkpoint, **watching)
        began = time.perf_counter()
        fit(estimator, material, split)
        if not recorder.snapshots:  # Ctrl-C while restarts were compared: no run has been followed yet
            steps = len(estimator.loss_curve_)
            recorder(Event("end", steps, steps, math.nan, estimator.model_))
        seconds = {"fit": time.perf_counter() - began}
        with partial.results() as folder:
            record = write(folder, material, recipe, estimator, options, split, recorder, seconds)
            history = estimator.model_.history
            finish(partial.recording, folder, record, recorder.planned, history, options.audience)
            record["seconds"]["total"] = time.perf_counter() - start
            tables.write_record(folder, record)
            files = tuple(sorted(path.name for path in folder.iterdir()))
        if not record["interrupted"]:
            partial.forget()
    notes = captions.notes(record)
    total = record["seconds"]["total"]
    return RunResult(name, Path(out), files, record["metrics"], total, record["interrupted"], notes)


def write(
    folder: Path,
    material: Material,
    recipe: Recipe,
    estimator: Any,
    options: RunOptions,
    split: Split,
    recorder: Recorder,
    seconds: dict[str, float],
) -> dict[str, Any]:
    """Results, pictures and model of a fitted estimator; and what there is to put down of the run."""
    row, dataset = material.row, material.dataset
    began = time.perf_counter()
    result = outcome(material, estimator)
    shown = displayed(material, recipe)
    write_result(row, shown, result, folder)
    metrics = judge(material, recipe, estimator, options, split, result)
    unsaved = keep_model(estimator.model_, folder)
    scored = time.perf_counter()
    album = make_album(material, shown, recorder, result, split.train)
    draw(folder, row, album, estimator.model_, result, metrics)
    if row.clusters:
        title = captions.clustering_title(album.title, estimator.model_.history.kept_baseline)
        draw_judgement(folder, Judged.of(shown, result, judged_rows(split, result)), title)
    seconds = {**seconds, "score": scored - began, "draw": time.perf_counter() - scored}
    own = {**row.parameters, **options.parameters, **row.fit}
    chosen = {**own, **training_settings(row, options), **options.variation.chosen}
    record = captions.record(row, chosen, dataset, estimator.model_, album)
    if unsaved:
        record["model"] = unsaved
    return record | {
        "seed": options.seed,
        "rows": split.words if material.stream is None else material.stream.words(split.test),
        "metrics": metrics,
        "seconds": seconds,
        "versions": tables.versions(),
    }


def keep_model(model: ICon, folder: Path) -> str:
    """Save the model, or say why a file cannot hold it: the results are kept all the same."""
    try:
        save(model, folder / "model")
    except OptionError as cause:
        log.warning("the model itself is not written: %s", cause)
        return f"not written: {cause}"
    return ""


def build(material: Material, options: RunOptions, **common: Any) -> Any:
    """The scikit-learn estimator of the method with the options of the run."""
    settings = {
        **options.parameters,
        **training_settings(material.row, options),
        "image_shape": material.image_shape,
        "random_state": options.seed,
    }
    return estimator_of(material.row)(**{**settings, **common})


def training_settings(row: Method, options: RunOptions) -> dict[str, Any]:
    """The training options that were chosen.

    Raises
    ------
    OptionError
        If the method has no such option, or two say how long to train.
    """
    chosen = {name: value for name in TRAINING if (value := getattr(options, name)) is not None}
    check_names(row.name, chosen, options_of(row))
    if {"max_iter", "epochs"} <= set(chosen):
        raise OptionError(
            f"{row.name}: max_iter={options.max_iter} and epochs={options.epochs} both say how long to train; give one"
        )
    return chosen


def fit(estimator: MethodEstimator, material: Material, split: Split) -> Any:
    """Fit to the samples of the split that are not held out."""
    return estimator.fit(*material.part(split))


def outcome(material: Material, estimator: Any) -> np.ndarray:
    """Soft assignment or embedding of all samples; of modalities side by side."""
    row, source = material.row, material.source
    if row.clusters and len(estimator.assignment_) == row.takes.length(source):
        return estimator.assignment_
    if row.clusters:
        return estimator.predict_proba(source)
    embedding = estimator.embedding_ if not row.encodes else estimator.transform(source)
    return np.concatenate(embedding, axis=1) if isinstance(embedding, tuple) else embedding


def write_result(row: Method, shown: Dataset, result: np.ndarray, folder: Path) -> None:
    """Soft assignment or embedding as a file."""
    write = tables.write_assignment if row.clusters else tables.write_embedding
    write(folder, result, shown)


def displayed(material: Material, recipe: Recipe) -> Dataset:
    """The samples as the pictures show them: of text every position, labelled by its token."""
    dataset = material.dataset
    if material.row.takes is not TOKENS:
        return dataset
    batch = material.batch(recipe, material.source)
    tokens = batch["tokens"].ravel()
    words = dataset.classes or [str(k) for k in range(int(tokens.max()) + 1)]
    return replace(dataset, X=batch["views"][0].astype(np.float32), y=tokens, classes=words)


def judge(
    material: Material,
    recipe: Recipe,
    estimator: Any,
    options: RunOptions,
    split: Split,
    result: np.ndarray,
) -> scores.Metrics:
    """The metrics that apply; an encoder is compared with the same network before training."""
    row, dataset, y, test = material.row, material.dataset, material.dataset.y, split.test
    if row.clusters:
        judged = judged_rows(split, result)
        return scores.cluster_scores(None if y is None else y[judged], result[judged])
    if not row.encodes:
        return scores.map_scores(dataset, result, options.seed, distances=row.takes.places_new)
    if row.takes is TOKENS:
        held = split.train if test is None else test
        return scores.token_scores(estimator.model_, material.batch(recipe, material.source[held]))
    if test is None or y is None:
        return scores.neighbour_scores(result, y)
    with alone():
        at_first = replace(options, max_iter=0, epochs=None)
        untrained = outcome(material, fit(build(material, at_first), material, split))
    found = scores.encoder_scores(y, split.train, test, result, untrained)
    held = row.takes.take(material.source, test)
    if hasattr(estimator, "predict"):
        found["accuracy"] = float(np.mean(estimator.predict(held) == y[test]))
    if row.takes is MODALITIES:
        found["retrieval"] = scores.retrieval(estimator.model_, material.batch(recipe, held))
    return found


def judged_rows(split: Split, result: np.ndarray) -> np.ndarray:
    """The rows that scores are taken of: those that were held out, or all."""
    return np.arange(len(result)) if split.test is None else split.test


def make_album(
    material: Material, shown: Dataset, recorder: Recorder, result: np.ndarray, train: np.ndarray
) -> Album:
    """What the pictures show."""
    row, clustering = material.row, None
    if row.clusters:
        layout, words = material.layout
        clustering = Clustering.of(layout, result.argmax(1), result.shape[1], shown.y, words)
    anchors = anchor_rows(recorder, train)
    return Album(shown, recorder, f"{row.title} on {material.dataset.name}", anchors, train, clustering)


def draw(
    folder: Path, row: Method, album: Album, model: Any, result: np.ndarray, metrics: scores.Metrics
) -> None:
    """All pictures."""
    losses = model.history.losses
    loss_name = captions.loss_name(model, album.recorder.limit)
    cell = captions.cell(row)
    album.draw_map(folder / "map.png", result, captions.headline(metrics))
    album.draw_bars(folder / "p_vs_q.png", f"{cell}  ·  bars: {captions.bars(row, album.recorder)}")
    final = album.recorder.snapshots[-1].loss
    words = f"{loss_name} {losses[0]:.4g} → {final:.4g} in {len(losses)} steps" if losses else "no steps"
    words += ", interrupted" if model.history.interrupted else ""
    marks = captions.schedule_marks(row.fit, album.recorder.planned, len(losses))
    album.draw_loss(folder / "loss.png", losses, marks, loss_name, words)
    album.animate(folder / "training.gif", cell, loss_name)
