"""Nearest candidates of points, in the metric and under the pairs rule of a distribution."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn._parallel import in_pieces
from iconlearn.metrics import Metric, as_metric, centred_rows, metric_name, unit_vectors
from iconlearn.neighbors._loops import CHEBYSHEV, DOT, EUCLIDEAN, MANHATTAN, OWN, by_column
from iconlearn.neighbors._reservoir import Found, Task
from iconlearn.neighbors.exact import search
from iconlearn.neighbors.index import search_index
from iconlearn.points import Points, candidate_count, require_value, same_points
from iconlearn.support import Support, from_arrays, from_lengths

PRECOMPUTED = "precomputed"
EXTREME = 2.0**60  # squares of what is beyond leave the range of float32
KINDS = {"euclidean": EUCLIDEAN, "dot": DOT, "manhattan": MANHATTAN, "chebyshev": CHEBYSHEV}


@torch.no_grad()
def nearest(
    metric: str | Metric, i: Points, j: Points, k: int, pairs: str, owner: object
) -> tuple[Support, Tensor]:
    """The k nearest candidate columns of every row, and their squared distances (E,).

    Ties go to the smaller column, so a row never has more than ``k`` entries; a row with fewer candidates keeps
    them all. A row's neighbours depend on that row and the columns alone. Exact, but for the neighbours of very many
    points among themselves, which come from an index. Points that carry a neighbour graph are not searched.
    """
    k = check_number(owner, "k", k, low=1, integer=True)
    most = int(candidate_count(i, j, pairs).max()) if i.n and j.n else 0
    if not most:
        raise InputError(f"{owner}: no row has a candidate neighbour among the {j.n} columns; pass more rows")
    if (graph := i.neighbors) is not None and graph is j.neighbors and same_points(i, j):
        check_carried(graph.n, i, j, pairs, owner)
        support, squares = graph.edges(k, metric, i.unit, owner)
        if i.value is not None and graph.metric != PRECOMPUTED:
            check_distances(support, squares, metric, i, owner)
        dtype = torch.get_default_dtype() if i.value is None else i.value.dtype  # a graph may be all there is
        return support.to(i.device), squares.to(i.device, dtype)
    x, y = require_value(i, owner), require_value(j, owner)
    task = task_of(metric, x, y, keys(i, j, pairs), min(k, most))
    each_other = pairs == "distinct" and x is y and most == i.n - 1  # new rows are compared with all columns
    return as_support(search_index(task)[0] if each_other else search(task), j.n, x)


def check_carried(n: int, i: Points, j: Points, pairs: str, owner: object) -> None:
    """Refuse a neighbour graph that is not of these points, or leaves other pairs out than the distribution does."""
    if n != i.n:
        raise InputError(
            f"{owner}: neighbors= holds {n} rows, but there are {i.n}; give the graph of the same rows"
        )
    if pairs != "distinct" or int(candidate_count(i, j, pairs).min()) < n - 1:
        raise InputError(
            f"{owner}: neighbors= holds other rows only, each by itself, but the candidates are others here "
            f"(pairs={pairs!r}, or several views of a sample); leave neighbors out"
        )


def check_distances(
    support: Support, squares: Tensor, metric: str | Metric, i: Points, owner: object
) -> None:
    """Refuse a graph whose distances are not those of the rows: the nearest of some rows are compared."""
    value = require_value(i, owner).detach().cpu().double()
    rows = torch.arange(0, i.n, max(1, i.n // 64))
    rows = rows[support.lengths[rows] > 0]
    entry = support.indptr[rows]
    own = as_metric(metric)(value[rows].unsqueeze(-2), value[support.cols[entry]].unsqueeze(-2)).flatten()
    held = squares[entry].double()
    scale = as_metric("euclidean")(value[rows].unsqueeze(-2), torch.zeros(1, 1, 1).double()).flatten()
    off = (own - held).abs() > 1e-3 * torch.maximum(own.abs(), held.abs()) + 1e-5 * scale
    if bool(off.any()):
        row = int(rows[off][0])
        raise InputError(
            f"{owner}: neighbors= is of other rows: row {row} and its neighbour {int(support.cols[entry][off][0])} are "
            f"{float(own[off][0]):.4g} apart (squared) and not {float(held[off][0]):.4g}; give the graph of these "
            "rows, in their order"
        )


def task_of(metric: str | Metric, x: Tensor, y: Tensor, keys: tuple[np.ndarray, np.ndarray], k: int) -> Task:
    """The search for the k nearest under a metric."""
    kind, x_held, y_held = vectors(metric, x, y)
    return Task(kind, x_held, y_held, *keys, k, as_metric(metric) if kind == OWN else None)


def vectors(metric: str | Metric, x: Tensor, y: Tensor) -> tuple[int, np.ndarray, np.ndarray]:
    """How to compare which vectors, so that it amounts to the metric."""
    name = metric_name(metric)
    if name in ("cos", "correlation"):
        return EUCLIDEAN, on_sphere(name, x, 0), on_sphere(name, y, 1)
    dtype = torch.promote_types(x.dtype, y.dtype)
    held = [part.detach().to("cpu", dtype).contiguous().numpy() for part in (x, y)]
    return KINDS.get(name or "", OWN), held[0], held[1]


def on_sphere(name: str, x: Tensor, side: int) -> np.ndarray:
    """Unit vectors in float64, whose squared distance is 2 - 2 cos.

    Two more coordinates, one for rows and one for columns, are 1 where a vector is 0, which puts it at 2 from
    everything, other zeros too.
    """
    x = x.detach().cpu().double()
    unit = unit_vectors(centred_rows(x) if name == "correlation" else x)
    extra = torch.zeros(len(x), 2, dtype=torch.float64)
    extra[:, side] = (unit == 0).all(-1).double()
    return torch.cat([unit, extra], -1).numpy()


def keys(i: Points, j: Points, pairs: str) -> tuple[np.ndarray, np.ndarray]:
    """Numbers that agree between a row and a column which is no candidate of it."""
    if pairs == "all":
        return np.zeros(i.n, np.int64), np.ones(j.n, np.int64)
    held = (i.view, j.view) if pairs == "cross_view" else (i.key, j.key)
    mine, theirs = (part.cpu().contiguous().numpy() for part in held)
    return mine, theirs


def as_support(found: Found, m: int, like: Tensor) -> tuple[Support, Tensor]:
    """Neighbours in compressed rows of ascending columns."""
    n = len(found.cols)
    indptr = from_lengths((found.cols >= 0).sum(1))
    cols, squares = np.empty(indptr[-1], np.int64), np.empty(indptr[-1], found.squares.dtype)
    in_pieces(lambda a, b: by_column(found.cols, found.squares, indptr, a, b, cols, squares), n)
    return from_arrays(indptr, cols, m, like.device), torch.from_numpy(squares).to(like)


def extreme_unit(value: np.ndarray) -> float:
    """The power of two by which data is divided whose squares would leave the range of float32."""
    peak = float(np.abs(value).max(initial=0))
    return 1.0 if peak == 0 or 1 / EXTREME <= peak <= EXTREME else 2.0 ** min(int(np.frexp(peak)[1]), 1023)
