"""The grid engine: sums over all pairs of a radial kernel in one to three dimensions, in O(n + M log M)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._numerics import log_sum_exp
from iconlearn.distributions.base import Kernel
from iconlearn.edges import extent
from iconlearn.engines.mesh import Field, Mesh, Transforms
from iconlearn.engines.mesh_tensor import TensorField
from iconlearn.engines.radial import Back, Direct, Radial, RadialSum, all_equal, require_radial
from iconlearn.points import Points
from iconlearn.profile import GAUSSIAN, Profile

# Root mean square error of the gradient of a Student-t potential, relative to its root mean square, by the mesh's
# spacing in units of the kernel; tests/contracts/test_radial_engines.py measures them. Those of a Gaussian are smaller.
ERRORS = ((1.0, 0.3), (0.7, 0.12), (0.5, 0.03), (0.4, 0.01), (0.33, 3e-3), (0.25, 5e-4))
TOLERANCE, FINEST = 0.12, ERRORS[-1][1]
# Below this share of a mesh's largest potential a row's own sum may be lost in its error; it is summed directly.
DARK = 1e-3
# Below this mean a joint sum may be lost in the error of what every point adds to itself, at most 1 % of it.
LONELY = 0.1
MOST_NODES = 1 << 26
NODE_COST, POINT_COST = 2.0, 40.0  # of a node and of a point of the mesh, in terms of a pair summed directly


def spacing_of(tolerance: float) -> float:
    """The spacing, in units of the kernel, whose error is the tolerance: between the measured ones, by logarithms."""
    spacing, error = zip(*ERRORS, strict=True)
    log_error = np.log(np.array(error))[::-1]
    return float(np.exp(np.interp(math.log(tolerance), log_error, np.log(np.array(spacing))[::-1])))


@dataclass(frozen=True)
class Grid:
    """The grid engine with its accuracy.

    Parameters
    ----------
    tolerance : float, default 0.12
        Root mean square error of the repulsion, relative to its root mean square, from 0.0005 to 0.3. A map's
        quality does not change below the default; the loss is some hundred times more accurate than its gradient.
        It is for the steps of a run: losses outside of steps are summed at the finest, where that can be had.

    Examples
    --------
    >>> Grid(tolerance=1e-3).tolerance
    0.001
    """

    tolerance: float = TOLERANCE
    transforms: Transforms = field(default_factory=Transforms, repr=False, compare=False)

    def __post_init__(self) -> None:
        low, high = ERRORS[-1][1], ERRORS[0][1]
        check_number("Grid", "tolerance", self.tolerance, low=low, high=high)

    def __call__(self, kernel: Kernel, i: Points, j: Points) -> GridScores | Direct:
        profile = require_radial(kernel, i, j, "grid")
        if self.nodes(profile, i) > MOST_NODES:  # points far away or not finite: no mesh holds them
            return Direct(kernel, i, j, profile)
        return GridScores(kernel, i, j, profile, spacing_of(self.tolerance), self.transforms)

    def nodes(self, profile: Profile, i: Points) -> float:
        """Nodes of a mesh over these points; inf where there is none."""
        assert i.value is not None
        low, high = extent(i.value.detach())
        span = high - low
        if not np.isfinite(span).all():
            return math.inf
        return Mesh.entries(span, spacing_of(self.tolerance) * profile.unit)

    def pays(self, kernel: Kernel, i: Points) -> bool:
        """Is a mesh over these points of reasonable size, and cheaper than all pairs? In three dimensions, or where a
        few points are far away, it may not be."""
        profile = kernel.profile(i)
        assert profile is not None
        nodes = self.nodes(profile, i)
        return nodes <= MOST_NODES and nodes * NODE_COST + i.n * POINT_COST <= i.n**2


class GridScores(Radial):
    """Scores whose sums over all pairs are read from a mesh."""

    def __init__(
        self, kernel: Kernel, i: Points, j: Points, profile: Profile, spacing: float, transforms: Transforms
    ) -> None:
        super().__init__(kernel, i, j, profile)
        self.spacing, self.transforms = spacing * profile.unit, transforms
        self._field: Field | TensorField | None = None
        self._sums: Tensor | None = None

    def field(self, points: Tensor) -> Field | TensorField:
        """The points on their mesh."""
        if self._field is None:
            self._field = self.backend.field(points, self.spacing)
        return self._field

    def _pair_sum(self, name: str, kernel: Callable[[Tensor], Tensor]) -> Tensor:
        """sum_j k(u_ij) of every row, itself included, (n,)."""

        def evaluate(points: Tensor) -> tuple[Tensor, Back]:
            mesh = self.field(points)
            spectrum = self.transforms.of((name, self.profile), kernel, mesh.mesh, points.device)
            found, gradient = mesh.potential(torch.ones_like(points[:, 0]), spectrum)

            def back(weight: Tensor) -> Tensor:
                if all_equal(weight):  # the pull as a row and as a column are one
                    return (2 * weight[0]) * gradient
                return weight[:, None] * gradient + mesh.potential(weight, spectrum)[1]

            return found, back

        return RadialSum.apply(self.value, evaluate)  # type: ignore[return-value]

    @property
    def sums(self) -> Tensor:
        """sum_j exp(score) of every row over its candidates, (n,)."""
        if self._sums is None:
            whole = self._pair_sum("mass", lambda u: self.profile.score(u).exp())
            self._sums = whole - 1 if self.alone else whole
        return self._sums

    def partition(self) -> Tensor:
        sums = self.sums
        if self.kernel.normalize == "joint":  # only the total counts, and no row is alone in it
            return sums.detach().clamp(min=1e-30).log()
        dark = sums.detach() < DARK * float(sums.detach().max() + 1)
        lit = sums.masked_fill(dark, 1.0).log()
        if not bool(dark.any()):
            return lit
        rows = dark.nonzero().flatten()
        return lit.index_put((rows,), self.partition_of(rows))

    def joint(self, partition: Tensor) -> Tensor:
        total = self.sums.double().sum()
        if float(total.detach()) < LONELY * self.i.n:
            everyone = torch.arange(self.i.n, device=self.value.device)
            return log_sum_exp(self.partition_of(everyone))
        return total.log().to(self.value.dtype)

    def total(self) -> Tensor:
        if self.profile.kind == GAUSSIAN:
            y = self.value.double()
            y = y - y.detach().mean(0)
            squares = y.square().sum(-1)
            total = squares * len(y) - 2 * y @ y.sum(0) + squares.sum()
            return (-self.profile.rate * total).to(self.value.dtype)
        return self._pair_sum("score", self.profile.score)
