"""What a search is given, what it finds, and the reservoirs in between."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from iconlearn._parallel import in_order
from iconlearn.metrics import Metric
from iconlearn.neighbors._loops import cut, measure, offer, offer_exact, sort_rows

ROWS, COLS = 256, 2048  # a block of scores stays in the cache

Block = Callable[[slice], np.ndarray]  # scores of some rows with some columns


@dataclass(frozen=True, eq=False)
class Task:
    """Rows, columns and how they are compared; a row and a column with equal keys are no candidates."""

    kind: int  # EUCLIDEAN, ...; OWN where ``own`` compares
    x: np.ndarray  # (n, d), float32 or float64
    y: np.ndarray  # (m, d)
    row_keys: np.ndarray  # (n,) int64
    col_keys: np.ndarray  # (m,) int64
    k: int
    own: Metric | None = None

    def rows(self, which: slice | np.ndarray) -> Task:
        """The same search for some of the rows."""
        return replace(self, x=self.x[which], row_keys=self.row_keys[which])


@dataclass(frozen=True, eq=False)
class Found:
    """Columns (n, k) int32, nearest first, -1 where a row has fewer, and how they compare."""

    cols: np.ndarray
    squares: np.ndarray

    @classmethod
    def blank(cls, n: int, k: int, dtype: np.dtype) -> Found:
        """No neighbours yet."""
        return cls(np.full((n, k), -1, np.int32), np.full((n, k), np.inf, dtype))

    def take(
        self, rows: slice | np.ndarray, squares: np.ndarray, cols: np.ndarray, counts: np.ndarray
    ) -> None:
        """Take the nearest of sorted pairs, of which every row has its count."""
        k = self.cols.shape[1]
        there = np.arange(k) < counts[:, None]
        self.cols[rows] = np.where(there, cols[:, :k], -1)
        self.squares[rows] = np.where(there, squares[:, :k], np.inf)

    def among(self, columns: np.ndarray) -> Found:
        """With the columns that were searched under other numbers, which ascend as theirs do."""
        return Found(np.where(self.cols < 0, -1, columns[self.cols]), self.squares)

    def merged(self, other: Found) -> Found:
        """The nearest of what was found among these and among other columns."""
        n, k = self.cols.shape
        cols = np.concatenate([self.cols, other.cols], 1)
        squares = np.concatenate([self.squares, other.squares], 1)
        sort_rows(squares, cols, np.full(n, 2 * k))
        return Found(cols[:, :k].copy(), squares[:, :k].copy())


class Reservoir:
    """The ``keep`` smallest scores of some rows, of those offered so far, and up to as many more."""

    def __init__(self, rows: int, keep: int, dtype: type) -> None:
        self.keep = keep
        self.values = np.empty((rows, 2 * keep + 2), dtype)
        self.cols = np.empty((rows, 2 * keep + 2), np.int32)
        self.counts = np.zeros(rows, np.int64)
        self.limits = np.full(rows, np.inf, dtype)  # everything that is not held reaches this

    def fill(self, task: Task, block: Block) -> Reservoir:
        """Offer all columns, a block at a time."""
        for first in range(0, len(task.y), COLS):
            scores = block(slice(first, min(first + COLS, len(task.y))))
            offer(scores, first, task.row_keys, task.col_keys, *self._state, self.keep)
        return self

    def refill(self, task: Task, block: Block, bounds: np.ndarray) -> Reservoir:
        """Offer the exact comparisons of all columns whose scores are within the bounds."""
        for first in range(0, len(task.y), COLS):
            scores = block(slice(first, min(first + COLS, len(task.y))))
            keys = task.row_keys, task.col_keys
            offer_exact(task.kind, scores, first, bounds, task.x, task.y, *keys, *self._state, self.keep)
        return self

    def measured(self, task: Task) -> Reservoir:
        """The same columns with their exact comparisons, sorted."""
        cut(*self._state, self.keep)
        exact = copy(self)
        exact.values = np.full(self.values.shape, np.inf)
        measure(task.kind, task.x, task.y, self.cols, self.counts, exact.values)
        return exact.sorted()

    def sorted(self) -> Reservoir:
        """Nearest first, in place."""
        sort_rows(self.values, self.cols, self.counts)
        return self

    def into(self, found: Found, rows: slice | np.ndarray) -> None:
        """Give the nearest, sorted before."""
        found.take(rows, self.values, self.cols, self.counts)

    @property
    def _state(self) -> tuple[np.ndarray, ...]:
        return self.values, self.cols, self.counts, self.limits


def over_tiles(task: Task, work: Callable[[Task, slice], None]) -> None:
    """``work(part of the task, which rows)`` for tiles of rows, on all threads."""
    n = len(task.x)
    tiles = [slice(a, min(a + ROWS, n)) for a in range(0, n, ROWS)]
    for _ in in_order(lambda tile: work(task.rows(tile), tile), tiles, spread=True):
        pass
