"""The options that estimators have beside the hyper-parameters of their method: one table, and who has which."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from iconlearn.intake import ROWS
from iconlearn.methods import Method
from iconlearn.methods.row import REDUCTION
from iconlearn.train.convergence import settled_from
from iconlearn.train.schedules import Constant, Cosine, Steps

SCHEDULES = (Constant, Cosine, Steps)
STEPS = 100  # of a run in which schedules are looked at


def every(row: Method) -> bool:
    """All methods."""
    return True


def maps(row: Method) -> bool:
    """Methods in which every sample has a position of its own."""
    return row.recipe().is_map


def streams(row: Method) -> bool:
    """Methods that learn from rows on disk."""
    return bool(row.streamed)


def compared(row: Method) -> bool:
    """Methods that are compared with k-means."""
    return "baseline" in row.fit


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
    "epochs": Option(
        None,
        "int | None",
        "Passes over rows that stay on disk (``Features``), in place of ``max_iter``; None takes the method's own.",
        streams,
    ),
    "batch_size": Option(
        None,
        "int | None",
        "Rows of a step, neighbours that join them included; None takes all rows of a table, and the method's own "
        "number of rows on disk.",
        streams,
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
