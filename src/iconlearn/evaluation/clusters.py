"""Clusterings against classes, and the sizes of clusters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn.evaluation._inputs import whole_numbers
from iconlearn.evaluation.contingency import Contingency, entropy
from iconlearn.evaluation.matching import matched_classes


def hungarian_accuracy(labels: Any, assigned: Any) -> float:
    """Clustering accuracy under the best one-to-one matching of clusters to classes.

    max over matchings m of (1/n) * #{i : m(assigned_i) = labels_i}. With more clusters than classes (or the
    reverse) the ones left over match nothing and their rows count as wrong.

    Parameters
    ----------
    labels, assigned : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.

    Returns
    -------
    float in [0, 1], 1 best

    Raises
    ------
    InputError
        Unequal lengths, empty, NaN, or more than 1e8 pairs of a class and a cluster.

    References
    ----------
    Kuhn (1955), The Hungarian method for the assignment problem; ``scipy.optimize.linear_sum_assignment``.

    Examples
    --------
    >>> from iconlearn.evaluation import hungarian_accuracy
    >>> hungarian_accuracy([0, 0, 1, 1], [7, 7, 3, 7])
    0.75
    """
    table = Contingency.of(labels, assigned)
    return matched_classes(table.by_cluster())[1] / table.total


def many_to_one_accuracy(labels: Any, assigned: Any) -> float:
    """Clustering accuracy when every cluster stands for its majority class; also called purity.

    (1/n) * sum over clusters c of max over classes y of #{i : assigned_i = c, labels_i = y}. Never less than the
    Hungarian accuracy. It grows with the number of clusters, to 1 when every row is a cluster of its own, so it
    compares clusterings of one number of clusters only.

    Parameters
    ----------
    labels, assigned : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.

    Returns
    -------
    float in (0, 1], 1 best; at least the share of the largest class

    Raises
    ------
    InputError
        Unequal lengths, empty, or NaN.

    References
    ----------
    Manning, Raghavan and Schuetze (2008), Introduction to Information Retrieval, section 16.3.

    Examples
    --------
    >>> from iconlearn.evaluation import many_to_one_accuracy
    >>> many_to_one_accuracy(["a", "a", "b", "b"], [0, 1, 2, 2])
    1.0
    """
    table = Contingency.of(labels, assigned)
    return table.majority() / table.total


def nmi(labels: Any, assigned: Any) -> float:
    """Normalised mutual information, I(a; b) / ((H(a) + H(b)) / 2).

    1 when both are a single group, 0 when one of them is.

    Parameters
    ----------
    labels, assigned : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.

    Returns
    -------
    float in [0, 1], 1 best

    Raises
    ------
    InputError
        Unequal lengths, empty, or NaN.

    References
    ----------
    Strehl and Ghosh (2002), Cluster ensembles; the same as ``sklearn.metrics.normalized_mutual_info_score``.

    Examples
    --------
    >>> from iconlearn.evaluation import nmi
    >>> nmi(["a", "a", "b", "b"], [1, 1, 0, 0])
    1.0
    """
    return Contingency.of(labels, assigned).normalised_information()


def ari(labels: Any, assigned: Any) -> float:
    """Adjusted Rand index: pairs on which two partitions agree, corrected for chance.

    (index - expected) / (maximum - expected); 0 is expected by chance.

    Parameters
    ----------
    labels, assigned : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.

    Returns
    -------
    float in [-0.5, 1], 1 best

    Raises
    ------
    InputError
        Unequal lengths, empty, or NaN.

    References
    ----------
    Hubert and Arabie (1985), Comparing partitions; the same as ``sklearn.metrics.adjusted_rand_score``.

    Examples
    --------
    >>> from iconlearn.evaluation import ari
    >>> ari(["a", "a", "b", "b"], [1, 1, 0, 0])
    1.0
    """
    return Contingency.of(labels, assigned).adjusted_rand()


def cluster_entropy(assigned: Any, n_clusters: int) -> float:
    """Entropy of the cluster sizes in nats, -sum over c of p_c log p_c.

    log(`n_clusters`) when all clusters are equally large, 0 when one holds everything.

    Parameters
    ----------
    assigned : array-like of int, shape (n,)
        Cluster of each row, 0 to `n_clusters` - 1.
    n_clusters : int

    Returns
    -------
    float in [0, log(n_clusters)]

    Raises
    ------
    InputError
        Empty, NaN, not whole numbers, or outside 0 to `n_clusters` - 1.
    OptionError
        `n_clusters` is not a positive integer.

    Examples
    --------
    >>> from iconlearn.evaluation import cluster_entropy
    >>> round(cluster_entropy([0, 0, 1, 1], 2), 4)
    0.6931
    """
    sizes = cluster_sizes(assigned, n_clusters)
    return min(entropy(sizes), math.log(n_clusters))  # rounding may leave the sum a hair above


def cluster_sizes(assigned: Any, n_clusters: int) -> np.ndarray:
    """Rows of each cluster, the empty ones included.

    Parameters
    ----------
    assigned : array-like of int, shape (n,)
        Cluster of each row, 0 to `n_clusters` - 1.
    n_clusters : int

    Returns
    -------
    ndarray of int64, shape (n_clusters,)

    Raises
    ------
    InputError
        Empty, NaN, not whole numbers, or outside 0 to `n_clusters` - 1.
    OptionError
        `n_clusters` is not a positive integer.

    Examples
    --------
    >>> from iconlearn.evaluation import cluster_sizes
    >>> cluster_sizes([0, 2, 2], 4)
    array([1, 0, 2, 0])
    """
    n_clusters = check_number("cluster_sizes", "n_clusters", n_clusters, low=1, integer=True)
    return np.bincount(whole_numbers(assigned, "assigned", n_clusters), minlength=n_clusters)
