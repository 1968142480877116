"""Recipes: what a row of the table builds, and the builders of mappers that rows share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.views import ImageJitter, RowJitter
from iconlearn.distributions import Distribution
from iconlearn.inputs import safe_unit
from iconlearn.mappers import CNN, MLP, Assignments, Embedding, Orthonormal, Prototypes, SoftmaxHead
from iconlearn.mappers.networks import check_image_shape
from iconlearn.model import ICon


@dataclass(frozen=True)
class Shape:
    """What a row needs to know of the data to build its mapper."""

    n: int
    d: int
    image_shape: tuple[int, int, int] | None = None
    n_classes: int | None = None
    seed: int = 0
    scale: float = 1.0  # of the data as the mapper sees it; encoders divide by it

    @classmethod
    def of(
        cls, X: np.ndarray, *, image_shape: Any = None, n_classes: int | None = None, seed: int = 0
    ) -> Shape:
        """The shape of a table (n, d), and its root mean square."""
        n, d = X.shape
        if image_shape is not None:
            image_shape = check_image_shape("method", image_shape)
            if math.prod(image_shape) != d:
                raise InputError(f"image_shape={image_shape} does not hold the {d} columns of X")
        scale = float(np.sqrt(np.square(X / safe_unit(X), dtype=np.float64).mean()))
        return cls(n, d, image_shape, n_classes, seed, scale if scale > 0 else 1.0)


Build = Callable[[Shape], Any]


@dataclass(frozen=True)
class Recipe:
    """What a row builds: p, q and, once the data's shape is known, the mapper and the views."""

    target_dist: Distribution
    learned_dist: Distribution
    mapper: Build
    mapper_j: Build | None = None
    divergence: str = "kl"
    augment: Build | None = None

    def model(self, shape: Shape) -> ICon:
        """The model for data of this shape."""
        mapper_j = None if self.mapper_j is None else self.mapper_j(shape)
        return ICon(
            self.target_dist,
            self.learned_dist,
            self.mapper(shape),
            mapper_j=mapper_j,
            divergence=self.divergence,
        )


def embedding(dim: int) -> Build:
    """A table of positions."""
    check_number("method", "n_components", dim, low=1, integer=True)
    return lambda shape: Embedding(shape.n, dim, seed=shape.seed)


def orthonormal(dim: int) -> Build:
    """A linear map with orthonormal rows."""
    check_number("method", "n_components", dim, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        if dim > shape.d:
            raise InputError(f"n_components={dim} but the data has {shape.d} columns; use at most {shape.d}")
        return Orthonormal(shape.d, dim, seed=shape.seed)

    return build


def encoder(dim: int) -> Build:
    """A small network: convolutional for images, a perceptron for rows."""
    check_number("method", "embedding_dim", dim, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        if shape.image_shape is not None:
            return CNN(shape.image_shape, dim, seed=shape.seed, input_scale=shape.scale)
        return MLP(shape.d, dim, hidden=(256, 256), seed=shape.seed, input_scale=shape.scale)

    return build


def classes(dim: int) -> Build:
    """One prototype a class."""

    def build(shape: Shape) -> nn.Module:
        if shape.n_classes is None:
            raise InputError("this method learns one prototype a class; pass labels y=")
        return Prototypes(shape.n_classes, dim, seed=shape.seed)

    return build


def head(n_clusters: int) -> Build:
    """A linear softmax head."""
    check_number("method", "n_clusters", n_clusters, low=1, integer=True)
    return lambda shape: SoftmaxHead(shape.d, n_clusters, seed=shape.seed)


def table(n_clusters: int) -> Build:
    """Free soft assignments."""
    check_number("method", "n_clusters", n_clusters, low=1, integer=True)
    return lambda shape: Assignments(shape.n, n_clusters, seed=shape.seed)


def jitter(shape: Shape) -> ImageJitter | RowJitter:
    """Views for the shape of the data."""
    return RowJitter() if shape.image_shape is None else ImageJitter(shape.image_shape)


def temperature_width(temperature: float) -> float:
    """sigma of a softmax of cosines with this temperature."""
    return check_number("method", "temperature", temperature, low=0, open_low=True, high=1e6) ** 0.5
