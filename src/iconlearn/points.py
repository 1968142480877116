"""Points: what a distribution may know about its rows i and its columns j."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn._numerics import NEG, float_like

if TYPE_CHECKING:
    from iconlearn.neighbors import NeighborGraph

Pairs = Literal["distinct", "all", "cross_view"]
PAIRS: tuple[str, ...] = get_args(Pairs)
UNLABELLED = -1
PROTOTYPE_VIEW = -1  # no data point has this view, so a prototype is never mistaken for a sample
VIEWS = 1 << 20  # ids and views share one 64-bit number: views may be -2^19 ... 2^19, ids 43 bits


@dataclass(frozen=True, eq=False)
class Points:
    """Rows i or columns j of a distribution; immutable.

    Parameters
    ----------
    value : Tensor of shape (..., n, d), or None
        Data for a target distribution, embeddings for a learned one.
    id : Tensor of shape (..., n), int64
        Which sample a point is; equal ids mean the same sample.
    view : Tensor of shape (..., n), int64
        Which copy of the sample: an augmentation, a modality, or -1 for prototypes.
    label : Tensor of shape (..., n), int64, optional
        Class codes; -1 marks an unlabelled point, which matches nothing.
    scale : Tensor of shape (..., n), optional
        Bandwidth of each row, filled in by a distribution's ``calibrate``.
    fields : mapping of str to Tensor of shape (..., n, d')
        Other features of the same points, read through ``Distribution.on(name)``.
    unit : float
        Length of one unit of ``value`` in the user's units: data of extreme scale is divided by a power of
        two at the door, and absolute bandwidths are divided by ``unit`` to match.
    neighbors : NeighborGraph, optional
        The nearest others of every point, found before, by their values; other rows or values lose it.

    Examples
    --------
    >>> import torch
    >>> points = Points.of(torch.eye(3))
    >>> points.n, points.id.tolist()
    (3, [0, 1, 2])
    """

    value: Tensor | None
    id: Tensor
    view: Tensor
    label: Tensor | None = None
    scale: Tensor | None = None
    fields: Mapping[str, Tensor] = field(default_factory=dict)
    unit: float = 1.0
    neighbors: NeighborGraph | None = None

    @classmethod
    def of(
        cls,
        value: Tensor | None,
        *,
        id: Tensor | None = None,
        view: Tensor | None = None,
        label: Tensor | None = None,
        fields: Mapping[str, Tensor] | None = None,
        n: int | None = None,
        unit: float = 1.0,
        neighbors: NeighborGraph | None = None,
    ) -> Points:
        """Build points with the usual defaults: ids 0 ... n - 1 and a single view."""
        anchor = next((t for t in (value, id, label, view) if t is not None), None)
        n = n if n is not None else (0 if anchor is None else len(anchor))
        device = None if anchor is None else anchor.device
        if value is not None:
            value = float_like(value).flatten(1)
        points = cls(
            value=value,
            id=torch.arange(n, device=device) if id is None else id,
            view=torch.zeros(n, dtype=torch.int64, device=device) if view is None else view,
            label=label,
            fields={k: float_like(v) if v.is_floating_point() else v for k, v in (fields or {}).items()},
            unit=unit,
            neighbors=neighbors,
        )
        for name in ("value", "id", "view", "label"):
            tensor = getattr(points, name)
            if tensor is not None and len(tensor) != n:
                raise InputError(f"Points: {name} has {len(tensor)} rows where {n} are expected")
        return points

    @property
    def n(self) -> int:
        """Number of points."""
        return self.id.shape[-1]

    @property
    def key(self) -> Tensor:
        """One number that tells id and view at once, (..., n)."""
        return self.id * VIEWS + self.view

    @property
    def device(self) -> torch.device:
        """Where the points live."""
        return self.id.device

    def take(self, index: Tensor) -> Points:
        """Points at ``index``: (b,) gives b points, (b, k) gives b lists of k points."""
        own = {
            name: None if (tensor := getattr(self, name)) is None else select(tensor, index)
            for name in ("value", "id", "view", "label", "scale")
        }
        return replace(
            self, **own, fields={k: select(v, index) for k, v in self.fields.items()}, neighbors=None
        )

    def bare(self) -> Points:
        """The same points without values: enough for ids, views and labels, and cheap to slice."""
        return replace(self, value=None, fields={}, neighbors=None)

    def with_value(self, value: Tensor) -> Points:
        """The same points seen through other features, such as their embedding."""
        return replace(self, value=float_like(value), unit=1.0, scale=None, neighbors=None)

    def read(self, name: str) -> Points:
        """The same points with the field ``name`` in place of ``value``."""
        if name not in self.fields:
            there = ", ".join(sorted(self.fields)) or "none"
            raise InputError(
                f".on({name!r}): the points carry no field {name!r} (fields: {there}); "
                f"give it with the data: model({{'value': x, {name!r}: features}})"
            )
        return replace(self, value=float_like(self.fields[name]), unit=1.0, neighbors=None)

    def shared(self, key: str) -> Tensor:
        """What positives have in common: "id" or "label" of every point."""
        if (found := getattr(self, key)) is None:
            raise InputError(f"this distribution compares {key}s but the points have none; pass y=")
        return found

    def match(self, other: Points, key: str) -> Tensor:
        """Boolean (..., n, m): do row and column agree in ``key``? Unlabelled points agree with nothing."""
        mine, theirs = self.shared(key), other.shared(key)
        same = mine.unsqueeze(-1) == theirs.unsqueeze(-2)
        return same & (mine != UNLABELLED).unsqueeze(-1) if key == "label" else same


def select(tensor: Tensor, index: Tensor) -> Tensor:
    """``tensor[index]`` with a backward pass that adds rows instead of sorting them."""
    return tensor.index_select(0, index.flatten()).unflatten(0, index.shape)


def require_value(points: Points, owner: object) -> Tensor:
    """The points' features, or an error that says who needed them."""
    if points.value is None:
        raise InputError(
            f"{owner} compares features, but these points have none (prototypes, a queue, or views of "
            "different shapes); use a distribution over ids or labels, or .on(field)"
        )
    return points.value


def require_samples(points: Points, owner: object) -> None:
    """Refuse prototypes where the ids of samples are compared: prototype 3 is not sample 3."""
    if points.n and bool((points.view == PROTOTYPE_VIEW).all()):
        raise InputError(
            f"{owner} compares samples, but the columns are prototypes; use DataLabel or Context as target, or leave "
            "mapper_j out"
        )


def same_points(i: Points, j: Points) -> bool:
    """Are rows and columns the same points in the same order?"""
    return i is j or (i.key.shape == j.key.shape and torch.equal(i.key, j.key))


def excluded(i: Points, j: Points, pairs: str) -> Tensor | None:
    """Which pairs are not candidates: (..., n, m) bool, or None when all are.

    «distinct» leaves out a point paired with itself (same id and same view), «cross_view» every pair within
    one view, «all» nothing. Identity is by id and view, never by comparing data.
    """
    if pairs == "all":
        return None
    if pairs == "cross_view":
        return i.match(j, "view")
    mine, theirs = pair_keys(i, j)
    return mine.unsqueeze(-1) == theirs.unsqueeze(-2)


def pair_keys(i: Points, j: Points) -> tuple[Tensor, Tensor]:
    """One number a point that tells id and view at once, comparable between rows and columns."""
    return i.key, j.key


def mask_pairs(score: Tensor, i: Points, j: Points, pairs: str) -> Tensor:
    """``score`` with -inf where (i, j) is not a candidate."""
    mask = excluded(i, j, pairs)
    return score if mask is None else score.masked_fill(mask, NEG)


def candidate_count(i: Points, j: Points, pairs: str) -> Tensor:
    """Number of candidate columns of every row, (n,) int64, in O((n + m) log m)."""
    if pairs == "all":
        return torch.full_like(i.id, j.n)

    mine, theirs = (i.view, j.view) if pairs == "cross_view" else pair_keys(i, j)
    theirs, mine = theirs.sort().values, mine.contiguous()
    same = torch.searchsorted(theirs, mine, right=True) - torch.searchsorted(theirs, mine)
    return j.n - same
