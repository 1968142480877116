"""Widths, and scaled losses on the way to their limits, in log space: a narrow kernel leaves no probabilities.

Matrices as in `kernels`: D (n, m) squared distances, phi (n, c) assignments.
"""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn.published import kernels

# ---------------------------------------------------------------- widths of a target


def kth_distances(x: Tensor, k: int) -> Tensor:
    """Distance of each row to its k-th nearest other row (Zelnik-Manor & Perona, 2004), (n,)."""
    d = kernels.squared_distances(x, x).masked_fill(~kernels.other_rows(len(x)), torch.inf)
    return d.sort(1).values[:, k - 1].sqrt()


def spread(x: Tensor, share: float) -> float:
    """A share of the root mean square distance over all ordered pairs, a row and itself included."""
    return share * kernels.squared_distances(x, x).mean().sqrt().item()


# ---------------------------------------------------------------- clusterings at a small width


def scaled_kmeans(x: Tensor, phi: Tensor, variance: float) -> Tensor:
    """variance * sum_i KL(q_i || p_i), q the cluster kernel, p_ij prop. to exp(-D_ij/(2 variance)), self included.

    It tends to the inertia of phi as the variance falls (I-Con, theorem 13).
    """
    half = kernels.squared_distances(x, x) / 2
    log_z = (-half / variance).logsumexp(1)
    q = kernels.cluster(phi)
    return (q * half).sum() + variance * (log_z - kernels.row_entropies(q)).sum()


def scaled_cut(w: Tensor, phi: Tensor, temperature: float) -> Tensor:
    """temperature * sum_i KL(q_i || p_i), p_ij prop. to exp(w_ij/(temperature d_j)), q the kernel weighted by degree.

    It tends to `cut_limit` as the temperature falls (I-Con, theorem 14).
    """
    degree = w.sum(1)
    share = w / degree
    log_z = (share / temperature).logsumexp(1)
    q = kernels.cluster(phi, weight=degree)
    return temperature * (log_z - kernels.row_entropies(q)).sum() - (q * share).sum()


def cut_log_partition(w: Tensor, temperature: float) -> Tensor:
    """sum_i log sum_j exp(w_ij/(temperature d_j)), j = i included."""
    return (w / (temperature * w.sum(1))).logsumexp(1).sum()


def heaviest_shares(w: Tensor) -> Tensor:
    """sum_i max_j w_ij/d_j, what temperature * `cut_log_partition` tends to."""
    return (w / w.sum(1)).amax(1).sum()
