"""Some rows of a conditional, as a conditional."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import torch
from torch import Tensor

from iconlearn.conditional import Conditional, Floor
from iconlearn.support import Support


class SomeRows(Conditional):
    """The rows ``index`` of another conditional, in that order; a row may be there several times."""

    def __init__(self, base: Conditional, index: Tensor) -> None:
        self.base, self.index = base, index
        self.n, self.m = len(index), base.m
        self.normalize, self.pairs, self.block_rows = base.normalize, base.pairs, base.block_rows
        self.full_support, self.improper = base.full_support, base.improper
        self._support: Support | None = None
        if base.support is not None:
            _, entries = base.support.take_rows(index)
            ends = base.support.lengths[index].cumsum(0)
            indptr = torch.cat([ends.new_zeros(1), ends])
            self._support = Support(indptr, base.support.cols[entries], self.m)

    @property
    def support(self) -> Support | None:
        return self._support

    @cached_property
    def floor(self) -> Floor | None:  # type: ignore[override]
        if (floor := self.base.floor) is None:
            return None
        candidates = replace(floor.candidates, i=floor.candidates.i.take(self.index))
        return Floor(floor.log_mass[self.index], candidates)

    @property
    def empty(self) -> Tensor:
        return self.base.empty[self.index]

    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        return self.base.block(self.index if rows is None else self.index[rows], cols)

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        return self.base.at(self.index[rows], cols)
