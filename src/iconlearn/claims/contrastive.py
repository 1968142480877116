"""Claims of the contrastive methods: NT-Xent, InfoNCE, DCL, MoCo v3, t-SimCLR, VICReg's terms, triplets."""

from __future__ import annotations

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import EXACT, LIMIT, Case, Claim, Reference
from iconlearn.claims import dense, limits
from iconlearn.published import contrastive, kernels, maps

LIBRARY = "pytorch_metric_learning"


def two(case: Case) -> tuple[Tensor, Tensor]:
    """Both views."""
    return case.view(0), case.view(1)


def views(case: Case) -> list[Tensor]:
    """All views."""
    return [case.view(k) for k in range(case.views)]


def temperature(case: Case) -> float:
    """tau."""
    return case.parameters["temperature"]


# ---------------------------------------------------------------- SimCLR and InfoNCE


def nt_xent_library(case: Case) -> Tensor:
    """NTXentLoss with the sample as its class."""
    from pytorch_metric_learning.losses import NTXentLoss

    return NTXentLoss(temperature(case))(case.z, torch.arange(case.n).repeat(case.views))


def other_view_logits(case: Case, v: int) -> Tensor:
    """Cosines of view v with the rows of all other views, over tau."""
    keys = torch.cat([F.normalize(view) for k, view in enumerate(views(case)) if k != v])
    return F.normalize(case.view(v)) @ keys.T / temperature(case)


def info_nce_torch(case: Case) -> Tensor:
    """Cross entropy of each view with soft labels over the keys of the others."""
    label = torch.eye(case.n, dtype=case.z.dtype).repeat(1, case.views - 1) / (case.views - 1)
    smoothing = dense.alpha_of(case)
    losses = [
        F.cross_entropy(other_view_logits(case, v), label, label_smoothing=smoothing)
        for v in range(case.views)
    ]
    return torch.stack(losses).mean()


SIMCLR_SIDES = dense.Dense(dense.positives, dense.cosine(), dense.others)
SIMCLR = Claim(
    EXACT,
    "L = NT-Xent" + dense.with_alpha("NT-Xent"),
    (
        Reference(
            "NT-Xent (formula, Chen et al. 2020)",
            SIMCLR_SIDES.debiased(lambda case: contrastive.nt_xent(*two(case), temperature(case))),
            SIMCLR_SIDES.add_entropy,
        ),
        Reference(
            "pytorch-metric-learning NTXentLoss",
            SIMCLR_SIDES.debiased(nt_xent_library),
            SIMCLR_SIDES.add_entropy,
            LIBRARY,
        ),
    ),
)
CROSS = dense.Dense(dense.positives, dense.cosine(candidates=dense.other_views), dense.other_views)
INFONCE = Claim(
    EXACT,
    "L + log(v - 1) = InfoNCE against the keys of the v - 1 other views" + dense.with_alpha("InfoNCE"),
    (
        Reference(
            "InfoNCE (formula, Bachman et al. 2019)",
            CROSS.debiased(lambda case: contrastive.info_nce(views(case), temperature(case))),
            CROSS.add_entropy,
        ),
        Reference("torch cross_entropy, keys of the other views", info_nce_torch, CROSS.add_entropy),
    ),
)


def dcl(case: Case) -> Tensor:
    """Chuang's loss."""
    return contrastive.dcl(*two(case), temperature(case), case.parameters["tau_plus"])


DCL = Claim(
    EXACT,
    "L = -log(e^(s+) / (e^(s+) + G)) = DCL, G the clamped estimate over N = 2n - 2 negatives; q is no distribution: "
    "its rows do not sum to one",
    (Reference("DCL (formula, Chuang et al. 2020)", dcl),),
)


def vicreg(case: Case) -> Tensor:
    """The published loss."""
    s, v, c = (case.parameters[name] for name in ("invariance", "variance", "covariance"))
    return contrastive.vicreg(*two(case), (s / case.z.shape[1], v, c))


VICREG = Claim(
    EXACT,
    "L = VICReg, its invariance divided by the dimension as in the authors' code: mean squared error of views, and of "
    "both views the hinge on the deviation of each dimension and the squared covariances; q is no distribution: its "
    "rows do not sum to one",
    (Reference("VICReg (formula, Bardes et al. 2022)", vicreg),),
)

# ---------------------------------------------------------------- MoCo v3


def keys(case: Case) -> Tensor:
    """Keys of all views, without gradient."""
    return dense.columns_of(case).detach()


def moco_q(case: Case) -> Tensor:
    """Softmax over the keys of the other view."""
    t, mask = temperature(case), dense.other_views(case)
    return kernels.cosine(case.z, keys(case), temperature=t, candidates=mask)


MOCO_SIDES = dense.Dense(dense.positives, moco_q, dense.other_views)


def moco_published(case: Case) -> Tensor:
    """The symmetrised loss, without its factor 4 tau."""
    t, k = temperature(case), keys(case)
    return contrastive.moco_v3(*two(case), k[: case.n], k[case.n :], t) / (4 * t)


def moco_torch(case: Case) -> Tensor:
    """2 tau cross entropy of either view's queries with the other's keys."""
    t, k, smoothing = temperature(case), F.normalize(keys(case)), dense.alpha_of(case)
    ways = (case.view(0), k[case.n :]), (case.view(1), k[: case.n])
    own = torch.arange(case.n)
    return sum(
        (2 * t * F.cross_entropy(F.normalize(q) @ k.T / t, own, label_smoothing=smoothing) for q, k in ways),
        case.z.new_zeros(()),
    )


def times_four_tau(loss: Tensor, case: Case) -> Tensor:
    """4 tau (L + H(p~))."""
    return 4 * temperature(case) * MOCO_SIDES.add_entropy(loss, case)


def moco(case: Case) -> Tensor:
    """The published loss for any alpha."""
    return 4 * temperature(case) * MOCO_SIDES.debiased(moco_published)(case)


MOCO_V3 = Claim(
    EXACT,
    "4 tau L = ctr(q1, k2) + ctr(q2, k1), ctr = 2 tau times the cross entropy over the keys of the other view"
    + dense.with_alpha("L at alpha 0"),
    (
        Reference("MoCo v3 (formula, Chen et al. 2021)", moco, times_four_tau),
        Reference("torch cross_entropy in both directions", moco_torch, times_four_tau),
    ),
)

# ---------------------------------------------------------------- Student-t

STUDENT_SIDES = dense.Dense(dense.positives, dense.student(), dense.others)
T_SIMCLR = Claim(
    EXACT,
    "L = NT-Xent with the kernel (1 + D/nu)^(-(nu + 1)/2) of plain distances, temperature 1"
    + dense.with_alpha("t-SimCLR"),
    (
        Reference(
            "t-SimCLR (formula, Hu et al. 2023)",
            STUDENT_SIDES.debiased(lambda case: contrastive.t_simclr(*two(case), case.parameters["df"])),
            STUDENT_SIDES.add_entropy,
        ),
    ),
)
T_SIMCNE = Claim(
    EXACT,
    "L = NT-Xent with the kernel 1/(1 + D)",
    (Reference("t-SimCNE (formula, Böhm et al. 2023)", lambda case: contrastive.t_simcne(*two(case))),),
)

# ---------------------------------------------------------------- limits


def invariance_and_variance(case: Case) -> Tensor:
    """VICReg's invariance term less twice the variance, on the sphere."""
    u = kernels.unit(case.z)
    return contrastive.vicreg_terms(u[: case.n], u[case.n :])[0] - 2 * maps.projected_variance(u)


def invariance_library(case: Case) -> Tensor:
    """VICRegLoss' invariance, which divides by the dimension, less twice the variance."""
    from pytorch_metric_learning.losses import VICRegLoss

    u = F.normalize(case.z)
    invariance = VICRegLoss().invariance_loss(u[: case.n], u[case.n :]).mean()
    return u.shape[1] * invariance - 2 * u.var(0, correction=0).sum()


VI_REG = Claim(
    LIMIT,
    "L = mean |u - u'|^2 - 2 Var(u) on the sphere, the limit of s (CE - log M) with s = 2 sigma^2 -> inf; the "
    "invariance is VICReg's, its hinge on the variance is not claimed",
    (
        Reference("invariance - 2 Var (formula, terms of Bardes et al. 2021)", invariance_and_variance),
        Reference(
            "average margin (formula, I-Con, proposition 1)",
            limits.average_margin(dense.positives, dense.rows),
        ),
        Reference("pytorch-metric-learning VICRegLoss, invariance", invariance_library, needs=LIBRARY),
    ),
    limits.wide_rate(dense.positives, dense.chords, dense.rows),
)
HARDEST = limits.hardest_triplets(
    dense.positives,
    dense.others,
    dense.chords,
    "; one positive: max(0, D+ - min D- + m), the triplet loss with the hardest negative, or with the nearest of those "
    "that are farther than the positive (semi-hard)",
    "I-Con, theorem 5",
)
TRIPLET = replace(
    HARDEST,
    references=(*HARDEST.references, limits.semi_hard(dense.positives, dense.others, dense.chords)),
)
