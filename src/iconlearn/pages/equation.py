"""The equation of one recipe: the divergence, p, q and the mapper as formulas."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from iconlearn.distributions import Distribution
from iconlearn.divergences import Divergence, as_divergence
from iconlearn.mappers import (
    CNN,
    MLP,
    Assignments,
    Embedding,
    Linear,
    Momentum,
    Orthonormal,
    PerView,
    Predicted,
    Pretrained,
    Prototypes,
    Queue,
    ResNet18,
    ResNet34,
    ResNet50,
    SoftmaxHead,
    Staged,
    TokenEncoder,
    ViT,
)
from iconlearn.pages import clusters, wrapped  # noqa: F401  (note their formulas)
from iconlearn.pages.kernels import tell
from iconlearn.pages.scribe import Scribe, mass, number
from iconlearn.recipes import SPECIMEN, Recipe, Shape

CANDIDATES = {
    "distinct": "all points but $i$ itself",
    "all": "all points, $i$ itself too",
    "cross_view": "the points of the other views",
}
# What a pair costs, with P and Q for its two masses.
COSTS = {
    "kl": r"P \log\frac{P}{Q}",
    "reverse_kl": r"Q \log\frac{Q}{P}",
    "jeffreys": r"(P - Q) \log\frac{P}{Q}",
    "js": r"\left( \frac{P}{2} \log\frac{2 P}{P + Q} + \frac{Q}{2} \log\frac{2 Q}{P + Q} \right)",
    "tv": r"\frac{1}{2} | P - Q |",
    "hellinger": r"\frac{1}{2} \left( \sqrt{P} - \sqrt{Q} \right)^2",
    "chi2": r"\frac{(P - Q)^2}{Q}",
}


@dataclass(frozen=True)
class Formula:
    """Equations in LaTeX, of which matplotlib's mathtext understands every one, and words in Markdown."""

    lines: tuple[str, ...]
    notes: tuple[str, ...] = ()


def side(dist: Distribution, symbol: str, row: str = "x", column: str | None = None) -> Scribe:
    """The formula of one distribution, of points that are called ``row`` and ``column``."""
    scribe = Scribe(row, column or row)
    tell(dist, scribe, symbol)
    return scribe


def cost(divergence: Divergence, p: str, q: str) -> str | None:
    """What a pair costs, or None where there is no formula in LaTeX."""
    if divergence.name in COSTS:
        template = COSTS[divergence.name]
    elif found := re.fullmatch(r"(reverse_)?alpha\((.+)\)", divergence.name):
        a = float(found.group(2))
        first, second = ("Q", "P") if found.group(1) else ("P", "Q")
        b, scale = number(1 - a), number(a * (a - 1))
        mixed = f"{first}^{{{number(a)}}} {second}^{{{b}}}"
        template = rf"\frac{{{mixed} - {number(a)}\, {first} - ({b})\, {second}}}{{{scale}}}"
    elif (back := divergence.name.removeprefix("reverse_")) != divergence.name and back in COSTS:
        template = re.sub("[PQ]", lambda m: {"P": "Q", "Q": "P"}[m.group()], COSTS[back])
    else:
        return None
    return re.sub("[PQ]", lambda m: p if m.group() == "P" else q, template)


def loss(divergence: Divergence, normalize: str, learned: Scribe) -> Formula:
    """The sum over rows or pairs."""
    p, q = mass("p", normalize), mass("q", normalize)
    if learned.limit:
        words = "In the limit the loss is a cross entropy, times $2 \\sigma^2$; $H(p)$ has no rescaled form."
        return Formula((rf"L = -\frac{{1}}{{n}} \sum_i \sum_j {p}\, \ell_{{ij}}",), (words,))
    if learned.improper:
        return Formula(
            (rf"L = -\frac{{1}}{{n}} \sum_i \sum_j {p} \log {q}",), ("The loss is a cross entropy.",)
        )
    over = r"\sum_{i,j}" if normalize == "joint" else r"\frac{1}{n} \sum_i \sum_j"
    inside = cost(divergence, p, q)
    if inside is not None:
        return Formula((f"L = {over} {inside}",))
    words = f"$D$ is `{divergence.name}`: `{divergence.formula}`."
    if normalize == "joint":
        return Formula((r"L = D(p, q)",), (words,))
    return Formula((r"L = \frac{1}{n} \sum_i D(p(\cdot|i),\; q(\cdot|i))",), (words,))


Mapped = tuple[str, str]  # a formula, and what it is in words


def per_view(mapper: PerView) -> Mapped:
    kinds = " and ".join(dict.fromkeys(type(part).__name__ for part in mapper.mappers))
    return r"z_i = f_v(x_i)", f"{kinds}, one for each modality $v$"


MAPPERS: dict[type[nn.Module], Callable[[Any], Mapped]] = {
    Embedding: lambda m: (r"z_i = \theta_i", f"a free position in {m.dim} dimensions for every sample"),
    Assignments: lambda m: (r"z_i = \theta_i", "free logits of the clusters for every sample"),
    Linear: lambda m: (r"z_i = W x_i + b", "a linear map"),
    Orthonormal: lambda m: (r"z_i = W x_i,\quad W W^T = 1", f"{m.out_features} orthonormal directions"),
    MLP: lambda m: (r"z_i = f_\theta(x_i)", "a perceptron"),
    CNN: lambda m: (r"z_i = f_\theta(x_i)", "a convolutional network, for images"),
    **{
        kind: lambda m: (r"z_i = f_\theta(x_i)", "a residual network and a projector, for images")
        for kind in (ResNet18, ResNet34, ResNet50)
    },
    ViT: lambda m: (r"z_i = f_\theta(x_i)", "a vision transformer and a projector, for images"),
    Pretrained: lambda m: (r"z_i = f_\theta(x_i)", "a pretrained network of transformers and a projector"),
    SoftmaxHead: lambda m: (r"z_i = W x_i + b", "a linear head, whose softmax are the clusters"),
    Predicted: lambda m: (r"z_i = g_\theta(f_\theta(x_i))", "an encoder and a predictor after it"),
    Staged: lambda m: (r"z_i = W f_\theta(x_i) + b", "an encoder and a head after it, trained in stages"),
    TokenEncoder: lambda m: (r"z_i = f_\theta(x_i)", "a network that reads a window of tokens"),
    PerView: per_view,
}


def follows(columns: Momentum) -> Mapped:
    old, new = number(columns.momentum), number(1 - columns.momentum)
    average = rf"\theta' \leftarrow {old}\, \theta' + {new}\, \theta"
    return rf"c_j = f_{{\theta'}}(x_j),\quad {average}", "keys, by a moving average of the encoder"


COLUMNS: dict[type[nn.Module], Callable[[Any], Mapped]] = {
    Prototypes: lambda m: (r"c_j = \theta'_j", "a learned vector for every column"),
    Embedding: lambda m: (r"c_j = \theta'_j", "a learned vector for every sample"),
    Momentum: follows,
    Queue: lambda m: (r"c_j = f_\theta(x_j)", f"the batch, and up to {m.size} points of earlier ones"),
}


def mapped(known: dict[type[nn.Module], Callable[[Any], Mapped]], module: nn.Module, other: str) -> Mapped:
    """Formula and words of a mapper; of a module of the user's its code."""
    if type(module) in known:
        return known[type(module)](module)
    return other, f"`{type(module).__name__}`, a module of its own"


def mapping(recipe: Recipe, shapes: tuple[Shape, ...] = (SPECIMEN,)) -> Formula:
    """The formulas of the mapper and, where the columns are no rows, of what makes them."""
    found = [mapped(MAPPERS, recipe.mapper(shape), r"z_i = f_\theta(x_i)") for shape in shapes]
    lines, notes = (
        [line for line, _ in found],
        [f"$z_i$: {', or '.join(dict.fromkeys(w for _, w in found))}."],
    )
    if recipe.mapper_j is not None:
        line, words = mapped(COLUMNS, recipe.mapper_j(SPECIMEN), r"c_j = g_\theta(x_j)")
        lines.append(line)
        notes.append(f"$c_j$: {words}.")
    return Formula(tuple(dict.fromkeys(lines)), tuple(notes))


def first_sentence(function: Any) -> str:
    """What a function says of itself."""
    plain = getattr(function, "func", function)
    return (inspect.getdoc(plain) or f"`{getattr(plain, '__name__', plain)}`").partition("\n")[0]


def equation(recipe: Recipe, shapes: tuple[Shape, ...] = (SPECIMEN,)) -> Formula:
    """The whole equation of a recipe with its own p, q, mapper and divergence.

    Parameters
    ----------
    recipe : Recipe
    shapes : tuple of Shape
        The data that a mapper is asked for: it may be another one for images.

    Examples
    --------
    >>> from iconlearn import KNN, StudentT
    >>> from iconlearn.recipes import embedding
    >>> told = equation(Recipe(KNN(10).debias(0.1), StudentT(), embedding(2)))
    >>> print(*told.lines[1:3], sep=chr(10))
    p(j|i) = 0.9\\, p_1(j|i) + \\frac{0.1}{N_i}
    p_1(j|i) = \\frac{1}{10} \\mathbf{1}[j \\in N_{10}(i)]
    """
    target, learned = recipe.target_dist, recipe.learned_dist
    column = "z" if recipe.mapper_j is None else "c"
    p, q = side(target, "p"), side(learned, "q", "z", column)
    parts = loss(as_divergence(recipe.divergence), target.normalize, q), mapping(recipe, shapes)
    lines = (*parts[0].lines, *p.lines, *q.lines, *parts[1].lines)
    notes = [*parts[0].notes, *p.notes, *q.notes, *parts[1].notes]
    if recipe.present is not None:
        notes.append(f"$x_i$ is made of the data first. {first_sentence(recipe.present)}")
    if column == "z":
        notes.append(f"Candidates of $q$ are {CANDIDATES[learned.pairs]}.")
        if target.pairs != learned.pairs:
            notes.append(f"Those of $p$ are {CANDIDATES[target.pairs]}.")
    return Formula(tuple(dict.fromkeys(lines)), tuple(dict.fromkeys(notes)))
