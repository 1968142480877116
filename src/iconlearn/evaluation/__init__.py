"""Scores of embeddings and clusterings: arrays in, floats out."""

from iconlearn.evaluation.calibration import (
    Reliability,
    confidence_histogram,
    expected_calibration_error,
    reliability_curve,
)
from iconlearn.evaluation.clusters import (
    ari,
    cluster_entropy,
    cluster_sizes,
    hungarian_accuracy,
    many_to_one_accuracy,
    nmi,
)
from iconlearn.evaluation.collapse import (
    DimensionSpread,
    alignment,
    dimension_spread,
    effective_rank,
    uniformity,
)
from iconlearn.evaluation.encoders import knn_probe, linear_probe
from iconlearn.evaluation.matching import ConfusionMatrix, confusion_matrix, match_clusters
from iconlearn.evaluation.neighbours import knn_accuracy, neighbour_preservation, trustworthiness
from iconlearn.evaluation.report import ClusteringReport, clustering_report

__all__ = [
    "ClusteringReport",
    "ConfusionMatrix",
    "DimensionSpread",
    "Reliability",
    "alignment",
    "ari",
    "cluster_entropy",
    "cluster_sizes",
    "clustering_report",
    "confidence_histogram",
    "confusion_matrix",
    "dimension_spread",
    "effective_rank",
    "expected_calibration_error",
    "hungarian_accuracy",
    "knn_accuracy",
    "knn_probe",
    "linear_probe",
    "many_to_one_accuracy",
    "match_clusters",
    "neighbour_preservation",
    "nmi",
    "reliability_curve",
    "trustworthiness",
    "uniformity",
]
