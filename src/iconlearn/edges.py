"""Edges: a support with a mass on every entry, which is what pulls points together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from iconlearn._parallel import in_pieces
from iconlearn._rows import lay_onto, lay_rows, least_and_most
from iconlearn.support import Support, symmetric_sum

WORTH_LAYING = 20_000  # positions of fewer points stay in the nearest caches wherever they lie
LAY_AT = (40, 100)  # reads of the edges after which they are laid anew: a map forms, then unfolds


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
    def layout(self) -> Layout:
        """The edges and their reverses, for compiled loops."""
        return Layout(TwoWay.of(self))


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
    rows: np.ndarray | None = None  # (n,) which row is stored at each place; None: each at its own

    @classmethod
    def of(cls, edges: Edges) -> TwoWay:
        """Of edges between the rows themselves."""
        support, mass = edges.support, edges.mass.detach().float().cpu()
        if edges.symmetric:
            held = mass.numpy()
            return cls(support.indptr.numpy(), narrow(support.cols), held, held, 2.0)
        whole, log_both = symmetric_sum(support, mass.clamp(min=0).log())
        there, cols = laid_onto(whole, support, mass), narrow(whole.cols)
        indptr = whole.indptr.numpy()
        del whole  # its columns are the largest of all that is here
        return cls(indptr, cols, there, log_both.exp_().numpy(), 1.0)

    def relaid(self, rows: np.ndarray) -> TwoWay:
        """The same edges, rows stored in another order; entries of a row keep theirs, so sums keep their bits."""
        place = np.empty(len(rows), np.uint32)
        place[rows] = np.arange(len(rows), dtype=np.uint32)
        held = rows if self.rows is None else np.argsort(self.rows)[rows]  # where each row is stored now
        moved = place if self.rows is None else place[self.rows]  # where each place goes
        indptr = np.concatenate([np.zeros(1, np.int64), np.diff(self.indptr)[held].cumsum()])
        cols, mass = np.empty_like(self.cols), np.empty_like(self.mass)
        both = mass if self.both is self.mass else np.empty_like(self.both)
        given = self.indptr, self.cols, self.mass, self.both, held, moved, indptr
        in_pieces(lambda a, b: lay_rows(*given, a, b, cols, mass, both), len(rows))
        return TwoWay(indptr, cols, mass, both, self.share, rows)


class Layout:
    """Edges in memory, laid anew as the map takes shape: neighbours in the map then lie near each other in memory.

    The bits of all sums are the same in every layout.
    """

    def __init__(self, edges: TwoWay) -> None:
        self.edges, self.reads = edges, 0

    def near(self, points: Tensor) -> TwoWay:
        """The edges, laid for points at these positions when it is time to."""
        self.reads += 1
        if self.reads in LAY_AT and len(points) >= WORTH_LAYING:
            self.edges = self.edges.relaid(along_curve(points))
        return self.edges


def laid_onto(whole: Support, support: Support, mass: Tensor) -> np.ndarray:
    """Masses on a wider support, 0 on what it has more."""
    out = np.empty(len(whole), np.float32)
    given = [k.numpy() for k in (support.indptr, support.cols, mass, whole.indptr, whole.cols)]
    in_pieces(lambda a, b: lay_onto(*given, a, b, out), support.n)
    return out


def along_curve(points: Tensor) -> np.ndarray:
    """Points in Morton order of their cells: cell after cell, where neighbouring cells are mostly near."""
    low, high = extent(points)
    scale = 64 / np.maximum(high - low, 1e-30) * (1 - 1e-6)
    cells = np.clip((points.numpy() - low) * scale, 0, 63).astype(np.uint32)
    key = np.zeros(len(points), np.uint32)
    dim = points.shape[1]
    for bit in range(6):
        for c in range(dim):
            key |= ((cells[:, c] >> bit) & 1) << (bit * dim + c)
    return np.argsort(key, kind="stable")


def extent(points: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest coordinate along every axis, (dim,) float64; NaN where there is one."""
    if points.device.type != "cpu":
        return points.amin(0).double().cpu().numpy(), points.amax(0).double().cpu().numpy()
    low, high = np.full(points.shape[1], np.inf), np.full(points.shape[1], -np.inf)
    # axis by axis, as tensor operations do it, takes several times as long
    least_and_most(points.numpy(), low, high)
    return low, high


def narrow(cols: Tensor) -> np.ndarray:
    """Columns as 32-bit numbers: half the memory to stream, enough for four thousand million rows."""
    return cols.numpy().astype(np.uint32)
