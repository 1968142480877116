"""Everything that can be said of a clustering, with labels and without."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import to_array
from iconlearn.evaluation._inputs import distinct, one_label_per_row, same_length, whole_numbers
from iconlearn.evaluation.calibration import Reliability, most_probable
from iconlearn.evaluation.clusters import cluster_sizes
from iconlearn.evaluation.contingency import Contingency, entropy
from iconlearn.evaluation.matching import matched_classes

WORDS = {
    "hungarian_accuracy": "Hungarian accuracy    {:.4f}",
    "many_to_one_accuracy": "many-to-one (purity)  {:.4f}",
    "nmi": "NMI                   {:.4f}",
    "ari": "ARI                   {:.4f}",
    "expected_calibration_error": "ECE, equal widths     {:.4f}",
    "equal_mass_calibration_error": "ECE, equal masses     {:.4f}",
    "mean_confidence": "mean confidence       {:.4f}",
    "cluster_entropy": "cluster-size entropy  {:.4f} nats",
    "relative_cluster_entropy": "  relative to equal   {:.4f}",
    "largest_cluster_share": "largest cluster       {:.2%} of the rows",
    "empty_clusters": "empty clusters        {}",
}


@dataclass(frozen=True, eq=False)
class ClusteringReport:
    """Scores of a clustering; what does not apply is None.

    Parameters
    ----------
    rows, unlabelled_rows : int
        Rows judged, and how many of them have no label and count for sizes and confidence only.
    n_clusters, n_classes : int
        Clusters, the empty ones included, and classes among the labelled rows (0 without labels).
    hungarian_accuracy, many_to_one_accuracy, nmi, ari : float or None
        Against labels.
    cluster_entropy, relative_cluster_entropy : float
        Entropy of the sizes in nats, and over log `n_clusters` (1 for a single cluster, which is as large as any).
    largest_cluster_share : float
    empty_clusters : int
    mean_confidence : float or None
        Mean probability of the most probable cluster.
    expected_calibration_error, equal_mass_calibration_error : float or None
        With probabilities and labels.
    reliability : Reliability or None
        The curve behind the expected calibration error.
    confidence_counts : ndarray of int64 or None, shape (n_bins,)
        Histogram of the probabilities of the most probable cluster over all rows, bins of equal width from 0 to 1.
    """

    rows: int
    unlabelled_rows: int
    n_clusters: int
    n_classes: int
    cluster_entropy: float
    relative_cluster_entropy: float
    largest_cluster_share: float
    empty_clusters: int
    hungarian_accuracy: float | None = None
    many_to_one_accuracy: float | None = None
    nmi: float | None = None
    ari: float | None = None
    mean_confidence: float | None = None
    expected_calibration_error: float | None = None
    equal_mass_calibration_error: float | None = None
    reliability: Reliability | None = None
    confidence_counts: np.ndarray | None = None

    @property
    def scores(self) -> dict[str, float]:
        """The numbers that apply, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, (int, float))}

    def to_dict(self) -> dict[str, Any]:
        """All that applies, as JSON can hold it."""
        found: dict[str, Any] = self.scores
        if self.reliability is not None:
            found["reliability"] = self.reliability.to_dict()
        if self.confidence_counts is not None:
            found["confidence_counts"] = self.confidence_counts.tolist()
        return found

    @property
    def lines(self) -> tuple[str, ...]:
        """The report in words, one line a score."""
        known = (
            f"{self.n_classes} classes, {self.unlabelled_rows} rows unlabelled"
            if self.n_classes
            else "no labels"
        )
        scores = self.scores
        body = [words.format(scores[name]) for name, words in WORDS.items() if name in scores]
        return (f"{self.rows} rows in {self.n_clusters} clusters, {known}", *body)

    def __str__(self) -> str:
        return "\n".join(self.lines)


def clustering_report(
    clusters: Any,
    labels: Any = None,
    *,
    confidence: Any = None,
    n_clusters: int | None = None,
    n_bins: int = 15,
) -> ClusteringReport:
    """Judge a clustering by everything that applies.

    Parameters
    ----------
    clusters : array-like, shape (n,) or (n, n_clusters)
        The cluster of each row, or its probabilities, which add what can be said about confidence.
    labels : array-like, shape (n,), optional
        Known classes, numbers or text; rows of an integer -1 are unlabelled: they are counted, and count for sizes and
        confidence, but are left out of every comparison.
    confidence : array-like, shape (n,), optional
        With the cluster of each row, the probability of that cluster: for data whose table of probabilities would
        be too large to hold.
    n_clusters : int, optional
        How many clusters there are, the empty ones included; clusters are then whole numbers from 0. By
        default the columns of the probabilities, or else the distinct values.
    n_bins : int, default 15
        Bins of confidence.

    Returns
    -------
    ClusteringReport
        ``print`` it, or take ``.scores``, ``.lines``, ``.to_dict()``, ``.reliability``.

    Raises
    ------
    InputError
        Unequal lengths, empty, NaN, rows that are not probabilities, clusters outside 0 to `n_clusters` - 1.
    OptionError
        `n_clusters` or `n_bins` is not a positive integer.

    Examples
    --------
    >>> from iconlearn.evaluation import clustering_report
    >>> print(clustering_report([0, 0, 1, 2], ["a", "a", "b", "b"], n_clusters=4))
    4 rows in 4 clusters, 2 classes, 0 rows unlabelled
    Hungarian accuracy    0.7500
    many-to-one (purity)  1.0000
    NMI                   0.8000
    ARI                   0.5714
    cluster-size entropy  1.0397 nats
      relative to equal   0.7500
    largest cluster       50.00% of the rows
    empty clusters        1
    """
    assigned, sure, count = _clusters(clusters, confidence, n_clusters)
    sizes = cluster_sizes(assigned, count)
    spread = min(entropy(sizes), math.log(count))
    found: dict[str, Any] = {
        "rows": len(assigned),
        "unlabelled_rows": len(assigned),
        "n_clusters": count,
        "n_classes": 0,
        "cluster_entropy": spread,
        "relative_cluster_entropy": spread / math.log(count) if count > 1 else 1.0,
        "largest_cluster_share": float(sizes.max() / len(assigned)),
        "empty_clusters": int((sizes == 0).sum()),
    }
    if sure is not None:
        curve = Reliability.of(sure, np.zeros(len(sure)), n_bins)
        found |= {"mean_confidence": float(sure.mean()), "confidence_counts": curve.counts}
    if labels is not None:
        array = one_label_per_row(labels, "labels")
        same_length("labels", array, "clusters", assigned)
        known = np.ones(len(array), dtype=bool) if array.dtype.kind not in "if" else array != -1
        found["unlabelled_rows"] = int((~known).sum())
        if known.any():
            part = None if sure is None else sure[known]
            found |= _against(distinct(array[known], "labels")[1], assigned[known], count, part, n_bins)
    return ClusteringReport(**found)


def _clusters(
    clusters: Any, confidence: Any, n_clusters: int | None
) -> tuple[np.ndarray, np.ndarray | None, int]:
    """Cluster of each row as a code, its probability if known, and the number of clusters."""
    array = to_array(clusters, "clusters")
    if array.ndim == 2:
        if confidence is not None or n_clusters not in (None, array.shape[1]):
            raise InputError(
                f"clusters: shape {array.shape} holds probabilities, which tell confidence and n_clusters; leave "
                "both out"
            )
        return most_probable(array)
    if n_clusters is None:
        values, assigned = distinct(array, "clusters")
        count = len(values)
    else:
        count = check_number("clustering_report", "n_clusters", n_clusters, low=1, integer=True)
        assigned = whole_numbers(array, "clusters", count)
    if confidence is None:
        return assigned, None, count
    sure = one_label_per_row(confidence, "confidence")
    same_length("clusters", assigned, "confidence", sure)
    if sure.dtype.kind not in "biuf" or sure.min() < 0 or sure.max() > 1:
        seen = f"{sure.min()} to {sure.max()}" if sure.dtype.kind in "biuf" else f"dtype {sure.dtype}"
        raise InputError(
            f"confidence: {seen}, but probabilities 0 to 1 are needed; pass the largest of each row"
        )
    return assigned, sure.astype(np.float64), count


def _against(
    truth: np.ndarray, assigned: np.ndarray, n_clusters: int, sure: np.ndarray | None, n_bins: int
) -> dict[str, Any]:
    """Scores of the rows whose class is known, codes both."""
    table = Contingency.of_codes(truth, assigned, (int(truth.max()) + 1, n_clusters))
    classes, right = matched_classes(table.by_cluster())
    found: dict[str, Any] = {
        "n_classes": table.shape[0],
        "hungarian_accuracy": right / table.total,
        "many_to_one_accuracy": table.majority() / table.total,
        "nmi": table.normalised_information(),
        "ari": table.adjusted_rand(),
    }
    if sure is not None:
        correct = classes[assigned] == truth
        curve = Reliability.of(sure, correct, n_bins)
        found |= {
            "reliability": curve,
            "expected_calibration_error": curve.expected_error,
            "equal_mass_calibration_error": Reliability.of(sure, correct, n_bins, "mass").expected_error,
        }
    return found
