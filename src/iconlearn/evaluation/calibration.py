"""Whether the probabilities of a clustering are the shares of rows that are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import InputError
from iconlearn.data.features import to_array
from iconlearn.evaluation._inputs import distinct, same_length
from iconlearn.evaluation.contingency import Contingency
from iconlearn.evaluation.matching import matched_classes

BINNINGS = ("width", "mass")
PIECE = 2**22  # numbers of a table of probabilities that are looked at in one go
SLACK = 1e-2  # by which a row may miss the sum 1: that of a thousand float16 numbers


@dataclass(frozen=True, eq=False)
class Reliability:
    """Accuracy as a function of confidence, in bins.

    Parameters
    ----------
    edges : ndarray of float64, shape (bins + 1,)
        Ends of the bins; a bin holds its upper end, with equal widths, or its lower end, with equal masses.
    counts : ndarray of int64, shape (bins,)
        Rows in each bin.
    confidence, accuracy : ndarray of float64, shape (bins,)
        Mean confidence, and share of rows that are right; NaN in an empty bin.
    """

    edges: np.ndarray
    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @classmethod
    def of(
        cls, confidence: np.ndarray, correct: np.ndarray, n_bins: int = 15, binning: str = "width"
    ) -> Reliability:
        """The curve of rows whose ``confidence`` (n,) in [0, 1] and whether they are ``correct`` (n,) is known."""
        check_number("reliability_curve", "n_bins", n_bins, low=1, integer=True)
        check_choice("reliability_curve", "binning", binning, BINNINGS)
        edges, place = (_equal_widths if binning == "width" else _equal_masses)(confidence, n_bins)
        counts = np.bincount(place, minlength=len(edges) - 1)
        with np.errstate(invalid="ignore"):
            means = [
                np.bincount(place, weights=x, minlength=len(counts)) / counts for x in (confidence, correct)
            ]
        return cls(edges, counts, *means)

    @property
    def gaps(self) -> np.ndarray:
        """Confidence less accuracy of each bin; positive where the clustering is too sure, 0 in an empty bin."""
        return np.where(self.counts > 0, np.nan_to_num(self.confidence - self.accuracy), 0.0)

    @property
    def expected_error(self) -> float:
        """The expected calibration error: mean absolute gap, bins weighted by their rows."""
        return float(min(1.0, np.sum(self.counts * np.abs(self.gaps)) / self.counts.sum()))

    def to_dict(self) -> dict[str, list[float | None]]:
        """The curve as lists, None in an empty bin."""
        curves = {name: getattr(self, name) for name in ("edges", "counts", "confidence", "accuracy")}
        return {name: [None if x != x else x for x in values.tolist()] for name, values in curves.items()}


def reliability_curve(labels: Any, probability: Any, n_bins: int = 15, binning: str = "width") -> Reliability:
    """Share of rows that are right as a function of how sure the clustering is of them.

    A row's confidence is the probability of its most probable cluster, max over c of p_ic. The row is right if that
    cluster, under the best one-to-one matching of most probable clusters to classes, is matched with the row's class.
    Of several matchings that are equally good the one that SciPy finds is taken.
    In each bin B the mean confidence conf(B) and the share acc(B) of rows that are right are equal if the probabilities
    are calibrated.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.
    probability : array-like, shape (n, n_clusters)
        Rows sum to 1, to 0.01. Memory-mapped arrays are read in pieces.
    n_bins : int, default 15
    binning : {"width", "mass"}, default "width"
        Bins ((m - 1) / `n_bins`, m / `n_bins`], or bins of n / `n_bins` rows each. Rows of equal confidence share a
        bin, so that ties make fewer bins of equal mass.

    Returns
    -------
    Reliability

    Raises
    ------
    InputError
        Unequal lengths, empty, NaN, or rows that are not probabilities.
    OptionError
        `n_bins` is not a positive integer, or `binning` neither of the two.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks (equal widths); Nguyen and O'Connor
    (2015), Posterior calibration and exploratory analysis for natural language processing models (equal masses).

    Examples
    --------
    >>> from iconlearn.evaluation import reliability_curve
    >>> found = reliability_curve(["a", "a", "b", "b"], [[0.9, 0.1], [0.6, 0.4], [0.1, 0.9], [0.6, 0.4]], n_bins=5)
    >>> found.counts
    array([0, 0, 2, 0, 2])
    >>> found.accuracy[[2, 4]]
    array([0.5, 1. ])
    """
    _, truth = distinct(labels, "labels")
    assigned, confidence, n_clusters = most_probable(probability)
    same_length("labels", truth, "probability", assigned)
    return Reliability.of(confidence, matched(truth, assigned, n_clusters), n_bins, binning)


def expected_calibration_error(
    labels: Any, probability: Any, n_bins: int = 15, binning: str = "width"
) -> float:
    """Mean gap between confidence and accuracy of a clustering, after matching clusters to classes.

    ECE = sum over bins B of |B| / n * |acc(B) - conf(B)|, with bins, confidence and accuracy of
    :func:`reliability_curve`.

    Parameters
    ----------
    labels : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.
    probability : array-like, shape (n, n_clusters)
        Rows sum to 1, to 0.01.
    n_bins : int, default 15
    binning : {"width", "mass"}, default "width"

    Returns
    -------
    float in [0, 1], 0 best

    Raises
    ------
    InputError
        Unequal lengths, empty, NaN, or rows that are not probabilities.
    OptionError
        `n_bins` is not a positive integer, or `binning` neither of the two.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks.

    Examples
    --------
    >>> from iconlearn.evaluation import expected_calibration_error
    >>> round(expected_calibration_error([0, 0, 1, 1], [[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]]), 4)
    0.25
    """
    return reliability_curve(labels, probability, n_bins, binning).expected_error


def confidence_histogram(probability: Any, n_bins: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Rows by the probability of their most probable cluster, in bins of equal width from 0 to 1.

    Needs no labels. Mass piles up in the last bin where a clustering is sure of everything.

    Parameters
    ----------
    probability : array-like, shape (n, n_clusters)
        Rows sum to 1, to 0.01.
    n_bins : int, default 20

    Returns
    -------
    counts : ndarray of int64, shape (n_bins,)
    edges : ndarray of float64, shape (n_bins + 1,)

    Raises
    ------
    InputError
        Empty, NaN, or rows that are not probabilities.
    OptionError
        `n_bins` is not a positive integer.

    Examples
    --------
    >>> from iconlearn.evaluation import confidence_histogram
    >>> confidence_histogram([[0.9, 0.1], [0.5, 0.5]], n_bins=4)[0]
    array([0, 1, 0, 1])
    """
    check_number("confidence_histogram", "n_bins", n_bins, low=1, integer=True)
    edges, place = _equal_widths(most_probable(probability)[1], n_bins)
    return np.bincount(place, minlength=n_bins), edges


def most_probable(probability: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """The most probable cluster of each row (n,), its probability (n,) in float64, and the number of clusters."""
    array = to_array(probability, "probability")
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "biuf":
        raise InputError(
            f"probability: shape {array.shape} of {array.dtype}, but numbers (n, n_clusters) are needed; pass "
            "what predict_proba returns"
        )
    n, n_clusters = array.shape
    assigned, confidence = np.empty(n, dtype=np.int64), np.empty(n)
    step = max(1, PIECE // n_clusters)
    for start in range(0, n, step):
        piece = np.asarray(array[start : start + step])
        sums = piece.sum(axis=1, dtype=np.float64)
        bad = ~((np.abs(sums - 1) <= SLACK) & (piece.min(axis=1) >= -SLACK))  # NaN is bad as well
        if bad.any():
            row = int(bad.argmax())
            raise InputError(
                f"probability: row {start + row} (counted from 0) sums to {sums[row]:.4g} and its least value is "
                f"{piece[row].min():.4g}, but probabilities are at least 0 and sum to 1; apply a softmax to logits"
            )
        assigned[start : start + step] = piece.argmax(axis=1)
        confidence[start : start + step] = piece.max(axis=1)
    return assigned, np.minimum(confidence, 1.0), n_clusters


def matched(truth: np.ndarray, assigned: np.ndarray, n_clusters: int) -> np.ndarray:
    """Whether each row's cluster is matched with the row's class, codes both; (n,) bool."""
    shape = (int(truth.max()) + 1, n_clusters)
    return matched_classes(Contingency.of_codes(truth, assigned, shape).by_cluster())[0][assigned] == truth


def _equal_widths(confidence: np.ndarray, n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of bins of equal width, and the bin of each row: the one whose upper end is not below it."""
    edges = np.linspace(0, 1, n_bins + 1)
    return edges, np.maximum(np.searchsorted(edges, confidence, side="left") - 1, 0)


def _equal_masses(confidence: np.ndarray, n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Ends of bins of equal mass, and the bin of each row; rows of equal confidence are never parted."""
    values, inverse, counts = np.unique(confidence, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    bins = (n_bins * middle / len(confidence)).astype(np.int64)
    _, first, place = np.unique(bins, return_index=True, return_inverse=True)
    return np.append(values[first], values[-1]), place[inverse]
