"""Pairs whose labels go through a noisy channel: less information than the class has, and exactly how much."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import entr, xlogy

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import to_array
from iconlearn.evaluation._inputs import whole_numbers

ROUNDING = 1e-12  # relative excess over the largest information that is taken for rounding


def flip_information(probability: float, sources: int = 1) -> float:
    r"""The information of independent fair bits and their copies, each flipped with a probability.

    .. math:: I = m\,(\log 2 - h(p)), \qquad h(p) = -p \log p - (1 - p) \log (1 - p)

    Parameters
    ----------
    probability : float in [0, 1]
        p. At 0.5 nothing is left; at 1 everything, turned over.
    sources : int, default 1
        m, the number of bits.

    Returns
    -------
    float, nats

    Raises
    ------
    OptionError
        A probability outside [0, 1], or no sources.

    References
    ----------
    The binary symmetric channel. As a way to set the information of pairs of images or texts: Lee and Rhee, A Benchmark
    Suite for Evaluating Neural Mutual Information Estimators on Unstructured Datasets, 2024.

    Examples
    --------
    >>> round(flip_information(0.2430, sources=10) / float(np.log(2)), 2)  # bits
    2.0
    """
    p = check_number("flip_information", "probability", probability, low=0, high=1)
    m = check_number("flip_information", "sources", sources, low=1, integer=True)
    return float(m * max(0.0, np.log(2) - entr(p) - entr(1 - p)))


def flip_probability(nats: float, sources: int = 1) -> float:
    """The probability of a flip, at most 0.5, at which the bits share so much: the inverse of `flip_information`.

    Parameters
    ----------
    nats : float in [0, m log 2]
    sources : int, default 1
        m.

    Returns
    -------
    float in [0, 0.5]

    Raises
    ------
    OptionError
        More nats than the bits have, or fewer than 0.

    Examples
    --------
    >>> round(flip_probability(4 * float(np.log(2)), sources=10), 4)
    0.1461
    """
    m = check_number("flip_probability", "sources", sources, low=1, integer=True)
    nats = _check_nats("flip_probability", nats, m * float(np.log(2)), "add sources")
    return _inverse(lambda p: flip_information(p, m), nats, 0.5)


def reroll_information(classes: int, probability: float) -> float:
    r"""The information of a uniform label and its copy, which is drawn anew with a probability.

    .. math:: I = \log C + s \log s + (1 - s) \log \frac{q}{C}, \qquad s = 1 - q (1 - 1 / C)

    Parameters
    ----------
    classes : int
        C, at least 2.
    probability : float in [0, 1]
        q. The label that is drawn anew may be the same.

    Returns
    -------
    float, nats
        log C at q = 0, and 0 at q = 1.

    Raises
    ------
    OptionError
        A probability outside [0, 1], or fewer than 2 classes.

    References
    ----------
    Derivation: the copy is the label with probability s, and each of the C - 1 others with q / C.

    Examples
    --------
    >>> round(reroll_information(10, 0.0), 4), round(reroll_information(10, 0.5), 4)
    (2.3026, 0.6257)
    """
    c = check_number("reroll_information", "classes", classes, low=2, integer=True)
    q = check_number("reroll_information", "probability", probability, low=0, high=1)
    other = q * (1 - 1 / c)
    return float(max(0.0, np.log(c) - entr(1 - other) + xlogy(other, q / c)))


def reroll_probability(nats: float, classes: int) -> float:
    """The probability of a draw anew at which the labels share so much: the inverse of `reroll_information`.

    Parameters
    ----------
    nats : float in [0, log C]
    classes : int
        C, at least 2.

    Returns
    -------
    float in [0, 1]

    Raises
    ------
    OptionError
        More nats than log C, or fewer than 0.

    Examples
    --------
    >>> round(reroll_probability(reroll_information(10, 0.25), 10), 6)
    0.25
    """
    c = check_number("reroll_probability", "classes", classes, low=2, integer=True)
    nats = _check_nats("reroll_probability", nats, float(np.log(c)), "add classes")
    return _inverse(lambda q: reroll_information(c, q), nats, 1.0)


def flip(bits: Any, probability: float, random_state: int | np.random.Generator = 0) -> np.ndarray:
    """A copy of bits, each flipped with a probability.

    Parameters
    ----------
    bits : array-like of 0 and 1, any shape
    probability : float in [0, 1]
    random_state : int or numpy.random.Generator, default 0

    Returns
    -------
    int64 array, the shape of `bits`

    Raises
    ------
    InputError
        Anything but 0 and 1.
    OptionError
        A probability outside [0, 1].

    Examples
    --------
    >>> flip([0, 1, 1], 1.0)
    array([1, 0, 0])
    """
    p = check_number("flip", "probability", probability, low=0, high=1)
    given = to_array(bits, "bits")
    if given.size == 0 or given.dtype.kind not in "biuf" or not np.isin(given, (0, 1)).all():
        raise InputError(f"bits: {given!r:.80}, but only 0 and 1 are bits; recode")
    given = given.astype(np.int64)
    return given ^ (np.random.default_rng(random_state).random(given.shape) < p)


def reroll(
    labels: Any, classes: int, probability: float, random_state: int | np.random.Generator = 0
) -> np.ndarray:
    """A copy of labels, each drawn anew from all classes with a probability.

    Parameters
    ----------
    labels : array-like of int, shape (n,)
        0 to `classes` - 1.
    classes : int
        At least 2.
    probability : float in [0, 1]
    random_state : int or numpy.random.Generator, default 0

    Returns
    -------
    int64 array, shape (n,)

    Raises
    ------
    InputError
        Empty, or labels that are no classes.
    OptionError
        A probability outside [0, 1], or fewer than 2 classes.

    Examples
    --------
    >>> reroll([3, 1, 2], 4, 0.0)
    array([3, 1, 2])
    """
    q = check_number("reroll", "probability", probability, low=0, high=1)
    c = check_number("reroll", "classes", classes, low=2, integer=True)
    y = whole_numbers(labels, "labels", c)
    rng = np.random.default_rng(random_state)
    return np.where(rng.random(len(y)) < q, rng.integers(c, size=len(y)), y)


def _check_nats(owner: str, nats: float, most: float, hint: str) -> float:
    nats = check_number(owner, "nats", nats, low=0, high=most * (1 + ROUNDING), hint=hint)
    return min(nats, most)


def _inverse(information: Any, nats: float, high: float) -> float:
    """Where in [0, high] the information, which falls from its most to 0, is `nats`."""
    if nats >= information(0.0):
        return 0.0
    if nats <= information(high):  # 0, but for rounding
        return high
    # near 0 the slope is infinite: there the probability is sought to its own relative accuracy
    return float(brentq(lambda p: information(p) - nats, 0.0, high, xtol=1e-300, rtol=1e-14))  # type: ignore[arg-type]
