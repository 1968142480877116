r"""The engine of kernels that depend on an inner product: ``score_ij = f(u_i . v_j)``.

Such are the Gaussian and the Student-t of Euclidean distances, cosines, correlations and inner products, in any number
of dimensions: what encoders are trained with. Sums over all pairs are those of tiles that stay in the cache, made again
in the backward pass. Where the columns are the rows, as in a batch, the tiles above the diagonal are enough.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn.distributions.base import Kernel
from iconlearn.edges import Edges
from iconlearn.engines import fused, product_tiles
from iconlearn.engines._inner import weighted_sums
from iconlearn.engines.exact import DEFAULT_BLOCK, Tiled
from iconlearn.engines.pairs import spread
from iconlearn.engines.product_tiles import Layout, LogSums, Reduction, Totals
from iconlearn.points import Points
from iconlearn.support import Support


class Product(Tiled):
    """Sums over all pairs of functions of inner products, none held."""

    def __init__(self, kernel: Kernel, i: Points, j: Points, block: int = DEFAULT_BLOCK) -> None:
        form = kernel.product_form(i, j)
        if form is None:
            raise OptionError(
                "engine='product' sums a Gaussian or Student-t of one width, of Euclidean distances, cosines, "
                f"correlations or inner products; {kernel!r} is something else: use engine='auto'"
            )
        super().__init__(kernel, i, j, block)
        assert i.value is not None
        assert j.value is not None
        self.layout = Layout(form.between(i.value, j.value), i.bare(), j.bare(), kernel.pairs)

    def partition(self) -> Tensor:
        p = self.layout.products
        return _Reduced.apply(p.rows, p.cols, self.layout, LogSums) + p.offset  # type: ignore[return-value]

    def pull(self, edges: Edges) -> Tensor:
        p = self.layout.products
        if p.power is not None or p.rows.device.type != "cpu" or p.rows.dtype != torch.float32:
            return super().pull(edges)
        # linear in the products: the vectors of the columns are added up before they meet that of the row
        pulled: Tensor = _Pull.apply(p.rows, p.cols, edges)  # type: ignore[assignment]
        return pulled + p.offset * edges.totals.to(pulled)

    def total(self) -> Tensor:
        p = self.layout.products
        sums: Tensor = _Reduced.apply(p.rows, p.cols, self.layout, Totals)  # type: ignore[assignment]
        return sums + p.offset * self.layout.count.to(sums)


class _Pull(torch.autograd.Function):
    """sum_j mass_ij u_i . v_j of every row, by compiled loops."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, cols: Tensor, edges: Edges) -> Tensor:  # type: ignore[override]
        pulled = summed(edges.support, torch.arange(len(edges.mass)), edges.mass, cols)
        ctx.edges = edges
        ctx.save_for_backward(rows, pulled)
        return (rows * pulled).sum(1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        rows, pulled = ctx.saved_tensors
        turned, position = ctx.edges.support.transposed
        back = summed(turned, position, ctx.edges.mass, rows * weight.unsqueeze(1))
        return pulled * weight.unsqueeze(1), back, None


def summed(support: Support, position: Tensor, mass: Tensor, values: Tensor) -> Tensor:
    """sum_j mass_ij values_j of every row of a support, whose entries have the masses at ``position``."""
    out = torch.empty(support.n, values.shape[1])
    held = values.detach().contiguous()
    given = support.indptr, support.cols, position, mass.detach().float(), held
    spread(weighted_sums, support.n, *given, out=(out,), at_least=64)
    return out


class _Reduced(torch.autograd.Function):
    """Scores reduced over each row's candidates, in a given way."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, cols: Tensor, layout: Layout, way: type[Reduction]) -> Tensor:  # type: ignore[override]
        found = maker_of(rows).reduce(layout, way())
        ctx.layout, ctx.way = layout, way
        ctx.save_for_backward(found)
        return found

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, weight: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        (found,) = ctx.saved_tensors
        maker = maker_of(ctx.layout.products.rows)
        return *maker.pull_back(ctx.layout, ctx.way(weight, found)), None, None


def maker_of(vectors: Tensor) -> ModuleType:
    """What makes sums of these vectors: one kernel where the device has it, else tiles."""
    return fused if fused.takes(vectors.device, vectors.dtype) else product_tiles
