"""Convolutional encoders of coloured digits, from views that share chosen factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from iconlearn.distributions import Augmentation, Gaussian
from iconlearn.evaluation import linear_probe
from iconlearn.lab.experiment import Bench
from iconlearn.mappers import CNN
from iconlearn.metrics import unit_vectors
from iconlearn.model import ICon
from iconlearn.theory.information import ColourDigitPosition, infonce
from iconlearn.train.options import whole
from iconlearn.train.schedules import Cosine

COLOURS, CELLS = 8, 4
LONG, SHORT = 600, 150  # steps
BATCH, LR, TEMPERATURE, DIM = 128, 3e-3, 0.2, 64
VIEWS, PROBED, JUDGED, CRITIC_BATCH = 12_000, 3000, 1500, 256
SHARED = {
    "digit": ("digit",),
    "digit, position": ("digit", "position"),
    "digit, colour": ("digit", "colour"),
    "all three": ("digit", "colour", "position"),
    "colour, position": ("colour", "position"),
}


def measure(bench: Bench, shared: str, steps: int, seed: int) -> dict[str, Any]:
    """One encoder: what a linear probe reads off it, and what it says of new views."""
    source = ColourDigitPosition(colours=COLOURS, cells=CELLS)
    steps = bench.of(steps, least=5)
    views = source.views(bench.of(VIEWS, least=2 * BATCH), shared=SHARED[shared], random_state=seed)
    learned = Gaussian(TEMPERATURE**0.5, metric="cos", pairs="cross_view")
    encoder = CNN(source.image_shape, DIM, input_scale=255)
    model = ICon(Augmentation(2, pairs="cross_view"), learned, encoder)
    model.fit(
        (views.first, views.second),
        max_iter=steps,
        batch_size=BATCH,
        optimizer="adamw",
        lr=Cosine(LR),
        random_state=seed,
    )
    whole(model.history)
    # Probes see each factor independently of the others, and are judged in handwriting that no encoder has seen.
    learnt, judged = (
        source.views(bench.of(n, least=300), shared=(), random_state=100 + seed, split=split)
        for n, split in ((PROBED, "train"), (JUDGED, "test"))
    )
    a, b = model.transform(learnt.first), model.transform(judged.first)
    told = {
        factor: linear_probe(a, learnt.factors[factor], b, judged.factors[factor])
        for factor in learnt.factors
    }
    return {
        **told,
        "known": source.information(SHARED[shared]),
        "InfoNCE": on_new_views(model, source, shared, seed),
    }


def on_new_views(model: ICon, source: ColourDigitPosition, shared: str, seed: int) -> float:
    """InfoNCE of views in new handwriting, with the critic that the loss has trained."""
    views = source.views(4 * CRITIC_BATCH, shared=SHARED[shared], random_state=200 + seed, split="test")
    first, second = (
        unit_vectors(torch.from_numpy(model.transform(view))).split(CRITIC_BATCH)
        for view in (views.first, views.second)
    )
    return float(
        np.mean([float(infonce(x @ y.mT / TEMPERATURE)) for x, y in zip(first, second, strict=True)])
    )
