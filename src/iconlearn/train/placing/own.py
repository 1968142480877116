"""Rows of the training data, found again by their exact content, or by id where no data is given."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.inputs import Inputs

AT_ONCE = 1 << 16  # rows hashed at once


class OwnRows:
    """Finds rows of the training data. Keys of the fitted rows are made once, 16 bytes a row."""

    def __init__(self, fitted: Inputs) -> None:
        self.data = fitted.stacked().flatten(1).cpu().numpy() if fitted.views else None
        self.id = fitted.id.cpu().numpy()

    @classmethod
    def of(cls, fitted: Inputs) -> OwnRows:
        """Those of some data, which does not change; kept as long as the data is."""
        if fitted not in _KEPT:
            _KEPT[fitted] = cls(fitted)
        return _KEPT[fitted]

    def find(self, data: Inputs) -> Tensor:
        """Position of every row among the fitted ones, the first of several, -1 for a new row, (n,)."""
        if data.views and self.data is None:
            raise InputError("X holds data but fit was given ids alone; give those: transform({'id': ids})")
        if data.views:
            return torch.from_numpy(self._by_content(data.stacked().flatten(1).cpu().numpy()))
        wanted = data.id.cpu().numpy()
        found = first_equal(*self._by_id, wanted, lambda rows, places: wanted[rows] == self.id[places])
        if (found < 0).any():
            raise InputError(
                f"id: {int(wanted[found < 0][0])} is not among the samples that fit was given; give data of new "
                "samples, 'value' or 'views'"
            )
        return torch.from_numpy(found)

    def _by_content(self, rows: np.ndarray) -> np.ndarray:
        held = self.data
        assert held is not None
        if rows.shape[1:] != held.shape[1:] or rows.dtype != held.dtype:
            return np.full(len(rows), -1, np.int64)
        return first_equal(*self._by_hash, hashes(rows), lambda a, b: (rows[a] == held[b]).all(1))

    @cached_property
    def _by_id(self) -> tuple[np.ndarray, np.ndarray]:
        return ordered(self.id)

    @cached_property
    def _by_hash(self) -> tuple[np.ndarray, np.ndarray]:
        assert self.data is not None
        return ordered(hashes(self.data))


_KEPT: WeakKeyDictionary[Inputs, OwnRows] = WeakKeyDictionary()


def ordered(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keys in ascending order, and where they were; equal ones stay in their order."""
    order = np.argsort(keys, kind="stable")
    return keys[order], order


def first_equal(
    keys: np.ndarray,
    order: np.ndarray,
    wanted: np.ndarray,
    same: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """First place whose key is the wanted one and which is ``same(rows, places)``, -1 where there is none."""
    found = np.full(len(wanted), -1, np.int64)
    at = np.searchsorted(keys, wanted)
    left = np.arange(len(wanted))
    while len(left):
        left = left[at[left] < len(keys)]
        left = left[keys[at[left]] == wanted[left]]
        hit = same(left, order[at[left]])
        found[left[hit]] = order[at[left[hit]]]
        left = left[~hit]
        at[left] += 1
    return found


def hashes(rows: np.ndarray) -> np.ndarray:
    """One number a row, the same for equal rows, (n,) uint64: a sum of its words times odd numbers."""
    out = np.empty(len(rows), np.uint64)
    for first in range(0, len(rows), AT_ONCE):
        part = np.ascontiguousarray(rows[first : first + AT_ONCE] + 0)  # -0.0 and 0.0 are one number
        words = part.view(f"u{min(part.itemsize, 8)}")
        factors = np.random.default_rng(0).integers(2**63, size=words.shape[1], dtype=np.uint64) * 2 + 1
        out[first : first + AT_ONCE] = (words * factors).sum(1, dtype=np.uint64)
    return out
