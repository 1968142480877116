"""Samples of x and y, checked and brought to one scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import check_features, to_array
from iconlearn.evaluation._inputs import same_length

FEWEST_ROWS = 20  # with which anything can be said


def paired_samples(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Samples of x and y as float64 (n, d), as many of one as of the other; a vector is one column."""
    first, second = _samples(x, "x"), _samples(y, "y")
    same_length("x", first, "y", second)
    return first, second


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


def standardised(rows: np.ndarray) -> np.ndarray:
    """The columns that vary, with mean 0 and standard deviation 1."""
    rows = rows[:, varying(rows)]
    rows = rows / np.abs(rows).max(axis=0)  # squares neither overflow nor vanish
    rows = rows - rows.mean(axis=0)
    return rows / rows.std(axis=0)
