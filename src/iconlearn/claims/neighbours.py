"""Targets made of the data or the graph of a case, as dense matrices."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from iconlearn.claim import Case
from iconlearn.published import limits, targets


def data(case: Case) -> Tensor:
    """The rows, (n, d)."""
    assert case.x is not None
    return case.x


def weights(case: Case) -> Tensor:
    """The weights of the graph, (n, n)."""
    assert case.graph is not None
    return case.graph


def gaussian(case: Case) -> Tensor:
    """Gaussian rows of one perplexity, each over its 3 * perplexity nearest."""
    perplexity = case.parameters["perplexity"]
    return targets.perplexity_rows(data(case), perplexity, kept=math.ceil(3 * perplexity))


def student(case: Case) -> Tensor:
    """Student-t rows, as wide as the distance to the k-th neighbour, each over its 3 k nearest."""
    k = case.parameters["n_neighbors"]
    rows = targets.student_rows(data(case), case.parameters["df"], limits.kth_distances(data(case), k))
    kept = rows * (targets.knn_rows(data(case), min(3 * k, case.n - 1)) > 0)
    return kept / kept.sum(1, keepdim=True)


def knn(case: Case) -> Tensor:
    """Uniform over the k nearest others."""
    return targets.knn_rows(data(case), case.parameters["n_neighbors"])


def sklearn_knn(case: Case) -> Tensor:
    """The same by scikit-learn's neighbour search."""
    from sklearn.neighbors import kneighbors_graph

    k = case.parameters["n_neighbors"]
    return torch.from_numpy(kneighbors_graph(data(case).numpy(), k).toarray()) / k


def graph(case: Case) -> Tensor:
    """Weights over the degree of the row."""
    return targets.graph_rows(weights(case))
