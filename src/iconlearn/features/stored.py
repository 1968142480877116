"""Rows that stay where they are and are read a batch at a time: what a run needs to know of them."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from torch import Tensor


class Stored(ABC):
    """Samples on disk, of which some rows are read when a step asks for them.

    Attributes
    ----------
    n, d, views : int
        Rows, numbers a row, and views of every row that are stored.
    label : ndarray of int64, shape (n,), or None
        Codes; -1 where the label is missing.
    classes : list of str, or None
        Name of every code.
    image_shape : (channels, height, width), or None
        Of images, whose numbers are pixels from 0 to ``peak``.
    """

    n: int
    d: int
    views: int
    label: np.ndarray | None
    classes: list[str] | None
    image_shape: tuple[int, int, int] | None = None

    @abstractmethod
    def take(self, index: np.ndarray, view: int | np.ndarray = 0) -> Tensor:
        """Rows in the order asked for, (b, d) float32."""

    @property
    @abstractmethod
    def digest(self) -> str:
        """What tells these rows, in this order, from others."""

    @property
    @abstractmethod
    def peak(self) -> float:
        """The largest absolute value."""

    def check(self) -> Stored:
        """Refuse what no run can read; these."""
        return self

    def expect(self, index: np.ndarray) -> None:  # noqa: B027 (most have nothing to do)
        """Be told which rows are asked for next, so that reading them may begin."""

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)."""
        return self.n, self.d

    def __len__(self) -> int:
        return self.n
