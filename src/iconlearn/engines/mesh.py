"""Sums of a radial kernel over all points in O(n + M log M): charges on a mesh, one convolution, one read-out.

.. math:: \\phi_i = \\sum_j c_j\\, k(|y_i - y_j|^2)

The force is the gradient of the potential, so both are read from the same interpolant. The kernel's transform is
divided by that of the window, squared: once for spreading, once for reading.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from iconlearn._parallel import in_order, in_pieces
from iconlearn.edges import extent
from iconlearn.engines._mesh import ORDER, mesh_loops

MARGIN = 16  # nodes between the farthest offset and where the periodic kernel turns round
PART = 1 << 14  # numbers that are worth a thread's while
STEP = 1.08  # sizes of meshes grow in such steps, so that a kernel's transform serves many steps of a run

KernelOf = Callable[[Tensor], Tensor]  # squared distance -> kernel


@dataclass(frozen=True)
class Mesh:
    """A regular mesh over a cloud of points: spacing, lower corner, nodes and padded nodes of every axis."""

    dim: int
    spacing: float
    origin: np.ndarray  # (dim,) float32
    nodes: tuple[int, int, int]
    padded: tuple[int, int, int]

    @classmethod
    def over(cls, points: Tensor, spacing: float) -> Mesh:
        """The mesh that covers the points (n, dim)."""
        dim = points.shape[1]
        low, high = extent(points)
        origin = (low - spacing * 1e-3).astype(np.float32)
        cells = np.floor((high - origin) / spacing).astype(np.int64) + 2
        padded = [padded_size(int(c) + ORDER) for c in cells]
        nodes = [(p - MARGIN) // 2 for p in padded]
        lead = 3 - dim
        return cls(dim, spacing, origin, (1,) * lead + tuple(nodes), (1,) * lead + tuple(padded))  # type: ignore[arg-type]

    @staticmethod
    def entries(span: np.ndarray, spacing: float) -> float:
        """Padded nodes of a mesh over a cloud of this span, before any is made."""
        return float(np.prod(2 * (span.astype(np.float64) / spacing + ORDER + 2) + MARGIN))

    @property
    def key(self) -> tuple[float, tuple[int, int, int]]:
        """What a kernel's transform depends on."""
        return self.spacing, self.padded


def padded_size(nodes: int) -> int:
    """A length that transforms fast, on a ladder, for a free convolution of this many nodes."""
    from scipy.fft import next_fast_len

    wanted = 2 * nodes + MARGIN
    rung = math.ceil(math.log(wanted / 32) / math.log(STEP)) if wanted > 32 else 0
    size = int(next_fast_len(math.ceil(32 * STEP**rung), real=True))  # type: ignore[arg-type]
    return size + size % 2


def transform(kernel: KernelOf, mesh: Mesh, device: torch.device | str = "cpu") -> Tensor:
    """Transform of the kernel between nodes over that of the window squared, (P0, P1, P2 // 2 + 1) float32."""
    squares, window = [], []
    for size in mesh.padded:
        offset = torch.arange(size, dtype=torch.float64, device=device)
        offset = torch.minimum(offset, size - offset) * mesh.spacing
        squares.append(offset.square())
        angle = torch.fft.fftfreq(size, dtype=torch.float64, device=device)
        window.append(torch.special.sinc(angle).pow(2 * ORDER) if size > 1 else torch.ones_like(angle))
    squared = squares[0][:, None, None] + squares[1][:, None] + squares[2]
    spectrum = torch.fft.rfftn(kernel(squared.float())).real
    half = window[2][: mesh.padded[2] // 2 + 1]
    return (spectrum / (window[0][:, None, None] * window[1][:, None] * half)).float()


def convolve(charges: Tensor, spectrum: Tensor, mesh: Mesh) -> Tensor:
    """Free convolution of the nodes' charges with the kernel: transforms of lines, in pieces over the lines."""
    (n0, n1, n2), (p0, p1, p2) = mesh.nodes, mesh.padded
    lines = torch.empty(n0, n1, p2 // 2 + 1, dtype=torch.complex64)
    flat = lines.view(n0 * n1, -1)
    rows = charges.view(n0 * n1, n2)

    def forward(a: int, b: int) -> None:
        flat[a:b] = torch.fft.rfft(rows[a:b], n=p2)

    def across(a: int, b: int) -> None:
        part = torch.fft.fftn(lines[:, :, a:b], s=(p0, p1), dim=(0, 1))
        part *= spectrum[:, :, a:b]
        lines[:, :, a:b] = torch.fft.ifftn(part, dim=(0, 1))[:n0, :n1]

    def backward(a: int, b: int) -> None:
        rows[a:b] = torch.fft.irfft(flat[a:b], n=p2)[:, :n2]

    for work, count in ((forward, n0 * n1), (across, lines.shape[2]), (backward, n0 * n1)):
        parts = fixed_parts(count, lines.numel())
        list(in_order(lambda part, work=work: work(*part), parts, spread=True))
    return charges


def fixed_parts(count: int, entries: int) -> list[tuple[int, int]]:
    """Consecutive ranges of lines. The transform of a line may depend in its last bit on how many go together, so
    the cut follows from sizes alone and not from the number of threads."""
    pieces = max(1, min(16, count, entries // PART))
    return [(count * k // pieces, count * (k + 1) // pieces) for k in range(pieces)]


class Field:
    """Points on a mesh, in compiled loops: potentials of any charges of theirs, and their gradients."""

    def __init__(self, points: Tensor, spacing: float) -> None:
        self.points = points.numpy()
        self.mesh = Mesh.over(points, spacing)
        self.loops = mesh_loops(points.shape[1])
        self.inverse = np.float32(1 / spacing)

    @cached_property
    def ends(self) -> np.ndarray:
        """Where the points of each cell of the slowest axis begin in :attr:`order`, and the end."""
        count = np.zeros(self.mesh.nodes[3 - self.mesh.dim] + 1, np.int64)
        self.loops.count_slow(self.points, self.mesh.origin, self.inverse, 0, len(self.points), count)
        return np.concatenate([[0], np.cumsum(count)])

    @cached_property
    def order(self) -> np.ndarray:
        """Points by their cell along the slowest axis, (n,)."""
        order = np.empty(len(self.points), np.int64)
        self.loops.sort_slow(self.points, self.mesh.origin, self.inverse, self.ends[:-1].copy(), order)
        return order

    def spread(self, charge: Tensor) -> Tensor:
        """Charges on the nodes. A band of nodes belongs to one thread, so that every node adds in one order."""
        nodes = torch.zeros(self.mesh.nodes)  # always aligned alike, on which a transform's last bits depend
        mesh, charges = nodes.numpy(), charge.numpy()
        ends, cells = self.ends, len(self.ends) - 2
        n = len(self.points)

        def band(a: int, b: int) -> None:
            low, high = (int(np.searchsorted(ends[:-1], e)) for e in (a, b))
            low, high = (0 if a == 0 else low), (cells + ORDER if b == n else high)
            start, stop = ends[max(0, low - ORDER + 1)], ends[min(high, cells)]
            self.loops.spread(
                self.points, charges, self.order, self.mesh.origin, self.inverse, start, stop, low, high, mesh
            )

        in_pieces(band, n)
        return nodes

    def read(self, mesh: Tensor) -> tuple[Tensor, Tensor]:
        """Interpolant (n,) and gradient (n, dim) at the points."""
        nodes, n = mesh.numpy(), len(self.points)
        value, gradient = np.empty(n, np.float32), np.empty_like(self.points)

        def piece(a: int, b: int) -> None:
            self.loops.read(
                self.points, self.order, self.mesh.origin, self.inverse, a, b, nodes, value, gradient
            )

        in_pieces(piece, n)
        return torch.from_numpy(value), torch.from_numpy(gradient)

    def potential(self, charge: Tensor, spectrum: Tensor) -> tuple[Tensor, Tensor]:
        """sum_j charge_j k(|y_i - y_j|^2), the point itself included, and its gradient in y_i."""
        return self.read(convolve(self.spread(charge), spectrum, self.mesh))


class Transforms:
    """The last few transforms of kernels; made again only when the mesh has grown a step."""

    def __init__(self, most: int = 4) -> None:
        self.most = most
        self.held: dict[object, Tensor] = {}  # oldest first

    def of(self, name: object, kernel: KernelOf, mesh: Mesh, device: torch.device) -> Tensor:
        """The transform of the kernel of this name on a mesh, on a device."""
        key = (name, mesh.key, device)
        found = self.held.pop(key, None)  # at once: threads may share a model
        if found is None:
            found = transform(kernel, mesh, device)
        self.held[key] = found
        for oldest in list(self.held)[: -self.most]:
            self.held.pop(oldest, None)
        return found
