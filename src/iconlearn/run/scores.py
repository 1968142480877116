"""Which rows a run is fitted on, and the scores of what came out."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn.data.files import Dataset
from iconlearn.evaluation import (
    ari,
    cluster_entropy,
    hungarian_accuracy,
    knn_accuracy,
    linear_probe,
    nmi,
    trustworthiness,
)

MOST_ROWS = 5000  # trustworthiness takes memory and time of n squared: of larger data a sample is scored
Metrics = dict[str, Any]


def map_scores(dataset: Dataset, embedding: np.ndarray, seed: int) -> Metrics:
    """Scores of a map: trustworthiness(12), and the accuracy of 10 nearest neighbours where there are labels."""
    found: Metrics = {}
    rows = np.arange(len(embedding))
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
        found["trustworthiness_rows"] = MOST_ROWS
    if len(rows) > 24:
        found["trustworthiness"] = trustworthiness(dataset.X[rows], embedding[rows], 12)
    return found | neighbour_scores(embedding, dataset.y)


def neighbour_scores(embedding: np.ndarray, y: np.ndarray | None) -> Metrics:
    """Leave-one-out accuracy of 10 nearest neighbours, among the labelled rows."""
    if y is None or (y >= 0).sum() < 11:
        return {}
    return {"knn_accuracy": knn_accuracy(embedding[y >= 0], y[y >= 0], 10)}


def cluster_scores(dataset: Dataset, assigned: np.ndarray, n_clusters: int) -> Metrics:
    """Scores of a clustering: against the labels where there are any, and how full the clusters are."""
    found: Metrics = {}
    if dataset.y is not None and (dataset.y >= 0).any():
        known = dataset.y >= 0
        pair = dataset.y[known], assigned[known]
        found = {"hungarian_accuracy": hungarian_accuracy(*pair), "nmi": nmi(*pair), "ari": ari(*pair)}
    found["cluster_entropy"] = cluster_entropy(assigned, n_clusters)
    found["largest_cluster_entropy"] = float(np.log(n_clusters))
    found["empty_clusters"] = n_clusters - len(np.unique(assigned))
    return found


def encoder_scores(
    y: np.ndarray, train: np.ndarray, test: np.ndarray, embedding: np.ndarray, untrained: np.ndarray
) -> Metrics:
    """Scores of an encoder on rows it was not fitted to: linear probe and neighbours, trained and untrained."""
    known = train[y[train] >= 0]
    found = neighbour_scores(embedding[test], y[test])
    for name, rows in (("linear_probe", embedding), ("linear_probe_untrained", untrained)):
        found[name] = linear_probe(rows[known], y[known], rows[test], y[test])
    return found
