"""Points on a mesh by tensor operations, on any device.

Points are sorted by their cell once; the charges of a cell are then summed as a segment and added where no other cell
adds at the same time. No atomic addition takes part, so a device gives the same bits at every call.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise, product

import torch
from torch import Tensor

from iconlearn.engines._mesh import ORDER
from iconlearn.engines.mesh import Mesh
from iconlearn.engines.pairs_tensor import segment_sum


def splines(t: Tensor) -> tuple[Tensor, Tensor]:
    """Values and derivatives of the window at its nodes, (..., ORDER), for points that are t past a cell's edge.

    The recursion of :func:`iconlearn.engines._mesh.spline`.
    """
    weight, slope = [1 - t, t], []
    for order in range(3, ORDER + 1):
        if order == ORDER:
            slope = [-weight[0], *(a - b for a, b in pairwise(weight)), weight[-1]]
        padded = [torch.zeros_like(t), *weight, torch.zeros_like(t)]
        weight = [
            ((t + order - 1 - k) * padded[k] + (k + 1 - t) * padded[k + 1]) / (order - 1)
            for k in range(order)
        ]
    return torch.stack(weight, -1), torch.stack(slope, -1)


class TensorField:
    """Points on a mesh: potentials of any charges of theirs, and their gradients."""

    def __init__(self, points: Tensor, spacing: float) -> None:
        self.points = points
        self.mesh = Mesh.over(points, spacing)
        self.inverse = 1 / spacing
        place = (points - torch.from_numpy(self.mesh.origin).to(points)) * self.inverse
        self.cell = place.long()  # (n, dim)
        self.weight, self.slope = splines(place - self.cell)  # (n, dim, ORDER)

    @cached_property
    def strides(self) -> list[int]:
        """How far apart neighbouring nodes are along every axis of the points."""
        _, n1, n2 = self.mesh.nodes
        return [n1 * n2, n2, 1][3 - self.mesh.dim :]

    @cached_property
    def first(self) -> Tensor:
        """The first node of every point's window, (n,)."""
        return (self.cell * torch.tensor(self.strides, device=self.cell.device)).sum(-1)

    @cached_property
    def by_cell(self) -> tuple[Tensor, Tensor, Tensor]:
        """Points in the order of their cells, the cells that hold any, and how many each holds."""
        ordered, order = self.first.sort(stable=True)
        return order, *ordered.unique_consecutive(return_counts=True)

    def lines(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """Lines of a window along the last axis: the line's place along the others, and how far its first node is."""
        for place in product(range(ORDER), repeat=self.mesh.dim - 1):
            yield place, sum(k * stride for k, stride in zip(place, self.strides, strict=False))

    def spread(self, charge: Tensor) -> Tensor:
        """Charges on the nodes."""
        order, cells, counts = self.by_cell
        weight, charge = self.weight[order], charge[order]
        nodes = torch.zeros(self.mesh.nodes, device=charge.device)
        flat = nodes.view(-1)
        for place, ahead in self.lines():
            share = charge
            for axis, k in enumerate(place):
                share = share * weight[:, axis, k]
            sums = segment_sum(share.unsqueeze(-1) * weight[:, -1], counts)
            for k in range(ORDER):  # every cell has its own node now
                flat[cells + (ahead + k)] += sums[:, k]
        return nodes

    def read(self, mesh: Tensor) -> tuple[Tensor, Tensor]:
        """Interpolant (n,) and gradient (n, dim) at the points."""
        flat, last = mesh.reshape(-1), self.mesh.dim - 1
        value, gradient = torch.zeros_like(self.points[:, 0]), torch.zeros_like(self.points)
        window = torch.arange(ORDER, device=flat.device)
        for place, ahead in self.lines():
            row = flat[self.first.unsqueeze(-1) + (window + ahead)]
            plain, along = (row * self.weight[:, last]).sum(-1), (row * self.slope[:, last]).sum(-1)
            value += self.across(place, None) * plain
            gradient[:, last] += self.across(place, None) * along
            for axis in range(last):
                gradient[:, axis] += self.across(place, axis) * plain
        return value, gradient * self.inverse

    def across(self, place: tuple[int, ...], slope: int | None) -> Tensor:
        """Product of the windows along all axes but the last, with the derivative along axis ``slope``, (n,)."""
        share = torch.ones_like(self.points[:, 0])
        for axis, k in enumerate(place):
            share = share * (self.slope if axis == slope else self.weight)[:, axis, k]
        return share

    def potential(self, charge: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """sum_j charge_j k(|y_i - y_j|^2), the point itself included, and its gradient in y_i."""
        n0, n1, n2 = self.mesh.nodes
        spread = torch.fft.rfftn(self.spread(charge), s=self.mesh.padded)
        return self.read(torch.fft.irfftn(spread * spectrum, s=self.mesh.padded)[:n0, :n1, :n2])
