"""Edges: a support with a mass on every entry, which is what pulls points together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from iconlearn._parallel import in_pieces
from iconlearn._rows import lay_onto
from iconlearn.support import Support, symmetric_sum


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

    ``mass`` is that of the pair (row, column); ``both`` times ``share`` is that of the pair and its reverse together,
    float32 arrays, one and the same where the edges are symmetric: their stream is read once then.
    """

    indptr: np.ndarray
    cols: np.ndarray  # uint32
    mass: np.ndarray
    both: np.ndarray
    share: float

    @classmethod
    def of(cls, edges: Edges) -> TwoWay:
        """Of edges between the rows themselves."""
        support, mass = edges.support, edges.mass.detach().float().cpu()
        if edges.symmetric:
            held = mass.numpy()
            return cls(support.indptr.numpy(), narrow(support.cols), held, held, 2.0)
        whole, log_both = symmetric_sum(support, mass.clamp(min=0).log())
        there = np.empty(len(whole), np.float32)
        given = [k.numpy() for k in (support.indptr, support.cols, mass, whole.indptr, whole.cols)]
        in_pieces(lambda a, b: lay_onto(*given, a, b, there), support.n)
        return cls(whole.indptr.numpy(), narrow(whole.cols), there, log_both.exp().numpy(), 1.0)


def narrow(cols: Tensor) -> np.ndarray:
    """Columns as 32-bit numbers: half the memory to stream, enough for four thousand million rows."""
    return cols.numpy().astype(np.uint32)
