"""``iconlearn fit``: one run from data to a folder of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from iconlearn._checks import check_names
from iconlearn._errors import OptionError
from iconlearn.cli.app import app
from iconlearn.data.builtin import BUILT_IN, EXAMPLES
from iconlearn.data.files import load_dataset
from iconlearn.methods import Method, method
from iconlearn.run import RunOptions, RunResult, run_method
from iconlearn.train.processes import first_of_job


@app.command()
def fit(
    name: Annotated[str, typer.Argument(metavar="METHOD", help="A row of `iconlearn methods`.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]",
            help="A .npy, .npz, .csv, .parquet or .safetensors file, or a built-in set: "
            f"{', '.join(BUILT_IN)}; by default the built-in one that the method can learn from.",
        ),
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the results, new or empty.")] = ...,  # type: ignore[assignment]
    labels: Annotated[
        str | None, typer.Option(help="Label column or key of DATA, or a .npy or .csv file of labels.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A hyper-parameter of the method; may be repeated."),
    ] = None,
    max_iter: Annotated[
        int | None, typer.Option(help="Optimiser steps; the method's own by default.")
    ] = None,
    restarts: Annotated[
        int | None, typer.Option(help="Starts, of which the one with the lowest loss is kept.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run's results.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Fit METHOD to DATA; write embedding or assignment, pictures, model and record to a folder."""
    row = method(name)
    options = RunOptions(parse_settings(row, settings or []), seed, max_iter, restarts, overwrite)
    dataset = load_dataset(data or EXAMPLES[row.takes.name], labels)
    result = run_method(name, dataset, out, options, verbose=not quiet)
    if not quiet and first_of_job():
        report(result)


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
        kind = type(row.parameters[key])
        try:
            parsed[key] = kind(text)
        except ValueError:
            need = {"int": "a whole number", "float": "a number"}.get(kind.__name__, kind.__name__)
            raise OptionError(
                f"--set {setting}: {text!r} is not {need}; the default is {key}={row.parameters[key]}"
            ) from None
    return parsed


def report(result: RunResult) -> None:
    """What was made, and the metrics."""
    if result.interrupted:
        print("interrupted: these are the results of the best state so far")
    for key, value in result.metrics.items():
        print(f"{key:>24}  {value:.4f}" if isinstance(value, float) else f"{key:>24}  {value}")
    print(
        f"{len(result.files)} files in {result.out} after {result.seconds:.1f} s: {', '.join(result.files)}"
    )
