"""Contrastive losses: embeddings of views or modalities of the same n samples, row i of each belonging to sample i."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from iconlearn.published import kernels, targets

# ---------------------------------------------------------------- two views, all others are candidates


def _pair_loss(q: Tensor) -> Tensor:
    """Mean of -log q(i+ | i) over 2n stacked anchors, i+ = i + n modulo 2n."""
    n = len(q) // 2
    anchor = torch.arange(2 * n)
    return -q[anchor, (anchor + n) % (2 * n)].log().mean()


def nt_xent(z1: Tensor, z2: Tensor, temperature: float | Tensor) -> Tensor:
    """(1/2n) sum_i -log[exp(cos(z_i, z_i+)/t) / sum_{k != i} exp(cos(z_i, z_k)/t)] (SimCLR, Chen et al., 2020)."""
    return _pair_loss(kernels.cosine(torch.cat([z1, z2]), temperature=temperature))


def multi_view_nt_xent(views: Sequence[Tensor], temperature: float | Tensor) -> Tensor:
    """NT-Xent with v views: every other row is a candidate, the v - 1 positives averaged outside the logarithm."""
    q = kernels.cosine(torch.cat(list(views)), temperature=temperature)
    return kernels.cross_entropy(targets.positive_rows(len(views[0]), len(views), q.dtype), q)


def t_simclr(z1: Tensor, z2: Tensor, df: float, temperature: float = 1.0) -> Tensor:
    """NT-Xent with the kernel (1 + D/(temperature df))^(-(df + 1)/2) of unnormalised features (Hu et al., 2023)."""
    return _pair_loss(kernels.student(torch.cat([z1, z2]), df=df, width=temperature**0.5))


def t_simcne(z1: Tensor, z2: Tensor) -> Tensor:
    """NT-Xent with the kernel 1/(1 + D), in two dimensions (Boehm et al., 2023)."""
    z = torch.cat([z1, z2])
    kernel = kernels.other_rows(len(z)) / (1 + kernels.squared_distances(z, z))
    return _pair_loss(kernel / kernel.sum(1, keepdim=True))


def dcl(z1: Tensor, z2: Tensor, temperature: float, tau_plus: float) -> Tensor:
    """Debiased contrastive loss (Chuang et al., 2020).

    With N = 2n - 2 negatives per anchor, pos = exp(cos(i, i+)/t) and neg their sum of exp(cos/t),
    g = max((neg - tau_plus N pos)/(1 - tau_plus), N exp(-1/t)) and the loss is the mean of -log(pos/(pos + g)).
    """
    z = kernels.unit(torch.cat([z1, z2]))
    n = len(z1)
    similarity = (z @ z.T / temperature).exp()
    positive = targets.positive_rows(n, 2, z.dtype)
    pos = (similarity * positive).sum(1)
    neg = (similarity * kernels.other_rows(2 * n) * (1 - positive)).sum(1)
    size = 2 * n - 2
    least = size * torch.exp(torch.tensor(-1 / temperature, dtype=z.dtype))
    g = torch.maximum((neg - tau_plus * size * pos) / (1 - tau_plus), least)
    return -(pos / (pos + g)).log().mean()


# ---------------------------------------------------------------- queries against keys


def _directed(queries: Tensor, keys: Tensor, temperature: float | Tensor) -> Tensor:
    """Mean of -log softmax_j(cos(query_i, key_j)/t) at j = i."""
    return -kernels.cosine(queries, keys, temperature=temperature).diagonal().log().mean()


def info_nce(views: Sequence[Tensor], temperature: float | Tensor) -> Tensor:
    """InfoNCE across views: each row queries all rows of all *other* views (van den Oord, 2018; Bachman et al., 2019).

    -log softmax is averaged over the v - 1 keys of the same sample, outside the logarithm, then over all v n queries.
    """
    n, losses = len(views[0]), []
    for v, queries in enumerate(views):
        keys = torch.cat([view for u, view in enumerate(views) if u != v])
        q = kernels.cosine(queries, keys, temperature=temperature)
        losses += [-block.diagonal().log().mean() for block in q.split(n, dim=1)]
    return torch.stack(losses).mean()


def moco_v3(q1: Tensor, q2: Tensor, k1: Tensor, k2: Tensor, temperature: float) -> Tensor:
    """ctr(q1, k2) + ctr(q2, k1), ctr = 2 t * mean -log softmax(cos/t), keys without gradient.

    MoCo v3 (Chen, Xie & He, 2021). It is 4 t times the mean over the 2n queries of their cross entropies.
    """
    first = _directed(q1, k2.detach(), temperature)
    second = _directed(q2, k1.detach(), temperature)
    return 2 * temperature * first + 2 * temperature * second


def clip(a: Tensor, b: Tensor, temperature: float | Tensor) -> Tensor:
    """Half the sum of the image-to-text and the text-to-image cross entropy of cos/t (Radford et al., 2021)."""
    return (_directed(a, b, temperature) + _directed(b, a, temperature)) / 2


def t_clip(a: Tensor, b: Tensor, df: float = 1.0, width: float = 1.0) -> Tensor:
    """CLIP with the Student-t kernel (1 + D/(df width^2))^(-(df + 1)/2) (an open cell of I-Con's table)."""
    forward = kernels.student(a, b, df=df, width=width).diagonal()
    backward = kernels.student(b, a, df=df, width=width).diagonal()
    return -(forward.log().mean() + backward.log().mean()) / 2


def cmc(modalities: Sequence[Tensor], temperature: float | Tensor) -> Tensor:
    """Full-graph CMC (Tian et al., 2020): one softmax for each ordered pair of modalities.

    Here the *mean* over the M (M - 1) ordered pairs; the paper sums. Critic: cos/t, all n keys of the batch.
    """
    pairs = [
        _directed(a, b, temperature)
        for u, a in enumerate(modalities)
        for v, b in enumerate(modalities)
        if u != v
    ]
    return torch.stack(pairs).mean()


def cmc_joint(modalities: Sequence[Tensor], temperature: float | Tensor) -> Tensor:
    """CMC as I-Con writes it: one softmax over all other modalities together, M - 1 positives; `cmc` for M = 2."""
    return info_nce(modalities, temperature)


# ---------------------------------------------------------------- neighbours and soft targets


def x_sample(z: Tensor, captions: Tensor, temperature: float, target_temperature: float) -> Tensor:
    """Mean cross entropy of softmax(cos(captions)/t_target) and softmax(cos(z)/t) (Sobal et al., 2025).

    The row itself is no candidate of either, as I-Con's theorem 7 writes it.
    """
    p = targets.cosine_softmax_rows(captions, target_temperature)
    return kernels.cross_entropy(p, kernels.cosine(z, temperature=temperature))


def lgsimclr(z: Tensor, captions: Tensor, k: int, temperature: float) -> Tensor:
    """Mean over i and its k nearest captions j (cosine) of -log softmax(cos(z_i, z_j)/t) (El Banani et al., 2023).

    The expectation over a drawn neighbour; the paper draws one and applies NT-Xent to the pairs.
    """
    p = targets.knn_rows(kernels.unit(captions), k)
    return kernels.cross_entropy(p, kernels.cosine(z, temperature=temperature))


# ---------------------------------------------------------------- VICReg


def vi_reg(z1: Tensor, z2: Tensor) -> Tensor:
    """mean_i |z_i - z_i+|^2 - mean_i mean_{k != i} |z_i - z_k|^2 over 2n stacked rows (I-Con, theorem 4)."""
    z = torch.cat([z1, z2])
    return average_margin(targets.positive_rows(len(z1), 2, z.dtype), z)


def vicreg_terms(
    z1: Tensor, z2: Tensor, gamma: float = 1.0, eps: float = 1e-4
) -> tuple[Tensor, Tensor, Tensor]:
    """Invariance, variance and covariance of VICReg (Bardes et al., 2022), the last two summed over branches.

    s = (1/n) sum_i |z_i - z'_i|^2; v = (1/d) sum_j max(0, gamma - sqrt(Var(z_j) + eps)); c = (1/d) sum_{i != j} C_ij^2.
    Var and C divide by n - 1.
    """
    n, d = z1.shape
    invariance = (z1 - z2).square().sum(1).mean()
    variance, covariance = z1.new_zeros(()), z1.new_zeros(())
    for z in (z1, z2):
        centred = z - z.mean(0)
        c = centred.T @ centred / (n - 1)
        variance = variance + torch.relu(gamma - (c.diagonal() + eps).sqrt()).mean()
        covariance = covariance + c[kernels.other_rows(d)].square().sum() / d
    return invariance, variance, covariance


def vicreg(z1: Tensor, z2: Tensor, weights: tuple[float, float, float] = (25.0, 25.0, 1.0)) -> Tensor:
    """The weighted sum of `vicreg_terms` (Bardes et al., 2022)."""
    s, v, c = vicreg_terms(z1, z2)
    return weights[0] * s + weights[1] * v + weights[2] * c


# ---------------------------------------------------------------- margins


def triplet(anchor: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """sum_i max(0, |a_i - p_i|^2 - |a_i - n_i|^2 + margin), squared distances (FaceNet, Schroff et al., 2015)."""
    gap = (anchor - positive).square().sum(1) - (anchor - negative).square().sum(1)
    return torch.relu(gap + margin).sum()


def hardest_triplet(anchor: Tensor, positive: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """sum_i max(0, |a_i - p_i|^2 - min_k |a_i - n_ik|^2 + margin); negatives (n, k, d)."""
    nearest = (anchor[:, None, :] - negatives).square().sum(-1).amin(1)
    return torch.relu((anchor - positive).square().sum(1) - nearest + margin).sum()


def _margins(
    p: Tensor, z: Tensor, columns: Tensor | None, distance: Callable, candidates: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Distances, candidates and mean positive distance of the rows in which p has mass."""
    w = z if columns is None else columns
    if candidates is None:
        candidates = (
            torch.ones(p.shape, dtype=torch.bool) if columns is not None else kernels.other_rows(len(z))
        )
    rows = p.sum(1) > 0
    d = distance(z, w)[rows]
    return d, candidates[rows], (p[rows] * d).sum(1)


def average_margin(
    p: Tensor,
    z: Tensor,
    columns: Tensor | None = None,
    *,
    distance: Callable[[Tensor, Tensor], Tensor] = kernels.squared_distances,
    candidates: Tensor | None = None,
) -> Tensor:
    """mean_i [sum_j p_ij D_ij - mean over candidates k of D_ik]: the limit sigma to infinity (I-Con, proposition 1).

    `distance` is `kernels.squared_distances` or `kernels.squared_chords` (cosines); candidates as in `kernels`.
    """
    d, candidates, positive = _margins(p, z, columns, distance, candidates)
    return (positive - (d * candidates).sum(1) / candidates.sum(1)).mean()


def hardest_margin(
    p: Tensor,
    z: Tensor,
    columns: Tensor | None = None,
    *,
    distance: Callable[[Tensor, Tensor], Tensor] = kernels.squared_distances,
    candidates: Tensor | None = None,
) -> Tensor:
    """mean_i [sum_j p_ij D_ij - min over candidates k of D_ik]: the limit sigma to 0 (I-Con, theorem 5).

    The positives are candidates, so with one positive it is max(0, D+ - min D-), the hardest triplet at margin 0.
    """
    d, candidates, positive = _margins(p, z, columns, distance, candidates)
    return (positive - d.masked_fill(~candidates, torch.inf).amin(1)).mean()
