"""Features from a file or a folder of shards."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.features import listed
from iconlearn.data.files import as_path, encode_labels, read_label_file
from iconlearn.data.readers import reading
from iconlearn.features.manifest import NAME, Manifest, Part, read_manifest
from iconlearn.features.sources import SOURCES, Source, same_rows
from iconlearn.features.store import Features


def open_features(path: str | os.PathLike[str], *, labels: Any = None, key: str | None = None) -> Features:
    """Features in a file, or in a folder of shards; nothing but headers and labels is read.

    ================  =====================================  ==============================================
    extension         features                               how rows are read
    ================  =====================================  ==============================================
    .npy              the array (n, d)                       in place
    .npz              key X, or the only 2-D array           in place; compressed: laid out once
    .safetensors      key X, or the only 2-D array           in place
    .parquet          numeric columns and columns of         laid out once, as float32 (float16 where all
                      equally long lists of numbers          columns are)
    a folder          one written by `FeatureWriter`, or     each shard by its format
                      shards of one of these formats, in
                      the order of their sorted names
    ================  =====================================  ==============================================

    "Laid out once" means copied, piece by piece, into a hidden .npy beside the file, or in the user's cache folder
    where nothing may be written there; later calls use the copy for as long as the file is the same. So are arrays
    whose columns stand one after the other (Fortran order). Types may be float16, bfloat16, float32, float64,
    integers or bool. Pickles are never loaded.

    Parameters
    ----------
    path : path
        A file or a folder.
    labels : str, path or array-like (n,), default None
        A column or key (in files with names; "y" is found without being named, unless it is the key); or, ending
        in .npy or .csv, a file with one label per row; or the labels. Each distinct value is a class (-1 too); null
        and NaN are missing and become code -1. A folder of `FeatureWriter` has labels of its own where this is None.
    key : str, default None
        Key or column of the features, where it is not as above.

    Returns
    -------
    Features

    Raises
    ------
    FileFormatError
        A file that is missing, damaged, truncated, pickled or of another format; a folder without features, with
        several formats, or whose extraction is not finished.
    InputError
        Shapes or types that are no rows of numbers, shards that do not go together, labels that do not fit.
    DiskError
        No room to lay rows out.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from iconlearn.features import open_features
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(Path(folder, "x.npy"), np.arange(12.0).reshape(6, 2))
    ...     features = open_features(Path(folder, "x.npy"), labels=list("abcabc"))
    ...     rows = features.take(np.array([5, 0]))
    >>> rows.tolist(), features.label.tolist(), features.classes
    ([[10.0, 11.0], [0.0, 1.0]], [0, 1, 2, 0, 1, 2], ['a', 'b', 'c'])
    """
    path = as_path(path, "path")
    column, file, values = _sorts_of_labels(labels)
    classes = None
    if (path / NAME).is_file():
        if key is not None or column is not None:
            raise InputError(
                f"{path}: key={key!r}, labels={column!r}, but a folder of FeatureWriter has neither keys nor "
                "columns; leave them out, or give a label file (.npy or .csv)"
            )
        manifest = read_manifest(path)
        sources, classes = _written(path, manifest), manifest.classes
    elif path.is_dir():
        sources = [_read(shard, key, column) for shard in _shards(path, file)]
    else:
        sources = [_read(path, key, column)]
    same_rows(sources)
    n = sum(source.shard.rows for source in sources)
    if file is not None:
        values = read_label_file(file, n)
    if values is not None:
        label, classes = encode_labels(file or Path("labels"), list(values), n, "row")
    else:
        label, classes = _found_labels(path, sources, classes)
    return Features(path, [source.shard for source in sources], label, classes)


def _sorts_of_labels(labels: Any) -> tuple[str | None, Path | None, list[Any] | None]:
    """Labels as a column, a file, or values; one of the three at most."""
    if labels is None:
        return None, None, None
    if not isinstance(labels, str | os.PathLike):
        values = np.asarray(labels)
        if values.ndim != 1:
            raise InputError(f"labels: shape {values.shape}, but (n,) is needed; for one-hot use argmax(1)")
        return None, None, values.tolist()
    file = as_path(labels, "labels")
    if file.suffix.lower() in (".npy", ".csv"):
        return None, file, None
    if isinstance(labels, os.PathLike):
        raise FileFormatError(f"{file}: a label file must end in .npy or .csv; convert it")
    return labels, None, None


def _read(path: Path, key: str | None, labels: str | None) -> Source:
    """One file, by its extension."""
    with reading(path):
        reader = SOURCES.get(path.suffix.lower())
        if reader is None:
            raise FileFormatError(
                f"{path}: extension {path.suffix!r} is none of {', '.join(SOURCES)}; load_table reads small tables "
                "of other formats"
            )
        return reader(path, key, labels)


def _shards(folder: Path, labels: Path | None) -> list[Path]:
    """The files of a plain folder, all of one format."""
    files = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    known = [file for file in files if file.suffix.lower() in SOURCES]
    if labels is not None and labels.exists():
        known = [file for file in known if not file.samefile(labels)]
    if not known:
        found = listed(entry.name for entry in folder.iterdir()) or "nothing"
        raise FileFormatError(
            f"{folder}: no shards ({', '.join(SOURCES)}) in this folder, which holds {found}; give the folder of the "
            "shards"
        )
    for file in known:
        if file.suffix.lower() != known[0].suffix.lower():
            raise FileFormatError(
                f"{folder}: mixed formats, such as {known[0].name} and {file.name}; keep one format in a folder (and "
                "name a label file by labels=...)"
            )
    return known


def _written(folder: Path, manifest: Manifest) -> list[Source]:
    """The shards of a folder of `FeatureWriter`, as the manifest promises them."""
    if not manifest.complete:
        raise FileFormatError(
            f"{folder}: not finished, {manifest.n} rows in {len(manifest.shards)} shards so far; run the same "
            "extraction again, it goes on there"
        )
    if not manifest.shards:
        raise InputError(f"{folder}: holds no rows; extract some")
    return [check_part(folder, part, manifest) for part in manifest.shards]


def check_part(folder: Path, part: Part, manifest: Manifest) -> Source:
    """One shard of a folder of `FeatureWriter`, which is there and of the size it had."""
    path = folder / part.name
    promise = f"{NAME} promises {part.rows} rows in it and {manifest.n} in {len(manifest.shards)} shards"
    remedy = "restore it, or extract into an empty folder"
    if not path.is_file():
        raise FileFormatError(f"{path}: the shard is missing; {promise}; {remedy}")
    if (size := path.stat().st_size) != part.bytes:
        raise FileFormatError(f"{path}: {size} bytes instead of {part.bytes}; {promise}; {remedy}")
    source = _read(path, None, None)
    shard = source.shard
    found, promised = (
        (shard.rows, shard.views, shard.d, shard.dtype),
        (part.rows, manifest.views, manifest.d, manifest.dtype),
    )
    if not source.coded or found != promised:
        raise FileFormatError(f"{path}: holds {found} (rows, views, d, dtype), not {promised}; {remedy}")
    return source._replace(shard=replace(shard, sha256=part.sha256))


def _found_labels(
    path: Path, sources: list[Source], classes: list[str] | None
) -> tuple[np.ndarray | None, list[str] | None]:
    """Codes and class names from what stands beside the features, or None where no shard has labels."""
    without = [source.shard for source in sources if source.labels is None]
    if len(without) == len(sources):
        return None, classes
    if all(source.coded for source in sources):
        none = [np.full(source.shard.rows, -1, dtype=np.int64) for source in sources]
        codes = [none[k] if source.labels is None else source.labels for k, source in enumerate(sources)]
        label = np.concatenate(codes)
        most = len(classes) if classes is not None else np.iinfo(np.int64).max
        if label.min() < -1 or label.max() >= most:
            raise FileFormatError(f"{path}: label codes {label.min()} to {label.max()} for {most} classes")
        return label, classes
    if without:
        raise InputError(f"{without[0].source}: has no labels where other shards have; label all or none")
    values = [value for source in sources for value in np.asarray(source.labels).tolist()]
    return encode_labels(path, values, len(values), "row")
