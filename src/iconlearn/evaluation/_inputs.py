"""What scores are computed from: labels as codes, lengths that agree, tables at a safe scale."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import to_array


def one_label_per_row(labels: Any, name: str) -> np.ndarray:
    """Labels of any kind as an array (n,) without NaN."""
    array = to_array(labels, name)
    if array.ndim != 1 or array.size == 0:
        raise InputError(
            f"{name}: shape {array.shape}, but (n,) with n > 0 is needed; give one label per row"
        )
    try:
        missing = np.asarray(array != array, dtype=bool)  # only NaN differs from itself
    except TypeError as error:
        raise InputError(f"{name}: labels that cannot be compared ({error}); use numbers or text") from error
    if missing.any():
        raise InputError(
            f"{name}: {int(missing.sum())} of {len(array)} labels are NaN, first at row "
            f"{int(missing.argmax())} (counted from 0); leave those rows out, or where -1 means unknown write -1"
        )
    return array


def codes(labels: Any, name: str) -> np.ndarray:
    """Labels of any kind as int64 positions (n,) among the sorted distinct values."""
    return distinct(labels, name)[1]


def distinct(labels: Any, name: str) -> tuple[np.ndarray, np.ndarray]:
    """The sorted distinct values of labels of any kind, and the int64 position (n,) of each label among them."""
    array = one_label_per_row(labels, name)
    if array.dtype.kind in "iu" and array.min() >= 0 and array.max() < 2 * len(array):
        places = array.astype(np.int64)
        present = np.bincount(places) > 0  # some ten times as fast as sorting millions
        return np.flatnonzero(present).astype(array.dtype), (np.cumsum(present) - 1)[places]
    try:
        values, position = np.unique(array, return_inverse=True)
    except TypeError as error:
        raise InputError(f"{name}: labels of mixed types ({error}); use only numbers or only text") from error
    return values, position.astype(np.int64)


def whole_numbers(labels: Any, name: str, end: int) -> np.ndarray:
    """Whole numbers 0 to ``end`` - 1, of any dtype, as int64 (n,)."""
    array = one_label_per_row(labels, name)
    whole = array.dtype.kind in "biuf" and bool(np.all(array == np.floor(array)))
    if not whole or array.min() < 0 or array.max() >= end:
        seen = f"{array.min()} to {array.max()}" if array.dtype.kind in "biuf" else f"dtype {array.dtype}"
        raise InputError(f"{name}: {seen}, but whole numbers 0 to {end - 1} are needed; recode")
    return array.astype(np.int64)


def same_length(name: str, a: np.ndarray, other: str, b: np.ndarray) -> None:
    if len(a) != len(b):
        raise InputError(
            f"{name} has {len(a)} rows and {other} {len(b)}; give one per row, in the same order"
        )


def centred(X: np.ndarray) -> np.ndarray:
    """`X` in float64, peak 1 and mean 0: distances neither overflow nor lose digits to an offset."""
    Z = X.astype(np.float64) / (float(np.abs(X).max()) or 1.0)
    return Z - Z.mean(axis=0)
