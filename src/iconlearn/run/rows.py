"""Which rows a run is fitted on, and what its recorder watches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from iconlearn._errors import InputError
from iconlearn.data.files import Dataset
from iconlearn.methods import CONTRASTIVE, SUPERVISED, Method
from iconlearn.model import fit_inputs
from iconlearn.recipes import Recipe, Shape
from iconlearn.recording import Recorder, probe_batch


@dataclass(frozen=True, eq=False)
class Split:
    """Rows to fit on, rows held out (None where nothing is), and both in words."""

    train: np.ndarray
    test: np.ndarray | None
    words: str


def is_encoder(row: Method) -> bool:
    """Does the method train an encoder, which is judged on rows it has not seen?"""
    return row.family in (CONTRASTIVE, SUPERVISED)


def choose_rows(row: Method, dataset: Dataset, seed: int) -> Split:
    """All rows; for an encoder on labelled data a stratified half, so that the other half can judge it.

    Raises
    ------
    InputError
        If the method compares labels and there are none.
    """
    y, n = dataset.y, len(dataset.X)
    if row.needs_labels and (y is None or not (y >= 0).any()):
        raise InputError(
            f"{row.name} compares labels but {dataset.name} has none; name a column, key or file with --labels"
        )
    rows, held, words = np.arange(n), None, f"fitted on all {n} rows"
    if is_encoder(row) and (split := halves(y, seed)) is not None:
        rows, held = split
        words = (
            f"fitted on {len(rows)} of {n} rows, a half stratified by label and drawn with seed {seed}; "
            f"scored on the other {len(held)}, the linear probe trained on the fitted ones"
        )
    if row.needs_labels and y is not None and (y[rows] < 0).any():
        rows = rows[y[rows] >= 0]
        words += f"; rows without a label are left out of the fit, which leaves {len(rows)}"
    return Split(rows, held, words)


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


def make_recorder(row: Method, recipe: Recipe, dataset: Dataset, train: np.ndarray, seed: int) -> Recorder:
    """A recorder of all rows; where steps see batches, p and q are watched on a small fixed one."""
    codes = class_codes(dataset, train) if row.needs_labels else None
    fitted = fit_inputs(dataset.X[train], None if codes is None else codes[train])
    if row.fit.get("batch_size") is None and recipe.augment is None:
        return Recorder(fitted)
    image_shape = None if dataset.image_shape is None else tuple(dataset.image_shape)
    shape = Shape(len(train), dataset.X.shape[1], image_shape)  # type: ignore[arg-type]
    augment = None if recipe.augment is None else recipe.augment(shape)
    probe = probe_batch(fitted, recipe.target_dist.num_views, augment, seed)
    everything = fit_inputs(dataset.X, None, unit=fitted.unit)
    label = None if codes is None else torch.from_numpy(codes)
    # Every moment embeds all rows once more: a few less keep it below a tenth of the run.
    return Recorder(replace(everything, label=label), probe=probe, snapshots=45)


def class_codes(dataset: Dataset, train: np.ndarray) -> np.ndarray:
    """Class of every row, numbered as the fit numbers the classes of its own rows; -1 for others."""
    y = np.asarray(dataset.y)
    kinds = np.unique(y[train])
    place = np.searchsorted(kinds, y).clip(max=len(kinds) - 1)
    return np.where(kinds[place] == y, place, -1)


def anchor_rows(recorder: Recorder, train: np.ndarray) -> np.ndarray:
    """Rows of the data set that the recorder's anchors are."""
    if recorder.probe is None:
        return train[recorder.anchors]
    return train[recorder.probe.id.cpu().numpy()[recorder.anchors]]
