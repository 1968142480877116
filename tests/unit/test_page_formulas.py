"""Formulas of the pages: each is understood, and equals what the library computes."""

from __future__ import annotations

import math
import re

import pytest
import torch

from iconlearn import (
    DIVERGENCES,
    KNN,
    METHODS,
    Gaussian,
    Harmonic,
    KthNeighbor,
    Label,
    Perplexity,
    StudentT,
)
from iconlearn.distributions import DISTRIBUTIONS, wrappers
from iconlearn.divergences import as_divergence
from iconlearn.engines import Dense
from iconlearn.mappers import MAPPERS
from iconlearn.pages import equation
from iconlearn.pages.equation import COLUMNS, COSTS, cost, side
from iconlearn.pages.equation import MAPPERS as MAPPED
from iconlearn.pages.kernels import FORMULAS
from iconlearn.points import Points
from iconlearn.recipes import Recipe, embedding


def every_formula():
    """Formulas of all rows and divergences."""
    for row in METHODS.values():
        yield from equation(row.recipe()).lines
    for name in (*DIVERGENCES, "reverse_chi2", "alpha(0.5)", "reverse_alpha(3)"):
        yield cost(as_divergence(name), "p", "q")


def test_every_formula_is_understood_by_mathtext():
    from matplotlib.mathtext import MathTextParser

    parser, seen = MathTextParser("agg"), set(every_formula())
    assert len(seen) > 60
    for line in seen:
        parser.parse(f"${line}$")


def test_every_class_of_the_library_has_a_formula():
    kinds = {*DISTRIBUTIONS.values(), *(k for k in vars(wrappers).values() if isinstance(k, type))}
    told = {k for k in kinds if issubclass(k, tuple(FORMULAS)) or k in FORMULAS}
    assert set(DISTRIBUTIONS.values()) <= set(FORMULAS)
    assert {wrappers.Debiased, wrappers.Symmetrized, wrappers.Propagated, wrappers.On} <= told
    assert {wrappers.Nearest, wrappers.Tempered, wrappers.Mixture} <= set(FORMULAS)
    assert set(MAPPERS.values()) <= {*MAPPED, *COLUMNS}
    assert set(DIVERGENCES) == set(COSTS)


def evaluated(tex: str, **values: torch.Tensor) -> torch.Tensor:
    """A formula of fractions, roots, logarithms and powers, as numbers."""
    tex = re.sub(r"\\left|\\right|\\,", "", tex).replace(r"\infty", "inf")
    tex = re.sub(r"\^\{([^{}]*)\}", r"**(\1)", tex).replace("^", "**")
    for _ in range(tex.count(r"\frac")):
        tex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"((\1)/(\2))", tex)
    tex = re.sub(r"\\sqrt\{([^{}]*)\}", r"sqrt(\1)", tex)
    tex = re.sub(r"\| (.*?) \|", r"abs(\1)", tex)
    tex = tex.replace("\\", "")
    tex = re.sub(r"(?<=[\w)])\s+(?=[\w(])", "*", tex)
    names = {"log": torch.log, "exp": torch.exp, "sqrt": torch.sqrt, "abs": torch.abs}
    return eval(tex, {"__builtins__": {}}, {**names, **values})


@pytest.mark.parametrize(
    "name", [*DIVERGENCES, "reverse_chi2", "alpha(0.5)", "alpha(2.5)", "reverse_alpha(3)"]
)
def test_formulas_of_divergences_are_true(name):
    p, q = torch.rand(2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).softmax(-1)
    divergence = as_divergence(name)
    tex = cost(divergence, "P", "Q")
    assert tex is not None
    ours = divergence.integrand(p.log(), q.log())
    assert torch.allclose(evaluated(tex, P=p, Q=q), ours, atol=1e-12)


@pytest.mark.parametrize(
    "dist",
    [
        Gaussian(),
        Gaussian(0.5**0.5),
        Gaussian(2.0, normalize="joint"),
        Gaussian(0.7, metric="cos"),
        Gaussian(0.4, metric="dot"),
        Gaussian(2.0).temper(4.0),
        StudentT(),
        StudentT(3.0, 2.0),
        StudentT(math.inf, 2.0),
        StudentT(2.0, metric="cos", pairs="all"),
        Harmonic(2.5),
        Harmonic(2.0, metric="cos"),
    ],
    ids=repr,
)
def test_formulas_of_kernels_are_true(dist):
    x = torch.randn(7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    points = Points(value=x, id=torch.arange(7), view=torch.zeros(7, dtype=torch.long))
    ours = dist(points, points, Dense).block(None).exp()
    scribe = side(dist, "p")
    unit = x / x.norm(dim=1, keepdim=True)
    values = {"D": (x[:, None] - x).square().sum(-1), "C": unit @ unit.mT, "S": x @ x.mT}
    told = torch.ones(7, 7, dtype=torch.float64)
    for line in reversed(scribe.lines):  # a part comes after what is made of it
        tex = line.split(r" \propto ")[1]
        tex = tex.replace(r"\Vert x_i - x_j \Vert^2", "D").replace(r"\cos(x_i, x_j)", "C")
        tex = tex.replace(r"x_i \cdot x_j", "S").replace(r"\Vert x_i - x_j \Vert", "sqrt(D)")
        tex = re.sub(r"p_1\(j\|i\)", "B", tex)
        told = evaluated(tex, **values, B=told)
    if dist.pairs == "distinct":
        told = told.masked_fill(torch.eye(7, dtype=torch.bool), 0.0)
    told = told / (told.sum() if dist.normalize == "joint" else told.sum(1, keepdim=True))
    assert torch.allclose(told, ours, rtol=1e-3)  # the numbers of a formula have four digits


def test_wrappers_are_composed():
    told = equation(Recipe((KNN(10).propagate(2)).debias(0.1), StudentT(), embedding(2)))
    assert told.lines[1:4] == (
        r"p(j|i) = 0.9\, p_1(j|i) + \frac{0.1}{N_i}",
        r"p_1(j|i) \propto \sum_{t=1}^{2} [P_2^t]_{ij}",
        r"p_2(j|i) = \frac{1}{10} \mathbf{1}[j \in N_{10}(i)]",
    )
    mixed = side((0.6 * KNN(3) + 0.2 * Label()).symmetrize(), "p").lines
    assert mixed[0] == r"p_{ij} = \frac{p_1(j|i) + p_1(i|j)}{2n}"
    assert mixed[1] == r"p_1(j|i) = 0.75\, p_2(j|i) + 0.25\, p_3(j|i)"
    assert side(Label().debias(0.0), "p").lines == side(Label(), "p").lines
    assert side(Label().debias(1.0), "p").lines == [r"p(j|i) = \frac{1}{N_i}"]
    assert side(KNN(2).on("caption"), "p").notes[0] == "$u_i$ is the caption of $i$."


def test_widths_are_explained():
    assert "perplexity of $12$" in side(Gaussian(Perplexity(12)), "p").notes[0]
    assert "neighbour number $4$" in side(StudentT(width=KthNeighbor(4)), "p").notes[0]


class Steeper(Gaussian):
    """A Gaussian with something else in it.

    More words.
    """

    def log_score(self, i, j):
        return 2 * super().log_score(i, j)


def test_a_distribution_of_the_users_is_told_by_its_code():
    told = side(Steeper(3.0), "q", "z")
    assert told.lines == [r"q(j|i) = \mathrm{Steeper}(z_i, z_j)"]
    assert "`Steeper(sigma=3)`" in told.notes[0]
    assert "something else in it" in told.notes[0]
    assert "More" not in told.notes[0]
