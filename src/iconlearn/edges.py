"""Edges: a support with a mass on every entry, which is what pulls points together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from iconlearn.support import Support


@dataclass(frozen=True, eq=False)
class Edges:
    """Masses m_ij on a support, without gradient.

    Parameters
    ----------
    support : Support
    mass : Tensor of shape (E,)
    symmetric : bool, default False
        m_ij = m_ji, on a support that holds both.
    """

    support: Support
    mass: Tensor
    symmetric: bool = False

    @cached_property
    def totals(self) -> Tensor:
        """Mass of every row, (n,)."""
        return self.support.sum(self.mass)

    @cached_property
    def mass_log_mass(self) -> Tensor:
        """sum_j m_ij log m_ij of every row, (n,); 0 log 0 is 0."""
        return self.support.sum(torch.special.xlogy(self.mass, self.mass))

    @cached_property
    def two_way(self) -> TwoWay:
        """The edges and their reverses, for compiled loops."""
        return TwoWay.of(self)


@dataclass(frozen=True, eq=False)
class TwoWay:
    """Edges with their reverses: every row lists all that pull at it, so that a gradient needs no scatter.

    ``mass`` is that of the pair (row, column), ``both`` the sum of the pair and its reverse, float32 arrays.
    """

    indptr: np.ndarray
    cols: np.ndarray  # uint32
    mass: np.ndarray
    both: np.ndarray

    @classmethod
    def of(cls, edges: Edges) -> TwoWay:
        """Of edges between the rows themselves."""
        support, mass = edges.support, edges.mass.float()
        if edges.symmetric:
            held = mass.numpy()
            return cls(support.indptr.numpy(), narrow(support.cols), held, held * np.float32(2))
        n = support.n
        turned, position = support.transposed
        keys = torch.cat([support.keys, turned.keys])
        unique, place = keys.unique(return_inverse=True)
        both = Support.from_sorted(unique // n, unique % n, n, n)
        there = torch.zeros(len(unique)).index_add(0, place[: len(support)], mass)
        back = torch.zeros(len(unique)).index_add(0, place[len(support) :], mass[position])
        return cls(both.indptr.numpy(), narrow(both.cols), there.numpy(), (there + back).numpy())


def narrow(cols: Tensor) -> np.ndarray:
    """Columns as 32-bit numbers: half the memory to stream, enough for four thousand million rows."""
    return cols.numpy().astype(np.uint32)
