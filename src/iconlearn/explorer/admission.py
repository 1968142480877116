"""Which files are let in: those that a reader knows, and that do not become large in memory."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError
from iconlearn.data.readers import READERS, reading
from iconlearn.explorer.browse import mapped
from iconlearn.extraction.memory import check_memory

ROWS = 1 << 16  # of a table that are looked at together


def check_suffix(name: str, suffix: str) -> None:
    """Refuse a file that no reader knows."""
    if suffix.lower() not in READERS:
        raise FileFormatError(f"{name}: extension {suffix!r} is not known; use one of {', '.join(READERS)}")


def check_expanded(path: Path, name: str) -> None:
    """Refuse a small file that would become large in memory."""
    with reading(path):
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                check_size(name, sum(part.file_size for part in archive.infolist()))
        elif path.suffix == ".parquet":
            check_table(path, name)
        elif path.suffix == ".npy":
            check_size(name, mapped(path).nbytes)


def check_size(name: str, needed: int) -> None:
    """Refuse arrays of so many bytes, of which there are several copies while they are read."""
    check_memory(
        f"{name!r:.80}: its arrays", 4 * needed, "send a part of it, or give the file to the command"
    )


def check_table(path: Path, name: str) -> None:
    """Refuse a table that would become large: a word that is there once may stand in every row.

    First by what the file says of itself, then by its words, which are read coded, some rows at a time.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        about = file.metadata
        groups = [about.row_group(k) for k in range(about.num_row_groups)]
        columns = [about.schema.column(k) for k in range(about.num_columns)]
    needed = sum(
        max(8, column.length) * group.column(k).num_values
        for group in groups
        for k, column in enumerate(columns)
    )
    check_size(name, max(needed, sum(group.total_byte_size for group in groups)))
    words = [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL"
    ]
    if words:
        with parquet.ParquetFile(path, read_dictionary=words) as file:
            for batch in file.iter_batches(ROWS, columns=words):
                needed += sum(expanded(column) for column in batch.columns)
                check_size(name, needed)


def expanded(column: Any) -> int:
    """Bytes of a column when each row has words of its own."""
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type
    if pa.types.is_dictionary(kind):
        lengths = compute.call_function("binary_length", [column.dictionary])
        return compute.call_function("sum", [lengths.take(column.indices)]).as_py() or 0
    if pa.types.is_struct(kind):
        return sum(expanded(part) for part in column.flatten())
    if pa.types.is_map(kind):
        return expanded(column.keys) + expanded(column.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return expanded(column.flatten())
    return column.nbytes
