"""Sums over all pairs of functions of inner products, a tile of rows and columns at a time.

Where rows and columns are the same points, a tile beside the diagonal serves its rows and its columns: half of the
products are made.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from iconlearn._numerics import NEG
from iconlearn._parallel import in_order, one_thread_each
from iconlearn.points import Points, candidate_count, same_points
from iconlearn.products import Products
from iconlearn.support import join

SIDE, SMALLEST = 512, 128  # rows and columns of a tile on a processor, where its matrices stay in the cache
FAR = 4096  # on other devices
AT_LEAST = 8  # tiles along a side, as long as they are not the smallest: pieces for several cores
SPAN = 60.0  # scores of a tile that lie within this need one exponential for its rows and its columns


@dataclass(frozen=True)
class Tile:
    """Some rows and some columns, and whether their scores stand for those of the transposed pairs too."""

    rows: slice
    cols: slice
    mirrored: bool
    whole: bool  # are all pairs candidates?


class Reduction(ABC):
    """What becomes of the scores of a row; with weights of the rows and what was found, the way back to them."""

    start: float  # of no score

    def __init__(self, weight: Tensor | None = None, found: Tensor | None = None) -> None:
        self.weight, self.found = weight, found

    @abstractmethod
    def of(self, scored: Scored, tile: Tile) -> tuple[Tensor, Tensor | None]:
        """The reduced scores of the rows of a tile and, of a mirrored one, of its columns; float64."""

    @abstractmethod
    def join(self, total: Tensor, part: Tensor) -> Tensor:
        """Two reductions as one."""

    @abstractmethod
    def pull(self, scored: Scored, tile: Tile) -> Tensor:
        """Weight of every score of a tile, from those of its rows and, of a mirrored one, of its columns."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Which tiles there are, and which of their pairs are candidates."""

    products: Products
    i: Points
    j: Points
    pairs: str

    @cached_property
    def half(self) -> bool:
        """Do tiles above the diagonal stand for those below?"""
        return self.products.symmetric and same_points(self.i, self.j)

    @cached_property
    def count(self) -> Tensor:
        """Number of candidates of every row, (n,)."""
        return candidate_count(self.i, self.j, self.pairs)

    @cached_property
    def tiles(self) -> list[Tile]:
        """The tiles that hold candidates."""
        side = FAR
        if self.i.device.type == "cpu":
            side = max(SMALLEST, min(SIDE, -(-self.i.n // AT_LEAST)))
        over, across = ([slice(k, min(k + side, p.n)) for k in range(0, p.n, side)] for p in (self.i, self.j))
        rows, cols = self.ranges(self.i, over), self.ranges(self.j, across)
        found = []
        for r, (low, high) in enumerate(rows):
            for c in range(r if self.half else 0, len(cols)):
                apart = high < cols[c][0] or cols[c][1] < low
                if self.pairs == "cross_view" and low == high == cols[c][0] == cols[c][1]:
                    continue  # one view against itself
                found.append(Tile(over[r], across[c], self.half and r != c, apart))
        return found

    def ranges(self, points: Points, spans: list[slice]) -> list[tuple[int, int]]:
        """Smallest and largest of what must not agree in a candidate pair."""
        if self.pairs == "all":
            side = 0 if points is self.i else 1
            return [(side, side)] * len(spans)
        own = points.key if self.pairs == "distinct" else points.view
        ends = torch.stack([torch.stack(own[span].aminmax()) for span in spans]).tolist()
        return [(low, high) for low, high in ends]

    def leave_out(self, score: Tensor, tile: Tile) -> None:
        """Set the scores of pairs that are not candidates to -inf."""
        if self.pairs == "cross_view":
            score.masked_fill_(self.i.view[tile.rows].unsqueeze(-1) == self.j.view[tile.cols], NEG)
            return
        rows, cols = self.own  # few beside the pairs of a tile
        span = slice(*torch.searchsorted(rows, rows.new_tensor([tile.rows.start, tile.rows.stop])).tolist())
        rows, cols = rows[span] - tile.rows.start, cols[span] - tile.cols.start
        here = (cols >= 0) & (cols < score.shape[1])
        score[rows[here], cols[here]] = NEG

    @cached_property
    def own(self) -> tuple[Tensor, Tensor]:
        """Rows and columns of the pairs of a point with itself, by rows."""
        return join(self.i.key, self.j.key)

    def scores(self, tile: Tile) -> Scored:
        """Scores of a tile, -inf where a pair is not a candidate."""
        p = self.products
        score = p.score_(p.rows[tile.rows] @ p.cols[tile.cols].mT)
        low, high = score.aminmax()
        if not tile.whole:
            self.leave_out(score, tile)
        return Scored(score, float(low), float(high))


class Scored(NamedTuple):
    """Scores of a tile, and the range of them and of those that are no candidates."""

    score: Tensor
    low: float
    high: float


class LogSums(Reduction):
    """log sum_j exp(score_ij)."""

    start = NEG

    def __init__(self, weight: Tensor | None = None, found: Tensor | None = None) -> None:
        # to rows without candidates nothing comes back
        super().__init__(weight, None if found is None else found.masked_fill(found == NEG, 0.0))

    def of(self, scored: Scored, tile: Tile) -> tuple[Tensor, Tensor | None]:
        score, low, high = scored
        sides = (1, 0)[: 1 + tile.mirrored]
        if high - low <= SPAN:
            mass = (score - high).exp_()
            reduced = [mass.sum(side).double().log() + high for side in sides]
        else:
            reduced = [score.logsumexp(side).double() for side in sides]
        return reduced[0], reduced[1] if tile.mirrored else None

    def join(self, total: Tensor, part: Tensor) -> Tensor:
        return torch.logaddexp(total, part)

    def pull(self, scored: Scored, tile: Tile) -> Tensor:
        assert self.weight is not None
        assert self.found is not None
        score, _, high = scored
        ends = [self.weight[tile.rows].unsqueeze(-1)], [self.found[tile.rows].unsqueeze(-1)]
        if tile.mirrored:
            ends[0].append(self.weight[tile.cols])
            ends[1].append(self.found[tile.cols])
        if high - min(float(z.min()) for z in ends[1]) <= SPAN:
            mass = (score - high).exp_()
            share = sum(w * (high - z).exp() for w, z in zip(*ends, strict=True))
            return mass.mul_(share)
        shares = [(score - z).exp_().mul_(w) for w, z in zip(*ends, strict=True)]
        return shares[0] if len(shares) == 1 else shares[0].add_(shares[1])


class Totals(Reduction):
    """sum_j score_ij over the candidates."""

    start = 0.0

    def of(self, scored: Scored, tile: Tile) -> tuple[Tensor, Tensor | None]:
        score = scored.score
        held = score if tile.whole else score.masked_fill(score == NEG, 0.0)
        return held.sum(1).double(), held.sum(0).double() if tile.mirrored else None

    def join(self, total: Tensor, part: Tensor) -> Tensor:
        return total + part

    def pull(self, scored: Scored, tile: Tile) -> Tensor:
        assert self.weight is not None
        score = scored.score
        share = self.weight[tile.rows].unsqueeze(-1)
        share = share + self.weight[tile.cols] if tile.mirrored else share
        return share.expand_as(score).masked_fill(score == NEG, 0.0)


def reduce(layout: Layout, reduction: Reduction) -> Tensor:
    """The reduction of every row over all its candidates, (n,)."""

    @torch.no_grad()  # which each thread is told by itself
    def work(tile: Tile) -> tuple[Tensor, Tensor | None]:
        return reduction.of(layout.scores(tile), tile)

    total = torch.full((layout.i.n,), reduction.start, dtype=torch.float64, device=layout.i.device)
    with one_thread_each():
        parts = in_order(work, layout.tiles, spread=layout.i.device.type == "cpu")
        for tile, (mine, theirs) in zip(layout.tiles, parts, strict=True):
            total[tile.rows] = reduction.join(total[tile.rows], mine)
            if theirs is not None:
                total[tile.cols] = reduction.join(total[tile.cols], theirs)
    return total.to(layout.products.rows.dtype)


def pull_back(layout: Layout, reduction: Reduction) -> tuple[Tensor, Tensor | None]:
    """Gradient of the weighted reductions in the vectors of rows and of columns; one for both where they are one."""
    p = layout.products
    u, v = p.rows, p.cols

    @torch.no_grad()  # which each thread is told by itself
    def work(tile: Tile) -> tuple[Tensor, Tensor]:
        scored = layout.scores(tile)
        share = reduction.pull(scored, tile)
        slope = p.slope(scored.score)
        if slope is not None:
            share.mul_(slope)
        if p.same and tile.rows == tile.cols:
            return (share + share.mT) @ v[tile.cols], share[:0]
        return share @ v[tile.cols], share.mT @ u[tile.rows]

    to_rows = torch.zeros_like(u)
    to_cols = to_rows if p.same else torch.zeros_like(v)
    with one_thread_each():
        parts = in_order(work, layout.tiles, spread=u.device.type == "cpu")
        for tile, (mine, theirs) in zip(layout.tiles, parts, strict=True):
            to_rows[tile.rows] += mine
            if len(theirs):
                to_cols[tile.cols] += theirs
    return to_rows, None if p.same else to_cols
