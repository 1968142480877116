"""What frozen features are worth to a simple classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array
from iconlearn.evaluation._inputs import centred, codes, same_length
from iconlearn.evaluation.neighbours import majority


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

    X, y, Z, y_test = _both_sets(train, train_labels, test, test_labels)
    if len(set(y.tolist())) < 2:
        raise InputError(
            f"train_labels: one class, {to_array(train_labels, 'train_labels')[0]!r}; a probe needs rows of at "
            "least two"
        )
    peak = np.abs(X).max(axis=0)
    X, Z = (rows / np.where(peak > 0, peak, 1) for rows in (X, Z))  # else squares overflow or vanish
    scale = StandardScaler().fit(X)
    model = LogisticRegression(max_iter=100_000).fit(scale.transform(X), y)
    return float(np.mean(model.predict(scale.transform(Z)) == y_test))


def knn_probe(train: Any, train_labels: Any, test: Any, test_labels: Any, k: int = 20) -> float:
    """Test accuracy of the majority label of the `k` nearest rows of `train`.

    Euclidean and without any randomness. Of equally frequent labels the one of the nearest neighbour wins, as in
    :func:`knn_accuracy`, which has one set and leaves the row itself out.

    Parameters
    ----------
    train : array-like, shape (n, d)
    train_labels : array-like, shape (n,)
    test : array-like, shape (m, d)
    test_labels : array-like, shape (m,)
        A class that `train_labels` lacks always counts as wrong.
    k : int, default 20

    Returns
    -------
    float in [0, 1], 1 best

    Raises
    ------
    InputError
        Unequal lengths or widths, empty, NaN or inf, or n < k.
    OptionError
        `k` is not a positive integer.

    Examples
    --------
    >>> from iconlearn.evaluation import knn_probe
    >>> knn_probe([[0.0], [0.2], [1.0], [1.2]], ["a", "a", "b", "b"], [[0.1], [1.1]], ["a", "a"], k=2)
    0.5
    """
    from sklearn.neighbors import NearestNeighbors

    k = check_number("knn_probe", "k", k, low=1, integer=True)
    X, y, Z, y_test = _both_sets(train, train_labels, test, test_labels)
    if len(X) < k:
        raise InputError(f"train: {len(X)} rows, but k={k} neighbours are asked for; lower k or add rows")
    both = centred(np.concatenate([X, Z]))
    near = (
        NearestNeighbors(n_neighbors=k).fit(both[: len(X)]).kneighbors(both[len(X) :], return_distance=False)
    )
    return float(np.mean(majority(y[near]) == y_test))


def _both_sets(
    train: Any, train_labels: Any, test: Any, test_labels: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows in float64 and the codes of their labels, of both sets."""
    X = check_features(train, "train").astype(np.float64)
    Z = check_features(test, "test", min_rows=1).astype(np.float64)
    y_train, y_test = to_array(train_labels, "train_labels"), to_array(test_labels, "test_labels")
    for name, rows, y in (("train", X, y_train), ("test", Z, y_test)):
        same_length(name, rows, f"{name}_labels", codes(y, f"{name}_labels"))
    if X.shape[1] != Z.shape[1]:
        raise InputError(
            f"train has {X.shape[1]} columns and test {Z.shape[1]}; give features of the same model"
        )
    y = codes([*y_train.tolist(), *y_test.tolist()], "labels")
    return X, y[: len(X)], Z, y[len(X) :]
