"""Mutual information as if x and y were jointly Gaussian."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import orth, svd

from iconlearn._errors import InputError
from iconlearn.theory.information._samples import paired_samples, standardised

SAME_DIRECTION = 1e-12  # 1 - rho^2 below which a direction of x is one of y


def cca_information(x: Any, y: Any) -> float:
    r"""The information of jointly Gaussian x and y, from their canonical correlations.

    .. math:: -\tfrac12 \sum_c \log (1 - \rho_c^2)

    Exact for jointly Gaussian x and y, and a lower bound in the limit of many rows where only the marginals are
    Gaussian; otherwise neither. It sees linear dependence alone. Not regularised: of n rows the estimate is about
    :math:`d_x d_y / 2n` too high, and columns that are combinations of others take no part.

    Parameters
    ----------
    x : array-like, shape (n, d_x) or (n,)
    y : array-like, shape (n, d_y) or (n,)

    Returns
    -------
    float
        Nats; inf where a linear function of x is one of y.

    Raises
    ------
    InputError
        Fewer than 20 rows, no more rows than columns of x and y together, NaN or inf, unequal lengths, or a side on
        which nothing varies.

    References
    ----------
    Kay, Feature discovery under contextual supervision using mutual information, IJCNN 1992; the bias: from the
    chi-squared limit of the likelihood-ratio test of independence.

    Examples
    --------
    >>> import numpy as np
    >>> x, noise = np.random.default_rng(0).normal(size=(2, 2000))
    >>> round(cca_information(x, 0.75 * x + (1 - 0.75**2) ** 0.5 * noise), 1)  # 0.413
    0.4
    """
    return float(cca_terms(x, y).mean())


def cca_terms(x: Any, y: Any) -> np.ndarray:
    r"""log r of every row under the Gaussian that fits, (n,), of which :func:`cca_information` is the mean.

    For canonical variates a and b of correlation rho and variance 1,

    .. math:: \log r = -\tfrac12 \log(1 - \rho^2) - \frac{\rho^2 (a^2 + b^2) - 2 \rho a b}{2 (1 - \rho^2)}

    summed over the pairs. Its standard deviation over the root of n is the standard error of the mean to first order:
    log r less the information is the influence function of :math:`\tfrac12 \log (|\Sigma_x| |\Sigma_y| / |\Sigma|)`.
    """
    first, second = (orth(standardised(side)) for side in paired_samples(x, y))
    n = len(first)
    if first.shape[1] + second.shape[1] >= n - 1:
        raise InputError(
            f"cca: {n} rows of {first.shape[1]} + {second.shape[1]} independent columns, and with no more rows than "
            "columns everything is correlated perfectly; give more rows, or fewer columns (PCA first)"
        )
    left, rho, right = svd(first.T @ second, full_matrices=False)
    rest = 1 - np.square(rho)
    if rest.min() < SAME_DIRECTION:
        return np.full(n, np.inf)
    a, b = np.sqrt(n) * first @ left, np.sqrt(n) * second @ right.T
    quadratic = (np.square(rho) * (np.square(a) + np.square(b)) - 2 * rho * a * b) / (2 * rest)
    return -(np.log(rest) / 2 + quadratic).sum(axis=1)
