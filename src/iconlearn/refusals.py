"""Which pairs of conditionals a divergence is not defined for, and the sentences that say so."""

from __future__ import annotations

import math
from typing import Protocol

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
    if p.limit:
        raise OptionError(
            "target_dist has sigma=0 or inf, a limit that is no longer a probability; as a target use "
            "KNN(1) for sigma=0, or a finite sigma"
        )
    if q.limit and not divergence.splits:
        raise OptionError(
            f"divergence={divergence.name!r} needs probabilities, but learned_dist is a limit (sigma = 0 or "
            "inf); use divergence='kl' or a finite sigma"
        )
    strict = ("cross_view", "distinct", "all").index
    if p.square and math.isinf(divergence.at_infinity) and strict(p.pairs) > strict(q.pairs):
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where only the target has mass: its candidates are "
            f"pairs={p.pairs!r}, those of learned_dist pairs={q.pairs!r}; give both the same pairs="
        )
    if p.square and math.isinf(divergence.at_zero) and strict(q.pairs) > strict(p.pairs):
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where only learned_dist has mass: its candidates are "
            f"pairs={q.pairs!r}, those of the target pairs={p.pairs!r}; give both the same pairs="
        )
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
    if p.normalize == "joint" and math.isinf(divergence.at_zero) and q.full_support and bool(p.empty.any()):
        raise OptionError(
            f"divergence={divergence.name!r} is infinite where the target has no mass, and "
            f"{int(p.empty.sum())} rows of this joint target are empty; use normalize='row', which leaves "
            "them out, or 'kl', 'js', 'tv' or 'hellinger'"
        )
