"""Linear maps of many rows: on all threads, with the same bits for any number of them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._parallel import in_order

TILE = 512  # rows a thread takes at once


class RowLinear(nn.Linear):
    """``nn.Linear`` in tiles of rows, each on one thread; the gradients of the tiles are added up in their order.

    Inside of a run tensor operations have one thread each, so that bits do not depend on how many there are; a
    product of thousands of rows would leave the others idle.
    """

    def forward(self, input: Tensor) -> Tensor:
        tiled = input.ndim == 2 and len(input) > TILE and input.device.type == "cpu"
        if not tiled or torch.is_autocast_enabled("cpu"):
            return super().forward(input)
        return _TiledLinear.apply(input, self.weight, self.bias)  # type: ignore[no-any-return]


class _TiledLinear(torch.autograd.Function):
    """x W^T + b by tiles of rows."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:  # type: ignore[override]
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        out = x.new_empty(len(x), len(weight))

        def product(rows: slice) -> None:
            with torch.no_grad():
                out[rows] = nn.functional.linear(x[rows], weight, bias)

        for _ in in_order(product, tiles(len(x)), spread=True):
            pass
        return out

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        into = torch.empty_like(x) if of_x else None
        total = torch.zeros_like(weight) if of_weight else None

        def product(rows: slice) -> Tensor | None:
            with torch.no_grad():
                if into is not None:
                    into[rows] = gradient[rows] @ weight
                return gradient[rows].mT @ x[rows] if of_weight else None

        for part in in_order(product, tiles(len(x)), spread=True):
            if total is not None and part is not None:
                total += part
        return into, total, gradient.sum(0) if of_bias and ctx.has_bias else None


def tiles(n: int) -> list[slice]:
    """Consecutive tiles of rows."""
    return [slice(start, min(start + TILE, n)) for start in range(0, n, TILE)]
