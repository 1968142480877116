"""Positive pairs of the same class: the controlled pairing on which both theories stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn.evaluation._inputs import distinct


def same_class_pairs(
    labels: Any, n: int, *, quality: float = 1.0, random_state: int | np.random.Generator = 0
) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw positive pairs of rows: with probability ``quality`` of one class, else of any two.

    .. math:: p(x, x^+) = \delta \sum_k w_k f_k(x) f_k(x^+) + (1 - \delta) f(x) f(x^+)

    with the classes' shares :math:`w_k` and rows :math:`f_k` as the data has them. Both marginals are those of the
    data. At quality 1, and with labels that are a function of the data, the two share exactly the class: their mutual
    information is the entropy of the labels, up to the finite number of rows of a class (a row is not paired with
    itself, unless it is alone in its class).

    Parameters
    ----------
    labels : array-like, shape (m,)
    n : int
        Pairs to draw, with replacement.
    quality : float in [0, 1], default 1
        :math:`\delta`.
    random_state : int or numpy.random.Generator, default 0

    Returns
    -------
    anchors, positives : int64 arrays, shape (n,)
        Rows.

    Raises
    ------
    InputError
        Labels that are empty, NaN or of mixed types.
    OptionError
        ``quality`` outside [0, 1], or n below 1.

    References
    ----------
    Lee, Kim, Kang and Rhee, Towards a Rigorous Analysis of Mutual Information in Contrastive Learning, 2023 (same-class
    sampling); Bansal, Kavis and Sanghavi, Understanding Contrastive Learning via Gaussian Mixture Models, 2024 (noisy
    augmentations; the form with a quality is a reconstruction).

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([0, 1, 0, 1, 1])
    >>> anchors, positives = same_class_pairs(y, 100)
    >>> bool((y[anchors] == y[positives]).all()), bool((anchors == positives).any())
    (True, False)
    """
    n = check_number("same_class_pairs", "n", n, low=1, integer=True)
    quality = check_number("same_class_pairs", "quality", quality, low=0, high=1)
    rng = np.random.default_rng(random_state)
    codes = distinct(labels, "labels")[1]
    order = np.argsort(codes, kind="stable")  # rows of a class stand together
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    place = np.empty_like(order)
    place[order] = np.arange(len(codes)) - starts[codes[order]]
    anchors = rng.integers(len(codes), size=n)
    own = codes[anchors]
    # one of the others of the class: all places but the anchor's own
    others = np.maximum(sizes[own] - 1, 1)
    step = 1 + np.floor(rng.random(n) * others).astype(np.int64)
    positives = order[starts[own] + (place[anchors] + step) % sizes[own]]
    noise = rng.random(n) >= quality
    positives[noise] = rng.integers(len(codes), size=int(noise.sum()))
    return anchors, positives
