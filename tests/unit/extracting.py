"""Helpers for tests of extraction: what was written, and damage to what is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

COUNTS = {"cat": 8, "dög": 6, "eel": 5}


def rows(features) -> torch.Tensor:
    """All views of all rows (n, views, d)."""
    index = np.arange(features.n)
    return torch.stack([features.take(index, view) for view in range(features.views)], 1)


def shards(folder: Path) -> dict[str, bytes]:
    """What the extraction wrote, without the note of a check and the lock file of a process that was killed."""
    notes = (".checked", ".lock")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name not in notes}


def damage(images: Path, *names: str) -> None:
    for name in names:
        (images / name).write_bytes((images / name).read_bytes()[:60])
