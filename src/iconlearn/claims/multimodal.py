"""Claims of the multimodal methods: CLIP, CMC and their neighbours in the table."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import EXACT, EXTRA_TERM, LIMIT, Case, Claim, Reference
from iconlearn.claims import dense, limits
from iconlearn.published import clusters, contrastive, kernels, margins

LEAST = 0.01  # CLIP caps its logit scale at 100
BOTH_WAYS = "mean over both directions"


def modalities(case: Case) -> list[Tensor]:
    """Embeddings of every modality."""
    return [case.view(k) for k in range(case.views)]


def clip_temperature(case: Case) -> float:
    """tau where it starts, not below CLIP's cap."""
    return max(case.parameters["temperature"], LEAST)


def fixed_temperature(case: Case) -> float:
    """tau."""
    return case.parameters["temperature"]


def over_pairs(loss: Callable[[Tensor, Tensor], Tensor]) -> dense.Part:
    """A loss of two modalities, its mean over the pairs of them."""

    def mean(case: Case) -> Tensor:
        return torch.stack([loss(a, b) for a, b in combinations(modalities(case), 2)]).mean()

    return mean


def pair_by_pair(sides: dense.Dense) -> Callable[[Tensor, Case], Tensor]:
    """L + H(p~) without what one softmax over all other modalities costs more than one for each pair."""

    def relate(loss: Tensor, case: Case) -> Tensor:
        extra = margins.joint_over_pairwise(sides.q(case), case.views)
        return sides.add_entropy(loss, case) - (1 - dense.alpha_of(case)) * extra

    return relate


# ---------------------------------------------------------------- CLIP


def clip(case: Case) -> Tensor:
    """The published loss."""
    return over_pairs(lambda a, b: contrastive.clip(a, b, clip_temperature(case)))(case)


def both_ways(a: Tensor, b: Tensor, scale: float | Tensor) -> Tensor:
    """CLIP as it is usually coded: torch's cross entropy of the matrix of logits and of its transpose."""
    logits, own = scale * F.normalize(a) @ F.normalize(b).T, torch.arange(len(a))
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2


def clip_torch(case: Case) -> Tensor:
    """CLIP, the mean over the pairs of modalities if there are more than two."""
    scale = 1 / clip_temperature(case)
    return over_pairs(lambda a, b: both_ways(a, b, scale))(case)


CLIP_SIDES = dense.Dense(
    dense.positives, dense.cosine(clip_temperature, dense.other_views), dense.other_views
)
CLIP = Claim(
    EXACT,
    f"L = CLIP, the {BOTH_WAYS} being the mean over the 2n anchors; tau learned and at least 1/100; two modalities, "
    "of more see CMC" + dense.with_alpha("CLIP"),
    (
        Reference("CLIP (formula, Radford et al. 2021)", CLIP_SIDES.debiased(clip), pair_by_pair(CLIP_SIDES)),
        Reference(
            "torch cross_entropy of logits and their transpose",
            CLIP_SIDES.debiased(clip_torch),
            pair_by_pair(CLIP_SIDES),
        ),
    ),
)

# ---------------------------------------------------------------- CMC

CMC_SIDES = dense.Dense(dense.positives, dense.cosine(candidates=dense.other_views), dense.other_views)


def joint(case: Case) -> Tensor:
    """One softmax over all other modalities."""
    return contrastive.cmc_joint(modalities(case), fixed_temperature(case))


def pairwise(case: Case) -> Tensor:
    """The published loss as a mean over pairs of modalities."""
    return contrastive.cmc(modalities(case), fixed_temperature(case))


def pairwise_torch(case: Case) -> Tensor:
    """The same with torch's cross entropy of each pair of modalities."""
    scale = 1 / fixed_temperature(case)
    return over_pairs(lambda a, b: both_ways(a, b, scale))(case)


CMC = Claim(
    EXTRA_TERM,
    "L + log(M - 1) = full-graph CMC (mean over ordered pairs of modalities) + mean of log(Z / Z_v), the price of one "
    "softmax over all M - 1 other modalities; both terms are 0 for M = 2, where L = CMC"
    + dense.with_alpha("this"),
    (
        Reference(
            "one softmax over the other modalities (formula, I-Con, theorem 8)",
            CMC_SIDES.debiased(joint),
            CMC_SIDES.add_entropy,
        ),
        Reference("CMC (formula, Tian et al. 2020)", CMC_SIDES.debiased(pairwise), pair_by_pair(CMC_SIDES)),
        Reference(
            "torch cross_entropy for each pair of modalities",
            CMC_SIDES.debiased(pairwise_torch),
            pair_by_pair(CMC_SIDES),
        ),
    ),
)

# ---------------------------------------------------------------- limits


def mean_less_matched_cosine(a: Tensor, b: Tensor) -> Tensor:
    """2 mean cos over all pairs less 2 mean cos over the matched ones."""
    cosines = F.cosine_similarity(a[:, None], b[None], dim=2)
    return 2 * cosines.mean() - 2 * cosines.diagonal().mean()


AVERAGE_MARGIN_CLIP = Claim(
    LIMIT,
    f"{limits.WIDE}; on the sphere 2 mean cos(all pairs) - 2 mean cos(matched pairs)",
    (
        Reference(
            "average margin (formula, I-Con, proposition 1)",
            limits.average_margin(dense.positives, dense.other_views),
        ),
        Reference("torch cosine_similarity", over_pairs(mean_less_matched_cosine)),
    ),
    limits.wide_rate(dense.positives, dense.chords, dense.other_views),
)
TRIPLET_CLIP = limits.hardest_triplets(
    dense.positives,
    dense.other_views,
    dense.chords,
    "; two modalities: the triplet loss with the hardest negative of the other modality, both ways",
    "I-Con, theorem 5",
)

# ---------------------------------------------------------------- Student-t and clusters

STUDENT_SIDES = dense.Dense(dense.positives, dense.student(dense.other_views), dense.other_views)


def t_clip(case: Case) -> Tensor:
    """The loss of the cell."""
    return over_pairs(lambda a, b: contrastive.t_clip(a, b, case.parameters["df"]))(case)


T_CLIP = Claim(
    EXACT,
    f"L = CLIP with the kernel (1 + D/nu)^(-(nu + 1)/2) of plain distances, {BOTH_WAYS}; two modalities, of "
    "more see CMC" + dense.with_alpha("t-CLIP"),
    (
        Reference(
            "t-CLIP (formula, a gap of I-Con's table)",
            STUDENT_SIDES.debiased(t_clip),
            pair_by_pair(STUDENT_SIDES),
        ),
    ),
)


def cluster_q(case: Case) -> Tensor:
    """The cluster kernel over both modalities, restricted to the other one and renormalised."""
    mass = kernels.cluster(case.z.softmax(1)) * dense.other_views(case)
    return mass / mass.sum(1, keepdim=True)


CLUSTER_SIDES = dense.Dense(dense.positives, cluster_q, dense.other_views)


def infonce_clustering(case: Case) -> Tensor:
    """InfoNCE clustering of the rows of both modalities."""
    return clusters.infonce_clustering(dense.positives(case), case.z.softmax(1))


def unrestricted(loss: Tensor, case: Case) -> Tensor:
    """L + H(p~) without what the restriction to the other modality gives back."""
    within = (kernels.cluster(case.z.softmax(1)) * dense.other_views(case)).sum(1)
    return CLUSTER_SIDES.add_entropy(loss, case) - (1 - dense.alpha_of(case)) * within.log().mean()


CROSSMODAL_TO_CLUSTERS = Claim(
    EXTRA_TERM,
    "L + log(M - 1) = InfoNCE clustering of all rows + mean log r_i, r_i the mass of q(.|i) on the other modalities, "
    "by which q is divided there" + dense.with_alpha("this"),
    (
        Reference(
            "cluster kernel (formula, I-Con, definition 2)",
            CLUSTER_SIDES.cross_entropy,
            CLUSTER_SIDES.add_entropy,
        ),
        Reference(
            "InfoNCE clustering (formula, I-Con, section 4)",
            CLUSTER_SIDES.debiased(infonce_clustering),
            unrestricted,
        ),
    ),
)
