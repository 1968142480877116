"""Clusters of new rows by a finished run."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import DiskError, IConLearnError, OptionError
from iconlearn.evaluation import ClusteringReport
from iconlearn.features import Features
from iconlearn.persistence import load
from iconlearn.run.clusters import judge_clusters, write_clusters
from iconlearn.run.finished import read_record


def predict_stored(
    run: str | os.PathLike[str], features: Features, out: str | os.PathLike[str]
) -> ClusteringReport:
    """Write the most probable cluster of every stored row, by the model that a run has left.

    Parameters
    ----------
    run : path
        A folder of ``run_method`` or ``run_stored``, of a clustering of rows.
    features : Features
        With as many columns as the run had.
    out : path
        A .parquet file: row, name, cluster, confidence and label, as far as they are known. Written aside and renamed.

    Returns
    -------
    ClusteringReport
        With labels where the features have them.

    Raises
    ------
    FileFormatError
        If the folder holds no finished run, or its model is damaged.
    OptionError
        If the run is of no clustering, or ``out`` does not end in .parquet or belongs to the features.
    InputError
        If the rows do not suit the model.
    DiskError
        If the disk is full.

    Examples
    --------
    >>> import tempfile
    >>> from iconlearn import open_features
    >>> from iconlearn.run import RunOptions, run_stored
    >>> X = np.random.default_rng(0).normal(size=(90, 4))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/x.npy", X)
    ...     options = RunOptions({"n_clusters": 3}, epochs=2)
    ...     run = run_stored("pmi-clustering", open_features(f"{folder}/x.npy"), f"{folder}/run", options)
    ...     np.save(f"{folder}/new.npy", X[:10])
    ...     report = predict_stored(run.out, open_features(f"{folder}/new.npy"), f"{folder}/new.parquet")
    >>> report.rows, report.n_clusters
    (10, 3)
    """
    path = Path(out)
    if path.suffix != ".parquet":
        raise OptionError(f"out={str(out)!r} must end in .parquet; name such a file")
    check_place(path, features)
    model = load_clustering(Path(run))
    features.check()
    cluster, confidence = np.empty(features.n, np.int64), np.empty(features.n, np.float32)
    n_clusters = 0
    for first, rows in features.pieces():
        logits = model.transform(rows)
        place, n_clusters = slice(first, first + len(rows)), logits.shape[1]
        cluster[place], confidence[place] = most_probable(logits)
    try:
        write_clusters(path, features, cluster, confidence)
    except OSError as cause:
        if isinstance(cause, IConLearnError):
            raise
        raise DiskError(
            cause.errno or errno.EIO, f"{path} cannot be written ({cause.strerror or cause})"
        ) from cause
    return judge_clusters(path, n_clusters)


def check_place(out: Path, features: Features) -> None:
    """Refuse to write over the features, or among their files."""
    place, held = out.resolve(), features.path.resolve()
    if place == held or held in place.parents or place in (s.source.resolve() for s in features.slots.shards):
        raise OptionError(
            f"out={str(out)!r} belongs to the features {str(features.path)!r}; name a file elsewhere"
        )


def load_clustering(run: Path) -> Any:
    """The model of a run that is a clustering of rows."""
    _, row = read_record(run)
    if not (row.clusters and row.takes.places_new):
        raise OptionError(
            f"{run}: is a run of {row.name}, which gives new rows no clusters; give a run of a clustering"
        )
    return load(run / "model")


def most_probable(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Most probable cluster of every row, and its probability."""
    mass = np.exp(logits - logits.max(1, keepdims=True))
    return logits.argmax(1), 1.0 / mass.sum(1)
