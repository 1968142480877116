"""Search in cells (an inverted file), for more rows than all pairs can be compared of.

Columns are sorted into cells by their nearest of about 4 sqrt(n) centres, and a row looks into the cells whose
centres are nearest to it. How many that must be is measured on some rows, against exact search. The candidates are
then compared exactly. Centres come from a sample with a seed, on one thread, and rows are searched in slabs of their
own, so the same seed finds the same neighbours on any number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from iconlearn._parallel import in_order
from iconlearn.neighbors._loops import EUCLIDEAN, measure, sort_rows
from iconlearn.neighbors._reservoir import Found, Task
from iconlearn.neighbors.exact import search

FEWEST = 40_000  # rows from which cells take less than half the time: all pairs cost n^2, cells n^1.5
RECALL, AIM = 0.95, 0.97  # what is promised, and what is aimed at
SAMPLE = 400  # rows whose recall is measured
NEAREST = 15  # the nearest ones matter most: their recall is held to the same
TRAIN = 40  # sampled columns a centre
SLAB = 2048


def search_index(task: Task, index: str = "auto", seed: int = 0) -> tuple[Found, float]:
    """Neighbours of rows that are the columns themselves, and the recall: by cells where asked for or faster."""
    n = len(task.x)
    wanted = index == "ivf" or (index == "auto" and n >= FEWEST)
    if not wanted or task.kind != EUCLIDEAN or task.k + 1 >= n:
        return search(task), 1.0
    generator = np.random.default_rng(seed)
    cells = Cells(task, generator)
    rows = np.sort(generator.choice(n, min(SAMPLE, n), replace=False))
    sample = task.rows(rows)
    truth = search(sample).cols
    probes = 4
    while (recall := recall_of(cells.search(sample, probes).cols, truth)) < AIM:
        probes *= 2
        if 4 * probes > cells.count:  # not much less than all pairs
            return search(task), 1.0
    found = cells.search(task, probes)
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


@contextmanager
def one_faiss_thread() -> Iterator[None]:
    """What faiss does in this thread, it does on one; ours are spread over rows."""
    import faiss  # heavy, and only needed here

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


class Cells:
    """The columns of a task in cells."""

    def __init__(self, task: Task, generator: np.random.Generator) -> None:
        import faiss  # heavy, and only needed here

        self.centre = task.y.mean(0, dtype=np.float64)
        n, d = task.y.shape
        self.count = max(1, min(round(4 * math.sqrt(n)), n // TRAIN))
        with one_faiss_thread():
            self.index: Any = faiss.IndexIVFFlat(faiss.IndexFlatL2(d), d, self.count)
            self.index.cp.seed = int(generator.integers(2**31 - 1))
            self.index.cp.niter = 10
            sample = np.sort(generator.choice(n, min(n, TRAIN * self.count), replace=False))
            self.index.train(self._moved(task.y[sample]))
            for start in range(0, n, 1 << 16):
                self.index.add(self._moved(task.y[start : start + (1 << 16)]))

    def _moved(self, x: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(x - self.centre, np.float32)

    def search(self, task: Task, probes: int) -> Found:
        """The nearest of the columns in as many cells as ``probes``."""
        import faiss

        found = Found.blank(len(task.x), task.k, task.x.dtype)
        options = faiss.SearchParametersIVF(nprobe=probes)  # type: ignore[call-arg]

        def slab(start: int) -> None:
            part = slice(start, min(start + SLAB, len(task.x)))
            tile = task.rows(part)
            with one_faiss_thread():
                _, cols = self.index.search(self._moved(tile.x), tile.k + 1, params=options)
            own = (cols < 0) | (task.col_keys[cols] == tile.row_keys[:, None])
            order = np.argsort(own, 1, kind="stable")[:, : tile.k]
            cols = np.take_along_axis(cols, order, 1).astype(np.int32)
            counts = np.minimum((~own).sum(1), tile.k)
            squares = np.full(cols.shape, np.inf)
            measure(tile.kind, tile.x, tile.y, cols, counts, squares)
            sort_rows(squares, cols, counts)
            found.take(part, squares, cols, counts)

        for _ in in_order(slab, range(0, len(task.x), SLAB), spread=True):
            pass
        return found
