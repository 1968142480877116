"""What scores are computed from: labels as codes, lengths that agree, tables at a safe scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import to_array


def codes(labels: Any, name: str) -> np.ndarray:
    """Labels of any kind as int64 positions (n,) among the sorted distinct values."""
    array = to_array(labels, name)
    if array.ndim != 1 or array.size == 0:
        raise InputError(
            f"{name}: shape {array.shape}, but (n,) with n > 0 is needed; give one label per row"
        )
    try:
        missing = np.asarray(array != array)  # only NaN differs from itself
        if not missing.any():
            return np.unique(array, return_inverse=True)[1].astype(np.int64)
    except TypeError as error:
        raise InputError(f"{name}: labels of mixed types ({error}); use only numbers or only text") from error
    raise InputError(
        f"{name}: {int(missing.sum())} of {len(array)} labels are NaN, first at row "
        f"{int(missing.argmax())} (counted from 0); leave those rows out"
    )


def same_length(name: str, a: np.ndarray, other: str, b: np.ndarray) -> None:
    if len(a) != len(b):
        raise InputError(
            f"{name} has {len(a)} rows and {other} {len(b)}; give one per row, in the same order"
        )


def two(labels: Any, assigned: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = codes(labels, "labels"), codes(assigned, "assigned")
    same_length("labels", a, "assigned", b)
    return a, b


def centred(X: np.ndarray) -> np.ndarray:
    """`X` in float64, peak 1 and mean 0: distances neither overflow nor lose digits to an offset."""
    Z = X.astype(np.float64) / (float(np.abs(X).max()) or 1.0)
    return Z - Z.mean(axis=0)
