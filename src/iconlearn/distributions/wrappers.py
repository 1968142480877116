"""Wrappers: one distribution made from another, usable as target and as learned distribution alike."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._describe import show
from iconlearn._errors import InputError, OptionError
from iconlearn._numerics import NEG, all_rows, log_sum_exp, safe_log
from iconlearn.bandwidth import RowBandwidth
from iconlearn.composed import DebiasedConditional, SymmetricConditional
from iconlearn.conditional import Conditional, MatrixConditional, TableConditional
from iconlearn.distributions.base import (
    WRAPPERS,
    Distribution,
    Engine,
    Kernel,
    Sparse,
    candidate_edges,
    require_proper,
)
from iconlearn.distributions.graphs import Graph
from iconlearn.distributions.kernels import Radial
from iconlearn.distributions.mixtures import Mixture
from iconlearn.metrics import Metric
from iconlearn.neighbors import nearest, search_once
from iconlearn.points import Points, mask_pairs
from iconlearn.support import Support, symmetric_sum


class Wrapper(Distribution):
    """A distribution made from one other; a subclass says what changes."""

    def __init__(self, base: Distribution, normalize: str | None = None) -> None:
        if not isinstance(base, Distribution):
            raise OptionError(f"{type(self).__name__}: base={base!r} must be a distribution")
        super().__init__(normalize or base.normalize, base.pairs)
        self.base = base
        self.num_views = base.num_views

    def rewrap(self, base: Distribution) -> Distribution:
        """The same wrapper round another base."""
        raise NotImplementedError

    def prepare(self, data: Points) -> Distribution:
        return self.rewrap(self.base.prepare(data))

    def positives(self, ids: Tensor, count: int, generator: torch.Generator) -> Tensor | None:
        return self.base.positives(ids, count, generator)

    def per_row(self) -> Distribution:
        return self.rewrap(self.base.per_row())

    def temper(self, temperature: float) -> Distribution:
        return self.rewrap(self.base.temper(temperature))

    def shown_base(self) -> str:
        """The base as code that a method call can follow."""
        return f"({self.base!r})" if isinstance(self.base, Mixture) else repr(self.base)


class Debiased(Wrapper):
    r"""Mix with the uniform distribution over the candidates.

    .. math:: \tilde p(j|i) = (1 - \alpha)\, p(j|i) + \alpha / N_i

    ``alpha`` is the uniform mass and N_i the number of candidate columns of row i. On data-label pairs this is
    label smoothing. Rows that the base leaves empty stay empty.

    Parameters
    ----------
    base : Distribution
    alpha : float in [0, 1]

    References
    ----------
    Alshammari et al., I-Con, ICLR 2025, section 3.

    Examples
    --------
    >>> from iconlearn import Label
    >>> Label().debias(0.4)
    Label().debias(0.4)
    """

    def __init__(self, base: Distribution, alpha: float) -> None:
        super().__init__(base)
        self.alpha = check_number(
            "debias", "alpha", alpha, low=0, high=1, hint="alpha is the share of uniform mass"
        )

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        base = self.base(i, j, engine)
        if not base.masses:
            require_proper(base, self)
        return DebiasedConditional(base, self.alpha, i, j) if self.alpha > 0 else base

    def rewrap(self, base: Distribution) -> Distribution:
        return Debiased(base, self.alpha)

    def __repr__(self) -> str:
        return f"{self.shown_base()}.debias({show(self.alpha)})"


class Symmetrized(Wrapper):
    r"""The joint distribution of both directions.

    .. math:: P_{ij} = \frac{p(j|i) + p(i|j)}{2n}

    with n the number of rows that have mass; of a joint base, (P + P^T) / 2. Rows and columns must be the
    same points.

    References
    ----------
    van der Maaten & Hinton, Visualizing Data using t-SNE, JMLR 2008.

    Examples
    --------
    >>> from iconlearn import KNN
    >>> KNN(15).symmetrize()
    KNN().symmetrize()
    """

    def __init__(self, base: Distribution) -> None:
        super().__init__(base, "joint")

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        base = self.base(i, j, engine)
        require_proper(base, self)
        if not base.square:
            raise InputError(
                f"{self!r} needs the same points as rows and columns, but the {base.n} rows and {base.m} columns "
                "differ; leave .symmetrize() out where the columns are prototypes or a queue"
            )
        if base.support is None or base.floor is not None:
            return SymmetricConditional(base)
        # rows with mass all weigh the same, which the joint normalisation takes out
        both, log_mass = symmetric_sum(base.support, base.on(base.support))
        del base  # as large as the result
        joint = TableConditional(both, log_mass, "joint", self.pairs)
        joint.symmetric = True
        return joint

    def rewrap(self, base: Distribution) -> Distribution:
        return Symmetrized(base)

    def per_row(self) -> Distribution:
        return self.base.per_row()

    def __repr__(self) -> str:
        return f"{self.shown_base()}.symmetrize()"


class Propagated(Wrapper):
    r"""Random walks on the base.

    .. math:: \tilde P = \frac1s \sum_{t=1}^{s} P^t, \qquad\text{or, uniform,}\qquad
              \tilde P(j|i) \propto 1[(P + \dots + P^s)_{ij} > 0]

    Where the rows are not the columns, the first step goes from a row to a column and the others go between
    columns: :math:`P_{ij} P_{jj}^{t - 1}`.
    Walks may return to their start; where self is not a candidate that mass is left out and the row
    renormalised. A sparse base stays sparse (its powers are computed once per call, without gradient).

    Parameters
    ----------
    base : Distribution
        Row-normalised.
    steps : int
        Longest walk s; 1 is the base itself (made uniform with ``uniform=True``).
    uniform : bool, default False
        Uniform over everything within reach instead of the average of powers.

    References
    ----------
    Alshammari et al., I-Con, ICLR 2025, section 3 (neighbour propagation).

    Examples
    --------
    >>> from iconlearn import KNN
    >>> KNN(3).propagate(2, uniform=True)
    KNN(k=3).propagate(2, uniform=True)
    """

    def __init__(self, base: Distribution, steps: int, *, uniform: bool = False) -> None:
        super().__init__(base)
        self.steps = check_number("propagate", "steps", steps, low=1, integer=True)
        self.uniform = bool(uniform)
        if self.normalize != "row":
            raise OptionError(f"{base!r}.propagate: walks need rows that sum to one; symmetrize afterwards")

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        base = self.base(i, j, engine)
        require_proper(base, self)
        onward = base if base.square else self.base(j, j, engine)
        if base.support is None or base.floor is not None:
            return self._dense(base, onward, i, j)
        return self._sparse(base, onward, i, j)

    def _dense(self, base: Conditional, onward: Conditional, i: Points, j: Points) -> Conditional:
        power = total = base.block(None).exp()
        step = onward.block(None).exp()
        for _ in range(self.steps - 1):
            power = power @ step
            total = total + power
        reached = torch.zeros_like(total).masked_fill(total <= 0, NEG)
        score = mask_pairs(reached if self.uniform else safe_log(total), i, j, self.pairs)
        log_z = log_sum_exp(score)
        log_mass = score - log_z.masked_fill(log_z.detach() == NEG, 0.0).unsqueeze(-1)
        return MatrixConditional(log_mass, "row", self.pairs, full=base.full_support)

    @torch.no_grad()
    def _sparse(self, base: Conditional, onward: Conditional, i: Points, j: Points) -> Conditional:
        power = total = to_scipy(base)
        step = power if onward is base else to_scipy(onward)
        for _ in range(self.steps - 1):
            power = power @ step
            total = total + power
        total.sum_duplicates()
        coo = total.tocoo()
        rows, cols = (torch.from_numpy(k.astype("int64")).to(i.device) for k in (coo.row, coo.col))
        keep = candidate_edges(i, j, rows, cols, self.pairs)
        support, order = Support.from_pairs(rows[keep], cols[keep], base.n, base.m)
        like = base.at(rows[:1], cols[:1])
        log_mass = torch.from_numpy(coo.data).to(like)[keep][order].log()
        return TableConditional(support, log_mass * 0 if self.uniform else log_mass, "row", self.pairs)

    def rewrap(self, base: Distribution) -> Distribution:
        return Propagated(base, self.steps, uniform=self.uniform)

    def prepare(self, data: Points) -> Distribution:
        base = self.base.prepare(data)
        if not isinstance(base, Sparse):
            return self.rewrap(base)
        walks = self.rewrap(base)(data, data, no_engine)
        support: Support = walks.support  # type: ignore[assignment]
        return Graph.between(data, support, walks.at(support.rows, support.cols), pairs=self.pairs)

    def __repr__(self) -> str:
        return f"{self.shown_base()}.propagate({self.steps}{', uniform=True' if self.uniform else ''})"


def to_scipy(p: Conditional) -> Any:
    """A sparse conditional as a scipy matrix of masses, float64."""
    from scipy import sparse  # heavy, and only needed here

    support: Support = p.support  # type: ignore[assignment]
    mass = p.at(support.rows, support.cols).double().exp().cpu().numpy()
    pattern = (support.cols.cpu().numpy(), support.indptr.cpu().numpy())
    return sparse.csr_array((mass, *pattern), shape=(p.n, p.m))


class On(Wrapper):
    """The base over another field of the points: captions, teacher features, graph coordinates.

    Examples
    --------
    >>> from iconlearn import KNN
    >>> KNN(1, metric="cos").on("caption")
    KNN(k=1, metric='cos').on('caption')
    """

    def __init__(self, base: Distribution, field: str) -> None:
        super().__init__(base)
        self.field = field

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        return self.base(i.read(self.field), j.read(self.field), engine)

    def searches(self) -> list[tuple[str | Metric, str, int]]:
        return []  # of another field

    def prepare(self, data: Points) -> Distribution:
        base = self.base.prepare(data.read(self.field))
        return base if isinstance(base, Graph) else self.rewrap(base)

    def rewrap(self, base: Distribution) -> Distribution:
        return On(base, self.field)

    def __repr__(self) -> str:
        return f"{self.shown_base()}.on({self.field!r})"


class Nearest(Wrapper):
    """Only the k most probable columns of every row of the base, renormalised.

    Examples
    --------
    >>> from iconlearn import StudentT
    >>> StudentT().nearest(50)
    StudentT().nearest(50)
    """

    def __init__(self, base: Distribution, k: int) -> None:
        super().__init__(base)
        self.k = check_number("nearest", "k", k, low=1, integer=True)

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        if isinstance(self.base, Radial) and self.base.by_distance and self.base.pool == "logsumexp":
            return self._by_distance(self.base, i, j)
        base = self.base(i, j, engine)
        require_proper(base, self)
        if base.support is not None and int(base.support.lengths.max()) <= self.k and base.floor is None:
            return base
        rows, cols = [], []
        with torch.no_grad():
            for tile in all_rows(base.n, base.block_rows, i.device):
                mass, best = base.block(tile).topk(min(self.k, base.m), dim=-1)
                has_mass = mass > NEG
                rows.append(tile.unsqueeze(-1).expand_as(best)[has_mass])
                cols.append(best[has_mass])
        support, _ = Support.from_pairs(torch.cat(rows), torch.cat(cols), base.n, base.m)
        return TableConditional(support, base.at(support.rows, support.cols), base.normalize, base.pairs)

    def searches(self) -> list[tuple[str | Metric, str, int]]:
        base = self.base
        own = [(base.metric, self.pairs, self.k)] if isinstance(base, Radial) and base.by_distance else []
        return own + base.searches()

    def _by_distance(self, base: Radial, i: Points, j: Points) -> Conditional:
        """The most probable columns of such a kernel are the nearest ones: nothing else is evaluated."""
        i, j = search_once(self.searches(), i, j)
        i, j = base.calibrate(i, j)
        width = getattr(base, base.width_name, None)
        kept = width.neighbors() if isinstance(width, RowBandwidth) else None
        support, squared = nearest(base.metric, i, j, min(self.k, kept or self.k), self.pairs, self)
        scores = base.listed_score(support, squared, i, j)
        return TableConditional(support, scores, base.normalize, base.pairs)

    def rewrap(self, base: Distribution) -> Distribution:
        return Nearest(base, self.k)

    def __repr__(self) -> str:
        return f"{self.shown_base()}.nearest({self.k})"


class Tempered(Kernel):
    r"""A kernel whose scores are divided by a temperature: :math:`q^{1/T}`, renormalised.

    Schedules of the training loop use it to anneal any learned kernel.

    Examples
    --------
    >>> from iconlearn import StudentT
    >>> StudentT().temper(2.0)
    StudentT().temper(2)
    """

    def __init__(self, base: Kernel, temperature: float) -> None:
        super().__init__(base.normalize, base.pairs)
        self.base, self.full_support, self.num_views = base, base.full_support, base.num_views
        self.temperature = check_number("temper", "temperature", temperature, low=0, open_low=True, high=1e30)

    @property
    def pool(self) -> str:
        return self.base.pool

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        return self.base.calibrate(i, j)

    def log_score(self, i: Points, j: Points) -> Tensor:
        return self.base.log_score(i, j) / self.temperature

    def per_row(self) -> Distribution:
        return self.base.per_row().temper(self.temperature)

    def __repr__(self) -> str:
        return f"{self.base!r}.temper({show(self.temperature)})"


def temper(kernel: Distribution, temperature: float) -> Distribution:
    """Tempered form of a kernel; other distributions have no scores."""
    if not isinstance(kernel, Kernel):
        raise OptionError(f"{kernel!r} has no scores to divide by a temperature; temper the learned kernel")
    if kernel.improper and kernel.pool == "logsumexp":
        raise OptionError(
            f"{kernel!r} is no softmax of scores, so a temperature would make another kernel of it; use sizes='batch' "
            "and UniformCluster, or leave temperature= out"
        )
    return Tempered(kernel, temperature)


def no_engine(*_: Any) -> Any:
    """Stands in where no kernel is evaluated."""
    raise OptionError("a sparse distribution has no scores to evaluate")


WRAPPERS.update(
    debias=Debiased,
    propagate=Propagated,
    symmetrize=Symmetrized,
    on=On,
    nearest=Nearest,
    temper=temper,
)
