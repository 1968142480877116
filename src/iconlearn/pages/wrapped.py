"""Formulas of wrappers: that of the base under a symbol of its own, and one line more."""

from __future__ import annotations

from iconlearn.distributions import (
    Debiased,
    Distribution,
    Mixture,
    Nearest,
    On,
    Propagated,
    Symmetrized,
    Tempered,
)
from iconlearn.pages.kernels import formula_of, tell
from iconlearn.pages.scribe import Scribe, mass, number, times


@formula_of(Debiased)
def debiased(dist: Debiased, scribe: Scribe, symbol: str) -> None:
    if dist.alpha == 0:
        tell(dist.base, scribe, symbol)
        return
    joint = dist.normalize == "joint"
    count = "N" if joint else "N_i"
    left, floor = mass(symbol, dist.normalize), rf"\frac{{{number(dist.alpha)}}}{{{count}}}"
    scribe.note(f"${count}$ is the number of candidate {'pairs' if joint else 'columns of row $i$'}.")
    if dist.alpha == 1:
        scribe.say(rf"{left} = {floor}")
        return
    base = scribe.part(symbol)
    scribe.say(rf"{left} = {times(1 - dist.alpha, mass(base, dist.base.normalize))} + {floor}")
    tell(dist.base, scribe, base)


@formula_of(Symmetrized)
def symmetrized(dist: Symmetrized, scribe: Scribe, symbol: str) -> None:
    base, kind = scribe.part(symbol), dist.base.normalize
    both = f"{mass(base, kind)} + {mass(base, kind, 'j', 'i')}"
    scribe.say(rf"{mass(symbol, 'joint')} = \frac{{{both}}}{{{'2n' if kind == 'row' else '2'}}}")
    tell(dist.base, scribe, base)


@formula_of(Propagated)
def propagated(dist: Propagated, scribe: Scribe, symbol: str) -> None:
    base = scribe.part(symbol)
    matrix = base[0].upper() + base[1:]
    walks = rf"\sum_{{t=1}}^{{{dist.steps}}} [{matrix}^t]_{{ij}}" if dist.steps > 1 else f"[{matrix}]_{{ij}}"
    inside = rf"\mathbf{{1}}\left[ {walks} > 0 \right]" if dist.uniform else walks
    scribe.say(rf"{mass(symbol, dist.normalize)} \propto {inside}")
    scribe.note(f"${matrix}$ is the matrix of all ${mass(base, 'row')}$: its powers are random walks.")
    tell(dist.base, scribe, base)


@formula_of(Nearest)
def nearest(dist: Nearest, scribe: Scribe, symbol: str) -> None:
    base = scribe.part(symbol)
    best = rf"\mathbf{{1}}[j \in T_{{{dist.k}}}(i)]"
    scribe.say(rf"{mass(symbol, dist.normalize)} \propto {mass(base, dist.base.normalize)}\, {best}")
    scribe.note(f"$T_{{{dist.k}}}(i)$ holds the {dist.k} most probable columns of row $i$.")
    tell(dist.base, scribe, base)


@formula_of(Tempered)
def tempered(dist: Tempered, scribe: Scribe, symbol: str) -> None:
    base, power = scribe.part(symbol), number(1 / dist.temperature)
    scribe.say(rf"{mass(symbol, dist.normalize)} \propto {mass(base, dist.base.normalize)}^{{{power}}}")
    tell(dist.base, scribe, base)
    if scribe.limit:  # of a limit the scores themselves are divided
        scribe.note(f"All scores are divided by ${number(dist.temperature)}$.")


@formula_of(On)
def on(dist: On, scribe: Scribe, symbol: str) -> None:
    row, column = scribe.row, scribe.column
    scribe.row = scribe.column = "u"
    scribe.note(f"${scribe.i}$ is the {dist.field} of $i$.")
    tell(dist.base, scribe, symbol)
    scribe.row, scribe.column = row, column


@formula_of(Mixture)
def mixture(dist: Mixture, scribe: Scribe, symbol: str) -> None:
    total, terms = sum(dist.weights), dist.terms()
    parts: list[tuple[Distribution, str]] = [(part, scribe.part(symbol)) for part in terms]
    weighted = [
        times(w / total, mass(name, part.normalize))
        for w, (part, name) in zip(dist.weights, parts, strict=True)
    ]
    scribe.say(f"{mass(symbol, dist.normalize)} = {' + '.join(weighted)}")
    for part, name in parts:
        tell(part, scribe, name)
