"""Scores of embeddings and clusterings: arrays in, floats out."""

from iconlearn.evaluation.clusters import ari, cluster_entropy, hungarian_accuracy, nmi
from iconlearn.evaluation.encoders import linear_probe
from iconlearn.evaluation.neighbours import knn_accuracy, neighbour_preservation, trustworthiness

__all__ = [
    "ari",
    "cluster_entropy",
    "hungarian_accuracy",
    "knn_accuracy",
    "linear_probe",
    "neighbour_preservation",
    "nmi",
    "trustworthiness",
]
