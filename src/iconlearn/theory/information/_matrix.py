"""The two halves of a square matrix of scores: pairs that belong together, and pairs that do not."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from iconlearn._errors import InputError


def square(scores: Tensor, owner: str) -> Tensor:
    """The matrix, refused where it is no square of at least two pairs."""
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise InputError(
            f"{owner}: scores of shape {tuple(scores.shape)}, but (n, n) with n of at least 2 is needed; score every "
            "row of x with every row of y"
        )
    return scores


def paired(scores: Tensor) -> Tensor:
    """The mean over the pairs that belong together."""
    return scores.diagonal().mean()


def without_diagonal(scores: Tensor, value: float) -> Tensor:
    """A copy in which the pairs that belong together have another value."""
    return scores.masked_fill(torch.eye(len(scores), dtype=torch.bool, device=scores.device), value)


def unpaired(values: Tensor) -> Tensor:
    """The mean over what is off the diagonal."""
    n = len(values)
    return without_diagonal(values, 0.0).sum() / (n * (n - 1))


def log_partition(scores: Tensor) -> Tensor:
    """log of the mean of e^s over what is off the diagonal."""
    n = len(scores)
    return without_diagonal(scores, -math.inf).flatten().logsumexp(0) - math.log(n * (n - 1))
