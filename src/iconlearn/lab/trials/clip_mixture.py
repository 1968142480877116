"""Linear CLIP on two coupled mixtures: what each modality keeps, and what it drops."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn.lab.experiment import Bench
from iconlearn.lab.trials.judging import plane
from iconlearn.theory.mixtures import (
    Mixture,
    PairedMixture,
    fisher_subspace,
    linear_clip,
    pancake_mixture,
    pca_subspace,
    principal_angles,
)

DIMS, SEPARATION, WIDTH = (20, 12), 4.0, 8
STEPS, BATCH, LR = 2000, 128, 2e-2
DRAWN = 1200

MATCHED = "one to one"

#: What components of images (rows) come with which components of captions (columns).
COUPLINGS = {
    MATCHED: np.eye(4) / 4,
    "two to one": np.array([[1, 0], [1, 0], [0, 1], [0, 1]]) / 4,
    "two mixed up": np.array([[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 2, 0], [0, 0, 0, 2]]) / 8,
}


def pairs_of(coupling: np.ndarray, seed: int) -> PairedMixture:
    """Pancakes in both modalities, each with a rotation of its own."""
    first, second = (
        pancake_mixture(dim, count, SEPARATION, random_state=2 * seed + k)
        for k, (dim, count) in enumerate(zip(DIMS, coupling.shape, strict=True))
    )
    return PairedMixture(first.means, second.means, first.covariance, second.covariance, coupling)


def told_apart(pairs: PairedMixture) -> int:
    """How many directions of one modality the other can tell: the rank of the covariance between them."""
    return int(np.linalg.matrix_rank(pairs.cross_covariance, tol=1e-9))


def measure(bench: Bench, coupling: str, seed: int) -> dict[str, Any]:
    """Rank and angles of both encoders, and those of principal components."""
    pairs = pairs_of(COUPLINGS[coupling], seed)
    x, y, components, _ = pairs.sample(bench.of(STEPS, least=20) * BATCH, random_state=1000 + seed)
    encoders = linear_clip(x, y, WIDTH, batch_size=BATCH, lr=LR, random_state=seed)
    rank = told_apart(pairs)
    sides: tuple[Mixture, Mixture] = (pairs.first, pairs.second)
    product = sides[0].root @ encoders[0].projection @ (sides[1].root @ encoders[1].projection).T
    values = np.linalg.svd(product, compute_uv=False)
    told: dict[str, Any] = {"rank": rank, "values": values.tolist()}
    # The leading directions of the product are those in which the two meet.
    left, _, right = np.linalg.svd(product)
    meeting = (sides[0].whitening @ left[:, :rank], sides[1].whitening @ right[:rank].T)
    for name, mixture, rows, basis in zip(("first", "second"), sides, (x, y), meeting, strict=True):
        truth = fisher_subspace(mixture)
        told[f"{name}: fisher"] = truth.shape[1]
        told[f"{name}: angle"] = float(principal_angles(basis, truth).max())
        told[f"{name}: whitened"] = float(principal_angles(basis, truth, mixture.covariance).max())
        told[f"{name}: PCA"] = float(principal_angles(pca_subspace(rows, truth.shape[1]), truth).max())
    if seed == 0:
        told["map"] = plane((x[:DRAWN] - x.mean(0)) @ encoders[0].projection).round(3).tolist()
        told["fisher map"] = plane(x[:DRAWN] @ fisher_subspace(sides[0])).round(3).tolist()
        told["components"] = components[:DRAWN].tolist()
    return told
