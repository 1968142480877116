"""The two exact engines: ``dense`` holds the score matrix, ``tiled`` recomputes it tile by tile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from iconlearn._numerics import POOLS, all_rows, log_sum_exp, masked_sum, recompute, tiled_rows
from iconlearn.distributions.base import Kernel
from iconlearn.edges import Edges
from iconlearn.points import Points
from iconlearn.support import Support

DEFAULT_BLOCK = 1024
PAIR_ENTRIES = 1 << 22  # numbers gathered at once when single pairs are scored


def block_score(kernel: Kernel, i: Points, j: Points, rows: Tensor | None, cols: Tensor | None) -> Tensor:
    """Scores of some rows with some columns."""
    return kernel.masked_score(i if rows is None else i.take(rows), j if cols is None else j.take(cols))


def pair_score(kernel: Kernel, i: Points, j: Points, rows: Tensor, cols: Tensor) -> Tensor:
    """Scores of E pairs: the kernel sees E problems of one row and one column."""
    return kernel.masked_score(i.take(rows.unsqueeze(-1)), j.take(cols.unsqueeze(-1))).flatten()


class EntryByEntry:
    """What follows from the scores of pairs alone."""

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Scores of E pairs, (E,)."""
        raise NotImplementedError

    def joint(self, partition: Tensor) -> Tensor:
        """Pooled score of all rows together, a scalar."""
        return log_sum_exp(partition)

    def gather(self, support: Support) -> Tensor:
        """Scores on the entries of a support, (E,)."""
        return self.at(support.rows, support.cols)

    def total_above(self, floor: Tensor) -> Tensor | None:
        """sum_j log(exp score_ij + exp floor_i) over the candidates, (n,); None where each has to be looked at."""
        return None

    def pull(self, edges: Edges) -> Tensor:
        """sum_j mass_ij score_ij of every row, (n,)."""
        score = self.gather(edges.support)
        return edges.support.sum(edges.mass.to(score) * score)


class Dense(EntryByEntry):
    """Scores held as one matrix: O(n m) memory, one evaluation.

    A kernel with a closed-form partition may never need its matrix, so it is then evaluated on demand.
    """

    def __init__(self, kernel: Kernel, i: Points, j: Points) -> None:
        self.kernel, self.i, self.j = kernel, i, j
        self.block_rows = max(1, i.n)
        closed_form = kernel.log_partition(i, j) is not None
        self.matrix = None if closed_form else kernel.masked_score(i, j)

    def partition(self) -> Tensor:
        return POOLS[self.kernel.pool](self.block(None, None))

    def total(self) -> Tensor:
        return masked_sum(self.block(None, None))

    def block(self, rows: Tensor | None, cols: Tensor | None) -> Tensor:
        if self.matrix is None:
            return block_score(self.kernel, self.i, self.j, rows, cols)
        matrix = self.matrix if rows is None else self.matrix[rows]
        return matrix if cols is None else matrix[:, cols]

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        if self.matrix is None:
            return pair_score(self.kernel, self.i, self.j, rows, cols)
        return self.matrix.take(rows * self.matrix.shape[1] + cols)


class Tiled(EntryByEntry):
    """Scores evaluated a tile of rows at a time and again in the backward pass: O(n d + block m) memory."""

    def __init__(self, kernel: Kernel, i: Points, j: Points, block: int = DEFAULT_BLOCK) -> None:
        self.kernel, self.i, self.j = kernel, i, j
        self.block_rows = block

    def partition(self) -> Tensor:
        return self._pooled(POOLS[self.kernel.pool])

    def total(self) -> Tensor:
        return self._pooled(masked_sum)

    def _pooled(self, pool: Callable[[Tensor], Tensor]) -> Tensor:
        """One number a row from its scores."""
        i, j = self.i, self.j
        learned = [p for p in self.kernel.parameters() if p.requires_grad]
        tiles = all_rows(i.n, self.block_rows, i.device)
        if i.value is None or j.value is None:
            return tiled_rows(lambda rows, *_: pool(self.block(rows, None)), tiles, *learned)
        shared = i.value is j.value

        def rows_of(rows: Tensor, x: Tensor, *rest: Tensor) -> Tensor:
            here = replace(i, value=x).take(rows)
            there = replace(j, value=x if shared else rest[0])
            return pool(self.kernel.masked_score(here, there))

        values = (i.value,) if shared else (i.value, j.value)
        return tiled_rows(rows_of, tiles, *values, *learned)

    def block(self, rows: Tensor | None, cols: Tensor | None) -> Tensor:
        return block_score(self.kernel, self.i, self.j, rows, cols)

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        width = 1 if self.i.value is None else self.i.value.shape[-1]
        chunk = max(1, PAIR_ENTRIES // max(1, width))
        if len(rows) <= chunk:
            return pair_score(self.kernel, self.i, self.j, rows, cols)
        parts = zip(rows.split(chunk), cols.split(chunk), strict=True)
        return torch.cat(
            [recompute(lambda r, c: pair_score(self.kernel, self.i, self.j, r, c), r, c) for r, c in parts]
        )
