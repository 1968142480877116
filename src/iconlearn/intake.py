"""What a method learns from: rows, a graph, modalities, captioned rows or tokens; checked at the door."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array
from iconlearn.data.forms import MOST_TOKENS
from iconlearn.data.graphs import check_graph
from iconlearn.features import Stored as StoredRows
from iconlearn.neighbors import NeighborGraph
from iconlearn.recipes import Shape, Tower

SCALE_ROWS, SCALE_NUMBERS = 4096, 1 << 22  # of stored rows, from which their scale is taken


class Intake(ABC):
    """A kind of data: how it is checked, what a model is fitted to, and what a mapper must know of it."""

    name: str
    words: str  # what the user passes as X
    file: str  # what a file of it holds
    places_new = True  # are there new rows to embed after the fit?

    @abstractmethod
    def read(self, X: Any, owner: str, min_rows: int = 2) -> Any:
        """X, checked."""

    @abstractmethod
    def shape(self, source: Any, **known: Any) -> Shape:
        """What mappers must know of checked data; ``known`` are image_shape, n_classes and seed."""

    def batch(self, source: Any) -> Any:
        """What a model is fitted to."""
        return source

    def length(self, source: Any) -> int:
        """Number of samples."""
        return len(source)

    def take(self, source: Any, rows: np.ndarray) -> Any:
        """Some of the samples."""
        return source[rows]

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Rows(Intake):
    """A table of features."""

    name, words = "rows", "a table X of shape (n, d)"
    file = "numeric columns, or an array under the key X"

    def read(self, X: Any, owner: str, min_rows: int = 2) -> np.ndarray:
        return check_features(X, "X", min_rows)

    def shape(self, source: Any, **known: Any) -> Shape:
        return Shape.of(source, **known)


class GraphIntake(Intake):
    """Weights between samples."""

    name, words = "graph", "a graph: a symmetric matrix of weights of shape (n, n), dense or scipy sparse"
    file = "a matrix of scipy.sparse.save_npz, or a table of edges with the columns source, target and weight"
    places_new = False

    def read(self, X: Any, owner: str, min_rows: int = 2) -> Any:
        from scipy import sparse

        graph = X if sparse.issparse(X) else to_array(X, "X")
        shape = graph.shape
        if len(shape) != 2 or shape[0] != shape[1]:
            raise InputError(
                f"{owner}: X has shape {tuple(shape)}, but this method learns from {self.words}; make one with "
                "sklearn.neighbors.kneighbors_graph(X, 10) and add its transpose"
            )
        if shape[0] < min_rows:
            raise InputError(f"{owner}: X has {shape[0]} nodes; at least {min_rows} are needed")
        if graph.dtype.kind not in "biuf":
            raise InputError(f"{owner}: X holds weights of type {graph.dtype}; numbers are needed")
        return check_graph(sparse.csr_array(graph), f"{owner}: X")

    def shape(self, source: Any, *, n_classes: int | None = None, seed: int = 0, **_: Any) -> Shape:
        return Shape(source.shape[0], source.shape[0], n_classes=n_classes, seed=seed, graph=source)

    def batch(self, source: Any) -> Any:
        return {"id": np.arange(source.shape[0])}

    def length(self, source: Any) -> int:
        return source.shape[0]

    def take(self, source: Any, rows: np.ndarray) -> Any:
        return source[rows][:, rows]


def refuse_texts(X: Any, owner: str) -> None:
    """Refuse texts in place of a table: what to do is other than where a part is not there."""
    parts: list[Any] = list(X) if isinstance(X, (tuple, list)) else []
    for k, part in enumerate(parts):
        if np.ndim(part) == 1 and len(part) and all(isinstance(value, str) for value in part):
            raise InputError(
                f"{owner}: X[{k}] holds texts, but this method takes numbers; encode them as features of shape (n, d), "
                "such as the embeddings of a language model"
            )


class Modalities(Intake):
    """The same samples seen in several ways."""

    name, words = "modalities", "a tuple of two or more tables with the same rows, such as (images, texts)"
    file = "an .npz or .safetensors with the keys X_1, X_2, ..."

    def read(self, X: Any, owner: str, min_rows: int = 2) -> tuple[np.ndarray, ...]:
        if not isinstance(X, (tuple, list)) or len(X) < 2 or any(np.ndim(part) < 2 for part in X):
            refuse_texts(X, owner)
            count = len(X) if isinstance(X, (tuple, list)) and all(np.ndim(part) == 2 for part in X) else 1
            raise InputError(
                f"{owner}: X holds {count} modality, but this method compares modalities; pass {self.words}"
            )
        parts = tuple(check_features(part, f"X[{k}]", min_rows) for k, part in enumerate(X))
        if len({len(part) for part in parts}) != 1:
            raise InputError(
                f"{owner}: the modalities have {[len(part) for part in parts]} rows; row i of each must be sample i"
            )
        return parts

    def shape(
        self, source: Any, *, n_classes: int | None = None, seed: int = 0, image_shape: Any = None
    ) -> Shape:
        shapes = [Shape.of(part, seed=seed) for part in source]
        towers = tuple(Tower(part.d, part.scale) for part in shapes)
        return Shape(len(source[0]), shapes[0].d, n_classes=n_classes, seed=seed, towers=towers)

    def batch(self, source: Any) -> Any:
        return {"views": source}

    def length(self, source: Any) -> int:
        return len(source[0])

    def take(self, source: Any, rows: np.ndarray) -> Any:
        return tuple(part[rows] for part in source)


class Captioned(Intake):
    """Rows with a second description, which the target compares and the mapper does not see."""

    name, words = "captioned rows", "a tuple (X, captions) of two tables with the same rows"
    file = "an .npz or .safetensors with the keys X and captions"

    def read(self, X: Any, owner: str, min_rows: int = 2) -> tuple[np.ndarray, np.ndarray]:
        if not isinstance(X, (tuple, list)) or len(X) != 2 or any(np.ndim(part) < 2 for part in X):
            refuse_texts(X, owner)
            raise InputError(
                f"{owner}: X is one table, but the target of this method compares captions (any features that "
                f"say which rows belong together); pass {self.words}"
            )
        rows, captions = (
            check_features(part, name, min_rows) for part, name in zip(X, ("X", "captions"), strict=True)
        )
        if len(rows) != len(captions):
            raise InputError(f"{owner}: {len(rows)} rows but {len(captions)} captions; one a row is needed")
        return rows, captions

    def shape(self, source: Any, **known: Any) -> Shape:
        return Shape.of(source[0], **known)

    def batch(self, source: Any) -> Any:
        return {"value": source[0], "caption": source[1]}

    def length(self, source: Any) -> int:
        return len(source[0])

    def take(self, source: Any, rows: np.ndarray) -> Any:
        return tuple(part[rows] for part in source)


class Tokens(Intake):
    """Sequences of token ids."""

    name, words = "tokens", "sequences of token ids, an integer array of shape (n, length)"
    file = "an .npz or .safetensors with the key tokens"

    def read(self, X: Any, owner: str, min_rows: int = 2) -> np.ndarray:
        tokens = to_array(X, "X")
        if tokens.ndim != 2 or tokens.shape[1] < 2 or not np.issubdtype(tokens.dtype, np.integer):
            raise InputError(
                f"{owner}: X has shape {tokens.shape} and type {tokens.dtype}, but this method learns from {self.words}"
            )
        if len(tokens) < min_rows or int(tokens.min()) < 0:
            raise InputError(
                f"{owner}: X has {len(tokens)} sequences and ids from {tokens.min()}; at least {min_rows} "
                "sequences with ids from 0 are needed"
            )
        if int(tokens.max()) >= MOST_TOKENS:
            raise InputError(
                f"{owner}: X has the token id {tokens.max()}, and every id up to it gets a vector; ids must be "
                f"below {MOST_TOKENS}: number the tokens that occur with np.unique(X, return_inverse=True)"
            )
        return tokens.astype(np.int64)

    def shape(self, source: Any, *, n_classes: int | None = None, seed: int = 0, **_: Any) -> Shape:
        return Shape(
            len(source), source.shape[1], n_classes=n_classes, seed=seed, vocabulary=int(source.max()) + 1
        )


class Neighbors(Intake):
    """Rows of which only the nearest neighbours are known; what maps take in place of rows."""

    name, words = "neighbours", "a NeighborGraph"
    file = "a graph of NeighborGraph.save"
    places_new = False

    def read(self, X: Any, owner: str, min_rows: int = 2) -> NeighborGraph:
        if not isinstance(X, NeighborGraph):
            raise InputError(f"{owner}: X is a {type(X).__name__}, but fit was given {self.words}; pass that")
        return X

    def shape(self, source: Any, *, n_classes: int | None = None, seed: int = 0, **_: Any) -> Shape:
        return Shape(source.n, source.n, n_classes=n_classes, seed=seed, init="spectral")

    def batch(self, source: Any) -> Any:
        return {"id": np.arange(source.n)}

    def length(self, source: Any) -> int:
        return source.n


class Stored(Intake):
    """Rows that stay on disk; what methods with a parametric mapper take in place of a table."""

    name = "stored rows"
    words = "features that stay on disk, as open_features(path) gives them, or images, as stream_images(path)"
    file = "a folder of shards, or a file of features that is not loaded"

    def read(self, X: Any, owner: str, min_rows: int = 2) -> StoredRows:
        if not isinstance(X, StoredRows):
            raise InputError(f"{owner}: X is a {type(X).__name__}; pass {self.words}")
        if X.n < min_rows:
            raise InputError(f"{owner}: {X!r} holds {X.n} rows; at least {min_rows} are needed")
        return X.check()

    def shape(
        self, source: Any, *, n_classes: int | None = None, seed: int = 0, image_shape: Any = None
    ) -> Shape:
        few = min(source.n, SCALE_ROWS, max(1, SCALE_NUMBERS // source.d))
        some = source.take(np.linspace(0, source.n - 1, few).astype(np.int64))
        scale = float(some.double().square().mean().sqrt())
        held = Shape(source.n, source.d, source.image_shape, n_classes, seed, stored=True)
        return replace(held, scale=scale if scale > 0 else 1.0, peak=source.peak if source.peak > 0 else 1.0)

    def take(self, source: Any, rows: np.ndarray) -> Any:
        return source.take(rows).numpy()


NEIGHBORS, STORED = Neighbors(), Stored()
ROWS, GRAPH, MODALITIES, CAPTIONED, TOKENS = (
    Rows(),
    GraphIntake(),
    Modalities(),
    Captioned(),
    Tokens(),
)
INTAKES: dict[str, Intake] = {i.name: i for i in (ROWS, GRAPH, MODALITIES, CAPTIONED, TOKENS)}
