"""Features written in shards, so that a killed extraction goes on where it was."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from iconlearn.features.store import Features


class FeatureWriter:
    """Write features in shards; the same folder with the same ``about`` goes on after a kill.

    Parameters
    ----------
    folder : path
    dim : int
        Numbers a row.
    views : int, default 1
    shard_rows : int, default 16384
    dtype : {"float16", "float32"}, default "float16"
    classes : sequence of str, default None
        Names of the label codes.
    about : mapping, default None
        How the features are made (model, transforms, ...): JSON. Another one in the same folder is refused.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        dim: int,
        *,
        views: int = 1,
        shard_rows: int = 16384,
        dtype: str = "float16",
        classes: Sequence[str] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def rows(self) -> int:
        """Rows that are safely on disk: where to go on."""
        raise NotImplementedError

    def add(
        self,
        features: np.ndarray | Tensor,
        label: np.ndarray | Sequence[int] | None = None,
        name: Sequence[str] | None = None,
    ) -> None:
        """Rows (b, views, d), or (b, d) where there is one view, with codes (-1: none) and names, one a row."""
        raise NotImplementedError

    def close(self) -> Features:
        """Write what is left, say in the manifest that it is all, and open the result."""
        raise NotImplementedError

    def __enter__(self) -> FeatureWriter:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self.close()
