"""Sums over the edges of a support and over all pairs, for kernels with a profile: tensor operations, on any device.

Every sum is that of a row in the order of its entries, by segments and never by atomic additions, so that a device
gives the same bits at every call.
"""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn.edges import Edges
from iconlearn.profile import GAUSSIAN, Profile
from iconlearn.support import Support

ENTRIES = 1 << 24  # pairs looked at together


def segment_sum(entries: Tensor, lengths: Tensor) -> Tensor:
    """Sums of consecutive entries (E, ...), (len(lengths), ...)."""
    if not len(entries):
        return entries.new_zeros(len(lengths), *entries.shape[1:])
    return torch.segment_reduce(entries, "sum", lengths=lengths, unsafe=True, initial=0.0)


class TensorPairs:
    """Sums over pairs of points (n, dim); what they mean is said at :class:`iconlearn.engines.pairs.CompiledPairs`."""

    def __init__(self, dim: int, profile: Profile) -> None:
        self.dim, self.profile = dim, profile

    def slope(self, squared: Tensor) -> Tensor:
        """Derivative of the score in the squared distance."""
        p = self.profile
        if p.kind == GAUSSIAN:
            return torch.full_like(squared, -p.rate)
        return -p.power * p.rate / (1 + p.rate * squared)

    def pull(self, points: Tensor, edges: Edges) -> tuple[Tensor, Tensor]:
        mass = edges.mass.to(points)
        found = edges.support.sum(mass * self.scores(points, edges.support))
        return found, self.forces(points, edges.support, mass)

    def scores(self, points: Tensor, support: Support) -> Tensor:
        delta = points[support.rows] - points[support.cols]
        return self.profile.score(delta.square().sum(-1))

    def forces(self, points: Tensor, support: Support, weight: Tensor) -> Tensor:
        delta = points[support.rows] - points[support.cols]
        force = (2 * weight * self.slope(delta.square().sum(-1))).unsqueeze(-1) * delta
        turned, position = support.transposed
        return segment_sum(force, support.lengths) - segment_sum(force[position], turned.lengths)

    def log_sums(self, points: Tensor, rows: Tensor, alone: bool) -> tuple[Tensor, Tensor]:
        found, gradient = points.new_empty(len(rows)), points.new_empty(len(rows), self.dim)
        everyone = torch.arange(len(points), device=points.device)
        for tile in self.tiles(len(rows), len(points), points.device):
            delta, squared = offsets(points[rows[tile]], points)
            score = self.profile.score(squared)
            if alone:
                score = score.masked_fill(rows[tile].unsqueeze(-1) == everyone, -torch.inf)
            found[tile] = score.logsumexp(-1)
            pull = (score - found[tile].unsqueeze(-1)).exp() * self.slope(squared)
            gradient[tile] = torch.stack([2 * (pull * part).sum(-1) for part in delta], -1)
        return found, gradient

    def reactions(self, points: Tensor, rows: Tensor, weight: Tensor, log_z: Tensor) -> Tensor:
        gradient, sources = torch.empty_like(points), points[rows]
        for tile in self.tiles(len(points), len(rows), points.device):
            delta, squared = offsets(points[tile], sources)
            share = (
                (self.profile.score(squared) - log_z).clamp(max=0).exp()
            )  # that of itself pulls at nothing
            pull = weight * share * self.slope(squared)
            gradient[tile] = torch.stack([2 * (pull * part).sum(-1) for part in delta], -1)
        return gradient

    @staticmethod
    def tiles(n: int, m: int, device: torch.device) -> tuple[Tensor, ...]:
        """The rows 0 ... n - 1 in tiles that suit m columns."""
        return torch.arange(n, device=device).split(max(1, ENTRIES // max(1, m)))


def offsets(rows: Tensor, columns: Tensor) -> tuple[list[Tensor], Tensor]:
    """Differences of all rows and columns along every axis, and their squared distances, each (b, m)."""
    delta = [rows[:, c, None] - columns[:, c] for c in range(rows.shape[1])]
    return delta, torch.stack([part.square() for part in delta]).sum(0)
