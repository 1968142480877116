"""Learned distributions q as dense matrices, and the divergences between a p and a q.

Rows are anchors, columns are candidates. Without `columns` the candidates of a row are the other rows;
`self_included=True` adds the row itself, and a boolean mask `candidates` replaces the rule. With `columns`
every column is a candidate unless `candidates` says otherwise. A width is a number, or one number per row.
They are probabilities, not logarithms, as the papers write them: a pair 745 nats below its row's best has q = 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

# ---------------------------------------------------------------- geometry


def squared_distances(z: Tensor, w: Tensor) -> Tensor:
    """D_ij = |z_i - w_j|^2, from the differences themselves."""
    return (z[:, None, :] - w[None, :, :]).square().sum(-1)


def unit(z: Tensor) -> Tensor:
    """Rows divided by their Euclidean length."""
    return z / z.square().sum(1, keepdim=True).sqrt()


def squared_chords(z: Tensor, w: Tensor) -> Tensor:
    """|z_i/|z_i| - w_j/|w_j||^2 = 2 - 2 cos(z_i, w_j)."""
    return squared_distances(unit(z), unit(w))


def per_row(width: float | Tensor, like: Tensor) -> Tensor:
    """A number as (1, 1), one number per row as (n, 1)."""
    return torch.as_tensor(width, dtype=like.dtype, device=like.device).reshape(-1, 1)


# ---------------------------------------------------------------- candidates


def other_rows(n: int) -> Tensor:
    """Everything but the row itself: the complement of the diagonal."""
    return ~torch.eye(n, dtype=torch.bool)


def other_views(n: int, views: int) -> Tensor:
    """Only the columns of another view (or modality); the views are stacked, row v * n + i is sample i."""
    view = torch.arange(n * views) // n
    return view[:, None] != view[None, :]


def _sides(
    z: Tensor, columns: Tensor | None, self_included: bool, candidates: Tensor | None
) -> tuple[Tensor, Tensor]:
    w = z if columns is None else columns
    if candidates is None:
        everything = torch.ones(len(z), len(w), dtype=torch.bool)
        candidates = everything if columns is not None or self_included else other_rows(len(z))
    return w, candidates


def row_softmax(scores: Tensor, candidates: Tensor) -> Tensor:
    """exp(s_ij) / sum_k exp(s_ik) over the candidates of row i, 0 elsewhere."""
    return scores.masked_fill(~candidates, -torch.inf).softmax(1)


def joint_softmax(scores: Tensor, candidates: Tensor) -> Tensor:
    """exp(s_ij) / sum_ab exp(s_ab) over all candidate pairs of the matrix, 0 elsewhere."""
    return scores.masked_fill(~candidates, -torch.inf).flatten().softmax(0).reshape(scores.shape)


# ---------------------------------------------------------------- log-kernels


def gaussian_scores(d: Tensor, sigma: float | Tensor) -> Tensor:
    """-D / (2 sigma^2)."""
    return -d / (2 * per_row(sigma, d).square())


def student_scores(d: Tensor, df: float, width: float | Tensor) -> Tensor:
    """-(df + 1)/2 log(1 + D / (df width^2))."""
    return -(df + 1) / 2 * torch.log1p(d / (df * per_row(width, d).square()))


# ---------------------------------------------------------------- q, row by row


def gaussian(
    z: Tensor,
    columns: Tensor | None = None,
    *,
    sigma: float | Tensor = 1.0,
    self_included: bool = False,
    candidates: Tensor | None = None,
) -> Tensor:
    """q_ij = exp(-D_ij / (2 sigma_i^2)) / sum. SNE's exp(-D) is sigma^2 = 1/2 (Hinton & Roweis, 2002)."""
    w, candidates = _sides(z, columns, self_included, candidates)
    return row_softmax(gaussian_scores(squared_distances(z, w), sigma), candidates)


def student(
    z: Tensor,
    columns: Tensor | None = None,
    *,
    df: float = 1.0,
    width: float | Tensor = 1.0,
    self_included: bool = False,
    candidates: Tensor | None = None,
) -> Tensor:
    """q_ij = (1 + D_ij / (df width_i^2))^(-(df + 1)/2) / sum; df = 1 is Cauchy (van der Maaten & Hinton, 2008)."""
    w, candidates = _sides(z, columns, self_included, candidates)
    return row_softmax(student_scores(squared_distances(z, w), df, width), candidates)


def dot(
    z: Tensor,
    columns: Tensor | None = None,
    *,
    temperature: float | Tensor = 1.0,
    self_included: bool = False,
    candidates: Tensor | None = None,
) -> Tensor:
    """q_ij = exp(z_i . w_j / temperature) / sum."""
    w, candidates = _sides(z, columns, self_included, candidates)
    return row_softmax(z @ w.T / temperature, candidates)


def cosine(
    z: Tensor,
    columns: Tensor | None = None,
    *,
    temperature: float | Tensor = 1.0,
    self_included: bool = False,
    candidates: Tensor | None = None,
) -> Tensor:
    """q_ij = exp(cos(z_i, w_j) / temperature) / sum (Chen et al., 2020)."""
    return dot(
        unit(z),
        None if columns is None else unit(columns),
        temperature=temperature,
        self_included=self_included,
        candidates=candidates,
    )


def harmonic(z: Tensor, w: Tensor, n: float) -> Tensor:
    """q_ic = D_ic^(-n) / sum_k D_ik^(-n), n on the *squared* distance; HarMax's exponent is 2n (Baek et al., 2025)."""
    return (-n * squared_distances(z, w).log()).softmax(1)


def cluster(phi: Tensor, psi: Tensor | None = None, weight: Tensor | None = None) -> Tensor:
    """q_ij = sum_c phi_ic g_j psi_jc / sum_k g_k psi_kc: go to i's cluster, then to one of its members.

    `phi` (n, m) are the assignment probabilities of the rows, `psi` those of the columns (default `phi`), `weight`
    g those of the members (default 1; the degrees for normalised cuts). Clusters without members get no mass.
    """
    psi = phi if psi is None else psi
    members = psi if weight is None else weight[:, None] * psi
    size = members.sum(0)
    return phi @ (members / torch.where(size > 0, size, 1.0)).T


# ---------------------------------------------------------------- q over all pairs


def joint_gaussian(z: Tensor, *, sigma: float = 1.0) -> Tensor:
    """Q_ij = exp(-D_ij / (2 sigma^2)) / sum_{a != b} (symmetric SNE, Cook et al., 2007)."""
    return joint_softmax(gaussian_scores(squared_distances(z, z), sigma), other_rows(len(z)))


def joint_student(z: Tensor, *, df: float = 1.0, width: float = 1.0) -> Tensor:
    """Q_ij = (1 + D_ij / (df width^2))^(-(df + 1)/2) / sum_{a != b} (van der Maaten & Hinton, 2008)."""
    return joint_softmax(student_scores(squared_distances(z, z), df, width), other_rows(len(z)))


# ---------------------------------------------------------------- divergences


def row_cross_entropies(p: Tensor, q: Tensor) -> Tensor:
    """-sum_j p_ij log q_ij for every row i, with 0 log q = 0, and inf where q = 0 < p."""
    has = p > 0
    return -torch.where(has, p * torch.where(has, q, 1.0).log(), 0.0).sum(1)


def row_entropies(p: Tensor) -> Tensor:
    """-sum_j p_ij log p_ij for every row i, in nats, with 0 log 0 = 0."""
    return row_cross_entropies(p, p)


def cross_entropy(p: Tensor, q: Tensor) -> Tensor:
    """Mean of -sum_j p_ij log q_ij over the rows in which p has mass."""
    return row_cross_entropies(p, q)[p.sum(1) > 0].mean()


def entropy(p: Tensor) -> Tensor:
    """Mean of -sum_j p_ij log p_ij over the rows in which p has mass."""
    return cross_entropy(p, p)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """Mean of sum_j p_ij log(p_ij / q_ij) over the rows in which p has mass."""
    return cross_entropy(p, q) - entropy(p)


def reverse_kl(p: Tensor, q: Tensor) -> Tensor:
    """Mean of sum_j q_ij log(q_ij / p_ij) over the rows in which p has mass."""
    return (row_cross_entropies(q, p) - row_entropies(q))[p.sum(1) > 0].mean()


def joint_kl(p: Tensor, q: Tensor) -> Tensor:
    """sum_ij P_ij log(P_ij / Q_ij) of two distributions over all pairs."""
    return (row_cross_entropies(p, q) - row_entropies(p)).sum()
