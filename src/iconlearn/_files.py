"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_aside(path: Path, body: bytes) -> None:
    """Write to a neighbour file, flush it to disk, and rename: a kill leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(aside, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
