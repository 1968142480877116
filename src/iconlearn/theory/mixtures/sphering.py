"""Sphering: coordinates in which the data has the same variance in every direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.theory.mixtures.subspaces import NEGLIGIBLE


@dataclass(frozen=True, eq=False, repr=False)
class Sphering:
    r"""The linear map that gives rows mean 0 and covariance 1.

    .. math:: x \mapsto \Sigma_x^{-1/2} (x - \bar x)

    with the total covariance :math:`\Sigma_x`, for which no labels are needed. What is learned with weight decay, as in
    SimSiam, depends on the coordinates of the data; sphered, it does not.

    Parameters
    ----------
    center : array of shape (d,)
    matrix : array of shape (d, d)
        The symmetric inverse root. :meth:`of` finds both from rows.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(100, 2)) * [1, 9]
    >>> np.cov(Sphering.of(X).transform(X).T, ddof=0).round(6).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """

    center: np.ndarray
    matrix: np.ndarray

    def __repr__(self) -> str:
        return f"Sphering(dim={len(self.center)})"

    @classmethod
    def of(cls, X: Any) -> Sphering:
        """That of the rows of X, (n, d). Directions in which they do not vary are mapped to 0.

        Raises
        ------
        InputError
            Fewer than two rows, NaN or inf, or rows that are all equal.
        """
        rows = check_features(X, "X").astype(np.float64)
        center = rows.mean(axis=0)
        rows = rows - center
        _, spread, axes = np.linalg.svd(rows / len(rows) ** 0.5, full_matrices=False)
        rounding = 10 * np.finfo(np.float64).eps * np.abs(center).max()
        kept = spread > max(NEGLIGIBLE * spread[0], rounding)
        if not kept.any():
            raise InputError("Sphering.of: no column of X varies; give data with variance")
        return cls(center, (axes[kept].T / spread[kept]) @ axes[kept])

    def transform(self, X: Any) -> np.ndarray:
        """The rows of X, (n, d), in these coordinates."""
        rows = check_features(X, "X", min_rows=1).astype(np.float64)
        if rows.shape[1] != len(self.center):
            raise InputError(f"Sphering: X has {rows.shape[1]} columns, but {len(self.center)} are needed")
        return (rows - self.center) @ self.matrix
