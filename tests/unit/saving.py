"""What tests of saving share: small data for every method, and changes of a saved description."""

from __future__ import annotations

import json

import numpy as np

from iconlearn import (
    METHODS,
)
from iconlearn.intake import ROWS

X = np.random.default_rng(0).normal(size=(40, 5)) + 3 * (np.arange(40) % 3)[:, None]
Y = np.arange(40) % 3
SMALL = {"perplexity": 5.0, "n_neighbors": 4, "n_clusters": 3, "embedding_dim": 4}


TABLES = [row for row in METHODS.values() if row.takes is ROWS]


def other_forms():
    """A batch for every method that learns from something else than rows, by the name of its form."""
    graph = np.exp(-np.square(X[:, None] - X[None]).sum(-1) / 20) * (1 - np.eye(40))
    return {
        "graph": graph,
        "modalities": (X, X[:, ::-1] ** 2),
        "captioned rows": (X, X[:, :2]),
        "tokens": (np.arange(40)[:, None] + np.arange(6)) % 7,
    }


def change(path, **parts):
    """Replace parts of a saved description."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **parts}))
