"""Toy data and small settings that fit every row of the table in a moment."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn import METHODS, ICon, Method
from iconlearn.recipes import Recipe, Shape

SMALL: dict[str, Any] = {"perplexity": 8.0, "n_neighbors": 5, "n_clusters": 4, "embedding_dim": 8}
ROWS = tuple(METHODS.values())
NAMES = tuple(METHODS)


def blobs(n: int = 60, d: int = 6, k: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """k well separated blobs in d dimensions, and their codes."""
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % k
    return 4 * rng.normal(size=(k, d))[codes] + rng.normal(size=(n, d)), codes


def small(row: Method, **changed: Any) -> dict[str, Any]:
    """Hyper-parameters of the row that suit sixty points."""
    chosen = {name: value for name, value in SMALL.items() if name in row.parameters}
    return {**chosen, **changed}


def options(row: Method, recipe: Recipe, shape: Shape, **changed: Any) -> dict[str, Any]:
    """Training options of the row, for a few steps."""
    chosen = {k: v for k, v in row.fit.items() if k != "epochs"}
    if recipe.augment is not None:
        chosen["augment"] = recipe.augment(shape)
    return {**chosen, "max_iter": 20, "restarts": min(2, chosen.get("restarts", 1)), **changed}


def model_of(row: Method, X: Any, y: Any = None, **parameters: Any) -> tuple[ICon, dict[str, Any]]:
    """An unfitted model of the row for the data, and its training options."""
    recipe = row.recipe(**small(row, **parameters))
    shape = Shape.of(np.asarray(X), n_classes=None if y is None else int(max(y)) + 1)
    return recipe.model(shape), options(row, recipe, shape)


CHOSEN = ["t-sne", "infonce-clustering", "k-means", "pca", "simclr", "cross-entropy"]
X, Y = blobs()
WHOLE = np.round(4 * X).clip(-100, 100)  # exact in every number type


def run(name: str, X: Any, y: Any = Y, **changed: Any) -> np.ndarray:
    """The embedding of a row, made for sixty points in six dimensions, fitted to X for a few steps."""
    row = METHODS[name]
    model, chosen = model_of(row, WHOLE, y)
    return model.fit(X, y if row.needs_labels else None, **{**chosen, **changed}).transform(X)
