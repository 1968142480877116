"""Clusterings against classes, and the sizes of clusters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import to_array
from iconlearn.evaluation._inputs import codes, two


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
        Unequal lengths, empty, or NaN.

    References
    ----------
    Kuhn (1955), The Hungarian method for the assignment problem; ``scipy.optimize.linear_sum_assignment``.

    Examples
    --------
    >>> from iconlearn.evaluation import hungarian_accuracy
    >>> hungarian_accuracy([0, 0, 1, 1], [7, 7, 3, 7])
    0.75
    """
    from scipy.optimize import linear_sum_assignment

    a, b = two(labels, assigned)
    counts = np.zeros((a.max() + 1, b.max() + 1), dtype=np.int64)
    np.add.at(counts, (a, b), 1)
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / len(a))


def nmi(labels: Any, assigned: Any) -> float:
    """Normalised mutual information, I(a; b) / ((H(a) + H(b)) / 2).

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
    ``sklearn.metrics.normalized_mutual_info_score``.

    Examples
    --------
    >>> from iconlearn.evaluation import nmi
    >>> nmi(["a", "a", "b", "b"], [1, 1, 0, 0])
    1.0
    """
    from sklearn.metrics import normalized_mutual_info_score

    return float(np.clip(normalized_mutual_info_score(*two(labels, assigned)), 0, 1))


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
    Hubert and Arabie (1985), Comparing partitions; ``sklearn.metrics.adjusted_rand_score``.

    Examples
    --------
    >>> from iconlearn.evaluation import ari
    >>> ari(["a", "a", "b", "b"], [1, 1, 0, 0])
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(*two(labels, assigned)))


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
    n_clusters = check_number("cluster_entropy", "n_clusters", n_clusters, low=1, integer=True)
    numbers, array = codes(assigned, "assigned"), to_array(assigned, "assigned")
    whole = array.dtype.kind in "biuf" and bool(np.all(array == np.floor(array)))
    if not whole or array.min() < 0 or array.max() >= n_clusters:
        seen = f"{array.min()} to {array.max()}" if array.dtype.kind in "biuf" else f"dtype {array.dtype}"
        raise InputError(f"assigned: {seen}, but whole numbers 0 to {n_clusters - 1} are needed; recode")
    p = np.bincount(numbers) / len(numbers)
    # Rounding may leave the sum a hair above the log; max turns -0.0 into 0.0.
    return min(max(0.0, -float(np.sum(p * np.log(p)))), math.log(n_clusters))
