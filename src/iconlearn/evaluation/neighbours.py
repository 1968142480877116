"""Neighbours of an embedding against neighbours of the data, and against labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.evaluation._inputs import centred, codes, same_length


def _neighbours(X: np.ndarray, k: int, name: str) -> np.ndarray:
    """The `k` nearest other rows of each row (n, k), nearest first, Euclidean."""
    from sklearn.neighbors import NearestNeighbors

    if len(X) < k + 1:
        raise InputError(
            f"{name}: {len(X)} rows, but k={k} neighbours need at least {k + 1}; lower k or add rows"
        )
    return NearestNeighbors(n_neighbors=k).fit(centred(X)).kneighbors(return_distance=False)


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
    same_length("X", X, "embedding", embedding)
    if len(X) <= 2 * k:
        raise InputError(
            f"trustworthiness: {len(X)} rows, but n_neighbors={k} needs more than {2 * k}; lower n_neighbors"
        )
    return float(sklearn_trustworthiness(centred(X), centred(embedding), n_neighbors=k))


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
    embedding, y = check_features(embedding, "embedding"), codes(labels, "labels")
    same_length("embedding", embedding, "labels", y)
    return float(np.mean(majority(y[_neighbours(embedding, k, "embedding")]) == y))


def majority(near: np.ndarray) -> np.ndarray:
    """The most frequent label of each row (n, k), nearest first; of equally frequent ones that of the nearest."""
    votes = np.stack([(near == near[:, [j]]).sum(axis=1) for j in range(near.shape[1])], axis=1)
    return np.take_along_axis(near, votes.argmax(axis=1)[:, None], axis=1)[:, 0]


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
    same_length("X", X, "embedding", embedding)
    n = len(X)
    # Each pair (row, neighbour) as one number, so that one intersection serves all rows.
    pairs = [(np.arange(n)[:, None] * n + _neighbours(Z, k, "X")).ravel() for Z in (X, embedding)]
    return float(np.intersect1d(*pairs, assume_unique=True).size / (n * k))
