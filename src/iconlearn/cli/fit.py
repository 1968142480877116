"""``iconlearn fit``: one run from data to a folder of results."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from iconlearn._checks import check_names
from iconlearn._errors import OptionError
from iconlearn.cli.app import app, fail
from iconlearn.cli.options import (
    DEBIAS_LEARNED,
    DEBIAS_TARGET,
    DEBUG,
    DIVERGENCE,
    LABELS,
    OUT,
    OVERWRITE,
    QUIET,
    SEED,
    SETTINGS,
)
from iconlearn.data.builtin import BUILT_IN, EXAMPLES
from iconlearn.data.files import Dataset, load_dataset
from iconlearn.extraction import open_images
from iconlearn.extraction.memory import check_memory
from iconlearn.features import open_features
from iconlearn.methods import Method, method
from iconlearn.run import RunOptions, RunResult, run_method, run_stored
from iconlearn.train.processes import first_of_job


@app.command()
def fit(
    name: Annotated[str, typer.Argument(metavar="METHOD", help="A row of `iconlearn methods`.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]",
            help="A .npy, .npz, .csv, .parquet or .safetensors file, a folder of features, or a built-in set: "
            f"{', '.join(BUILT_IN)}; by default the built-in one that the method can learn from.",
        ),
    ] = None,
    out: OUT = ...,  # type: ignore[assignment]
    labels: LABELS = None,
    seed: SEED = 0,
    settings: SETTINGS = None,
    max_iter: Annotated[
        int | None, typer.Option(help="Optimiser steps; the method's own by default.")
    ] = None,
    restarts: Annotated[
        int | None, typer.Option(help="Starts, of which the one with the lowest loss is kept.")
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Passes over the rows, in place of --max-iter, where they stay on disk."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Rows of a step.")] = None,
    baseline: Annotated[
        float | None,
        typer.Option(
            help="Keep k-means unless training finds this share more of the neighbour graph; -1 never keeps it."
        ),
    ] = None,
    divergence: DIVERGENCE = None,
    debias_target: DEBIAS_TARGET = None,
    debias_learned: DEBIAS_LEARNED = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Leave the rows of a file on disk, as those of a folder.")
    ] = False,
    images: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="What the features of a folder were made of, for the contact sheet."
        ),
    ] = None,
    overwrite: OVERWRITE = False,
    quiet: QUIET = False,
    debug: DEBUG = False,
) -> None:
    """Fit METHOD to DATA; write embedding or assignment, pictures, model and record to a folder.

    Rows on disk (a folder, or a file with --stored) are read a batch at a time, and the same command goes on after a
    kill.
    """
    row = method(name)
    parameters = parse_settings(row, settings or [])
    options = RunOptions(
        parameters,
        seed,
        max_iter,
        restarts,
        overwrite,
        epochs,
        batch_size,
        baseline,
        divergence=divergence,
        debias_target=debias_target,
        debias_learned=debias_learned,
    )
    folder = data is not None and Path(data).expanduser().is_dir()
    if data is not None and folder and not stored and not row.streamed:
        result = run_method(name, held_features(data, labels), out, options, verbose=not quiet)
    elif stored or folder:
        result = fit_stored(name, data, labels, out, options, images, verbose=not quiet)
    elif images is not None:
        raise OptionError(f"--images {images}: is for features on disk; give a folder of them, or --stored")
    else:
        dataset = load_dataset(data or EXAMPLES[row.takes.name], labels)
        result = run_method(name, dataset, out, options, verbose=not quiet)
    if not quiet and first_of_job():
        report(result)


def held_features(data: str, labels: str | None) -> Dataset:
    """Features of a folder in memory, for methods that hold all rows."""
    features = open_features(data, labels=labels).check()
    check_memory(
        f"{data}: {features.n:,} rows of {features.d} numbers",
        4 * features.n * features.d,
        "take a method that streams, such as infonce-clustering",
    )
    rows = features.take(np.arange(features.n)).numpy()
    return Dataset(Path(data).resolve().name, rows, features.label, features.classes)


def fit_stored(
    name: str,
    data: str | None,
    labels: str | None,
    out: str,
    options: RunOptions,
    images: str | None,
    *,
    verbose: bool,
) -> RunResult:
    """Fit to rows on disk; Ctrl-C keeps what there is."""
    if data is None:
        raise OptionError(
            "--stored: rows stay on disk, but no DATA is named; give a file or folder of features"
        )
    features = open_features(data, labels=labels)
    source = None if images is None else open_images(images)
    try:
        return run_stored(name, features, out, options, images=source, verbose=verbose)
    except KeyboardInterrupt:
        fail(f"interrupted; what is done is kept in {out}.partial, and the same command goes on from there")
        sys.exit(130)


def parse_settings(row: Method, given: Sequence[str]) -> dict[str, Any]:
    """Hyper-parameters from NAME=VALUE, each of the type of its default.

    Raises
    ------
    OptionError
        For a name that the method does not have, or a value of another type.

    Examples
    --------
    >>> parse_settings(method("t-sne"), ["perplexity=50"])
    {'perplexity': 50.0}
    """
    parsed: dict[str, Any] = {}
    for setting in given:
        key, equals, text = setting.partition("=")
        if not equals:
            raise OptionError(
                f"--set {setting}: a name, '=' and a value are needed, such as --set {setting}=1"
            )
        check_names(row.name, [key], set(row.parameters))
        default = row.parameters[key]
        try:
            parsed[key] = parse_value(default, text)
        except ValueError:
            kind = type(default).__name__
            need = {"int": "a whole number", "float": "a number", "bool": "true or false"}.get(kind, kind)
            raise OptionError(
                f"--set {setting}: {text!r} is not {need}; the default is {key}={default}"
            ) from None
    return parsed


def parse_value(default: Any, text: str) -> Any:
    """A value of the type of its default; where that is None, a number, if it is one, or text.

    Examples
    --------
    >>> parse_value(8, "12"), parse_value(None, "0.99"), parse_value("kl", "tv"), parse_value(True, "false")
    (12, 0.99, 'tv', False)
    """
    if isinstance(default, bool):
        return bool(("false", "true").index(text.lower()))
    if default is not None:
        return type(default)(text)
    if text.lower() == "none":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def report(result: RunResult) -> None:
    """What was made, and the metrics."""
    if result.interrupted:
        print(
            "interrupted: these are the results of the best state so far; with --overwrite the same command goes on"
        )
    for key, value in result.metrics.items():
        print(f"{key:>24}  {value:.4f}" if isinstance(value, float) else f"{key:>24}  {value}")
    for note in result.notes:
        print(note)
    print(
        f"{len(result.files)} files in {result.out} after {result.seconds:.1f} s: {', '.join(result.files)}"
    )
