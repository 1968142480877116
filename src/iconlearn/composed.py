"""Conditionals made of others: both directions of one, mixtures, and one with a uniform floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from iconlearn._numerics import NEG, log_sum_exp
from iconlearn.conditional import PIECE, Candidates, Conditional, Floor, KernelConditional
from iconlearn.points import Points
from iconlearn.support import Support, union

if TYPE_CHECKING:
    from collections.abc import Callable


class SymmetricConditional(Conditional):
    """(w_i p(j|i) + w_j p(i|j)) / 2 over all pairs, with w the row weights: a joint matrix."""

    normalize = "joint"

    def __init__(self, base: Conditional) -> None:
        self.base = base
        self.n = self.m = base.n
        self.pairs, self.block_rows = base.pairs, base.block_rows
        self.log_weight = (base.row_weight / 2).log()
        self._empty = base.empty
        some_empty = bool(self._empty.any())
        self.full_support = base.full_support and not some_empty
        if some_empty:  # such a row may still be the column of another
            with torch.no_grad():
                met = [(base.block(rows) > NEG).any(0) for rows in base.tiles()]
            self._empty = self._empty & ~torch.stack(met).any(0)

    @property
    def empty(self) -> Tensor:
        return self._empty

    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        w = self.log_weight
        w_rows, w_cols = w if rows is None else w[rows], w if cols is None else w[cols]
        return self._mean(
            self.base.block(rows, cols), w_rows.unsqueeze(-1), self.base.block(cols, rows).mT, w_cols
        )

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        w = self.log_weight
        return self._mean(self.base.at(rows, cols), w[rows], self.base.at(cols, rows), w[cols])

    @staticmethod
    def _mean(there: Tensor, w_there: Tensor, back: Tensor, w_back: Tensor) -> Tensor:
        return log_sum_exp(torch.stack([there + w_there.to(there), back + w_back.to(back)], -1))


class MixtureConditional(Conditional):
    """sum_k w_k p_k; where a component has an empty row, the others share its weight."""

    def __init__(self, parts: list[Conditional], weights: list[float], pairs: str) -> None:
        first = parts[0]
        self.parts, self.normalize, self.pairs = parts, first.normalize, pairs
        self.n, self.m = first.n, first.m
        self.block_rows = min(p.block_rows for p in parts)
        self._empty = torch.stack([p.empty for p in parts]).all(0)
        self.full_support = any(
            p.full_support and p.pairs == pairs and torch.equal(p.empty, self._empty) for p in parts
        )
        mass = torch.tensor(weights, dtype=torch.float64, device=self._empty.device).unsqueeze(-1)
        filled = torch.stack([~p.empty for p in parts])
        if self.normalize == "joint":
            filled = filled.any(-1, keepdim=True)
        mass = mass * filled
        total = mass.sum(0)
        self.log_weight = (mass / total.masked_fill(total == 0, 1.0)).log().expand(len(parts), self.n)
        listed = all(p.support is not None and p.floor is None for p in parts)
        self._support = union([p.support for p in parts]) if listed else None  # type: ignore[misc]

    @property
    def support(self) -> Support | None:
        return self._support

    @property
    def empty(self) -> Tensor:
        return self._empty

    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        return self._mix(
            lambda p: p.block(rows, cols),
            lambda w: (w if rows is None else w[rows]).unsqueeze(-1),
        )

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        return self._mix(lambda p: p.at(rows, cols), lambda w: w[rows])

    def _mix(self, mass: Callable[[Conditional], Tensor], share: Callable[[Tensor], Tensor]) -> Tensor:
        masses = [mass(part) for part in self.parts]
        terms = [m + share(w).to(m) for m, w in zip(masses, self.log_weight, strict=True)]
        return log_sum_exp(torch.stack(terms, -1))


class DebiasedConditional(Conditional):
    """(1 - alpha) p + alpha * uniform over the candidates; a row that p leaves empty stays empty."""

    def __init__(self, base: Conditional, alpha: float, i: Points, j: Points) -> None:
        self.base, self.normalize, self.pairs = base, base.normalize, base.pairs
        self.n, self.m, self.block_rows = base.n, base.m, base.block_rows
        self.full_support = base.full_support or alpha > 0
        self.improper, self.masses = base.improper, base.masses
        self.candidates = Candidates.of(i, j, base.pairs)
        count = self.candidates.count.double().masked_fill(base.empty, 0.0)
        total = count if self.normalize == "row" else count.sum()
        self.log_keep = torch.tensor(1.0 - alpha, dtype=torch.float64).log()
        self.log_uniform = torch.where(count > 0, alpha / total, 0.0).log()
        floor = self.log_uniform
        if base.floor is not None:
            floor = torch.logaddexp(base.floor.log_mass + self.log_keep, self.log_uniform)
        self._floor = Floor(floor, self.candidates)

    @property
    def support(self) -> Support | None:
        return self.base.support

    @property
    def floor(self) -> Floor:
        return self._floor

    @property
    def empty(self) -> Tensor:
        return self.base.empty

    def block(self, rows: Tensor | None, cols: Tensor | None = None) -> Tensor:
        uniform = self.log_uniform if rows is None else self.log_uniform[rows]
        mask = self.candidates.mask(rows, cols)
        return self._add(self.base.block(rows, cols), uniform.unsqueeze(-1), mask)

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        return self._add(
            self.base.at(rows, cols), self.log_uniform[rows], self.candidates.mask_at(rows, cols)
        )

    def log_total(self, count: Tensor | int) -> Tensor | None:
        base = self.base
        if not (isinstance(base, KernelConditional) and base.full_support and self.normalize == "row"):
            return None
        if base.log_z.requires_grad or bool(base.empty.any()) or bool(self.log_keep == NEG):
            return None
        # (1 - alpha) e^score / Z + u = (e^score + u Z / (1 - alpha)) (1 - alpha) / Z
        scale = self.log_keep.to(base.log_z) - base.log_z
        total = base.scores.total_above(self.log_uniform.to(scale) - scale)
        return None if total is None else total + count * scale

    def on(self, support: Support) -> Tensor:
        if support is not self.base.support:
            return super().on(support)
        log_mass, parts = self.base.on(support), []
        for rows, entries in support.pieces(PIECE):  # a candidate is looked up by several numbers an entry
            mask = self.candidates.mask_at(rows, support.cols[entries])
            parts.append(self._add(log_mass[entries], self.log_uniform[rows], mask))
        return torch.cat(parts) if parts else log_mass

    def _add(self, log_mass: Tensor, uniform: Tensor, mask: Tensor | None) -> Tensor:
        uniform = uniform.to(log_mass).expand_as(log_mass)
        if mask is not None:
            uniform = uniform.masked_fill(mask, NEG)
        return log_sum_exp(torch.stack([log_mass + self.log_keep.to(log_mass), uniform], -1))
