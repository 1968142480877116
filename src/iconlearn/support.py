"""Support: the columns on which a sparse distribution has mass, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from iconlearn._numerics import NEG


@dataclass(frozen=True, eq=False)
class Support:
    """A sparse pattern of shape (n, m) in compressed rows; columns ascend within a row.

    Parameters
    ----------
    indptr : Tensor of shape (n + 1,), int64
        Row i holds the entries ``indptr[i]`` to ``indptr[i + 1]``.
    cols : Tensor of shape (E,), int64
        Column of every entry.
    m : int
        Number of columns.

    Examples
    --------
    >>> import torch
    >>> s, _ = Support.from_pairs(torch.tensor([1, 0]), torch.tensor([0, 2]), 2, 3)
    >>> s.indptr.tolist(), s.cols.tolist(), s.rows.tolist()
    ([0, 1, 2], [2, 0], [0, 1])
    """

    indptr: Tensor
    cols: Tensor
    m: int

    @classmethod
    def from_pairs(cls, rows: Tensor, cols: Tensor, n: int, m: int) -> tuple[Support, Tensor]:
        """The support of distinct (row, column) pairs, and the order that sorts them."""
        order = torch.argsort(rows * m + cols)
        return cls.from_sorted(rows[order], cols[order], n, m), order

    @classmethod
    def from_sorted(cls, rows: Tensor, cols: Tensor, n: int, m: int) -> Support:
        """The support of pairs already sorted by row and column."""
        indptr = torch.zeros(n + 1, dtype=torch.int64, device=rows.device)
        indptr[1:] = torch.bincount(rows, minlength=n).cumsum(0)
        return cls(indptr, cols, m)

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.indptr) - 1

    def __len__(self) -> int:
        return len(self.cols)

    @cached_property
    def lengths(self) -> Tensor:
        """Entries of every row, (n,)."""
        return self.indptr.diff()

    @cached_property
    def rows(self) -> Tensor:
        """Row of every entry, (E,)."""
        return torch.repeat_interleave(torch.arange(self.n, device=self.cols.device), self.lengths)

    @cached_property
    def keys(self) -> Tensor:
        """row * m + column of every entry, ascending."""
        return self.rows * self.m + self.cols

    def find(self, rows: Tensor, cols: Tensor) -> tuple[Tensor, Tensor]:
        """Position of each pair among the entries, and whether it is there at all."""
        keys = (rows * self.m + cols).contiguous()
        if not len(self):
            return torch.zeros_like(keys), torch.zeros_like(keys, dtype=torch.bool)
        position = torch.searchsorted(self.keys, keys).clamp(max=len(self) - 1)
        return position, self.keys[position] == keys

    def take_rows(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Entries of the given rows: (index into ``rows``, index into the entries)."""
        lengths = self.lengths[rows]
        owner = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), lengths)
        starts = self.indptr[rows] - (lengths.cumsum(0) - lengths)
        return owner, torch.arange(len(owner), device=rows.device) + starts[owner]

    def sum(self, entries: Tensor) -> Tensor:
        """Sum of the entries of every row, (E,) -> (n,); a fixed order for any number of threads."""
        if not len(entries):  # segment_reduce would cut the graph here, and backward() would fail
            return entries.sum().expand(self.n)
        return torch.segment_reduce(entries, "sum", lengths=self.lengths, unsafe=True, initial=0.0)

    def log_sum_exp(self, entries: Tensor) -> Tensor:
        """Log of the summed exponentials of every row; -inf for a row without entries."""
        peak = torch.segment_reduce(entries.detach(), "max", lengths=self.lengths, unsafe=True, initial=NEG)
        empty = peak == NEG
        peak = peak.masked_fill(empty, 0.0)
        total = self.sum((entries - peak[self.rows]).exp())
        return (total.masked_fill(empty, 1.0).log() + peak).masked_fill(empty, NEG)


def join(wanted: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """All (e, c) with ``wanted[e] == columns[c]``, as two index tensors; e ascends."""
    ordered, order = columns.sort()
    low = torch.searchsorted(ordered, wanted.contiguous())
    count = torch.searchsorted(ordered, wanted.contiguous(), right=True) - low
    entry = torch.repeat_interleave(torch.arange(len(wanted), device=wanted.device), count)
    within = torch.arange(len(entry), device=wanted.device) - (count.cumsum(0) - count)[entry]
    return entry, order[low[entry] + within]
