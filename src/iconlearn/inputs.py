"""Inputs: what a user hands over, turned once, at the door, into tensors with ids, views and labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn._numerics import divided
from iconlearn.data.features import to_array
from iconlearn.features import Stored
from iconlearn.points import Points
from iconlearn.processes import ALONE, Processes

NAMED = ("value", "views", "label", "id")
# Data whose scale is within these bounds is taken as it is; float32 squares overflow or vanish far outside.
SAFE_SCALE = (2.0**-24, 2.0**24)
FEWEST_ROWS, MOST_ROWS, MOST_NUMBERS = 32, 4096, 1 << 22  # that are embedded at once


@dataclass(frozen=True, eq=False)
class Inputs:
    """n samples in one or more views, with ids, labels and other fields; immutable.

    Parameters
    ----------
    views : tuple of Tensor of shape (n, ...)
        One tensor a view: the data itself, augmentations of it, or modalities. May be empty when only ids
        matter.
    id : Tensor of shape (n,), int64
    label : Tensor of shape (n,), int64, optional
    fields : mapping of str to Tensor of shape (n, ...)
    unit : float
        What the views were divided by, and stored rows are when they are read; see :class:`Points`.
    anonymous : bool
        True for a batch that came without ids: its ids tell its samples apart, but not those of other batches.
    neighbors : NeighborGraph, optional
        The nearest neighbours of these n samples, found already; some of the samples have none.
    stored : Stored, optional
        The data itself, where it stays on disk and is read a batch at a time; there are no ``views`` then.
    across : Processes
        Those of the job, all of which have these inputs and share the work on them.
    pieces : int
        In how many pieces a mapper embeds them, one after another, with the memory of one.
    """

    views: tuple[Tensor, ...]
    id: Tensor
    label: Tensor | None = None
    fields: Mapping[str, Tensor] = field(default_factory=dict)
    unit: float = 1.0
    anonymous: bool = False
    neighbors: Any = None
    stored: Stored | None = None
    across: Processes = ALONE
    pieces: int = 1

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.id)

    @property
    def num_views(self) -> int:
        """Views of every sample that there are."""
        return max(1, len(self.views)) if self.stored is None else self.stored.views

    @property
    def rows_at_once(self) -> int:
        """How many rows are embedded together: fewer of large images, whose activations are many."""
        widths = [self.stored.d] if self.stored is not None else [v[:1].numel() for v in self.views]
        return max(FEWEST_ROWS, min(MOST_ROWS, MOST_NUMBERS // max([1, *widths])))

    def take(self, index: Tensor, stored_views: Tensor | None = None) -> Inputs:
        """Some of the samples, in memory; of stored ones the first view, or those given for each, (b, views)."""
        return replace(
            self,
            views=tuple(v[index] for v in self.views)
            if self.stored is None
            else self._read(index, stored_views),
            id=self.id[index],
            label=None if self.label is None else self.label[index],
            fields={k: v[index] for k, v in self.fields.items()},
            neighbors=None,
            stored=None,
        )

    def _read(self, index: Tensor, views: Tensor | None) -> tuple[Tensor, ...]:
        """Rows from disk, in the unit, of which every process reads a piece."""
        assert self.stored is not None
        own = self.across.piece(len(index))
        rows = index[own].cpu().numpy()
        chosen = [0] if views is None else list(views[own].cpu().numpy().T)
        read = torch.stack([self.stored.take(rows, view) for view in chosen])
        if self.unit != 1:
            read = torch.from_numpy(divided(read.numpy(), self.unit))
        read = read.to(self.id.device)
        return tuple(self.across.join(read, len(index)))

    def expect(self, index: Tensor) -> None:
        """Tell the disk which samples are taken next, of its first view."""
        if self.stored is not None:
            self.stored.expect(index[self.across.piece(len(index))].cpu().numpy())

    def piece(self) -> Inputs:
        """This process's own piece of the samples."""
        return self._between(self.across.piece(self.n))

    def split(self) -> list[Inputs]:
        """The samples in ``pieces`` pieces, which differ by at most one sample."""
        ends = [k * self.n // self.pieces for k in range(self.pieces + 1)]
        return [self._between(slice(*both)) for both in pairwise(ends)]

    def _between(self, own: slice) -> Inputs:
        return replace(
            self,
            views=tuple(v[own] for v in self.views),
            id=self.id[own],
            label=None if self.label is None else self.label[own],
            fields={k: v[own] for k, v in self.fields.items()},
            neighbors=None,
        )

    def with_views(self, *views: Tensor) -> Inputs:
        """The same samples in other views."""
        return replace(self, views=views)

    def to(self, device: torch.device) -> Inputs:
        """The same inputs on another device."""
        return replace(
            self,
            views=tuple(v.to(device) for v in self.views),
            id=self.id.to(device),
            label=None if self.label is None else self.label.to(device),
            fields={k: v.to(device) for k, v in self.fields.items()},
        )

    def stacked(self) -> Tensor:
        """All views below one another, for a mapper that serves them all."""
        if self.stored is not None:
            raise InputError(
                f"{self.stored!r} stays on disk, but all of it is needed at once here; give batch_size=, or load it: "
                "X = np.load(...)"
            )
        if not self.views:
            raise InputError(
                "the batch holds ids but no data, which the mapper needs; give 'value' or 'views'"
            )
        shapes = {tuple(v.shape[1:]) for v in self.views}
        if len(shapes) != 1:
            raise InputError(
                f"the views have different shapes {sorted(shapes)}; give every view its own mapper: "
                "mapper=PerView(first, second)"
            )
        return self.views[0] if len(self.views) == 1 else torch.cat(self.views)

    def points(self) -> Points:
        """What distributions see: one point for each sample and view, views below one another."""
        count = max(1, len(self.views))  # of stored samples there is nothing to show but their ids
        same = len({tuple(v.shape[1:]) for v in self.views}) == 1
        points = Points.of(
            self.stacked() if same and self.stored is None else None,
            id=self.id.repeat(count),
            view=torch.arange(count, device=self.id.device).repeat_interleave(self.n),
            label=None if self.label is None else self.label.repeat(count),
            fields={k: v.repeat(count, *([1] * (v.ndim - 1))) for k, v in self.fields.items()},
            n=self.n * count,
            unit=self.unit,
        )
        return points if self.neighbors is None else replace(points, neighbors=self.neighbors)


def as_tensor(value: Any, name: str) -> Tensor:
    """A tensor of the value; integers and half precision are kept for the mapper to decide."""
    tensor = value if isinstance(value, Tensor) else from_array(to_array(value, name), name)
    if tensor.ndim == 0:
        raise InputError(f"{name} is the single value {tensor.item()!r}; a batch of rows is needed")
    if tensor.is_complex():
        raise InputError(f"{name} is complex; give its real and imaginary parts as columns")
    return tensor


def from_array(array: np.ndarray, name: str) -> Tensor:
    """A tensor of an array, sharing memory where that is safe; float64, NumPy's default, becomes torch's default."""
    native = array.astype(array.dtype.newbyteorder("="), copy=not array.flags.writeable)
    try:
        tensor = torch.from_numpy(np.ascontiguousarray(native).reshape(array.shape))
    except TypeError as cause:
        raise InputError(
            f"{name} has type {array.dtype}; numbers are needed (arrays, tensors or lists of them)"
        ) from cause
    return tensor.to(torch.get_default_dtype()) if tensor.dtype == torch.float64 else tensor


def as_labels(value: Any, n: int) -> Tensor:
    """Labels as int64 codes of the right length; names are numbered in sorted order."""
    label = as_tensor(value if isinstance(value, Tensor) else encode(to_array(value, "label")), "label")
    if label.is_floating_point() and not bool(label.isfinite().all()):
        row = int((~label.isfinite()).nonzero()[0, 0])
        raise InputError(f"label is NaN or infinite in row {row}; use -1 for unlabelled rows")
    if label.is_floating_point() and bool((label != label.round()).any()):
        raise InputError("label holds fractions; class codes are needed (0, 1, ..., and -1 for unlabelled)")
    if label.shape != (n,):
        raise InputError(
            f"label has shape {tuple(label.shape)} but there are {n} samples; shape ({n},) is needed"
        )
    return label.long()


def encode(labels: np.ndarray) -> np.ndarray:
    """Class codes: numbers stay, names are numbered in sorted order; -1, None and NaN objects are unlabelled."""
    if labels.dtype.kind not in "OUST":
        return labels
    flat = labels.ravel().tolist()
    known = np.array([not is_unlabelled(label) for label in flat], dtype=bool)
    held = [label for label, is_known in zip(flat, known, strict=True) if is_known]
    if all(isinstance(label, Real) for label in held):
        numbers = np.array(held)
    else:
        numbers = np.unique([str(label) for label in held], return_inverse=True)[1]
    codes = np.full(len(flat), -1, dtype=np.result_type(numbers, np.int8))
    codes[known] = numbers
    return codes.reshape(labels.shape)


def is_unlabelled(label: Any) -> bool:
    """None, NaN, pandas' NA, or the number -1."""
    try:
        return label is None or bool(label != label) or (isinstance(label, Real) and bool(label == -1))
    except TypeError:  # pandas.NA is neither true nor false
        return True
    except ValueError as cause:
        raise InputError("label holds arrays; one class code or name a row is needed") from cause


@dataclass(frozen=True, eq=False)
class Parts:
    """A batch taken apart, as the user gave it; ``table`` where it is one bare array."""

    views: Mapping[str, Any]
    label: Any = None
    id: Any = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    table: bool = False


def take_apart(batch: Any) -> Parts:
    """Views by name, label, id and fields of a batch in any form that :func:`as_inputs` accepts."""
    if isinstance(batch, Mapping):
        views = batch.get("views", (batch["value"],) if "value" in batch else ())
        fields = {k: v for k, v in batch.items() if k not in NAMED}
        return Parts(_numbered(views), batch.get("label"), batch.get("id"), fields)
    if not _is_views(batch):
        return Parts({"X": batch}, table=True)
    *views, last = (v if isinstance(v, Tensor) else to_array(v, f"views[{k}]") for k, v in enumerate(batch))
    if views and last.ndim == 1 and not is_fractional(last):
        return Parts(_numbered(views), last)
    return Parts(_numbered([*views, last]))


def _numbered(views: Any) -> dict[str, Any]:
    return {f"views[{k}]": view for k, view in enumerate(views)}


def is_fractional(part: Tensor | np.ndarray) -> bool:
    """Is it of a type for fractions, rather than of whole numbers or names?"""
    if isinstance(part, Tensor):
        return part.is_floating_point() or part.is_complex()
    return part.dtype.kind in "fc"


def _is_views(batch: Any) -> bool:
    """A tuple, or a list of arrays, rather than a table in nested lists or a list of its rows."""
    if isinstance(batch, tuple):
        return bool(batch) and not np.isscalar(batch[0])
    return (
        isinstance(batch, list)
        and all(isinstance(part, (Tensor, np.ndarray)) for part in batch)
        and any(part.ndim > 1 for part in batch)
    )


def as_inputs(batch: Any, num_views: int = 1) -> Inputs:
    """Turn a batch in any accepted form into :class:`Inputs`.

    Accepted: a tensor, array or nested list ``X``; ``(X, y)``; ``(view_1, view_2)``; ``(view_1, view_2, y)``,
    where labels are a last one-dimensional array of integers or names; a list of arrays in place of a tuple,
    unless all are one-dimensional (rows of one table); or a dict with "value" or "views", "label", "id", and
    any other name as a field.

    Raises
    ------
    InputError
        If lengths differ, a type is not numeric, or fewer views are given than the target compares.
    """
    if isinstance(batch, Inputs):
        return batch
    parts = take_apart(batch)
    inputs = assemble(parts, [as_tensor(view, name) for name, view in parts.views.items()])
    if inputs.n == 0:
        raise InputError("the batch holds no samples; leave empty batches out")
    if max(1, len(inputs.views)) < num_views:  # ids alone are enough for a table
        raise InputError(
            f"the target compares {num_views} views of every sample but the batch has {len(inputs.views)}; "
            "pass a tuple of views, or augment= to fit"
        )
    return replace(inputs, anonymous=parts.id is None)


def assemble(parts: Parts, views: Sequence[Tensor], unit: float = 1.0) -> Inputs:
    """Inputs of views that are tensors already and of the other parts of a batch."""
    fields = {name: as_tensor(value, name) for name, value in parts.fields.items()}
    holders = [*views, *fields.values()]
    if not holders and parts.id is None:
        raise InputError("the batch holds no data; give 'value', 'views' or 'id'")
    ids = None if parts.id is None else as_tensor(parts.id, "id").long()
    n = len(holders[0] if holders else ids)  # type: ignore[arg-type]
    for tensor in holders:
        if len(tensor) != n:
            raise InputError(f"the parts of the batch have different lengths: {[len(t) for t in holders]}")
    if ids is None:
        ids = torch.arange(n, device=holders[0].device)
    if ids.shape != (n,):
        raise InputError(f"id has shape {tuple(ids.shape)} but there are {n} samples")
    label = None if parts.label is None else as_labels(parts.label, n)
    return Inputs(tuple(views), ids, label, fields, unit)


def safe_unit(*arrays: np.ndarray) -> float:
    """The power of two by which data of extreme scale is divided; 1 for ordinary data."""
    peak = max((float(np.abs(array).max()) for array in arrays if array.size), default=0.0)
    if peak == 0 or SAFE_SCALE[0] <= peak <= SAFE_SCALE[1]:
        return 1.0
    return math.ldexp(1.0, min(round(math.log2(peak)), 1023))
