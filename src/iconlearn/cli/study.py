"""``iconlearn study``: from images to tables beside published numbers."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from iconlearn._errors import OptionError
from iconlearn.cli.app import app, fail
from iconlearn.studies import StudyOptions, read_study, run_study
from iconlearn.train.processes import first_of_job


@app.command()
def study(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A study, such as recipes/small_encoders.yaml.")
    ],
    out: Annotated[str, typer.Option("--out", "-o", help="Folder for everything that is made.")] = ...,  # type: ignore[assignment]
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SOURCE",
            help="Where images are, by their name in FILE, such as train=imagenet/train or "
            "cifar10=cifar-10-batches-bin; may be repeated.",
        ),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MODEL", help="Another folder or hub name of a model; may be repeated."),
    ] = None,
    backbone: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Run this model only; may be repeated.")
    ] = None,
    device: Annotated[
        str, typer.Option(help="For the features of frozen models, such as cpu or cuda.")
    ] = "cpu",
    workers: Annotated[int, typer.Option(help="Processes that read images; 0 is this one.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Run all that FILE lists, and write tables and figures; what is there is not made again."""
    options = StudyOptions(pairs("--data", data), pairs("--model", model), backbone or (), device, workers)
    try:
        report = run_study(read_study(file), out, options, verbose=not quiet)
    except KeyboardInterrupt:
        fail(f"interrupted; what is done is kept in {out}, and the same command goes on from there")
        sys.exit(130)
    if not quiet and first_of_job():
        print(report.read_text("utf-8"))
        print(f"{report}, with all runs beside it")


def pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """NAME=VALUE as a mapping.

    Examples
    --------
    >>> pairs("--data", ["train=photos/2024=25"])
    {'train': 'photos/2024=25'}
    """
    for text in given or []:
        if "=" not in text:
            raise OptionError(f"{option} {text}: a name, '=' and a value are needed")
    return dict(text.split("=", 1) for text in given or [])
