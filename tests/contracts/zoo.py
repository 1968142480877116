"""What the contract tests run over: every distribution and wrapper form with points that suit it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from iconlearn import bandwidth, distributions
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity, Spread
from iconlearn.conditional import Conditional
from iconlearn.distributions import (
    KNN,
    Augmentation,
    Context,
    CrossModal,
    DataLabel,
    DegreeSoftmax,
    Distribution,
    Gaussian,
    Graph,
    Harmonic,
    Identity,
    Label,
    LabelKNN,
    MarginGaussian,
    StudentT,
    UniformCluster,
)
from iconlearn.divergences import DIVERGENCES, Divergence, alpha
from iconlearn.engines import Dense, Tiled
from iconlearn.points import Points

N, SAMPLES, CLASSES = 12, 6, 5
VIEW = [0] * SAMPLES + [1] * SAMPLES
ID = [*range(SAMPLES)] * 2
LABEL = [0, 0, 1, 1, 2, -1, 0, 1, 1, 0, 3, -1]  # classes 2 and 3 are met once, two points are unlabelled
TOKENS = [[0, 0, 1], [1, 2, -1], [-1, -1, -1], [4, 4, 4], [3, -1, 0], [2, 1, 0]] * 2  # row 2 has no token
NAMESPACE = {**vars(distributions), **vars(bandwidth)}
ENGINES = {"dense": Dense, "tiled": lambda kernel, i, j: Tiled(kernel, i, j, block=5)}


def manhattan(x: Tensor, y: Tensor) -> Tensor:
    """A metric of the user's own."""
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).abs().sum(-1)


NAMESPACE["manhattan"] = manhattan


def weights() -> np.ndarray:
    """Directed weights between six samples; sample 2 has no edge out, but edges in."""
    W = np.random.default_rng(5).uniform(0.2, 1.0, (SAMPLES, SAMPLES)) * (
        np.arange(36).reshape(6, 6) % 3 != 0
    )
    W[2] = 0
    return W


@dataclass(frozen=True)
class Form:
    """A way to write a distribution, with the points that it compares."""

    name: str
    make: Callable[[str], Distribution]  # from normalize=
    norms: tuple[str, ...] = ("row", "joint")
    columns: str = "same"  # or "prototypes"
    simplex: bool = False  # the values are probabilities
    smooth: bool = False  # the mass is a smooth function of the values
    rebuilds: bool = True  # repr is code

    @property
    def registered(self) -> str:
        return self.name.split(" ")[0]


def form(name: str, make: Callable[..., Distribution], **traits: object) -> Form:
    """A form whose constructor takes normalize=."""
    return Form(name, lambda normalize: make(normalize=normalize), **traits)  # type: ignore[arg-type]


ROW, JOINT = ("row",), ("joint",)
KERNELS = [
    form("Gaussian", lambda **o: Gaussian(0.8, **o), smooth=True),
    form("Gaussian cos", lambda **o: Gaussian(0.7071, "cos", **o), smooth=True),
    form("Gaussian dot all", lambda **o: Gaussian(1.25, "dot", pairs="all", **o), smooth=True),
    form("Gaussian cross_view", lambda **o: Gaussian(pairs="cross_view", **o), smooth=True),
    form("Gaussian own metric", lambda **o: Gaussian(1 / 3, manhattan, **o), smooth=True),
    form("Gaussian learnable", lambda **o: Gaussian(Learnable(0.5123456789), **o), smooth=True),
    form("Gaussian sparse perplexity", lambda **o: Gaussian(Perplexity(3.00000012), **o)),
    form("Gaussian perplexity", lambda **o: Gaussian(Perplexity(4, kept=None), **o)),
    form("Gaussian kth", lambda **o: Gaussian(KthNeighbor(3), **o)),
    form("StudentT", lambda **o: StudentT(2.5, 0.7, **o), smooth=True),
    form("StudentT inf", lambda **o: StudentT(math.inf, Learnable(0.5), pairs="all", **o), smooth=True),
    form("StudentT kth", lambda **o: StudentT(2, KthNeighbor(3), **o)),
    form("StudentT spread", lambda **o: StudentT(1, Spread(0.4), **o)),
    form("MarginGaussian", lambda **o: MarginGaussian(0.8, 0.6, **o), smooth=True),
    form(
        "MarginGaussian label", lambda **o: MarginGaussian(0.7, 0.5, "label", "euclidean", **o), smooth=True
    ),
    form("MarginGaussian semi-hard", lambda **o: MarginGaussian(0.8, 0.6, negatives="semi-hard", **o)),
    form(
        "MarginGaussian semi-hard label",
        lambda **o: MarginGaussian(0.7, 0.5, "label", "euclidean", negatives="semi-hard", **o),
    ),
    form("Harmonic", lambda **o: Harmonic(1.5, **o), smooth=True),
    form("UniformCluster", lambda **o: UniformCluster(**o), smooth=True),
    form("UniformCluster distinct", lambda **o: UniformCluster(pairs="distinct", **o), smooth=True),
    form("UniformCluster weight", lambda **o: UniformCluster(weight="degree", **o), smooth=True),
    form(
        "UniformCluster simplex", lambda **o: UniformCluster("probabilities", **o), simplex=True, smooth=True
    ),
    form("UniformCluster prototypes", lambda **o: UniformCluster(**o), columns="prototypes", smooth=True),
]
GRAPHS = [
    form("KNN", lambda **o: KNN(3, **o)),
    form("KNN all", lambda **o: KNN(2, "cos", pairs="all", **o)),
    form("Graph", lambda **o: Graph(weights(), **o), rebuilds=False),
    form("DegreeSoftmax", lambda **o: DegreeSoftmax(weights() + weights().T, 0.1, **o), rebuilds=False),
    form("Identity", lambda **o: Identity(**o)),
    form("Label", lambda **o: Label(**o)),
    form("LabelKNN", lambda **o: LabelKNN(2, **o)),
    form("LabelKNN all", lambda **o: LabelKNN(3, "cos", pairs="all", **o)),
    form("Label all", lambda **o: Label(pairs="all", **o)),
    form("Augmentation", lambda **o: Augmentation(2, **o)),
    form("Augmentation cross_view", lambda **o: Augmentation(pairs="cross_view", **o)),
    form("CrossModal", lambda **o: CrossModal(**o)),
    form("DataLabel", lambda **o: DataLabel(**o), columns="prototypes"),
    form("Context", lambda **o: Context(**o), columns="prototypes"),
]
WRAPPED = [
    form("debias", lambda **o: Gaussian(0.8, **o).debias(0.123456789), smooth=True),
    form("debias sparse", lambda **o: KNN(3, **o).debias(0.4)),
    form("debias empty rows", lambda **o: Label(**o).debias(0.4)),
    form("debias graph", lambda **o: Graph(weights(), **o).debias(0.4), rebuilds=False),
    form("debias debias", lambda **o: Label(**o).debias(0.3).debias(0.2)),
    form("debias prototypes", lambda **o: DataLabel(**o).debias(0.1), columns="prototypes"),
    form("debias all", lambda **o: KNN(3, **o).debias(1)),
    form("debias cluster", lambda **o: UniformCluster(**o).debias(0.4), smooth=True),
    form("propagate", lambda **o: KNN(3, **o).propagate(2), norms=ROW),
    form("propagate uniform", lambda **o: KNN(2, **o).propagate(2, uniform=True), norms=ROW),
    form("propagate empty rows", lambda **o: Label(**o).propagate(3), norms=ROW),
    form("propagate dense", lambda **o: Gaussian(0.8, **o).propagate(2), norms=ROW, smooth=True),
    form("propagate debias", lambda **o: KNN(2, **o).debias(0.1).propagate(2), norms=ROW),
    form("symmetrize", lambda **o: KNN(3).symmetrize(), norms=JOINT),
    form("symmetrize joint", lambda **o: Gaussian(0.8, normalize="joint").symmetrize(), norms=JOINT),
    form("symmetrize graph", lambda **o: Graph(weights()).symmetrize(), norms=JOINT, rebuilds=False),
    form("symmetrize perplexity", lambda **o: Gaussian(Perplexity(3)).symmetrize(), norms=JOINT),
    form("symmetrize dense", lambda **o: StudentT().symmetrize(), norms=JOINT, smooth=True),
    form("symmetrize debias", lambda **o: Label().debias(0.4).symmetrize(), norms=JOINT),
    form(
        "symmetrize graph debias",
        lambda **o: Graph(weights()).debias(0.4).symmetrize(),
        norms=JOINT,
        rebuilds=False,
    ),
    form("debias symmetrize", lambda **o: KNN(3).symmetrize().debias(0.3), norms=JOINT),
    form("nearest", lambda **o: StudentT(**o).nearest(4), smooth=True),
    form("nearest sparse", lambda **o: KNN(5, **o).nearest(9)),
    form("nearest debias", lambda **o: KNN(3, **o).debias(0.2).nearest(3)),
    form("on", lambda **o: Gaussian(0.8, "cos", **o).on("caption")),
    form("on propagate", lambda **o: KNN(3, **o).on("caption").propagate(2).debias(0.5), norms=ROW),
    form("temper", lambda **o: StudentT(**o).temper(1.23456789), smooth=True),
    form("temper learnable", lambda **o: Gaussian(Learnable(0.5), **o).debias(0.1).temper(2), smooth=True),
    form("temper cluster", lambda **o: UniformCluster(**o).temper(2), smooth=True),
    form("temper label", lambda **o: Label(**o).temper(2)),
    form("mixture", lambda **o: 0.7 * KNN(3, **o) + 0.3 * Label(**o)),
    form("mixture dense", lambda **o: 1 * Gaussian(0.8, **o) + 2 * StudentT(**o), smooth=True),
    form("mixture of kinds", lambda **o: 1 / 3 * Label(**o) + 0.7 * Gaussian(0.8, **o), smooth=True),
    form(
        "mixture of pairs",
        lambda **o: 0.5 * Augmentation(**o) + 0.5 * Gaussian(0.8, pairs="all", **o),
        smooth=True,
    ),
    form(
        "mixture of pairs sparse",
        lambda **o: 0.5 * Label(pairs="all", **o) + 0.5 * StudentT(**o),
        smooth=True,
    ),
    form("mixture of pairs debias", lambda **o: (0.5 * KNN(2, **o) + 0.5 * Identity(**o)).debias(0.2)),
    form(
        "mixture of mixture",
        lambda **o: 0.5 * (0.3 * KNN(2, **o) + 0.7 * Label(**o)) + 0.5 * Augmentation(**o),
    ),
    form("mixture of debias", lambda **o: 0.5 * KNN(2, **o) + 0.5 * Label(**o).debias(0.2)),
    form("mixture symmetrize", lambda **o: (0.7 * KNN(3) + 0.3 * Label()).symmetrize(), norms=JOINT),
]
FORMS = [*KERNELS, *GRAPHS, *WRAPPED]
CASES = [(f, norm) for f in FORMS for norm in f.norms]
SMOOTH = [(f, norm) for f, norm in CASES if f.smooth]
ALL_DIVERGENCES: dict[str, Divergence] = {
    **DIVERGENCES,
    **{d.name: d for d in map(alpha, (0.5, 2.0, -1.0))},
    **{
        d.reversed().name: d.reversed()
        for d in [DIVERGENCES["chi2"], DIVERGENCES["js"], alpha(0.3), alpha(2.0)]
    },
}


def name_of(value: object) -> str | None:
    return value.name if isinstance(value, Form) else None


def cases(which: list[tuple[Form, str]]) -> dict[str, object]:
    """Arguments of ``pytest.mark.parametrize`` for (form, norm)."""
    return {
        "argnames": ("form", "norm"),
        "argvalues": which,
        "ids": [f"{f.name}-{norm}" for f, norm in which],
    }


def values(form: Form, seed: int, n: int = N, dtype: torch.dtype = torch.float64) -> Tensor:
    """Values that suit a form."""
    x = torch.randn(n, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (x.softmax(-1) if form.simplex else x).to(dtype)


def points(value: Tensor) -> Points:
    """Two views of six samples with labels and fields."""
    rng = np.random.default_rng(9)
    return Points.of(
        value,
        id=torch.tensor(ID),
        view=torch.tensor(VIEW),
        label=torch.tensor(LABEL),
        fields={
            "caption": torch.from_numpy(rng.normal(size=(N, 4))).to(value.dtype),
            "degree": torch.from_numpy(rng.uniform(1, 3, size=(N, 1))).to(value.dtype),
            "tokens": torch.tensor(TOKENS),
        },
    )


def prototypes(value: Tensor) -> Points:
    """Five classes or tokens."""
    codes = torch.arange(len(value))
    return Points.of(value, id=codes, view=torch.full_like(codes, -1), label=codes)


def sides(form: Form, seed: int, value: Tensor | None = None) -> tuple[Points, Points]:
    """Rows and columns for a form."""
    rows = points(values(form, seed) if value is None else value)
    return rows, prototypes(values(form, seed + 100, CLASSES)) if form.columns == "prototypes" else rows


def matrix(conditional: Conditional) -> np.ndarray:
    """All masses, (n, m)."""
    return conditional.block(None).detach().exp().numpy()


# Divergences as one-dimensional sums, written from their textbook definitions.


def plogp(p: np.ndarray, q: np.ndarray) -> float:
    """sum p log(p / q) with 0 log 0 = 0."""
    p, q = p[p > 0], q[p > 0]
    return math.inf if (q == 0).any() else float((p * np.log(p / q)).sum())


def power(p: np.ndarray, q: np.ndarray, a: float) -> float:
    """(sum p^a q^(1-a) - a sum p - (1-a) sum q) / (a (a-1))."""
    if (a > 1 and ((q == 0) & (p > 0)).any()) or (a < 0 and ((p == 0) & (q > 0)).any()):
        return math.inf
    both = (p > 0) & (q > 0)
    mixed = (p[both] ** a * q[both] ** (1 - a)).sum()
    return float((mixed - a * p.sum() - (1 - a) * q.sum()) / (a * (a - 1)))


NAIVE: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "kl": plogp,
    "reverse_kl": lambda p, q: plogp(q, p),
    "jeffreys": lambda p, q: plogp(p, q) + plogp(q, p),
    "js": lambda p, q: (plogp(p, (p + q) / 2) + plogp(q, (p + q) / 2)) / 2,
    "reverse_js": lambda p, q: (plogp(p, (p + q) / 2) + plogp(q, (p + q) / 2)) / 2,
    "tv": lambda p, q: float(np.abs(p - q).sum() / 2),
    "hellinger": lambda p, q: float(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2),
    "chi2": lambda p, q: 2 * power(p, q, 2.0),
    "reverse_chi2": lambda p, q: 2 * power(q, p, 2.0),
    "alpha(0.5)": lambda p, q: power(p, q, 0.5),
    "alpha(2)": lambda p, q: power(p, q, 2.0),
    "alpha(-1)": lambda p, q: power(p, q, -1.0),
    "reverse_alpha(2)": lambda p, q: power(q, p, 2.0),
    "reverse_alpha(0.3)": lambda p, q: power(q, p, 0.3),
}


def naive_loss(name: str, P: np.ndarray, Q: np.ndarray, norm: str) -> float:
    """Mean over the rows with target mass of their divergence, or one divergence over all pairs."""
    if norm == "joint":
        return NAIVE[name](P.ravel(), Q.ravel())
    rows = [NAIVE[name](p, q) for p, q in zip(P, Q, strict=True) if p.sum() > 0]
    return sum(rows) / len(rows)
