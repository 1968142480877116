"""The options that a mapper suggests, where the caller has named none that drive the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from iconlearn.conditional import Conditional
from iconlearn.distributions import Distribution, Kernel
from iconlearn.mappers import Embedding
from iconlearn.objective import Objective
from iconlearn.points import Points
from iconlearn.profile import STUDENT_T
from iconlearn.train.options import OF_OPTIMIZERS, Training
from iconlearn.train.schedules import Cosine, PerSample, Steps

EARLY = (0.25,)


def map_options(late: float, rate: float = 1.0) -> dict[str, Any]:
    """The schedule of a map in phases.

    Neighbourhoods form while the attraction is exaggerated, with small steps and gains; then the map unfolds with a
    heavy momentum and large steps, and at last settles with less of it. Steps are in units of n / ``rate``, for the
    attraction of a kernel exp(-rate d^2) has the curvature 4 rate / n. ``late`` is the step of the second phase: at
    most 1 / 4 for a Gaussian, whose attraction grows with the distance; 1 for a Student-t, whose attraction fades.
    """
    return {
        "optimizer": "delta-bar-delta",
        "max_iter": 300,
        "lr": PerSample(Steps((1 / 48 / rate, late / rate), until=EARLY)),
        "exaggeration": Steps((12.0, 1.0), until=EARLY),
        "momentum": Steps((0.8, 0.95, 0.8), until=(*EARLY, 0.9)),
        "gain": Steps((0.2, 0.0), until=EARLY),
    }


HEAVY_TAILED, LIGHT_TAILED = 1.0, 0.25
# Divergences like chi^2, whose gradient has no bound where q is small, need steps that do not grow with it.
UNBOUNDED: dict[str, Any] = {"optimizer": "adam", "max_iter": 500, "lr": Cosine(0.5)}
DRIVING = ("epochs", "batch_size", "optimizer", "lr", *OF_OPTIMIZERS, "exaggeration", "augment")


def suggested(model: Objective, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with those of maps added, where the mapper is a table of positions and none that drives is given."""
    maps = isinstance(model.mapper, Embedding) and model.mapper_j is None
    if not maps or any(name in options for name in DRIVING):
        return dict(options)
    if model.measure.unbounded:
        return {**UNBOUNDED, **options}
    return {**map_options(*steps_of(model.learned_dist)), "lenient": True, **options}


def steps_of(learned: Distribution) -> tuple[float, float]:
    """Which steps suit the attraction of a kernel, and its rate."""
    profile = learned.profile(Points.of(torch.zeros(1, 1))) if isinstance(learned, Kernel) else None
    if profile is None:
        return LIGHT_TAILED, 1.0
    tail = HEAVY_TAILED if profile.kind == STUDENT_T else LIGHT_TAILED
    return tail, profile.rate * profile.power


def applicable(options: Training, model: Objective, target: Conditional | None) -> Training:
    """Suggested options without exaggeration, where there is no attraction that could be told from the rest."""
    listed = target is not None and target.edges is not None
    told_apart = listed and model.measure.splits and isinstance(model.learned_dist, Kernel)
    return options if told_apart or not options.lenient else replace(options, exaggeration=None)
