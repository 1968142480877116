"""Partitions that heads start from: k-means, and parts of one that the target's graph joins."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.conditional import Conditional
from iconlearn.mappers._linkage import merge_parts

MOST_EXACT = 1 << 22  # numbers up to which k-means runs in float64; more take half the time in float32
LARGE_ROUNDS = 25
PARTS = (3, 5, 8)  # parts of a fine partition, in clusters
MOST_PARTS = 4096
EXPONENTS = (1.0, 0.7)  # 1: average linkage; less: larger parts are taken in sooner


def kmeans(
    x: Tensor, k: int, generator: torch.Generator, start: Tensor | None = None
) -> tuple[Tensor, Tensor, float]:
    """One k-means solution: centres (k, d), the part of every row (n,), and the mean squared distance to its centre.

    It starts from the means of the partition ``start`` (n,), each of its k parts with rows, or from drawn centres.
    """
    import warnings

    from sklearn.cluster import KMeans  # heavy, and only needed here
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    rows = x.detach().cpu()
    rows = (rows.double() if rows.numel() <= MOST_EXACT else rows.float()).numpy()
    if k > len(rows):
        raise InputError(
            f"{k} clusters are asked for but there are only {len(rows)} rows; use at most {len(rows)}"
        )
    seed = int(torch.randint(1 << 31, (), generator=generator))
    # threads add up the rows of a centre in any order, and its last bits would depend on that
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct rows than clusters
        large = rows.dtype == np.float32  # choosing first centres with care takes longer than all rounds then
        options: dict[str, Any] = {"init": "random", "max_iter": LARGE_ROUNDS} if large else {}
        if start is not None:
            options["init"] = means_of(rows, start.cpu().numpy(), k)
        options |= {"n_init": 1, "random_state": seed}
        solution: Any = KMeans(k, **options).fit(rows)
    labels = torch.from_numpy(solution.labels_.astype(np.int64))
    return torch.from_numpy(solution.cluster_centers_), labels, float(solution.inertia_) / len(rows)


def means_of(rows: np.ndarray, part: np.ndarray, k: int) -> np.ndarray:
    """The mean of every part (k, d), in the type of the rows."""
    total = np.zeros((k, rows.shape[1]))
    np.add.at(total, part, rows)
    return (total / np.bincount(part, minlength=k)[:, None]).astype(rows.dtype)


def linked(x: Tensor, target: Conditional, k: int, generator: torch.Generator) -> Tensor:
    """Clusters of rows, (n,): small parts by k-means, merged by average linkage on the graph of the target.

    Parts r and s with sizes n_r and n_s are merged in the order of J_rs / (n_r n_s)^g, J being the mass that p has
    between them. k-means cuts round pieces out of clusters of any shape, and the graph puts them together again.
    How many pieces and which g is drawn, so that no two starts are alike.
    """
    draw = torch.randint(len(PARTS) * len(EXPONENTS), (), generator=generator)
    factor, exponent = PARTS[int(draw) % len(PARTS)], EXPONENTS[int(draw) // len(PARTS)]
    parts = max(k, min(factor * k, MOST_PARTS, len(x) // 4))
    _, part, _ = kmeans(x, parts, generator)
    support = target.support
    assert support is not None
    rows, cols = support.rows.cpu().numpy(), support.cols.cpu().numpy()
    mass = target.at(support.rows, support.cols).exp().double().cpu().numpy()
    labels = part.numpy()
    joint = np.bincount(labels[rows] * parts + labels[cols], mass, parts * parts).reshape(parts, parts)
    size = np.bincount(labels, minlength=parts).astype(np.float64)
    owner = np.zeros(parts, np.int64)
    merge_parts(joint + joint.T, np.maximum(size, 1.0), exponent, k, owner)
    return torch.from_numpy(np.unique(owner, return_inverse=True)[1][labels])


def ridge_head(x: Tensor, labels: Tensor, k: int, scale: float = 6.0, ridge: float = 1e-2) -> Tensor:
    r"""Weights (k, d) of the ridge regression from centred rows to membership, times ``scale``.

    .. math:: W = s\, Y^\top Z\, \bigl(Z^\top Z + \tfrac{r}{d} \operatorname{tr}(Z^\top Z)\, I\bigr)^{-1}
    """
    z = x.double()
    sums = z.new_zeros(k, z.shape[1]).index_add_(0, labels.to(z.device), z)  # Y^T Z, as rows are centred
    gram = z.mT @ z
    gram += ridge * gram.diagonal().mean() * torch.eye(len(gram), dtype=z.dtype, device=z.device)
    return scale * torch.linalg.solve(gram, sums.mT).mT
