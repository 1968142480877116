"""The options that estimators have beside the hyper-parameters of their method: one table, and who has which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from iconlearn.intake import CAPTIONED, ROWS
from iconlearn.mappers import CNN
from iconlearn.methods import Method
from iconlearn.methods.row import REDUCTION
from iconlearn.recipes import Shape
from iconlearn.train.convergence import settled_from
from iconlearn.train.schedules import Constant, Cosine, Steps

SCHEDULES = (Constant, Cosine, Steps)
STEPS = 100  # of a run in which schedules are looked at
IMAGES = Shape(8, 64, image_shape=(1, 8, 8), n_classes=2)  # stands for images that are not there yet


def every(row: Method) -> bool:
    """All methods."""
    return True


def maps(row: Method) -> bool:
    """Methods in which every sample has a position of its own."""
    return row.recipe().is_map


def augments(row: Method) -> bool:
    """Methods that compare random views."""
    return row.recipe().augment is not None


def streams(row: Method) -> bool:
    """Methods that learn from rows on disk."""
    return bool(row.streamed)


def compared(row: Method) -> bool:
    """Methods that are compared with k-means."""
    return "baseline" in row.fit


@lru_cache(maxsize=256)
def encodes_images(row: Method) -> bool:
    """Methods that train a network, which is convolutional where rows are images."""
    return row.takes in (ROWS, CAPTIONED) and any(
        isinstance(part, CNN) for part in row.recipe().mapper(IMAGES).modules()
    )


def batched(row: Method) -> bool:
    """Methods whose steps see a batch of the rows."""
    return streams(row) or (encodes_images(row) and "batch_size" in row.fit)


def whole(row: Method) -> bool:
    """Methods whose losses can be compared, for the target is one for the whole run, and come to a stand."""
    recipe = row.recipe()
    learns = any(p.requires_grad for p in recipe.target_dist.parameters())
    batches = recipe.augment is not None or recipe.mapper_j is not None or "batch_size" in row.fit
    driving = [row.fit.get(name) for name in ("lr", "exaggeration", "temperature")]
    ends = all(settled_from(value, STEPS) < STEPS / 2 for value in driving if isinstance(value, SCHEDULES))
    return ends and not (batches or learns)


def neighbourhoods(row: Method) -> bool:
    """Dimension reductions whose target says which rows of a table are near: labels can say the same."""
    if row.family != REDUCTION or row.takes is not ROWS or row.needs_labels:
        return False
    recipe = row.recipe()
    return recipe.target_dist.pairs == "distinct" and recipe.augment is None


@dataclass(frozen=True)
class Option:
    """An option of estimators: its default, its type as code, what it does, and the methods that have it."""

    default: Any
    type: str
    text: str
    belongs: Callable[[Method], bool] = every


OPTIONS: dict[str, Option] = {
    "label_weight": Option(
        0.0,
        "float",
        "Share of the labels in the target, in [0, 0.99]: p becomes (1 - w) p + w p_label, with p_label on the 15 "
        "nearest rows of the same class. Labels may be partial (-1, None or NaN is unlabelled; such rows keep p "
        "whole). 0 leaves ``y`` unread, so that a pipeline which passes labels on does not steer the map unasked.",
        neighbourhoods,
    ),
    "init": Option(
        None,
        "Any",
        'Where the map starts: "pca", "spectral", "random", or positions (n, n_components) taken as they are. None is '
        "the method's own start: principal components of rows, Laplacian eigenvectors of graphs.",
        maps,
    ),
    "anchors": Option(
        None,
        "tuple[Any, Any] | None",
        "(ids, positions): rows of X, and where each of them stays during the whole fit, (len(ids), n_components).",
        maps,
    ),
    "tol": Option(
        None,
        "float | None",
        "Stop when the loss improved by a smaller share than this over the last 50 steps; None takes every step.",
        whole,
    ),
    "warm_start": Option(
        False,
        "bool",
        "Go on from the fitted weights or positions instead of starting anew, without early exaggeration. The data "
        "must have the same shape.",
    ),
    "checkpoint": Option(
        None,
        "str | PathLike[str] | None",
        "File that keeps the state of the run; a fit that was killed goes on from it, to the same bits.",
    ),
    "image_shape": Option(
        None,
        "tuple[int, int, int] | None",
        "(channels, height, width) if rows are images; encoders are then convolutional and views are of images.",
    ),
    "backbone": Option(
        None,
        "str | Callable[..., Any] | None",
        'Network of images: "cnn", "resnet18", "resnet34", "resnet50", "vit", the folder or hub name '
        "of a pretrained model of transformers, or a function that builds one of embedding_dim, image_shape, seed and "
        "input_scale. None is a small convolutional network.",
        encodes_images,
    ),
    "projector": Option(
        None,
        "Sequence[int] | None",
        "Widths of hidden layers between features and embedding, of a ``backbone`` that is named: (512,) is an MLP "
        "with one. Features are then what comes before them. None is one linear layer.",
        encodes_images,
    ),
    "augment": Option(
        None,
        "str | Sequence[Callable[..., Any]] | None",
        'Random views of a sample: "jitter", or of images a preset of ``iconlearn.augmentations`` ("simclr", '
        '"moco-v3", "small", "characters"), or functions (x, generator) -> view, one a view. None is "jitter", which '
        "suits tables and images of a few pixels.",
        augments,
    ),
    "lr": Option(
        None,
        "Any",
        "Step size, the peak of warm-up and cosine where it is a number; None takes the method's own.",
        encodes_images,
    ),
    "epochs": Option(
        None,
        "int | None",
        "Passes over the rows, in place of ``max_iter``; None takes the method's own number.",
        batched,
    ),
    "batch_size": Option(
        None,
        "int | None",
        "Rows of a step, neighbours that join them included. None takes the method's own; that of a clustering of a "
        "table is all rows.",
        batched,
    ),
    "accumulate": Option(
        None,
        "int | None",
        "Pieces in which the network embeds a batch, one after another, with the memory of one; the loss and its "
        "gradient are those of the whole batch. None is one piece.",
        encodes_images,
    ),
    "device": Option(
        None,
        "str | None",
        'Where the network is trained and applied: "cpu", "cuda", "cuda:1", ... None is the CPU.',
        encodes_images,
    ),
    "precision": Option(
        None,
        "str | None",
        'Types in which the network computes: "32-true", "bf16-mixed" or "16-mixed". None is "32-true".',
        encodes_images,
    ),
    "optimizer": Option(
        None,
        "str | None",
        '"adam", "adamw", "sgd", or for large batches "lars", which takes another ``lr``. None takes the method\'s '
        "own.",
        encodes_images,
    ),
    "weight_decay": Option(None, "float | None", "Of the optimiser; None takes its own.", encodes_images),
    "max_grad_norm": Option(
        None,
        "float | None",
        "Longer gradients are scaled down to this length; None takes all.",
        encodes_images,
    ),
    "max_iter": Option(None, "int | None", "Optimiser steps; None takes the method's own number."),
    "restarts": Option(
        None,
        "int | None",
        "Starts that race on their own loss: after a twelfth of the steps the best quarter goes on, after three "
        "tenths the best twelfth of them all, and the best of those is taken. None takes the method's own.",
    ),
    "baseline": Option(
        None,
        "float | None",
        "Gain over k-means, as a share of the modularity of the neighbour graph, below which the k-means solution is "
        "kept: where classes are round and overlap, it is near the best. None takes the method's own; -1 never keeps "
        "it.",
        compared,
    ),
    "random_state": Option(
        0, "int | RandomState | None", "Seed of everything random; None draws one, so that fits differ."
    ),
    "callbacks": Option(
        (),
        "Sequence[Callable[[Any], Any]]",
        "Functions called with every ``Event`` of the run; False stops it.",
    ),
    "verbose": Option(0, "int", "1 shows a progress bar."),
}


def options_of(row: Method) -> dict[str, Option]:
    """The options that estimators of the row have, by name."""
    return {name: option for name, option in OPTIONS.items() if option.belongs(row)}
