"""Random problems in float64 for any row of the table: the library's loss on them, and what a formula may see."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from iconlearn.claim import Case
from iconlearn.divergences import entropy
from iconlearn.engines import Dense, PlannedEngine, Tiled
from iconlearn.inputs import Inputs, as_inputs
from iconlearn.intake import CAPTIONED, GRAPH, MODALITIES, ROWS, TOKENS, Intake
from iconlearn.mappers import Momentum, Prototypes
from iconlearn.methods import Method
from iconlearn.model import ICon
from iconlearn.points import candidate_count

ENGINES: Mapping[str, Any] = {"dense": Dense, "tiled": partial(Tiled, block=5)}
# (samples, dimension of the embedding) of each problem.
SIZES = ((24, 3), (13, 7), (8, 2))
CLASSES = 4

# What a hyper-parameter is in each problem: the default (None) in the first, and two other values.
VALUES: Mapping[str, tuple[Any, Any, Any]] = {
    "temperature": (None, 0.3, 0.8),
    "target_temperature": (None, 0.5, 0.2),
    "df": (None, 3.5, 8.0),
    "alpha": (None, 0.3, 0.0),
    "margin": (None, 0.5, 0.1),
    "sigma": (None, 0.0, 0.4),
    "negatives": (None, "semi-hard", "all"),
    "share": (None, 0.4, 1.0),
    "steps": (None, 2, 3),
    "exponent": (None, 3.0, 2.0),
    "tau_plus": (None, 0.05, 0.0),
    "num_views": (None, 2, 3),
    "context": (None, 3, 2),
    "beta": (None, 1.0, 0.3),
    "entropy": (None, 1.0, 0.0),
}
# What has to suit the number of samples n and the dimension, given the default.
FITTED: Mapping[str, Callable[[int, int, Any], Any]] = {
    "n_components": lambda n, dim, default: dim,
    "embedding_dim": lambda n, dim, default: dim,
    "n_clusters": lambda n, dim, default: dim,
    "perplexity": lambda n, dim, default: n / (4 if n > 20 else 3 if n > 10 else 2),
    "n_neighbors": lambda n, dim, default: min(default, n // 4) if n > 20 else n // 3,
}


class Doubles:
    """float64 as torch's default type, which is one of the whole process, for as long as any thread wants it."""

    def __init__(self) -> None:
        self.lock, self.inside, self.before = Lock(), 0, torch.float32

    def enter(self) -> None:
        with self.lock:
            if not self.inside:
                self.before = torch.get_default_dtype()
                torch.set_default_dtype(torch.float64)
            self.inside += 1

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if not self.inside:
                torch.set_default_dtype(self.before)


DOUBLES = Doubles()


@contextmanager
def float64() -> Iterator[None]:
    """float64 as torch's default type, so that no part of a model is made in float32."""
    DOUBLES.enter()
    try:
        yield
    finally:
        DOUBLES.leave()


class Leaf(nn.Module):
    """In place of a mapper: returns one tensor, whatever the data."""

    reads = "id"

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = value

    def forward(self, ids: Tensor) -> Tensor:
        return self.value


@dataclass(frozen=True, eq=False)
class Ours:
    """The library's own loss of one problem: a model whose mapper is a leaf, and its batch."""

    model: ICon
    batch: Inputs

    @float64()
    def __call__(self, engine: str = "dense") -> Tensor:
        """The loss, evaluated by one of ``ENGINES``."""
        self.model.evaluate = PlannedEngine(ENGINES[engine])
        return self.model(self.batch)

    @property
    def is_limit(self) -> bool:
        """Is the learned kernel a limit of its width?"""
        return getattr(self.model.learned_dist, "pool", "logsumexp") != "logsumexp"

    @float64()
    @torch.no_grad()
    def finite(self, step: float) -> Tensor:
        """What tends to a limit: s (CE - log M), s = 1 / step, for a wide kernel; s CE, s = step, for a narrow one."""
        limit: Any = self.model.learned_dist
        wide = math.isinf(limit.sigma)
        scale = 1 / step if wide else step
        kernel = copy.copy(limit)
        kernel.sigma = (scale / 2) ** 0.5  # s = 2 sigma^2
        pair = self.model.pair(self.batch, learned=kernel)
        cross_entropy = self.model.loss(pair) + entropy(pair.target)
        if wide:
            count = candidate_count(pair.rows, pair.columns, kernel.pairs).double()
            cross_entropy = cross_entropy - (pair.target.row_weight * count.log()).sum()
        return scale * cross_entropy


@float64()
def make_case(row: Method, n: int, dim: int, seed: int) -> tuple[Case, Ours]:
    """A random problem of the row.

    Seed 0 takes the row's default widths, the others (1 and 2) take other values. Labels have a class of one
    member, and an unlabelled row where the published loss leaves it out (seed 1); there are three modalities
    instead of two (seed 2).

    Parameters
    ----------
    row : Method
    n : int
        Samples; positions, for tokens.
    dim : int
        Dimension of the embedding, or number of clusters.
    seed : {0, 1, 2}

    Returns
    -------
    case : Case
        ``z`` and, where the columns are learned, ``columns`` require a gradient.
    ours : Ours
    """
    draw = Draw(n, dim, seed)
    takes = row.takes
    parameters = {name: draw.parameter(name, value) for name, value in row.parameters.items()}
    recipe = row.recipe(**parameters)
    # Losses of prototypes and of clusters say nothing of unlabelled rows, those of pairs leave them out.
    paired = recipe.mapper_j is None and not row.clusters
    labels = draw.labels(unlabelled=paired) if row.needs_labels else None
    given = draw.source(takes)
    source = takes.read(given, row.name)
    model = recipe.model(takes.shape(source, n_classes=None if labels is None else CLASSES, seed=seed)).eval()
    batch: Any = takes.batch(source) if recipe.present is None else recipe.present(source)
    views = len(given) if takes is MODALITIES else model.num_views
    if takes is ROWS and views > 1:
        batch = tuple(given + 0.3 * draw.array(*given.shape) for _ in range(views))
    parts = given if takes is CAPTIONED else (given, None)
    seen = {
        "x": parts[0] if takes in (ROWS, CAPTIONED) else None,
        "graph": given if takes is GRAPH else None,
        "caption": parts[1] if takes is CAPTIONED else None,
        "tokens": batch["tokens"] if takes is TOKENS else None,
    }
    n = len(batch["tokens"]) if takes is TOKENS else n
    z = draw.leaf(views * n)
    model.mapper = Leaf(z)
    case = Case(
        n,
        parameters,
        z=z,
        views=views,
        columns=replace_columns(model, draw, len(z)),
        labels=labels,
        **{name: None if part is None else torch.as_tensor(part) for name, part in seen.items()},
    )
    return case, Ours(model, replace(as_inputs(batch, views), label=labels))


def replace_columns(model: ICon, draw: Draw, rows: int) -> Tensor | None:
    """Put a leaf, or fixed keys, in place of what makes the columns."""
    made = model.mapper_j
    if made is None:
        return None
    if isinstance(made, Prototypes):
        made.weight = nn.Parameter(draw.leaf(made.num_prototypes).detach())
        return made.weight
    if isinstance(made, Momentum):
        keys = draw.leaf(rows).detach()
        made.teacher = Leaf(keys)
        return keys
    columns = draw.leaf(rows)
    model.mapper_j = Leaf(columns)
    return columns


class Draw:
    """Everything random of one problem."""

    def __init__(self, n: int, dim: int, seed: int) -> None:
        self.n, self.dim, self.seed = n, dim, seed
        self.rng = np.random.default_rng([n, dim, seed])

    def array(self, *shape: int) -> np.ndarray:
        return self.rng.normal(size=shape)

    def leaf(self, rows: int) -> Tensor:
        """An embedding, with gradient."""
        return torch.from_numpy(self.array(rows, self.dim)).requires_grad_()

    def parameter(self, name: str, default: Any) -> Any:
        """The value of a hyper-parameter in this problem; one that is not known keeps its default."""
        if name in FITTED:
            return FITTED[name](self.n, self.dim, default)
        value = VALUES[name][self.seed] if name in VALUES else None
        return default if value is None else value

    def labels(self, unlabelled: bool) -> Tensor:
        """Classes 0 ... CLASSES - 1; in one problem a class of one member and, if wanted, an unlabelled row."""
        if self.seed != 1:
            return torch.arange(self.n) % CLASSES
        codes = torch.arange(self.n) % (CLASSES - 1)
        codes[2] = CLASSES - 1
        if unlabelled:
            codes[5] = -1
        return codes

    def source(self, takes: Intake) -> Any:
        """Data of the kind that a method takes."""
        n, d = self.n, self.dim + 2
        if takes is GRAPH:
            return self.graph()
        if takes is MODALITIES:
            return tuple(self.array(n, d + k) for k in range(3 if self.seed == 2 else 2))
        if takes is CAPTIONED:
            return self.array(n, d), self.array(n, d + 1)
        if takes is TOKENS:
            return self.rng.integers(0, 5, size=(n // 4, 4))
        return self.array(n, d)

    def graph(self) -> np.ndarray:
        """Weights of a connected graph, about half of all pairs."""
        upper = np.triu(self.rng.uniform(0.1, 1.0, size=(self.n, self.n)), 1)
        weights = np.where(self.rng.random((self.n, self.n)) < 0.5, upper, 0.0)
        ring = np.arange(self.n - 1)
        weights[ring, ring + 1] = upper[ring, ring + 1]
        return weights + weights.T
