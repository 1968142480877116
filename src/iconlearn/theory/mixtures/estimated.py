"""Subspaces estimated from rows: by labels, by variance, by pairs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy.linalg import eigh

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.data.features import check_features
from iconlearn.evaluation._inputs import centred, codes, same_length
from iconlearn.theory.mixtures.subspaces import NEGLIGIBLE, orthonormal

RIDGE = 1e-6  # of the mean variance, on the covariance of pairs where that is singular


def lda_subspace(X: Any, y: Any, dim: int | None = None) -> np.ndarray:
    r"""The Fisher subspace of labelled rows, by scikit-learn's linear discriminant analysis.

    Directions in which the rows of no class vary, such as constant columns, are left out. Where there are too few rows
    for a covariance (n - K < d) it is regularised by Ledoit and Wolf's shrinkage towards the variances of the columns,
    class by class.

    Parameters
    ----------
    X : array-like, shape (n, d)
    y : array-like, shape (n,)
        Labels of at least two classes.
    dim : int, default min(K - 1, d)
        The leading directions.

    Returns
    -------
    array of shape (d, dim)

    Raises
    ------
    InputError
        One class, a class for every row, no variance within classes, unequal lengths, NaN or inf.
    OptionError
        ``dim`` above min(K - 1, d), or above the number of directions that the classes differ in.

    References
    ----------
    Ledoit & Wolf, Honey, I shrunk the sample covariance matrix, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.arange(400) % 2
    >>> X = np.random.default_rng(0).normal(size=(400, 3)) * [1, 9, 9] + 4 * y[:, None] * [1, 0, 0]
    >>> bool(np.abs(lda_subspace(X, y))[0, 0] > 0.99)
    True
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis  # heavy, and only needed here

    rows = centred(check_features(X, "X"))
    label = codes(y, "y")
    same_length("X", rows, "y", label)
    classes, (n, d) = int(label.max()) + 1, rows.shape
    if classes == 1:
        raise InputError("lda_subspace: y names one class, but at least two are needed to tell apart")
    if classes == n:
        raise InputError(
            f"lda_subspace: y names {n} classes of one row each, so nothing varies within classes; give several rows "
            "of a class"
        )
    most = min(classes - 1, d)
    dim = most if dim is None else check_number("lda_subspace", "dim", dim, low=1, high=most, integer=True)
    means = np.stack([rows[label == c].mean(axis=0) for c in range(classes)])
    if np.abs(rows - means[label]).max() <= NEGLIGIBLE:
        raise InputError(
            "lda_subspace: no column of X varies within the classes, so they are apart already; give data with noise"
        )
    scarce = n - classes < d
    solver = {"solver": "eigen", "shrinkage": "auto"} if scarce else {"solver": "svd"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes of one row
        found = LinearDiscriminantAnalysis(**solver).fit(rows, label).scalings_  # type: ignore[arg-type]
    if found.shape[1] < dim:
        raise OptionError(
            f"lda_subspace: dim={dim}, but the classes differ in {found.shape[1]} directions that vary within them; "
            "lower dim"
        )
    return orthonormal(found[:, :dim])


def pca_subspace(X: Any, dim: int) -> np.ndarray:
    """The leading principal components of rows, (d, dim), by scikit-learn.

    Parameters
    ----------
    X : array-like, shape (n, d)
    dim : int
        At most the rank of the centred rows.

    Raises
    ------
    InputError
        Fewer than two rows, NaN or inf.
    OptionError
        ``dim`` above the rank.

    Examples
    --------
    >>> abs(pca_subspace([[0.0, 1.0], [9.0, 1.0], [4.0, 1.1]], 1)).round(1).tolist()
    [[1.0], [0.0]]
    """
    from sklearn.decomposition import PCA  # heavy, and only needed here

    rows = centred(check_features(X, "X"))
    values = np.linalg.svd(rows, compute_uv=False)
    rank = int((values > NEGLIGIBLE * values[0]).sum())
    hint = f"the centred rows have rank {rank}"
    dim = check_number("pca_subspace", "dim", dim, low=1, high=rank, integer=True, hint=hint)
    found = PCA(dim, svd_solver="full").fit(rows)
    return np.asarray(found.components_).T


def paired_subspace(x: Any, positive: Any, dim: int) -> np.ndarray:
    r"""Where the two points of a pair agree: canonical correlation analysis of pairs of one law.

    .. math:: \tfrac12 (C + C^T)\, a = \rho\, \Sigma_x\, a, \qquad C = \mathrm{cov}(x, x^+)

    for the largest :math:`\rho`. Of a mixture C is :math:`\delta S_B`, so this is the Fisher subspace at any quality
    above 0 and needs no labels (proven, for the law; of n pairs up to noise of about sqrt(d / n)). The covariance is
    that of all points of all pairs; where it is singular, 1e-6 of the mean variance is added to its diagonal.

    Parameters
    ----------
    x, positive : array-like, shape (n, d)
        Row i of one and row i of the other are a pair; both have one law.
    dim : int
        At most d.

    Returns
    -------
    array of shape (d, dim)

    Raises
    ------
    InputError
        Unequal shapes, NaN or inf, or constant rows.
    OptionError
        ``dim`` out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn.theory.mixtures import Mixture, fisher_subspace, principal_angles
    >>> mixture = Mixture([[2.0, 0.0], [-2.0, 0.0]], np.diag([1.0, 99.0]))
    >>> x, positive, _, _ = mixture.pairs(9999)
    >>> bool(principal_angles(paired_subspace(x, positive, 1), fisher_subspace(mixture))[0] < 1)
    True
    """
    first, second = check_pairs("paired_subspace", x, positive)
    d = first.shape[1]
    dim = check_number("paired_subspace", "dim", dim, low=1, high=d, integer=True)
    both = centred(np.concatenate([first, second]))
    first, second = both[: len(first)], both[len(first) :]
    covariance = both.T @ both / len(both)
    cross = first.T @ second / len(first)
    values = np.linalg.eigvalsh(covariance)
    if values[-1] <= 0:
        raise InputError("paired_subspace: no column of x varies; give data with variance")
    if values[0] <= NEGLIGIBLE * values[-1]:
        covariance = covariance + RIDGE * np.trace(covariance) / d * np.eye(d)
    vectors = eigh((cross + cross.T) / 2, covariance, subset_by_index=[d - dim, d - 1])[1]
    return orthonormal(vectors[:, ::-1])


def check_pairs(owner: str, x: Any, positive: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two tables of one shape, in float64."""
    first = check_features(x, f"{owner}: x").astype(np.float64)
    second = check_features(positive, f"{owner}: positive").astype(np.float64)
    if first.shape != second.shape:
        raise InputError(
            f"{owner}: x has shape {first.shape} and positive {second.shape}; give one positive for each row of x, in "
            "the same order"
        )
    return first, second
