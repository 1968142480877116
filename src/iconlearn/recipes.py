"""Recipes: what a method builds of data of a given shape, and the builders of mappers that methods share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.augmentations import PRESETS, image_views
from iconlearn.data.views import ImageJitter, RowJitter
from iconlearn.distributions import Distribution, LabelKNN, Symmetrized
from iconlearn.inputs import safe_unit
from iconlearn.mappers import (
    CNN,
    MLP,
    Assignments,
    Embedding,
    Linear,
    Momentum,
    Orthonormal,
    PerView,
    Predicted,
    Pretrained,
    Prototypes,
    ResNet18,
    ResNet34,
    ResNet50,
    SoftmaxHead,
    Staged,
    TokenEncoder,
    ViT,
)
from iconlearn.mappers.networks import check_image_shape
from iconlearn.model import ICon


@dataclass(frozen=True)
class Tower:
    """One modality: number of columns, and root mean square of the data as its mapper sees it."""

    d: int
    scale: float = 1.0


@dataclass(frozen=True)
class Shape:
    """What a row of the table of methods needs to know of the data to build its parts."""

    n: int
    d: int
    image_shape: tuple[int, int, int] | None = None
    n_classes: int | None = None
    seed: int = 0
    scale: float = 1.0  # of the data as the mapper sees it; encoders divide by it
    towers: tuple[Tower, ...] = ()  # modalities, where there are several
    graph: Any = None  # weights (n, n), where the data is a graph
    vocabulary: int = 0  # number of tokens, where the data is text
    init: Any = None  # where a map starts, if not where the method says
    anchors: Any = None  # (ids, positions) of the samples of a map that stay where they are
    backbone: Any = None  # the network of images: a name of BACKBONES, or a function that builds it
    projector: Any = None  # widths of its hidden layers between features and embedding
    augment: Any = (
        None  # random views: a preset of iconlearn.augmentations, or functions (x, generator) -> view
    )
    peak: float = 1.0  # largest value, of images the brightest pixel
    stored: bool = False  # do the rows stay on disk, so that nothing is kept for each of them?

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
        peak = float(X.max())
        held = cls(n, d, image_shape, n_classes, seed, scale=scale if scale > 0 else 1.0)
        return replace(held, peak=peak if peak > 0 else 1.0)


# Stands for data that is not there yet: enough to say what a recipe is made of.
SPECIMEN = Shape(
    8, 8, n_classes=2, towers=(Tower(8), Tower(8)), graph=np.ones((8, 8)) - np.eye(8), vocabulary=8
)
Build = Callable[[Shape], Any]


@dataclass(frozen=True)
class Recipe:
    """What a method builds: p, q and, once the data's shape is known, the mapper and the views.

    Parameters
    ----------
    target : Distribution, or callable (Shape) -> Distribution
        The latter where the target holds data: a graph, the number of modalities.
    learned_dist : Distribution
    mapper, mapper_j : callable (Shape) -> Module
    divergence : str, default "kl"
    augment : callable (Shape) -> augmentation, optional
    present : callable (checked data) -> batch, optional
        What the model is fitted to, where that is not simply the data.
    """

    target: Distribution | Build
    learned_dist: Distribution
    mapper: Build
    mapper_j: Build | None = None
    divergence: str = "kl"
    augment: Build | None = None
    present: Callable[[Any], Any] | None = None

    def target_for(self, shape: Shape) -> Distribution:
        """The target for data of this shape."""
        return self.target if isinstance(self.target, Distribution) else self.target(shape)

    @property
    def target_dist(self) -> Distribution:
        """The target as far as it is known without data."""
        return self.target_for(SPECIMEN)

    @property
    def is_map(self) -> bool:
        """Has every sample a position of its own?"""
        return isinstance(self.mapper(SPECIMEN), Embedding)

    def with_labels(self, weight: float) -> Recipe:
        """The same method with labels as a share ``weight`` of its target; see :func:`with_labels`."""
        return replace(self, target=lambda shape: with_labels(self.target_for(shape), weight))

    def model(self, shape: Shape) -> ICon:
        """The model for data of this shape."""
        mapper_j = None if self.mapper_j is None else self.mapper_j(shape)
        return ICon(
            self.target_for(shape),
            self.learned_dist,
            self.mapper(shape),
            mapper_j=mapper_j,
            divergence=self.divergence,
        )


LABEL_NEIGHBORS = 15
LARGE_IMAGE = 96  # pixels of a side from which patches are those of the published transformers
JITTER = "jitter"


def with_labels(target: Distribution, weight: float) -> Distribution:
    """(1 - weight) p + weight p_label, row by row, with p_label on the nearest rows of the same class.

    A row without a label, or alone in its class, keeps p whole. A symmetrised target is mixed before it is
    symmetrised, for the same reason.
    """
    if isinstance(target, Symmetrized):
        return with_labels(target.base, weight).symmetrize()
    metric: Any = next((part.metric for part in target.modules() if hasattr(part, "metric")), "euclidean")
    labels = LabelKNN(LABEL_NEIGHBORS, metric, normalize=target.normalize, pairs=target.pairs)
    return (1 - weight) * target + weight * labels


def embedding(dim: int, init: str = "pca", scale: float = 1e-4) -> Build:
    """A table of positions."""
    check_number("method", "n_components", dim, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        start = init if shape.init is None else shape.init
        held = {} if shape.anchors is None else {"anchors": shape.anchors}
        return Embedding(shape.n, dim, init=start, scale=scale, seed=shape.seed, **held)

    return build


def orthonormal(dim: int) -> Build:
    """A linear map with orthonormal rows."""
    check_number("method", "n_components", dim, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        if dim > shape.d:
            raise InputError(f"n_components={dim} but the data has {shape.d} columns; use at most {shape.d}")
        return Orthonormal(shape.d, dim, seed=shape.seed)

    return build


def vit(embedding_dim: int, image_shape: tuple[int, int, int], **given: Any) -> ViT:
    """A vision transformer with patches that suit the size of the images."""
    patch = 16 if max(image_shape[1:]) >= LARGE_IMAGE else 4
    return ViT(embedding_dim, image_shape, patch, **given)


# Networks of images by name: functions of embedding_dim, image_shape, seed and input_scale.
BACKBONES: dict[str, Callable[..., nn.Module]] = {
    "cnn": CNN,
    "resnet18": ResNet18,
    "resnet34": ResNet34,
    "resnet50": ResNet50,
    "vit": vit,
}
VIEWS = (JITTER, *PRESETS)


def names_model(backbone: str) -> bool:
    """Is it a folder of a model of transformers, or its name on the hub, rather than one of ``BACKBONES``?"""
    return backbone not in BACKBONES and ("/" in backbone or Path(backbone).is_dir())


WIDE = 128  # dimensions in which a map of the plane is trained at first
HEAD_ALONE = 1.05  # of 1000 epochs before, the published head learns alone for 50


def network_of(name: str) -> Callable[..., nn.Module]:
    """What builds a network of images that is named."""
    return partial(Pretrained, name, modality="image") if names_model(name) else BACKBONES[name]


def encoder(dim: int) -> Build:
    """A small network: convolutional for images, a perceptron for rows."""
    check_number("method", "embedding_dim", dim, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        if shape.image_shape is not None:
            chosen = "cnn" if shape.backbone is None else shape.backbone
            network = network_of(chosen) if isinstance(chosen, str) else chosen
            scale = shape.scale if network is CNN else shape.peak
            given = {"image_shape": shape.image_shape, "seed": shape.seed, "input_scale": scale}
            if shape.projector is not None:
                given["projector"] = tuple(shape.projector)
            return network(embedding_dim=dim, **given)
        return MLP(shape.d, dim, hidden=(256, 256), seed=shape.seed, input_scale=shape.scale)

    return build


def staged(dim: int, pretraining: float) -> Build:
    """An encoder of more dimensions, trained first, and a linear layer after it into those that are wanted."""
    check_number("method", "n_components", dim, low=1, integer=True)
    share = check_number("method", "pretraining", pretraining, low=0, high=0.9)

    def build(shape: Shape) -> nn.Module:
        head = Linear(WIDE, dim, seed=shape.seed + 1)
        return Staged(encoder(WIDE)(shape), head, until=(share, share * HEAD_ALONE))

    return build


def predictor(dim: int) -> Build:
    """An encoder with a predictor after it: the query side of a momentum method."""

    def build(shape: Shape) -> nn.Module:
        return Predicted(encoder(dim)(shape), MLP(dim, dim, hidden=(dim,), seed=shape.seed + 1))

    return build


def towers(dim: int) -> Build:
    """One perceptron for each modality."""
    check_number("method", "embedding_dim", dim, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        parts = [
            MLP(tower.d, dim, hidden=(256,), seed=shape.seed + k, input_scale=tower.scale)
            for k, tower in enumerate(shape.towers)
        ]
        return PerView(*parts)

    return build


def heads(n_clusters: int) -> Build:
    """One linear softmax head for each modality."""
    check_number("method", "n_clusters", n_clusters, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        parts = [
            MLP(tower.d, n_clusters, hidden=(), seed=shape.seed + k, input_scale=tower.scale)
            for k, tower in enumerate(shape.towers)
        ]
        return PerView(*parts)

    return build


def context_encoder(context: int, dim: int) -> Build:
    """A network that reads a window of tokens; id 0 stands for what is not shown."""
    check_number("method", "embedding_dim", dim, low=1, integer=True)
    return lambda shape: TokenEncoder(shape.vocabulary + 1, context, dim, seed=shape.seed)


def classes(dim: int) -> Build:
    """One prototype a class."""
    check_number("method", "embedding_dim", dim, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        if shape.n_classes is None:
            raise InputError("this method learns one prototype a class; pass labels y=")
        return Prototypes(shape.n_classes, dim, seed=shape.seed)

    return build


def vocabulary(dim: int) -> Build:
    """One prototype a token."""
    return lambda shape: Prototypes(shape.vocabulary, dim, seed=shape.seed)


def table_of(dim: int) -> Build:
    """A learned vector for every sample, as columns."""
    return embedding(dim, "random", 1.0)


def momentum(rate: float) -> Build:
    """Keys from a moving average of the encoder."""
    return lambda shape: Momentum(rate)


def head(n_clusters: int, init: str = "k-means", hidden: int = 0) -> Build:
    """A softmax head: linear, with one hidden layer beside it where ``hidden`` is its width."""
    check_number("method", "n_clusters", n_clusters, low=1, integer=True)
    widths = (hidden,) if check_number("method", "hidden", hidden, low=0, integer=True) else ()
    return lambda shape: SoftmaxHead(shape.d, n_clusters, init, widths, seed=shape.seed)


def table(n_clusters: int) -> Build:
    """Free soft assignments."""
    check_number("method", "n_clusters", n_clusters, low=1, integer=True)

    def build(shape: Shape) -> nn.Module:
        if n_clusters > shape.n:
            raise InputError(
                f"n_clusters={n_clusters} but there are only {shape.n} rows; use at most {shape.n} clusters"
            )
        return Assignments(shape.n, n_clusters, seed=shape.seed)

    return build


def jitter(shape: Shape) -> Any:
    """Views for the shape of the data, or those that were chosen."""
    if shape.image_shape is None:
        return RowJitter() if shape.augment in (None, JITTER) else shape.augment
    if shape.augment in (None, JITTER):
        return ImageJitter(shape.image_shape)
    if isinstance(shape.augment, str):
        return image_views(shape.augment, shape.image_shape, peak=shape.peak)
    return shape.augment


def temperature_width(temperature: float) -> float:
    """sigma of a softmax of cosines with this temperature."""
    return check_number("method", "temperature", temperature, low=0, open_low=True, high=1e6) ** 0.5


def narrow(sigma: float) -> float:
    """The width of a kernel in whose limit 0 only the nearest candidate counts."""
    return check_number("method", "sigma", sigma, low=0, high=1e3)
