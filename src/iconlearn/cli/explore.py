"""``iconlearn explore``: the periodic table as a live page."""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import threading
import webbrowser
from contextlib import suppress
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from iconlearn._errors import FileFormatError, InputError, OptionError
from iconlearn._files import write_aside
from iconlearn.cli.app import app
from iconlearn.cli.options import DEBUG
from iconlearn.cli.plugins import load_file, load_installed
from iconlearn.data.builtin import BUILT_IN
from iconlearn.explorer import catalogue
from iconlearn.explorer.exporting import export_page, export_parquet
from iconlearn.explorer.library import Library
from iconlearn.explorer.recorded import as_run_folder, recording_of
from iconlearn.explorer.runs import Runs
from iconlearn.explorer.security import new_token
from iconlearn.explorer.server import bind, build, serve
from iconlearn.explorer.site import Site

NEEDED = ("starlette", "uvicorn", "websockets", "docutils")


@app.command()
def explore(
    context: typer.Context,
    given: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DATA | RUN ...]",
            help="Files of data or of points, runs, and folders of runs; the built-in sets are always there.",
        ),
    ] = None,
    runs: Annotated[
        str,
        typer.Option(
            metavar="DIR", help="Folder of the runs that are started here; made with the first one."
        ),
    ] = "explored",
    labels: Annotated[
        str | None, typer.Option(help="Label column or key of the DATA, or a .npy or .csv file of labels.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes a free one.", min=0, max=65535)] = 0,
    export: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the RUN to one page (.html) that needs no server, or its points to a table (.parquet); "
            "nothing is served.",
        ),
    ] = None,
    max_upload: Annotated[int, typer.Option(help="MiB that a file sent by the page may have.", min=1)] = 256,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the address in the browser.")
    ] = True,
    debug: DEBUG = False,
) -> None:
    """Serve the periodic table as a live page on this machine: run cells, watch p and q meet, browse points.

    Prints the address, which holds a secret and works on this machine only. Ctrl-C ends it; runs that go on are stopped
    as by Ctrl-C, their results written.
    """
    if export is not None:
        write_export(given or [], export)
        return
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise OptionError(
            f"explore: needs {', '.join(missing)}, not installed; run pip install 'iconlearn[explorer]'"
        )
    folder = Path(runs).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"--runs {runs}: is a file, but a folder is needed; name another")
    plugins = list((context.parent.params.get("load") if context.parent else None) or [])
    library = Library(catalogue.feeds, folder / "uploads", max_upload << 20)
    known = Runs(folder, partial(prepare, [str(Path(path).expanduser().resolve()) for path in plugins]))
    for path in given or []:
        take(path, labels, library, known)
    listener = bind(port)
    token, port = new_token(), listener.getsockname()[1]
    address = f"http://127.0.0.1:{port}/{token}/"
    print(address, flush=True)
    # Ctrl-C is how it is meant to end
    with suppress(KeyboardInterrupt), tempfile.TemporaryDirectory(prefix="iconlearn-") as aside:
        if browser and has_display():
            way = way_to(address, Path(aside))
            threading.Thread(target=webbrowser.open, args=(way,), daemon=True).start()
        serve(build(Site(library, known), token, port, say), listener, known)
    if known.runs:
        say(f"the runs are kept in {folder}; the same command finds them again")


def way_to(address: str, folder: Path) -> str:
    """A file that leads to the address: everybody on the machine may read a browser's arguments, but not our files."""
    page = folder / "open.html"
    page.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={address}">', "utf-8")
    return page.as_uri()


def prepare(plugins: list[str]) -> None:
    """Register the methods of the user in a worker."""
    load_installed()
    for path in plugins:
        load_file(path)


def take(path: str, labels: str | None, library: Library, runs: Runs) -> None:
    """Make known what the user named: a run, a folder of runs, or data."""
    place = Path(path).expanduser().absolute()
    held = sorted(place.iterdir()) if place.is_dir() else []
    folders = [as_run_folder(each) for each in (place, *(part for part in held if part.is_dir()))]
    found = list(dict.fromkeys(folder for folder in folders if folder is not None))
    for folder in found[:1] if folders[0] is not None else found:
        run = runs.add(folder)
        if run.message:
            say(f"{folder}: {run.message}")
    if not found and place.is_dir():
        raise FileFormatError(
            f"{path}: is neither a run nor data, and holds no runs; name a run or a file of data"
        )
    if not found and path not in BUILT_IN:
        about = library.told(library.add(Path(path), labels))
        if about["error"] and not about["points"]:
            raise InputError(about["error"])


def write_export(given: list[str], target: str) -> None:
    """Write a run to one file."""
    suffix = Path(target).suffix.lower()
    if suffix not in (".html", ".parquet"):
        raise OptionError(f"--export {target}: the file has to end in .html or .parquet; name it so")
    if len(given) != 1:
        raise OptionError(
            f"--export {target}: one RUN is written, but {len(given)} are named; give one folder"
        )
    folder = as_run_folder(Path(given[0]).expanduser().absolute())
    if folder is None:
        raise FileFormatError(f"{given[0]}: holds no run; give the folder of one")
    with recording_of(folder) as recording:
        if suffix == ".html":
            body = export_page(recording, files("iconlearn.explorer") / "page")
        else:
            body = export_parquet(recording)
    write_aside(Path(target).expanduser(), body)
    print(f"{target}: {len(body) / 1e6:.1f} MB")


def has_display() -> bool:
    """Is there a screen that a browser could open on?"""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def say(message: str) -> None:
    """A line on standard error."""
    print(message, file=sys.stderr, flush=True)
