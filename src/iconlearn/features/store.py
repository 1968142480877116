"""Rows of features on disk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.features.content import Content, noted, read_content, state_of, write_note
from iconlearn.features.names import RowNames
from iconlearn.features.slots import Shard, Slots
from iconlearn.features.stored import Stored


class RowIndexError(InputError, IndexError):
    """A number of a row that the features do not have."""


class Features(Stored):
    """Rows of features on disk, never loaded whole; made by `open_features`.

    Rows are read when they are asked for, into memory of their own, so that a process takes no more of it for a
    million rows than for a thousand. Threads and processes may read at once, and features may be pickled.

    Attributes
    ----------
    path : Path
        The file or folder.
    n, d, views : int
        Rows, numbers a row, and stored views of every row (usually 1).
    dtype : str
        Type as stored, such as "float16"; rows come as float32.
    label : ndarray of int64, shape (n,), or None
        Codes, positions in `classes` where there are names; -1 where the label is missing.
    classes : list of str, or None
    names : sequence of str, or None
        Names of the rows, such as image files; a shard's are read when one of them is asked for.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from iconlearn.features import open_features
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "x.npy"), np.arange(8, dtype=np.float16).reshape(4, 2))
    ...     features = open_features(Path(folder, "x.npy")).check()
    ...     features.shape, features.dtype, features.take(np.array([3, 0])).tolist()
    ...     [(first, rows.shape) for first, rows in features.pieces(3)]
    ((4, 2), 'float16', [[6.0, 7.0], [0.0, 1.0]])
    [(0, (3, 2)), (3, (1, 2))]
    """

    def __init__(
        self,
        path: Path,
        shards: Sequence[Shard],
        label: np.ndarray | None = None,
        classes: list[str] | None = None,
    ) -> None:
        self.path = path
        self.slots = Slots(shards)
        self.d, self.views, self.dtype = shards[0].d, shards[0].views, shards[0].dtype
        self.n = sum(shard.rows for shard in shards)
        self.label, self.classes = label, classes
        self.names: Sequence[str] | None = RowNames(shards) if any(shard.names for shard in shards) else None
        self._state, self._content = "", Content("", 0.0)  # what `check` found, of files in which state

    def take(self, index: np.ndarray | Tensor | Sequence[int], view: int | np.ndarray = 0) -> Tensor:
        """Rows in the order asked for; they are read in the order of their places.

        Parameters
        ----------
        index : integers, shape (b,)
            Row numbers from 0 to n - 1, with repeats if wanted.
        view : int or integers (b,), default 0
            Which stored view: one for all, or one a row.

        Returns
        -------
        Tensor of float32, shape (b, d)

        Raises
        ------
        InputError
            Numbers of rows or views that there are not, or a float64 beyond float32 in one of the rows.
        FileFormatError
            A shard that was cut or taken away since it was opened.
        """
        rows, views = _integers("index", index), _integers("view", view)
        if rows.ndim != 1 or views.shape not in ((), rows.shape):
            raise InputError(
                f"take: index of shape {rows.shape} and view of shape {views.shape}, but (b,) and () or (b,) are "
                "needed"
            )
        _in_range("index", rows, self.n, "rows")
        _in_range("view", views, self.views, "views")
        return torch.from_numpy(self._floats(rows * self.views + views))

    def _floats(self, slots: np.ndarray) -> np.ndarray:
        out = np.empty((len(slots), self.d), dtype=np.float32)
        most = self.slots.most
        in_order = bool((slots[1:] >= slots[:-1]).all())
        order = None if in_order else np.argsort(slots, kind="stable")
        for start in range(0, len(slots), most):
            part = slice(start, start + most) if order is None else order[start : start + most]
            out[part] = self.slots.floats(slots[part])
        return out

    def pieces(self, rows: int = 16384, view: int = 0) -> Iterator[tuple[int, np.ndarray]]:
        """All rows in order, ``rows`` at a time.

        Parameters
        ----------
        rows : int, default 16384
        view : int, default 0

        Yields
        ------
        (int, ndarray of float32, shape (r, d))
            The number of the first row, and the rows.
        """
        rows = check_number("pieces", "rows", rows, low=1, integer=True)
        _in_range("view", _integers("view", view), self.views, "views")
        for first in range(0, self.n, rows):
            last = min(first + rows, self.n)
            yield first, self._floats(np.arange(first, last, dtype=np.int64) * self.views + view)

    @property
    def digest(self) -> str:
        """sha256 over sizes, type and every row of every view, as `check` finds it; labels do not count."""
        return self.check()._content.digest

    @property
    def peak(self) -> float:
        """The largest absolute value of all rows and views, as `check` finds it."""
        return self.check()._content.peak

    def check(self) -> Features:
        """Read every row once, refuse what is not finite, and remember it, the digest and the peak.

        Shards with a known checksum are compared with it. What was found is noted beside the file (or in the
        folder), where that may be written to, and holds for as long as no file changes its size or its time; then
        this costs nothing.

        Returns
        -------
        Features
            These.

        Raises
        ------
        InputError
            NaN, infinity, or a float64 beyond float32, with its shard and row.
        FileFormatError
            A shard that is not what was written, or was taken away.
        """
        state = state_of(self.slots.shards)
        if state != self._state:
            hidden = ".checked" if self.path.is_dir() else f".{self.path.name}.checked"
            note = (self.path if self.path.is_dir() else self.path.parent) / hidden
            found = noted(note, state)
            if found is None:
                found = read_content(self.slots)
                write_note(note, state, found)
            self._state, self._content = state, found
        return self

    def __repr__(self) -> str:
        parts = [f"n={self.n}", f"d={self.d}", f"dtype={self.dtype!r}"]
        parts += [f"views={self.views}"] if self.views > 1 else []
        parts += [f"classes={len(self.classes)}"] if self.classes else []
        return f"Features({str(self.path)!r}, {', '.join(parts)})"


def _integers(argument: str, values: Any) -> np.ndarray:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if array.size == 0:
        return array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise InputError(f"{argument}: {array.dtype} of shape {array.shape}, but integers are needed")
    return array.astype(np.int64, copy=False)


def _in_range(argument: str, numbers: np.ndarray, count: int, what: str) -> None:
    if numbers.size and not (numbers.min() >= 0 and numbers.max() < count):
        worst = numbers.min() if numbers.min() < 0 else numbers.max()
        raise RowIndexError(
            f"{argument}: {worst} is out of range, there are {count} {what}; use 0 to {count - 1}"
        )
