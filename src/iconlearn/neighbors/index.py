"""Search in cells, for more rows than all pairs can be compared of.

How many cells must be looked into is measured on some rows, against exact search: the cells of their true neighbours
say how many it takes, and a search of these rows confirms it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from iconlearn.neighbors._loops import EUCLIDEAN
from iconlearn.neighbors._progress import QUIET, Stages
from iconlearn.neighbors._reservoir import Found, Task
from iconlearn.neighbors.cells import Cells, Search, assigned, find_centres
from iconlearn.neighbors.exact import Product, search

FEWEST = 40_000  # rows from which cells take less than half the time: all pairs cost n^2, cells n^1.5
RECALL = 0.95  # what is promised
SAFETY = 0.4  # of what a promise leaves out, so much less may be missed on the rows where it is measured
SAMPLE = 400  # rows whose recall is measured
NEAREST = 15  # the nearest ones matter most: their recall is held to the same
GROWTH = 1.1  # of the cells looked into, until the recall is reached


def search_index(
    task: Task, index: str = "auto", seed: int = 0, recall: float = RECALL, stages: Stages = QUIET
) -> tuple[Found, float]:
    """Neighbours of rows that are the columns themselves, and the recall: by cells where asked for or faster."""
    n = len(task.x)
    if task.kind != EUCLIDEAN or not wants_cells(n, task.k, index, recall):
        return search(task), 1.0
    generator, product, held = np.random.default_rng(seed), Product.of(task), Held(task)
    stages.begin("centres", 1)
    means = find_centres(held, product, generator)
    stages.advance(1)
    stages.begin("cells", n)
    cells = Cells(means, np.concatenate(list(stages.over(assigned(held, product, means)))))
    finder = Search(cells, Held(task, cells.order), product, task.row_keys, task.col_keys, task.k)
    stages.begin("recall", 1)
    probes, reached = choose_probes(finder, generator, recall)
    stages.advance(1)
    if probes is None:  # not much less than all pairs
        return search(task), 1.0
    found = Found.blank(n, task.k, task.x.dtype)
    units = finder.units(np.arange(n), probes)
    stages.begin("neighbours", n)
    for unit, part in zip(units, finder.found(units), strict=True):
        numbers = cells.order[unit.places]
        found.cols[numbers], found.squares[numbers] = part.cols, part.squares
        stages.advance(len(numbers))
    return found, reached


def wants_cells(n: int, k: int, index: str, recall: float) -> bool:
    """Are cells asked for, or faster?"""
    return (index == "ivf" or (index == "auto" and n >= FEWEST)) and k + 1 < n and recall < 1


def choose_probes(finder: Search, generator: np.random.Generator, recall: float) -> tuple[int | None, float]:
    """How many cells to look into for a recall, and the one that it has; None where that takes a quarter of them."""
    cells = finder.cells
    n, most = len(cells.order), cells.count // 4
    aim = recall + SAFETY * (1 - recall)
    rows = np.sort(cells.places[generator.choice(n, min(SAMPLE, n), replace=False)])
    truth = finder.gathered(rows, None).cols
    ranks = probes_to(cells, cells.cell[cells.order[rows]], cells.cell[truth], most)
    probes = int(max(np.quantile(part, aim, method="higher") for part in (ranks, ranks[:, :NEAREST])))
    while probes <= most:
        reached = recall_of(finder.gathered(rows, probes).cols, truth)
        if reached >= aim:
            return probes, reached
        probes = math.ceil(GROWTH * probes)
    return None, 1.0


def probes_to(cells: Cells, own: np.ndarray, theirs: np.ndarray, most: int) -> np.ndarray:
    """How many of the cells nearest to a row's own hold each neighbour; ``most`` at most, or one more."""
    rank = np.empty(theirs.shape, np.int64)
    near = cells.nearest(own, most) if most else np.empty((len(own), 0), np.int64)
    for r, (listed, cell) in enumerate(zip(near, theirs, strict=True)):
        place = np.full(cells.count, most)
        place[listed] = np.arange(most)
        rank[r] = place[cell] + 1
    return rank


def recall_of(found: np.ndarray, truth: np.ndarray) -> float:
    """The smaller of the recalls of the 15 nearest and of all."""
    few = min(NEAREST, truth.shape[1])
    hits = [np.isin(t, f) for f, t in zip(found, truth, strict=True)]
    return min(float(np.mean([h[:few].mean() for h in hits])), float(np.mean([h.mean() for h in hits])))


class Held:
    """The points of a task in memory, in their own order or in another."""

    def __init__(self, task: Task, order: np.ndarray | None = None) -> None:
        self.task, self.order = task, order
        self.n, self.d = task.y.shape

    def take(self, index: np.ndarray) -> np.ndarray:
        """Columns by number."""
        return self.task.y[index]

    def pieces(self, rows: int) -> Iterator[tuple[int, np.ndarray]]:
        """Columns in their own order."""
        for a in range(0, self.n, rows):
            yield a, self.task.y[a : a + rows]

    def columns(self, start: int, stop: int) -> np.ndarray:
        """Some points, as columns."""
        return self.task.y[slice(start, stop) if self.order is None else self.order[start:stop]]

    def rows(self, places: np.ndarray) -> np.ndarray:
        """Some points, as rows."""
        return self.task.x[places if self.order is None else self.order[places]]
