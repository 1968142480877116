"""The measurements of the Fisher experiment: mixtures of three shapes, a lopsided one, and the digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn.evaluation import ari
from iconlearn.lab.experiment import Bench
from iconlearn.lab.trials.digits import split_digits
from iconlearn.lab.trials.judging import clusters, judge, plane
from iconlearn.theory.mixtures import (
    LinearEncoder,
    Mixture,
    PopulationInfoNCE,
    Sphering,
    fisher_subspace,
    isotropic_mixture,
    lda_subspace,
    learned_subspace,
    linear_infonce,
    linear_simsiam,
    mean_subspace,
    paired_subspace,
    pancake_mixture,
    pca_subspace,
    principal_angles,
    tilted_mixture,
)
from iconlearn.theory.pairs import same_class_pairs

DIM, COMPONENTS, SEPARATION, WIDTH = 20, 5, 4.0, 10
ROWS, NEW_ROWS, STEPS, BATCH, LR = 10_000, 4000, 2000, 128, 2e-2
LEFT = COMPONENTS - 1  # dimensions of the Fisher subspace
SHAPES = {"isotropic": isotropic_mixture, "pancakes": pancake_mixture, "tilted": tilted_mixture}
METHODS = ("PCA", "span of the means", "LDA (labels)", "CCA on pairs", "InfoNCE", "InfoNCE, noisy", "SimSiam")
NOISY = 0.5
DRAWN = 1500
# Two whitened dimensions in which a half of the pairs being noise makes one direction not worth its cost.
LOPSIDED = {
    "means": [[2.015, -0.1622], [-3.7211, 0.2874], [14.3678, -0.7014]],
    "weights": [0.6172, 0.3728, 0.0100],
}
DIGIT_STEPS, DIGIT_BATCH, DIGIT_WIDTH = 2000, 128, 9


def measure(bench: Bench, shape: str, seed: int) -> dict[str, Any]:
    """All methods on one mixture: angles, Rand indices, and the share of singular values that should be zero."""
    mixture = SHAPES[shape](DIM, COMPONENTS, SEPARATION, random_state=seed)
    rng = np.random.default_rng(1000 + seed)
    x, component = mixture.sample(bench.of(ROWS, least=1000), rng)
    new, new_component = mixture.sample(NEW_ROWS, rng)
    encoders = {
        "InfoNCE": trained(bench, x, component, 1.0, seed),
        "InfoNCE, noisy": trained(bench, x, component, NOISY, seed),
        "SimSiam": simsiam(bench, x, component, seed),
    }
    anchors, positives = same_class_pairs(component, len(x), random_state=rng)
    bases = {
        "PCA": pca_subspace(x, LEFT),
        "span of the means": mean_subspace(mixture),
        "LDA (labels)": lda_subspace(x, component),
        "CCA on pairs": paired_subspace(x[anchors], x[positives], LEFT),
        **{name: learned_subspace(e.projection, LEFT, mixture.covariance) for name, e in encoders.items()},
    }
    truth = fisher_subspace(mixture)
    projections = {name: within_unit(basis, mixture) for name, basis in bases.items() if name not in encoders}
    projections["PCA"] = bases["PCA"]  # whitening what is within components is what PCA cannot know
    projections |= {name: leading(e.projection, mixture) for name, e in encoders.items()}
    told: dict[str, Any] = {}
    for name in METHODS:
        told[f"angle: {name}"] = float(principal_angles(bases[name], truth).max())
        told[f"whitened: {name}"] = float(principal_angles(bases[name], truth, mixture.covariance).max())
        told[f"ARI: {name}"] = ari(new_component, clusters(new @ projections[name], COMPONENTS))
    for name, encoder in encoders.items():
        values = np.linalg.svd(mixture.root @ encoder.projection, compute_uv=False)
        told[f"rest: {name}"] = float(values[LEFT] / values[LEFT - 1])
    if seed == 0:
        shown = ("PCA", "LDA (labels)", "InfoNCE")
        told["maps"] = {name: plane(new[:DRAWN] @ projections[name]).round(3).tolist() for name in shown}
        told["components"] = new_component[:DRAWN].tolist()
    return told


def trained(bench: Bench, x: np.ndarray, component: np.ndarray, quality: float, seed: int) -> LinearEncoder:
    anchors, positives = same_class_pairs(
        component, bench.of(STEPS, least=20) * BATCH, quality=quality, random_state=seed
    )
    return linear_infonce(x[anchors], x[positives], WIDTH, batch_size=BATCH, lr=LR, random_state=seed)


def simsiam(bench: Bench, x: np.ndarray, component: np.ndarray, seed: int) -> LinearEncoder:
    """Of sphered rows: weight decay, by which SimSiam forgets noise, depends on the coordinates."""
    anchors, positives = same_class_pairs(component, bench.of(STEPS, least=20) * BATCH, random_state=seed)
    sphering = Sphering.of(x)
    rows = sphering.transform(x)
    encoder = linear_simsiam(rows[anchors], rows[positives], WIDTH, batch_size=BATCH, random_state=seed)
    return encoder.before(sphering)


def within_unit(basis: np.ndarray, mixture: Mixture) -> np.ndarray:
    """A subspace in coordinates in which components have unit covariance, as LDA has it."""
    return basis @ np.linalg.cholesky(np.linalg.inv(basis.T @ mixture.covariance @ basis))


def leading(projection: np.ndarray, mixture: Mixture) -> np.ndarray:
    """A learned projection onto its leading dimensions, in which it says itself how much each counts, (d, q)."""
    left, values, _ = np.linalg.svd(mixture.root @ projection, full_matrices=False)
    return mixture.whitening @ left[:, :LEFT] * values[:LEFT]


def dropped_direction(bench: Bench) -> dict[str, Any]:
    """Singular values of the best projection of the lopsided mixture at several qualities."""
    mixture = Mixture(np.array(LOPSIDED["means"]), np.eye(2), LOPSIDED["weights"])
    told = {}
    for quality in (1.0, 0.7, 0.5, 0.3, 0.1):
        best = PopulationInfoNCE.quadrature(mixture, quality, nodes=30).minimise(2)
        told[f"{quality:g}"] = (np.linalg.svd(best, compute_uv=False) ** 2).tolist()
    return told


def on_digits(bench: Bench, seed: int) -> dict[str, Any]:
    """Scores of linear projections of the digits on held-out rows."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    digits = split_digits(seed)
    X, y = digits.train, digits.train_labels
    varying = X.std(0) > 0
    lda = LinearDiscriminantAnalysis().fit(X[:, varying], y)
    projected = {
        "all columns": (X, digits.test),
        "PCA": tuple(rows @ pca_subspace(X, DIGIT_WIDTH) for rows in (X, digits.test)),
        "LDA (labels)": tuple(lda.transform(rows[:, varying]) for rows in (X, digits.test)),
    }
    for quality in (1.0, NOISY, 0.2):
        anchors, positives = same_class_pairs(
            y, bench.of(DIGIT_STEPS, least=20) * DIGIT_BATCH, quality=quality, random_state=seed
        )
        encoder = linear_infonce(
            X[anchors], X[positives], DIGIT_WIDTH, batch_size=DIGIT_BATCH, lr=LR, random_state=seed
        )
        projected[f"InfoNCE, quality {quality:g}"] = tuple(
            encoder.transform(rows) for rows in (X, digits.test)
        )
    return {name: judge(a, y, b, digits.test_labels) for name, (a, b) in projected.items()}
