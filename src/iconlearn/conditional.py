"""Conditionals: a distribution applied to points, an immutable lazy (n, m) matrix of log-masses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor

from iconlearn._numerics import NEG, all_rows, log_sum_exp
from iconlearn.edges import Edges
from iconlearn.points import Points, candidate_count, excluded, pair_keys
from iconlearn.support import Support, join

PIECE = 1 << 20  # entries worked on at a time where several numbers are made of each


class Scores(Protocol):
    """What an engine returns: the scores of one kernel on one pair of point sets, however it evaluates them."""

    block_rows: int

    def partition(self) -> Tensor:
        """Pooled score of every row, (n,)."""
        ...

    def joint(self, partition: Tensor) -> Tensor:
        """Pooled score of all rows together, a scalar; ``partition`` is that of the rows."""
        ...

    def total(self) -> Tensor:
        """Sum of the candidates' scores in every row, (n,)."""
        ...

    def total_above(self, floor: Tensor) -> Tensor | None:
        """Sum of log(exp score_ij + exp floor_i) over the candidates, (n,); None where that is no cheaper than each."""
        ...

    def gather(self, support: Support) -> Tensor:
        """Scores on the entries of a support, (E,)."""
        ...

    def pull(self, edges: Edges) -> Tensor:
        """sum_j mass_ij score_ij of every row, (n,)."""
        ...

    def block(self, rows: Tensor | None, cols: Tensor | None) -> Tensor:
        """Scores of some rows with some columns, (b, c); None means all."""
        ...

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Scores of E pairs, (E,)."""
        ...


@dataclass(frozen=True, eq=False)
class Candidates:
    """Ids and views of rows and columns: enough to tell which pairs are candidates."""

    i: Points
    j: Points
    pairs: str

    @classmethod
    def of(cls, i: Points, j: Points, pairs: str) -> Candidates:
        """The candidate pairs of these points."""
        return cls(i.bare(), j.bare(), pairs)

    def mask(self, rows: Tensor | None, cols: Tensor | None) -> Tensor | None:
        i = self.i if rows is None else self.i.take(rows)
        return excluded(i, self.j if cols is None else self.j.take(cols), self.pairs)

    @cached_property
    def excluded_pairs(self) -> tuple[Tensor, Tensor]:
        """Rows and columns of the pairs that are not candidates; short lists unless pairs="cross_view"."""
        none = torch.zeros(0, dtype=torch.int64, device=self.i.device)
        if self.pairs == "all":
            return none, none
        mine, theirs = pair_keys(self.i, self.j) if self.pairs == "distinct" else (self.i.view, self.j.view)
        return join(mine, theirs)

    @cached_property
    def count(self) -> Tensor:
        """Number of candidate columns of every row, (n,)."""
        return candidate_count(self.i, self.j, self.pairs)

    def mask_at(self, rows: Tensor, cols: Tensor) -> Tensor | None:
        mask = excluded(self.i.take(rows.unsqueeze(-1)), self.j.take(cols.unsqueeze(-1)), self.pairs)
        return None if mask is None else mask.flatten()


@dataclass(frozen=True, eq=False)
class Floor:
    """The same log-mass on every candidate of a row that is outside the support."""

    log_mass: Tensor  # (n,)
    candidates: Candidates


class Conditional(ABC):
    """p(j|i) as a lazy matrix of log-masses; immutable.

    Two methods are mandatory: ``block`` (some rows by some columns) and ``at`` (some pairs). ``normalize`` is
    "row" (every row sums to one) or "joint" (all pairs together do).
    """

    n: int
    m: int
    normalize: str
    pairs: str
    block_rows: int  # how many rows at a time are cheap
    full_support: bool = True  # mass on every candidate pair
    square: bool = False  # the columns are the rows themselves
    improper: bool = False  # rows do not sum to one: a limit (a rescaled score) or the DCL baseline
    masses: bool = False  # though improper, are its entries masses that a uniform share may be added to?
    symmetric: bool = False  # p(i, j) = p(j, i), listed both ways

    @abstractmethod
    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        """Log-masses of some rows with some columns, (b, c); None means all."""

    @abstractmethod
    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Log-masses of E pairs, (E,)."""

    def on(self, support: Support) -> Tensor:
        """Log-masses on the entries of a support, (E,)."""
        return self.at(support.rows, support.cols)

    @property
    @abstractmethod
    def empty(self) -> Tensor:
        """Rows without any mass, (n,) bool."""

    @property
    def support(self) -> Support | None:
        """The pairs that stand out from the floor; None when the matrix is dense."""
        return None

    @property
    def floor(self) -> Floor | None:
        """The mass of every candidate outside the support; None when there is none."""
        return None

    @cached_property
    def edges(self) -> Edges | None:
        """The masses on the support; None where there is no support, or the masses are being learned."""
        support = self.support
        if support is None:
            return None
        log_mass = self.on(support)
        if log_mass.requires_grad:
            return None
        return Edges(support, log_mass.exp(), self.symmetric)

    @cached_property
    def above_floor(self) -> Edges:
        """The masses on the support less the floor of their rows."""
        edges, floor = self.edges, self.floor
        assert edges is not None
        assert floor is not None
        low = floor.log_mass.exp().to(edges.mass).masked_fill(self.empty, 0.0)
        return Edges(edges.support, edges.mass - edges.support.spread(low), self.symmetric)

    def log_total(self, count: Tensor | int) -> Tensor | None:
        """Sum of the log-masses over the candidates, ``count`` of them a row, (n,); None where tiles are as good."""
        return None

    @cached_property
    def row_weight(self) -> Tensor:
        """w in L = sum_i w_i D_i, (n,): uniform over the rows with mass, or ones for a joint matrix."""
        filled = (~self.empty).double()
        if self.normalize == "joint":
            return torch.ones_like(filled)
        return filled / filled.sum().clamp(min=1)

    def tiles(self) -> list[Tensor] | list[None]:
        """Row tiles that are cheap to evaluate; a single None when one tile holds all."""
        device = self.empty.device
        return [None] if self.block_rows >= self.n else all_rows(self.n, self.block_rows, device)  # type: ignore[return-value]


class KernelConditional(Conditional):
    """Scores of a kernel, normalised by the log-partition of every row."""

    def __init__(
        self,
        scores: Scores,
        partition: Tensor,
        shape: tuple[int, int],
        normalize: str,
        pairs: str,
        *,
        improper: bool,
        full: bool,
    ) -> None:
        self.scores, self.normalize, self.pairs = scores, normalize, pairs
        (self.n, self.m), self.block_rows = shape, scores.block_rows
        self.improper, self.full_support = improper, full
        self._empty = partition.detach() == NEG
        self.log_rows = partition.detach()  # of every row alone, also where all rows share one partition
        if normalize == "joint":
            partition = scores.joint(partition).expand_as(partition)
        self.log_z = partition.masked_fill(partition.detach() == NEG, 0.0)
        self._pulls: dict[Edges, Tensor] = {}

    @property
    def empty(self) -> Tensor:
        return self._empty

    def pull(self, edges: Edges) -> Tensor:
        """sum_j mass_ij score_ij of every row, (n,); computed once for each object."""
        if edges not in self._pulls:
            self._pulls[edges] = self.scores.pull(edges)
        return self._pulls[edges]

    def expected(self, edges: Edges) -> Tensor:
        """sum_j mass_ij log q(j|i) of every row, (n,)."""
        return self.pull(edges) - edges.totals * self.log_z

    def log_total(self, count: Tensor | int) -> Tensor | None:
        return self.scores.total() - count * self.log_z if self.full_support else None

    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        log_z = self.log_z if rows is None else self.log_z[rows]
        return self.scores.block(rows, cols) - log_z.unsqueeze(-1)

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        return self.scores.at(rows, cols) - self.log_z[rows]

    def on(self, support: Support) -> Tensor:
        return self.scores.gather(support) - self.log_z[support.rows]


class TableConditional(Conditional):
    """A sparse matrix: log-masses on a support, nothing elsewhere."""

    full_support = False

    def __init__(self, support: Support, entries: Tensor, normalize: str, pairs: str) -> None:
        """``entries`` (E,) are unnormalised log-masses, normalised here."""
        self._support, self.normalize, self.pairs = support, normalize, pairs
        self.n, self.m = support.n, support.m
        self.block_rows = max(1, (1 << 22) // max(1, self.m))
        log_z = support.log_sum_exp(entries)
        self._empty = log_z.detach() == NEG
        if normalize == "joint":
            log_z = log_sum_exp(log_z).expand_as(log_z)
        self.entries = entries - support.spread(log_z.masked_fill(log_z.detach() == NEG, 0.0))

    @property
    def support(self) -> Support:
        return self._support

    @property
    def empty(self) -> Tensor:
        return self._empty

    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        if rows is None:
            rows = torch.arange(self.n, device=self._support.cols.device)
        owner, entry = self._support.take_rows(rows)
        place, width = self._support.cols[entry], self.m
        if cols is not None:  # never a full row for a few of its columns
            hit, place = join(place, cols)
            owner, entry, width = owner[hit], entry[hit], len(cols)
        out = self.entries.new_full((len(rows), width), NEG)
        return out.index_put((owner, place), self.entries[entry])

    def on(self, support: Support) -> Tensor:
        return self.entries if support is self._support else super().on(support)

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        position, found = self._support.find(rows, cols)
        if not len(self.entries):
            return self.entries.new_full(rows.shape, NEG)
        return self.entries[position].masked_fill(~found, NEG)


class MatrixConditional(Conditional):
    """A dense matrix of log-masses, held whole."""

    def __init__(self, log_mass: Tensor, normalize: str, pairs: str, *, full: bool = True) -> None:
        self.log_mass, self.normalize, self.pairs, self.full_support = log_mass, normalize, pairs, full
        self.n, self.m = log_mass.shape
        self.block_rows = self.n
        self._empty = (log_mass.detach() == NEG).all(-1)

    @property
    def empty(self) -> Tensor:
        return self._empty

    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        out = self.log_mass if rows is None else self.log_mass[rows]
        return out if cols is None else out[:, cols]

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        return self.log_mass[rows, cols]
