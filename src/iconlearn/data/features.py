"""Features in memory: one set of rules for what counts as a table of numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from iconlearn._errors import InputError


def listed(names: Iterable[Any], limit: int = 12) -> str:
    names = [repr(str(name)) for name in names]
    return ", ".join(names[:limit]) + (f", ... ({len(names)} in all)" if len(names) > limit else "")


def to_array(values: Any, name: str) -> np.ndarray:
    """Any table in memory as an array that shares memory where it can."""
    if np.ma.is_masked(values):
        raise InputError(f"{name}: {np.ma.count_masked(values)} entries are masked; fill or drop them first")
    try:
        if hasattr(values, "detach"):  # torch, whose bfloat16 NumPy cannot hold
            values = values.detach().cpu().to_dense()
            values = values.float() if str(values.dtype) == "torch.bfloat16" else values.resolve_conj()
        elif hasattr(values, "toarray"):
            values = values.toarray()
        elif hasattr(values, "to_numpy"):
            values = values.to_numpy()
        return np.asarray(values)
    except Exception as error:
        raise InputError(
            f"{name}: a {type(values).__name__} that cannot become an array ({error}); "
            "give rows of equal length that hold numbers"
        ) from error


class EntryTypeError(InputError, TypeError):
    """An entry of a table is of a type that cannot be a number."""


def _object_floats(array: np.ndarray, name: str) -> np.ndarray:
    out = np.empty(array.shape)
    for index, value in np.ndenumerate(array):
        try:
            if isinstance(value, np.complexfloating):  # float() would only warn and drop a part
                raise TypeError("complex")
            out[index] = float(value)
        except (TypeError, ValueError, OverflowError) as error:
            kind = EntryTypeError if isinstance(error, TypeError) else InputError
            raise kind(
                f"{name}: row {index[0]}, column {index[1]} holds {value!r:.60} ({type(value).__name__}), "
                f"not a real number ({error}); drop or encode it"
            ) from error
    return out


def as_floats(array: np.ndarray, name: str, columns: list[str] | None = None) -> np.ndarray:
    """A 2-D array as finite, C-contiguous float32 (where that is exact for the type) or float64."""
    if array.dtype.kind == "O":
        array = _object_floats(array, name)
    if array.dtype.kind == "c":
        raise InputError(
            f"{name}: Complex data not supported ({array.dtype}); stack .real and .imag as columns"
        )
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name}: dtype {array.dtype} does not hold numbers; encode it as numbers")
    small = np.result_type(array.dtype, np.float32) == np.float32
    with np.errstate(over="ignore"):  # a long double beyond float64 becomes inf, reported below
        out = np.ascontiguousarray(array, dtype=np.float32 if small else np.float64)
    finite = np.isfinite(out)
    if not finite.all():
        row, column = divmod(int(np.argmin(finite)), out.shape[1])
        called = f" ({columns[column]!r})" if columns else ""
        raise InputError(
            f"{name}: NaN, missing or infinite in {int(out.size - finite.sum())} of {out.size} values, "
            f"first at row {row}, column {column}{called} (counted from 0); fill or drop them first"
        )
    return out


def as_table(
    array: np.ndarray, name: str, columns: list[str] | None = None
) -> tuple[np.ndarray, tuple[int, ...] | None]:
    """A table (n, d), or images (n, h, w) or (n, c, h, w) flattened, by `as_floats`; and (c, h, w) of images."""
    if array.ndim not in (2, 3, 4) or 0 in array.shape:
        raise InputError(
            f"{name}: shape {array.shape}, but (n, d), or (n, h, w) or (n, c, h, w) for images, is needed, "
            f"none of them 0; {'save X.reshape(-1, 1)' if array.ndim == 1 else 'reshape or add data'}"
        )
    if array.ndim == 4 and array.shape[3] in (1, 3, 4) and array.shape[1] not in (1, 3, 4):
        raise InputError(f"{name}: shape {array.shape} has channels last; save X.transpose(0, 3, 1, 2)")
    image_shape = None if array.ndim == 2 else (1,) * (4 - array.ndim) + array.shape[1:]
    return as_floats(array.reshape(len(array), -1), name, columns), image_shape


def check_samples(X: Any, name: str = "X", min_rows: int = 2) -> np.ndarray:
    """Samples of any shape (n, ...), such as images, by the rules of :func:`check_features`; the shape is kept."""
    array = to_array(X, name)
    if array.ndim <= 2 or not len(array):
        return _check_table(array, X, name, min_rows)
    return _check_table(array.reshape(len(array), -1), X, name, min_rows).reshape(array.shape)


def check_features(X: Any, name: str = "X", min_rows: int = 2) -> np.ndarray:
    """The table `X` as a finite, C-contiguous float array.

    float64 stays float64, and so do 32- and 64-bit integers; float16, bool and smaller integers become
    float32, which holds them exactly. The result may share memory with `X` (and be read-only where `X` is):
    never write to it.

    Parameters
    ----------
    X : array-like, shape (n, d)
        Nested lists, NumPy arrays (any order or strides), torch tensors, SciPy sparse matrices (densified),
        or anything with ``to_numpy`` (pandas, polars). Object arrays pass where ``float(entry)`` does.
    name : str, default "X"
        What messages call the table.
    min_rows : int, default 2
        Fewest rows allowed.

    Returns
    -------
    ndarray of float32 or float64, shape (n, d)

    Raises
    ------
    InputError
        Not 2-D, too few rows, no columns, text, complex, or NaN/inf (with the first row and column).

    Examples
    --------
    >>> from iconlearn.data.features import check_features
    >>> check_features([[1, 2], [3, 4]]).dtype
    dtype('float64')
    """
    return _check_table(to_array(X, name), X, name, min_rows)


def _check_table(array: np.ndarray, given: Any, name: str, min_rows: int) -> np.ndarray:
    """The array, checked; ``given`` is what the user passed, whose column names and type messages may tell."""
    if array.ndim != 2:
        fix = f"{name}.reshape(len({name}), -1)"
        if array.ndim == 1:
            fix = f"{name}.reshape(1, -1) if it is one row, {name}.reshape(-1, 1) if it is one column"
        fix = f"Reshape your data: {fix}" if array.ndim else f"give an array, not a {type(given).__name__}"
        raise InputError(f"{name}: shape {array.shape}, but (rows, features) is needed; {fix}")
    for count, least, what in ((array.shape[0], min_rows, "sample"), (array.shape[1], 1, "feature")):
        if count < least:
            raise InputError(
                f"{name}: {count} {what}(s) (shape={array.shape}) while a minimum of {least} is required; add data"
            )
    columns = getattr(given, "columns", None)
    return as_floats(array, name, None if columns is None else [str(column) for column in columns])
