"""Search in cells (an inverted file), for more rows than all pairs can be compared of.

Points are sorted into cells by their nearest centre, and those of a cell look into the cells whose centres are nearest
to its own: a matrix product for each cell, with the reservoirs and the exact comparisons of exact search. How many
cells that must be is measured on some rows, against exact search. Centres come from a sample with a seed, on one
thread, and every cell is searched by itself, so the same seed finds the same neighbours on any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from iconlearn._parallel import in_order
from iconlearn.neighbors._loops import EUCLIDEAN
from iconlearn.neighbors._reservoir import ROWS, Found, Reservoir, Task
from iconlearn.neighbors.exact import Product, search

FEWEST = 40_000  # rows from which cells take less than half the time: all pairs cost n^2, cells n^1.5
RECALL, AIM = 0.95, 0.97  # what is promised, and what is aimed at on the rows where it is measured
SAMPLE = 400  # rows whose recall is measured
NEAREST = 15  # the nearest ones matter most: their recall is held to the same
TRAIN = 40  # sampled columns a centre
SLAB = 4096
CELLS = 2.0  # cells, in square roots of n
FIRST, GROWTH = 6, 1.3  # cells looked into at first, and their growth until the recall is reached


def search_index(task: Task, index: str = "auto", seed: int = 0) -> tuple[Found, float]:
    """Neighbours of rows that are the columns themselves, and the recall: by cells where asked for or faster."""
    n = len(task.x)
    wanted = index == "ivf" or (index == "auto" and n >= FEWEST)
    if not wanted or task.kind != EUCLIDEAN or task.k + 1 >= n:
        return search(task), 1.0
    generator = np.random.default_rng(seed)
    cells = Cells(task, generator)
    rows = np.sort(generator.choice(n, min(SAMPLE, n), replace=False))
    truth = search(task.rows(rows)).cols
    probes = FIRST
    while (recall := recall_of(cells.search(rows, probes).cols, truth)) < AIM:
        probes = math.ceil(GROWTH * probes)
        if 4 * probes > cells.count:  # not much less than all pairs
            return search(task), 1.0
    found = cells.search(np.arange(n), probes)
    short = np.flatnonzero(found.cols[:, -1] < 0)  # too few points in the cells looked into
    if len(short):
        exact = search(task.rows(short))
        found.cols[short], found.squares[short] = exact.cols, exact.squares
    return found, recall


def recall_of(found: np.ndarray, truth: np.ndarray) -> float:
    """The smaller of the recalls of the 15 nearest and of all."""
    few = min(NEAREST, truth.shape[1])
    hits = [np.isin(t, f) for f, t in zip(found, truth, strict=True)]
    return min(float(np.mean([h[:few].mean() for h in hits])), float(np.mean([h.mean() for h in hits])))


class Cells:
    """The points of a task in cells."""

    def __init__(self, task: Task, generator: np.random.Generator) -> None:
        import faiss

        self.task, self.product = task, Product(task)
        n, d = task.y.shape
        self.count = max(1, min(round(CELLS * math.sqrt(n)), n // TRAIN))
        sample = np.sort(generator.choice(n, min(n, TRAIN * self.count), replace=False))
        seed = int(generator.integers(2**31 - 1))
        with one_faiss_thread():
            means = faiss.Kmeans(d, self.count, niter=10, seed=seed, max_points_per_centroid=2 * TRAIN)
            means.train(self._moved(sample))
        self.means: np.ndarray = means.centroids  # type: ignore[assignment]
        self.centres: Any = faiss.IndexFlatL2(d)
        self.centres.add(self.means)
        slabs = [np.arange(a, min(a + SLAB, n)) for a in range(0, n, SLAB)]
        self.cell = np.concatenate(list(in_order(self._nearest_centre, slabs, spread=True)))
        self.order = np.argsort(self.cell, kind="stable").astype(np.int32)
        self.starts = np.searchsorted(self.cell[self.order], np.arange(self.count + 1))
        self.product.right = self.product.right[self.order]

    def _moved(self, rows: np.ndarray) -> np.ndarray:
        """Points as the centres see them."""
        d = self.task.y.shape[1]
        return np.ascontiguousarray(self.product.rows(self.task.y[rows], np.float32)[0].numpy()[:, :d])

    def _nearest_centre(self, rows: np.ndarray) -> np.ndarray:
        with one_faiss_thread():
            return self.centres.search(self._moved(rows), 1)[1][:, 0]

    def search(self, rows: np.ndarray, probes: int) -> Found:
        """The nearest of the points in as many cells as ``probes``, for some rows."""
        with one_faiss_thread():
            around = self.centres.search(self.means, probes)[1]
        found = Found.blank(len(rows), self.task.k, self.task.x.dtype)
        places = np.argsort(self.cell[rows], kind="stable")
        ends = np.searchsorted(self.cell[rows][places], np.arange(self.count + 1))
        filled: list[int] = np.flatnonzero(np.diff(ends)).tolist()
        work = partial(self._search_cell, found, rows)
        for _ in in_order(lambda c: work(places[ends[c] : ends[c + 1]], around[c]), filled, spread=True):
            pass
        return found

    def _search_cell(self, found: Found, rows: np.ndarray, places: np.ndarray, cells: np.ndarray) -> None:
        """Rows of one cell among the points of some cells."""
        parts = [slice(self.starts[c], self.starts[c + 1]) for c in np.sort(cells)]
        points = np.concatenate([self.order[part] for part in parts])
        right = np.concatenate([self.product.right[part] for part in parts])
        for first in range(0, len(places), ROWS):
            mine = places[first : first + ROWS]
            task = self.task.rows(rows[mine])
            near = replace(task, y=right, col_keys=task.col_keys[points])
            left, _ = self.product.rows(task.x, np.float32)
            held = Reservoir(len(mine), task.k + task.k // 8 + 8, np.float32)
            held.fill(near, self.product.block(left, lambda cols: right[cols]))
            held.among(points).measured(task).into(found, mine)


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
