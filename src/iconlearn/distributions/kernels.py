"""Kernels of a distance: Gaussian, Student-t and harmonic."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import replace

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn._numerics import all_rows
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity, RowBandwidth, Width, check_width
from iconlearn.conditional import Conditional, TableConditional
from iconlearn.distributions.base import Engine, Kernel
from iconlearn.metrics import SCALE_FREE, Metric, as_metric, check_metric, metric_name
from iconlearn.neighbors import nearest
from iconlearn.points import Points, candidate_count, mask_pairs, require_value
from iconlearn.products import ProductForm, product_form
from iconlearn.profile import GAUSSIAN, STUDENT_T, Profile
from iconlearn.support import Support

TILE = 1 << 23  # entries of one tile of distances


class Radial(Kernel):
    """A kernel of the (squared-distance-like) metric, with a width."""

    width_name: str = ""  # the argument that holds the width, if there is one
    by_distance: bool = True  # the score of a pair falls with its distance, and depends on nothing else of it

    def __init__(self, metric: str | Metric, normalize: str, pairs: str) -> None:
        super().__init__(normalize, pairs)
        check_metric(type(self).__name__, metric)
        self.metric = metric

    @abstractmethod
    def score(self, squared: Tensor, width: Tensor | float) -> Tensor:
        """Log-score of pairs with these squared distances, in rows of this width."""

    def log_score(self, i: Points, j: Points) -> Tensor:
        form = self.product_form(i, j)
        if form is None or form.metric == "euclidean":  # which is exactly 0 between equal points
            return self.score(self.squared(i, j), self.own_width(i))
        p = form.between(require_value(i, self), require_value(j, self))
        return p.score(p.rows @ p.cols.mT)  # one matrix in place of four

    def own_width(self, i: Points) -> Tensor | float:
        """The kernel's width as its rows hold it; 1 where it has none."""
        return self.held_width(getattr(self, self.width_name), i) if self.width_name else 1.0

    def listed_score(self, support: Support, squared: Tensor, i: Points, j: Points) -> Tensor:
        """Scores of the pairs of a support whose squared distances are known, (E,)."""
        values = [
            points.value for points in (i, j) if points.value is not None
        ]  # none beside a neighbour graph
        if self.by_distance and not (torch.is_grad_enabled() and any(v.requires_grad for v in values)):
            width = self.own_width(i)
            each = isinstance(width, Tensor) and width.ndim > 0
            return self.score(squared, support.spread(width.flatten()) if each else width)  # type: ignore[union-attr]
        rows, cols = support.rows.unsqueeze(-1), support.cols.unsqueeze(-1)
        return self.log_score(i.take(rows), j.take(cols)).flatten()

    def squared(self, i: Points, j: Points) -> Tensor:
        """The metric between rows and columns, in units of the values as they are held."""
        owner = type(self).__name__
        return as_metric(self.metric)(require_value(i, owner), require_value(j, owner))

    def held_width(self, width: Width, i: Points) -> Tensor | float:
        """A width in units of the held values: a number, a scalar, or one for every row (..., n, 1)."""
        if i.scale is not None:
            return i.scale.unsqueeze(-1)
        if isinstance(width, RowBandwidth):
            raise OptionError(f"{self!r}: call the distribution itself, which calibrates {width!r} first")
        value = width() if isinstance(width, Learnable) else width
        return value if metric_name(self.metric) in SCALE_FREE else value / i.unit  # type: ignore[operator, return-value]

    def number(self, width: Width, i: Points) -> float | None:
        """The width as a number in units of the held values; None where it is not one."""
        plain = i.scale is None and isinstance(width, float) and self.metric == "euclidean"
        return width / i.unit if plain else None  # type: ignore[operator]

    def single_width(self, i: Points, j: Points) -> Tensor | float | None:
        """The width, where it is one for all rows and the points are plain vectors."""
        plain = all(side.value is not None and side.value.ndim == 2 for side in (i, j))
        width = self.own_width(i) if plain and i.scale is None else None
        return None if isinstance(width, Tensor) and width.numel() != 1 else width

    def scaled_rows(self, width: Width, i: Points, j: Points) -> Points:
        """The rows with their bandwidths, where ``width`` is one that is solved from the data."""
        if not isinstance(width, RowBandwidth):
            return i
        check_perplexity(width, i, j, self.pairs)
        return replace(i, scale=self.solve(width, i, j))

    def searches(self) -> list[tuple[str | Metric, str, int]]:
        width = getattr(self, self.width_name, None)
        k = (width.neighbors() or width.sufficient()) if isinstance(width, RowBandwidth) else None
        return [] if k is None else [(self.metric, self.pairs, k)]

    def solve(self, width: RowBandwidth, i: Points, j: Points) -> Tensor:
        """Bandwidth of every row, from its distances to as many of its nearest candidates as determine it."""
        with torch.no_grad():
            k = width.sufficient()
            if k is None:
                scale = self._solve_all(width, i, j)
                return scale.square().mean().sqrt().expand_as(scale) if width.shared else scale
            support, squared = nearest(self.metric, i, j, k, self.pairs, self)
            scale = width.solve_rows(support.indptr, squared)
            if isinstance(width, KthNeighbor):  # rows whose neighbours all coincide with them look farther
                same = (support.sum((squared > 0).double()) == 0).nonzero().flatten()
                if len(same):
                    beyond = smallest_positive(self.metric, i.take(same), j, self.pairs, self)
                    scale[same] = width.solve(beyond.unsqueeze(-1)).to(scale)
            return scale

    def _solve_all(self, width: RowBandwidth, i: Points, j: Points) -> Tensor:
        """Bandwidth of every row, from its distances to all candidates."""
        tiles = []
        for rows in all_rows(i.n, TILE // max(1, j.n), i.device):
            part = i.take(rows)
            tiles.append(width.solve(-mask_pairs(-self.squared(part, j), part, j, self.pairs)))
        return torch.cat(tiles)


def keeps_score(kernel: Kernel, base: type[Kernel]) -> bool:
    """Is the score of a kernel that of ``base``, which it may derive from with another?"""
    names = ("log_score", "masked_score", "score", "squared")
    return all(getattr(type(kernel), name, None) is getattr(base, name) for name in names)


def held_finite(rate: Tensor | float) -> Tensor | float:
    """A rate that times a distance of 0 is 0: the square of a width may leave the range of float32."""
    return rate.clamp(max=torch.finfo(rate.dtype).max) if isinstance(rate, Tensor) else rate


def smallest_positive(metric: str | Metric, i: Points, j: Points, pairs: str, owner: object) -> Tensor:
    """The smallest positive squared distance of every row to a candidate, inf where all coincide with it, (n,)."""
    out = i.id.new_full((i.n,), 0, dtype=torch.float64).fill_(math.inf)
    views = i.view.unique().tolist() if pairs == "cross_view" else [None]
    for view in views:
        rows = (i.view == view if view is not None else i.view == i.view).nonzero().flatten()
        cols = (j.view != view if view is not None else j.view == j.view).nonzero().flatten()
        values = require_value(j, owner)[cols].unique(dim=0)  # however many points share one
        k = 2  # the first is the row's own
        while len(rows) and len(values):
            points = Points.of(require_value(i, owner)[rows]), Points.of(values)
            support, squared = nearest(metric, *points, k, "all", owner)
            squared = squared.double().masked_fill(squared <= 0, math.inf)
            out[rows] = torch.segment_reduce(squared, "min", lengths=support.lengths, unsafe=True)
            if k >= len(values):
                break
            rows, k = rows[out[rows].isinf()], 4 * k
    return out


def check_perplexity(width: Width, i: Points, j: Points, pairs: str) -> None:
    """Refuse a perplexity that the number of candidates cannot reach."""
    if isinstance(width, Perplexity):
        most = int(candidate_count(i, j, pairs).max())
        if width.value > most:
            raise InputError(
                f"Perplexity({width.value:g}) needs at least {math.ceil(width.value)} candidate neighbours a "
                f"row, but there are {most}; lower the perplexity to at most {most}, or pass more rows"
            )


class Gaussian(Radial):
    r"""Gaussian kernel of a distance.

    .. math:: p(j|i) \propto \exp\!\left(-\frac{d_{ij}^2}{2\sigma_i^2}\right)

    On unit vectors (``metric="cos"``, the squared chord 2 - 2 cos) this is a softmax of cosines with
    temperature :math:`\tau = \sigma^2`; with ``metric="dot"`` it is a softmax of inner products divided by
    :math:`\sigma^2`.

    Parameters
    ----------
    sigma : float, Perplexity, KthNeighbor, Learnable or nn.Parameter, default 1
        Width, in units of the data. ``0`` and ``inf`` are the limits of the objective, rescaled by
        2 sigma^2: the largest score or the mean score takes the place of the logsumexp. They are no longer
        probabilities, so they are allowed in ``learned_dist`` and with the KL divergence only.
    metric : {"euclidean", "cos", "dot", "manhattan", "chebyshev", "correlation"} or callable, default "euclidean"
        A callable maps (..., n, d) and (..., m, d) to (..., n, m) and plays the part of a squared distance.
    normalize : {"row", "joint"}, default "row"
        Whether every row sums to one, or all pairs together do.
    pairs : {"distinct", "all", "cross_view"}, default "distinct"
        Candidates: all but the point itself, all, or only points of another view.

    Raises
    ------
    OptionError
        If ``sigma`` is not positive, or a name is unknown.

    References
    ----------
    Hinton & Roweis, Stochastic Neighbor Embedding, NeurIPS 2002; Alshammari et al., I-Con, ICLR 2025.

    Examples
    --------
    >>> from iconlearn import Gaussian, Perplexity
    >>> Gaussian(sigma=2)
    Gaussian(sigma=2)
    >>> Gaussian(sigma=Perplexity(30)).symmetrize()
    Gaussian(sigma=Perplexity(30)).symmetrize()
    """

    width_name = "sigma"

    def __init__(
        self,
        sigma: Width = 1.0,
        metric: str | Metric = "euclidean",
        *,
        normalize: str = "row",
        pairs: str = "distinct",
    ) -> None:
        super().__init__(metric, normalize, pairs)
        self.sigma = check_width("Gaussian", "sigma", sigma, limits=True)
        if normalize == "joint" and self.pool != "logsumexp":
            raise OptionError(
                f"Gaussian: sigma={self.sigma:g} is a limit of every row by itself; use normalize='row', or "
                "a finite sigma > 0"
            )
        if isinstance(self.sigma, nn.Parameter) and self.sigma.numel() != 1:
            raise OptionError(f"Gaussian: sigma has shape {tuple(self.sigma.shape)}; a scalar is needed")

    @property
    def pool(self) -> str:
        if isinstance(self.sigma, float):
            return "mean" if math.isinf(self.sigma) else "max" if self.sigma == 0 else "logsumexp"
        return "logsumexp"

    def profile(self, i: Points) -> Profile | None:
        width = self.number(self.sigma, i)
        if width is None or self.pool != "logsumexp" or not keeps_score(self, Gaussian):
            return None
        return Profile(GAUSSIAN, 0.5 / width**2)

    def product_form(self, i: Points, j: Points) -> ProductForm | None:
        width = self.single_width(i, j) if self.pool == "logsumexp" and keeps_score(self, Gaussian) else None
        return None if width is None else product_form(metric_name(self.metric), held_finite(0.5 / width**2))

    def score(self, squared: Tensor, width: Tensor | float) -> Tensor:
        return -squared if self.pool != "logsumexp" else squared * -held_finite(0.5 / width**2)

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        return self.scaled_rows(self.sigma, i, j), j

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        k = self.sigma.neighbors() if isinstance(self.sigma, RowBandwidth) else None
        if k is None:
            return super().forward(i, j, engine)
        check_perplexity(self.sigma, i, j, self.pairs)
        support, squared = nearest(self.metric, i, j, k, self.pairs, self)
        rows = replace(i, scale=self.sigma.solve_rows(support.indptr, squared))  # type: ignore[union-attr]
        return TableConditional(
            support, self.listed_score(support, squared, rows, j), self.normalize, self.pairs
        )


class StudentT(Radial):
    r"""Student-t kernel of a distance; ``df=1`` is the Cauchy kernel of t-SNE.

    .. math:: q(j|i) \propto \left(1 + \frac{d_{ij}^2}{\nu\,\gamma^2}\right)^{-(\nu + 1) / 2}

    Parameters
    ----------
    df : float, default 1
        Degrees of freedom nu; ``inf`` is the Gaussian with sigma = width.
    width : float, KthNeighbor, Spread, Learnable or nn.Parameter, default 1
        Width gamma, in units of the data.
    metric, normalize, pairs
        As in :class:`Gaussian`.

    References
    ----------
    van der Maaten & Hinton, Visualizing Data using t-SNE, JMLR 2008.

    Examples
    --------
    >>> from iconlearn import StudentT
    >>> StudentT(df=2, normalize="joint")
    StudentT(df=2, normalize='joint')
    """

    width_name = "width"

    def __init__(
        self,
        df: float = 1.0,
        width: Width = 1.0,
        metric: str | Metric = "euclidean",
        *,
        normalize: str = "row",
        pairs: str = "distinct",
    ) -> None:
        super().__init__(metric, normalize, pairs)
        self.df = check_number("StudentT", "df", df, low=0, open_low=True)
        if isinstance(width, Perplexity):
            raise OptionError(
                f"StudentT: width={width!r} is solved for a Gaussian; use KthNeighbor, Spread or a number > 0"
            )
        self.width = check_width("StudentT", "width", width, limits=False)

    def profile(self, i: Points) -> Profile | None:
        width = self.number(self.width, i)
        if width is None or not keeps_score(self, StudentT):
            return None
        if math.isinf(self.df):
            return Profile(GAUSSIAN, 0.5 / width**2)
        return Profile(STUDENT_T, 1 / (self.df * width**2), (self.df + 1) / 2)

    def product_form(self, i: Points, j: Points) -> ProductForm | None:
        width, name = self.single_width(i, j), metric_name(self.metric)
        if width is None or not keeps_score(self, StudentT):
            return None
        if math.isinf(self.df):
            return product_form(name, held_finite(0.5 / width**2))
        return product_form(name, held_finite(1 / (self.df * width**2)), (self.df + 1) / 2)

    def score(self, squared: Tensor, width: Tensor | float) -> Tensor:
        if math.isinf(self.df):
            return squared * -held_finite(0.5 / width**2)
        inverse = held_finite(1 / (self.df * width**2))
        scaled = squared if isinstance(inverse, float) and inverse == 1 else squared * inverse
        return torch.log1p(scaled) * (-(self.df + 1) / 2)

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        return self.scaled_rows(self.width, i, j), j


class Harmonic(Radial):
    r"""Power law of a distance: the small-width limit of a Student-t.

    .. math:: q(j|i) \propto d_{ij}^{-2n} = (d_{ij}^2)^{-n}

    The published harmonic loss writes d^(-n_h) with the unsquared distance, so n_h = 2 n. Scale-free but for
    the floor: the kernel is singular at 0, so squared distances below ``eps`` count as ``eps``.

    Parameters
    ----------
    n : float, default 1
        Exponent of the squared distance; the Student-t limit has nu = 2 n - 1.
    eps : float, default 1e-12
        Floor of the squared distance.
    metric, normalize, pairs
        As in :class:`Gaussian`.

    References
    ----------
    Baek et al., Harmonic Loss Trains Interpretable AI Models, 2025; I-Con, theorem 10.

    Examples
    --------
    >>> from iconlearn import Harmonic
    >>> Harmonic(n=2, pairs="all")
    Harmonic(n=2, pairs='all')
    """

    def __init__(
        self,
        n: float = 1.0,
        eps: float = 1e-12,
        metric: str | Metric = "euclidean",
        *,
        normalize: str = "row",
        pairs: str = "distinct",
    ) -> None:
        super().__init__(metric, normalize, pairs)
        self.n = check_number("Harmonic", "n", n, low=0, open_low=True, high=1e6)
        self.eps = check_number("Harmonic", "eps", eps, low=0, open_low=True, high=1)
        if metric == "dot":
            raise OptionError("Harmonic: metric='dot' can be negative; use 'euclidean' or 'cos'")

    def score(self, squared: Tensor, width: Tensor | float) -> Tensor:
        return -self.n * squared.clamp(min=self.eps).log()
