"""Targets on few pairs: the nearest columns, and weights that are given."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn._numerics import NEG
from iconlearn.conditional import PIECE
from iconlearn.distributions.base import Distribution, Sparse, candidate_edges
from iconlearn.distributions.weights import Listed, read_weights
from iconlearn.metrics import Metric, check_metric
from iconlearn.neighbors import nearest
from iconlearn.points import Points, require_samples
from iconlearn.support import Support, join


class Nearest(Sparse):
    """Uniform over the k nearest of some columns; the family of the named classes below and of LabelKNN."""

    def __init__(
        self,
        k: int = 15,
        metric: str | Metric = "euclidean",
        *,
        normalize: str = "row",
        pairs: str = "distinct",
    ) -> None:
        super().__init__(normalize, pairs)
        self.k = check_number(type(self).__name__, "k", k, low=1, integer=True)
        check_metric(type(self).__name__, metric)
        self.metric = metric


class KNN(Nearest):
    """Uniform over the k nearest other columns.

    .. math:: p(j|i) = 1/k \\text{ over the } k \\text{ nearest candidates of } i

    In ``ICon.fit`` the neighbours are found once, over the whole data set; applied to a batch by itself they
    are those of the batch. Ties are broken by the search; a row with fewer than k candidates takes them all.

    Parameters
    ----------
    k : int, default 15
    metric, normalize, pairs
        As in :class:`Gaussian`.

    Examples
    --------
    >>> from iconlearn import KNN
    >>> KNN(10).propagate(2).debias(0.5)
    KNN(k=10).propagate(2).debias(0.5)
    """

    def searches(self) -> list[tuple[str | Metric, str, int]]:
        return [(self.metric, self.pairs, self.k)]

    def edges(self, i: Points, j: Points) -> tuple[Support, Tensor]:
        support, squared = nearest(self.metric, i, j, self.k, self.pairs, self)
        return support, torch.zeros_like(squared)

    def prepare(self, data: Points) -> Distribution:
        support, log_mass = self.edges(data, data)
        return Graph.between(data, support, log_mass, normalize=self.normalize, pairs=self.pairs)


class Graph(Sparse):
    """Given weights between samples, found by id.

    .. math:: p(j|i) = w_{ij} / \\textstyle\\sum_k w_{ik}

    Parameters
    ----------
    weights : array or scipy sparse matrix or Tensor of shape (N, N)
        Non-negative; row and column are the ids of samples. In a batch, the part between its samples.
    normalize, pairs
        As in :class:`Gaussian`; "distinct" leaves out self-weights.

    Raises
    ------
    InputError
        If weights are negative, not finite, not a matrix or all zero.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn import Graph
    >>> Graph(np.eye(3)[[1, 2, 0]])
    Graph(weights=<ndarray (3, 3)>)
    """

    indptr: Tensor
    cols: Tensor
    log_weight: Tensor
    ids: Tensor | None = None  # sample of each row of the weights, ascending; None: row k is sample k

    def __init__(self, weights: Any, *, normalize: str = "row", pairs: str = "distinct") -> None:
        super().__init__(normalize, pairs)
        self.weights = weights
        support, log_weight = read_weights(weights)
        self.num_ids = support.m
        self.register_buffer("indptr", support.indptr)
        self.register_buffer("cols", support.cols)
        self.register_buffer("log_weight", log_weight)

    @classmethod
    def between(cls, data: Points, support: Support, log_mass: Tensor, **options: Any) -> Graph:
        """A graph between the samples of ``data``, from a support over its points; views are summed."""
        if bool((data.id[1:] > data.id[:-1]).all()) and bool((log_mass > NEG).all()):
            graph = cls(
                Listed(support, log_mass), **options
            )  # every point is a sample: nothing to sum or sort
            graph.ids = data.id
            return graph
        ids, place = data.id.unique(return_inverse=True)
        coo = torch.sparse_coo_tensor(
            torch.stack([place[support.rows], place[support.cols]]),
            log_mass.exp(),
            (len(ids), len(ids)),
            check_invariants=False,  # they hold; unsaid, torch warns
        )
        graph = cls(coo.coalesce(), **options)
        graph.ids = ids
        return graph

    def places(self, points: Points) -> Tensor:
        """Row of the weights of every point."""
        if self.ids is None:
            known = (points.id >= 0) & (points.id < len(self.indptr) - 1)
            place = points.id
        else:
            place = torch.searchsorted(self.ids, points.id.contiguous()).clamp(max=len(self.ids) - 1)
            known = self.ids[place] == points.id
        if not bool(known.all()):
            raise InputError(
                f"{self!r} has weights of {len(self.indptr) - 1} samples, but a point has the unknown id "
                f"{int(points.id[~known][0])}; the weights and the data must be of the same samples"
            )
        return place

    def is_whole(self, table: Support, points: Points) -> bool:
        """Are these all samples in order, and all pairs of the graph candidates?"""
        if points.n != table.n or table.n != table.m or self.pairs == "cross_view":
            return False
        own = torch.arange(table.n, device=points.device) if self.ids is None else self.ids
        if not torch.equal(points.id, own):
            return False
        pieces = table.pieces(PIECE) if self.pairs == "distinct" else ()
        return all(bool((rows != table.cols[entries]).all()) for rows, entries in pieces)

    def edges(self, i: Points, j: Points) -> tuple[Support, Tensor]:
        require_samples(j, self)
        table = Support(self.indptr, self.cols, self.num_ids)
        if self.is_whole(table, i) and (i is j or self.is_whole(table, j)):
            return table, self.log_weight
        owner, entry = table.take_rows(self.places(i))
        cols = self.cols[entry]  # of a batch: all of the graph are many
        hit, cols = join(cols if self.ids is None else self.ids[cols], j.id)
        rows, log_mass = owner[hit], self.log_weight[entry[hit]]
        keep = candidate_edges(i, j, rows, cols, self.pairs)
        support, order = Support.from_pairs(rows[keep], cols[keep], i.n, j.n)
        return support, log_mass[keep][order]

    def positives(self, ids: Tensor, count: int, generator: torch.Generator) -> Tensor | None:
        table = Support(self.indptr, self.cols, self.num_ids)
        owner, entry = table.take_rows(self.places(Points.of(None, id=ids)))
        # Exponential times, each at the rate of its weight: the first of a row are a draw without repeats.
        times = torch.empty(len(entry)).exponential_(generator=generator).to(self.log_weight)
        order = (times.log() - self.log_weight[entry]).argsort()
        order = order[owner[order].argsort(stable=True)]
        start = torch.searchsorted(owner[order], torch.arange(len(ids), device=ids.device))
        rank = torch.arange(len(order), device=ids.device) - start[owner[order]]
        first = rank < count
        drawn = ids.unsqueeze(-1).repeat(1, count)
        cols = self.cols[entry[order[first]]]
        drawn[owner[order[first]], rank[first]] = cols if self.ids is None else self.ids[cols]
        return drawn
