"""Numbers that are written down as soon as they are known, so that a killed experiment goes on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError
from iconlearn._files import write_aside
from iconlearn.run.tables import plain


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

    Raises
    ------
    FileFormatError
        The file is no notebook.

    Examples
    --------
    >>> book = Notebook()
    >>> book.keep("one", lambda: {"answer": 42})
    {'answer': 42}
    """

    def __init__(
        self, path: Path | None = None, basis: str = "", tell: Callable[[str], None] | None = None
    ) -> None:
        self.path, self.basis, self.tell = path, basis, tell
        self.pieces: dict[str, dict[str, Any]] = {}
        self.seconds: dict[str, float] = {}
        if path is not None and path.exists():
            self._read(path)

    def keep(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The piece of this name, measured if it is not there yet: numbers, texts and lists of them."""
        if name not in self.pieces:
            start = time.perf_counter()
            self.pieces[name] = plain(measure())
            self.seconds[name] = time.perf_counter() - start
            self._write()
            if self.tell is not None:
                self.tell(f"{name} ({self.seconds[name]:.0f} s)")
        return self.pieces[name]

    @property
    def total(self) -> float:
        """Seconds that all pieces took, in earlier runs too."""
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
