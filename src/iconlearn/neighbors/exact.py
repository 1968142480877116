"""Exact search: products of blocks in float32, certified row by row, and again in float64 where they do not suffice.

|x|^2 + |y|^2 - 2 x.y is fast and loses digits where points are near each other and far from the centre. So a block
only proposes candidates: the k smallest scores of a row and some more. Their distances are then taken as sums of
squared differences in float64. A column that was not proposed has a score of at least the largest proposed one, T; it
is farther than the k-th neighbour, at D_k, if T exceeds D_k by more than the product can be wrong. Rows for which
that cannot be said are searched again in float64, and there every column within the rounding bound of D_k is compared
exactly. The neighbours of a row are therefore a function of that row and the columns alone, whatever rows come with
it, and however many threads there are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from iconlearn._parallel import in_pieces
from iconlearn.neighbors._loops import DOT, EUCLIDEAN, OWN, block_of, factors
from iconlearn.neighbors._reservoir import COLS, Block, Found, Reservoir, Task, over_tiles


class Product:
    """Scores by matrix product: |y|^2 - 2 x.y of data centred on the columns, or -2 x.y; scaled by a power of two."""

    def __init__(self, kind: int, centre: np.ndarray, peak: float) -> None:
        self.kind, self.centre = kind, centre
        self.scale = 2.0 ** -int(np.frexp(peak)[1]) if 0 < peak < np.inf else 1.0
        self.terms = len(centre) + 8

    @classmethod
    def of(cls, task: Task) -> Product:
        """What suits the rows and columns of a task."""
        d = task.x.shape[1]
        centre = task.y.mean(0, dtype=np.float64) if task.kind == EUCLIDEAN else np.zeros(d)
        peak = max(float(np.abs(part).max(initial=0)) for part in (task.x, task.y))
        return cls(task.kind, centre, peak)

    def rows(self, x: np.ndarray, dtype: type) -> tuple[torch.Tensor, np.ndarray]:
        """Left factor, and the squared length of every row."""
        moved = (x - self.centre) * self.scale
        one = np.ones((len(x), int(self.kind == EUCLIDEAN)))
        return torch.from_numpy(np.concatenate([moved, one], 1).astype(dtype)), np.square(moved).sum(1)

    def moved(self, x: np.ndarray) -> np.ndarray:
        """Points as the product sees them, float32."""
        return ((x - self.centre) * self.scale).astype(np.float32)

    def columns(self, y: np.ndarray, dtype: type) -> np.ndarray:
        """Right factor, one row a column."""
        out = np.empty((len(y), y.shape[1] + (self.kind == EUCLIDEAN)), dtype)
        in_pieces(lambda a, b: factors(y[a:b], self.centre, self.scale, out[a:b]), len(y))
        return out

    def longest(self, right: np.ndarray) -> float:
        """The length of the longest column, where a product may be that of any."""
        if self.kind == EUCLIDEAN:
            return 0.0
        return float(np.sqrt(np.square(right, dtype=np.float64).sum(1).max(initial=0))) / 2

    def error(self, square: np.ndarray, kth: np.ndarray, longest: float, dtype: type) -> np.ndarray:
        """How wrong the score of a column can be that is no farther than ``kth``, and so no longer than |x| + kth^1/2.

        The bound of a sum of d products in any order, twice: once more for the rounding of the factors.
        """
        limits, length = np.finfo(dtype), np.sqrt(square)
        reach = 2 * length * longest if self.kind == DOT else np.square(2 * length + np.sqrt(kth))
        return self.terms * (float(limits.eps) * reach + 4 * float(limits.tiny))

    def offset(self, square: np.ndarray) -> np.ndarray:
        """What is missing in the scores of a row to be what the metric says."""
        return square if self.kind == EUCLIDEAN else np.zeros_like(square)

    def block(self, left: torch.Tensor, right: Callable[[slice], np.ndarray]) -> Block:
        """Scores of the rows of ``left``."""
        held = torch.empty(len(left) * COLS, dtype=left.dtype)

        def scores(cols: slice) -> np.ndarray:
            factor = torch.from_numpy(right(cols))
            out = held[: len(left) * len(factor)].view(len(left), len(factor))
            return torch.mm(left, factor.mT, out=out).numpy()

        return scores


def search(task: Task, dtype: np.dtype | type | None = None) -> Found:
    """The k nearest candidates of every row, compared in the type of the rows; ties go to the smaller column."""
    found = Found.blank(len(task.x), task.k, np.dtype(dtype or task.x.dtype))
    if task.kind in (EUCLIDEAN, DOT):
        by_product(task, found)
    else:

        def compare(tile: Task, rows: slice) -> None:
            Reservoir(len(tile.x), tile.k, np.float64).fill(tile, compared(tile)).sorted().into(found, rows)

        over_tiles(task, compare)
    return found


def compared(tile: Task) -> Block:
    """Scores that are the comparisons themselves."""
    if tile.kind == OWN:
        x, y = torch.from_numpy(tile.x).double(), torch.from_numpy(tile.y)
        return lambda cols: tile.own(x, y[cols].double()).detach().contiguous().numpy()  # type: ignore[misc]

    def scores(cols: slice) -> np.ndarray:
        out = np.empty((len(tile.x), cols.stop - cols.start))
        block_of(tile.kind, tile.x, tile.y, cols.start, out)
        return out

    return scores


def proposed(tile: Task, product: Product, right: np.ndarray) -> tuple[Reservoir, np.ndarray]:
    """The nearest columns by their products and some more, compared exactly; and the squared length of every row."""
    left, square = product.rows(tile.x, np.float32)
    held = Reservoir(len(tile.x), tile.k + tile.k // 8 + 8, np.float32)
    return held.fill(tile, product.block(left, lambda cols: right[cols])).measured(tile), square


def by_product(task: Task, found: Found) -> None:
    """Search by matrix products; what is found does not depend on how they are rounded."""
    product = Product.of(task)
    right = product.columns(task.y, np.float32)
    longest = product.longest(right)
    unsure = np.full(len(task.x), np.nan)  # the k-th nearest proposed, where it need not be the k-th nearest

    def propose(tile: Task, rows: slice) -> None:
        exact, square = proposed(tile, product, right)
        exact.into(found, rows)
        kth = exact.values[:, tile.k - 1] * product.scale**2
        with np.errstate(invalid="ignore"):  # rows with fewer than k candidates
            error = product.error(square, kth, longest, np.float32)
            nearest_left = exact.limits + product.offset(square) - error
        unsure[rows] = np.where((exact.limits < np.inf) & ~(nearest_left > kth), kth, np.nan)

    over_tiles(task, propose)
    again = np.flatnonzero(~np.isnan(unsure))

    def settle(tile: Task, part: slice) -> None:
        left, square = product.rows(tile.x, np.float64)
        kth = unsure[again[part]]
        bounds = kth + product.error(square, kth, longest, np.float64) - product.offset(square)
        block = product.block(left, lambda cols: product.columns(tile.y[cols], np.float64))
        held = Reservoir(len(tile.x), tile.k, np.float64).refill(tile, block, bounds)
        held.sorted().into(found, again[part])

    over_tiles(task.rows(again), settle)
