"""Data sets by name or from files, whose form is told by what they hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._checks import nearest_name
from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.builtin import BUILT_IN, load_digits_dataset
from iconlearn.data.dataset import Dataset
from iconlearn.data.features import as_table
from iconlearn.data.forms import table_of
from iconlearn.data.readers import READERS, csv_table, flat_labels, read_array, reading

__all__ = ["Dataset", "load_dataset", "load_digits_dataset", "load_table"]

_SAMPLES = {"graph": "node", "tokens": "sequence"}  # what one label belongs to


def read_label_file(path: Path, n: int) -> list[Any]:
    """One label per row; `n` decides whether a first line of a .csv is a header."""
    with reading(path):
        if path.suffix.lower() == ".npy":
            return flat_labels(path, read_array(path))
        for header in (True, False):
            table = csv_table(path, header)
            if table.num_columns != 1:
                raise InputError(f"{path}: {table.num_columns} columns, but a label file has one; keep one")
            if table.num_rows == n:
                break
        return table.column(0).to_pylist()


def encode_labels(path: Path, values: list[Any], n: int, sample: str) -> tuple[np.ndarray, list[str]]:
    """Codes (n,) and sorted class names; None and NaN become -1."""
    if len(values) != n:
        raise InputError(
            f"{path}: {len(values)} labels for {n} {sample}s; give one per {sample} (NA where one is not known)"
        )
    present = [value for value in values if value is not None and value == value]
    if all(isinstance(value, float) and value.is_integer() for value in present):
        values = [int(value) if value is not None and value == value else None for value in values]
        present = [int(value) for value in present]
    try:
        kinds = sorted(set(present))
    except TypeError as error:
        raise InputError(
            f"{path}: labels of type {type(present[0]).__name__}; use numbers or text"
        ) from error
    code = {value: i for i, value in enumerate(kinds)}
    y = np.array([code.get(value, -1) for value in values], dtype=np.int64)
    return y, [kind.decode(errors="replace") if isinstance(kind, bytes) else str(kind) for kind in kinds]


def as_path(value: Any, name: str) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name}: a {type(value).__name__}, but a path or name is needed; pass str or Path")
    return Path(os.path.expanduser(os.fsdecode(value)))


def load_table(path: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None) -> Dataset:
    """A data set, with labels where there are some, from one file: a table of features, or another form.

    ========================  =========================================  ==========================
    extension                 features                                   labels
    ========================  =========================================  ==========================
    .npy                      the array                                  a label file
    .npz, .safetensors        key X, or the only 2-D array               key y, or the key `labels`
    .csv                      numeric columns                            the column `labels`
    .parquet                  numeric columns and columns of equally     the column `labels`
                              long lists of numbers
    ========================  =========================================  ==========================

    Other forms are told by what the file holds, and checked:

    ==============  ========================================================================================
    form            file
    ==============  ========================================================================================
    graph           an .npz of ``scipy.sparse.save_npz``: symmetric weights, finite and not negative; or a
                    .csv or .parquet with the columns source, target and, if wanted, weight (in any case
                    and order) and no label column: undirected edges, ``W = A + A.T``, whose nodes are the
                    distinct names, sorted
    modalities      an .npz or .safetensors with the keys X_1, X_2, ... and no X: tables with the same rows
    captioned rows  an .npz or .safetensors with the keys X and captions: tables with the same rows
    tokens          an .npz or .safetensors with the key tokens and no X: integer ids (sequences, length)
    ==============  ========================================================================================

    Arrays (n, h, w) and (n, c, h, w) are images, flattened with their shape kept. The first line of a .csv
    is a header unless one of its cells is a number; without header the columns are f0, f1, ... Pickles are
    never loaded. Types are kept or widened as in `check_features`.

    Parameters
    ----------
    path : path
    labels : str or path, default None
        A column or key; or, ending in .npy or .csv, a file with one label per sample. Each distinct value is a
        class (-1 too); null and NaN are missing and become code -1.

    Returns
    -------
    Dataset

    Raises
    ------
    FileFormatError
        A missing, damaged, truncated, empty or pickled file, or an unknown extension.
    InputError
        Features that are not finite real numbers of a usable shape, weights, captions or tokens that are none,
        or labels that do not fit.

    Examples
    --------
    >>> from pathlib import Path
    >>> from iconlearn.data.files import load_table
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "pets.csv").write_text("age,kind\\n3,cat\\n5,dog\\n4,cat\\n")
    ...     data = load_table(Path(folder, "pets.csv"), labels="kind")
    >>> data.X.shape, data.y.tolist(), data.classes
    ((3, 1), [0, 1, 0], ['cat', 'dog'])
    """
    path = as_path(path, "path")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        with reading(path):
            cause = f"extension {path.suffix!r} is not known" if path.suffix else "it has no extension"
            raise FileFormatError(f"{path}: {cause}; use one of {', '.join(READERS)}")
    key, label_file = None, None if labels is None else as_path(labels, "labels")
    if label_file is not None and label_file.suffix.lower() not in (".npy", ".csv"):
        if isinstance(labels, os.PathLike):
            raise FileFormatError(f"{label_file}: a label file must end in .npy or .csv; convert it")
        key, label_file = labels, None
    with reading(path):
        parts = reader(path, key)
    if parts.form == "rows":
        (X, image_shape), source = as_table(parts.features, str(path), parts.columns), None
    else:
        X, image_shape, source = table_of(parts.form, parts.features), parts.image_shape, parts.features
    values = parts.labels if label_file is None else read_label_file(label_file, len(X))
    y = classes = None
    if values is not None:
        y, classes = encode_labels(label_file or path, values, len(X), _SAMPLES.get(parts.form, "row"))
    return Dataset(path.stem, X, y, classes, image_shape, parts.form, source, parts.columns)


def load_dataset(
    name_or_path: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None
) -> Dataset:
    """A built-in data set, or a file as `load_table` reads it.

    Parameters
    ----------
    name_or_path : str or path
        "digits", "digits-graph", "digits-halves", "digits-captions", "sentences", or a path.
    labels : str or path, default None
        As in `load_table`; built-in sets have their own or none.

    Returns
    -------
    Dataset

    Raises
    ------
    FileFormatError, InputError
        As `load_table`; also for a name that is neither built in nor a file, and for labels with a name.

    Examples
    --------
    >>> from iconlearn.data.files import load_dataset
    >>> load_dataset("digits").image_shape
    (1, 8, 8)
    """
    path = as_path(name_or_path, "name_or_path")
    if make := BUILT_IN.get(str(path)):
        if labels is not None:
            raise InputError(
                f"{path}: labels={str(labels)!r}, but a built-in data set has its own labels or none; leave it out"
            )
        return make()
    if not path.suffix and not os.path.exists(path):
        raise FileFormatError(
            f"{path}: no built-in data set ({', '.join(map(repr, BUILT_IN))}) and no file of this name"
            f"{nearest_name(str(path), BUILT_IN)}; files end in {', '.join(READERS)}"
        )
    return load_table(path, labels)
