"""What the encoder of a finished run makes of data: features for maps and clusterings, and what they are worth."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from iconlearn._errors import InputError, OptionError
from iconlearn.data.files import Dataset
from iconlearn.evaluation import knn_accuracy, knn_probe, linear_probe
from iconlearn.extraction import StreamedImages
from iconlearn.features import Features, FeatureWriter
from iconlearn.intake import CAPTIONED, ROWS
from iconlearn.mappers import before_projector, representation
from iconlearn.model import ICon
from iconlearn.persistence import load
from iconlearn.run.finished import read_record
from iconlearn.run.rows import halves

NEIGHBORS = 10  # of the probe by neighbours


class BeforeProjector(nn.Module):
    """The features of an encoder, before its projector; its output where it has none."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, x: Tensor) -> Tensor:
        """Features of rows, (n, d)."""
        return before_projector(self.encoder)(x)


def embed_run(
    run: str | os.PathLike[str],
    dataset: Dataset | StreamedImages,
    out: str | os.PathLike[str],
    *,
    projected: bool = False,
) -> Features:
    """Write the features of every row to a folder, which maps and clusterings read.

    Parameters
    ----------
    run : path
        A folder of ``run_method``, of a method that trains an encoder of rows.
    dataset : Dataset or StreamedImages
        Rows of as many columns as the run had, or images of its shape that stay on disk.
    out : path
        A folder, made if it is not there; one that was begun by the same call goes on.
    projected : bool, default False
        The embedding that the loss saw, in place of the features before the projector.

    Returns
    -------
    Features

    Raises
    ------
    FileFormatError
        If ``run`` holds no finished run, or its model is damaged.
    OptionError
        If the run trained no encoder of rows, or ``out`` holds something else.
    InputError
        If the rows do not suit the model.

    Examples
    --------
    >>> import tempfile
    >>> from iconlearn.data.files import Dataset
    >>> from iconlearn.run import RunOptions, embed_run, run_method
    >>> data = Dataset("few", np.random.default_rng(0).normal(size=(40, 4)), None, None)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = run_method("simclr", data, f"{folder}/run", RunOptions(max_iter=2))
    ...     embed_run(run.out, data, f"{folder}/features").shape
    (40, 64)
    """
    record, model = encoder_of(Path(run))
    if isinstance(dataset, StreamedImages):
        rows, label, name, content = dataset, dataset.label, dataset.source.kind, dataset.digest
    else:
        rows, label, name = dataset.X, dataset.y, dataset.name
        content = hashlib.blake2b(rows.tobytes(), digest_size=16).hexdigest()
    pieces = features_of(model, rows, projected=projected)
    first = next(pieces)
    about = {
        "encoder": record["method"],
        "weights": digest(model),
        "made from": name,
        "rows": content,
        "projected": projected,
    }
    with FeatureWriter(
        out, dim=first.shape[1], dtype="float32", classes=dataset.classes, about=about
    ) as writer:
        done = writer.rows
        place = 0
        for piece in (first, *pieces):
            new = slice(max(0, done - place), None)
            own = None if label is None else label[place : place + len(piece)][new]
            if len(piece[new]):
                writer.add(piece[new], label=own)
            place += len(piece)
        return writer.close()


def probe_run(run: str | os.PathLike[str], dataset: Dataset, *, seed: int = 0) -> dict[str, float]:
    """What the features are worth on labelled rows: a linear classifier and neighbours, judged on a half of them.

    The halves are those of ``run_method``: of the data and the seed of the run itself, the half that is judged is the
    one that the encoder has not seen either.

    Parameters
    ----------
    run, dataset
        As of :func:`embed_run`; rows without a label are left out.
    seed : int, default 0
        Of the halves.

    Returns
    -------
    dict
        "linear_probe", of which "raw" is that of the rows themselves, and "knn_accuracy" of 10 neighbours.

    Raises
    ------
    InputError
        If the rows have no labels of two classes.

    Examples
    --------
    >>> import tempfile
    >>> from iconlearn.data.files import load_digits_dataset
    >>> from iconlearn.run import RunOptions, probe_run, run_method
    >>> digits = load_digits_dataset()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = run_method("simclr", digits, f"{folder}/run", RunOptions(max_iter=2))
    ...     found = probe_run(run.out, digits)
    >>> sorted(found)
    ['knn_accuracy', 'linear_probe', 'linear_probe_raw']
    """
    _, model = encoder_of(Path(run))
    if dataset.y is None:
        raise InputError(f"{dataset.name}: has no labels, by which a probe judges features; give --labels")
    parts = halves(dataset.y, seed)
    if parts is None:
        raise InputError(
            f"{dataset.name}: has {len(np.unique(dataset.y[dataset.y >= 0]))} classes; a probe needs two classes or "
            "more, with two rows or more each"
        )
    train, test = parts
    train = train[dataset.y[train] >= 0]
    features, y = np.concatenate(list(features_of(model, dataset.X))), dataset.y
    return {
        "linear_probe": linear_probe(features[train], y[train], features[test], y[test]),
        "linear_probe_raw": linear_probe(dataset.X[train], y[train], dataset.X[test], y[test]),
        "knn_accuracy": knn_accuracy(features[test], y[test], NEIGHBORS),
    }


def probe_sets(
    run: str | os.PathLike[str], train: Dataset, test: Dataset, *, neighbors: int = NEIGHBORS
) -> dict[str, float]:
    """What the features are worth on images of two splits: classifiers of the one, judged on the other.

    Parameters
    ----------
    run : path
        As of :func:`embed_run`.
    train, test : Dataset
        Labelled rows; a class is known by its name, where there are names.
    neighbors : int, default 10
        Of ``train`` that vote for the class of a row of ``test``.

    Returns
    -------
    dict
        "linear_probe" and "knn_accuracy".

    Raises
    ------
    InputError
        If there are no labels, or too few rows.

    Examples
    --------
    >>> import tempfile
    >>> from iconlearn.data.files import Dataset, load_digits_dataset
    >>> from iconlearn.run import RunOptions, probe_sets, run_method
    >>> digits = load_digits_dataset()
    >>> first, second = (Dataset("half", digits.X[k::2], digits.y[k::2], None) for k in (0, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = run_method("simclr", first, f"{folder}/run", RunOptions(max_iter=2, all_rows=True))
    ...     found = probe_sets(run.out, first, second, neighbors=3)
    >>> sorted(found)
    ['knn_accuracy', 'linear_probe']
    """
    _, model = encoder_of(Path(run))
    held = []
    for data in (train, test):
        if data.y is None:
            raise InputError(f"{data.name}: has no labels, by which a probe judges features")
        names = data.y if data.classes is None else np.asarray(data.classes, dtype=object)[data.y]
        held += [np.concatenate(list(features_of(model, data.X))), names]
    return {"linear_probe": linear_probe(*held), "knn_accuracy": knn_probe(*held, k=neighbors)}


def digest(model: ICon) -> str:
    """Of all weights: features of another encoder are not those that were begun."""
    found = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(model.state_dict().items()):
        found.update(name.encode())
        found.update(tensor.detach().cpu().numpy().tobytes())
    return found.hexdigest()


def features_of(model: ICon, rows: Any, *, projected: bool = False) -> Iterator[np.ndarray]:
    """Features of the rows, some thousand at a time."""
    encoder = representation(model.mapper)
    seen = ICon(model.target_dist, model.learned_dist, encoder if projected else BeforeProjector(encoder))
    seen.unit = model.unit
    return seen.transform_pieces(rows)


def image_shape_of(run: str | os.PathLike[str]) -> tuple[int, int, int]:
    """Channels, height and width of the images that a run learned from."""
    record, _ = read_record(Path(run))
    shape = record["data"]["image_shape"]
    if shape is None:
        raise OptionError(f"{run}: learned from rows that are no images; give rows of as many columns")
    channels, height, width = shape
    return channels, height, width


def encoder_of(run: Path) -> tuple[dict[str, Any], ICon]:
    """The record and the model of a run that trained an encoder of rows."""
    record, row = read_record(run)
    table = row.recipe().is_map  # a position for every sample, and none for new rows
    if table or row.clusters or row.takes not in (ROWS, CAPTIONED):
        raise OptionError(
            f"{run}: is a run of {row.name}, which trains no encoder of rows; give a run of one that does, as simclr"
        )
    return record, load(run / "model")
