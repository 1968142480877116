"""Covariances of a pair of variables, and the coordinates in which only pairs of coordinates are correlated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import cholesky, solve_triangular

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features

SYMMETRIC = 1e-10  # difference of mirrored correlations that is rounding
SINGULAR = 1e-12  # least eigenvalue of the correlations


def pair_covariance(dim: int, pairs: int, correlation: float) -> np.ndarray:
    """Unit variances; the first `pairs` coordinates of x and of y, both (dim), are correlated one to one."""
    dim = check_number("pair_covariance", "dim", dim, low=1, integer=True)
    pairs = check_number("pair_covariance", "pairs", pairs, low=0, high=dim, integer=True)
    correlation = check_number("pair_covariance", "correlation", correlation, low=-1, high=1)
    covariance = np.eye(2 * dim)
    k = np.arange(pairs)
    covariance[k, dim + k] = covariance[dim + k, k] = correlation
    return covariance


def dense_covariance(dim: int, correlation: float = 0.5) -> np.ndarray:
    """Unit variances, and one correlation between any two of the 2 dim coordinates of x and y."""
    dim = check_number("dense_covariance", "dim", dim, low=1, integer=True)
    correlation = check_number("dense_covariance", "correlation", correlation, low=-1, high=1)
    return np.where(np.eye(2 * dim) > 0, 1.0, correlation)


@dataclass(frozen=True, eq=False)
class Canonical:
    """x and y in coordinates that are white and correlated one to one.

    ``root`` is a root of the covariance; ``to_x`` and ``to_y`` map columns of x and y to canonical ones, and ``rho``
    holds the correlations of these, as many as the smaller of the two has.
    """

    root: np.ndarray
    to_x: np.ndarray
    to_y: np.ndarray
    rho: np.ndarray

    @classmethod
    def of(cls, owner: str, covariance: Any, dx: int) -> Canonical:
        s = check_covariance(owner, covariance)
        dx = check_number(owner, "dx", dx, low=1, high=len(s) - 1, integer=True)
        root_x, root_y = cholesky(s[:dx, :dx], lower=True), cholesky(s[dx:, dx:], lower=True)
        half = solve_triangular(root_x, s[:dx, dx:], lower=True)
        left, rho, right = np.linalg.svd(solve_triangular(root_y, half.T, lower=True).T)
        to_x = solve_triangular(root_x, left, lower=True, trans=1)
        to_y = solve_triangular(root_y, right.T, lower=True, trans=1)
        return cls(cholesky(s, lower=True), to_x, to_y, rho)

    @property
    def dims(self) -> tuple[int, int]:
        return len(self.to_x), len(self.to_y)

    @property
    def nats(self) -> float:
        """The information of the Gaussian of this covariance."""
        return float(abs(np.log1p(-(self.rho**2)).sum() / 2))

    def forms(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """x' Sx^-1 x (n,), y' Sy^-1 y (m,), and by how much the form of S^-1 exceeds their sum (n, m)."""
        a, b = x @ self.to_x, y @ self.to_y
        k = len(self.rho)
        rest = 1 - self.rho**2
        weight = self.rho**2 / rest
        more = (a[:, :k] ** 2 @ weight)[:, None] + b[:, :k] ** 2 @ weight
        more = more - 2 * (a[:, :k] * (self.rho / rest)) @ b[:, :k].T
        return (a**2).sum(axis=1), (b**2).sum(axis=1), more


def check_covariance(owner: str, covariance: Any) -> np.ndarray:
    s = check_features(covariance, "covariance").astype(np.float64)
    if s.shape[0] != s.shape[1]:
        raise InputError(
            f"{owner}: covariance of shape {s.shape}, but a square matrix over x and y is needed"
        )
    scale = np.sqrt(np.where(np.diag(s) > 0, np.diag(s), 1))
    correlation = s / scale / scale[:, None]
    if (np.diag(s) <= 0).any() or np.abs(correlation - correlation.T).max() > SYMMETRIC:
        raise InputError(
            f"{owner}: covariance is not symmetric with a positive diagonal; give (S + S.T) / 2 of a covariance"
        )
    least = float(np.linalg.eigvalsh(correlation)[0])
    if least < SINGULAR:
        raise InputError(
            f"{owner}: covariance is singular or indefinite (least eigenvalue of the correlations {least:.3g}), which "
            "leaves no finite information; leave out columns that others determine, or lower the correlations"
        )
    return (s + s.T) / 2


def split(rows: np.ndarray, dx: int) -> tuple[np.ndarray, np.ndarray]:
    """The first dx columns and the others."""
    return np.ascontiguousarray(rows[:, :dx]), np.ascontiguousarray(rows[:, dx:])
