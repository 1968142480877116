"""Points in cells (an inverted file), and the search of cells among cells.

A point is in the cell of its nearest centre. The points of a cell look into the cells whose centres are nearest to
its own: matrix products, with the reservoirs and the exact comparisons of exact search. Where all cells are looked
into, what is found is certified as there. Points are read some at a time, so they may be in memory or on disk. Centres
come from a sample with a seed, on one thread, and what a few rows of a cell find is found by one thread, so the same
seed finds the same neighbours on any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

from iconlearn._parallel import in_order
from iconlearn.neighbors._loops import EUCLIDEAN
from iconlearn.neighbors._reservoir import ROWS, Found, Task
from iconlearn.neighbors.exact import Product, proposed, search

CELLS, MOST = 2.0, 4.0  # cells, in square roots of n; the more of them, the more even they are
MEAN = 128  # rows of a cell on average, for which there are more than CELLS, up to MOST
TRAIN = 20  # sampled columns a centre
PIECE, SLAB = 16384, 4096  # rows that are read, and that one thread takes, at a time
UNIT = 4096  # rows of a cell that are searched at a time
CHUNK = 2**23  # numbers of columns that a thread holds at a time


class Source(Protocol):
    """Columns that are read some at a time."""

    n: int
    d: int

    def take(self, index: np.ndarray) -> np.ndarray:
        """Columns by number (b, d)."""
        ...

    def pieces(self, rows: int) -> Iterator[tuple[int, np.ndarray]]:
        """(first column, columns (r, d)) in order."""
        ...


class Placed(Protocol):
    """Points in the order of their cells."""

    d: int

    def columns(self, start: int, stop: int) -> np.ndarray:
        """Some points (b, d), as columns."""
        ...

    def rows(self, places: np.ndarray) -> np.ndarray:
        """Some points (b, d) by their places, ascending, as rows."""
        ...


@dataclass(frozen=True, eq=False)
class Cells:
    """Centres (count, d) and the cell of every point (n,) int32."""

    means: np.ndarray
    cell: np.ndarray

    @classmethod
    def single(cls, n: int, d: int) -> Cells:
        """One cell, in which points keep their order."""
        return cls(np.zeros((1, d), np.float32), np.zeros(n, np.int32))

    @property
    def count(self) -> int:
        """Number of cells."""
        return len(self.means)

    @cached_property
    def order(self) -> np.ndarray:
        """Points cell after cell, ascending in each (n,) int32."""
        return np.argsort(self.cell, kind="stable").astype(np.int32)

    @cached_property
    def places(self) -> np.ndarray:
        """Where every point is in that order (n,) int32."""
        places = np.empty_like(self.order)
        places[self.order] = np.arange(len(places), dtype=np.int32)
        return places

    @cached_property
    def starts(self) -> np.ndarray:
        """Where every cell starts in that order, and the end (count + 1,)."""
        return np.concatenate([[0], np.bincount(self.cell, minlength=self.count).cumsum()])

    def nearest(self, cells: np.ndarray, probes: int) -> np.ndarray:
        """The cells whose centres are nearest to those of some cells, nearest first (b, probes)."""
        with one_faiss_thread():
            return self._flat.search(self.means[cells], probes)[1]

    def around(self, probes: int, k: int) -> list[np.ndarray]:
        """As many nearest cells of every cell, ascending; more where they hold no k others."""
        sizes, near = np.diff(self.starts), list(self.nearest(np.arange(self.count), probes))
        few = np.arange(self.count)
        while len(few := few[[sizes[near[c]].sum() <= k for c in few]]) and probes < self.count:
            probes = min(2 * probes, self.count)
            for c, wider in zip(few, self.nearest(few, probes), strict=True):
                near[c] = wider
        return [np.sort(cells) for cells in near]

    @cached_property
    def _flat(self) -> Any:
        return flat_index(self.means)


def find_centres(source: Source, product: Product, generator: np.random.Generator) -> np.ndarray:
    """Centres by k-means on a sample, as the product moves and scales them (count, d) float32."""
    import faiss  # heavy, and only needed here

    generator = generator.spawn(1)[0]  # where centres are kept, the draws that follow are the same
    root = math.sqrt(source.n)
    count = round(min(max(CELLS * root, source.n / MEAN), MOST * root))
    count = max(1, min(count, source.n // TRAIN))
    sample = np.sort(generator.choice(source.n, min(source.n, TRAIN * count), replace=False))
    seed = int(generator.integers(2**31 - 1))
    moved = np.empty((len(sample), source.d), np.float32)
    for a in range(0, len(sample), SLAB):
        moved[a : a + SLAB] = product.moved(source.take(sample[a : a + SLAB]))
    with one_faiss_thread():
        means = faiss.Kmeans(source.d, count, niter=10, seed=seed, min_points_per_centroid=1)
        means.train(moved)
    return np.array(means.centroids)


def assigned(source: Source, product: Product, means: np.ndarray) -> Iterator[np.ndarray]:
    """The nearest centres of all columns, a piece after the other, int32."""
    flat = flat_index(means)

    def nearest(rows: np.ndarray) -> np.ndarray:
        with one_faiss_thread():
            return flat.search(product.moved(rows), 1)[1][:, 0].astype(np.int32)

    for _, piece in source.pieces(PIECE):
        slabs = [piece[a : a + SLAB] for a in range(0, len(piece), SLAB)]
        yield np.concatenate(list(in_order(nearest, slabs, spread=True)))


class Unit(NamedTuple):
    """Rows, by their places, and the cells in which they look for neighbours; all where there is None."""

    places: np.ndarray
    cells: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Search:
    """Finds the k nearest of points in cells; a row and a column with equal keys are no candidates."""

    cells: Cells
    placed: Placed
    product: Product
    row_keys: np.ndarray
    col_keys: np.ndarray
    k: int

    def units(self, places: np.ndarray, probes: int | None) -> list[Unit]:
        """Points in ascending places and the cells to look into: the nearest ``probes``, or all."""
        ends, around = np.array([0, len(places)]), None
        if probes is not None:
            ends, around = np.searchsorted(places, self.cells.starts), self.cells.around(probes, self.k)
        return [
            Unit(places[a : min(a + UNIT, stop)], None if around is None else around[cell])
            for cell, (start, stop) in enumerate(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
            for a in range(start, stop, UNIT)
        ]

    def found(self, units: list[Unit]) -> Iterator[Found]:
        """What the rows of every unit find, compared in float64."""
        return in_order(self._unit, units, spread=True)

    def gathered(self, places: np.ndarray, probes: int | None) -> Found:
        """What some rows find, in the order of their places."""
        parts = list(self.found(self.units(places, probes)))
        return Found(np.concatenate([p.cols for p in parts]), np.concatenate([p.squares for p in parts]))

    def _unit(self, unit: Unit) -> Found:
        x, keys = self.placed.rows(unit.places), self.row_keys[self.cells.order[unit.places]]
        compare = self._among_all if unit.cells is None else self._proposed

        def among(parts: list[tuple[int, int]]) -> Found:
            points = np.concatenate([self.cells.order[a:b] for a, b in parts])
            order = np.argsort(points)  # of equals, those with smaller numbers come first
            rank = np.empty_like(order)
            rank[order] = np.arange(len(order))
            y = np.empty((len(points), x.shape[1]), x.dtype)
            first = 0
            for a, b in parts:
                y[rank[first : first + b - a]] = self.placed.columns(a, b)
                first += b - a
            points = points[order]
            return compare(Task(EUCLIDEAN, x, y, keys, self.col_keys[points], self.k)).among(points)

        chunks = list(self._chunks(np.arange(self.cells.count) if unit.cells is None else unit.cells))
        best: Found | None = None
        for found in in_order(among, chunks, spread=True):
            best = found if best is None else best.merged(found)
        assert best is not None
        return best

    def _chunks(self, cells: np.ndarray) -> Iterator[list[tuple[int, int]]]:
        """Places of the points of some ascending cells, so many at a time as a thread may hold."""
        most = max(1, CHUNK // self.placed.d)
        parts, room = [], most
        for cell in cells.tolist():
            start, stop = int(self.cells.starts[cell]), int(self.cells.starts[cell + 1])
            while start < stop:
                end = min(stop, start + room)
                if parts and parts[-1][1] == start:  # cells that follow one another are read at once
                    parts[-1] = (parts[-1][0], end)
                else:
                    parts.append((start, end))
                room -= end - start
                start = end
                if not room:
                    yield parts
                    parts, room = [], most
        if parts:
            yield parts

    def _among_all(self, task: Task) -> Found:
        return search(task, np.float64)

    def _proposed(self, task: Task) -> Found:
        right = self.product.columns(task.y, np.float32)
        found = Found.blank(len(task.x), self.k, np.dtype(np.float64))
        for rows in (slice(a, a + ROWS) for a in range(0, len(task.x), ROWS)):
            proposed(task.rows(rows), self.product, right)[0].into(found, rows)
        return found


def flat_index(means: np.ndarray) -> Any:
    """Exact search among centres."""
    import faiss  # heavy, and only needed here

    flat: Any = faiss.IndexFlatL2(means.shape[1])
    flat.add(means)
    return flat


@contextmanager
def one_faiss_thread() -> Iterator[None]:
    """What faiss does in this thread, it does on one; ours are spread over the work."""
    import faiss  # heavy, and only needed here

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
