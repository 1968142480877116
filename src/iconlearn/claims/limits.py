"""Claims of wide and of narrow Gaussians on the sphere: average margins and hardest triplets."""

from __future__ import annotations

from torch import Tensor

from iconlearn.claim import LIMIT, Case, Claim, Rate, Reference
from iconlearn.claims.dense import Part
from iconlearn.published import contrastive, kernels, margins

WIDE = (
    "L = mean_i [sum_j p_ij D_ij - mean over candidates k of D_ik], the limit of s (CE - log M), "
    "s = 2 sigma^2 -> inf"
)
NARROW = (
    "L = mean_i [sum_j p_ij D_ij - min over candidates k of (D_ik - m [p_ik = 0])], the limit of s CE, "
    "s = 2 sigma^2 -> 0"
)


def wide_rate(p: Part, d: Part, candidates: Part) -> Rate:
    """s (CE - log M) with s = 1/step, of squared chords d, against its limit."""

    def finite(case: Case, step: float) -> Tensor:
        return margins.wide_cross_entropy(p(case), d(case), 1 / step, candidates(case))

    def limit(case: Case) -> Tensor:
        return average_margin(p, candidates)(case)

    return Rate(finite, limit)


def average_margin(p: Part, candidates: Part) -> Part:
    """The published average margin of chords."""

    def loss(case: Case) -> Tensor:
        return contrastive.average_margin(
            p(case), case.z, case.columns, distance=kernels.squared_chords, candidates=candidates(case)
        )

    return loss


def hardest_triplets(p: Part, candidates: Part, d: Part, tail: str, paper: str) -> Claim:
    """The claim of a margin kernel of width 0: FaceNet's triplets of nearest positive and nearest negative."""

    def mined(case: Case) -> tuple[Tensor, Tensor, Tensor]:
        return margins.hard_triplets(p(case), d(case).detach(), candidates(case))

    def without_spread(loss: Tensor, case: Case) -> Tensor:
        return loss - margins.positive_spread(p(case), d(case))

    def facenet(case: Case) -> Tensor:
        u = kernels.unit(case.z)
        anchor, positive, negative = mined(case)
        triplet = u[anchor], u[positive], u[negative]
        return contrastive.triplet(*triplet, case.parameters["margin"]) / len(anchor)

    def library(case: Case) -> Tensor:
        from pytorch_metric_learning import distances, losses, reducers

        chord = distances.LpDistance(normalize_embeddings=True, power=2)
        loss = losses.TripletMarginLoss(
            case.parameters["margin"], distance=chord, reducer=reducers.MeanReducer()
        )
        return loss(case.z, indices_tuple=mined(case))

    def limit(case: Case) -> Tensor:
        return margins.hardest_impostor(p(case), d(case), case.parameters["margin"], candidates(case))

    def finite(case: Case, step: float) -> Tensor:
        return margins.margin_cross_entropy(
            p(case), d(case), case.parameters["margin"], step, candidates(case)
        )

    return Claim(
        LIMIT,
        f"{NARROW}{tail}",
        (
            Reference(f"hardest triplets (formula, {paper})", limit),
            Reference("FaceNet's triplet loss (formula, Schroff et al. 2015)", facenet, without_spread),
            Reference(
                "pytorch-metric-learning TripletMarginLoss",
                library,
                without_spread,
                "pytorch_metric_learning",
            ),
        ),
        Rate(finite, limit),
    )
