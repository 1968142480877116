"""Feature tables from files and from memory: one set of rules for what counts as data."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._checks import nearest_name
from iconlearn._errors import FileFormatError, IConLearnError, InputError
from iconlearn.data.features import as_floats, listed

_Parts = tuple[np.ndarray, list[str] | None, list[Any] | None]  # features, column names, labels
# What pandas calls a row index that was saved as if it were a column.
_INDEX_NAMES = {"", "Unnamed: 0", "__index_level_0__"}


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


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever a file library raises becomes a FileFormatError that names the file."""
    try:
        if not path.is_file():
            cause = "is a directory" if path.is_dir() else "is no file" if path.exists() else "does not exist"
            raise FileFormatError(f"{path}: {cause} (looked from {Path.cwd()}); give the path of a data file")
        if path.stat().st_size == 0:
            raise FileFormatError(f"{path}: the file is empty (0 bytes); write it again")
        yield
    except IConLearnError:
        raise
    except PermissionError as error:
        raise FileFormatError(f"{path}: no permission to read it; change its mode or owner") from error
    except Exception as error:
        if "allow_pickle" in str(error):
            raise FileFormatError(
                f"{path}: holds pickled Python objects, which are never loaded because they can run code; "
                "save plain numbers instead, with np.save(path, np.asarray(X, dtype=float))"
            ) from error
        cause = " ".join(str(error).split())[:200]
        raise FileFormatError(
            f"{path}: cannot be read as {path.suffix.lower()} ({type(error).__name__}: {cause}); the file is "
            "damaged, truncated or of another kind: write it again, or correct its extension"
        ) from error


def _missing_column(path: Path, labels: str, names: Iterable[str]) -> InputError:
    names = list(names)
    return InputError(
        f"{path}: no single column or key {labels!r} for the labels; it has {listed(names)}"
        f"{nearest_name(labels, names)} (a separate label file must end in .npy or .csv)"
    )


def _read_array(path: Path) -> np.ndarray:
    with open(path, "rb") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_npy(path: Path, labels: str | None) -> _Parts:
    if labels is not None:
        raise InputError(
            f"{path}: labels={labels!r}, but an .npy file has no columns; give a label file (.npy or .csv)"
        )
    return _read_array(path), None, None


def _pick(path: Path, keys: Iterable[str], get: Callable[[str], Any], labels: str | None) -> _Parts:
    """Features and labels among named arrays; only what is needed is read."""
    keys = list(keys)
    key = labels or "y"
    if labels and key not in keys:
        raise _missing_column(path, key, keys)
    arrays = {name: get(name) for name in keys if "X" not in keys or name in ("X", key)}
    features = {k: v for k, v in arrays.items() if k != key and isinstance(v, np.ndarray) and v.ndim > 1}
    flat = [k for k, v in features.items() if v.ndim == 2] or list(features)
    if "X" not in arrays and len(flat) != 1:
        shapes = ", ".join(f"{k}: {getattr(v, 'shape', 'not an array')}" for k, v in arrays.items())
        raise InputError(f"{path}: {len(flat)} arrays could be the features ({shapes}); name one of them X")
    y = _flat_labels(path, arrays[key]) if key in arrays else None
    return arrays["X" if "X" in arrays else flat[0]], None, y


def _read_npz(path: Path, labels: str | None) -> _Parts:
    with open(path, "rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
        return _pick(path, archive.files, archive.__getitem__, labels)


def _read_safetensors(path: Path, labels: str | None) -> _Parts:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        return _pick(path, file.keys(), file.get_tensor, labels)


def _has_header(path: Path) -> bool:
    """Whether no cell of the first line is a number."""

    def is_number(cell: str) -> bool:
        try:
            float(cell)
        except ValueError:
            return False
        return True

    with open(path, newline="", encoding="utf-8-sig") as file:
        cells = next((row for row in csv.reader(file) if row), [])
    numbers = [cell.strip() for cell in cells if is_number(cell)]
    if len(numbers) > 1 and numbers == [str(i) for i in range(len(numbers))]:
        raise InputError(
            f"{path}: the first line counts {listed(numbers, 4)}: column names as pandas numbers them, or "
            "data? Put names (x0,x1,...) on a line above data, or in its place; or write data as 0.0,1.0"
        )
    return not numbers


def _csv_table(path: Path, header: bool) -> Any:
    from pyarrow import csv as arrow_csv

    return arrow_csv.read_csv(
        path,
        read_options=arrow_csv.ReadOptions(autogenerate_column_names=not header),
        convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True),
    )


def _read_csv(path: Path, labels: str | None) -> _Parts:
    return _from_table(path, _csv_table(path, _has_header(path)), labels)


def _read_parquet(path: Path, labels: str | None) -> _Parts:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return _from_table(path, file.read(), labels)


def _from_table(path: Path, table: Any, labels: str | None) -> _Parts:
    names = list(table.column_names)
    if labels is not None and names.count(labels) != 1:
        raise _missing_column(path, labels, names)
    if table.num_rows == 0:
        raise InputError(f"{path}: has columns ({listed(names)}) but no rows; add data")
    y, blocks, columns, bad = None, [], [], {}
    for name, column in zip(names, table.columns, strict=True):
        if name == labels:
            y = column.to_pylist()
        elif name in _INDEX_NAMES:
            raise InputError(
                f"{path}: column {name!r} is a saved row index or has no name; save without the index "
                "(pandas: index=False), or name the column"
            )
        elif (block := _numbers(path, name, column)) is None:
            bad[name] = str(column.type)
        else:
            blocks.append(block)
            columns += [name] if block.shape[1] == 1 else [f"{name}[{i}]" for i in range(block.shape[1])]
    if bad:
        only = next(iter(bad))
        fix = (
            f"if it is the label, pass labels={only!r} (--labels {only})" if len(bad) == 1 else "or pick one"
        )
        raise InputError(
            f"{path}: not numbers: {listed(f'{name}: {kind}' for name, kind in bad.items())}; "
            f"{fix}{' as labels' if len(bad) > 1 else ''}, else drop or encode"
            f"{' (only commas separate columns)' if len(names) == 1 else ''}"
        )
    if not blocks:
        raise InputError(f"{path}: no feature columns besides the labels; add numeric columns")
    return np.concatenate(blocks, axis=1), columns, y


def _numbers(path: Path, name: str, column: Any) -> np.ndarray | None:
    """A column of numbers, or of equally long lists of them, as (n, width); None for anything else."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types, n, kind = pa.types, len(column), column.type
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        widths = pc.call_function("list_value_length", [column]).unique().to_pylist()
        kind, column = kind.value_type, pc.call_function("list_flatten", [column])
        if len(widths) != 1 or not widths[0]:
            raise InputError(
                f"{path}: column {name!r} holds lists of lengths {widths[:8]}; make all equal and not empty"
            )
    if types.is_floating(kind) or types.is_integer(kind) or types.is_boolean(kind):
        column = column.cast(pa.float64(), safe=False) if column.null_count else column
    elif types.is_decimal(kind) or types.is_null(kind):
        column = column.cast(pa.float64(), safe=False)
    else:
        return None
    return column.to_numpy().reshape(n, -1)


def _flat_labels(path: Path, y: np.ndarray) -> list[Any]:
    if y.ndim != 1 and y.shape[1:] != (1,):
        raise InputError(f"{path}: labels of shape {y.shape}, but (n,) is needed; for one-hot use argmax(1)")
    return y.ravel().tolist()


def _read_label_file(path: Path, n: int) -> list[Any]:
    """One label per row; `n` decides whether a first line of a .csv is a header."""
    with _reading(path):
        if path.suffix.lower() == ".npy":
            return _flat_labels(path, _read_array(path))
        for header in (True, False):
            table = _csv_table(path, header)
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


_READERS: dict[str, Callable[[Path, str | None], _Parts]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".safetensors": _read_safetensors,
}


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
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        with _reading(path):
            cause = f"extension {path.suffix!r} is not known" if path.suffix else "it has no extension"
            raise FileFormatError(f"{path}: {cause}; use one of {', '.join(_READERS)}")
    key, label_file = None, None if labels is None else _as_path(labels, "labels")
    if label_file is not None and label_file.suffix.lower() not in (".npy", ".csv"):
        if isinstance(labels, os.PathLike):
            raise FileFormatError(f"{label_file}: a label file must end in .npy or .csv; convert it")
        key, label_file = labels, None
    with _reading(path):
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
            f"{nearest_name(str(path), ['digits'])}; files end in {', '.join(_READERS)}"
        )
    return load_table(path, labels)
