"""Sparse distributions: pairs that agree in a key, neighbours, given weights, token counts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn._numerics import NEG
from iconlearn.conditional import PIECE, Conditional, TableConditional
from iconlearn.distributions.base import Distribution, Engine, Kernel, Sparse, candidate_edges
from iconlearn.distributions.weights import Listed, read_weights
from iconlearn.metrics import Metric, check_metric
from iconlearn.neighbors import nearest
from iconlearn.points import UNLABELLED, Points, require_samples
from iconlearn.support import Support, join

# A match with more pairs than this share of all is streamed as a dense kernel instead of being listed.
LISTED_SHARE = 0.25
LISTED_PAIRS = 1 << 16


class Match(Kernel):
    """Uniform over the columns that agree with the row in one key; the family of the named classes below."""

    full_support = False
    key: str = "id"

    def keys(self, points: Points) -> Tensor:
        """What has to agree, (n,) int64."""
        key = getattr(points, self.key)
        if key is None:
            raise InputError(f"{self!r} compares {self.key}s but the points have none; pass y=")
        return key

    def log_score(self, i: Points, j: Points) -> Tensor:
        mine, theirs = self.keys(i), self.keys(j)
        same = mine.unsqueeze(-1) == theirs.unsqueeze(-2)
        if self.key == "label":
            same = same & (mine != UNLABELLED).unsqueeze(-1)
        dtype = torch.get_default_dtype() if i.value is None else i.value.dtype
        return torch.where(same, 0.0, -torch.inf).to(dtype)

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        if self.key == "id":
            require_samples(j, repr(self))
        mine, theirs = self.keys(i), self.keys(j)
        ordered = theirs.sort().values
        count = torch.searchsorted(ordered, mine.contiguous(), right=True) - torch.searchsorted(
            ordered, mine.contiguous()
        )
        if int(count.sum()) > max(LISTED_PAIRS, LISTED_SHARE * i.n * j.n):
            return super().forward(i, j, engine)
        rows, cols = join(mine, theirs)
        keep = candidate_edges(i, j, rows, cols, self.pairs)
        if self.key == "label":
            keep &= mine[rows] != UNLABELLED
        support, _ = Support.from_pairs(rows[keep], cols[keep], i.n, j.n)
        dtype = torch.get_default_dtype() if i.value is None else i.value.dtype
        mass = torch.zeros(len(support), dtype=dtype, device=mine.device)
        return TableConditional(support, mass, self.normalize, self.pairs)


class Identity(Match):
    """p(j|i) = 1 if j is i itself, else 0: the target of PCA. Self is a candidate.

    Examples
    --------
    >>> from iconlearn import Identity
    >>> Identity()
    Identity()
    """

    def __init__(self, *, normalize: str = "row") -> None:
        super().__init__(normalize, "all")

    def keys(self, points: Points) -> Tensor:
        return points.key


class Augmentation(Match):
    """Uniform over the other views of the same sample: the positive pairs of contrastive learning.

    .. math:: p(j|i) = 1 / (k - 1) \\text{ over the other } k - 1 \\text{ views of } i

    Parameters
    ----------
    num_views : int, default 2
        Views of every sample; tells loaders how many to make.
    pairs : {"distinct", "cross_view"}, default "distinct"
        "cross_view" restricts the candidates to other views (as MoCo v3 and CLIP do).

    References
    ----------
    Chen et al., SimCLR, ICML 2020; Alshammari et al., I-Con, ICLR 2025 (theorem 3).

    Examples
    --------
    >>> from iconlearn import Augmentation
    >>> Augmentation(num_views=3)
    Augmentation(num_views=3)
    """

    def __init__(self, num_views: int = 2, *, normalize: str = "row", pairs: str = "distinct") -> None:
        super().__init__(normalize, pairs)
        self.num_views = check_number(
            "Augmentation", "num_views", num_views, low=2, integer=True, hint="a positive is another view"
        )
        if pairs == "all":
            raise OptionError("Augmentation: pairs='all' would make a view its own positive; use 'distinct'")


class CrossModal(Match):
    """The same sample in another modality: the pairs of CLIP and CMC; candidates are the other modalities.

    Parameters
    ----------
    num_modalities : int, default 2
        Modalities of every sample, given as the views of the batch.

    References
    ----------
    Radford et al., CLIP, ICML 2021; Tian et al., CMC, ECCV 2020.

    Examples
    --------
    >>> from iconlearn import CrossModal
    >>> CrossModal()
    CrossModal()
    """

    def __init__(self, num_modalities: int = 2, *, normalize: str = "row") -> None:
        super().__init__(normalize, "cross_view")
        self.num_modalities = check_number(
            "CrossModal", "num_modalities", num_modalities, low=2, integer=True
        )
        self.num_views = self.num_modalities


class Label(Match):
    """Uniform over the other points of the same class: the positives of supervised contrastive learning.

    A point that is alone in its class, or unlabelled (label -1), has no positive; its row is left out of
    the mean.

    References
    ----------
    Khosla et al., Supervised Contrastive Learning, NeurIPS 2020; I-Con, theorem 6.

    Examples
    --------
    >>> from iconlearn import Label
    >>> Label()
    Label()
    """

    key = "label"

    def __init__(self, *, normalize: str = "row", pairs: str = "distinct") -> None:
        super().__init__(normalize, pairs)


class DataLabel(Match):
    """1 on the row's own class, where the columns are classes (``mapper_j=Prototypes(...)``).

    References
    ----------
    I-Con, theorem 9 (cross entropy); Baek et al. 2025 (harmonic loss).

    Examples
    --------
    >>> from iconlearn import DataLabel
    >>> DataLabel().debias(0.1)  # label smoothing
    DataLabel().debias(0.1)
    """

    key = "label"

    def __init__(self, *, normalize: str = "row") -> None:
        super().__init__(normalize, "all")

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        mine = self.keys(i)
        refuse_unknown("label", mine[mine != UNLABELLED], self.keys(j), "class")
        return super().forward(i, j, engine)


def refuse_unknown(what: str, wanted: Tensor, known: Tensor, kind: str) -> None:
    """Refuse labels or tokens that no column stands for."""
    missing = wanted[~torch.isin(wanted, known)]
    if len(missing):
        raise InputError(
            f"{what} {int(missing[0])} has no column among the {len(known)} prototypes; give one a {kind}: "
            f"mapper_j=Prototypes({int(wanted.max()) + 1}, dim)"
        )


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
        support, squared = nearest(self.metric, i, j, self.k, self.pairs, repr(self))
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
        require_samples(j, repr(self))
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


class Context(Sparse):
    """Empirical token counts: p(j|i) = count of token j in context i, over all counts of i.

    Columns are tokens (``mapper_j=Prototypes(vocabulary, dim)``), found by id.

    Parameters
    ----------
    field : str, default "tokens"
        Field of the rows with the token ids of every context, (n, t) int64; -1 is padding. One token a row
        is masked or next-token prediction.

    References
    ----------
    I-Con, theorem 11.

    Examples
    --------
    >>> from iconlearn import Context
    >>> Context()
    Context()
    """

    def __init__(self, field: str = "tokens", *, normalize: str = "row") -> None:
        super().__init__(normalize, "all")
        self.field = field

    def edges(self, i: Points, j: Points) -> tuple[Support, Tensor]:
        tokens = i.fields.get(self.field)
        if tokens is None:
            there = ", ".join(sorted(i.fields)) or "none"
            raise InputError(f"{self!r}: the rows have no field {self.field!r} (fields: {there})")
        tokens = tokens.long().reshape(i.n, -1)
        rows, place = (tokens >= 0).nonzero().unbind(-1)
        refuse_unknown("token", tokens[rows, place], j.id, "token")
        hit, cols = join(tokens[rows, place], j.id)
        keys, count = (rows[hit] * j.n + cols).unique(return_counts=True)
        support = Support.from_sorted(keys // j.n, keys % j.n, i.n, j.n)
        return support, count.to(torch.get_default_dtype()).log()
