"""Training options that methods of one kind share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iconlearn.train.schedules import Cosine, PerSample, Steps

# Neighbourhoods form while the attraction is exaggerated, with small steps and gains; then the map unfolds with a
# heavy momentum and steps as large as stay stable (benchmarks/schedules.py compares the alternatives).
EARLY = (0.25,)
MAP: Mapping[str, Any] = {
    "optimizer": "delta-bar-delta",
    "max_iter": 300,
    "lr": PerSample(Steps((1 / 48, 1.0), until=EARLY)),
    "exaggeration": Steps((12.0, 1.0), until=EARLY),
    "momentum": Steps((0.8, 0.95), until=EARLY),
    "gain": Steps((0.2, 0.0), until=EARLY),
}
# Of a dense target there is no attraction that could be told from the rest, so nothing to exaggerate.
DENSE_MAP: Mapping[str, Any] = {k: v for k, v in MAP.items() if k != "exaggeration"}
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
