r"""The engine of kernels whose mass is an inner product: ``exp(score_ij) = sum_c exp(x_ic + y_jc)``.

Such are the cluster kernels. Single pairs cost their inner products, in compiled loops on a CPU; the partition costs
one pass over rows and columns, for sum_j a_i . b_j = a_i . sum_j b_j. Only the sum of all log-scores, which a target
with a uniform floor asks for, needs every pair: tiles of matrix products, half of them where the columns are the rows
again, and one more product for the gradient. Memory is that of the points and one tile.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn._numerics import log_sum_exp
from iconlearn.distributions.base import Kernel
from iconlearn.engines._inner import pair_forces, pair_scores
from iconlearn.engines.exact import DEFAULT_BLOCK, Tiled
from iconlearn.engines.inner import Factors, log_total
from iconlearn.engines.pairs import spread
from iconlearn.points import Points
from iconlearn.support import Support


def factored(kernel: Kernel, i: Points, j: Points) -> bool:
    """Does this engine know the scores of a kernel on these points?"""
    return (
        kernel.factored
        and kernel.pairs == "all"
        and all(side.value is not None and side.value.ndim == 2 for side in (i, j))
    )


class Factored(Tiled):
    """Scores that are logs of inner products, summed without being held."""

    def __init__(self, kernel: Kernel, i: Points, j: Points, block: int = DEFAULT_BLOCK) -> None:
        if not factored(kernel, i, j):
            raise OptionError(
                "engine='factored' sums kernels of clusters over all pairs (pairs='all'); "
                f"{kernel!r} on these points is something else: use engine='auto'"
            )
        super().__init__(kernel, i, j, block)

    @cached_property
    def factors(self) -> Factors:
        """Rows and columns, and their logs."""
        return Factors(self.i.value, self.j.value)  # type: ignore[arg-type]

    def partition(self) -> Tensor:
        x, y = self.i.value, self.j.value
        assert x is not None
        assert y is not None
        return log_sum_exp(x + log_sum_exp(y.mT))

    def total(self) -> Tensor:
        return log_total(self.factors, None)

    def total_above(self, floor: Tensor) -> Tensor:
        return log_total(self.factors, floor)

    def gather(self, support: Support) -> Tensor:
        held = self.factors
        if held.x.device.type != "cpu" or held.x.dtype != torch.float32:
            return super().at(support.rows, support.cols)
        return _PairScores.apply(held.x, held.y, held, support)  # type: ignore[return-value]

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        if len(rows) > 1 and bool((rows[1:] >= rows[:-1]).all()):  # as a support lists them
            return self.gather(Support.from_sorted(rows, cols, self.i.n, self.j.n))
        return super().at(rows, cols)


class _PairScores(torch.autograd.Function):
    """Scores of the entries of a support, (E,), by compiled loops."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, y: Tensor, factors: Factors, support: Support) -> Tensor:  # type: ignore[override]
        product, score = torch.empty(len(support)), torch.empty(len(support))
        given = *factors.arrays, np.float32(factors.smallest), support.indptr, support.cols
        spread(pair_scores, support.n, *given, out=(product, score), at_least=64)
        ctx.factors, ctx.support = factors, support
        ctx.save_for_backward(product, score)
        return score

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        factors, support, found = ctx.factors, ctx.support, (weight.contiguous(), *ctx.saved_tensors)
        a, b, x, y = factors.arrays
        out_x = torch.zeros_like(a) if ctx.needs_input_grad[0] else None
        out_y = torch.zeros_like(b) if ctx.needs_input_grad[1] and not factors.same else None
        if out_x is not None:
            given = a, b, x, y, support.indptr, support.cols, torch.arange(len(support)), *found
            spread(pair_forces, support.n, *given, out=(out_x,), at_least=64)
        back = out_x if factors.same else out_y
        if back is not None:
            turned, position = support.transposed
            given = b, a, y, x, turned.indptr, turned.cols, position, *found
            spread(pair_forces, turned.n, *given, out=(back,), at_least=64)
        return out_x, out_y, None, None
