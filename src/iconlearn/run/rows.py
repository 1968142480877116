"""Which rows a run is fitted on, and what its recorder watches."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iconlearn._errors import InputError
from iconlearn.data.builtin import EXAMPLES
from iconlearn.data.files import Dataset
from iconlearn.door import fit_inputs
from iconlearn.inputs import safe_unit
from iconlearn.intake import CAPTIONED, GRAPH, ROWS, TOKENS
from iconlearn.methods import Method
from iconlearn.recipes import Recipe
from iconlearn.recording import Recorder, probe_batch
from iconlearn.run.streamed import Stream
from iconlearn.spectral import leading_eigenvectors
from iconlearn.viz.maps import project


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to fit on, rows held out (None where nothing is), and both in words."""

    train: np.ndarray
    test: np.ndarray | None
    words: str


@dataclass(frozen=True, eq=False)
class Material:
    """A data set and the method that learns from it."""

    row: Method
    dataset: Dataset
    stream: Stream | None = None  # what is learnt from, where ``dataset`` is a sample of it

    def __post_init__(self) -> None:
        takes, form = self.row.takes, self.dataset.form
        if takes.name != form:
            raise InputError(
                f"{self.row.name} learns from {takes.name}, but {self.dataset.name} holds {form}; give {takes.file}, "
                f"or the built-in {EXAMPLES[takes.name]!r}"
            )

    @cached_property
    def source(self) -> Any:
        """What the method learns from, checked once."""
        return self.row.takes.read(self.dataset.learns_from, self.row.name)

    @cached_property
    def layout(self) -> tuple[np.ndarray, str]:
        """Where a clustering draws the samples, (n, 2), and what that is: the data's own map, which does not move."""
        if self.row.takes is GRAPH:
            x, words = (
                leading_eigenvectors(self.dataset.learns_from, 3)[:, 1:],
                "the graph's leading eigenvectors",
            )
        else:
            x, words = self.dataset.X / safe_unit(self.dataset.X), "the data"
        return project(x.astype(np.float64))[0], f"a PCA of {words}"

    @property
    def image_shape(self) -> tuple[int, ...] | None:
        """The shape of the rows as the mapper sees them, where they are images."""
        return self.dataset.image_shape if self.row.takes in (ROWS, CAPTIONED) else None

    def part(self, split: Split) -> tuple[Any, np.ndarray | None]:
        """What is fitted, and its labels if there are any."""
        if self.stream is None:
            y = self.dataset.y
            return self.row.takes.take(self.source, split.train), None if y is None else y[split.train]
        images = self.stream.without(split.test, labelled=self.row.needs_labels)
        return images, images.label if self.row.needs_labels else None

    def batch(self, recipe: Recipe, source: Any) -> Any:
        """What a model of the method is fitted to."""
        return self.row.takes.batch(source) if recipe.present is None else recipe.present(source)

    def views(self, recipe: Recipe) -> int:
        """Views of every sample that a step compares."""
        return max(recipe.target_dist.num_views, recipe.learned_dist.num_views)


def choose_rows(row: Method, dataset: Dataset, seed: int, *, hold_out: bool = True) -> Split:
    """All rows; for an encoder on labelled data a stratified half, if the other half is held out to judge it.

    Raises
    ------
    InputError
        If the method compares labels and there are none.
    """
    check_labels(row, dataset)
    y, n = dataset.y, len(dataset.X)
    rows, held, words = np.arange(n), None, f"fitted on all {n} rows"
    kinds = np.arange(n) % 2 if row.takes is TOKENS else y
    if hold_out and row.encodes and (split := halves(kinds, seed)) is not None:
        rows, held = split
        words = (
            f"fitted on {len(rows)} of {n} rows, a half stratified by label and drawn with seed {seed}; "
            f"scored on the other {len(held)}, the linear probe trained on the fitted ones"
        )
    if row.needs_labels and y is not None and (y[rows] < 0).any():
        rows = rows[y[rows] >= 0]
        words += f"; rows without a label are left out of the fit, which leaves {len(rows)}"
    return Split(rows, held, words)


def check_labels(row: Method, dataset: Dataset) -> None:
    """Refuse data without labels, where the method compares them.

    Raises
    ------
    InputError
    """
    if row.needs_labels and (dataset.y is None or not (dataset.y >= 0).any()):
        raise InputError(
            f"{row.name} compares labels but {dataset.name} has none; name a column, key or file with --labels"
        )


def halves(y: np.ndarray | None, seed: int) -> tuple[np.ndarray, np.ndarray] | None:
    """A stratified half of the labelled rows and the other half, sorted; None if a half lacks two classes.

    Rows without a label (-1) go to the first half.

    Examples
    --------
    >>> import numpy as np
    >>> halves(np.array([0, 0, 1, 1, -1]), seed=0)
    (array([0, 2, 4]), array([1, 3]))
    """
    if y is None:
        return None
    order = np.random.default_rng(seed).permutation(len(y))
    first, second = [np.flatnonzero(y < 0)], []
    for k, kind in enumerate(np.unique(y[y >= 0])):
        members = order[y[order] == kind]
        cut = (len(members) + k % 2) // 2  # odd classes round up and down in turn
        first.append(members[:cut])
        second.append(members[cut:])
    parts = [np.sort(np.concatenate([*part, order[:0]])) for part in (first, second)]
    if any(len(np.unique(y[part][y[part] >= 0])) < 2 for part in parts):
        return None
    return parts[0], parts[1]


def make_recorder(
    row: Method, recipe: Recipe, material: Material, train: np.ndarray, seed: int, folder: Path
) -> Recorder:
    """A recorder of all rows; where steps see batches, p and q are watched on a small fixed one."""
    dataset, takes = material.dataset, row.takes
    codes = class_codes(dataset, train) if row.needs_labels else None
    part = takes.take(material.source, train)
    fitted = fit_inputs(material.batch(recipe, part), None if codes is None else codes[train])
    if row.fit.get("batch_size") is None and recipe.augment is None:
        return Recorder(fitted, folder=folder)
    augment = None
    if recipe.augment is not None:
        augment = recipe.augment(takes.shape(part, image_shape=material.image_shape))
    probe = probe_batch(fitted, material.views(recipe), augment, seed)
    everything = fit_inputs(material.batch(recipe, material.source), None, unit=fitted.unit)
    label = None if codes is None else torch.from_numpy(codes)
    # Every moment embeds all rows once more: a few less keep it below a tenth of the run.
    return Recorder(replace(everything, label=label), probe=probe, snapshots=45, folder=folder)


def class_codes(dataset: Dataset, train: np.ndarray) -> np.ndarray:
    """Class of every row, numbered as the fit numbers the classes of its own rows; -1 for others."""
    y = np.asarray(dataset.y)
    kinds = np.unique(y[train])
    place = np.searchsorted(kinds, y).clip(max=len(kinds) - 1)
    return np.where(kinds[place] == y, place, -1)


def anchor_rows(recorder: Recorder, train: np.ndarray) -> np.ndarray:
    """Rows of the data set that the recorder's anchors are."""
    if recorder.probe is None:
        return train[recorder.anchors % len(train)]
    return train[recorder.probe.id.cpu().numpy()[recorder.anchors % recorder.probe.n] % len(train)]
