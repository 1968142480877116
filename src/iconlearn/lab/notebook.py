"""Numbers that are written down as soon as they are known, so that a killed experiment goes on."""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import torch

from iconlearn._errors import FileFormatError
from iconlearn._files import write_aside
from iconlearn.run.tables import plain

Piece = dict[str, Any]
Measure = Callable[[], Piece]


class Notebook:
    """Named pieces of an experiment; what the file has already is not measured again.

    Parameters
    ----------
    path : Path, optional
        A JSON file; nothing is kept without one.
    basis : str
        What numbers depend on beside their name, such as versions and options: those of another basis are not used.
    tell : callable (str), optional
        Told of every piece when it is done.
    jobs : int
        Processes that measure at a time. More than one need measures that can be pickled.

    Raises
    ------
    FileFormatError
        The file is no notebook.

    Examples
    --------
    >>> Notebook().keep({"one": lambda: {"answer": 42}})
    {'one': {'answer': 42}}
    """

    def __init__(
        self,
        path: Path | None = None,
        basis: str = "",
        tell: Callable[[str], None] | None = None,
        jobs: int = 1,
    ) -> None:
        self.path, self.basis, self.tell, self.jobs = path, basis, tell, jobs
        self.pieces: dict[str, Piece] = {}
        self.seconds: dict[str, float] = {}
        if path is not None and path.exists():
            self._read(path)

    def keep(self, measures: Mapping[str, Measure]) -> dict[str, Piece]:
        """The pieces of these names, measured where they are not there yet: numbers, texts and lists of them."""
        missing = {name: measure for name, measure in measures.items() if name not in self.pieces}
        for name, piece, seconds in run_all(missing, self.jobs):
            self.pieces[name], self.seconds[name] = plain(piece), seconds
            self._write()
            if self.tell is not None:
                self.tell(f"{name} ({seconds:.0f} s)")
        return {name: self.pieces[name] for name in measures}

    @property
    def total(self) -> float:
        """Seconds that all pieces took, one after another, in earlier runs too."""
        return sum(self.seconds.values())

    def _read(self, path: Path) -> None:
        try:
            held = json.loads(path.read_text("utf-8"))
            basis, pieces, seconds = held["basis"], held["pieces"], held["seconds"]
        except (ValueError, KeyError, TypeError) as error:
            raise FileFormatError(
                f"{path}: no numbers of an experiment ({error}); delete it, or give another folder"
            ) from error
        if basis == self.basis:
            self.pieces, self.seconds = pieces, seconds

    def _write(self) -> None:
        if self.path is not None:
            held = {"basis": self.basis, "pieces": self.pieces, "seconds": self.seconds}
            write_aside(self.path, (json.dumps(held, indent=1) + "\n").encode())


def run_all(measures: Mapping[str, Measure], jobs: int) -> Iterator[tuple[str, Piece, float]]:
    """Name, piece and seconds of every measure, as they come."""
    if min(jobs, len(measures)) <= 1:
        yield from (timed(name, measure) for name, measure in measures.items())
        return
    # A fresh interpreter for each: torch and a forked copy of its threads do not go together.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(measures)), context, initializer=quietly_alone) as pool:
        try:
            waiting = [pool.submit(timed, name, measure) for name, measure in measures.items()]
            for done in as_completed(waiting):
                yield done.result()
        except BaseException:  # Ctrl-C too: what the others are at would take minutes
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def timed(name: str, measure: Measure) -> tuple[str, Piece, float]:
    """A piece, and how long it took."""
    start = time.perf_counter()
    piece = measure()
    return name, piece, time.perf_counter() - start


def quietly_alone() -> None:
    """One thread each, and Ctrl-C is the first process's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
