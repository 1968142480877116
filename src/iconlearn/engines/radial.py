"""Engines for radial kernels in few dimensions: what the two share, and the exact one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn.distributions.base import Kernel
from iconlearn.edges import Edges
from iconlearn.engines.backends import backend_of
from iconlearn.engines.exact import DEFAULT_BLOCK, Tiled
from iconlearn.points import Points
from iconlearn.profile import Profile
from iconlearn.support import Support

MAX_DIM = 3

Back = Callable[[Tensor], Tensor]  # weights of rows -> gradient of their weighted sum in every point
Evaluate = Callable[[Tensor], tuple[Tensor, Back]]


def radial_profile(kernel: Kernel, i: Points, j: Points) -> Profile | None:
    """The profile of a kernel between the embedded rows themselves; None where these engines do not apply."""
    value = i.value
    if value is None or value is not j.value or value.ndim != 2 or value.shape[-1] > MAX_DIM:
        return None
    if kernel.pairs not in ("distinct", "all") or i.n < 2:
        return None
    return kernel.profile(i) if kernel.pairs == "all" or all_distinct(i) else None


def require_radial(kernel: Kernel, i: Points, j: Points, engine: str) -> Profile:
    """The profile, or a refusal that says what this engine is for."""
    profile = radial_profile(kernel, i, j)
    if profile is None:
        raise OptionError(
            f"engine={engine!r} sums a Gaussian or Student-t of Euclidean distances between distinct rows in at most "
            f"{MAX_DIM} dimensions; {kernel!r} on these points is something else: use engine='auto'"
        )
    return profile


def all_distinct(points: Points) -> bool:
    """Is every point another sample or view? Points in ascending order, the usual case, are seen at once."""
    key = points.key
    return bool((key[1:] > key[:-1]).all()) or len(key.unique()) == len(key)


class RadialSum(torch.autograd.Function):
    """A sum over pairs of points with its gradient: ``evaluate(points)`` gives the rows' values and how to go back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, evaluate: Evaluate) -> Tensor:  # type: ignore[override]
        rows, ctx.back = evaluate(value.detach().float().contiguous())
        ctx.kind = value.dtype
        return rows.to(value.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return ctx.back(upstream.float().contiguous()).to(ctx.kind), None


def all_equal(weight: Tensor) -> bool:
    """Is the weight of every row the same, to the bit?"""
    return bool(len(weight)) and bool(weight.min() == weight.max())


class Radial(Tiled):
    """Scores of a kernel with a profile: fast sums over edges. A subclass says how to sum over all pairs."""

    def __init__(self, kernel: Kernel, i: Points, j: Points, profile: Profile) -> None:
        super().__init__(kernel, i, j, DEFAULT_BLOCK)
        assert i.value is not None
        self.profile, self.value = profile, i.value
        self.alone = kernel.pairs == "distinct"  # is every point its own only stranger?
        self.backend = backend_of(i.value.device)
        self.over = self.backend.pairs(i.value.shape[-1], profile)

    def pull(self, edges: Edges) -> Tensor:
        def evaluate(points: Tensor) -> tuple[Tensor, Back]:
            found, gradient = self.over.pull(points, edges)

            def back(weight: Tensor) -> Tensor:
                if all_equal(weight):
                    return gradient * weight[0]
                held = (edges.mass * edges.support.spread(weight)).float()
                return self.over.forces(points, edges.support, held)

            return found, back

        return RadialSum.apply(self.value, evaluate)  # type: ignore[return-value]

    def gather(self, support: Support) -> Tensor:
        def evaluate(points: Tensor) -> tuple[Tensor, Back]:
            found = self.over.scores(points, support)
            return found, lambda weight: self.over.forces(points, support, weight)

        return RadialSum.apply(self.value, evaluate)  # type: ignore[return-value]

    def partition_of(self, rows: Tensor) -> Tensor:
        """Log-partition of some rows over all columns, exactly."""

        def evaluate(points: Tensor) -> tuple[Tensor, Back]:
            found, gradient = self.over.log_sums(points, rows, self.alone)

            def back(weight: Tensor) -> Tensor:
                out = self.over.reactions(points, rows, weight, found)
                out[rows] += weight[:, None] * gradient
                return out

            return found, back

        return RadialSum.apply(self.value, evaluate)  # type: ignore[return-value]


class Direct(Radial):
    """All pairs, none held: exact, O(n^2) time, O(n) memory; the fastest way up to a few thousand points."""

    @classmethod
    def of(cls, kernel: Kernel, i: Points, j: Points) -> Direct:
        """The engine itself."""
        return cls(kernel, i, j, require_radial(kernel, i, j, "direct"))

    def partition(self) -> Tensor:
        return self.partition_of(torch.arange(self.i.n, device=self.value.device))
