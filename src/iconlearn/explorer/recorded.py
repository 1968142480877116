"""Runs that others made: found by their folder, and those without a recording shown by their final map."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import FileFormatError
from iconlearn.data.readers import read_array, reading
from iconlearn.explorer.tape import furthest
from iconlearn.methods import Method
from iconlearn.recording.packets import END, POINTS, RUN, Packet, PacketFile
from iconlearn.run.finished import read_record
from iconlearn.run.folder import RECORD
from iconlearn.run.partial import RECORDING
from iconlearn.viz.maps import project

SCHEMA = 1
PARTIAL = ".partial"


def as_run_folder(path: Path) -> Path | None:
    """The output folder of the run that a path names: the folder, that of the unfinished run, or its recording.

    Examples
    --------
    >>> as_run_folder(Path("/nowhere/at/all")) is None
    True
    """
    folder = path.parent if path.name == RECORDING and path.is_file() else path
    if folder.name.endswith(PARTIAL) and folder.is_dir():
        return folder.with_name(folder.name.removesuffix(PARTIAL))
    unfinished = folder.with_name(folder.name + PARTIAL)
    held = any((folder / name).is_file() for name in (RECORD, RECORDING))
    return folder if held or (unfinished.is_dir() and not folder.is_file()) else None


@contextmanager
def recording_of(folder: Path) -> Iterator[Path]:
    """The recording of a run; for the while, one of the final map where there is none.

    Raises
    ------
    FileFormatError
        If there is nothing to show of the run.
    """
    found = furthest(place / RECORDING for place in (folder, folder.with_name(folder.name + PARTIAL)))
    if found is not None:
        yield found
        return
    with tempfile.TemporaryDirectory() as aside:
        yield record_map(folder, Path(aside) / RECORDING)


def record_map(folder: Path, target: Path) -> Path:
    """Write a recording that shows the final map of a run, for runs of versions that kept none.

    Raises
    ------
    FileFormatError
        If the folder holds no finished run, or no map.
    """
    record, row = read_record(folder)
    path = folder / "embedding.npy"
    if not path.is_file():
        raise FileFormatError(
            f"{folder}: has neither a recording nor a map, for it was written by an earlier version; fit it again to "
            "look at it"
        )
    with reading(path):
        embedding = np.asarray(read_array(path), dtype=np.float64)
        if embedding.ndim != 2 or not len(embedding) or not np.isfinite(embedding).all():
            raise FileFormatError(f"{path}: is no map of finite numbers; fit the run again")
    file = PacketFile(target)
    file.append(Packet(RUN, run_fields(record, row, len(embedding))))
    file.append(points_of(folder, as_map(embedding)))
    fields = {
        "state": "stopped" if record.get("interrupted") else "finished",
        "message": "the final map only",
    }
    file.append(
        Packet(END, {**fields, "steps": record.get("steps", 0), "metrics": record.get("metrics", {})})
    )
    return target


def as_map(embedding: np.ndarray) -> np.ndarray:
    """Two coordinates of each row."""
    if embedding.shape[1] == 1:
        return np.concatenate([embedding, np.zeros_like(embedding)], axis=1)
    return embedding if embedding.shape[1] == 2 else project(embedding)[0]


def points_of(folder: Path, positions: np.ndarray) -> Packet:
    """The points of a map, coloured by the labels of the table beside it."""
    columns: list[dict[str, Any]] = []
    arrays: dict[str, np.ndarray] = {
        "rows": np.arange(len(positions), dtype=np.uint32),
        "positions": positions.astype(np.float32),
    }
    path = folder / "embedding.parquet"
    if path.is_file():
        from pyarrow import parquet

        with reading(path), parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            labels = file.read(["label"]).column(0).to_pylist() if "label" in names else []
        if len(labels) == len(positions):
            kinds = sorted({str(label) for label in labels if label is not None})
            code = {kind: k for k, kind in enumerate(kinds)}
            arrays["column_0"] = np.array([code.get(str(label), -1) for label in labels], dtype=np.int32)
            columns.append({"name": "label", "kind": "category", "categories": kinds})
    return Packet(POINTS, {"n": len(positions), "columns": columns}, arrays)


def run_fields(record: Mapping[str, Any], row: Method, n: int) -> dict[str, Any]:
    """What the record of a run says, in the fields of a recording."""
    data = record.get("data") or {}
    shape = list(data.get("shape") or [n, 0])
    return {
        "schema": SCHEMA,
        "version": str((record.get("versions") or {}).get("iconlearn", "")),
        "method": row.name,
        "title": row.title,
        "family": row.family,
        "status": row.status,
        "cell": [row.target, row.learned],
        "p": row.target,
        "q": row.learned,
        "mapper": "",
        "equation": [],
        "loss_name": str(record.get("divergence", "")),
        "divergence": str(record.get("divergence", "")),
        "parameters": {},
        "options": dict(record.get("options") or {}),
        "data": {
            "name": str(data.get("name", "")),
            "n": shape[0],
            "d": shape[-1],
            "classes": data.get("classes"),
            "kind": row.takes.name,
        },
        "total": record.get("steps", 0),
        "seed": record.get("seed", 0),
        "columns_are": "points",
        "column_names": None,
        "layout": "fixed",
        "layout_words": "the final map; this run kept no recording",
    }
