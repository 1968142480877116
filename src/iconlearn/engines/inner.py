"""Inner products of non-negative vectors that are given by their logs, and the sum of their logs over all pairs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from iconlearn._numerics import NEG, log_sum_exp
from iconlearn._parallel import in_order, one_thread_each

SIDE = 512  # rows and columns of a tile: its matrices stay in the cache
LOST_AT_ONCE = 1 << 21  # numbers worked on at a time in log space


@dataclass(frozen=True, eq=False)
class Factors:
    """Logs of the vectors of rows (n, C) and of columns (m, C)."""

    x: Tensor
    y: Tensor

    @property
    def same(self) -> bool:
        """Are the columns the rows?"""
        return self.x is self.y

    @cached_property
    def arrays(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Vectors of rows and columns, and their logs; contiguous, without gradient."""
        x = self.x.detach().contiguous()
        y = x if self.same else self.y.detach().contiguous()
        a = x.exp()
        return a, a if self.same else y.exp(), x, y

    @property
    def smallest(self) -> float:
        """A product below this has lost digits, or all of them, to underflow."""
        return torch.finfo(self.x.dtype).tiny * 1e8


def log_total(factors: Factors, floor: Tensor | None) -> Tensor:
    """sum_j log(a_i . b_j + exp(floor_i)) of every row, (n,); without a floor, that of the products alone."""
    return _LogTotal.apply(factors.x, factors.y, factors, floor)  # type: ignore[return-value]


class _LogTotal(torch.autograd.Function):
    """The sum by tiles; its gradient for rows of equal weight is found with it, which saves a second pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, factors: Factors, floor: Tensor | None) -> Tensor:  # type: ignore[override]
        ctx.factors, ctx.floor = factors, floor
        ctx.even = x.new_ones(len(x)) if any(ctx.needs_input_grad) else None
        total, ctx.found = sweep(factors, floor, ctx.even, ctx.needs_input_grad[1])
        return total

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        if len(weight) and bool(weight.min() == weight.max()):
            found = [None if g is None else g * weight[0] for g in ctx.found]
        else:
            found = sweep(ctx.factors, ctx.floor, weight.contiguous(), ctx.needs_input_grad[1])[1]
        return *found, None, None


class Part(NamedTuple):
    """What a tile adds: to the sums and to the gradient of its rows, and to those of its columns."""

    sums: Tensor
    turned: Tensor | None
    rows: Tensor | None
    cols: Tensor | None


def sweep(
    factors: Factors, floor: Tensor | None, weight: Tensor | None, both: bool
) -> tuple[Tensor, tuple[Tensor | None, Tensor | None]]:
    """Row sums over all pairs and, with weights of the rows, the gradient of their weighted sum in both logs.

    Where the matrix is symmetric only the tiles on and above its diagonal are multiplied. ``both``: the columns
    have a gradient too.
    """
    a, b = factors.arrays[:2]
    level = floor is None or bool(floor.min() == floor.max())
    half = factors.same and level
    spans = [[slice(k, min(k + SIDE, n)) for k in range(0, n, SIDE)] for n in (len(a), len(b))]
    over, across = spans
    tiles = [(r, c) for k, r in enumerate(over) for c in (over[k:] if half else across)]
    total = a.new_zeros(len(a))
    to_rows = None if weight is None else torch.zeros_like(a)
    to_cols = to_rows if factors.same or to_rows is None or not both else torch.zeros_like(b)

    def tile(place: tuple[slice, slice]) -> Part:
        return tile_of(factors, floor, weight, *place, half, both or factors.same)

    with one_thread_each():
        parts = in_order(tile, tiles, spread=a.device.type == "cpu")
        for (rows, cols), part in zip(tiles, parts, strict=True):
            total[rows] += part.sums
            if part.turned is not None:
                total[cols] += part.turned
            if part.rows is not None:
                to_rows[rows] += part.rows  # type: ignore[index]
            if part.cols is not None:
                to_cols[cols] += part.cols  # type: ignore[index]
    return total, (to_rows, None if factors.same else to_cols)


@torch.no_grad()
def tile_of(
    factors: Factors,
    floor: Tensor | None,
    weight: Tensor | None,
    rows: slice,
    cols: slice,
    half: bool,
    both: bool,
) -> Part:
    """One tile; with ``half`` a tile beside the diagonal stands for its mirror image too."""
    a, b = factors.arrays[0][rows], factors.arrays[1][cols]
    mirrored, central = half and rows != cols, half and rows == cols
    mass = a @ b.mT
    if floor is not None:
        mass += floor[rows].exp().unsqueeze(-1)
    lost = None
    if mass.numel() and not bool(mass.amin() >= factors.smallest):  # also where it is not a number
        lost = ~(mass >= factors.smallest)
        mass.masked_fill_(lost, 1.0)
    score = mass.log()
    forces: list[Tensor | None] = [None, None]
    pull = None
    if weight is not None:
        pull = weight[rows].unsqueeze(-1) + weight[cols] if mirrored else weight[rows].unsqueeze(-1)
        share = pull / mass if lost is None else (pull / mass).masked_fill_(lost, 0.0)
        forces[0] = ((share + share.mT if central else share) @ b).mul_(a)
        if both and not central:
            forces[1] = (share.mT @ a).mul_(b)
    if lost is not None:
        ends = (forces[0], forces[0] if central else forces[1])
        in_logs(factors, floor, pull, rows, cols, lost, score, ends)
    return Part(score.sum(1), score.sum(0) if mirrored else None, *forces)


def in_logs(
    factors: Factors,
    floor: Tensor | None,
    pull: Tensor | None,
    rows: slice,
    cols: slice,
    lost: Tensor,
    score: Tensor,
    ends: tuple[Tensor | None, Tensor | None],
) -> None:
    """Set the scores whose products underflow, and add what they contribute to the forces at both ends."""
    x, y = factors.arrays[2][rows], factors.arrays[3][cols]
    at_once = max(1, LOST_AT_ONCE // x.shape[1])
    for r, c in zip(*(k.split(at_once) for k in lost.nonzero().unbind(-1)), strict=True):
        terms = x[r] + y[c]
        if floor is not None:
            terms = torch.cat([terms, floor[rows][r].unsqueeze(-1)], -1)
        found = log_sum_exp(terms)
        score[r, c] = found
        if pull is None:
            continue
        share = (terms - found.masked_fill(found == NEG, 0.0).unsqueeze(-1)).exp()[:, : x.shape[1]]
        share *= pull.expand_as(score)[r, c].unsqueeze(-1)
        for end, index in zip(ends, (r, c), strict=True):
            if end is not None:
                end.index_add_(0, index, share)
