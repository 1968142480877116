"""What frozen features are worth to a linear classifier."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array
from iconlearn.evaluation._inputs import codes, same_length


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
        same_length(name, rows, f"{name}_labels", codes(y, f"{name}_labels"))
    if X.shape[1] != Z.shape[1]:
        raise InputError(
            f"train has {X.shape[1]} columns and test {Z.shape[1]}; give features of the same model"
        )
    y = codes([*y_train.tolist(), *y_test.tolist()], "labels")
    if len(set(y[: len(X)].tolist())) < 2:
        raise InputError(f"train_labels: one class, {y_train[0]!r}; a probe needs rows of at least two")
    peak = np.abs(X).max(axis=0)
    X, Z = (rows / np.where(peak > 0, peak, 1) for rows in (X, Z))  # else squares overflow or vanish
    scale = StandardScaler().fit(X)
    model = LogisticRegression(max_iter=100_000).fit(scale.transform(X), y[: len(X)])
    return float(np.mean(model.predict(scale.transform(Z)) == y[len(X) :]))
