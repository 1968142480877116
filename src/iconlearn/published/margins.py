"""Margins, several modalities and soft errors, where the published losses are special cases.

Matrices as in `kernels`: D (n, m) squared distances, p (n, m) a target whose zero entries are negatives,
`candidates` (n, m) boolean.
"""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn.published import kernels

# ---------------------------------------------------------------- alpha


def debiased(loss: Tensor, p: Tensor, q: Tensor, alpha: float, candidates: Tensor | None = None) -> Tensor:
    """(1 - alpha) loss + alpha mean_k(-log q_ik), the mean over candidates k and the rows i in which p has mass.

    With `loss` the mean cross entropy of p and q it is that of (1 - alpha) p + alpha/N and q (I-Con, section 3).
    """
    if alpha == 0:
        return loss
    everything = torch.ones_like(q) if candidates is None else candidates.to(q.dtype)
    uniform = everything / everything.sum(1, keepdim=True)
    return (1 - alpha) * loss + alpha * kernels.cross_entropy(uniform * (p.sum(1, keepdim=True) > 0), q)


# ---------------------------------------------------------------- margins


def _shifted(p: Tensor, d: Tensor, margin: float, candidates: Tensor | None) -> Tensor:
    """D_ij - margin [p_ij = 0], infinite where j is no candidate."""
    shifted = torch.where(p > 0, d, d - margin)
    return shifted if candidates is None else shifted.masked_fill(~candidates, torch.inf)


def hardest_impostor(p: Tensor, d: Tensor, margin: float, candidates: Tensor | None = None) -> Tensor:
    """mean_i [sum_j p_ij D_ij - min_k (D_ik - margin [p_ik = 0])] over the rows in which p has mass.

    With one positive a row, max(0, D+ - min D- + margin): the hardest triplet. With several positives a row that
    keeps the margin still costs its mean positive distance minus its least.
    """
    rows = p.sum(1) > 0
    nearest = _shifted(p, d, margin, candidates).amin(1)
    return ((p * d).sum(1) - nearest)[rows].mean()


def margin_cross_entropy(
    p: Tensor, d: Tensor, margin: float, scale: float, candidates: Tensor | None = None
) -> Tensor:
    """scale * CE(p, q), q_ij proportional to exp(-(D_ij - margin [p_ij = 0]) / scale).

    It tends to `hardest_impostor` from above as the scale falls, by at most scale log(candidates).
    """
    log_q = (-_shifted(p, d, margin, candidates) / scale).log_softmax(1)
    rows = p.sum(1) > 0
    return scale * -torch.where(p > 0, p * log_q, 0.0).sum(1)[rows].mean()


def soft_triplets(p: Tensor, d: Tensor, margin: float, scale: float, candidates: Tensor) -> Tensor:
    """mean_i sum_j p_ij log(1 + sum_(k != j) exp((D_ij - D_ik + margin [p_ik = 0]) / scale)).

    Of one positive and one negative without margin the soft-margin triplet loss (Hermans et al., 2017); of cosines
    an additive-margin softmax (Wang et al., 2018).
    """
    shifted = _shifted(p, d, margin, candidates)
    others = ~torch.eye(d.shape[1], dtype=torch.bool, device=d.device)  # (j, k)
    above = ((d[:, :, None] - shifted[:, None, :]) / scale).exp()
    losses = (1 + (above * others).sum(2)).log()
    return torch.where(p > 0, p * losses, 0.0).sum(1)[p.sum(1) > 0].mean()


def semi_hard_triplets(p: Tensor, d: Tensor, margin: float, candidates: Tensor) -> Tensor:
    """mean_i max(0, D+ - min_(k: D_ik > D+) D_ik + margin) of one positive a row (FaceNet, Schroff et al., 2015).

    A row none of whose negatives is farther than its positive costs nothing.
    """
    rows = p.sum(1) > 0
    positive = (p * d).sum(1, keepdim=True)
    farther = candidates & (p == 0) & (d > positive)
    nearest = d.masked_fill(~farther, torch.inf).amin(1)
    return torch.relu(positive[:, 0] - nearest + margin)[rows].mean()


def wide_cross_entropy(p: Tensor, d: Tensor, scale: float, candidates: Tensor | None = None) -> Tensor:
    """scale * (CE(p, q) - log M), q_ij proportional to exp(-D_ij / scale) over M candidates (I-Con, proposition 1).

    It tends to the mean positive minus the mean distance from above as the scale grows, by O(1/scale).
    """
    everything = torch.ones(d.shape, dtype=torch.bool) if candidates is None else candidates
    rows = p.sum(1) > 0
    q = kernels.row_softmax(-d / scale, everything)
    log_m = everything.sum(1).to(d.dtype).log()
    return scale * (kernels.row_cross_entropies(p, q) - log_m)[rows].mean()


def hard_triplets(p: Tensor, d: Tensor, candidates: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Anchor, its nearest positive and its nearest negative, as indices, for the rows in which p has mass."""
    anchor = (p.sum(1) > 0).nonzero().flatten()
    positive = d.masked_fill(p == 0, torch.inf).argmin(1)
    negative = d.masked_fill(~candidates | (p > 0), torch.inf).argmin(1)
    return anchor, positive[anchor], negative[anchor]


def positive_spread(p: Tensor, d: Tensor) -> Tensor:
    """mean_i [sum_j p_ij D_ij - min over positives j of D_ij]: 0 with one positive a row."""
    rows = p.sum(1) > 0
    return ((p * d).sum(1) - d.masked_fill(p == 0, torch.inf).amin(1))[rows].mean()


# ---------------------------------------------------------------- modalities


def joint_over_pairwise(q: Tensor, modalities: int) -> Tensor:
    """Mean over the anchors i and the other modalities v of -log sum_(j in v) q_ij; 0 for two modalities.

    q is one softmax over all other modalities, row v * n + i being modality v of sample i: this is what it costs more
    than one softmax for each pair of modalities (CMC, Tian et al., 2020).
    """
    n = len(q) // modalities
    mass = q.reshape(len(q), modalities, n).sum(2)
    other = torch.arange(modalities).repeat_interleave(n)[:, None] != torch.arange(modalities)[None, :]
    return -mass[other].log().mean()


# ---------------------------------------------------------------- classes


def soft_error(q: Tensor, labels: Tensor) -> Tensor:
    """mean_i [1 - q(y_i | i)], the total variation between q and the one-hot label."""
    return (1 - q[torch.arange(len(q)), labels]).mean()


def smallest_lead(z: Tensor, w: Tensor, labels: Tensor) -> Tensor:
    """min_i |cos(z_i, w_y) - max over the other classes c of cos(z_i, w_c)|: the closest decision."""
    cosines = kernels.unit(z) @ kernels.unit(w).T
    own = torch.zeros_like(cosines, dtype=torch.bool)
    own[torch.arange(len(z)), labels] = True
    return (cosines[own] - cosines.masked_fill(own, -torch.inf).amax(1)).abs().min()
