"""Claims of the methods whose positives are chosen by captions: X-Sample and LGSimCLR."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import UP_TO_ENTROPY, Case, Claim, Reference
from iconlearn.claims import dense
from iconlearn.published import contrastive, kernels, targets


def caption_of(case: Case) -> Tensor:
    """Captions, (n, d')."""
    assert case.caption is not None
    return case.caption


def caption_similarity(case: Case) -> Tensor:
    """X-Sample's p."""
    return targets.cosine_softmax_rows(caption_of(case), case.parameters["target_temperature"])


def caption_neighbours(case: Case) -> Tensor:
    """LGSimCLR's p."""
    return targets.knn_rows(kernels.unit(caption_of(case)), case.parameters["n_neighbors"])


def off_diagonal(square: Tensor) -> Tensor:
    """Rows without their own entry, (n, n - 1)."""
    n = len(square)
    return square[kernels.other_rows(n)].reshape(n, n - 1)


def soft_labels(p: dense.Part) -> dense.Part:
    """torch's cross entropy of cosines over tau with the soft labels p, self left out."""

    def loss(case: Case) -> Tensor:
        u = F.normalize(case.z)
        logits, label = off_diagonal(u @ u.T / case.parameters["temperature"]), off_diagonal(p(case))
        return F.cross_entropy(logits, label, label_smoothing=dense.alpha_of(case))

    return loss


X_SIDES = dense.Dense(caption_similarity, dense.cosine(), dense.others)
X_SAMPLE = Claim(
    UP_TO_ENTROPY,
    "L + H(p) = cross entropy of softmax(cos of captions / tau_g) and softmax(cos / tau), self left out"
    + dense.with_alpha("X-Sample"),
    (
        Reference(
            "X-Sample (formula, Sobal et al. 2025)",
            X_SIDES.debiased(
                lambda case: contrastive.x_sample(
                    case.z,
                    caption_of(case),
                    case.parameters["temperature"],
                    case.parameters["target_temperature"],
                )
            ),
            X_SIDES.add_entropy,
        ),
        Reference(
            "torch cross_entropy with soft labels", soft_labels(caption_similarity), X_SIDES.add_entropy
        ),
    ),
)
LG_SIDES = dense.Dense(caption_neighbours, dense.cosine(), dense.others)
LGSIMCLR = Claim(
    UP_TO_ENTROPY,
    "L + log k = mean over the k nearest captions of -log q, the expectation of NT-Xent over a drawn neighbour"
    + dense.with_alpha("LGSimCLR"),
    (
        Reference(
            "LGSimCLR (formula, El Banani et al. 2023)",
            LG_SIDES.debiased(
                lambda case: contrastive.lgsimclr(
                    case.z, caption_of(case), case.parameters["n_neighbors"], case.parameters["temperature"]
                )
            ),
            LG_SIDES.add_entropy,
        ),
        Reference(
            "torch cross_entropy with soft labels", soft_labels(caption_neighbours), LG_SIDES.add_entropy
        ),
    ),
)
