"""Support: the columns on which a sparse distribution has mass, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._numerics import NEG
from iconlearn._parallel import in_pieces
from iconlearn._rows import count_union, fill_symmetric, fill_transpose, fill_union, symmetric_gradient


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

    def to(self, device: torch.device) -> Support:
        """The same support on a device."""
        return (
            self
            if self.cols.device == device
            else Support(self.indptr.to(device), self.cols.to(device), self.m)
        )

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

    @cached_property
    def transposed(self) -> tuple[Support, Tensor]:
        """The pattern of the transpose, and which entry of this one each of its entries is, (E,)."""
        indptr, rows, position = transpose(self, np.int64)
        turned = from_arrays(indptr, rows, self.n, self.cols.device)
        return turned, torch.from_numpy(position).to(self.cols.device)

    def pieces(self, entries: int) -> Iterator[tuple[Tensor, slice]]:
        """Whole rows of about so many entries together, in order: the row of each entry, and which entries."""
        start = 0
        while start < self.n:
            first = int(self.indptr[start])
            stop = int(torch.searchsorted(self.indptr, first + entries, right=True)) - 1
            stop = min(max(stop, start + 1), self.n)
            own = torch.arange(start, stop, device=self.cols.device)
            yield torch.repeat_interleave(own, self.lengths[start:stop]), slice(first, int(self.indptr[stop]))
            start = stop

    def spread(self, values: Tensor) -> Tensor:
        """One value a row to one value an entry, (n,) -> (E,)."""
        if values.requires_grad or values.device.type != "cpu":
            return values[self.rows]
        return torch.from_numpy(
            np.repeat(values.numpy(), self.lengths.numpy())
        )  # needs no index of E entries

    def find(self, rows: Tensor, cols: Tensor) -> tuple[Tensor, Tensor]:
        """Position of each pair among the entries, and whether it is there at all."""
        keys = (rows * self.m + cols).contiguous()
        if not len(self):
            return torch.zeros_like(keys), torch.zeros_like(keys, dtype=torch.bool)
        position = torch.searchsorted(self.keys, keys).clamp(max=len(self) - 1)
        return position, self.keys[position] == keys

    def take_rows(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Entries of the given rows: (index into ``rows``, index into the entries)."""
        lengths = self.indptr[rows + 1] - self.indptr[rows]
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
        total = self.sum((entries - self.spread(peak)).exp_())
        return (total.masked_fill(empty, 1.0).log() + peak).masked_fill(empty, NEG)


def join(wanted: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
    """All (e, c) with ``wanted[e] == columns[c]``, as two index tensors; e ascends."""
    ordered, order = columns.sort()
    low = torch.searchsorted(ordered, wanted.contiguous())
    count = torch.searchsorted(ordered, wanted.contiguous(), right=True) - low
    entry = torch.repeat_interleave(torch.arange(len(wanted), device=wanted.device), count)
    within = torch.arange(len(entry), device=wanted.device) - (count.cumsum(0) - count)[entry]
    return entry, order[low[entry] + within]


def transpose(support: Support, kind: type) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compressed columns of a pattern: starts, rows, and positions of the entries, the last two of type ``kind``."""
    ends = torch.bincount(support.cols, minlength=support.m).cumsum(0).cpu().numpy()
    starts = np.concatenate([np.zeros(1, np.int64), ends])
    place = starts[:-1].copy()
    rows, position = np.empty(len(support), kind), np.empty(len(support), kind)
    given = support.indptr.cpu().numpy(), support.cols.cpu().numpy()
    in_pieces(lambda a, b: fill_transpose(*given, place, a, b, rows, position), support.m)
    return starts, rows, position


def from_arrays(indptr: np.ndarray, cols: np.ndarray, m: int, device: torch.device) -> Support:
    """A support of compiled arrays."""
    return Support(torch.from_numpy(indptr).to(device), torch.from_numpy(cols).to(device), m)


def from_lengths(lengths: np.ndarray) -> np.ndarray:
    """Where each row starts and the last one ends."""
    return np.concatenate([np.zeros(1, np.int64), lengths.cumsum()])


def union(supports: list[Support]) -> Support:
    """The support of all pairs that any of the given ones holds."""
    total = supports[0]
    for other in supports[1:]:
        total = total if other is total else merged(total, other)
    return total


def merged(a: Support, b: Support) -> Support:
    """The pairs that either of two supports holds."""
    given = [k.cpu().numpy() for k in (a.indptr, a.cols, b.indptr, b.cols)]
    lengths = np.empty(a.n, np.int64)
    in_pieces(lambda s, e: count_union(*given, s, e, lengths), a.n)
    indptr = from_lengths(lengths)
    cols = np.empty(indptr[-1], np.int64)
    in_pieces(lambda s, e: fill_union(*given, indptr, s, e, cols), a.n)
    return from_arrays(indptr, cols, a.m, a.cols.device)


def symmetric_sum(support: Support, log_mass: Tensor) -> tuple[Support, Tensor]:
    """Support and log-masses of A + A^T, for a square A with the given ones; gradients pass.

    Memory beyond the result: eight bytes an entry of A.
    """
    fits = len(support) < np.iinfo(np.int32).max and support.n < np.iinfo(np.int32).max
    turned = transpose(support, np.int32 if fits else np.int64)
    given = support.indptr.cpu().numpy(), support.cols.cpu().numpy()
    lengths = np.empty(support.n, np.int64)
    in_pieces(lambda s, e: count_union(*given, *turned[:2], s, e, lengths), support.n)
    indptr = from_lengths(lengths)
    cols, masses = np.empty(indptr[-1], np.int64), log_mass.detach().cpu().contiguous().numpy()
    out = np.empty(indptr[-1], masses.dtype)
    in_pieces(lambda s, e: fill_symmetric(*given, masses, *turned, indptr, s, e, cols, out), support.n)
    both = from_arrays(indptr, cols, support.n, support.cols.device)
    total = torch.from_numpy(out).to(log_mass.device)
    return both, _SymmetricSum.apply(log_mass, total, support, both) if log_mass.requires_grad else total  # type: ignore[return-value]


class _SymmetricSum(torch.autograd.Function):
    """Log-masses that are known already, with their gradient."""

    @staticmethod
    def forward(ctx: Any, log_mass: Tensor, total: Tensor, base: Support, both: Support) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(log_mass, total)
        ctx.base, ctx.both = base, both
        return total.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        log_mass, total = ctx.saved_tensors
        base, both = ctx.base, ctx.both
        tensors = (base.indptr, base.cols, log_mass, both.indptr, both.cols, total, gradient)
        given = [k.detach().cpu().contiguous().numpy() for k in tensors]
        out = np.empty(len(base), given[2].dtype)
        in_pieces(lambda s, e: symmetric_gradient(*given, s, e, out), base.n)
        return torch.from_numpy(out).to(log_mass.device), None, None, None
