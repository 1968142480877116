"""Target distributions p as dense matrices whose rows sum to one (or to zero, where there is nothing to aim at)."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn.published import kernels


def _divided(weights: Tensor) -> Tensor:
    total = weights.sum(1, keepdim=True)
    return weights / torch.where(total > 0, total, 1.0)


# ---------------------------------------------------------------- from distances


def gaussian_rows(x: Tensor, sigma: float | Tensor, self_included: bool = False) -> Tensor:
    """p_ij = exp(-|x_i - x_j|^2 / (2 sigma_i^2)) / sum; sigma a number or one per row (Hinton & Roweis, 2002)."""
    return kernels.gaussian(x, sigma=sigma, self_included=self_included)


def student_rows(
    x: Tensor, df: float = 1.0, width: float | Tensor = 1.0, self_included: bool = False
) -> Tensor:
    """p_ij = (1 + |x_i - x_j|^2 / (df width_i^2))^(-(df + 1)/2) / sum; width a number or one per row."""
    return kernels.student(x, df=df, width=width, self_included=self_included)


def _nearest(x: Tensor, k: int) -> Tensor:
    """Mask of the k nearest other rows of each row."""
    d = kernels.squared_distances(x, x).fill_diagonal_(torch.inf)
    order = d.argsort(dim=1, stable=True)[:, :k]
    return torch.zeros_like(d, dtype=torch.bool).scatter_(1, order, True)


def _calibrated(x: Tensor, perplexity: float, candidates: Tensor) -> Tensor:
    """beta_i = 1 / (2 sigma_i^2) at which row i over its candidates has entropy log(perplexity), by bisection."""
    d = kernels.squared_distances(x, x)
    d = d - d.masked_fill(~candidates, torch.inf).amin(1, keepdim=True)  # a shift changes no p
    goal = torch.log(torch.tensor(perplexity, dtype=x.dtype))
    low, high = torch.zeros(len(x), dtype=x.dtype), torch.full((len(x),), torch.inf, dtype=x.dtype)
    beta = torch.ones(len(x), dtype=x.dtype)
    for _ in range(200):
        flat = kernels.row_entropies(kernels.row_softmax(-beta[:, None] * d, candidates)) > goal
        low, high = torch.where(flat, beta, low), torch.where(flat, high, beta)
        beta = torch.where(high.isinf(), 2 * beta, (low + high) / 2)
    return beta


def perplexity_widths(x: Tensor, perplexity: float) -> Tensor:
    """sigma_i at which p(.|i) over all other points has exp(entropy) = perplexity (van der Maaten & Hinton, 2008)."""
    return (2 * _calibrated(x, perplexity, kernels.other_rows(len(x)))).rsqrt()


def perplexity_rows(x: Tensor, perplexity: float, kept: int | None = None) -> Tensor:
    """Gaussian rows of the given perplexity; `kept` = k looks at the k nearest points only.

    Tree-based t-SNE keeps the 3 * perplexity nearest (van der Maaten, 2014); None keeps all (2008).
    """
    candidates = kernels.other_rows(len(x)) if kept is None else _nearest(x, min(kept, len(x) - 1))
    beta = _calibrated(x, perplexity, candidates)
    return kernels.row_softmax(-beta[:, None] * kernels.squared_distances(x, x), candidates)


def knn_rows(x: Tensor, k: int) -> Tensor:
    """p_ij = 1/k for the k nearest other points, Euclidean; pass `kernels.unit(x)` for the cosine."""
    return _nearest(x, k).to(x.dtype) / k


def cosine_softmax_rows(g: Tensor, temperature: float) -> Tensor:
    """p_ij = softmax_j(cos(g_i, g_j) / temperature), self excluded (X-Sample, Sobal et al., 2025)."""
    return kernels.cosine(g, temperature=temperature)


# ---------------------------------------------------------------- from graphs


def graph_rows(w: Tensor) -> Tensor:
    """p_ij = w_ij / sum_k w_ik; a node without edges keeps an empty row."""
    return _divided(w)


def cut_rows(w: Tensor, temperature: float) -> Tensor:
    """p_ij = softmax_j(w_ij / (temperature d_j)), d_j = sum_k w_jk, self included (I-Con, theorem 14)."""
    return (w / (temperature * w.sum(1))[None, :]).softmax(1)


# ---------------------------------------------------------------- from pairs and labels


def positive_rows(n: int, views: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """p = 1/(views - 1) for the other views of the same sample; row v * n + i is view v of sample i.

    The positives are the same whether the other samples of the own view are candidates (SimCLR) or not
    (`kernels.other_views`).
    """
    sample = torch.arange(n * views) % n
    same = sample[:, None] == sample[None, :]
    return (same & kernels.other_rows(n * views)).to(dtype) / (views - 1)


def cross_modal_rows(n: int, modalities: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """p = 1/(modalities - 1) for the same sample in every other modality; row v * n + i is modality v of i."""
    return positive_rows(n, modalities, dtype)


def same_class_rows(labels: Tensor, dtype: torch.dtype = torch.float64) -> Tensor:
    """p_ij = 1/(K_i - 1) for the others of the same class, K_i their number with i (Khosla et al., 2020)."""
    same = labels[:, None] == labels[None, :]
    return _divided((same & kernels.other_rows(len(labels))).to(dtype))


def class_rows(labels: Tensor, m: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """p_ic = 1 for the class of i, among m classes."""
    return (labels[:, None] == torch.arange(m)[None, :]).to(dtype)


def identity_rows(n: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """p_ij = 1 for j = i."""
    return torch.eye(n, dtype=dtype)


def token_rows(counts: Tensor) -> Tensor:
    """p(token | context) = count / total of the context (masked and next-token language models)."""
    return _divided(counts)


# ---------------------------------------------------------------- modifiers


def joint(p: Tensor) -> Tensor:
    """P_ij = (p_j|i + p_i|j) / (2n), a distribution over all pairs (van der Maaten & Hinton, 2008)."""
    return (p + p.T) / (2 * len(p))


def walk_rows(p: Tensor, steps: int, uniform: bool = False) -> Tensor:
    """Rows proportional to p + p^2 + ... + p^steps, or uniform over what such walks reach (I-Con, section 3)."""
    power, total = p, p
    for _ in range(steps - 1):
        power = power @ p
        total = total + power
    return _divided((total > 0).to(p.dtype) if uniform else total)


def debias(p: Tensor, alpha: float, candidates: Tensor | None = None) -> Tensor:
    """(1 - alpha) p_ij + alpha / N_i over the N_i candidates of row i (default: all columns).

    alpha is the uniform mass (I-Con, section 3). Empty rows stay empty.
    """
    everything = torch.ones_like(p) if candidates is None else candidates.to(p.dtype)
    return torch.where(p.sum(1, keepdim=True) > 0, (1 - alpha) * p + alpha * _divided(everything), 0.0)
