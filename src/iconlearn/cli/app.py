"""The command and its exit codes; the subcommands register themselves with ``app`` when they are imported."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from iconlearn._errors import IConLearnError
from iconlearn._version import __version__
from iconlearn.cli.plugins import load_file, load_installed

# The module of each command.
COMMANDS = {
    **dict.fromkeys(("embed", "probe"), "encoded"),
    "explore": "explore",
    "features": "features",
    "fit": "fit",
    "lab": "lab",
    "methods": "methods",
    "page": "page",
    "predict": "predict",
    "study": "study",
    "table": "table",
    "train": "train",
    "verify": "verify",
}

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(args: Sequence[str] | None = None) -> None:
    """Run the command and exit: 0 if it worked, 2 for a wrong call or unusable data, 130 for Ctrl-C.

    After Ctrl-C during a fit the best state so far is written and the command exits with 0. An exit code of 1
    is a defect of iconlearn itself.
    """
    args = list(sys.argv[1:] if args is None else args)
    load_commands(args)
    try:
        code = app(args or ["--help"], prog_name="iconlearn", standalone_mode=False) or 0
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


def load_commands(args: Sequence[str]) -> None:
    """Import the command that a call means: all if it names none, for the help, but none for the version."""
    words = [
        word for k, word in enumerate(args) if args[k - 1 : k] != ["--load"] and not word.startswith("-")
    ]
    if words and words[0] in COMMANDS:
        meant = [COMMANDS[words[0]]]
    else:
        meant = [] if list(args) == ["--version"] else list(COMMANDS.values())
    for module in dict.fromkeys(meant):
        import_module(f"iconlearn.cli.{module}")


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
    load: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE.py", help="A Python file that registers methods; may be repeated."),
    ] = None,
) -> None:
    """Representation learning as one equation: match a target and a learned conditional distribution."""
    load_installed()
    for path in load or []:
        load_file(path)
