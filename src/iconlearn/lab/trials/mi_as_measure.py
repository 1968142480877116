"""Linear encoders of the digits, good and bad: what is said to foretell their accuracy, and their accuracy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from iconlearn.evaluation import effective_rank, knn_probe, linear_probe, uniformity
from iconlearn.evaluation.collapse import unit_vectors
from iconlearn.lab.experiment import Bench
from iconlearn.lab.trials.digits import Digits, split_digits
from iconlearn.lab.trials.pairs import held_out_pairs
from iconlearn.theory.information import class_information, mutual_information
from iconlearn.theory.mixtures import linear_infonce, pca_subspace
from iconlearn.theory.pairs import same_class_pairs

STEPS, BATCH, LR = 500, 128, 2e-2
CRITIC_WIDTH, CRITIC_BATCH, CRITIC_STEPS, CRITIC_LR = 64, 128, 800, 2e-3
PCA, RANDOM, TRAINED, NOISE, WARPED = ("PCA", "random", "InfoNCE", "noise added", "warped")
NEIGHBOURS = 5

Encoder = Callable[[np.ndarray], np.ndarray]


def measure(bench: Bench, seed: int) -> dict[str, Any]:
    """All encoders of one split."""
    digits = split_digits(seed)
    return {
        name: judge_encoder(bench, seed, kind, encode, digits)
        for name, (kind, encode) in encoders(bench, digits, seed).items()
    }


def encoders(bench: Bench, digits: Digits, seed: int) -> dict[str, tuple[str, Encoder]]:
    """Encoders by name, each with its kind."""
    X, rng = digits.train, np.random.default_rng(seed)
    found: dict[str, tuple[str, Encoder]] = {"all columns": (PCA, lambda rows: rows)}
    for dim in (1, 2, 3, 5, 9, 16):
        found[f"PCA {dim}"] = PCA, projected(pca_subspace(X, dim))
        found[f"random {dim}"] = RANDOM, projected(rng.normal(size=(X.shape[1], dim)))
    for dim in (2, 5, 9):
        for quality in (1.0, 0.3, 0.1):
            found[f"InfoNCE {dim}, quality {quality:g}"] = TRAINED, infonce(bench, digits, dim, quality, seed)
    for size in (1.0, 2.0, 4.0):
        found[f"noise {size:g}"] = NOISE, noisy(size, seed)
    for power in (3, 5):
        found[f"power {power}"] = WARPED, warped(X, rng, power)
    return found


def projected(matrix: np.ndarray) -> Encoder:
    return lambda rows: rows @ matrix


def infonce(bench: Bench, digits: Digits, dim: int, quality: float, seed: int) -> Encoder:
    """A linear encoder that InfoNCE has trained on pairs of some quality."""
    anchors, positives = same_class_pairs(
        digits.train_labels, bench.of(STEPS, least=20) * BATCH, quality=quality, random_state=seed
    )
    X = digits.train
    return linear_infonce(X[anchors], X[positives], dim, batch_size=BATCH, lr=LR, random_state=seed).transform


def noisy(size: float, seed: int) -> Encoder:
    """The columns themselves with independent noise, drawn anew for every set of rows."""
    rng = np.random.default_rng(seed)
    return lambda rows: rows + size * rng.normal(size=rows.shape)


def warped(X: np.ndarray, rng: np.random.Generator, power: int) -> Encoder:
    """A bijection: rotated, and every coordinate raised to an odd power. No information is lost by it."""
    turn = np.linalg.qr(rng.normal(size=(X.shape[1], X.shape[1])))[0]
    return lambda rows: np.sign(rows @ turn) * np.abs(rows @ turn) ** power


def judge_encoder(bench: Bench, seed: int, kind: str, encode: Encoder, digits: Digits) -> dict[str, Any]:
    """Measures on the rows held out from training, and accuracies of two probes there.

    The critic and the probes learn from the training rows; the classifier by which information is measured learns from
    a half of the held-out rows, so that it is not the linear probe again.
    """
    train, test, y = encode(digits.train), encode(digits.test), digits.test_labels
    pairs, both = held_out_pairs(digits.train_labels, y, seed), np.concatenate([train, test])
    critic = mutual_information(
        both[pairs.anchors],
        both[pairs.positives],
        "infonce",
        split=pairs.split,
        width=CRITIC_WIDTH,
        batch_size=CRITIC_BATCH,
        max_iter=bench.of(CRITIC_STEPS, least=20),
        lr=CRITIC_LR,
        random_state=seed,
    )
    anchors, positives = same_class_pairs(y, 20_000, random_state=seed)
    unit = unit_vectors(test)
    return {
        "kind": kind,
        "information, critic": critic.nats,
        "information, classifier": class_information(test, y, random_state=seed).nats,
        "alignment": -float(np.square(unit[anchors] - unit[positives]).sum(1).mean()),
        "uniformity": -uniformity(test),
        "effective rank": effective_rank(test),
        "linear": linear_probe(train, digits.train_labels, test, y),
        "5-NN": knn_probe(train, digits.train_labels, test, y, k=NEIGHBOURS),
    }
