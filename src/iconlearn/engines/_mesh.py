"""Compiled loops between points and a regular mesh: spreading charges to nodes, reading potentials from them.

The window is a B-spline of ``ORDER`` nodes an axis. A mesh has three axes, of which the first 3 - dim are of length 1.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace

import numpy as np

from iconlearn._compile import compiled

ORDER = 6  # nodes of the window along an axis: a quintic spline

f32 = np.float32


@compiled
def spline(t, weight, slope):
    """Values and derivatives of the window at its nodes, for a point that is t in [0, 1) past the first cell's edge.

    ``slope`` may be None where nobody asks for derivatives: numba then compiles a function without them.
    The recursion of particle-mesh Ewald sums (Essmann et al., J. Chem. Phys. 1995).
    """
    weight[0], weight[1] = f32(1.0) - t, t
    for order in range(3, ORDER + 1):
        if slope is not None and order == ORDER:
            slope[0] = -weight[0]
            for k in range(1, ORDER - 1):
                slope[k] = weight[k - 1] - weight[k]
            slope[ORDER - 1] = weight[ORDER - 2]
        share = f32(1.0) / f32(order - 1)
        weight[order - 1] = share * t * weight[order - 2]
        for k in range(1, order - 1):
            here = order - 1 - k
            weight[here] = share * ((t + f32(k)) * weight[here - 1] + (f32(order - k) - t) * weight[here])
        weight[0] = share * (f32(1.0) - t) * weight[0]


@cache
def mesh_loops(dim: int) -> SimpleNamespace:
    """The loops for embeddings of this dimension."""

    @compiled
    def count_slow(points, origin, inverse, start, stop, count):
        """How many points lie in each cell along the slowest axis."""
        for i in range(start, stop):
            count[int((points[i, 0] - origin[0]) * inverse)] += 1

    @compiled
    def sort_slow(points, origin, inverse, place, order):
        """Points in the order of their cell along the slowest axis; ``place`` holds where each cell begins."""
        for i in range(len(points)):
            cell = int((points[i, 0] - origin[0]) * inverse)
            order[place[cell]] = i
            place[cell] += 1

    @compiled
    def spread(points, charge, order, origin, inverse, start, stop, low, high, mesh):
        """Add the charges of ``order[start:stop]`` to the nodes whose slowest index is in [low, high)."""
        weight = np.empty((3, ORDER), f32)
        cell = np.zeros(3, np.int64)
        for p in range(start, stop):
            i = order[p]
            for c in range(dim):
                u = (points[i, c] - origin[c]) * inverse
                cell[3 - dim + c] = int(u)
                spline(u - f32(int(u)), weight[3 - dim + c], None)
            q = charge[i]
            if dim == 1:
                for a in range(ORDER):
                    if low <= cell[2] + a < high:
                        mesh[0, 0, cell[2] + a] += q * weight[2, a]
            elif dim == 2:
                for a in range(ORDER):
                    if low <= cell[1] + a < high:
                        row, share = mesh[0, cell[1] + a, cell[2] : cell[2] + ORDER], q * weight[1, a]
                        for b in range(ORDER):
                            row[b] += share * weight[2, b]
            else:
                for a in range(ORDER):
                    if low <= cell[0] + a < high:
                        for b in range(ORDER):
                            row = mesh[cell[0] + a, cell[1] + b, cell[2] : cell[2] + ORDER]
                            share = q * weight[0, a] * weight[1, b]
                            for k in range(ORDER):
                                row[k] += share * weight[2, k]

    @compiled
    def read(points, order, origin, inverse, start, stop, mesh, value, gradient):
        """The mesh's interpolant and its gradient at the points ``order[start:stop]``."""
        weight, slope = np.ones((3, ORDER), f32), np.zeros((3, ORDER), f32)
        cell = np.zeros(3, np.int64)
        for p in range(start, stop):
            i = order[p]
            for c in range(dim):
                u = (points[i, c] - origin[c]) * inverse
                cell[3 - dim + c] = int(u)
                spline(u - f32(int(u)), weight[3 - dim + c], slope[3 - dim + c])
            v, g0, g1, g2 = f32(0.0), f32(0.0), f32(0.0), f32(0.0)
            for a in range(ORDER if dim == 3 else 1):
                v1, gy, gx = f32(0.0), f32(0.0), f32(0.0)
                for b in range(ORDER if dim >= 2 else 1):
                    row = mesh[cell[0] + a, cell[1] + b, cell[2] : cell[2] + ORDER]
                    plain, along = f32(0.0), f32(0.0)
                    for k in range(ORDER):
                        plain += weight[2, k] * row[k]
                        along += slope[2, k] * row[k]
                    v1 += weight[1, b] * plain
                    gy += slope[1, b] * plain
                    gx += weight[1, b] * along
                v += weight[0, a] * v1
                g0 += slope[0, a] * v1
                g1 += weight[0, a] * gy
                g2 += weight[0, a] * gx
            value[i] = v
            if dim == 3:
                gradient[i, 0], gradient[i, 1], gradient[i, 2] = g0 * inverse, g1 * inverse, g2 * inverse
            elif dim == 2:
                gradient[i, 0], gradient[i, 1] = g1 * inverse, g2 * inverse
            else:
                gradient[i, 0] = g2 * inverse

    return SimpleNamespace(count_slow=count_slow, sort_slow=sort_slow, spread=spread, read=read)
