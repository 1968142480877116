"""Checks of the arrays that figures are drawn from; what cannot be drawn is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iconlearn._errors import InputError

MAX_NAMED = 20
"""More classes than this are not written on a map."""


def finite_array(owner: str, name: str, value: Any, ndim: int | None) -> np.ndarray:
    """Return ``value`` as a finite, non-empty float array of ``ndim`` axes (None: any number).

    Raises
    ------
    InputError
        For another number of axes, an empty array, something that is not a number, NaN or infinity.
    """
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{owner}: {name} must hold numbers ({error}); pass a numpy array") from None
    if array.size == 0 or (ndim is not None and array.ndim != ndim):
        axes = f" with {ndim} axes" if ndim is not None else ""
        raise InputError(f"{owner}: {name} has shape {array.shape}; it must be non-empty{axes}")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise InputError(f"{owner}: {name} holds {bad} NaN or infinite values; remove or replace them first")
    return array


def embedding_array(owner: str, name: str, value: Any) -> np.ndarray:
    """Return an embedding as a finite (n, d) float array; a flat (n,) one becomes (n, 1)."""
    array = finite_array(owner, name, value, None)
    if array.ndim not in (1, 2):
        raise InputError(f"{owner}: {name} has shape {array.shape}; it must be (n, d), a row for each point")
    return array.reshape(len(array), -1)


def probabilities(owner: str, name: str, value: Any, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Return (A, K) probabilities; a row may sum to less than 1 (only some neighbours are shown).

    Raises
    ------
    InputError
        For negative values, rows above 1, or a shape other than ``shape``.
    """
    array = finite_array(owner, name, value, 2)
    if shape is not None and array.shape != shape:
        raise InputError(f"{owner}: {name} has shape {array.shape}; it must match p, {shape}")
    if array.min() < 0 or array.sum(axis=1).max() > 1.001:
        raise InputError(
            f"{owner}: {name} has values in [{array.min():.4g}, {array.max():.4g}] and a row summing to "
            f"{array.sum(axis=1).max():.4g}; probabilities are at least 0 and sum to at most 1"
        )
    return array


def encode_labels(
    owner: str, name: str, labels: Any, n: int, classes: Sequence[Any] | None = None
) -> tuple[np.ndarray, list[str]]:
    """Turn labels into codes and class names.

    Parameters
    ----------
    labels : (n,) array
        Integers or strings. An integer -1 means "none": its code is -1.
    classes : sequence, optional
        ``classes[k]`` names the integer label k, so that a class absent from ``labels`` keeps its colour;
        for string labels, the order of the classes. By default the sorted labels are the classes.

    Returns
    -------
    codes : (n,) int array
        Class of each point, -1 for none.
    names : list of str
        Name of each class.

    Raises
    ------
    InputError
        For another length than n, labels with a fraction or NaN, or one that ``classes`` does not hold.

    Examples
    --------
    >>> encode_labels("doc", "labels", ["b", "a", "b"], 3)
    (array([1, 0, 1]), ['a', 'b'])
    """
    array = np.asarray(labels)
    if array.shape != (n,):
        raise InputError(f"{owner}: {name} has shape {array.shape}; one for each of the {n} points is needed")
    if array.dtype.kind == "f":
        if not np.array_equal(array, np.floor(array)) or not np.isfinite(array).all():
            raise InputError(
                f"{owner}: {name} holds fractions, NaN or infinity; labels are integers or strings"
            )
        array = array.astype(np.int64)
    integer = array.dtype.kind in "iub"
    none = array == -1 if array.dtype.kind == "i" else np.zeros(n, dtype=bool)
    values = array if integer else array.astype(str)
    keys: list[Any] = sorted(set(values[~none].tolist()))
    names = [str(key) for key in keys]
    if classes is not None:
        names = [str(c) for c in classes]
        known = range(len(names)) if integer else names
        strangers = [key for key in keys if key not in known]
        if strangers:
            raise InputError(
                f"{owner}: {name} holds {strangers[0]!r}, which is not one of the {len(names)} classes; "
                "pass one name for each class, in the order of the labels"
            )
        keys = list(known)
    index = {key: code for code, key in enumerate(keys)}
    codes = np.array([-1 if skip else index[v] for v, skip in zip(values.tolist(), none, strict=True)])
    return codes.astype(np.int64), names
