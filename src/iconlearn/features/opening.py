"""Features from a file or a folder of shards."""

from __future__ import annotations

import os
from typing import Any

from iconlearn.features.store import Features


def open_features(path: str | os.PathLike[str], *, labels: Any = None, key: str | None = None) -> Features:
    """Features in a .npy, .npz, .safetensors or .parquet file, or in a folder of shards; nothing is loaded."""
    raise NotImplementedError
