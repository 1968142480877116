"""Neighbour graphs in safetensors, described by JSON in the file's header."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

from torch import Tensor

from iconlearn._errors import FileFormatError
from iconlearn._files import aside

KIND, SCHEMA = "iconlearn.NeighborGraph", 1
AGAIN = "make and save the graph again"


def digest(*tensors: Tensor) -> str:
    """Checksum of the content of some tensors."""
    total = hashlib.sha256()
    for tensor in tensors:
        total.update(tensor.numpy().data.cast("B"))
    return total.hexdigest()


def write_graph(path: Path, cols: Tensor, squares: Tensor, options: dict[str, Any]) -> Path:
    """Write beside the file, flush, and rename."""
    from safetensors.torch import save_file

    path = path.with_suffix(".safetensors")
    told = {"kind": KIND, "schema": SCHEMA, "sha256": digest(cols, squares), **options}
    with aside(path) as file:  # by its name, for as bytes the tables would be in memory twice
        save_file({"cols": cols, "squares": squares}, file.name, {"iconlearn": json.dumps(told)})
    return path


def read_graph(path: Path, metrics: Collection[str]) -> tuple[Tensor, Tensor, dict[str, Any]]:
    """Neighbours, squared distances, and what else the graph was made with; all of it checked."""
    from safetensors import SafetensorError, safe_open

    path = path.with_suffix(".safetensors")
    if not path.is_file():
        raise FileFormatError(f"{path}: there is no such file; check the path")
    try:
        with safe_open(path, "pt") as file:
            options = describe(path, (file.metadata() or {}).get("iconlearn", ""), metrics)
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
            types = {name: file.get_slice(name).get_dtype() for name in shapes}
            if sorted(shapes) != ["cols", "squares"] or shapes["cols"] != shapes["squares"]:
                raise FileFormatError(f"{path}: holds {shapes}, not the two tables of a graph; {AGAIN}")
            n, k = shapes["cols"] if len(shapes["cols"]) == 2 else (0, 0)
            if not 1 <= k < n or types["cols"] != "I32" or types["squares"] not in ("F32", "F64"):
                raise FileFormatError(
                    f"{path}: holds tables {shapes} of {types}, which no graph has; {AGAIN}"
                )
            cols, squares = file.get_tensor("cols"), file.get_tensor("squares")
    except (SafetensorError, OSError) as cause:
        raise FileFormatError(f"{path}: is damaged or no safetensors file ({cause}); {AGAIN}") from cause
    if digest(cols, squares) != options.pop("sha256"):
        raise FileFormatError(f"{path}: its content does not match its checksum, so it is damaged; {AGAIN}")
    if not bool(((cols >= 0) & (cols < n)).all() and squares.isfinite().all()):
        raise FileFormatError(f"{path}: holds neighbours that are no rows, or no distances; {AGAIN}")
    return cols, squares, options


def describe(path: Path, text: str, metrics: Collection[str]) -> dict[str, Any]:
    """The header's description, checked."""
    try:
        told = json.loads(text)
    except ValueError as cause:
        raise FileFormatError(f"{path}: is not a saved neighbour graph; {AGAIN}") from cause
    if not isinstance(told, dict) or told.get("kind") != KIND:
        raise FileFormatError(f"{path}: is not a saved neighbour graph; {AGAIN}")
    if told.get("schema") != SCHEMA:
        raise FileFormatError(
            f"{path}: has schema {told.get('schema')!r}, this version reads {SCHEMA}; update iconlearn"
        )
    options = {name: told.get(name) for name in ("metric", "recall", "unit", "sha256")}
    numbers = [options["recall"], options["unit"]]
    good = all(isinstance(v, (int, float)) and math.isfinite(v) and v > 0 for v in numbers)
    if options["metric"] not in metrics or not good:
        raise FileFormatError(f"{path}: describes a graph with {options}, which this version cannot read")
    return options
