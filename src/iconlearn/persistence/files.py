"""The two files of a saved model: tensors in safetensors, everything else in JSON with a schema number."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from torch import Tensor

from iconlearn._errors import FileFormatError
from iconlearn._files import write_aside
from iconlearn._version import __version__

SCHEMA = 2  # 1: models; 2: estimators too
READ = (1, 2)
MAX_JSON = 64 << 20


def paths(path: str | os.PathLike[str]) -> tuple[Path, Path]:
    """The two files of a saved model: ``path`` without its ending, plus .safetensors and .json.

    A folder stands for the ``model`` in it, as ``iconlearn fit`` leaves it there.
    """
    stem = Path(path)
    stem = stem / "model" if stem.is_dir() else stem
    stem = stem.with_suffix("") if stem.suffix in (".json", ".safetensors") else stem
    return stem.with_name(stem.name + ".safetensors"), stem.with_name(stem.name + ".json")


def waiting(tensor_file: Path) -> Path:
    """Where the tensors of a save lie until its JSON is in place; a save that is killed may leave them there."""
    return tensor_file.with_name(f".{tensor_file.name}.next")


def write(path: str | os.PathLike[str], document: dict[str, Any], tensors: dict[str, Tensor]) -> Path:
    """Write both files, each aside first and then renamed; the path of the JSON one.

    The rename of the JSON is what replaces the model: its checksum says which tensors are meant, those in place or
    those that wait. So a kill at any moment leaves the old model or the new one.
    """
    from safetensors.torch import save as to_bytes

    body = to_bytes({k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()})
    head = {"schema": SCHEMA, "iconlearn": __version__}
    document = {**head, **document, "sha256": hashlib.sha256(body).hexdigest()}
    tensor_file, json_file = paths(path)
    write_aside(waiting(tensor_file), body)
    try:
        write_aside(json_file, json.dumps(document, indent=1).encode())
    except OSError:  # nothing was renamed: a full disk
        waiting(tensor_file).unlink(missing_ok=True)
        raise
    os.replace(waiting(tensor_file), tensor_file)
    return json_file


def read_document(path: Path) -> dict[str, Any]:
    """The JSON part, checked for size, form and schema."""
    try:
        if path.stat().st_size > MAX_JSON:
            raise FileFormatError(f"{path}: is larger than {MAX_JSON >> 20} MiB, so it is not a saved model")
        document = json.loads(path.read_bytes())
    except OSError as cause:
        raise FileFormatError(f"{path}: cannot be read ({cause.strerror}); check the path") from cause
    except (ValueError, RecursionError) as cause:
        raise FileFormatError(f"{path}: is not JSON ({cause}); save the model again") from cause
    needed = {"schema", "model", "unit", "training_data", "sha256"}
    missing = needed - document.keys() if isinstance(document, dict) else needed
    if missing:
        raise FileFormatError(f"{path}: is not a saved model; it lacks {sorted(missing)}")
    if document["schema"] not in READ:
        raise FileFormatError(
            f"{path}: has schema {document['schema']!r} but this version reads up to {SCHEMA}; "
            f"it was written by iconlearn {document.get('iconlearn')}: use that version or a newer one"
        )
    return document


def read_tensors(path: Path, checksum: str) -> dict[str, Tensor]:
    """The tensors, after the checksum of the whole file has been compared."""
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    left = waiting(path)
    killed = left.is_file() and hashlib.sha256(left.read_bytes()).hexdigest() == checksum
    try:
        body = (left if killed else path).read_bytes()
    except OSError as cause:
        raise FileFormatError(
            f"{path}: cannot be read ({cause.strerror}); it belongs beside the JSON"
        ) from cause
    if hashlib.sha256(body).hexdigest() != checksum:
        raise FileFormatError(
            f"{path}: is damaged or belongs to another save (its checksum differs from the JSON's)"
        )
    try:
        return from_bytes(body)
    except SafetensorError as cause:
        raise FileFormatError(f"{path}: is not a safetensors file ({cause})") from cause
