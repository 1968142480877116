"""Numerical ground rules: log space, masked reductions defined on empty rows, tiles that keep no activations."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from iconlearn._parallel import in_order, one_thread_each

NEG = -math.inf


def divided(array: np.ndarray, unit: float, dtype: Any = np.float32) -> np.ndarray:
    """A copy of the array in the given unit, which may itself be beyond its type, as 2^128 is beyond float32."""
    with np.errstate(over="ignore", under="ignore"):
        return np.array(array if unit == 1 else array / np.float64(unit), dtype=dtype)


def recompute(function: Callable[..., Tensor], *args: Tensor) -> Tensor:
    """Call ``function`` so that the backward pass computes it again instead of storing activations."""
    if not torch.is_grad_enabled():
        return function(*args)
    return checkpoint(function, *args, use_reentrant=False, preserve_rng_state=False)  # type: ignore[return-value]


class _TiledRows(torch.autograd.Function):
    """Rows evaluated a tile at a time; the backward pass evaluates each tile again and frees it at once.

    A hand-written form of :func:`recompute` for the hottest sum: without saved-tensor hooks, tiles can be small
    enough to stay in the processor's cache.
    """

    @staticmethod
    def forward(ctx: Any, evaluate: Any, tiles: list[Tensor], given: tuple, *inputs: Tensor) -> Tensor:  # type: ignore[override]
        ctx.evaluate, ctx.tiles, ctx.given = evaluate, tiles, given
        ctx.save_for_backward(*inputs)

        def tile(rows: Tensor) -> Tensor:
            with torch.no_grad():
                return evaluate(rows, *inputs)

        with one_thread_each():
            return torch.cat(list(in_order(tile, tiles, spread=on_cpu(tiles))))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        needed = ctx.needs_input_grad[3:]
        # Parameters are used by the kernel itself, so they must be the same objects; data become leaves.
        inputs = [
            held if isinstance(original, torch.nn.Parameter) else held.detach().requires_grad_(need)
            for held, original, need in zip(ctx.saved_tensors, ctx.given, needed, strict=True)
        ]
        leaves = [t for t, need in zip(inputs, needed, strict=True) if need]
        totals = [torch.zeros_like(t) for t in leaves]

        def tile(rows: Tensor) -> tuple[Tensor | None, ...]:
            with torch.enable_grad():
                out = ctx.evaluate(rows, *inputs)
            if not out.requires_grad:  # a kernel that reads no values
                return (None,) * len(leaves)
            return torch.autograd.grad(out, leaves, gradient[rows], allow_unused=True)

        with one_thread_each():
            for parts in in_order(tile, ctx.tiles, spread=on_cpu(ctx.tiles)):
                for total, part in zip(totals, parts, strict=True):
                    if part is not None:
                        total.add_(part)
        found = iter(totals)
        return (None, None, None, *(next(found) if need else None for need in needed))


def tiled_rows(evaluate: Callable[..., Tensor], tiles: list[Tensor], *inputs: Tensor) -> Tensor:
    """``evaluate(rows, *inputs)`` for every tile of rows, joined: O(tile) memory forward and backward."""
    return _TiledRows.apply(evaluate, tiles, inputs, *inputs)  # type: ignore[return-value]


def on_cpu(tiles: list[Tensor]) -> bool:
    """Are the tiles worked on by the processor, where several can go at a time?"""
    return bool(tiles) and tiles[0].device.type == "cpu"


def log_sum_exp(score: Tensor) -> Tensor:
    """log sum_j exp(score_j) over the last axis; a row of -inf gives -inf and passes no gradient."""
    empty = score.detach().amax(-1) == NEG
    if not bool(empty.any()):  # the usual case needs no copy of the matrix
        return score.logsumexp(-1)
    return score.masked_fill(empty.unsqueeze(-1), 0.0).logsumexp(-1).masked_fill(empty, NEG)


def safe_log(mass: Tensor) -> Tensor:
    """Log of masses; 0 gives -inf and passes no gradient."""
    none = mass.detach() <= 0
    return mass.masked_fill(none, 1.0).log().masked_fill(none, NEG)


def masked_mean(score: Tensor) -> Tensor:
    """Mean of the finite scores over the last axis; a row of -inf gives -inf."""
    finite = score > NEG
    count = finite.sum(-1)
    mean = score.masked_fill(~finite, 0.0).sum(-1) / count.clamp(min=1)
    return mean.masked_fill(count == 0, NEG)


def masked_sum(score: Tensor) -> Tensor:
    """Sum of the finite scores over the last axis."""
    lowest = score.detach().amin(-1)
    if bool((lowest > NEG).all()):
        return score.sum(-1)
    return score.masked_fill(score.detach() == NEG, 0.0).sum(-1)


def masked_max(score: Tensor) -> Tensor:
    """Largest score over the last axis; a row of -inf gives -inf."""
    return score.amax(-1)


# How a row of scores becomes its log-partition. «mean» and «max» are the wide and the narrow limit of a
# kernel: to first order in 1/sigma^2 a logsumexp is a mean, for sigma -> 0 it is a maximum.
POOLS: dict[str, Callable[[Tensor], Tensor]] = {
    "logsumexp": log_sum_exp,
    "mean": masked_mean,
    "max": masked_max,
}


def float_like(tensor: Tensor) -> Tensor:
    """``tensor`` in float32 or better: half precision is for mappers, never for distributions."""
    return tensor if tensor.dtype == torch.float64 else tensor.float()


def all_rows(n: int, block: int, device: torch.device) -> list[Tensor]:
    """The row indices 0 ... n - 1 in tiles of at most ``block``."""
    return list(torch.arange(n, device=device).split(max(1, block)))
