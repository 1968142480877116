"""Scores of embeddings and clusterings: arrays in, floats out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array


def _codes(labels: Any, name: str) -> np.ndarray:
    """Labels of any kind as int64 positions (n,) among the sorted distinct values."""
    array = to_array(labels, name)
    if array.ndim != 1 or array.size == 0:
        raise InputError(
            f"{name}: shape {array.shape}, but (n,) with n > 0 is needed; give one label per row"
        )
    try:
        missing = np.asarray(array != array)  # only NaN differs from itself
        if not missing.any():
            return np.unique(array, return_inverse=True)[1].astype(np.int64)
    except TypeError as error:
        raise InputError(f"{name}: labels of mixed types ({error}); use only numbers or only text") from error
    raise InputError(
        f"{name}: {int(missing.sum())} of {len(array)} labels are NaN, first at row "
        f"{int(missing.argmax())} (counted from 0); leave those rows out"
    )


def _same_length(name: str, a: np.ndarray, other: str, b: np.ndarray) -> None:
    if len(a) != len(b):
        raise InputError(
            f"{name} has {len(a)} rows and {other} {len(b)}; give one per row, in the same order"
        )


def _centred(X: np.ndarray) -> np.ndarray:
    """`X` in float64, peak 1 and mean 0: distances neither overflow nor lose digits to an offset."""
    Z = X.astype(np.float64) / (float(np.abs(X).max()) or 1.0)
    return Z - Z.mean(axis=0)


def _neighbours(X: np.ndarray, k: int, name: str) -> np.ndarray:
    """The `k` nearest other rows of each row (n, k), nearest first, Euclidean."""
    from sklearn.neighbors import NearestNeighbors

    if len(X) < k + 1:
        raise InputError(
            f"{name}: {len(X)} rows, but k={k} neighbours need at least {k + 1}; lower k or add rows"
        )
    return NearestNeighbors(n_neighbors=k).fit(_centred(X)).kneighbors(return_distance=False)


def _two(labels: Any, assigned: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = _codes(labels, "labels"), _codes(assigned, "assigned")
    _same_length("labels", a, "assigned", b)
    return a, b


def trustworthiness(X: Any, embedding: Any, n_neighbors: int = 12) -> float:
    """How far the neighbours in the embedding are neighbours in the data.

    1 - 2 / (n k (2n - 3k - 1)) * sum over rows i and over embedding neighbours j of max(0, r(i, j) - k), with
    k = `n_neighbors` and r(i, j) the rank of j among the neighbours of i in `X`.

    Parameters
    ----------
    X : array-like, shape (n, d)
    embedding : array-like, shape (n, m)
    n_neighbors : int, default 12
        Less than n / 2. Memory grows as n squared.

    Returns
    -------
    float in [0, 1], 1 best

    Raises
    ------
    InputError
        Unequal lengths, NaN or inf, or n <= 2 `n_neighbors`.
    OptionError
        `n_neighbors` is not a positive integer.

    References
    ----------
    Venna and Kaski (2001), Neighborhood preservation in nonlinear projection methods; computed by
    ``sklearn.manifold.trustworthiness``.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn.evaluation import trustworthiness
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> trustworthiness(X, X)
    1.0
    """
    from sklearn.manifold import trustworthiness as sklearn_trustworthiness

    k = check_number("trustworthiness", "n_neighbors", n_neighbors, low=1, integer=True)
    X, embedding = check_features(X), check_features(embedding, "embedding")
    _same_length("X", X, "embedding", embedding)
    if len(X) <= 2 * k:
        raise InputError(
            f"trustworthiness: {len(X)} rows, but n_neighbors={k} needs more than {2 * k}; lower n_neighbors"
        )
    return float(sklearn_trustworthiness(_centred(X), _centred(embedding), n_neighbors=k))


def knn_accuracy(embedding: Any, labels: Any, k: int = 10) -> float:
    """Leave-one-out accuracy of the majority label of the `k` nearest other rows.

    Euclidean and without any randomness. Of equally frequent labels the one of the nearest neighbour wins, so
    that the score does not depend on how the classes are called.

    Parameters
    ----------
    embedding : array-like, shape (n, m)
    labels : array-like, shape (n,)
        Numbers or text; each distinct value is a class, also -1.
    k : int, default 10

    Returns
    -------
    float in [0, 1], 1 best

    Raises
    ------
    InputError
        Unequal lengths, NaN or inf, or n < k + 1.
    OptionError
        `k` is not a positive integer.

    Examples
    --------
    >>> from iconlearn.evaluation import knn_accuracy
    >>> knn_accuracy([[0.0], [0.1], [5.0], [5.1]], ["a", "a", "b", "b"], k=1)
    1.0
    """
    k = check_number("knn_accuracy", "k", k, low=1, integer=True)
    embedding, y = check_features(embedding, "embedding"), _codes(labels, "labels")
    _same_length("embedding", embedding, "labels", y)
    near = y[_neighbours(embedding, k, "embedding")]
    votes = np.stack([(near == near[:, [j]]).sum(axis=1) for j in range(k)], axis=1)
    winner = np.take_along_axis(near, votes.argmax(axis=1)[:, None], axis=1)[:, 0]
    return float(np.mean(winner == y))


def neighbour_preservation(X: Any, embedding: Any, k: int = 15) -> float:
    """Mean share of the `k` nearest neighbours that data and embedding have in common.

    (1/n) * sum over rows i of |N_X(i) ∩ N_embedding(i)| / k, Euclidean, the row itself left out.

    Parameters
    ----------
    X : array-like, shape (n, d)
    embedding : array-like, shape (n, m)
    k : int, default 15

    Returns
    -------
    float in [0, 1], 1 best; k / (n - 1) is expected by chance

    Raises
    ------
    InputError
        Unequal lengths, NaN or inf, or n < k + 1.
    OptionError
        `k` is not a positive integer.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn.evaluation import neighbour_preservation
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> neighbour_preservation(X, 2 * X)
    1.0
    """
    k = check_number("neighbour_preservation", "k", k, low=1, integer=True)
    X, embedding = check_features(X), check_features(embedding, "embedding")
    _same_length("X", X, "embedding", embedding)
    n = len(X)
    # Each pair (row, neighbour) as one number, so that one intersection serves all rows.
    pairs = [(np.arange(n)[:, None] * n + _neighbours(Z, k, "X")).ravel() for Z in (X, embedding)]
    return float(np.intersect1d(*pairs, assume_unique=True).size / (n * k))


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

    a, b = _two(labels, assigned)
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

    return float(np.clip(normalized_mutual_info_score(*_two(labels, assigned)), 0, 1))


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

    return float(adjusted_rand_score(*_two(labels, assigned)))


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
    codes, array = _codes(assigned, "assigned"), to_array(assigned, "assigned")
    whole = array.dtype.kind in "biuf" and bool(np.all(array == np.floor(array)))
    if not whole or array.min() < 0 or array.max() >= n_clusters:
        seen = f"{array.min()} to {array.max()}" if array.dtype.kind in "biuf" else f"dtype {array.dtype}"
        raise InputError(f"assigned: {seen}, but whole numbers 0 to {n_clusters - 1} are needed; recode")
    p = np.bincount(codes) / len(codes)
    # Rounding may leave the sum a hair above the log; max turns -0.0 into 0.0.
    return min(max(0.0, -float(np.sum(p * np.log(p)))), math.log(n_clusters))


def linear_probe(train: Any, train_labels: Any, test: Any, test_labels: Any) -> float:
    """Test accuracy of a logistic regression on frozen features.

    Features are standardised with the mean and deviation of `train`; the regression is multinomial with an L2
    penalty (C = 1) and is run to convergence.

    Parameters
    ----------
    train : array-like, shape (n, d)
    train_labels : array-like, shape (n,)
    test : array-like, shape (m, d)
    test_labels : array-like, shape (m,)
        A class that `train_labels` lacks always counts as wrong.

    Returns
    -------
    float in [0, 1], 1 best

    Raises
    ------
    InputError
        Unequal lengths or widths, empty, NaN or inf, or a single class in `train_labels`.

    References
    ----------
    ``sklearn.linear_model.LogisticRegression``.

    Examples
    --------
    >>> from iconlearn.evaluation import linear_probe
    >>> linear_probe([[0.0], [0.2], [1.0], [1.2]], [0, 0, 1, 1], [[0.1], [1.1]], [0, 1])
    1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    X = check_features(train, "train").astype(np.float64)
    Z = check_features(test, "test", min_rows=1).astype(np.float64)
    y_train, y_test = to_array(train_labels, "train_labels"), to_array(test_labels, "test_labels")
    for name, rows, y in (("train", X, y_train), ("test", Z, y_test)):
        _same_length(name, rows, f"{name}_labels", _codes(y, f"{name}_labels"))
    if X.shape[1] != Z.shape[1]:
        raise InputError(
            f"train has {X.shape[1]} columns and test {Z.shape[1]}; give features of the same model"
        )
    y = _codes([*y_train.tolist(), *y_test.tolist()], "labels")
    if len(set(y[: len(X)].tolist())) < 2:
        raise InputError(f"train_labels: one class, {y_train[0]!r}; a probe needs rows of at least two")
    peak = np.abs(X).max(axis=0)
    X, Z = (rows / np.where(peak > 0, peak, 1) for rows in (X, Z))  # else squares overflow or vanish
    scale = StandardScaler().fit(X)
    model = LogisticRegression(max_iter=100_000).fit(scale.transform(X), y[: len(X)])
    return float(np.mean(model.predict(scale.transform(Z)) == y[len(X) :]))
