"""Training options that methods of one kind share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from iconlearn.train.schedules import Cosine, Steps
from iconlearn.train.suggestions import HEAVY_TAILED, LIGHT_TAILED, map_options

MAP: Mapping[str, Any] = map_options(HEAVY_TAILED)
LIGHT_MAP: Mapping[str, Any] = map_options(LIGHT_TAILED)
# Of a dense target there is no attraction that could be told from the rest, so nothing to exaggerate.
DENSE_MAP: Mapping[str, Any] = {k: v for k, v in LIGHT_MAP.items() if k != "exaggeration"}
SPHERE: Mapping[str, Any] = {"optimizer": "adam", "max_iter": 300, "lr": Cosine(0.05)}
ENCODER: Mapping[str, Any] = {
    "optimizer": "adamw",
    "epochs": 100,
    "batch_size": 128,
    "lr": Cosine(3e-3),
}
# A parametric map, on all rows at once: a batch holds few of a point's neighbours.
NETWORK_MAP: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 300,
    "lr": Cosine(3e-3),
    "exaggeration": Steps((4.0, 1.0), until=(0.25,)),
}
# The positives are given by a graph over all rows, of which a small batch would hold few.
WHOLE: Mapping[str, Any] = {"optimizer": "adamw", "max_iter": 150, "lr": Cosine(3e-3)}
LANGUAGE_MODEL: Mapping[str, Any] = {
    "optimizer": "adamw",
    "epochs": 10,
    "batch_size": 256,
    "lr": Cosine(3e-3),
}
HEAD: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 120,
    "lr": Cosine(0.02, warmup=0.0),
    "restarts": 16,
}
# The starts of a head are many and short: what is missing in clustering is not the objective but its optimum.
RACE: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 150,
    "lr": Cosine(0.05, warmup=0.0),
    "restarts": 64,
    "baseline": 0.04,
}
# Of rows on disk: a batch of samples, each with one of its neighbours.
STREAMED: Mapping[str, Any] = {
    "epochs": 20,
    "batch_size": 4096,
    "positives": 1,
    "lr": Cosine(5e-3, warmup=0.0),
    "restarts": 4,
}
FEWEST_STEPS = 150  # of few rows on disk there are as many epochs as make so many


def streamed_options(options: Mapping[str, Any], n: int) -> dict[str, Any]:
    """The training options of a method for ``n`` rows on disk."""
    leaders = max(1, min(options["batch_size"], n) // (1 + options["positives"]))
    return {**options, "epochs": max(options["epochs"], math.ceil(FEWEST_STEPS * leaders / n))}


SOLUTIONS: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 60,
    "lr": Cosine(0.3, warmup=0.0),
    "restarts": 4,
}
TABLE: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 120,
    "lr": Cosine(0.3, warmup=0.0),
    "restarts": 48,
}
LINEAR: Mapping[str, Any] = {"optimizer": "adam", "max_iter": 300, "lr": Cosine(0.05)}
