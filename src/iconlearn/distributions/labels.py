"""Neighbours of the same class: what some labels say of a neighbourhood, in O(n k) pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.distributions.base import Distribution, candidate_edges
from iconlearn.distributions.graphs import Graph, Nearest
from iconlearn.neighbors import nearest
from iconlearn.points import UNLABELLED, Points, candidate_count
from iconlearn.support import Support, join


class LabelKNN(Nearest):
    r"""Uniform over the k nearest other columns of the row's own class.

    .. math:: p(j|i) = 1/k \text{ over the } k \text{ nearest candidates } j \text{ of } i
              \text{ with } y_j = y_i

    Where :class:`Label` joins all pairs of a class, n^2 / C of them, this joins n k. A row that is unlabelled
    (-1), or alone in its class, has no mass, so that in a mixture the other parts keep the whole row: that is how
    partial labels steer a map. Rows without labels at all, such as new ones, count as unlabelled. In ``ICon.fit``
    the neighbours are found once, over the whole data set.

    Parameters
    ----------
    k : int, default 15
    metric, normalize, pairs
        As in :class:`Gaussian`.

    Raises
    ------
    InputError
        When applied to columns without labels.

    References
    ----------
    Khosla et al., Supervised Contrastive Learning, NeurIPS 2020 (the positives); McInnes et al., UMAP, 2018
    (labels as a second neighbourhood).

    Examples
    --------
    >>> from iconlearn import KNN, LabelKNN
    >>> 0.5 * KNN(15) + 0.5 * LabelKNN(15)
    0.5 * KNN() + 0.5 * LabelKNN()
    """

    key = "label"

    def edges(self, i: Points, j: Points) -> tuple[Support, Tensor]:
        if j.label is None:
            raise InputError(f"{self!r} compares labels but the columns have none; pass y=")
        mine = torch.full_like(i.id, UNLABELLED) if i.label is None else i.label
        # A class of few members is listed whole; only the others need a search.
        classes, members = j.label[j.label != UNLABELLED].unique(return_counts=True)
        few = torch.isin(mine, classes[members <= self.k])
        rows, cols = join(mine[few], j.label)
        rows = few.nonzero().flatten()[rows]
        keep = candidate_edges(i, j, rows, cols, self.pairs)
        found = [(rows[keep], cols[keep])]
        found += [self.within(i, j, mine == c, j.label == c) for c in classes[members > self.k]]
        rows, cols = (torch.cat(part) for part in zip(*found, strict=True))
        support, _ = Support.from_pairs(rows, cols, i.n, j.n)
        dtype = torch.get_default_dtype() if i.value is None else i.value.dtype
        return support, torch.zeros(len(support), dtype=dtype, device=i.device)

    def within(self, i: Points, j: Points, mine: Tensor, theirs: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and columns of the k nearest pairs between some rows and some columns."""
        rows, cols = mine.nonzero().flatten(), theirs.nonzero().flatten()
        some, others = i.take(rows), j.take(cols)
        if not len(rows) or not bool(candidate_count(some, others, self.pairs).any()):
            return rows[:0], cols[:0]
        support, _ = nearest(self.metric, some, others, self.k, self.pairs, self)
        return rows[support.rows], cols[support.cols]

    def prepare(self, data: Points) -> Distribution:
        support, log_mass = self.edges(data, data)
        if not len(support):
            return self  # a graph needs an edge
        return Graph.between(data, support, log_mass, normalize=self.normalize, pairs=self.pairs)
