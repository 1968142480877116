"""Results as files: NumPy arrays, Parquet tables and the record of the run."""

from __future__ import annotations

import json
import math
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._version import __version__
from iconlearn.data.files import Dataset


def label_names(dataset: Dataset) -> list[str | None] | None:
    """The label of every row as text; None for the rows without one."""
    if dataset.y is None:
        return None
    names = dataset.classes or [str(k) for k in range(int(dataset.y.max(initial=-1)) + 1)]
    return [names[code] if code >= 0 else None for code in dataset.y.tolist()]


def write_table(
    folder: Path, name: str, array: np.ndarray, columns: dict[str, Any], dataset: Dataset
) -> None:
    """Write ``array`` as name.npy, and ``columns`` with row numbers and labels as name.parquet."""
    import pyarrow as pa
    from pyarrow import parquet

    np.save(folder / f"{name}.npy", array, allow_pickle=False)
    table: dict[str, Any] = {"row": np.arange(len(array)), **columns}
    if (labels := label_names(dataset)) is not None:
        table["label"] = pa.array(labels, pa.string())
    parquet.write_table(pa.table(table), folder / f"{name}.parquet")


def write_embedding(folder: Path, embedding: np.ndarray, dataset: Dataset) -> None:
    """embedding.npy (n, dim) and embedding.parquet (row, z0, z1, ..., label)."""
    columns = {f"z{k}": np.ascontiguousarray(column) for k, column in enumerate(embedding.T)}
    write_table(folder, "embedding", embedding, columns, dataset)


def write_assignment(folder: Path, probability: np.ndarray, dataset: Dataset) -> None:
    """assignment.npy (n,) and assignment.parquet (row, cluster, probability of that cluster, label)."""
    assigned = probability.argmax(1).astype(np.int64)
    columns = {"cluster": assigned, "probability": probability.max(1)}
    write_table(folder, "assignment", assigned, columns, dataset)


def versions() -> dict[str, str]:
    """Versions of everything that the numbers depend on."""
    packages = {name: version(name) for name in ("torch", "numpy", "scikit-learn")}
    return {"iconlearn": __version__, **packages, "python": platform.python_version()}


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """run.json: strict JSON, so a number that is not finite is written as text."""
    body = json.dumps(plain(record), indent=1, allow_nan=False, ensure_ascii=False)
    with open(folder / "run.json", "w", encoding="utf-8") as file:
        file.write(body + "\n")
        file.flush()
        os.fsync(file.fileno())


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, (bool, int, str)) else repr(value)


def markdown_table(head: list[str], body: list[list[str]]) -> list[str]:
    """The lines of a Markdown table, its columns as wide as their longest cell.

    Examples
    --------
    >>> markdown_table(["a", "b"], [["1", "long"]])
    ['| a | b    |', '| - | ---- |', '| 1 | long |']
    """
    widths = [max(len(row[k]) for row in [head, *body]) for k in range(len(head))]
    rule = ["-" * width for width in widths]
    return [
        "| " + " | ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) + " |"
        for r in [head, rule, *body]
    ]
