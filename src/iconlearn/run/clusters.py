"""Clusters of many rows as a table on disk, written and read some rows at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import FileFormatError
from iconlearn._files import aside
from iconlearn.evaluation import ClusteringReport, clustering_report
from iconlearn.features import Features

ROWS = 1 << 16  # of a group of the file


def write_clusters(path: Path, features: Features, cluster: np.ndarray, confidence: np.ndarray) -> None:
    """A table of every row: its number, its name and label where they are known, its cluster and how sure that is.

    Written aside and renamed; the same content gives the same bytes.
    """
    import pyarrow as pa
    from pyarrow import parquet

    fields = [("row", pa.int64()), ("cluster", pa.int64()), ("confidence", pa.float32())]
    if features.names is not None:
        fields.insert(1, ("name", pa.string()))
    if features.label is not None:
        fields.append(("label", pa.string()))
    schema = pa.schema(fields)
    with aside(path) as file, parquet.ParquetWriter(file, schema) as writer:
        for first in range(0, features.n, ROWS):
            rows = slice(first, min(first + ROWS, features.n))
            table: dict[str, Any] = {
                "row": np.arange(rows.start, rows.stop),
                "cluster": cluster[rows].astype(np.int64),
                "confidence": confidence[rows].astype(np.float32),
            }
            if features.names is not None:
                table["name"] = features.names[rows]
            if features.label is not None:
                table["label"] = label_names(features, rows)
            writer.write_table(pa.table({name: table[name] for name, _ in fields}, schema=schema))


def label_names(features: Features, rows: slice) -> list[str | None]:
    """Labels as text, None where a row has none."""
    assert features.label is not None
    names, codes = features.classes, features.label[rows].tolist()
    return [None if code < 0 else str(code) if names is None else names[code] for code in codes]


def read_clusters(path: Path, *columns: str) -> dict[str, np.ndarray]:
    """Columns of a table of clusters, of those asked for the ones that it has.

    Raises
    ------
    FileFormatError
        If there is no such table.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            table = file.read(there)
    except (OSError, pa.ArrowException) as cause:
        raise FileFormatError(
            f"{path}: is no table of clusters ({cause!s:.120}); run its command again"
        ) from cause
    return {name: table.column(name).to_numpy(zero_copy_only=False) for name in there}


def judge_clusters(path: Path, n_clusters: int) -> ClusteringReport:
    """All that can be said of a table of clusters."""
    table = read_clusters(path, "cluster", "confidence", "label")
    labels = table.get("label")
    if labels is not None:  # rows without a label are None, which a report knows as -1
        known = np.array([label is not None for label in labels], dtype=bool)
        codes = np.full(len(labels), -1, dtype=np.int64)
        codes[known] = np.unique(labels[known].astype(str), return_inverse=True)[1]
        labels = codes
    return clustering_report(table["cluster"], labels, confidence=table["confidence"], n_clusters=n_clusters)
