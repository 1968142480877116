"""Scores of embeddings and clusterings: arrays in, floats out."""

from iconlearn.evaluation.clusters import (
    ari,
    cluster_entropy,
    cluster_sizes,
    hungarian_accuracy,
    many_to_one_accuracy,
    nmi,
)
from iconlearn.evaluation.encoders import linear_probe
from iconlearn.evaluation.matching import ConfusionMatrix, confusion_matrix, match_clusters
from iconlearn.evaluation.neighbours import knn_accuracy, neighbour_preservation, trustworthiness

__all__ = [
    "ConfusionMatrix",
    "ari",
    "cluster_entropy",
    "cluster_sizes",
    "confusion_matrix",
    "hungarian_accuracy",
    "knn_accuracy",
    "linear_probe",
    "many_to_one_accuracy",
    "match_clusters",
    "neighbour_preservation",
    "nmi",
    "trustworthiness",
]
