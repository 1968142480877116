"""Compiled engines for radial kernels in few dimensions: what the two share, and the exact one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn._parallel import in_pieces
from iconlearn.distributions.base import Kernel
from iconlearn.edges import Edges
from iconlearn.engines._pairs import pair_loops
from iconlearn.engines.exact import DEFAULT_BLOCK, Tiled
from iconlearn.points import Points
from iconlearn.profile import Profile
from iconlearn.support import Support

MAX_DIM = 3


def radial_profile(kernel: Kernel, i: Points, j: Points) -> Profile | None:
    """The profile of a kernel between the embedded rows themselves; None where compiled engines do not apply."""
    value = i.value
    if value is None or value is not j.value or value.ndim != 2 or value.shape[-1] > MAX_DIM:
        return None
    if value.device.type != "cpu" or kernel.pairs not in ("distinct", "all") or i.n < 2:
        return None
    return kernel.profile(i) if kernel.pairs == "all" or all_distinct(i) else None


def require_radial(kernel: Kernel, i: Points, j: Points, engine: str) -> Profile:
    """The profile, or a refusal that says what this engine is for."""
    profile = radial_profile(kernel, i, j)
    if profile is None:
        raise OptionError(
            f"engine={engine!r} sums a Gaussian or Student-t of Euclidean distances between distinct rows in at most "
            f"{MAX_DIM} dimensions, on the CPU; {kernel!r} on these points is something else: use engine='auto'"
        )
    return profile


def all_distinct(points: Points) -> bool:
    """Is every point another sample or view? Points in ascending order, the usual case, are seen at once."""
    key = points.key
    return bool((key[1:] > key[:-1]).all()) or len(key.unique()) == len(key)


def coordinates(value: Tensor) -> np.ndarray:
    """An embedding as compiled loops read it: (n, dim) float32, contiguous."""
    return np.ascontiguousarray(value.detach().numpy(), dtype=np.float32)


def numbers(profile: Profile) -> tuple[int, np.float32, np.float32]:
    """A profile as the arguments of a compiled loop."""
    return profile.kind, np.float32(profile.rate), np.float32(profile.power)


def unlaid(stored: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Values of the rows that are stored in the order ``rows``, in the rows' own."""
    out = np.empty_like(stored)
    out[rows] = stored
    return out


class RadialSum(torch.autograd.Function):
    """A sum over pairs of points with its gradient: ``evaluate(points)`` gives the rows' values and how to go back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, evaluate: Callable[..., Any]) -> Tensor:  # type: ignore[override]
        rows, ctx.back = evaluate(coordinates(value))
        ctx.kind = value.dtype
        return torch.from_numpy(rows).to(value.dtype)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        found = ctx.back(np.ascontiguousarray(upstream.numpy(), dtype=np.float32))
        return torch.from_numpy(found).to(ctx.kind), None


def all_equal(weight: np.ndarray) -> bool:
    """Is the weight of every row the same, to the bit?"""
    return bool(len(weight)) and weight.min() == weight.max()


class Radial(Tiled):
    """Scores of a kernel with a profile: compiled sums over edges. A subclass says how to sum over all pairs."""

    def __init__(self, kernel: Kernel, i: Points, j: Points, profile: Profile) -> None:
        super().__init__(kernel, i, j, DEFAULT_BLOCK)
        assert i.value is not None
        self.profile, self.value = profile, i.value
        self.loops = pair_loops(i.value.shape[-1])

    def pull(self, edges: Edges) -> Tensor:
        def evaluate(points: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
            there, n = edges.layout.near(points), len(points)
            arrays = (there.indptr, there.cols, there.mass, there.both, np.float32(there.share))
            laid = points if there.rows is None else points[there.rows]
            found, gradient = np.empty(n, np.float32), np.empty_like(points)

            def piece(a: int, b: int) -> None:
                self.loops.pull_rows(laid, *arrays, *numbers(self.profile), a, b, found, gradient)

            in_pieces(piece, n)
            if there.rows is not None:
                found, gradient = unlaid(found, there.rows), unlaid(gradient, there.rows)

            def back(weight: np.ndarray) -> np.ndarray:
                if all_equal(weight):
                    return gradient * weight[0]
                support = edges.support
                held = (edges.mass * torch.from_numpy(weight)[support.rows]).float().numpy()
                return self.forces(points, support, held)

            return found, back

        return RadialSum.apply(self.value, evaluate)  # type: ignore[return-value]

    def gather(self, support: Support) -> Tensor:
        def evaluate(points: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
            found = np.empty(len(support), np.float32)
            indptr, cols = support.indptr.numpy(), support.cols.numpy()

            def piece(a: int, b: int) -> None:
                self.loops.edge_scores(points, indptr, cols, *numbers(self.profile), a, b, found)

            in_pieces(piece, len(points))
            return found, lambda weight: self.forces(points, support, weight)

        return RadialSum.apply(self.value, evaluate)  # type: ignore[return-value]

    def forces(self, points: np.ndarray, support: Support, weight: np.ndarray) -> np.ndarray:
        """Gradient of ``sum_e weight_e score_e`` in every point: as the row of an edge, and as its column."""
        gradient = np.zeros_like(points)
        turned, position = support.transposed
        plain = np.arange(len(support), dtype=np.int64)
        for side, where in ((support, plain), (turned, position.numpy())):
            indptr, cols = side.indptr.numpy(), side.cols.numpy()

            def piece(a: int, b: int, indptr: Any = indptr, cols: Any = cols, where: Any = where) -> None:
                self.loops.edge_forces(
                    points, indptr, cols, weight, where, *numbers(self.profile), a, b, gradient
                )

            in_pieces(piece, len(points))
        return gradient

    def log_sums(self, points: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """log sum_j exp(score) of some rows over all columns, exactly, and its gradient in the row's position."""
        axes = np.ascontiguousarray(points.T)
        found = np.empty(len(rows), np.float32)
        gradient = np.empty((len(rows), points.shape[1]), np.float32)
        alone = self.kernel.pairs == "distinct"

        def piece(a: int, b: int) -> None:
            self.loops.log_sums(axes, rows, points, alone, *numbers(self.profile), a, b, found, gradient)

        in_pieces(piece, len(rows), at_least=16)
        return found, gradient

    def reactions(
        self, points: np.ndarray, rows: np.ndarray, weight: np.ndarray, log_z: np.ndarray
    ) -> np.ndarray:
        """Gradient of ``sum_r weight_r log sum_r`` in every point as a column, (n, dim)."""
        axes, gradient = np.ascontiguousarray(points.T), np.empty_like(points)

        def piece(a: int, b: int) -> None:
            self.loops.reactions(axes, rows, weight, log_z, *numbers(self.profile), a, b, gradient)

        in_pieces(piece, len(points), at_least=64)
        return gradient


class Direct(Radial):
    """All pairs in compiled loops: exact, O(n^2) time, O(n) memory; the fastest way up to a few thousand points."""

    @classmethod
    def of(cls, kernel: Kernel, i: Points, j: Points) -> Direct:
        """The engine itself."""
        return cls(kernel, i, j, require_radial(kernel, i, j, "direct"))

    def partition(self) -> Tensor:
        def evaluate(points: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
            rows = np.arange(len(points))
            found, gradient = self.log_sums(points, rows)

            def back(weight: np.ndarray) -> np.ndarray:
                return weight[:, None] * gradient + self.reactions(points, rows, weight, found)

            return found, back

        return RadialSum.apply(self.value, evaluate)  # type: ignore[return-value]
