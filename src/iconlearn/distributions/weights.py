"""Weights between samples, as a graph reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.support import Support


@dataclass(frozen=True, eq=False)
class Listed:
    """Weights that are listed already: a support, and the log-weight of every entry."""

    support: Support
    log_weight: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.support.n, self.support.m

    @property
    def nnz(self) -> int:
        """How many there are, in the words of sparse matrices."""
        return len(self.support)


def read_weights(weights: Any) -> tuple[Support, Tensor]:
    """The positive entries of a weight matrix as a support and its log-weights."""
    if isinstance(weights, Listed):
        return weights.support, weights.log_weight
    if isinstance(weights, Tensor) and weights.is_sparse:
        coo = weights.coalesce()
        (rows, cols), values, shape = coo.indices(), coo.values(), tuple(coo.shape)
    elif (to_coo := getattr(weights, "tocoo", None)) is not None:
        coo = to_coo()
        rows, cols = torch.from_numpy(coo.row.astype("int64")), torch.from_numpy(coo.col.astype("int64"))
        values, shape = torch.as_tensor(coo.data), coo.shape
    else:
        dense = torch.as_tensor(weights)
        if dense.ndim != 2:
            raise InputError(f"Graph: weights have shape {tuple(dense.shape)}; a matrix (N, N) is needed")
        rows, cols = dense.nonzero().unbind(-1)
        values, shape = dense[rows, cols], tuple(dense.shape)
    values = values.to(torch.float64 if values.dtype == torch.float64 else torch.float32)
    if not bool((values.isfinite() & (values >= 0)).all()):
        bad = values[~(values.isfinite() & (values >= 0))][0].item()
        raise InputError(f"Graph: a weight is {bad:g}; weights must be finite and not negative")
    keep = values > 0
    if not bool(keep.any()):
        raise InputError(f"Graph: none of the {len(values)} weights is positive; no pair would be attracted")
    support, order = Support.from_pairs(rows[keep], cols[keep], shape[0], shape[1])
    return support, values[keep][order].log()
