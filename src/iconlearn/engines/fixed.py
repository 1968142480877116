"""Sums of a radial kernel over columns that stay where they are: found once, read at any position."""

from __future__ import annotations

import numpy as np
import torch

from iconlearn._parallel import in_pieces
from iconlearn.engines._mesh import ORDER
from iconlearn.engines._pairs import pair_loops
from iconlearn.engines.grid import DARK, MOST_NODES, NODE_COST, spacing_of
from iconlearn.engines.mesh import Field, Mesh, convolve, transform
from iconlearn.engines.pairs import numbers
from iconlearn.profile import Profile

FEW = 4000  # columns that are summed directly at every position
TOLERANCES = (1e-3, 1e-2, 0.03)  # of the mesh, the first for which it is of reasonable size
MARGIN = 4.0  # of the mesh round the columns, in units of the kernel


class FixedColumns:
    r"""log Z(y) of a kernel over fixed columns, and its gradient, at any position y.

    .. math:: \log Z(y) = \log \sum_j e^{s(|y - y_j|^2)}

    The columns are spread on a mesh and convolved with the kernel once, and positions read from it. Where Z is too
    small to be read, outside of the mesh, and for few columns, it is summed directly. What a position gets follows
    from it and the columns alone, to the bit.

    Parameters
    ----------
    columns : array of shape (m, dim), float32
        At most three dimensions.
    profile : Profile

    Examples
    --------
    >>> from iconlearn.profile import GAUSSIAN, Profile
    >>> there = FixedColumns(np.zeros((3, 2), np.float32), Profile(GAUSSIAN, rate=1.0))
    >>> value, gradient = there.log_sums(np.ones((1, 2), np.float32))
    >>> value.round(4).tolist(), gradient.round(4).tolist()
    ([-0.9014], [[-2.0, -2.0]])
    """

    def __init__(self, columns: np.ndarray, profile: Profile) -> None:
        self.columns, self.profile = columns, profile
        self.axes = np.ascontiguousarray(columns.T)
        self.loops = pair_loops(columns.shape[1])
        self.mesh: Mesh | None = None
        spacing = self._spacing() if len(columns) > FEW else None
        if spacing is not None:
            self._spread(spacing)

    def _spacing(self) -> float | None:
        """Spacing of a mesh that is cheaper than a sum over all columns at each of them; None where none is."""
        span = self.columns.max(0) - self.columns.min(0) + 2 * MARGIN * self.profile.unit
        if not np.isfinite(span).all():
            return None
        most = min(MOST_NODES, len(self.columns) ** 2 / NODE_COST)
        spacings = (spacing_of(tolerance) * self.profile.unit for tolerance in TOLERANCES)
        return next((s for s in spacings if Mesh.entries(span, s) <= most), None)

    def _spread(self, spacing: float) -> None:
        """Convolve the columns with the kernel on a mesh."""
        margin = np.float32(MARGIN * self.profile.unit)
        corners = np.stack([self.columns.min(0) - margin, self.columns.max(0) + margin])
        field = Field(torch.from_numpy(np.concatenate([self.columns, corners])), spacing)
        charge = torch.ones(len(field.points))
        charge[-len(corners) :] = 0
        self.mesh, self.read, self.inverse = field.mesh, field.loops.read, field.inverse
        spectrum = transform(lambda u: self.profile.score(u).exp(), self.mesh)
        self.nodes = convolve(field.spread(charge), spectrum, self.mesh).numpy()
        self.least = 0.0
        value, _ = self._read(self.columns, np.arange(len(self.columns)))
        self.least = DARK * float(value.max())

    def log_sums(self, at: np.ndarray, rows: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """log Z at positions (n, dim), or at some of them, and its gradient: (r,) float64 and (r, dim) float32."""
        rows = np.arange(len(at)) if rows is None else rows
        value, gradient = self._read(at, rows)
        dark = np.flatnonzero(~(value > self.least)) if self.mesh else np.arange(len(rows))
        value[dark] = 1.0
        log_z, slope = np.log(value.astype(np.float64)), gradient / value[:, None]
        log_z[dark], slope[dark] = self._summed(at, rows[dark])
        return log_z, slope

    def _read(self, at: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Z and its gradient from the mesh; 0 outside of it."""
        value, gradient = np.zeros(len(at), np.float32), np.zeros_like(at)
        if (mesh := self.mesh) is None:
            return value[rows], gradient[rows]
        cells = (at[rows] - mesh.origin) * self.inverse
        last = np.array(mesh.nodes[3 - mesh.dim :]) - ORDER
        inside = rows[((cells >= 0) & (cells < last)).all(1)]
        in_pieces(
            lambda a, b: self.read(at, inside, mesh.origin, self.inverse, a, b, self.nodes, value, gradient),
            len(inside),
        )
        return value[rows], gradient[rows]

    def _summed(self, at: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """log Z and its gradient, column by column."""
        value, gradient = np.empty(len(rows), np.float32), np.empty((len(rows), at.shape[1]), np.float32)
        kernel = numbers(self.profile)
        in_pieces(
            lambda a, b: self.loops.log_sums(self.axes, rows, at, False, *kernel, a, b, value, gradient),
            len(rows),
            at_least=16,
        )
        return value, gradient
