"""Labels at the door of ``fit``: classes by code or name, all of them or some."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from iconlearn._errors import InputError
from iconlearn.data.features import to_array
from iconlearn.points import UNLABELLED


def class_codes(owner: str, y: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Classes (C,) in sorted order, and the code of every row (n,).

    Raises
    ------
    InputError
        If y is not one class for each of n rows.

    Examples
    --------
    >>> class_codes("SupCon", ["b", "a", "b"], 3)[1]
    array([1, 0, 1])
    """
    labels = one_each(y, n)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise InputError(f"y: NaN or infinite in row {int(np.argmin(np.isfinite(labels)))}; drop such rows")
    try:
        check_classification_targets(labels)
    except (TypeError, ValueError) as cause:
        raise not_classes(owner, cause) from cause
    return numbered(owner, labels)


def partial_codes(owner: str, y: Any, n: int) -> tuple[np.ndarray, np.ndarray]:
    """As :func:`class_codes`, where -1, None and NaN mean that a row is unlabelled; its code is -1.

    Examples
    --------
    >>> partial_codes("TSNE", ["b", None, "a"], 3)[1]
    array([ 1, -1,  0])
    """
    labels = one_each(y, n)
    known = np.array([not unlabelled(label) for label in labels.tolist()], dtype=bool)
    classes, some = numbered(owner, labels[known])
    classes = np.asarray(classes.tolist())
    if classes.dtype.kind == "f" and (classes != np.floor(classes)).any():
        raise not_classes(owner, "the labels hold fractions")
    codes = np.full(n, UNLABELLED)
    codes[known] = some
    return classes, codes


def unlabelled(label: Any) -> bool:
    """Does this entry of y say that the row has no label?"""
    try:
        return label is None or bool(label != label) or (not isinstance(label, str) and label == UNLABELLED)
    except TypeError:  # pandas.NA compares to nothing
        return True


def one_each(y: Any, n: int) -> np.ndarray:
    """y as an array of one entry a row."""
    labels = to_array(y, "y")
    if labels.shape == (n, 1):
        labels = column_or_1d(labels, warn=True)
    if labels.shape != (n,):
        raise InputError(f"y has shape {labels.shape} but X has {n} rows; shape ({n},) is needed")
    return labels


def numbered(owner: str, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Classes in sorted order and the code of every label."""
    try:
        classes, codes = np.unique(labels, return_inverse=True)
    except TypeError as cause:
        raise not_classes(owner, cause) from cause
    return classes, codes


def not_classes(owner: str, cause: object) -> InputError:
    """What to say of labels that are no classes."""
    return InputError(f"y: {cause}; {owner} compares classes, so pass codes or names")
