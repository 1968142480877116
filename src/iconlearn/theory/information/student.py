"""Student-t pairs of known information."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import digamma, gammaln

from iconlearn._checks import check_number
from iconlearn.theory.information.canonical import Canonical, split
from iconlearn.theory.information.task import KnownInformation


def student_t(
    dispersion: Any, dx: int, dof: float, *, name: str = "student", title: str = ""
) -> KnownInformation:
    r"""A Student-t pair: heavy tails, and information even where the dispersion is the identity.

    .. math:: I = I_\text{Gaussian}(S) + h(d_x) + h(d_y) - h(d_x + d_y)

    with the entropy h(k) of the k-dimensional distribution of identity dispersion,

    .. math::
        h(k) = -\log \Gamma\tfrac{\nu + k}2 + \log \Gamma\tfrac\nu2 + \tfrac k2 \log(\nu \pi)
            + \tfrac{\nu + k}2 \bigl(\psi(\tfrac{\nu + k}2) - \psi(\tfrac\nu2)\bigr)

    Parameters
    ----------
    dispersion : array-like, shape (dx + dy, dx + dy)
        S: symmetric and positive definite. Not the covariance, which is S dof / (dof - 2) where dof > 2.
    dx : int
        The first columns, which are x.
    dof : float in [0.1, 1e6]
        The degrees of freedom; with more it is a Gaussian, with fewer float64 does not hold the tails.
    name, title : str

    Returns
    -------
    KnownInformation

    Raises
    ------
    InputError, OptionError
        As :func:`gaussian_pair`; dof out of range.

    References
    ----------
    Arellano-Valle, Contreras-Reyes and Genton, Shannon Entropy and Mutual Information for Multivariate Skew-Elliptical
    Distributions, 2013; here as the difference of the entropies.

    Examples
    --------
    >>> round(student_t([[1, 0], [0, 1]], 1, dof=1).nats, 4)
    0.2242
    """
    nu = check_number("student_t", "dof", dof, low=0.1, high=1e6)
    canonical = Canonical.of("student_t", dispersion, dx)
    dims = canonical.dims
    sizes = np.array([dims[0], dims[1], sum(dims)])
    halves = (nu + sizes) / 2
    signs = np.array([1, 1, -1])
    entropy = -gammaln(halves) + gammaln(nu / 2) + halves * (digamma(halves) - digamma(nu / 2))
    constant = canonical.nats + gammaln(nu / 2) - signs @ gammaln(halves)

    def log_ratio(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        square_x, square_y, more = canonical.forms(x, y)
        joint = np.log1p((square_x[:, None] + square_y + more) / nu)
        alone = halves[0] * np.log1p(square_x / nu)[:, None] + halves[1] * np.log1p(square_y / nu)
        return constant + alone - halves[2] * joint

    def draw(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        normal = rng.normal(size=(n, sum(dims))) @ canonical.root.T
        return split(normal / np.sqrt(rng.chisquare(nu, size=(n, 1)) / nu), dims[0])

    return KnownInformation(
        name,
        title or f"Student-t with {nu:g} degrees of freedom, {dims[0]} x {dims[1]} dimensions",
        float(canonical.nats + signs @ entropy),
        dims,
        draw,
        log_ratio,
        "closed form: the Gaussian value and the entropies of the parts and of the whole",
    )
