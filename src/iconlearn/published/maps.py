"""Losses of maps: positions z of n points, against a target p.

The target decides the variant: `targets.perplexity_rows` (SNE, t-SNE), `knn_rows` (uniform affinities),
`graph_rows` (graph embeddings), `student_rows` (dual and doubly t-SNE); `targets.joint` makes the joint P.
"""

from __future__ import annotations

from torch import Tensor

from iconlearn.published import kernels

SNE_SIGMA = 0.5**0.5  # exp(-D) = exp(-D / (2 sigma^2))


def sne(p: Tensor, z: Tensor, sigma: float | Tensor = SNE_SIGMA) -> Tensor:
    """sum_i KL(p_i || q_i), q_ij = exp(-D_ij) / sum_{k != i} (Hinton & Roweis, 2002)."""
    q = kernels.gaussian(z, sigma=sigma)
    return (kernels.row_cross_entropies(p, q) - kernels.row_entropies(p)).sum()


def symmetric_sne(P: Tensor, z: Tensor, sigma: float = SNE_SIGMA) -> Tensor:
    """KL(P || Q), Q_ij = exp(-D_ij) / sum_{a != b} (Cook et al., 2007)."""
    return kernels.joint_kl(P, kernels.joint_gaussian(z, sigma=sigma))


def tsne(P: Tensor, z: Tensor, df: float = 1.0) -> Tensor:
    """KL(P || Q), Q_ij = (1 + D_ij)^-1 / sum_{a != b}, P joint (van der Maaten & Hinton, 2008).

    Other `df`: (1 + D/df)^(-(df + 1)/2) (van der Maaten, 2009).
    """
    return kernels.joint_kl(P, kernels.joint_student(z, df=df))


def row_tsne(p: Tensor, z: Tensor, df: float = 1.0, width: float | Tensor = 1.0) -> Tensor:
    """sum_i KL(p_i || q_i), q_ij = (1 + D_ij)^-1 / sum_{k != i}: t-SNE as I-Con writes it (corollary 1)."""
    q = kernels.student(z, df=df, width=width)
    return (kernels.row_cross_entropies(p, q) - kernels.row_entropies(p)).sum()


def projected_variance(z: Tensor) -> Tensor:
    """Total variance (1/n) sum_i |z_i - mean|^2, which PCA makes largest (Hotelling, 1933)."""
    return (z - z.mean(0)).square().sum(1).mean()


def reconstruction_error(x: Tensor, w: Tensor) -> Tensor:
    """(1/n) sum_i |x_i - mean - W^T W (x_i - mean)|^2, W with orthonormal rows: PCA (Pearson, 1901)."""
    centred = x - x.mean(0)
    return (centred - centred @ w.T @ w).square().sum(1).mean()


def row_centred_stress(x: Tensor, z: Tensor) -> Tensor:
    """mean_i Var_{j != i}(|x_i - x_j|^2 - |z_i - z_j|^2), population variance.

    The limit of 2 s^2 KL(p || q), s = 2 sigma^2, both Gaussian with the same sigma to infinity.
    """
    n = len(x)
    gap = kernels.squared_distances(x, x) - kernels.squared_distances(z, z)
    gap = gap[kernels.other_rows(n)].reshape(n, n - 1)
    return gap.var(1, correction=0).mean()
