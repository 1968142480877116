"""Readers of data, one for each file format; whatever goes wrong becomes an error that names the file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from iconlearn._checks import nearest_name
from iconlearn._errors import FileFormatError, IConLearnError, InputError
from iconlearn.data.features import listed
from iconlearn.data.forms import READ_FORM, form_of
from iconlearn.data.graphs import edge_columns, read_edges


class Parts(NamedTuple):
    """What a file holds: an array of features that is still to be checked, or a checked source of another form."""

    features: Any
    columns: list[str] | None = None
    labels: list[Any] | None = None
    form: str = "rows"
    image_shape: tuple[int, ...] | None = None


# What pandas calls a row index that was saved as if it were a column.
_INDEX_NAMES = {"", "Unnamed: 0", "__index_level_0__"}


@contextmanager
def reading(path: Path) -> Iterator[None]:
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


def missing_column(path: Path, labels: str, names: Iterable[str]) -> InputError:
    names = list(names)
    return InputError(
        f"{path}: no single column or key {labels!r} for the labels; it has {listed(names)}"
        f"{nearest_name(labels, names)} (a separate label file must end in .npy or .csv)"
    )


def read_array(path: Path) -> np.ndarray:
    with open(path, "rb") as file:
        return np.lib.format.read_array(file, allow_pickle=False)


def _read_npy(path: Path, labels: str | None) -> Parts:
    if labels is not None:
        raise InputError(
            f"{path}: labels={labels!r}, but an .npy file has no columns; give a label file (.npy or .csv)"
        )
    return Parts(read_array(path))


def _pick(path: Path, keys: Iterable[str], get: Callable[[str], Any], labels: str | None) -> Parts:
    """Data and labels among named arrays; only what is needed is read."""
    keys = list(keys)
    key = labels or "y"
    if labels and key not in keys:
        raise missing_column(path, key, keys)
    form, needed = form_of(path, (name for name in keys if name != key))
    if form != "rows":
        source, image_shape = READ_FORM[form](path, {name: get(name) for name in needed})
        y = flat_labels(path, get(key)) if key in keys else None
        return Parts(source, None, y, form, image_shape)
    arrays = {name: get(name) for name in keys if "X" not in keys or name in ("X", key)}
    features = {k: v for k, v in arrays.items() if k != key and isinstance(v, np.ndarray) and v.ndim > 1}
    flat = [k for k, v in features.items() if v.ndim == 2] or list(features)
    if "X" not in arrays and len(flat) != 1:
        shapes = ", ".join(f"{k}: {getattr(v, 'shape', 'not an array')}" for k, v in arrays.items())
        raise InputError(f"{path}: {len(flat)} arrays could be the features ({shapes}); name one of them X")
    y = flat_labels(path, arrays[key]) if key in arrays else None
    return Parts(arrays["X" if "X" in arrays else flat[0]], None, y)


def _read_npz(path: Path, labels: str | None) -> Parts:
    with open(path, "rb") as file, np.lib.npyio.NpzFile(file, allow_pickle=False) as archive:
        return _pick(path, archive.files, archive.__getitem__, labels)


def _read_safetensors(path: Path, labels: str | None) -> Parts:
    from safetensors import safe_open

    with safe_open(path, framework="np") as file:
        return _pick(path, file.keys(), file.get_tensor, labels)


def has_header(path: Path) -> bool:
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


def csv_table(path: Path, header: bool) -> Any:
    from pyarrow import csv as arrow_csv

    return arrow_csv.read_csv(
        path,
        read_options=arrow_csv.ReadOptions(autogenerate_column_names=not header),
        convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True),
    )


def _read_csv(path: Path, labels: str | None) -> Parts:
    return table_parts(path, csv_table(path, has_header(path)), labels)


def _read_parquet(path: Path, labels: str | None) -> Parts:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        return table_parts(path, file.read(), labels)


def table_parts(path: Path, table: Any, labels: str | None) -> Parts:
    names = list(table.column_names)
    if labels is not None and names.count(labels) != 1:
        raise missing_column(path, labels, names)
    if table.num_rows == 0:
        raise InputError(f"{path}: has columns ({listed(names)}) but no rows; add data")
    if labels is None and (lower := edge_columns(names)):
        return Parts(read_edges(path, dict(zip(lower, table.columns, strict=True))), form="graph")
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
    return Parts(np.concatenate(blocks, axis=1), columns, y)


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


def flat_labels(path: Path, y: np.ndarray) -> list[Any]:
    if y.ndim != 1 and y.shape[1:] != (1,):
        raise InputError(f"{path}: labels of shape {y.shape}, but (n,) is needed; for one-hot use argmax(1)")
    return y.ravel().tolist()


READERS: dict[str, Callable[[Path, str | None], Parts]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".csv": _read_csv,
    ".parquet": _read_parquet,
    ".safetensors": _read_safetensors,
}
