"""Claims of the methods whose positives are pairs of the same class: SupCon and its neighbours."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import LIMIT, UP_TO_ENTROPY, Case, Claim, Reference
from iconlearn.claims import dense, limits
from iconlearn.published import clusters, kernels, supervised


def temperature(case: Case) -> float:
    """tau."""
    return case.parameters["temperature"]


# ---------------------------------------------------------------- pairs of the same class


def supcon_library(case: Case) -> Tensor:
    """SupConLoss; its mean leaves out the anchors without a positive, as ours does."""
    from pytorch_metric_learning.losses import SupConLoss

    return SupConLoss(temperature(case))(case.z, case.all_labels)


SUPCON_SIDES = dense.Dense(dense.same_class, dense.cosine(), dense.others)
SUPCON = Claim(
    UP_TO_ENTROPY,
    "L + mean log(K_i - 1) = SupCon L_out, means over the anchors that have a positive"
    + dense.with_alpha("L_out"),
    (
        Reference(
            "SupCon L_out (formula, Khosla et al. 2020)",
            SUPCON_SIDES.debiased(lambda case: supervised.supcon(case.z, case.all_labels, temperature(case))),
            SUPCON_SIDES.add_entropy,
        ),
        Reference(
            "pytorch-metric-learning SupConLoss",
            SUPCON_SIDES.debiased(supcon_library),
            SUPCON_SIDES.add_entropy,
            "pytorch_metric_learning",
        ),
    ),
)
STUDENT_SIDES = dense.Dense(dense.same_class, dense.student(), dense.others)
T_SUPCON = Claim(
    UP_TO_ENTROPY,
    "L + mean log(K_i - 1) = SupCon L_out with the kernel (1 + D/nu)^(-(nu + 1)/2) of plain distances"
    + dense.with_alpha("t-SupCon"),
    (
        Reference(
            "t-SupCon (formula, a gap of I-Con's table)",
            STUDENT_SIDES.debiased(
                lambda case: supervised.t_supcon(case.z, case.all_labels, case.parameters["df"])
            ),
            STUDENT_SIDES.add_entropy,
        ),
    ),
)


def supcon_cosines(case: Case) -> Tensor:
    """2 mean cos over all other rows less 2 mean cos over the class, by anchors that have a positive."""
    cosines = F.cosine_similarity(case.z[:, None], case.z[None], dim=2)
    labels, gaps = case.all_labels, []
    for i, row in enumerate(cosines):
        other = torch.arange(len(row)) != i
        mates = other & (labels == labels[i])
        if mates.any():
            gaps.append(2 * row[other].mean() - 2 * row[mates].mean())
    return torch.stack(gaps).mean()


AVERAGE_MARGIN_SUPCON = Claim(
    LIMIT,
    f"{limits.WIDE}; the mean squared chord within a class less that to all others",
    (
        Reference(
            "average margin (formula, I-Con, proposition 1)",
            limits.average_margin(dense.same_class, dense.others),
        ),
        Reference("torch cosine_similarity", supcon_cosines),
    ),
    limits.wide_rate(dense.same_class, dense.chords, dense.others),
)
TRIPLET_SUPCON = limits.hardest_triplets(
    dense.same_class,
    dense.others,
    dense.chords,
    "; the triplet loss of nearest positive and hardest negative, and mean less least positive distance",
    "I-Con, theorem 5",
)


def class_with_self(case: Case) -> Tensor:
    """1/K_i over the class of i, i included; an unlabelled row (-1) is empty."""
    labels = case.all_labels
    same = (labels[:, None] == labels[None, :]) & (labels >= 0)
    return same.to(case.z.dtype) / same.sum(1, keepdim=True).clamp(min=1)


def cluster_q(case: Case) -> Tensor:
    """The cluster kernel, self included."""
    return kernels.cluster(case.z.softmax(1))


def pmi(case: Case) -> Tensor:
    """The pair loss of PMI clustering and log n."""
    n = case.z.new_tensor(len(case.z))
    return clusters.pmi(class_with_self(case), case.z.softmax(1)) + n.log()


CLUSTER_SIDES = dense.Dense(class_with_self, cluster_q, dense.rows)
SUPERVISED_CLUSTERING = Claim(
    UP_TO_ENTROPY,
    "L + mean log K_i = mean over the class of -log sum_c phi_ic phi_jc / S_c, self included: pair PMI loss + log n; "
    "L = 0 where the clusters are the classes" + dense.with_alpha("this"),
    (
        Reference(
            "cluster kernel (formula, I-Con, definition 2)",
            CLUSTER_SIDES.cross_entropy,
            CLUSTER_SIDES.add_entropy,
        ),
        Reference(
            "pair PMI loss + log n (formula, I-Con, theorem 15)",
            CLUSTER_SIDES.debiased(pmi),
            CLUSTER_SIDES.add_entropy,
        ),
    ),
)
