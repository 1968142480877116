"""Toy data and small settings that fit every row of the table in a moment."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn import METHODS, ICon, Method
from iconlearn.intake import ROWS as TABLES
from iconlearn.recipes import Recipe, Shape

SMALL: dict[str, Any] = {
    "perplexity": 8.0,
    "n_neighbors": 5,
    "n_clusters": 4,
    "embedding_dim": 8,
    "context": 4,
}
ROWS = tuple(METHODS.values())
NAMES = tuple(METHODS)
PLAIN = tuple(row.name for row in ROWS if row.takes is TABLES)  # methods that learn from a table of rows
# One method of every kind, for proofs that take long.
NAMED = tuple(row.name for row in ROWS if row.name in PLAIN and row.status == "named")


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


def source_of(row: Method, X: np.ndarray) -> Any:
    """Data of the kind that the row takes, made from a table."""
    rng = np.random.default_rng(7)

    def affinity() -> np.ndarray:
        squared = np.square(X[:, None] - X[None]).sum(-1)
        return np.exp(-squared / squared.mean()) * (1 - np.eye(len(X)))

    made = {
        "rows": lambda: X,
        "graph": affinity,
        "modalities": lambda: (X, X @ rng.normal(size=(X.shape[1], 5))),
        "captioned rows": lambda: (X, np.sign(X) + 0.1 * rng.normal(size=X.shape)),
        "tokens": lambda: (np.arange(len(X))[:, None] + 3 * np.arange(9)) % 11,
    }
    return made[row.takes.name]()


def shape_of(row: Method, X: Any, y: Any = None) -> Shape:
    """The shape of data made from a table."""
    source = row.takes.read(source_of(row, np.asarray(X)), row.name)
    return row.takes.shape(source, n_classes=None if y is None else int(max(y)) + 1)


def batch_of(row: Method, X: Any, **parameters: Any) -> Any:
    """What a model of the row is fitted to, made from a table."""
    source = row.takes.read(source_of(row, np.asarray(X)), row.name)
    present = row.recipe(**small(row, **parameters)).present
    return row.takes.batch(source) if present is None else present(source)


def model_of(row: Method, X: Any, y: Any = None, **parameters: Any) -> tuple[ICon, dict[str, Any]]:
    """An unfitted model of the row for the data, and its training options."""
    recipe = row.recipe(**small(row, **parameters))
    shape = shape_of(row, X, y)
    return recipe.model(shape), options(row, recipe, shape)


CHOSEN = ["t-sne", "infonce-clustering", "k-means", "pca", "simclr", "cross-entropy"]
X, Y = blobs()
WHOLE = np.round(4 * X).clip(-100, 100)  # exact in every number type


def run(name: str, X: Any, y: Any = Y, **changed: Any) -> np.ndarray:
    """The embedding of a row, made for sixty points in six dimensions, fitted to X for a few steps."""
    row = METHODS[name]
    model, chosen = model_of(row, WHOLE, y)
    return model.fit(X, y if row.needs_labels else None, **{**chosen, **changed}).transform(X)
