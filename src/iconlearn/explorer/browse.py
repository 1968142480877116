"""Points that are browsed: a table with two coordinates, of up to millions of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.readers import csv_table, has_header, read_array, reading
from iconlearn.recording.packets import POINTS, Packet

MOST_POINTS = 4_000_000  # shown; of more an evenly spaced part
MOST_CATEGORIES = 4096  # of a column of words; one with more is left out
FEW = 32  # different whole numbers that are taken for categories
PAIRS = (("x", "y"), ("z0", "z1"))  # names of coordinates
COUNTERS = {"row", "index", ""}  # columns that only count the rows


def points_packet(path: Path) -> Packet:
    """The points of a table, and its other columns to colour them by.

    The coordinates are the columns x and y (in any case), or z0 and z1, or the first two of a table that has two or
    three columns of numbers. Rows where one is not finite are left out; words and few whole numbers become categories.

    Parameters
    ----------
    path : Path
        A .csv, .parquet or .npy file.

    Returns
    -------
    Packet
        Of the kind "points": ``rows`` (S,), ``positions`` (S, 2), and ``column_<k>`` (S,).

    Raises
    ------
    InputError
        If the table has no two coordinates, or no row where both are finite.
    FileFormatError
        If the file is damaged.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "pets.csv").write_text("x,y,kind\\n0,1,cat\\n2,3,dog\\n")
    ...     packet = points_packet(Path(folder, "pets.csv"))
    >>> packet.arrays["positions"].tolist(), packet.fields["columns"]
    ([[0.0, 1.0], [2.0, 3.0]], [{'name': 'kind', 'kind': 'category', 'categories': ['cat', 'dog']}])
    """
    with reading(path):
        columns = read_columns(path)
    names = coordinates(columns)
    if names is None:
        raise InputError(
            f"{path}: has no two coordinates; name two columns x and y, or keep two or three columns of numbers"
        )
    positions = np.stack([as_numbers(columns[name]) for name in names], axis=1)
    with np.errstate(over="ignore"):
        positions = positions.astype(np.float32)
    kept = np.flatnonzero(np.isfinite(positions).all(1))
    if not len(kept):
        raise InputError(
            f"{path}: no row has two finite coordinates in {names[0]} and {names[1]}; correct them"
        )
    if len(kept) > MOST_POINTS:
        kept = kept[np.linspace(0, len(kept) - 1, MOST_POINTS).round().astype(np.int64)]
    arrays = {"rows": kept.astype(np.uint32), "positions": positions[kept]}
    told = []
    for name, column in columns.items():
        if name in names or name.lower() in COUNTERS:
            continue
        about, values = described(name, column)
        if about is not None:
            arrays[f"column_{len(told)}"] = values[kept]
            told.append(about)
    return Packet(POINTS, {"n": len(kept), "columns": told, "of": len(positions)}, arrays)


def browsable(path: Path) -> bool:
    """Does the file have two coordinates? Only names and types are read where that is enough."""
    if path.suffix.lower() not in (".csv", ".parquet", ".npy"):
        return False
    with reading(path):
        if path.suffix.lower() == ".parquet":
            from pyarrow import parquet

            with parquet.ParquetFile(path) as file:
                return coordinates({f.name: f.type for f in file.schema_arrow}) is not None
        if path.suffix.lower() == ".npy":
            return mapped(path).shape[1:] in ((2,), (3,))
        return coordinates(read_columns(path)) is not None


def mapped(path: Path) -> np.ndarray:
    """The array of a .npy file, mapped: its shape costs nothing."""
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except ValueError:
        return read_array(path)  # which says what is wrong


def read_columns(path: Path) -> dict[str, Any]:
    """The columns of a table by name, as arrow or NumPy holds them."""
    suffix = path.suffix.lower()
    if suffix == ".npy":
        array = read_array(path)
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            return {}
        return {f"f{k}": column for k, column in enumerate(array.T)}
    if suffix == ".csv":
        table = csv_table(path, has_header(path))
    else:
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            table = file.read()
    return dict(zip(table.column_names, table.columns, strict=True))


def coordinates(columns: dict[str, Any]) -> tuple[str, str] | None:
    """The names of the two coordinates; values or types of the columns are given."""
    numbers = [name for name, column in columns.items() if is_number(column)]
    lower = {name.lower(): name for name in reversed(numbers)}
    for x, y in PAIRS:
        if x in lower and y in lower:
            return lower[x], lower[y]
    others = [name for name in numbers if name.lower() not in COUNTERS]
    return (others[0], others[1]) if len(others) in (2, 3) else None


def is_number(column: Any) -> bool:
    """Is it a column, or the type of one, of numbers?"""
    import pyarrow as pa

    if isinstance(column, np.ndarray):
        return True
    kind = column if isinstance(column, pa.DataType) else column.type
    types = pa.types
    return types.is_floating(kind) or types.is_integer(kind) or types.is_decimal(kind)


def as_numbers(column: Any) -> np.ndarray:
    """A column as float64, NaN where there is none."""
    import pyarrow as pa

    if isinstance(column, np.ndarray):
        return column.astype(np.float64)
    return column.cast(pa.float64(), safe=False).to_numpy()


def described(name: str, column: Any) -> tuple[dict[str, Any] | None, np.ndarray]:
    """What a column to colour by is, and its values: codes, or float32."""
    if is_number(column):
        values = as_numbers(column)
        finite = values[np.isfinite(values)]
        if len(finite) and (finite == np.round(finite)).all():
            kinds = np.unique(finite)
            if len(kinds) <= FEW:
                codes = np.where(np.isfinite(values), np.searchsorted(kinds, values), -1)
                names = [str(int(kind)) for kind in kinds]
                return {"name": name, "kind": "category", "categories": names}, codes.astype(np.int32)
        with np.errstate(over="ignore"):
            return {"name": name, "kind": "number", "categories": None}, values.astype(np.float32)
    return words(name, column)


def words(name: str, column: Any) -> tuple[dict[str, Any] | None, np.ndarray]:
    """A column of text or truth values as codes, in the order of the words; None if it has too many."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types, none = pa.types, np.zeros(0, np.int32)
    kind = column.type.value_type if types.is_dictionary(column.type) else column.type
    if not (types.is_string(kind) or types.is_large_string(kind) or types.is_boolean(kind)):
        return None, none
    text = column.cast(pa.string())
    kinds = sorted(word for word in pc.call_function("unique", [text]).to_pylist() if word is not None)
    if len(kinds) > MOST_CATEGORIES:
        return None, none
    found = pc.call_function("index_in", [text], pc.SetLookupOptions(pa.array(kinds, pa.string())))
    codes = found.fill_null(-1).to_numpy().astype(np.int32)
    return {"name": name, "kind": "category", "categories": kinds}, codes
