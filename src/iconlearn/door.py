"""Data at the door of fit and transform: checked, in one unit, with its neighbours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn._numerics import divided
from iconlearn.data.features import check_samples, to_array
from iconlearn.features import Stored
from iconlearn.inputs import Inputs, as_labels, as_tensor, assemble, safe_unit, take_apart


def fit_inputs(X: Any, y: Any, *, min_rows: int = 2, unit: float | None = None) -> Inputs:
    """Data at the door of fit and transform: checked, in float32, divided by a power of two if extreme.

    Whole numbers of 64 bits in views stay as they are (tokens); everything else becomes float32.
    """
    if isinstance(X, Stored):
        label = None if X.label is None else torch.from_numpy(X.label)
        peak = np.array([X.peak])
        scale = unit or safe_unit(peak)
        in_units(peak, scale)  # refuses what overflows
        data = Inputs((), torch.arange(X.n), label, unit=scale, stored=X)
    else:
        data = X if isinstance(X, Inputs) else checked(X, min_rows, unit)
    return data if y is None else replace(data, label=as_labels(y, data.n).to(data.id.device))


def with_neighbors(data: Inputs, neighbors: Any) -> Inputs:
    """The data with a graph of its nearest neighbours, which must be of as many rows."""
    if neighbors is None:
        return data
    if getattr(neighbors, "n", None) != data.n:
        held = f"of {neighbors.n} rows" if hasattr(neighbors, "n") else f"a {type(neighbors).__name__}"
        raise InputError(
            f"neighbors is {held} but the data has {data.n} samples; make it of the same rows: NeighborGraph.of(X)"
        )
    # where the graph is all there is, its unit is that of the data
    known = data.views or data.stored is not None
    return replace(data, neighbors=neighbors, unit=data.unit if known else neighbors.unit)


def checked(X: Any, min_rows: int, unit: float | None) -> Inputs:
    """A batch as :func:`as_inputs` reads it, with every view and field checked and in one unit."""
    parts = take_apart(X)
    tokens, arrays = {}, {}
    for name, view in parts.views.items():
        column = view if parts.table else as_column(view, name)
        arrays[name] = check_samples(column, name, min_rows)
        if not parts.table and column.dtype in (torch.int64, np.int64):
            tokens[name] = as_tensor(view, name)
    scale = unit or safe_unit(*(array for name, array in arrays.items() if name not in tokens))
    views = [tokens[k] if k in tokens else in_units(array, scale) for k, array in arrays.items()]
    data = assemble(parts, views, scale)
    for name, field in data.fields.items():
        if field.is_floating_point():
            check_samples(as_column(field, name), name, min_rows)
    if data.n < min_rows:
        raise InputError(f"X: {data.n} sample(s) while a minimum of {min_rows} is required; add data")
    return data


def as_column(view: Any, name: str) -> Any:
    """An array, a flat one as a single column."""
    array = view if isinstance(view, Tensor) else to_array(view, name)
    return array[:, None] if array.ndim == 1 else array


def in_units(array: np.ndarray, unit: float) -> Tensor:
    """A float32 copy of the array in the given unit."""
    values = divided(array, unit)
    if not np.isfinite(values).all():
        raise InputError(
            f"X: values up to {np.abs(array).max():.3g} overflow on the scale of the data that fit was given; "
            "bring both to one scale"
        )
    return torch.from_numpy(values)
