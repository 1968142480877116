"""Covariances: what is one, and its roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features

ASYMMETRY = 1e-8  # of the largest entry; below it is rounding, which is averaged away


def check_covariance(owner: str, name: str, value: Any, dim: int) -> np.ndarray:
    """A symmetric positive definite matrix (dim, dim) in float64; anything else is refused."""
    matrix = check_features(value, f"{owner}: {name}", min_rows=1).astype(np.float64)
    if matrix.shape != (dim, dim):
        raise InputError(
            f"{owner}: {name} has shape {matrix.shape}, but ({dim}, {dim}) is needed, as there are {dim} dimensions"
        )
    uneven = float(np.abs(matrix - matrix.T).max())
    if uneven > ASYMMETRY * np.abs(matrix).max():
        raise InputError(
            f"{owner}: {name} differs from its transpose by {uneven:.3g}, but a symmetric matrix is needed; "
            "give (C + C.T) / 2 if that is what you mean"
        )
    matrix = (matrix + matrix.T) / 2
    values = np.linalg.eigvalsh(matrix)
    if values[0] <= dim * np.finfo(np.float64).eps * values[-1]:
        raise InputError(
            f"{owner}: {name} has smallest eigenvalue {values[0]:.3g} (largest {values[-1]:.3g}), but a positive "
            f"definite matrix is needed; add a ridge, such as 1e-6 * np.trace(C) / {dim} * np.eye({dim})"
        )
    return matrix


def roots(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The symmetric roots C^{1/2} and C^{-1/2} of a positive definite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    deviations = np.sqrt(values)
    return (vectors * deviations) @ vectors.T, (vectors / deviations) @ vectors.T
