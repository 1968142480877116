"""The target of normalised cuts: a softmax of the graph's weights, each divided by the degree of its column."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.distributions.base import Kernel
from iconlearn.distributions.weights import read_weights
from iconlearn.points import Points
from iconlearn.support import Support, join


class DegreeSoftmax(Kernel):
    r"""Softmax of the weights of a graph over the degrees of the columns.

    .. math:: p(j|i) \propto \exp\!\left(\frac{w_{ij}}{\tau\, d_j}\right), \qquad d_j = \sum_k w_{jk}

    Every pair has mass, unconnected ones too, so that a reverse divergence is finite.

    Parameters
    ----------
    weights : array or scipy sparse matrix or Tensor of shape (N, N)
        Non-negative and symmetric; row and column are the ids of samples.
    temperature : float, default 0.001
        tau; towards 0 only the cut counts, not the entropy of the assignment.
    normalize, pairs
        As in :class:`Gaussian`; self is a candidate by default.

    Raises
    ------
    InputError
        If the weights are not a usable graph, or a node has no edge.

    References
    ----------
    Shi & Malik, Normalized Cuts and Image Segmentation, TPAMI 2000; I-Con, theorem 14.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn import DegreeSoftmax
    >>> DegreeSoftmax(np.ones((3, 3)), temperature=0.1)
    DegreeSoftmax(weights=<ndarray (3, 3)>, temperature=0.1)
    """

    indptr: Tensor
    cols: Tensor
    log_weight: Tensor

    def __init__(
        self, weights: Any, temperature: float = 1e-3, *, normalize: str = "row", pairs: str = "all"
    ) -> None:
        super().__init__(normalize, pairs)
        self.weights = weights
        self.temperature = check_number(
            "DegreeSoftmax", "temperature", temperature, low=0, open_low=True, high=1e30
        )
        support, log_weight = read_weights(weights)
        if support.n != support.m:
            raise InputError(f"DegreeSoftmax: weights have shape {(support.n, support.m)}; (N, N) is needed")
        self.num_ids = support.m
        self.register_buffer("indptr", support.indptr)
        self.register_buffer("cols", support.cols)
        self.register_buffer("log_weight", log_weight)
        degree = support.sum(log_weight.exp())
        if not bool((degree > 0).all()):
            raise InputError(f"DegreeSoftmax: node {int(degree.argmin())} has no edge; leave such nodes out")

    def log_score(self, i: Points, j: Points) -> Tensor:
        for ids in (i.id, j.id):
            if not bool(((ids >= 0) & (ids < self.num_ids)).all()):
                bad = ids[(ids < 0) | (ids >= self.num_ids)].flatten()
                raise InputError(
                    f"{self!r} has weights of {self.num_ids} samples, but a point has the unknown id "
                    f"{int(bad[0])}; the weights and the data must be of the same samples"
                )
        graph = Support(self.indptr, self.cols, self.num_ids)
        weight = self.log_weight.exp()
        score = weight / graph.sum(weight)[self.cols] / self.temperature
        if i.id.ndim == 1:  # a block: only its edges are looked at
            owner, entry = graph.take_rows(i.id)
            hit, cols = join(self.cols[entry], j.id)
            block = score.new_zeros(i.n, j.n)
            return block.index_put((owner[hit], cols), score[entry[hit]])
        rows, cols = torch.broadcast_tensors(i.id.unsqueeze(-1), j.id.unsqueeze(-2))
        place, found = graph.find(rows.flatten(), cols.flatten())
        return torch.where(found, score[place], 0.0).reshape(rows.shape)
