"""Feature tables from files and from memory: one set of rules for what counts as data."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._checks import nearest_name
from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.features import as_floats
from iconlearn.data.readers import READERS, csv_table, flat_labels, read_array, reading


@dataclass(frozen=True, eq=False)
class Dataset:
    """A feature table with what is known about its rows.

    Attributes
    ----------
    name : str
        File stem, or the built-in name.
    X : ndarray of float32 or float64, shape (n, d)
        Features, finite and C-contiguous.
    y : ndarray of int64, shape (n,), or None
        Label codes, positions in `classes`; -1 where the label is missing.
    classes : list of str, or None
        Class names, sorted (by value where the labels are numbers).
    image_shape : tuple of int, or None
        (channels, height, width) where the rows are flattened images.

    Examples
    --------
    >>> import numpy as np
    >>> from iconlearn.data.files import Dataset
    >>> Dataset("tiny", np.zeros((2, 3)), None, None).X.shape
    (2, 3)
    """

    name: str
    X: np.ndarray
    y: np.ndarray | None
    classes: list[str] | None
    image_shape: tuple[int, ...] | None = None


def _read_label_file(path: Path, n: int) -> list[Any]:
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


def _encode(path: Path, values: list[Any], n: int) -> tuple[np.ndarray, list[str]]:
    """Codes (n,) and sorted class names; None and NaN become -1."""
    if len(values) != n:
        raise InputError(
            f"{path}: {len(values)} labels for {n} rows; give one per row (NA where one is not known)"
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


def _as_path(value: Any, name: str) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{name}: a {type(value).__name__}, but a path or name is needed; pass str or Path")
    return Path(os.path.expanduser(os.fsdecode(value)))


def load_table(path: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None) -> Dataset:
    """A feature table, with labels where there are some, from one file.

    ========================  =========================================  ==========================
    extension                 features                                   labels
    ========================  =========================================  ==========================
    .npy                      the array                                  a label file
    .npz, .safetensors        key X, or the only 2-D array               key y, or the key `labels`
    .csv                      numeric columns                            the column `labels`
    .parquet                  numeric columns and columns of equally     the column `labels`
                              long lists of numbers
    ========================  =========================================  ==========================

    Arrays (n, h, w) and (n, c, h, w) are images, flattened with their shape kept. The first line of a .csv
    is a header unless one of its cells is a number; without header the columns are f0, f1, ... Pickles are
    never loaded. Types are kept or widened as in `check_features`.

    Parameters
    ----------
    path : path
    labels : str or path, default None
        A column or key; or, ending in .npy or .csv, a file with one label per row. Each distinct value is a
        class (-1 too); null and NaN are missing and become code -1.

    Returns
    -------
    Dataset

    Raises
    ------
    FileFormatError
        A missing, damaged, truncated, empty or pickled file, or an unknown extension.
    InputError
        Features that are not finite real numbers of a usable shape, or labels that do not fit.

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
    path = _as_path(path, "path")
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        with reading(path):
            cause = f"extension {path.suffix!r} is not known" if path.suffix else "it has no extension"
            raise FileFormatError(f"{path}: {cause}; use one of {', '.join(READERS)}")
    key, label_file = None, None if labels is None else _as_path(labels, "labels")
    if label_file is not None and label_file.suffix.lower() not in (".npy", ".csv"):
        if isinstance(labels, os.PathLike):
            raise FileFormatError(f"{label_file}: a label file must end in .npy or .csv; convert it")
        key, label_file = labels, None
    with reading(path):
        array, columns, values = reader(path, key)
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise InputError(
            f"{path}: shape {array.shape}, but (n, d), or (n, h, w) or (n, c, h, w) for images, is needed, "
            f"none of them 0; {'save X.reshape(-1, 1)' if array.ndim == 1 else 'reshape or add data'}"
        )
    if array.ndim == 4 and array.shape[3] in (1, 3, 4) and array.shape[1] not in (1, 3, 4):
        raise InputError(f"{path}: shape {array.shape} has channels last; save X.transpose(0, 3, 1, 2)")
    n, inner = len(array), array.shape[1:]
    image_shape = None if array.ndim == 2 else (1,) * (4 - array.ndim) + inner
    X = as_floats(array.reshape(n, -1), str(path), columns)
    if label_file is not None:
        values = _read_label_file(label_file, n)
    y, classes = (None, None) if values is None else _encode(label_file or path, values, n)
    return Dataset(path.stem, X, y, classes, image_shape)


def load_digits_dataset() -> Dataset:
    """The 1797 handwritten digits of 8 x 8 pixels that come with scikit-learn.

    Returns
    -------
    Dataset
        X float32 (1797, 64) with values 0 to 16, y 0 to 9, image_shape (1, 8, 8).

    References
    ----------
    Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning Repository.

    Examples
    --------
    >>> from iconlearn.data.files import load_digits_dataset
    >>> load_digits_dataset().X.shape
    (1797, 64)
    """
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Dataset("digits", X.astype(np.float32), y.astype(np.int64), [str(i) for i in range(10)], (1, 8, 8))


def load_dataset(
    name_or_path: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None
) -> Dataset:
    """The built-in data set "digits", or a file as `load_table` reads it.

    Parameters
    ----------
    name_or_path : str or path
    labels : str or path, default None
        As in `load_table`; "digits" has its own.

    Returns
    -------
    Dataset

    Raises
    ------
    FileFormatError, InputError
        As `load_table`; also for a name that is neither built in nor a file, and for labels with "digits".

    Examples
    --------
    >>> from iconlearn.data.files import load_dataset
    >>> load_dataset("digits").image_shape
    (1, 8, 8)
    """
    path = _as_path(name_or_path, "name_or_path")
    if str(path) == "digits":
        if labels is not None:
            raise InputError(f"digits: labels={str(labels)!r}, but it has its own labels; leave it out")
        return load_digits_dataset()
    if not path.suffix and not os.path.exists(path):
        raise FileFormatError(
            f"{path}: no built-in data set ('digits') and no file of this name"
            f"{nearest_name(str(path), ['digits'])}; files end in {', '.join(READERS)}"
        )
    return load_table(path, labels)
