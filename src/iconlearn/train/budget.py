"""How much memory a fit takes, estimated from sizes before it starts.

A fit goes through phases that hold different things, so its peak is that of the largest phase. The bytes of a phase
are counted from what it holds: per entry 8 for a column, 4 for a mass or a distance, 4 for a narrow column.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch

import torch

from iconlearn._errors import MemoryBudgetError
from iconlearn.bandwidth import RowBandwidth
from iconlearn.distributions import KNN, Distribution, Gaussian, Graph, Mixture
from iconlearn.distributions.base import Kernel, Sparse
from iconlearn.distributions.matches import Match
from iconlearn.distributions.wrappers import Debiased, Nearest, Propagated, Symmetrized, Wrapper
from iconlearn.engines.plan import DENSE_SHARE, Problem, free_memory, plan
from iconlearn.engines.radial import MAX_DIM
from iconlearn.inputs import Inputs
from iconlearn.mappers import Table
from iconlearn.objective import Objective
from iconlearn.points import Points
from iconlearn.train.options import Training

UNION = 1.6  # entries of a symmetrised neighbour graph, in those of the graph; 2 at most
LOADED = 150 << 20  # libraries, compiled loops and thread buffers that a first fit brings with it
NETWORK = 64 << 20  # and what the loops and optimisers of networks add to it
ROW = 300  # ids, sums, gradients and what else there is one of in every row
DENSE_HELD = 6  # matrices of all pairs of a dense target that are there at once
CHUNK_ROWS = 3 << 16  # rows in float64 while principal components are found


@dataclass(frozen=True)
class Sizes:
    """What decides: rows, features, embedding dimension, rows of a step, and free bytes."""

    n: int
    d: int
    dim: int
    batch: int | None
    free: int


@dataclass(frozen=True)
class Budget:
    """The estimated peak of a fit, beyond the data as given: bytes by phase, and the bytes that are free.

    Examples
    --------
    >>> print(Budget({"neighbours": 1 << 30, "steps": 3 << 30}, free=8 << 30))
    about 3.2 GB at its peak (steps), of 8.6 GB free
    """

    phases: dict[str, int]
    free: int

    @property
    def phase(self) -> str:
        """The phase with the peak."""
        return max(self.phases, key=self.phases.__getitem__)

    @property
    def bytes(self) -> int:
        """The peak."""
        return self.phases[self.phase]

    def __str__(self) -> str:
        return f"about {self.bytes / 1e9:.2g} GB at its peak ({self.phase}), of {self.free / 1e9:.2g} GB free"


@singledispatch
def entries(target: Distribution, n: int) -> float | None:
    """Listed pairs of every row of a target on ``n`` points; None where all pairs may have mass."""
    return None


@entries.register(Kernel)
def _(target: Kernel, n: int) -> float | None:
    width = target.sigma if isinstance(target, Gaussian) else None
    kept = width.neighbors() if isinstance(width, RowBandwidth) else None
    return None if kept is None else min(kept, n)


@entries.register(Match)
def _(target: Match, n: int) -> float | None:
    return None if target.key == "label" else float(target.num_views)


@entries.register(Sparse)
def _(target: Sparse, n: int) -> float | None:
    return float(max((k for _, _, k in target.searches()), default=1))


@entries.register(KNN)
def _(target: KNN, n: int) -> float | None:
    return float(min(target.k, n))


@entries.register(Graph)
def _(target: Graph, n: int) -> float | None:
    return len(target.cols) / max(1, len(target.indptr) - 1)


@entries.register(Wrapper)
def _(target: Wrapper, n: int) -> float | None:
    return entries(target.base, n)


@entries.register(Nearest)
def _(target: Nearest, n: int) -> float | None:
    return float(min(target.k, n))


@entries.register(Symmetrized)
def _(target: Symmetrized, n: int) -> float | None:
    listed = entries(target.base, n)
    return None if listed is None else min(UNION * listed, n)


@entries.register(Propagated)
def _(target: Propagated, n: int) -> float | None:
    listed = entries(target.base, n)
    return None if listed is None else min(sum(listed**t for t in range(1, target.steps + 1)), n)


@entries.register(Mixture)
def _(target: Mixture, n: int) -> float | None:
    parts = [entries(part, n) for part in target.terms()]
    return None if None in parts else sum(part for part in parts if part is not None)


def searched(target: Distribution, n: int) -> float:
    """Neighbours that are looked for, of every row."""
    return float(min(max((k for _, _, k in target.searches()), default=0), n))


def estimate(model: Objective, sizes: Sizes) -> Budget:
    """The peak of a fit with the given sizes, by phases; what a network holds of its rows is not known here."""
    n, d, target = sizes.n, sizes.d, model.target_dist
    found, listed = searched(target, n), entries(target, n)
    weights = sum(p.numel() for p in model.parameters() if p.requires_grad)
    always = LOADED + n * (4 * d + ROW) + 16 * weights
    phases: dict[str, float] = {"start": always + 8 * d * min(n, CHUNK_ROWS)}
    if found:
        unit_vectors = 8 * (d + 2) if uses_cosine(target) else 0
        phases["neighbours"] = always + n * (max(4 * (d + 1) + 8 * found, 28 * found) + unit_vectors)
    if sizes.batch is not None and sizes.batch < n:
        graph = 20 * n * (listed or 0) if found else 0  # of all rows, found once
        phases["steps"] = always + NETWORK + graph + DENSE_HELD * 4 * sizes.batch**2
    elif listed is None:
        whole = DENSE_HELD * 4 * n**2 if model.mapper_j is None else 0  # other columns are few
        held = whole if whole <= DENSE_SHARE * sizes.free else 0  # or streamed in tiles
        phases["steps"] = always + max(held, learned_bytes(model, sizes))
    else:
        engine = always + learned_bytes(model, sizes)
        phases |= {name: engine + n * size for name, size in listed_phases(target, listed).items()}
    return Budget({name: int(size) for name, size in phases.items()}, sizes.free)


def listed_phases(target: Distribution, listed: float) -> dict[str, float]:
    """Bytes a row of a listed target while it is made and while it is used."""
    floor = 4 * listed if any(isinstance(part, Debiased) for part in target.modules()) else 0.0
    if target.normalize == "joint":
        return {"symmetrising": (20 / UNION + 12) * listed, "steps": 20 * listed + floor}
    return {"steps": 28 * listed + 12 * UNION * listed + floor}  # the pairs and their reverses


def uses_cosine(target: Distribution) -> bool:
    """Are neighbours compared as unit vectors, of which there is a copy in float64?"""
    return any(metric in ("cos", "correlation") for metric, _, _ in target.searches())


def learned_bytes(model: Objective, sizes: Sizes) -> int:
    """What the engine of the learned side holds."""
    if not isinstance(model.engine, str) or model.mapper_j is not None:
        return 0
    radial = (
        sizes.dim <= MAX_DIM
        and isinstance(model.learned_dist, Kernel)
        and model.learned_dist.profile(Points.of(torch.zeros(2, sizes.dim))) is not None
    )
    learned = model.learned_dist
    inner = isinstance(learned, Kernel) and learned.factored and learned.pairs == "all"
    n, dim = sizes.n, sizes.dim
    point = Points.of(torch.zeros(1, dim))
    products = isinstance(learned, Kernel) and learned.product_form(point, point) is not None
    known = {"radial": radial, "factored": inner, "products": products}
    return plan(Problem(n, n, dim, memory=sizes.free, **known), model.engine).bytes


def dimension(model: Objective) -> int:
    """Dimension of the embedding, where a table tells it; else one in which no compiled engine applies."""
    return model.mapper.weight.shape[-1] if isinstance(model.mapper, Table) else MAX_DIM + 1


def sizes_of(model: Objective, data: Inputs, batch: int | None = None) -> Sizes:
    """The sizes of a fit to this data."""
    d = data.views[0][:1].numel() if data.views else 0  # what stays on disk takes none
    return Sizes(data.n * max(1, len(data.views)), d, dimension(model), batch, free_memory(data.id.device))


def check_budget(model: Objective, data: Inputs, options: Training) -> Budget | None:
    """Refuse a fit that cannot fit, before any work is done for it.

    Raises
    ------
    MemoryBudgetError
        If the estimated peak is more than is free; says how much is needed, how much there is, and what would fit.
    """
    if data.id.device.type != "cpu":
        return None
    sizes = sizes_of(model, data, options.batch_size)
    sizes = replace(sizes, free=sizes.free // data.across.on_machine)  # the others take as much
    n = sizes.n
    budget = estimate(model, sizes)
    needed = budget.bytes - LOADED  # that may be there already
    if needed <= sizes.free:
        return budget
    share = sizes.free / needed
    listed, found = entries(model.target_dist, n), searched(model.target_dist, n)
    fits = [f"at most {int(n * (share if listed is not None else share**0.5)):,} rows"]
    if found >= 2:
        fewer = max(1, int(found * share))
        fits.append(f"about {fewer} neighbours a row in place of {int(found)} (three times a perplexity)")
    if options.batch_size is None:
        fits.append("batch_size= with a network as mapper")
    raise MemoryBudgetError(
        f"fit: {n:,} rows need about {needed / 1e9:.2f} GB ({budget.phase}), but {sizes.free / 1e9:.2f} GB are free; "
        f"what would fit: {', or '.join(fits)}"
    )
