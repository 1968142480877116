"""How much of the entropy of the labels a representation keeps, by a classifier and without negatives."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import log_softmax

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array
from iconlearn.evaluation._inputs import codes, distinct, same_length
from iconlearn.theory.information.posteriors import ClassInformation


def class_information(
    features: Any,
    labels: Any,
    *,
    test_features: Any = None,
    test_labels: Any = None,
    test_share: float = 0.5,
    n_pairs: int = 20_000,
    random_state: int | np.random.Generator = 0,
) -> ClassInformation:
    r"""How much of H(C) a representation keeps: the information that pairs of rows of one class share.

    A logistic regression (multinomial, L2 with C = 1, on standardised features) gives p(c | x), and these the log
    density ratio; no negatives and no bound of log K are involved. It learns from one part of the rows and is evaluated
    on the other. See :class:`ClassInformation` for the formula.

    The value is a lower bound: what is not linear in the features, and what the regression is wrongly sure of, is
    missing. With few rows for many columns the penalty keeps the regression from being sure of everything, but it is
    then badly calibrated and the value is too low; :meth:`ClassInformation.of` takes any other classifier. Columns that
    do not vary are as good as absent.

    Parameters
    ----------
    features : array-like, shape (n, d)
        Frozen: of a trained encoder, say.
    labels : array-like, shape (n,)
        Numbers or text.
    test_features, test_labels : array-like, shapes (m, d) and (m,), optional
        Other rows to evaluate on, with classes in any shares; all of `features` is then learnt from.
    test_share : float in (0, 1], default 0.5
        Share of each class that is kept for evaluation: at least two rows, and all but one at most. Without test rows.
    n_pairs : int, default 20_000
        Pairs to draw of the rows evaluated.
    random_state : int or numpy.random.Generator, default 0
        Of the split and of the pairs.

    Returns
    -------
    ClassInformation

    Raises
    ------
    InputError
        NaN or inf, unequal lengths or widths, one class, a class of fewer than 3 rows (or 2 test rows), or a test
        class that is not learnt from.
    OptionError
        test_share outside (0, 1], n_pairs below 2.

    References
    ----------
    ``sklearn.linear_model.LogisticRegression``. Same-class pairs: Lee, Kim, Kang and Rhee, 2023; evaluating their
    information with a classifier is a derivation.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> found = class_information(X, y)
    >>> 0.7 < found.nats < found.entropy, found.n_test
    (True, 75)
    """
    X = check_features(features, "features", min_rows=1).astype(np.float64)
    same_length("features", X, "labels", codes(labels, "labels"))
    rng = np.random.default_rng(random_state)
    if (test_features is None) != (test_labels is None):
        raise InputError(
            "class_information: test_features and test_labels belong together; give both or none"
        )
    if test_features is None:
        names, y = distinct(labels, "labels")
        share = check_number("class_information", "test_share", test_share, low=0, high=1, open_low=True)
        test = _stratified(y, names, share, rng)
        X, Z, y, y_test = X[~test], X[test], y[~test], y[test]
    else:
        Z, y, y_test, names = _test_rows(X, labels, test_features, test_labels)
    if len(np.unique(y)) < 2:
        raise InputError(
            f"labels: one class, {names.tolist()[y[0]]!r}, which has no information; give rows of two or more"
        )
    log_p = _fitted_log_posterior(X, y, Z)
    return ClassInformation.of(log_p, y_test, np.bincount(y) / len(y), n_pairs=n_pairs, random_state=rng)


def _fitted_log_posterior(X: np.ndarray, y: np.ndarray, Z: np.ndarray) -> np.ndarray:
    """log p(c | z) by a logistic regression of the codes y on X, (m, C)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    peak = np.abs(X).max(axis=0)
    X, Z = (rows / np.where(peak > 0, peak, 1) for rows in (X, Z))  # else squares overflow or vanish
    scale = StandardScaler().fit(X)
    model = LogisticRegression(max_iter=100_000).fit(scale.transform(X), y)
    scores = model.decision_function(scale.transform(Z))
    if scores.ndim == 1:  # of two classes it gives the log odds
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    return log_softmax(scores, axis=1)


def _test_rows(
    X: np.ndarray, labels: Any, test_features: Any, test_labels: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows to evaluate on, the codes of all labels among those learnt from, and these labels."""
    Z = check_features(test_features, "test_features", min_rows=1).astype(np.float64)
    same_length("test_features", Z, "test_labels", codes(test_labels, "test_labels"))
    if X.shape[1] != Z.shape[1]:
        raise InputError(
            f"features has {X.shape[1]} columns and test_features {Z.shape[1]}; give features of the same model"
        )
    both = [*to_array(labels, "labels").tolist(), *to_array(test_labels, "test_labels").tolist()]
    names, y = distinct(both, "labels and test_labels")
    y, y_test = y[: len(X)], y[len(X) :]
    unknown = np.setdiff1d(y_test, y)
    if unknown.size:
        raise InputError(
            f"test_labels: class {names.tolist()[unknown[0]]!r} is not among the labels learnt from; leave its rows out"
        )
    return Z, y, y_test, names


def _stratified(y: np.ndarray, names: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which rows are for testing, (n,) bool: of each class its share, at least 2, and all but one at most."""
    sizes = np.bincount(y)
    if sizes.min() < 3:
        small = int(sizes.argmin())
        raise InputError(
            f"labels: class {names.tolist()[small]!r} has {sizes[small]} row(s), but 3 are needed, one to learn from "
            "and a pair to evaluate on; leave such classes out or add rows"
        )
    shuffled = rng.permutation(len(y))
    order = shuffled[np.argsort(y[shuffled], kind="stable")]  # rows of a class stand together
    place = np.empty_like(order)
    place[order] = np.arange(len(y)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return place < np.clip(np.rint(share * sizes), 2, sizes - 1)[y]
