"""Metrics: squared-distance-like comparisons of rows with columns, by name or as a callable.

Every metric maps (..., n, d) and (..., m, d) to (..., n, m) and plays the part of a squared distance, so one
width convention serves all: a Gaussian exp(-metric / (2 sigma^2)) on the unit sphere is a softmax of cosines
with temperature sigma^2.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, where

from iconlearn._checks import check_choice
from iconlearn._errors import OptionError

Metric = Callable[[Tensor, Tensor], Tensor]


def euclidean(x: Tensor, y: Tensor) -> Tensor:
    """Squared Euclidean distance |x_i - y_j|^2, centred first so that large means cost no digits."""
    if x.shape[-2] == 1 and y.shape[-2] == 1:  # one pair a row: the difference itself is cheaper and exact
        return (x - y).square().sum(-1, keepdim=True)
    centre = y.detach().mean(-2, keepdim=True)
    x, y = x - centre, y - centre
    # One product gives |x|^2 + |y|^2 - 2 x.y, so that the (n, m) matrix is written once.
    one_x, one_y = torch.ones_like(x[..., :1]), torch.ones_like(y[..., :1])
    left = torch.cat([x, x.square().sum(-1, keepdim=True), one_x], -1)
    right = torch.cat([-2 * y, one_y, y.square().sum(-1, keepdim=True)], -1)
    return (left @ right.mT).clamp(min=0)


def unit_vectors(x: Tensor) -> Tensor:
    """x / |x|, safe at any scale; a zero vector stays zero and passes no gradient."""
    peak = x.detach().abs().amax(-1, keepdim=True)
    x = x / where(peak > 0, peak, 1.0)
    square = x.square().sum(-1, keepdim=True)
    return x * where(square > 0, square, 1.0).rsqrt() * (square > 0)


def cos(x: Tensor, y: Tensor) -> Tensor:
    """Squared chord 2 - 2 cos(x_i, y_j) in [0, 4]; a zero vector is at 2 from everything."""
    return 2 - 2 * inner_product(unit_vectors(x), unit_vectors(y))


def dot(x: Tensor, y: Tensor) -> Tensor:
    """-2 x_i . y_j, the squared distance without the norms: a Gaussian of it is exp(x . y / sigma^2)."""
    return -2 * inner_product(x, y)


def inner_product(x: Tensor, y: Tensor) -> Tensor:
    """x_i . y_j, (..., n, m)."""
    if x.shape[-2] == 1 and y.shape[-2] == 1:
        return (x * y).sum(-1, keepdim=True)
    return x @ y.mT


def centred_rows(x: Tensor) -> Tensor:
    """Every row less its own mean; what is left of a constant row by rounding is 0."""
    centred = x - x.mean(-1, keepdim=True)
    noise = 8 * torch.finfo(x.dtype).eps * x.detach().abs().amax(-1, keepdim=True)
    return centred * (centred.detach().abs().amax(-1, keepdim=True) > noise)


def correlation(x: Tensor, y: Tensor) -> Tensor:
    """Squared chord 2 - 2 r(x_i, y_j) in [0, 4] of Pearson's correlation; a constant row is at 2 from everything."""
    return cos(centred_rows(x), centred_rows(y))


def manhattan(x: Tensor, y: Tensor) -> Tensor:
    """Square of the city block distance sum_k |x_ik - y_jk|."""
    return _power_distance(x, y, 1.0).square()


def chebyshev(x: Tensor, y: Tensor) -> Tensor:
    """Square of the largest difference max_k |x_ik - y_jk|."""
    return _power_distance(x, y, math.inf).square()


def _power_distance(x: Tensor, y: Tensor, p: float) -> Tensor:
    """The distance of the p-norm, without an (n, m, d) intermediate."""
    if x.shape[-2] == 1 and y.shape[-2] == 1:
        return torch.linalg.vector_norm(x - y, p, -1, keepdim=True)
    return torch.cdist(x, y, p)


METRICS: dict[str, Metric] = {
    "euclidean": euclidean,
    "cos": cos,
    "dot": dot,
    "manhattan": manhattan,
    "chebyshev": chebyshev,
    "correlation": correlation,
}
ELSEWHERE = {  # what other libraries call them
    "cosine": "cos",
    "l1": "manhattan",
    "cityblock": "manhattan",
    "l2": "euclidean",
    "sqeuclidean": "euclidean",
    "linf": "chebyshev",
    "pearson": "correlation",
    "inner_product": "dot",
}
SCALE_FREE = ("cos", "correlation")  # the scale of the data does not matter, and a width is no length


def check_metric_name(owner: str, metric: str) -> None:
    """Refuse an unknown name; one that other libraries use is translated."""
    if metric in ELSEWHERE:
        raise OptionError(
            f"{owner}: metric={metric!r} is unknown; allowed: {', '.join(map(repr, sorted(METRICS)))}; did you mean "
            f"{ELSEWHERE[metric]!r}? That is its name here"
        )
    if metric == "precomputed":
        raise OptionError(
            f"{owner}: metric='precomputed' is no metric here; make a graph of the distances with "
            "NeighborGraph.from_distances(D), and give it to a map: fit(X, neighbors=graph), or fit(graph)"
        )
    check_choice(owner, "metric", metric, METRICS)


def check_metric(owner: str, metric: str | Metric) -> None:
    """Refuse what is neither a known name nor a callable."""
    if isinstance(metric, str):
        check_metric_name(owner, metric)
    elif not callable(metric):
        raise OptionError(f"{owner}: metric={metric!r} must be a callable or one of {sorted(METRICS)}")


def as_metric(metric: str | Metric) -> Metric:
    """The callable behind a metric option; what a user's own returns is checked."""
    if isinstance(metric, str):
        return METRICS[metric]
    return metric if metric in METRICS.values() else Checked(metric)


class Checked:
    """A metric of the user's, refused where it does not return a number for every pair."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        found = self.metric(x, y)
        shape = (*torch.broadcast_shapes(x.shape[:-2], y.shape[:-2]), x.shape[-2], y.shape[-2])
        name = getattr(self.metric, "__qualname__", repr(self.metric))
        if not isinstance(found, Tensor) or found.shape != shape:
            got = f"a tensor {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
            raise OptionError(
                f"metric={name} returned {got} for rows {tuple(x.shape)} and columns {tuple(y.shape)}; a tensor of "
                f"shape {shape} is needed, a squared distance for every pair"
            )
        if bool(found.detach().isnan().any()):
            raise OptionError(f"metric={name} returned NaN; a number for every pair is needed")
        return found


def metric_name(metric: str | Metric) -> str | None:
    """The name of a metric of the library, given by name or as its function; None for any other."""
    if isinstance(metric, str):
        return metric
    return next((name for name, known in METRICS.items() if known is metric), None)
