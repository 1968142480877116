"""Samples of x and y, checked and brought to one scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array
from iconlearn.evaluation._inputs import distinct, same_length

FEWEST_ROWS = 20  # with which anything can be said


def paired_samples(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Samples of x and y as float64 (n, d), as many of one as of the other; a vector is one column."""
    first, second = _samples(x, "x"), _samples(y, "y")
    same_length("x", first, "y", second)
    return first, second


def with_labels(x: Any, y: Any, *, owner: str, allowed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Samples of x and y, where a vector y of whole numbers or text becomes indicator columns, or is refused."""
    array = to_array(y, "y")
    text = array.dtype.kind == "O" and array.size > 0 and isinstance(array.flat[0], str)
    if array.ndim != 1 or not (text or array.dtype.kind in "biuUS"):
        return paired_samples(x, array)
    if not allowed:
        raise InputError(
            f"{owner}: y holds labels (a vector of {array.dtype}), which have no density; name an estimator with a "
            "critic, or where the numbers are measurements give y.astype(float)"
        )
    values, codes = distinct(array, "y")
    if len(values) < 2 or len(values) > max(2, len(array) // 2):
        seen = f"are all {values[:1].tolist()[0]!r}" if len(values) == 1 else f"hold {len(values)} classes"
        raise InputError(
            f"y: {len(array)} labels {seen}; give at least two classes of several rows, or where the numbers are "
            "measurements y.astype(float)"
        )
    return paired_samples(x, np.eye(len(values))[codes])


def _samples(values: Any, name: str) -> np.ndarray:
    """Samples of one side, refused where nothing varies."""
    array = to_array(values, name)
    array = array.reshape(-1, 1) if array.ndim == 1 else array
    rows = check_features(array, name, min_rows=FEWEST_ROWS).astype(np.float64)
    if not varying(rows).any():
        raise InputError(
            f"{name}: every column is constant (column 0 is {rows[0, 0]:g} in all {len(rows)} rows), and what does not "
            "vary tells nothing; give columns that vary"
        )
    return rows


def varying(rows: np.ndarray) -> np.ndarray:
    """Which columns are not constant, (d,)."""
    return rows.max(axis=0) > rows.min(axis=0)


def repeated(x: np.ndarray, y: np.ndarray) -> int:
    """Rows that are equal to one before, of the side that has more of them."""
    return max(len(side) - len(np.unique(side, axis=0)) for side in (x, y))


def standardised(rows: np.ndarray) -> np.ndarray:
    """The columns that vary, with mean 0 and standard deviation 1."""
    rows = rows[:, varying(rows)]
    return Scale.of(rows).apply(rows)


@dataclass(frozen=True, eq=False)
class Scale:
    """Mean and standard deviation of columns; a deviation of 0 counts as 1."""

    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, rows: np.ndarray) -> Scale:
        """That of some rows."""
        peak = np.abs(rows).max(axis=0)  # squares of shares of it neither overflow nor vanish
        share = rows / np.where(peak > 0, peak, 1)
        deviation = peak * share.std(axis=0)
        return cls(peak * share.mean(axis=0), np.where(varying(rows), deviation, 1))

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Rows in these units."""
        return (rows - self.mean) / self.deviation

    @property
    def log_volume(self) -> float:
        """What a log density gains in these units."""
        return float(np.log(self.deviation).sum())
