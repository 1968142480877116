"""Which rows a run is fitted on, and the scores of what came out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from iconlearn.data.files import Dataset
from iconlearn.door import fit_inputs
from iconlearn.evaluation import (
    ClusteringReport,
    clustering_report,
    knn_accuracy,
    linear_probe,
    trustworthiness,
)
from iconlearn.explain import evaluating
from iconlearn.model import ICon

MOST_ROWS = 5000  # trustworthiness takes memory and time of n squared: of larger data a sample is scored
Metrics = dict[str, Any]


def map_scores(dataset: Dataset, embedding: np.ndarray, seed: int, *, distances: bool) -> Metrics:
    """Scores of a map: trustworthiness(12) where the data has ``distances``, and 10-NN accuracy with labels."""
    found: Metrics = {}
    rows = np.arange(len(embedding))
    if distances and len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
        found["trustworthiness_rows"] = MOST_ROWS
    if distances and len(rows) > 24:
        found["trustworthiness"] = trustworthiness(dataset.X[rows], embedding[rows], 12)
    return found | neighbour_scores(embedding, dataset.y)


def neighbour_scores(embedding: np.ndarray, y: np.ndarray | None) -> Metrics:
    """Leave-one-out accuracy of 10 nearest neighbours, among the labelled rows."""
    if y is None or (y >= 0).sum() < 11:
        return {}
    return {"knn_accuracy": knn_accuracy(embedding[y >= 0], y[y >= 0], 10)}


def cluster_scores(y: np.ndarray | None, probability: np.ndarray) -> Metrics:
    """Scores of a clustering: against the labels where there are any, its confidence, and how full the clusters are."""
    return report_scores(clustering_report(probability, y))


def report_scores(report: ClusteringReport) -> Metrics:
    """What a report scores, without what it counts."""
    found: Metrics = report.scores
    for counted in ("rows", "unlabelled_rows", "n_clusters", "n_classes"):
        del found[counted]
    return found | {"largest_cluster_entropy": float(np.log(report.n_clusters))}


def encoder_scores(
    y: np.ndarray, train: np.ndarray, test: np.ndarray, embedding: np.ndarray, untrained: np.ndarray
) -> Metrics:
    """Scores of an encoder on rows it was not fitted to: linear probe and neighbours, trained and untrained."""
    known = train[y[train] >= 0]
    found = neighbour_scores(embedding[test], y[test])
    for name, rows in (("linear_probe", embedding), ("linear_probe_untrained", untrained)):
        found[name] = linear_probe(rows[known], y[known], rows[test], y[test])
    return found


def retrieval(model: ICon, batch: Any) -> float:
    """Share of samples whose most probable column, in another modality, is the sample itself."""
    inputs = fit_inputs(batch, None, unit=model.unit)
    with evaluating(model), torch.no_grad():
        pair = model.pair(inputs)
        found = torch.cat(
            [pair.learned.block(rows).argmax(-1) for rows in torch.arange(pair.rows.n).split(1024)]
        )
    return float((pair.columns.id[found] == pair.rows.id).double().mean())


def token_scores(model: ICon, batch: Any) -> Metrics:
    """Of the tokens of contexts: share predicted right, and perplexity exp(mean -log q)."""
    tokens = torch.from_numpy(batch["tokens"]).ravel()
    embedding = torch.from_numpy(model.transform({"views": batch["views"]}))
    with torch.no_grad():
        log_q = model.learned_over_columns(embedding)
    right = (log_q.argmax(-1) == tokens).double().mean()
    surprise = -log_q.double().gather(-1, tokens.unsqueeze(-1)).mean()
    return {"accuracy": float(right), "token_perplexity": float(surprise.exp())}
