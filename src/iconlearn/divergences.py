r"""Divergences as data: an f-divergence is an integrand and two limits.

.. math:: D_f(p \| q) = \sum_j q_j\, f(p_j / q_j)

For normalised p and q only the support of p and the partition of q are needed, because

.. math:: D_f = \sum_{p_j > 0} q_j f(p_j / q_j) + f(0)\,\Bigl(1 - \sum_{p_j > 0} q_j\Bigr),

so a sparse target costs O(n k) and one partition for every divergence with finite f(0).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from iconlearn._checks import check_choice, check_number, nearest_name
from iconlearn._describe import show
from iconlearn._errors import OptionError
from iconlearn._numerics import NEG, recompute
from iconlearn.conditional import Candidates, Conditional, Floor, KernelConditional
from iconlearn.edges import Edges
from iconlearn.refusals import refuse
from iconlearn.support import Support

LOG2 = math.log(2.0)


@dataclass(frozen=True)
class Divergence:
    r"""D_f(p || q), given by log masses.

    Parameters
    ----------
    name : str
    formula : str
        For people.
    integrand : callable (log p, log q) -> q f(p / q)
        Elementwise, finite for finite arguments.
    at_zero : float
        f(0): what each unit of q costs where p has no mass.
    at_infinity : float
        lim f(t) / t: what each unit of p costs where q has no mass.
    splits : bool
        True for KL: -H(p) plus a cross entropy that is linear in p. Limits of kernels and closed forms for
        a uniform floor need it.

    Examples
    --------
    >>> DIVERGENCES["kl"].reversed().name
    'reverse_kl'
    """

    name: str
    formula: str
    integrand: Callable[[Tensor, Tensor], Tensor]
    at_zero: float
    at_infinity: float
    splits: bool = False

    @property
    def unbounded(self) -> bool:
        """May it grow without end where one of p and q is small, other than as KL, whose gradient stays bounded?"""
        return not self.splits and math.isinf(max(self.at_zero, self.at_infinity))

    def reversed(self) -> Divergence:
        """D(q || p) as a divergence of (p, q)."""
        if isinstance(self.integrand, Swapped):
            return self.integrand.of
        name, formula = f"reverse_{self.name}", f"reverse of {self.formula}"
        return Divergence(name, formula, Swapped(self), self.at_infinity, self.at_zero)

    def __call__(self, p: Conditional, q: Conditional) -> Tensor:
        """sum_i w_i D(p(.|i) || q(.|i)), or one D over all pairs when both are joint; a scalar."""
        weight = p.row_weight
        rows = self.rows(p, q)
        return (weight.to(rows) * rows).sum()

    def rows(self, p: Conditional, q: Conditional) -> Tensor:
        """Every row's share, (n,); only their sum has a meaning when p and q are joint.

        A row that p leaves empty has no share, unless p and q are joint: then it costs f(0) times its q.

        Raises
        ------
        OptionError
            If p and q are normalised differently, or the divergence is infinite or undefined for them.
        """
        refuse(self, p, q)
        support = p.support
        if support is None or math.isinf(self.at_zero) or (p.floor is not None and not self.splits):
            rows = self._streamed(p, q)
        else:
            rows = self._listed(p, q, support)
        return rows if p.normalize == "joint" and self.at_zero else rows.masked_fill(p.empty, 0.0)

    def _streamed(self, p: Conditional, q: Conditional) -> Tensor:
        """Every pair, a tile of rows at a time."""
        use = self._cross if q.improper else self.integrand

        def tile(rows: Tensor | None) -> Tensor:
            return self._sum(use, p.block(rows), q.block(rows))

        return over_tiles(tile, p, q)

    def _listed(self, p: Conditional, q: Conditional, support: Support) -> Tensor:
        """Only the pairs on p's support, and closed forms for the rest of the row."""
        whole = isinstance(q, KernelConditional) and q.full_support and q.pairs in ("all", p.pairs)
        if self.splits and whole and p.edges is not None:  # no mass of p is beyond q's candidates
            return self._linear(p, q, p.edges)  # type: ignore[arg-type]
        log_p, log_q = p.on(support), q.on(support)
        use = self._cross if q.improper else self.integrand
        inside = support.sum(self._terms(use, log_p, log_q))
        if p.floor is not None:
            return inside + self._outside_floor(p.floor, p, q, support, log_q)
        if not self.at_zero:
            return inside
        covered = support.sum(log_q.exp())
        total = (~q.empty).to(covered) if p.normalize == "row" else 1.0 / p.n
        return inside + self.at_zero * (total - covered)

    @staticmethod
    def _linear(p: Conditional, q: KernelConditional, edges: Edges) -> Tensor:
        """KL, which needs no more of q than sums that are linear in its scores."""
        constant = 0.0 if q.improper else edges.mass_log_mass
        if p.floor is None:
            return constant - q.expected(edges)
        # Outside of the support p is u, so u is taken from every mass and put back on all candidates.
        floor = p.floor
        log_u = floor.log_mass.to(edges.mass).masked_fill(p.empty, 0.0)
        everywhere = log_u.exp() * candidate_log_mass(floor.candidates, p, q)
        outside = (floor.candidates.count - edges.support.lengths).to(log_u) * log_u.exp() * log_u
        constant = constant if q.improper else constant + outside
        return constant - q.expected(p.above_floor) - everywhere

    @staticmethod
    def _outside_floor(
        floor: Floor, p: Conditional, q: Conditional, support: Support, log_q: Tensor
    ) -> Tensor:
        """sum over candidates outside the support of u (log u - log q), with u the floor of the row (KL)."""
        log_u = floor.log_mass.to(log_q).masked_fill(p.empty, 0.0)
        total = candidate_log_mass(floor.candidates, p, q)
        outside = total - support.sum(log_q.masked_fill(log_q == NEG, 0.0))
        if q.improper:
            return -log_u.exp() * outside
        count = (floor.candidates.count - support.lengths).to(log_q)
        return log_u.exp() * (count * log_u - outside)

    def _sum(self, use: Callable[[Tensor, Tensor], Tensor], log_p: Tensor, log_q: Tensor) -> Tensor:
        inside = self._terms(use, log_p, log_q).sum(-1)
        if not self.at_zero:
            return inside
        outside = log_q.masked_fill(log_p > NEG, NEG).exp().sum(-1)
        if math.isinf(self.at_zero):
            return inside.masked_fill(outside > 0, math.inf)
        return inside + self.at_zero * outside

    def _terms(self, use: Callable[[Tensor, Tensor], Tensor], log_p: Tensor, log_q: Tensor) -> Tensor:
        """q f(p / q) where p has mass, elementwise; 0 elsewhere; the limit where only q has none."""
        no_p, no_q = log_p.detach() == NEG, log_q.detach() == NEG
        terms = use(log_p.masked_fill(no_p, 0.0), log_q.masked_fill(no_q, 0.0))
        lost = no_q & ~no_p
        cost = self.at_infinity if math.isinf(self.at_infinity) else self.at_infinity * log_p.exp()
        return torch.where(lost, cost, terms).masked_fill(no_p, 0.0)

    @staticmethod
    def _cross(log_p: Tensor, log_q: Tensor) -> Tensor:
        """The cross entropy alone: what is left of KL in a limit, where H(p) has no rescaled form."""
        return -log_p.exp() * log_q


@dataclass(frozen=True)
class Swapped:
    """The integrand of D(q || p)."""

    of: Divergence

    def __call__(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return self.of.integrand(log_q, log_p)


def candidate_log_mass(candidates: Candidates, p: Conditional, q: Conditional) -> Tensor:
    """sum of log q over the candidate columns of every row, (n,)."""
    own, few = q.pairs == candidates.pairs, q.pairs == "all" and candidates.pairs == "distinct"
    total = q.log_total(candidates.count if own else q.m) if own or few else None
    if total is not None and own:
        return total
    if total is not None:
        rows, cols = candidates.excluded_pairs
        return total.index_add(0, rows, -q.at(rows, cols))

    def tile(rows: Tensor | None) -> Tensor:
        log_q, mask = q.block(rows), candidates.mask(rows, None)
        return (log_q if mask is None else log_q.masked_fill(mask, 0.0)).sum(-1)

    return over_tiles(tile, p, q)


def over_tiles(tile: Callable[[Tensor | None], Tensor], p: Conditional, q: Conditional) -> Tensor:
    """Evaluate a function of rows over row tiles that suit both conditionals, keeping no activations."""
    smaller = p if p.block_rows < q.block_rows else q
    tiles = smaller.tiles()
    if tiles[0] is None:
        return tile(None)
    return torch.cat([recompute(tile, rows) for rows in tiles])  # type: ignore[arg-type]


def entropy(p: Conditional) -> Tensor:
    """Row-weighted mean entropy of p in nats (of all pairs, when joint); a scalar."""
    if p.support is None or p.floor is not None:
        negative = over_tiles(lambda rows: _negative_entropy(p.block(rows)), p, p)
    else:
        log_p = p.at(p.support.rows, p.support.cols)
        negative = p.support.sum(log_p.exp() * log_p.masked_fill(log_p == NEG, 0.0))
    return -(p.row_weight.to(negative) * negative.masked_fill(p.empty, 0.0)).sum()


def _negative_entropy(log_p: Tensor) -> Tensor:
    finite = log_p > NEG
    return (log_p.exp() * log_p.masked_fill(~finite, 0.0)).sum(-1)


def _kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    return log_p.exp() * (log_p - log_q)


def _jeffreys(log_p: Tensor, log_q: Tensor) -> Tensor:
    return (log_p.exp() - log_q.exp()) * (log_p - log_q)


def _js(log_p: Tensor, log_q: Tensor) -> Tensor:
    log_m = torch.logaddexp(log_p, log_q) - LOG2
    return (log_p.exp() * (log_p - log_m) + log_q.exp() * (log_q - log_m)) / 2


def _tv(log_p: Tensor, log_q: Tensor) -> Tensor:
    return (log_p.exp() - log_q.exp()).abs() / 2


def _hellinger(log_p: Tensor, log_q: Tensor) -> Tensor:
    return ((log_p / 2).exp() - (log_q / 2).exp()).square() / 2


def _chi2(log_p: Tensor, log_q: Tensor) -> Tensor:
    return (2 * log_p - log_q).exp() - 2 * log_p.exp() + log_q.exp()


@dataclass(frozen=True)
class _Alpha:
    order: float

    def __call__(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        a = self.order
        mixed = (a * log_p + (1 - a) * log_q).exp()
        return (mixed - a * log_p.exp() - (1 - a) * log_q.exp()) / (a * (a - 1))


def alpha(order: float) -> Divergence:
    r"""The alpha-divergence :math:`\sum_j (p^a q^{1-a} - a p - (1 - a) q) / (a (a - 1))`.

    It tends to KL for a -> 1 and to reverse KL for a -> 0, is four times the squared Hellinger distance at
    a = 1/2 and half of chi2 at a = 2.

    Parameters
    ----------
    order : float
        a, other than 0 and 1.

    References
    ----------
    Amari, Differential-Geometrical Methods in Statistics, 1985.

    Examples
    --------
    >>> alpha(0.5).name
    'alpha(0.5)'
    """
    order = check_number("alpha", "order", order, low=-20, high=20)
    if order in (0.0, 1.0):
        raise OptionError(f"alpha: order={order:g} is the limit; use {'kl' if order else 'reverse_kl'!r}")
    return Divergence(
        f"alpha({show(order)})",
        f"sum (p^a q^(1-a) - a p - (1-a) q) / (a (a-1)), a = {show(order)}",
        _Alpha(order),
        at_zero=1 / order if order > 0 else math.inf,
        at_infinity=1 / (1 - order) if order < 1 else math.inf,
    )


KL = Divergence("kl", "sum p log(p/q)", _kl, 0.0, math.inf, splits=True)

DIVERGENCES: dict[str, Divergence] = {
    d.name: d
    for d in (
        KL,
        replace(KL.reversed(), formula="sum q log(q/p)"),
        Divergence("jeffreys", "sum (p - q) log(p/q)", _jeffreys, math.inf, math.inf),
        Divergence("js", "KL(p, m)/2 + KL(q, m)/2, m = (p + q)/2", _js, LOG2 / 2, LOG2 / 2),
        Divergence("tv", "sum |p - q| / 2", _tv, 0.5, 0.5),
        Divergence("hellinger", "sum (sqrt p - sqrt q)^2 / 2", _hellinger, 0.5, 0.5),
        Divergence("chi2", "sum (p - q)^2 / q", _chi2, 1.0, math.inf),
    )
}


def as_divergence(choice: str | Divergence, direction: str = "forward") -> Divergence:
    """The divergence behind an option: a name, ``alpha(a)``, a ``reverse_`` form, or an object."""
    check_choice("ICon", "direction", direction, ("forward", "reverse"))
    if isinstance(choice, Divergence):
        found = choice
    elif not isinstance(choice, str):
        raise OptionError(f"ICon: divergence={choice!r} must be a name or a Divergence")
    elif choice in DIVERGENCES:
        found = DIVERGENCES[choice]
    elif match := re.fullmatch(r"alpha\((-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)\)", choice):
        found = alpha(float(match.group(1)))
    elif choice.startswith("reverse_") and not choice.startswith("reverse_reverse_"):
        found = as_divergence(choice.removeprefix("reverse_")).reversed()
    else:
        names = ", ".join(map(repr, DIVERGENCES))
        raise OptionError(
            f"ICon: divergence={choice!r} is unknown; allowed: {names}, 'alpha(a)', or a 'reverse_' form"
            f"{nearest_name(choice, DIVERGENCES)}"
        )
    return found.reversed() if direction == "reverse" else found
