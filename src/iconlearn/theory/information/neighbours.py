"""Mutual information from distances to nearest neighbours, with nothing to train."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial import KDTree
from scipy.special import digamma

from iconlearn._checks import check_number
from iconlearn.theory.information._samples import paired_samples, standardised


def ksg(x: Any, y: Any, k: int = 5, variant: int = 1) -> float:
    r"""Kraskov, Stögbauer and Grassberger's estimate, from k nearest neighbours.

    .. math::
        I_1 = \psi(k) + \psi(N) - \langle \psi(n_x + 1) + \psi(n_y + 1) \rangle, \quad
        I_2 = \psi(k) - 1/k + \psi(N) - \langle \psi(n_x) + \psi(n_y) \rangle

    with the max-norm. In variant 1, :math:`n_x` counts the rows whose x is strictly nearer than the k-th neighbour in
    (x, y); in variant 2 those that are no farther in x than the farthest in x of the k neighbours. Columns are
    standardised; constant ones take no part.

    Consistent, but for few dimensions and moderate information only: with 4000 rows of two correlated Gaussians it is
    right within 0.02 of 2 nats, of two times five at 5 nats it finds 3.4, of two times twenty at 10 nats 2.0. Beyond 4
    columns in all do not trust it. It assumes densities; rows that repeat break it.

    Parameters
    ----------
    x : array-like, shape (n, d_x) or (n,)
    y : array-like, shape (n, d_y) or (n,)
    k : int, default 5
        Neighbours: few for less bias, many for less variance.
    variant : {1, 2}, default 1
        2 has the slightly larger statistical and the smaller systematic error.

    Returns
    -------
    float
        Nats; may be slightly negative.

    Raises
    ------
    InputError
        Fewer than 20 rows, NaN or inf, unequal lengths, or a side on which nothing varies.
    OptionError
        k not in 1 ... n - 1, or an unknown variant.

    References
    ----------
    Kraskov, Stögbauer and Grassberger, Estimating Mutual Information, Physical Review E 69, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 2000))
    >>> round(ksg(x, 0.75 * x + (1 - 0.75**2) ** 0.5 * noise), 1)  # 0.413
    0.4
    """
    return float(ksg_terms(x, y, k, variant).mean())


def ksg_terms(x: Any, y: Any, k: int = 5, variant: int = 1) -> np.ndarray:
    """The term of every row, (n,), of which :func:`ksg` is the mean."""
    first, second = (standardised(side) for side in paired_samples(x, y))
    n = len(first)
    variant = check_number("ksg", "variant", variant, low=1, high=2, integer=True)
    k = check_number("ksg", "k", k, low=1, high=n - 1, integer=True, hint=f"there are {n} rows")
    distance, near = KDTree(np.hstack([first, second])).query(np.hstack([first, second]), k + 1, p=np.inf)
    if variant == 1:
        radius = np.nextafter(distance[:, -1], 0)  # strictly nearer
        counts = [within(side, radius) + 1 for side in (first, second)]
        return digamma(k) + digamma(n) - digamma(counts[0]) - digamma(counts[1])
    reach = [np.abs(side[near] - side[:, None]).max(axis=(1, 2)) for side in (first, second)]
    counts = [within(side, np.nextafter(r, np.inf)) for side, r in zip((first, second), reach, strict=True)]
    return digamma(k) - 1 / k + digamma(n) - digamma(counts[0]) - digamma(counts[1])


def within(rows: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """How many others lie within a radius of each row, in the max-norm."""
    found = KDTree(rows).query_ball_point(rows, radius, p=np.inf, return_length=True)
    return np.asarray(found) - 1
