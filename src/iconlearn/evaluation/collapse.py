"""Have embeddings collapsed? How many directions they use, and how they lie on the sphere."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.evaluation._inputs import codes, same_length

TILE = 1024  # rows whose distances to all others are held at a time


def effective_rank(embeddings: Any) -> float:
    r"""How many directions the embeddings use: exp of the entropy of their normalised singular values.

    .. math:: \exp\Bigl(-\sum_k p_k \log p_k\Bigr), \quad p_k = \sigma_k / \sum_l \sigma_l

    with sigma the singular values of the rows as they are, not centred. No more than the number of rows allows, so
    compare values of equally many rows.

    Parameters
    ----------
    embeddings : array-like, shape (n, d)

    Returns
    -------
    float in [1, min(n, d)]
        1 where all rows lie on one line; 0 where all numbers are 0.

    Raises
    ------
    InputError
        Empty, NaN or inf.

    References
    ----------
    Garrido et al., RankMe: Assessing the Downstream Performance of Pretrained Self-Supervised Representations by
    Their Rank, ICML 2023; here without the 1e-7 that is added to each share there.

    Examples
    --------
    >>> from iconlearn.evaluation import effective_rank
    >>> round(effective_rank([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [-1.0, 0.0]]), 6)
    2.0
    """
    singular = np.linalg.svd(_rows(embeddings), compute_uv=False)
    if not singular.any():
        return 0.0
    share = singular / singular.sum()
    share = share[share > 0]
    return float(np.exp(-(share * np.log(share)).sum()))


class DimensionSpread(NamedTuple):
    """Mean and least of the standard deviations of the dimensions."""

    mean: float
    least: float


def dimension_spread(embeddings: Any) -> DimensionSpread:
    r"""The standard deviation of each dimension of the unit vectors, times sqrt(d): its mean and its least.

    .. math:: s_c = \sqrt{d}\; \mathrm{std}_i\bigl(z_{ic} / \lVert z_i \rVert\bigr)

    Vectors that lie evenly on the sphere have s = 1 in every dimension, equal ones 0.

    Parameters
    ----------
    embeddings : array-like, shape (n, d)
        A row of zeros stays 0.

    Returns
    -------
    DimensionSpread
        ``mean`` and ``least`` of s over the dimensions, in [0, 1] and [0, ``mean``].

    Raises
    ------
    InputError
        Empty, NaN or inf.

    References
    ----------
    Chen & He, Exploring Simple Siamese Representation Learning, CVPR 2021, figure 2; Bardes et al., VICReg, ICLR
    2022, whose variance term holds the same deviations up.

    Examples
    --------
    >>> from iconlearn.evaluation import dimension_spread
    >>> dimension_spread([[3.0, 4.0], [3.0, 4.0], [6.0, 8.0]])
    DimensionSpread(mean=0.0, least=0.0)
    """
    unit = unit_vectors(_rows(embeddings))
    spread = np.sqrt(unit.shape[1]) * (unit - unit[0]).std(axis=0)  # equal rows to exactly 0
    return DimensionSpread(float(spread.mean()), float(spread.min()))


def alignment(embeddings: Any, samples: Any) -> float:
    r"""How far the views of a sample lie apart: the mean squared distance of their unit vectors.

    .. math:: \frac{1}{|P|} \sum_{(i, j) \in P} \lVert u_i - u_j \rVert^2, \quad u = z / \lVert z \rVert

    over all pairs P of rows that are of one sample.

    Parameters
    ----------
    embeddings : array-like, shape (n, d)
    samples : array-like, shape (n,)
        Which sample each row is a view of, as numbers or text.

    Returns
    -------
    float in [0, 4], 0 where all views of a sample agree

    Raises
    ------
    InputError
        Unequal lengths, empty, NaN or inf, or no two rows of one sample.

    References
    ----------
    Wang & Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere, ICML 2020, with alpha = 2.

    Examples
    --------
    >>> from iconlearn.evaluation import alignment
    >>> alignment([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [0.0, 3.0]], ["a", "b", "a", "b"])
    1.0
    """
    unit, sample = unit_vectors(_rows(embeddings)), codes(samples, "samples")
    same_length("embeddings", unit, "samples", sample)
    views = np.bincount(sample)
    pairs = (views * (views - 1) // 2).sum()
    if not pairs:
        raise InputError(
            f"samples: {len(sample)} rows of as many samples, but alignment compares the views of a sample; give "
            "several rows of one sample the same number"
        )
    total = np.zeros((len(views), unit.shape[1]))
    np.add.at(total, sample, unit)
    off = unit - (total / views[:, None])[sample]
    # of m vectors, the squared distances of all pairs are m times those to the mean
    return float((views[sample] * np.square(off).sum(axis=1)).sum() / pairs)


def uniformity(embeddings: Any) -> float:
    r"""How evenly the unit vectors cover the sphere: the log of the mean Gaussian potential of all pairs.

    .. math:: \log \frac{2}{n (n - 1)} \sum_{i < j} e^{-2 \lVert u_i - u_j \rVert^2}, \quad u = z / \lVert z \rVert

    Parameters
    ----------
    embeddings : array-like, shape (n, d)

    Returns
    -------
    float in [-8, 0]
        The lower the more even; 0 where all rows point in one direction, and of a single row.

    Raises
    ------
    InputError
        Empty, NaN or inf.

    References
    ----------
    Wang & Isola, Understanding Contrastive Representation Learning through Alignment and Uniformity on the
    Hypersphere, ICML 2020, with t = 2.

    Examples
    --------
    >>> from iconlearn.evaluation import uniformity
    >>> round(uniformity([[1.0, 0.0], [-2.0, 0.0]]), 6)
    -8.0
    """
    unit = unit_vectors(_rows(embeddings))
    n = len(unit)
    if n == 1:
        return 0.0
    square = np.square(unit).sum(axis=1)
    total = 0.0
    for start in range(0, n, TILE):
        rows = slice(start, min(start + TILE, n))
        distance = square[rows, None] + square - 2 * unit[rows] @ unit.T
        potential = np.exp(-2 * distance.clip(min=0))
        potential[np.arange(rows.stop - start), np.arange(start, rows.stop)] = 0
        total += float(potential.sum())
    return min(0.0, float(np.log(total / (n * (n - 1)))))


def unit_vectors(rows: np.ndarray) -> np.ndarray:
    """Rows at length 1; a row of zeros stays 0."""
    peak = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows / np.where(peak > 0, peak, 1)  # squares neither overflow nor vanish
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(length > 0, length, 1)


def _rows(embeddings: Any) -> np.ndarray:
    """Embeddings as float64 with a peak of 1, from one row on."""
    rows = check_features(embeddings, "embeddings", min_rows=1).astype(np.float64)
    return rows / (float(np.abs(rows).max()) or 1.0)
