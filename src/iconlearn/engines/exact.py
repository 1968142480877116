"""The two exact engines: ``dense`` holds the score matrix, ``tiled`` recomputes it tile by tile."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn._numerics import POOLS, all_rows, recompute
from iconlearn.distributions.base import Kernel
from iconlearn.points import Points

DEFAULT_BLOCK = 1024
PAIR_ENTRIES = 1 << 22  # numbers gathered at once when single pairs are scored


def block_score(kernel: Kernel, i: Points, j: Points, rows: Tensor | None, cols: Tensor | None) -> Tensor:
    """Scores of some rows with some columns."""
    return kernel.masked_score(i if rows is None else i.take(rows), j if cols is None else j.take(cols))


def pair_score(kernel: Kernel, i: Points, j: Points, rows: Tensor, cols: Tensor) -> Tensor:
    """Scores of E pairs: the kernel sees E problems of one row and one column."""
    return kernel.masked_score(i.take(rows.unsqueeze(-1)), j.take(cols.unsqueeze(-1))).flatten()


class Dense:
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

    def block(self, rows: Tensor | None, cols: Tensor | None) -> Tensor:
        if self.matrix is None:
            return block_score(self.kernel, self.i, self.j, rows, cols)
        matrix = self.matrix if rows is None else self.matrix[rows]
        return matrix if cols is None else matrix[:, cols]

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        if self.matrix is None:
            return pair_score(self.kernel, self.i, self.j, rows, cols)
        return self.matrix[rows, cols]


class Tiled:
    """Scores evaluated a tile of rows at a time and again in the backward pass: O(n d + block m) memory."""

    def __init__(self, kernel: Kernel, i: Points, j: Points, block: int = DEFAULT_BLOCK) -> None:
        self.kernel, self.i, self.j = kernel, i, j
        self.block_rows = block

    def partition(self) -> Tensor:
        pool = POOLS[self.kernel.pool]
        tiles = all_rows(self.i.n, self.block_rows, self.i.device)
        return torch.cat([recompute(lambda rows: pool(self.block(rows, None)), rows) for rows in tiles])

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
