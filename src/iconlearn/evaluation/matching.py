"""Clusters matched with classes, one to one, and the table that shows them in that order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from iconlearn.evaluation._inputs import distinct, same_length
from iconlearn.evaluation.contingency import Contingency


def matched_classes(counts: np.ndarray) -> tuple[np.ndarray, int]:
    """Match clusters and classes one to one, so that most rows lie in matching cells.

    Parameters
    ----------
    counts : (clusters, classes) integer array

    Returns
    -------
    classes : (clusters,) int64 array
        The class of each cluster; -1 where there are more clusters than classes and none is left.
    matched : int
        Rows in matching cells.

    References
    ----------
    Kuhn (1955), The Hungarian method for the assignment problem; ``scipy.optimize.linear_sum_assignment``.

    Examples
    --------
    >>> import numpy as np
    >>> matched_classes(np.array([[0, 5], [7, 1], [3, 3]]))
    (array([ 1,  0, -1]), 12)
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(counts, maximize=True)
    classes = np.full(len(counts), -1, dtype=np.int64)
    classes[rows] = columns
    return classes, int(counts[rows, columns].sum())


def match_clusters(counts: np.ndarray) -> tuple[list[int], int]:
    """Order clusters by the classes that they match best, one to one.

    Parameters
    ----------
    counts : (clusters, classes) integer array

    Returns
    -------
    order : list of int
        Clusters in the order of their classes; clusters left without a class come last, largest first.
    matched : int
        Points in matching cells.

    Examples
    --------
    >>> import numpy as np
    >>> match_clusters(np.array([[0, 5], [7, 1]]))
    ([1, 0], 12)
    """
    classes, matched = matched_classes(counts)
    return _in_order(counts, classes).tolist(), matched


def _in_order(counts: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Clusters in the order of their ``classes``, those without one last, largest first."""
    return np.lexsort((-counts.sum(axis=1), np.where(classes >= 0, classes, counts.shape[1])))


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
    """Rows by cluster and class, in the order of the best one-to-one matching.

    Parameters
    ----------
    counts : ndarray of int64, shape (n_clusters, n_classes)
        Its first min(n_clusters, n_classes) diagonal cells are the matches, so that their sum over all rows is the
        Hungarian accuracy. Clusters without a class come last, largest first; so do classes without a cluster.
    clusters, classes : ndarray
        The value that each row and each column of the table stands for.
    """

    counts: np.ndarray
    clusters: np.ndarray
    classes: np.ndarray

    @property
    def accuracy(self) -> float:
        """Hungarian accuracy."""
        return float(np.trace(self.counts) / self.counts.sum())

    @property
    def class_accuracy(self) -> np.ndarray:
        """Share of each class that lies in its own cluster, (n_classes,); 0 for a class without one."""
        found = np.zeros(len(self.classes))
        diagonal = np.diagonal(self.counts)
        found[: len(diagonal)] = diagonal
        return found / self.counts.sum(axis=0)


def confusion_matrix(labels: Any, assigned: Any) -> ConfusionMatrix:
    """Count the rows of every cluster in every class, in the order of the best one-to-one matching.

    Parameters
    ----------
    labels, assigned : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.

    Returns
    -------
    ConfusionMatrix

    Raises
    ------
    InputError
        Unequal lengths, empty, NaN, or more than 1e8 cells.

    Examples
    --------
    >>> from iconlearn.evaluation import confusion_matrix
    >>> found = confusion_matrix(["a", "a", "b", "b"], [7, 7, 3, 7])
    >>> found.counts
    array([[2, 1],
           [0, 1]])
    >>> found.clusters.tolist(), found.accuracy
    ([7, 3], 0.75)
    """
    (names, a), (groups, b) = distinct(labels, "labels"), distinct(assigned, "assigned")
    same_length("labels", a, "assigned", b)
    counts = Contingency.of_codes(a, b, (len(names), len(groups))).by_cluster()
    classes, _ = matched_classes(counts)
    order = _in_order(counts, classes)
    alone = ~np.isin(np.arange(counts.shape[1]), classes)
    columns = np.lexsort((np.where(alone, -counts.sum(axis=0), 0), alone))
    return ConfusionMatrix(counts[np.ix_(order, columns)], groups[order], names[columns])
