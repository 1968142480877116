"""The command line: ``iconlearn fit`` and ``iconlearn methods``."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from iconlearn._checks import check_names
from iconlearn._errors import IConLearnError, OptionError
from iconlearn._version import __version__
from iconlearn.data.files import load_dataset
from iconlearn.methods import FAMILIES, METHODS, Method, method
from iconlearn.recipes import Shape
from iconlearn.run import RunOptions, RunResult, run_method

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COLORS = ("cyan", "green", "magenta", "yellow")


def main(args: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 if it worked, 2 for a wrong call or unusable data, 130 for Ctrl-C.

    After Ctrl-C during a fit the best state so far is written and the command exits with 0. An exit code of 1
    is a defect of iconlearn itself.
    """
    args = list(sys.argv[1:] if args is None else args)
    try:
        code = app(args, prog_name="iconlearn", standalone_mode=False) or 0
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    except Exception as error:
        if "--debug" in args:
            traceback.print_exc()
        code, message = explain_failure(error)
        fail(message)
    if code == 130:  # newer versions of typer turn Ctrl-C into this code themselves
        fail("interrupted before there was anything to write; nothing is left behind")
    sys.exit(code)


def explain_failure(error: Exception) -> tuple[int, str]:
    """Exit code and message of what went wrong."""
    if isinstance(error, IConLearnError):
        return 2, str(error)
    if isinstance(error, MemoryError):
        return 2, f"out of memory ({error}); use fewer rows or columns"
    complaint = getattr(error, "format_message", None)
    if complaint is not None:  # the parser's errors know how to say what is wrong with the call
        return 2, f"{complaint()} Try 'iconlearn --help'."
    return (
        1,
        f"a defect of iconlearn ({type(error).__name__}: {error}); please report it with --debug's output",
    )


def fail(message: str) -> None:
    """One line on standard error."""
    print("error:", " ".join(message.split()), file=sys.stderr)


def show_version(asked: bool) -> None:
    if asked:
        print(f"iconlearn {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Representation learning as one equation: match a target and a learned conditional distribution."""


@app.command()
def fit(
    name: Annotated[str, typer.Argument(metavar="METHOD", help="A row of `iconlearn methods`.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="[DATA]", help="digits, or a .npy, .npz, .csv, .parquet or .safetensors file."
        ),
    ] = "digits",
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
    dataset = load_dataset(data, labels)
    result = run_method(name, dataset, out, options, verbose=not quiet)
    if not quiet:
        report(result)


@app.command()
def methods() -> None:
    """Print the table of methods: p, q, mapper, divergence, family, paper and hyper-parameters."""
    heads = ["method", "p", "q", "mapper", "divergence", "family", "paper", "hyper-parameters"]
    lines = [describe(row) for row in METHODS.values()]
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
        for line in (heads, *lines):
            padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
            print("  ".join(padded).rstrip())
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    # What has to be typed is never cut; a narrow terminal shows fewer columns instead.
    shown = range(len(heads)) if console.width >= 150 else (0, 1, 2, 7)
    table = Table(header_style="bold", show_lines=console.width < 150)
    for k in shown:
        table.add_column(heads[k], no_wrap=k == 0, overflow="fold")
    for row, line in zip(METHODS.values(), lines, strict=True):
        color = COLORS[FAMILIES.index(row.family) % len(COLORS)]
        cells = [f"[bold {color}]{line[0]}[/]", *line[1:5], f"[{color}]{line[5]}[/]", *line[6:]]
        table.add_row(*(cells[k] for k in shown))
    console.print(table)


def describe(row: Method) -> list[str]:
    """The cells of a row of the table."""
    recipe = row.recipe()
    shapes = Shape(n=100, d=64, n_classes=10), Shape(n=100, d=64, n_classes=10, image_shape=(1, 8, 8))
    mappers = dict.fromkeys(type(recipe.mapper(shape)).__name__ for shape in shapes)
    parameters = ", ".join(f"{key}={value}" for key, value in row.parameters.items())
    kind = recipe.divergence.replace("_", " ")
    return [row.name, row.target, row.learned, " / ".join(mappers), kind, row.family, row.paper, parameters]


def parse_settings(row: Method, given: Sequence[str]) -> dict[str, Any]:
    """Hyper-parameters from NAME=VALUE, each of the type of its default.

    Raises
    ------
    OptionError
        For a name that the method does not have, or a value of another type.

    Examples
    --------
    >>> parse_settings(METHODS["t-sne"], ["perplexity=50"])
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
