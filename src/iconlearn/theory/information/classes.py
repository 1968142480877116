"""What pairs of one class share: the entropy of the labels, the density ratio, and what InfoNCE makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import entr, logsumexp
from scipy.stats import binom

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import to_array
from iconlearn.evaluation._inputs import codes

PIECE = 2**22  # numbers of a table that are held at a time
SLACK = 1e-4  # by which the sum of a row of probabilities may miss 1


def label_entropy(labels: Any) -> float:
    r"""The entropy of the labels' frequencies: what two rows of one class share at most.

    .. math:: H(C) = -\sum_c \hat\pi_c \log \hat\pi_c

    Parameters
    ----------
    labels : array-like, shape (n,)
        Numbers or text; each distinct value is a class.

    Returns
    -------
    float, nats
        0 where all labels are equal, log C where C classes are equally frequent.

    Raises
    ------
    InputError
        Empty, NaN or of mixed types.

    References
    ----------
    Lee, Kim, Kang and Rhee, Towards a Rigorous Analysis of Mutual Information in Contrastive Learning, 2023.
    Derivation: for x, y drawn independently from one class, I(x; y) <= I(x; c) <= H(C); and if the class is a function
    g of the data, I(x; y) >= I(g(x); g(y)) = H(C).

    Examples
    --------
    >>> round(label_entropy(["cat", "dog", "cat", "dog"]), 4)
    0.6931
    """
    return float(entr(_shares(labels)).sum())


def same_class_information(labels: Any) -> float:
    r"""What pairs of two *different* rows of one class share exactly, as the rows are finite.

    .. math:: I = \sum_c \hat\pi_c \log \frac{n}{n_c - 1} = H(C) + \sum_c \hat\pi_c \log \frac{n_c}{n_c - 1}

    The information of the row numbers that :func:`iconlearn.theory.pairs.same_class_pairs` draws at quality 1: a row
    is never its own positive, which tells a little more than the class. 0.01 nats above H(C) with 100 rows a class.

    Parameters
    ----------
    labels : array-like, shape (n,)
        A class of one row is paired with itself, which counts as n_c = 2.

    Returns
    -------
    float, nats

    Raises
    ------
    InputError
        Empty, NaN or of mixed types.

    References
    ----------
    Derivation: p(i, j) = 1 / (n (n_c - 1)) for two rows of class c, p(i) = p(j) = 1 / n.

    Examples
    --------
    >>> round(same_class_information([0] * 50 + [1] * 50) - label_entropy([0] * 50 + [1] * 50), 4)
    0.0202
    """
    share = _shares(labels)
    n = len(to_array(labels, "labels"))
    return float(np.sum(share * np.log(n / np.maximum(np.rint(share * n) - 1, 1))))


def class_log_ratio(log_posterior_x: Any, log_posterior_y: Any, prior: Any) -> np.ndarray:
    r"""The log density ratio of all pairs under same-class pairing, from what each row says of its class.

    .. math:: \log r(x_i, y_j) = \log \sum_c \frac{p(c \mid x_i)\, p(c \mid y_j)}{\pi_c}

    Parameters
    ----------
    log_posterior_x : array-like, shape (n, C)
        log p(c | x); -inf is 0 probability.
    log_posterior_y : array-like, shape (m, C)
    prior : array-like, shape (C,)
        The probabilities of the classes (not their logarithms), all above 0.

    Returns
    -------
    float64 array, shape (n, m)
        -inf for two rows that can have no class in common.

    Raises
    ------
    InputError
        Shapes that do not agree, NaN, or rows whose probabilities do not sum to 1.

    References
    ----------
    Derivation: x - c - y is a Markov chain, so p(x, y) = sum_c pi_c p(x | c) p(y | c); put Bayes' rule in.

    Examples
    --------
    >>> sure = np.log([[0.5, 0.5], [0.999, 0.001]])
    >>> (class_log_ratio(sure, sure, [0.5, 0.5]).round(3) + 0.0).tolist()
    [[0.0, 0.0], [0.0, 0.691]]
    """
    prior = check_prior(prior)
    x = check_log_posterior(log_posterior_x, "log_posterior_x", len(prior))
    y = check_log_posterior(log_posterior_y, "log_posterior_y", len(prior)) - np.log(prior)
    step = max(1, PIECE // y.size)
    pieces = [logsumexp(x[i : i + step, None] + y, axis=2) for i in range(0, len(x), step)]
    return np.concatenate(pieces)


def expected_infonce(classes: int, batch_size: int) -> float:
    r"""What InfoNCE reports of same-class pairs on average, exactly, with the best critic and classes of equal share.

    .. math:: E[I_{NCE}] = \log K - E \log (1 + B), \qquad B \sim \mathrm{Bin}(K - 1, 1 / C)

    Parameters
    ----------
    classes : int
        C, equally frequent, and a function of the data.
    batch_size : int
        K, up to 10 million.

    Returns
    -------
    float, nats
        At most log K, and below log C, which it nears as K grows.

    Raises
    ------
    OptionError
        Either is below 1.

    References
    ----------
    Derivation: the best critic is log r = log C for rows of one class and -inf otherwise, so the sum over the batch
    counts the rows of the anchor's class, 1 + B.

    Examples
    --------
    >>> round(expected_infonce(10, 64), 2), round(float(np.log(10)), 2)
    (2.23, 2.3)
    """
    classes = check_number("expected_infonce", "classes", classes, low=1, integer=True)
    k = check_number("expected_infonce", "batch_size", batch_size, low=1, high=10**7, integer=True)
    others = np.arange(k)
    return float(np.log(k) - np.sum(binom.pmf(others, k - 1, 1 / classes) * np.log1p(others)))


def _shares(labels: Any) -> np.ndarray:
    """The relative frequencies of the classes."""
    counts = np.bincount(codes(labels, "labels"))
    return counts / counts.sum()


def check_prior(prior: Any) -> np.ndarray:
    """Probabilities of classes as float64 (C,)."""
    prior = to_array(prior, "prior")
    numbers = prior.ndim == 1 and prior.size > 0 and prior.dtype.kind in "biuf"
    if not numbers or not (prior > 0).all() or not abs(prior.sum() - 1) <= SLACK:
        raise InputError(
            f"prior: {prior!r:.80}, but one probability above 0 for each class is needed, with sum 1; give the shares "
            "of the classes"
        )
    return prior.astype(np.float64)


def check_log_posterior(values: Any, name: str, n_classes: int) -> np.ndarray:
    """Log probabilities of classes as float64 (n, C); -inf is allowed."""
    array = to_array(values, name)
    if array.ndim != 2 or len(array) == 0 or array.shape[1] != n_classes or array.dtype.kind not in "biuf":
        raise InputError(
            f"{name}: shape {array.shape} of {array.dtype}, but numbers (n, {n_classes}) are needed, one for each class"
        )
    array = array.astype(np.float64)
    total = np.asarray(logsumexp(array, axis=1))
    bad = ~(np.abs(total) <= SLACK)  # NaN is bad as well
    if bad.any():
        row = int(bad.argmax())
        raise InputError(
            f"{name}: the probabilities of row {row} (counted from 0) sum to {np.exp(total[row]):.4g}, not 1; give "
            "log probabilities, such as a log_softmax of logits"
        )
    return array
