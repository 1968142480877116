"""Linear encoders of the digits by batches of several sizes, and what is in them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from iconlearn.lab.experiment import Bench
from iconlearn.lab.trials.digits import split_digits
from iconlearn.theory.information import class_information, label_entropy
from iconlearn.theory.mixtures import linear_infonce
from iconlearn.theory.pairs import same_class_pairs

# Batch size: steps and step size. Few samples a step need more and smaller steps.
TRAININGS = {2: (8000, 4e-3), 4: (5000, 5e-3), 16: (3000, 1e-2), 64: (1500, 2e-2), 256: (1000, 2e-2)}
DIM, JUDGED_AT = 9, (16, 64, 512)
LATE = 5  # the last fifth of the losses


def train_and_judge(bench: Bench, size: int, seed: int) -> dict[str, Any]:
    """One linear encoder, and what is in it."""
    steps, lr = TRAININGS[size]
    steps = bench.of(steps, least=20)
    digits = split_digits(seed)
    anchors, positives = same_class_pairs(digits.train_labels, steps * size, random_state=seed)
    encoder = linear_infonce(
        digits.train[anchors], digits.train[positives], DIM, batch_size=size, lr=lr, random_state=seed
    )
    found = class_information(
        encoder.transform(digits.train),
        digits.train_labels,
        test_features=encoder.transform(digits.test),
        test_labels=digits.test_labels,
        random_state=seed,
    )
    late = np.asarray(encoder.losses)[-max(1, steps // LATE) :]
    return {
        "during": math.log(size) - float(late.mean()),
        "after": found.nats,
        "accuracy": found.accuracy,
        "entropy": label_entropy(digits.test_labels),
        **{f"after at {k}": found.infonce(k)[0] for k in JUDGED_AT},
    }
