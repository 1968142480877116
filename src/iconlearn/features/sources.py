"""One file of features in any of four formats: its rows, and the labels beside them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from iconlearn._checks import nearest_name
from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.features import listed
from iconlearn.data.forms import form_of
from iconlearn.data.readers import flat_labels, missing_column, table_parts
from iconlearn.features.headers import Stored, npy_arrays, npz_arrays, safetensors_arrays
from iconlearn.features.layout import laid_out, unpacked
from iconlearn.features.manifest import KIND
from iconlearn.features.slots import STORED, Shard, as_float32, beyond_float32

log = logging.getLogger("iconlearn")
STEP = 4096  # rows of a parquet file at a time


class Source(NamedTuple):
    """What one file holds.

    ``labels`` are values (n,) still to be encoded, or codes where ``coded``.
    """

    shard: Shard
    labels: Any = None
    coded: bool = False


def _npy(path: Path, key: str | None, labels: str | None) -> Source:
    for argument, value in (("key", key), ("labels", labels)):
        if value is not None:
            raise InputError(
                f"{path}: {argument}={value!r}, but an .npy file holds one array without a name; leave it out, or "
                "give a label file (.npy or .csv)"
            )
    return Source(_shard(path, npy_arrays(path)[""], ""))


def _npz(path: Path, key: str | None, labels: str | None) -> Source:
    return _named(path, npz_arrays(path), key, labels)


def _safetensors(path: Path, key: str | None, labels: str | None) -> Source:
    arrays, metadata = safetensors_arrays(path)  # the writer's have views, codes and names
    if metadata.get("kind") != KIND or key is not None or labels is not None:
        return _named(path, arrays, key, labels)
    rows, codes, names = (arrays.get(name) for name in ("features", "labels", "names"))
    if rows is None or len(rows.shape) != 3 or 0 in rows.shape or rows.dtype not in STORED:
        raise FileFormatError(f"{path}: has no rows of features (n, views, d); write it again")
    n, views, d = rows.shape
    if codes is not None and (codes.shape != (n,) or codes.dtype != "int64"):
        raise FileFormatError(
            f"{path}: has labels {codes.shape} of {codes.dtype} for {n} rows; write it again"
        )
    place = None if names is None else (names.offset, names.bytes)
    shard = Shard(path, path, n, views, d, rows.dtype, rows.raw, rows.offset, place)
    return Source(shard, None if codes is None else codes.load(path), coded=True)


def _named(path: Path, arrays: Mapping[str, Stored], key: str | None, labels: str | None) -> Source:
    """Features and labels among named arrays."""
    called = labels or "y"
    if labels is not None and labels not in arrays:
        raise missing_column(path, labels, arrays)
    name = _features_key(path, {k: v.shape for k, v in arrays.items() if k != called}, key)
    shard = _shard(path, arrays[name], name)
    if called not in arrays:
        return Source(shard)
    known = arrays[called]
    if not known.shape or known.shape[0] != shard.rows:
        raise InputError(
            f"{path}: labels {called!r} of shape {known.shape} for {shard.rows} rows; give one per row"
        )
    return Source(shard, np.asarray(flat_labels(path, known.load(path))))


def _features_key(path: Path, shapes: Mapping[str, tuple[int, ...]], key: str | None) -> str:
    if key is not None:
        return _one_of(path, key, list(shapes))
    if (form := form_of(path, shapes)[0]) not in ("rows", "captioned rows"):
        raise InputError(
            f"{path}: holds a {form} ({listed(shapes)}), not rows of features; say which with key=..."
        )
    if "X" in shapes:
        return "X"
    flat = [name for name, shape in shapes.items() if len(shape) == 2]
    if len(flat) != 1:
        found = ", ".join(f"{name}: {shape}" for name, shape in list(shapes.items())[:12]) or "no arrays"
        raise InputError(
            f"{path}: {len(flat)} arrays could be the features ({found}); say which one with key=..., or name it X"
        )
    return flat[0]


def _one_of(path: Path, key: str, names: list[str]) -> str:
    if names.count(key) != 1:
        raise InputError(
            f"{path}: no single array or column {key!r}; it has {listed(names)}{nearest_name(key, names)}"
        )
    return key


def _shard(path: Path, array: Stored, name: str) -> Shard:
    """The rows of an array, in place where they stand there one after the other."""
    called = f" ({name!r})" if name else ""
    if array.raw.hasobject:
        raise ValueError("allow_pickle")  # worded by `reading`
    if array.dtype not in STORED:
        raise InputError(
            f"{path}{called}: holds {array.dtype}, not real numbers; save it as float32 or float16"
        )
    if len(array.shape) != 2 or 0 in array.shape:
        raise InputError(
            f"{path}{called}: shape {array.shape}, but (n, d) is needed, none of them 0; reshape it, and write "
            "several views of a row with FeatureWriter"
        )
    n, d = array.shape
    where = path
    if array.packed and array.fortran:
        raise InputError(
            f"{path}{called}: is compressed and stands column by column, which cannot be read by rows; save it "
            "with np.savez(path, X=np.ascontiguousarray(X))"
        )
    if array.packed or array.fortran:
        where, array = laid_out(path, f"array {name}", n, unpacked(path, array))
    return Shard(path, where, n, 1, d, array.dtype, array.raw, array.offset)


def _parquet(path: Path, key: str | None, labels: str | None) -> Source:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        n, names = file.metadata.num_rows, list(file.schema_arrow.names)
        if labels is None and key != "y" and names.count("y") == 1:
            labels = "y"
        if labels is not None and names.count(labels) != 1:
            raise missing_column(path, labels, names)
        if n == 0:
            raise InputError(f"{path}: has columns ({listed(names)}) but no rows; add data")
        columns = [name for name in names if name != labels] if key is None else [_one_of(path, key, names)]
        if not columns:
            raise InputError(
                f"{path}: has no column but the labels {labels!r}; add features, or say key={labels!r}"
            )
        known = None if labels is None else file.read(columns=[labels])[labels].to_pylist()
        if labels is None and len(whole := whole_columns(file.schema_arrow, columns)) == 1:
            log.warning(
                "%s: column %r, the only one of whole numbers, is taken as a feature; if it is the label, say so: "
                "labels=%r",
                path, whole[0], whole[0],
            )  # fmt: skip
    where, array = laid_out(path, f"columns {columns}", n, lambda: _table_blocks(path, columns))
    return Source(Shard(path, where, n, 1, array.shape[1], array.dtype, array.raw, array.offset), known)


def whole_columns(schema: Any, columns: list[str]) -> list[str]:
    """Those of the columns that hold whole numbers, where others do not."""
    import pyarrow as pa

    whole = [name for name in columns if pa.types.is_integer(schema.field(name).type)]
    return whole if len(whole) < len(columns) else []


def _table_blocks(path: Path, columns: list[str]) -> Iterator[np.ndarray]:
    """The rows of a table, float16 where all columns are and else float32."""
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        done = 0
        for batch in file.iter_batches(batch_size=STEP, columns=columns):
            parts = table_parts(path, pa.Table.from_batches([batch]), None)
            if parts.form != "rows":
                raise InputError(
                    f"{path}: holds a {parts.form}, not rows of features; open it with load_table"
                )
            raw = np.asarray(parts.features)
            out = raw if raw.dtype == np.float16 else as_float32(raw, raw.dtype.name)
            if (far := beyond_float32(raw, out)) is not None:
                raise InputError(
                    f"{path}: row {done + far[0]}: {raw[far]!r} is beyond float32; scale the features"
                )
            done += len(out)
            yield out


Reader = Callable[[Path, "str | None", "str | None"], Source]

#: Readers by extension.
SOURCES: dict[str, Reader] = {".npy": _npy, ".npz": _npz, ".safetensors": _safetensors, ".parquet": _parquet}


def same_rows(sources: Iterable[Source]) -> None:
    """Refuse shards that do not go together."""
    sources = iter(sources)
    first = next(sources).shard
    for other, *_ in sources:
        for what, a, b in (
            ("width", first.d, other.d),
            ("type", first.dtype, other.dtype),
            ("byte order", first.stored.byteorder, other.stored.byteorder),
            ("number of views", first.views, other.views),
        ):
            if a != b:
                raise InputError(
                    f"{other.source}: {what} {b}, but {first.source} has {what} {a}; make all shards alike, or "
                    "keep them in folders of their own"
                )
