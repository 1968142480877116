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
SOFT = "; with sigma > 0, L + H(p) = mean_i sum_j p_ij log(1 + sum_(k != j) exp((D_ij - D_ik + m [p_ik = 0]) / s))"


def form_of(case: Case) -> str:
    """Which triplets a case asks for: the hardest, all of them softly, or the semi-hard ones."""
    if case.parameters.get("sigma", 0.0) > 0:
        return "soft"
    return "semi-hard" if case.parameters.get("negatives") == "semi-hard" else "hardest"


def only(form: str, loss: Part) -> Part:
    """A loss that says nothing of triplets of another form."""

    def of_form(case: Case) -> Tensor:
        if form_of(case) != form:
            raise NotImplementedError
        return loss(case)

    return of_form


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

    def soft(case: Case) -> Tensor:
        scale = 2 * case.parameters["sigma"] ** 2
        return margins.soft_triplets(p(case), d(case), case.parameters["margin"], scale, candidates(case))

    def with_entropy(loss: Tensor, case: Case) -> Tensor:
        return loss + kernels.entropy(p(case))

    return Claim(
        LIMIT,
        f"{NARROW}{SOFT}{tail}",
        (
            Reference(f"hardest triplets (formula, {paper})", only("hardest", limit)),
            Reference(
                "FaceNet's triplet loss (formula, Schroff et al. 2015)",
                only("hardest", facenet),
                without_spread,
            ),
            Reference(
                "pytorch-metric-learning TripletMarginLoss",
                only("hardest", library),
                without_spread,
                "pytorch_metric_learning",
            ),
            Reference(
                "soft-margin triplets (formula, Hermans et al. 2017, Wang et al. 2018)",
                only("soft", soft),
                with_entropy,
            ),
        ),
        Rate(finite, limit),
    )


def semi_hard(p: Part, candidates: Part, d: Part) -> Reference:
    """FaceNet's triplets of the positive and the nearest of the negatives that are farther."""

    def loss(case: Case) -> Tensor:
        return margins.semi_hard_triplets(p(case), d(case), case.parameters["margin"], candidates(case))

    return Reference("semi-hard triplets (formula, Schroff et al. 2015)", only("semi-hard", loss))
