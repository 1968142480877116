"""Rows of features on disk, and one view of them as a lazy matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Features:
    """Rows of features on disk, never loaded whole; made by `open_features`.

    Attributes
    ----------
    path : Path
    n, d, views : int
        Rows, numbers a row, and stored views of every row.
    dtype : str
        Type as stored, such as "float16"; rows come as float32.
    label : ndarray of int64, shape (n,), or None
        Codes, positions in `classes` where there are names; -1 where the label is missing.
    classes : list of str, or None
    names : sequence of str, or None
        Names of the rows, such as image files; read when asked for.
    digest : str
        sha256 of sizes, types, shards and sampled rows.
    """

    path: Path
    n: int
    d: int
    views: int
    dtype: str
    label: np.ndarray | None
    classes: list[str] | None
    names: Sequence[str] | None
    digest: str

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)."""
        return self.n, self.d

    def __len__(self) -> int:
        return self.n

    def take(self, index: np.ndarray | Tensor, view: int | np.ndarray = 0) -> Tensor:
        """Rows (b, d) float32 in the order asked for; ``view`` may be one number a row."""
        raise NotImplementedError

    def pieces(self, rows: int = 16384, view: int = 0) -> Iterator[tuple[int, np.ndarray]]:
        """(first row, rows (r, d) float32) in order."""
        raise NotImplementedError

    def view(self, k: int = 0) -> FeatureView:
        """View ``k`` as a lazy matrix (n, d)."""
        return FeatureView(self, k)

    def check(self) -> Features:
        """Refuse NaN and infinity in one streamed pass, which is remembered."""
        raise NotImplementedError


class FeatureView:
    """One view of all rows: a lazy matrix (n, d) of float32."""

    dtype = torch.float32
    ndim = 2

    def __init__(self, features: Features, k: int = 0, device: Any = "cpu") -> None:
        self.features, self.k, self.device = features, k, torch.device(device)

    @property
    def shape(self) -> torch.Size:
        """(n, d)."""
        return torch.Size(self.features.shape)

    def __len__(self) -> int:
        return self.features.n

    def __getitem__(self, index: Any) -> Tensor:
        """Rows by number: one (d,), or those of a slice, a mask or an array of numbers (b, d)."""
        return self.features.take(index, self.k).to(self.device)

    def to(self, device: Any) -> FeatureView:
        """The same, whose rows come to ``device``."""
        return FeatureView(self.features, self.k, device)

    def __repr__(self) -> str:
        return f"FeatureView({str(self.features.path)!r}, {self.k}, digest={self.features.digest[:12]!r})"
