"""Sums over all pairs of functions of inner products on a GPU: score and sum in one kernel, no score in memory.

The same two functions as in ``product_tiles``, for float32 vectors on a CUDA device with Triton. Products are taken in
the precision that ``torch.set_float32_matmul_precision`` asks of all products of float32: "highest" is float32, "high"
TensorFloat-32, "medium" bfloat16, with sums in float32 in all of them.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

import torch
from torch import Tensor

from iconlearn.engines import _fused
from iconlearn.engines.product_tiles import Layout, LogSums, Reduction

OLDEST = 8, 0  # compute capability with bfloat16 and TensorFloat-32
ROOMY = 160 << 10  # bytes of shared memory of a processor that holds the larger blocks
WIDEST = 256  # entries of vectors that a program holds at once


@lru_cache(maxsize=1)
def installed() -> bool:
    """Is Triton there, for NVIDIA's devices?"""
    return torch.version.cuda is not None and find_spec("triton") is not None


def takes(device: torch.device, dtype: torch.dtype) -> bool:
    """Can vectors of this type be summed here on this device?"""
    return (
        device.type == "cuda"
        and dtype == torch.float32
        and installed()
        and torch.cuda.get_device_capability(device) >= OLDEST
    )


class Precision(NamedTuple):
    """What vectors are multiplied in: their type, and how Triton takes float32."""

    dtype: torch.dtype
    product: str


PRECISIONS = {
    "highest": Precision(torch.float32, "ieee"),
    "high": Precision(torch.float32, "tf32"),
    "medium": Precision(torch.bfloat16, "ieee"),
}


def precision() -> Precision:
    """As torch is told for its own products of float32."""
    try:
        return PRECISIONS[torch.get_float32_matmul_precision()]
    except RuntimeError:  # told by the newer switch, beside which torch refuses to read the older one
        asked = torch.backends.cuda.matmul.fp32_precision
        return PRECISIONS["high" if asked == "tf32" else "highest"]


@dataclass(frozen=True)
class Blocks:
    """How many points of both sides a program takes at a time, entries of their vectors, and warps."""

    rows: int
    cols: int
    depth: int
    width: int
    warps: int

    @classmethod
    def of(cls, k: int, dtype: torch.dtype, device: torch.device) -> Blocks:
        """For vectors of k entries."""
        whole = max(16, 1 << (k - 1).bit_length())
        width = min(whole, WIDEST)
        if dtype == torch.float32:
            # not the tensor cores' work, so less is held
            return cls(64, 32, whole if whole <= 64 else 64, width, 8)
        roomy = device.type == "cuda" and shared_memory(device) >= ROOMY
        rows, cols = (128, 64) if roomy else (64, 32)
        return cls(rows, cols, whole if whole <= WIDEST else 64, width, 8)


def shared_memory(device: torch.device) -> int:
    """Bytes that a block of threads may share."""
    return torch.cuda.get_device_properties(device).shared_memory_per_block_optin


@dataclass(frozen=True)
class Side:
    """Vectors as a kernel reads them, the two numbers beside each, and what must differ in a candidate pair."""

    vectors: Tensor
    added: Tensor
    mark: Tensor

    @classmethod
    def of(cls, vectors: Tensor, added: int, mark: Tensor, dtype: torch.dtype) -> Side:
        """``added`` numbers stand at the end of each vector."""
        k = vectors.shape[1] - added
        beside = vectors[:, k:]
        if added == 1:
            beside = torch.cat([beside, torch.zeros_like(beside)], 1)
        return cls(vectors[:, :k].to(dtype).contiguous(), beside.contiguous(), mark.contiguous())


@dataclass(frozen=True)
class Launch:
    """The kernels on the points of a layout."""

    layout: Layout
    rows: Side
    cols: Side
    blocks: Blocks
    common: dict[str, Any]  # what both kernels are told

    @classmethod
    def of(cls, layout: Layout, reduction: Reduction) -> Launch:
        """For sums of one kind."""
        _fused.load()
        p, asked = layout.products, precision()
        marks = (t.view if layout.pairs == "cross_view" else t.key for t in (layout.i, layout.j))
        rows, cols = (
            Side.of(vectors.detach(), p.added, mark, asked.dtype)
            for vectors, mark in zip((p.rows, p.cols), marks, strict=True)
        )
        k = rows.vectors.shape[1]
        blocks = Blocks.of(k, asked.dtype, p.rows.device)
        common = {
            "power": p.power or 0.0,
            "LOGS": isinstance(reduction, LogSums),
            "HEAVY": p.power is not None,
            "MARKED": layout.pairs != "all",
            "ADDED": p.added > 0,
            "K": k,
            "ROWS": blocks.rows,
            "COLS": blocks.cols,
            "DEPTH": blocks.depth,
            "PRECISION": asked.product,
            "num_warps": blocks.warps,
            "num_stages": 2,
        }
        return cls(layout, rows, cols, blocks, common)

    def __call__(self, kernel: Any, own: Side, pieces: int, *given: Any, **told: Any) -> None:
        """Start a program for every block of ``own`` and each of ``pieces``, on the device of the vectors."""
        device = own.vectors.device
        with torch.cuda.device(device) if device.type == "cuda" else nullcontext():
            kernel[-(-len(own.vectors) // self.blocks.rows), pieces](*given, **told, **self.common)

    def reduced(self) -> Tensor:
        """The sum of every row."""
        rows, cols = self.rows, self.cols
        out = rows.added.new_empty(len(rows.vectors))
        sides = (t for side in (rows, cols) for t in (side.vectors, side.added, side.mark))
        self(_fused.reduced, rows, 1, *sides, out, len(rows.vectors), len(cols.vectors))
        return out

    def pulled(self, own: Side, other: Side, mine: Sums | None, theirs: Sums | None) -> Tensor:
        """Gradient in the own vectors of what there is of the weighted sums of the own points and of the others."""
        n, k = own.vectors.shape
        back, beside = own.added.new_empty(n, k), torch.empty_like(own.added)
        given: list[Tensor] = []
        for side, sums in ((own, mine), (other, theirs)):
            none = side.added, side.added  # not read
            given += [side.vectors, side.added, side.mark, *(none if sums is None else sums)]
        sizes = n, len(other.vectors)
        pieces = -(-k // self.blocks.width)
        told = {"OWN": mine is not None, "OTHER": theirs is not None, "WIDTH": self.blocks.width}
        self(_fused.pulled, own, pieces, *given, back, beside, *sizes, **told)
        return torch.cat([back, beside[:, : self.layout.products.added]], 1)


class Sums(NamedTuple):
    """Weights of the sums of some points, and the sums."""

    weight: Tensor
    found: Tensor


def reduce(layout: Layout, reduction: Reduction) -> Tensor:
    """The reduction of every row over all its candidates, (n,)."""
    return Launch.of(layout, reduction).reduced()


def pull_back(layout: Layout, reduction: Reduction) -> tuple[Tensor, Tensor | None]:
    """Gradient of the weighted reductions in the vectors of rows and of columns; one for both where they are one."""
    assert reduction.weight is not None
    assert reduction.found is not None
    launch, same = Launch.of(layout, reduction), layout.products.same
    rows, cols = launch.rows, launch.cols
    sums = Sums(reduction.weight.contiguous(), reduction.found.contiguous())
    if same and layout.half:  # the scores of a pair and of the transposed one are one
        return launch.pulled(rows, rows, sums, sums), None
    to_rows, to_cols = launch.pulled(rows, cols, sums, None), launch.pulled(cols, rows, None, sums)
    return (to_rows + to_cols, None) if same else (to_rows, to_cols)
