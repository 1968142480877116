"""Sums over the edges of a support and over all pairs, for kernels with a profile: compiled loops, on the CPU.

:class:`iconlearn.engines.pairs_tensor.TensorPairs` has the same methods for any device.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from iconlearn._parallel import in_pieces
from iconlearn.edges import Edges
from iconlearn.engines._pairs import pair_loops
from iconlearn.profile import Profile
from iconlearn.support import Support


class CompiledPairs:
    """Sums over pairs of points (n, dim), float32 and contiguous."""

    def __init__(self, dim: int, profile: Profile) -> None:
        self.loops = pair_loops(dim)
        self.profile = numbers(profile)

    def pull(self, points: Tensor, edges: Edges) -> tuple[Tensor, Tensor]:
        """sum_j mass_ij score_ij of every row, and the gradient of its sum over all rows."""
        there = edges.layout.near(points)
        arrays = (there.indptr, there.cols, there.mass, there.both, np.float32(there.share))
        laid = points if there.rows is None else points[torch.from_numpy(there.rows)]
        found, gradient = torch.empty(len(points)), torch.empty_like(points)
        spread(self.loops.pull_rows, len(points), laid, *arrays, *self.profile, out=(found, gradient))
        if there.rows is None:
            return found, gradient
        rows = torch.from_numpy(there.rows)
        return torch.empty_like(found).index_copy_(0, rows, found), torch.empty_like(gradient).index_copy_(
            0, rows, gradient
        )

    def scores(self, points: Tensor, support: Support) -> Tensor:
        """Score of every entry of a support."""
        found = torch.empty(len(support))
        given = points, support.indptr, support.cols
        spread(self.loops.edge_scores, len(points), *given, *self.profile, out=(found,))
        return found

    def forces(self, points: Tensor, support: Support, weight: Tensor) -> Tensor:
        """Gradient of ``sum_e weight_e score_e`` in every point: as the row of an edge, and as its column."""
        gradient = torch.zeros_like(points)
        turned, position = support.transposed
        for side, where in ((support, torch.arange(len(support))), (turned, position)):
            given = points, side.indptr, side.cols, weight, where
            spread(self.loops.edge_forces, len(points), *given, *self.profile, out=(gradient,))
        return gradient

    def log_sums(self, points: Tensor, rows: Tensor, alone: bool) -> tuple[Tensor, Tensor]:
        """log sum_j exp(score) of some rows, and its gradient in the row's position; ``alone`` leaves out itself."""
        axes = points.T.contiguous()
        found, gradient = torch.empty(len(rows)), torch.empty(len(rows), points.shape[1])
        given = axes, rows, points, alone
        spread(self.loops.log_sums, len(rows), *given, *self.profile, out=(found, gradient), at_least=16)
        return found, gradient

    def reactions(self, points: Tensor, rows: Tensor, weight: Tensor, log_z: Tensor) -> Tensor:
        """Gradient of ``sum_r weight_r log sum_r`` in every point as a column, (n, dim)."""
        gradient = torch.empty_like(points)
        given = points.T.contiguous(), rows, weight, log_z
        spread(self.loops.reactions, len(points), *given, *self.profile, out=(gradient,), at_least=64)
        return gradient


def numbers(profile: Profile) -> tuple[int, np.float32, np.float32]:
    """A profile as the arguments of a compiled loop."""
    return profile.kind, np.float32(profile.rate), np.float32(profile.power)


def spread(
    loop: Callable[..., None], n: int, *given: object, out: tuple[Tensor, ...], at_least: int = 1024
) -> None:
    """Run a compiled loop over its n rows in pieces; tensors are handed over as the arrays that they are."""
    arrays = [one.numpy() if isinstance(one, Tensor) else one for one in given]
    targets = [one.numpy() for one in out]
    in_pieces(lambda a, b: loop(*arrays, a, b, *targets), n, at_least=at_least)
