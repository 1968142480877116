"""Subspaces that tell components apart: those of a mixture and of a learned projection, and the angles between them.

A basis is (d, q) with orthonormal columns; the projection of rows is ``X @ basis``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import subspace_angles

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.theory.mixtures._covariance import check_covariance, roots
from iconlearn.theory.mixtures.mixture import Mixture

NEGLIGIBLE = 1e-10  # singular values below this share of the largest one are rounding


def fisher_subspace(mixture: Mixture) -> np.ndarray:
    r"""The subspace that tells the components apart, and the smallest one that does.

    .. math:: S_F = \mathrm{span}\{\Sigma^{-1}(\mu_k - \bar\mu)\}

    It attains the largest Fisher criterion :math:`\mathrm{tr}\,(A^T \Sigma A)^{-1} A^T S_B A`, and p(k|x) depends on x
    through its projection only (both proven).

    Parameters
    ----------
    mixture : Mixture

    Returns
    -------
    array of shape (d, q), q at most min(K - 1, d)

    Raises
    ------
    InputError
        If all means are one.

    References
    ----------
    Fisher, The use of multiple measurements in taxonomic problems, 1936.

    Examples
    --------
    >>> mixture = Mixture([[1.0, 0.0], [-1.0, 0.0]], [[2.0, 1.0], [1.0, 1.0]])
    >>> abs(fisher_subspace(mixture)).round(4).tolist()
    [[0.7071], [0.7071]]
    """
    white = row_space(differences(mixture) @ mixture.whitening)
    return orthonormal(mixture.whitening @ white)


def mean_subspace(mixture: Mixture) -> np.ndarray:
    """The span of the differences of the means, (d, q): the Fisher subspace of an isotropic mixture only.

    Parameters
    ----------
    mixture : Mixture

    Raises
    ------
    InputError
        If all means are one.

    Examples
    --------
    >>> mixture = Mixture([[1.0, 0.0], [-1.0, 0.0]], [[2.0, 1.0], [1.0, 1.0]])
    >>> round(float(principal_angles(mean_subspace(mixture), fisher_subspace(mixture))[0]), 6)
    45.0
    """
    return row_space(differences(mixture))


def learned_subspace(projection: Any, dim: int, covariance: Any = None) -> np.ndarray:
    r"""The leading directions of a learned projection A, as a subspace of the data.

    They are the leading left singular vectors of A; with a covariance those of :math:`\Sigma^{1/2} A`, mapped back by
    :math:`\Sigma^{-1/2}`, so that a direction counts by how far its projection spreads within components.

    Parameters
    ----------
    projection : array-like, shape (d, r)
        A of x -> A^T x.
    dim : int
        At most the rank of A.
    covariance : array-like, shape (d, d), optional
        That within components.

    Returns
    -------
    array of shape (d, dim)

    Raises
    ------
    InputError
        Wrong shapes, NaN or inf, or a covariance that is not positive definite.
    OptionError
        ``dim`` above the rank.

    Examples
    --------
    >>> import numpy as np
    >>> abs(learned_subspace(np.diag([0.1, 3.0]), 1)).tolist()
    [[0.0], [1.0]]
    >>> abs(learned_subspace(np.diag([0.1, 3.0]), 1, np.diag([1e6, 1.0]))).tolist()
    [[1.0], [0.0]]
    """
    matrix = check_features(projection, "projection", min_rows=1).astype(np.float64)
    whitening = None
    if covariance is not None:
        root, whitening = roots(check_covariance("learned_subspace", "covariance", covariance, len(matrix)))
        matrix = root @ matrix
    left, values, _ = np.linalg.svd(matrix, full_matrices=False)
    rank = int((values > NEGLIGIBLE * values[0]).sum())
    hint = f"the projection has rank {rank}"
    dim = check_number("learned_subspace", "dim", dim, low=1, high=rank, integer=True, hint=hint)
    leading = left[:, :dim]
    return leading if whitening is None else orthonormal(whitening @ leading)


def principal_angles(A: Any, B: Any, covariance: Any = None) -> np.ndarray:
    r"""The principal angles of two column spaces, in degrees, largest first.

    With a covariance those of :math:`\Sigma^{1/2} A` and :math:`\Sigma^{1/2} B`: angles that do not depend on the
    coordinates of the data. Without one they may look large for no reason where the condition number is large.

    Parameters
    ----------
    A, B : array-like, shapes (d, p) and (d, q)
        Any bases, or projections; columns that depend on others do not count.
    covariance : array-like, shape (d, d), optional
        That within components.

    Returns
    -------
    array of shape (min(rank A, rank B),)

    Raises
    ------
    InputError
        Wrong shapes, NaN or inf, a matrix of zeros, or a covariance that is not positive definite.

    References
    ----------
    Knyazev & Argentati, Principal angles between subspaces in an A-based scalar product, 2002.

    Examples
    --------
    >>> import numpy as np
    >>> principal_angles([[1.0], [0.0]], [[1.0], [1.0]]).round(6).tolist()
    [45.0]
    >>> principal_angles([[1.0], [0.0]], [[1.0], [1.0]], np.diag([3.0, 1.0])).round(6).tolist()
    [30.0]
    """
    bases = [check_features(M, name, min_rows=1).astype(np.float64) for M, name in ((A, "A"), (B, "B"))]
    if len(bases[0]) != len(bases[1]):
        raise InputError(
            f"principal_angles: A has {len(bases[0])} rows and B {len(bases[1])}, but both must have one for each "
            "dimension of the data; transpose the one that has its directions in rows"
        )
    for name, basis in zip("AB", bases, strict=True):
        if not basis.any():
            raise InputError(f"principal_angles: {name} is all zeros and spans nothing; give a basis")
    if covariance is not None:
        root, _ = roots(check_covariance("principal_angles", "covariance", covariance, len(bases[0])))
        bases = [root @ basis for basis in bases]
    return np.degrees(subspace_angles(*bases))


def differences(mixture: Mixture) -> np.ndarray:
    """The means less that of the mixture, (K, d); refused if they are all one."""
    if not np.ptp(mixture.means, axis=0).any():
        raise InputError(f"{mixture!r}: all means are one, so no subspace tells components apart; move them")
    return mixture.means - mixture.mean


def row_space(rows: np.ndarray) -> np.ndarray:
    """A basis of the span of the rows, (d, rank)."""
    _, values, axes = np.linalg.svd(rows, full_matrices=False)
    return axes[values > NEGLIGIBLE * values[0]].T


def orthonormal(vectors: np.ndarray) -> np.ndarray:
    """An orthonormal basis whose first columns span what those of the vectors do."""
    return np.linalg.qr(vectors)[0]
