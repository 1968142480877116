"""Numerical ground rules: log space, masked reductions defined on empty rows, tiles that keep no activations."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

NEG = -math.inf


def recompute(function: Callable[..., Tensor], *args: Tensor) -> Tensor:
    """Call ``function`` so that the backward pass computes it again instead of storing activations."""
    if not torch.is_grad_enabled():
        return function(*args)
    return checkpoint(function, *args, use_reentrant=False, preserve_rng_state=False)  # type: ignore[return-value]


def log_sum_exp(score: Tensor) -> Tensor:
    """log sum_j exp(score_j) over the last axis; a row of -inf gives -inf and passes no gradient."""
    empty = score.detach().amax(-1) == NEG
    return score.masked_fill(empty.unsqueeze(-1), 0.0).logsumexp(-1).masked_fill(empty, NEG)


def masked_mean(score: Tensor) -> Tensor:
    """Mean of the finite scores over the last axis; a row of -inf gives -inf."""
    finite = score > NEG
    count = finite.sum(-1)
    mean = score.masked_fill(~finite, 0.0).sum(-1) / count.clamp(min=1)
    return mean.masked_fill(count == 0, NEG)


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
