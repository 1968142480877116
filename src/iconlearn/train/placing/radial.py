"""New rows placed by compiled sums: KL, a sparse target, and a kernel with a profile in few dimensions."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from iconlearn._parallel import in_pieces
from iconlearn.conditional import Conditional
from iconlearn.distributions import Distribution
from iconlearn.distributions.base import Kernel
from iconlearn.divergences import Divergence
from iconlearn.edges import narrow
from iconlearn.engines._fixed import centre_rows, descend, start_rows
from iconlearn.engines.fixed import FixedColumns
from iconlearn.engines.pairs import numbers
from iconlearn.engines.radial import MAX_DIM
from iconlearn.points import Points
from iconlearn.profile import Profile

TRIED = 128  # of a row's columns, as places to start from
STEPS = 150  # most evaluations of a row; nearly all have arrived after twenty


def placing_profile(
    measure: Divergence, p: Conditional, learned: Distribution, anchors: Points
) -> Profile | None:
    """The profile of the learned kernel where rows can be placed by compiled sums; None elsewhere."""
    value = anchors.value
    if not measure.splits or p.support is None or p.floor is not None or not isinstance(learned, Kernel):
        return None
    if value is None or value.device.type != "cpu" or value.dtype != torch.float32 or value.ndim != 2:
        return None
    if value.shape[1] > MAX_DIM or learned.pairs not in ("distinct", "all"):
        return None
    return learned.profile(anchors)


def place_radial(p: Conditional, anchors: Points, profile: Profile) -> Tensor:
    """Where every row's divergence from q over the anchors is smallest, (n, dim).

    A row goes down from the best of its own columns, and from the mean of them, and stays where it gets lower.
    """
    assert anchors.value is not None
    columns = anchors.value.detach().contiguous().numpy()
    rows = Pulled(p, FixedColumns(columns, profile))
    (near, cost), (middle, other) = (descended(rows, start) for start in rows.starts())
    return torch.from_numpy(np.where((cost <= other)[:, None], near, middle))


def descended(rows: Pulled, probe: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where rows that start at ``probe`` (n, dim) come to, float32, and the cost there."""
    n, dim = probe.shape
    position, value, slope = np.zeros((n, dim)), np.full(n, np.inf), np.zeros((n, dim))
    inverse, moving = np.zeros((n, dim, dim)), np.ones(n, bool)
    held = (probe, position, value, slope, inverse, moving)
    for _ in range(STEPS):
        given = (rows.fixed.profile.unit, *rows.evaluate(probe, np.flatnonzero(moving)))
        in_pieces(lambda a, b, given=given: descend(*given, a, b, *held), n)
        if not moving.any():
            break
    return position.astype(np.float32), value


class Pulled:
    """Rows, each pulled by its own masses towards fixed columns and pushed by all of them."""

    def __init__(self, p: Conditional, fixed: FixedColumns) -> None:
        edges = p.edges
        assert edges is not None
        self.fixed, self.kernel = fixed, numbers(fixed.profile)
        self.indptr, self.cols = edges.support.indptr.numpy(), edges.support.cols.numpy()
        self.mass, self.n = edges.mass.detach().float().numpy(), edges.support.n
        self.total = edges.totals.double().numpy()
        self.shifted = narrow(edges.support.cols + self.n)  # columns below the rows, in one array

    def evaluate(self, at: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cost of some of the rows at their positions, (n,) float64, and its gradient; of the others nothing."""
        together = np.concatenate([at, self.fixed.columns])
        pull, towards = np.empty(self.n, np.float32), np.empty_like(at)
        given = (self.indptr, self.shifted, self.mass, self.mass, np.float32(1), *self.kernel)
        in_pieces(lambda a, b: self.fixed.loops.pull_rows(together, *given, a, b, pull, towards), self.n)
        cost, force = -pull.astype(np.float64), -towards.astype(np.float64)
        log_z, push = self.fixed.log_sums(at, rows)
        cost[rows] += self.total[rows] * log_z
        force[rows] += self.total[rows, None] * push
        return cost, force

    def starts(self) -> tuple[np.ndarray, np.ndarray]:
        """The best of a row's own columns, and the mean of them under its masses, (n, dim) float32 each."""
        columns, n = self.fixed.columns, self.n
        own = np.unique(self.cols)
        log_z = np.full(len(columns), np.inf)
        log_z[own] = self.fixed.log_sums(columns, own)[0]
        best, centre = (np.empty((n, columns.shape[1]), np.float32) for _ in range(2))
        near = (columns, self.indptr, self.cols, self.mass)
        in_pieces(lambda a, b: start_rows(log_z, *near, *self.kernel, TRIED, a, b, best), n, at_least=64)
        in_pieces(lambda a, b: centre_rows(*near, a, b, centre), n)
        return best, centre
