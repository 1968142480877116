"""Gaussian pairs of known information."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import OptionError
from iconlearn.theory.information.canonical import Canonical, dense_covariance, pair_covariance, split
from iconlearn.theory.information.task import KnownInformation

MOST_NATS = 13  # of a pair of coordinates: beyond it their correlation is 1 up to rounding


def gaussian_pair(covariance: Any, dx: int, *, name: str = "gaussian", title: str = "") -> KnownInformation:
    r"""A Gaussian pair of any covariance, with mean 0.

    .. math:: I = \frac12 \log \frac{\det S_x \det S_y}{\det S} = -\frac12 \sum_k \log(1 - \rho_k^2)

    with the canonical correlations :math:`\rho_k`.

    Parameters
    ----------
    covariance : array-like, shape (dx + dy, dx + dy)
        S: symmetric and positive definite.
    dx : int
        The first columns, which are x.
    name, title : str

    Returns
    -------
    KnownInformation

    Raises
    ------
    InputError
        A matrix that is not square, not symmetric, or singular (the information is then infinite, or a column is
        superfluous).
    OptionError
        dx that leaves no column to x or y.

    Examples
    --------
    >>> round(gaussian_pair([[1, 0.75], [0.75, 1]], 1).nats, 5)
    0.41334
    """
    canonical = Canonical.of("gaussian_pair", covariance, dx)
    dims = canonical.dims
    return KnownInformation(
        name,
        title or f"Gaussian, {dims[0]} x {dims[1]} dimensions",
        canonical.nats,
        dims,
        lambda n, rng: split(rng.normal(size=(n, sum(dims))) @ canonical.root.T, dims[0]),
        lambda x, y: canonical.nats - canonical.forms(x, y)[2] / 2,
        "closed form: 0.5 log(det Sx det Sy / det S)",
    )


def correlated_gaussian(
    dim: int = 1, *, nats: float | None = None, correlation: float | None = None
) -> KnownInformation:
    r"""Gaussian pairs of coordinates with one correlation, each pair independent of the others.

    .. math:: I = -\frac d2 \log(1 - \rho^2), \qquad \rho = \sqrt{1 - e^{-2 I / d}}

    Parameters
    ----------
    dim : int, default 1
        d, of x and of y.
    nats : float, optional
        The information, at most 13 d.
    correlation : float in (-1, 1), optional
        Instead of `nats`.

    Returns
    -------
    KnownInformation

    Raises
    ------
    OptionError
        Both or neither of `nats` and `correlation`, or out of range.
    InputError
        A correlation too near 1 for float64.

    Examples
    --------
    >>> correlated_gaussian(20, nats=4).name
    'gaussian-20x20-4nats'
    """
    dim = check_number("correlated_gaussian", "dim", dim, low=1, integer=True)
    if (nats is None) == (correlation is None):
        raise OptionError(
            f"correlated_gaussian: nats={nats}, correlation={correlation}, but one says the other; give exactly one"
        )
    if nats is None:
        rho = check_number("correlated_gaussian", "correlation", correlation, low=-1, high=1)
    else:
        most, hint = MOST_NATS * dim, "add coordinates"
        nats = check_number("correlated_gaussian", "nats", nats, low=0, high=most, hint=hint)
        rho = np.sqrt(-np.expm1(-2 * nats / dim))  # type: ignore[operator]
    title = f"Gaussian, {dim} pair(s) of coordinates correlated {rho:.4g}"
    task = gaussian_pair(pair_covariance(dim, dim, rho), dim, title=title)
    return replace(task, name=f"gaussian-{dim}x{dim}-{task.nats:.3g}nats")


def dense_gaussian(dim: int, correlation: float = 0.5) -> KnownInformation:
    """A Gaussian pair where any two coordinates have one correlation.

    Parameters
    ----------
    dim : int
        Of x and of y.
    correlation : float in (-1 / (2 dim - 1), 1), default 0.5

    Returns
    -------
    KnownInformation

    Raises
    ------
    InputError, OptionError
        A correlation that is out of range.

    References
    ----------
    Czyz, Grabowski, Vogt, Beerenwinkel and Marx, Beyond Normal: On the Evaluation of Mutual Information Estimators,
    2023.

    Examples
    --------
    >>> round(dense_gaussian(5).nats, 4)
    0.5928
    """
    title = f"Gaussian, {2 * dim} coordinates, all correlated {correlation:g}"
    return gaussian_pair(
        dense_covariance(dim, correlation), dim, name=f"dense-gaussian-{dim}x{dim}", title=title
    )


def sparse_gaussian(dim: int, pairs: int = 2, correlation: float = 0.8) -> KnownInformation:
    """A Gaussian pair where the first coordinates of x and y are correlated and the others are noise.

    Parameters
    ----------
    dim : int
        Of x and of y.
    pairs : int, default 2
        At most `dim`.
    correlation : float in (-1, 1), default 0.8

    Returns
    -------
    KnownInformation

    Raises
    ------
    InputError, OptionError
        More pairs than coordinates, or a correlation that is out of range.

    References
    ----------
    Czyz et al., Beyond Normal, 2023 (their 2-pair tasks).

    Examples
    --------
    >>> round(sparse_gaussian(5).nats, 5), round(sparse_gaussian(25).nats, 5)
    (1.02165, 1.02165)
    """
    title = f"Gaussian, {pairs} of {dim} pairs of coordinates correlated {correlation:g}"
    name = f"{pairs}-pair-gaussian-{dim}x{dim}"
    return gaussian_pair(pair_covariance(dim, pairs, correlation), dim, name=name, title=title)


def independent(dx: int = 1, dy: int = 1) -> KnownInformation:
    """Two Gaussians that share nothing.

    Parameters
    ----------
    dx, dy : int, default 1

    Returns
    -------
    KnownInformation

    Raises
    ------
    OptionError
        A number of columns below 1.

    Examples
    --------
    >>> independent(2, 3).nats
    0.0
    """
    dx = check_number("independent", "dx", dx, low=1, integer=True)
    dy = check_number("independent", "dy", dy, low=1, integer=True)
    title = f"independent Gaussians, {dx} x {dy} dimensions"
    return gaussian_pair(np.eye(dx + dy), dx, name=f"independent-{dx}x{dy}", title=title)
