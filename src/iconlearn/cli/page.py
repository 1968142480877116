"""``iconlearn page``: one run, and the page of the method with its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from iconlearn.cli.app import app
from iconlearn.cli.fit import parse_settings
from iconlearn.data.builtin import EXAMPLES
from iconlearn.data.files import load_dataset
from iconlearn.methods import method
from iconlearn.pages import page
from iconlearn.run import RunOptions, run_method
from iconlearn.verification import verify

PAGE = "page.md"


@app.command("page")
def write(
    name: Annotated[str, typer.Argument(metavar="METHOD", help="A row of `iconlearn methods`.")],
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]", help="As for `iconlearn fit`; the built-in data of its form by default."
        ),
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for the page, new or empty.")] = ...,  # type: ignore[assignment]
    labels: Annotated[str | None, typer.Option(help="As for `iconlearn fit`.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="A hyper-parameter of the run; may be repeated."),
    ] = None,
    max_iter: Annotated[
        int | None, typer.Option(help="Optimiser steps; the method's own by default.")
    ] = None,
    restarts: Annotated[int | None, typer.Option(help="Starts, of which the best is kept.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier run's results.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Run METHOD on DATA, and write its page: equation, pictures, code, certificate, citation."""
    row = method(name)
    options = RunOptions(parse_settings(row, settings or []), seed, max_iter, restarts, overwrite)
    dataset = load_dataset(data or EXAMPLES[row.takes.name], labels)
    certificate = verify(name)
    result = run_method(name, dataset, out, options, verbose=not quiet)
    path = Path(result.out, PAGE)
    path.write_text(page(row, certificate, result.out), encoding="utf-8")
    if not quiet:
        print(f"{path}: {row.title}, with {len(result.files)} files of its run beside it")
