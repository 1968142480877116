"""Which pairs of conditionals a divergence is not defined for, and the sentences that say so."""

from __future__ import annotations

import math
from typing import Protocol

from torch import Tensor

from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional


class Costs(Protocol):
    """What a refusal needs to know of a divergence."""

    @property
    def name(self) -> str: ...
    @property
    def at_zero(self) -> float: ...
    @property
    def at_infinity(self) -> float: ...
    @property
    def splits(self) -> bool: ...


def refuse(divergence: Costs, p: Conditional, q: Conditional) -> None:
    """Raise if D(p || q) is infinite or undefined by construction.

    Raises
    ------
    InputError
        If p and q cover different pairs.
    OptionError
        If they are normalised differently, one is a limit where a probability is needed, or one has mass
        where the other has none and the divergence makes that infinite.
    """
    if p.normalize != q.normalize:
        fix = (
            "target_dist.symmetrize()"
            if q.normalize == "joint"
            else "learned_dist(normalize='joint'), or leave out .symmetrize()"
        )
        raise OptionError(
            f"target_dist is {p.normalize}-normalised but learned_dist is {q.normalize}-normalised; try {fix}"
        )
    if (p.n, p.m) != (q.n, q.m):
        raise InputError(f"target_dist covers {p.n} x {p.m} pairs but learned_dist {q.n} x {q.m}")
    if p.improper:
        raise OptionError(
            "target_dist has sigma=0 or inf, or running sizes, or is ClusterAgreement, VarianceCovariance or DCL, and "
            "is no probability; use KNN(1) for sigma=0, UniformCluster() for clusters, Augmentation() for DCL, or a "
            "finite sigma"
        )
    if q.improper and not divergence.splits:
        raise OptionError(
            f"divergence={divergence.name!r} needs probabilities, but learned_dist is none: a limit (sigma = "
            "0 or inf), running sizes, ClusterAgreement, VarianceCovariance or DCL; use divergence='kl', or a finite "
            "sigma or sizes='batch'"
        )
    wide = beyond(divergence, p, q)
    if wide is not None and wide.full_support:
        raise mismatch(divergence, wide, p, q)
    if math.isinf(divergence.at_zero) and not p.full_support and q.full_support:
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where the target has no mass, and this target is "
            "sparse; give it mass everywhere with target_dist.debias(0.1), or use 'kl', 'js', 'tv' or "
            "'hellinger'"
        )
    if math.isinf(divergence.at_infinity) and p.full_support and not q.full_support:
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where learned_dist has no mass, and it is sparse "
            "while the target is not; give it mass everywhere with learned_dist.debias(0.1), or use "
            "'js', 'tv' or 'hellinger'"
        )
    if p.normalize == "joint" and math.isinf(divergence.at_zero) and bool((p.empty & ~q.empty).any()):
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where the target has no mass, and "
            f"{int((p.empty & ~q.empty).sum())} rows of this joint target are empty; use normalize='row', which "
            "leaves them out, or 'kl', 'js', 'tv' or 'hellinger'"
        )
    if math.isinf(divergence.at_infinity) and bool((q.empty & ~p.empty).any()):
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where learned_dist has no mass, and "
            f"{int((q.empty & ~p.empty).sum())} of its rows are empty where the target's are not; use a "
            "learned_dist with mass in every row, or 'js', 'tv' or 'hellinger'"
        )


def refuse_infinite(divergence: Costs, p: Conditional, q: Conditional, loss: Tensor) -> None:
    """Raise if the loss came out infinite because p or q is sparse: where they end, only their entries tell.

    Raises
    ------
    OptionError
        If the loss is infinite though no number in it overflowed.
    """
    if (p.full_support and q.full_support) or not bool(loss.detach().isinf()):
        return
    if p.full_support or q.full_support:
        wide = beyond(divergence, p, q)
        if wide is not None:
            raise mismatch(divergence, wide, p, q)
        return
    costs = {"learned_dist": divergence.at_infinity, "target_dist": divergence.at_zero}
    ends = [name for name, cost in costs.items() if math.isinf(cost)]
    if ends:
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where {' or '.join(ends)} has no mass but the other "
            "side has; both are sparse and differ in where they have it; give mass everywhere with "
            f"{' and '.join(f'{name}.debias(0.1)' for name in ends)}, or use 'js', 'tv' or 'hellinger'"
        )


def beyond(divergence: Costs, p: Conditional, q: Conditional) -> Conditional | None:
    """The one whose candidates go beyond those of the other, where mass there would cost infinitely much."""
    width = ("cross_view", "distinct", "all").index
    if not p.square or p.pairs == q.pairs:
        return None
    wide, cost = (p, divergence.at_infinity) if width(p.pairs) > width(q.pairs) else (q, divergence.at_zero)
    return wide if math.isinf(cost) else None


def mismatch(divergence: Costs, wide: Conditional, p: Conditional, q: Conditional) -> OptionError:
    """The refusal of mass on candidates that only one side has."""
    one, other, narrow = ("the target", "learned_dist", q) if wide is p else ("learned_dist", "the target", p)
    return OptionError(
        f"divergence={divergence.name!r} is infinite where only {one} has mass: its candidates are "
        f"pairs={wide.pairs!r}, those of {other} pairs={narrow.pairs!r}; give both the same pairs="
    )
