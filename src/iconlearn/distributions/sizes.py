"""Sizes of clusters: of a batch, or as a running average over batches."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn._numerics import NEG, log_sum_exp
from iconlearn.initializable import Initializable
from iconlearn.points import Points

if TYPE_CHECKING:
    from iconlearn.conditional import Conditional


class _LogColumnSums(torch.autograd.Function):
    """log sum_i exp(score_ic), with a backward pass of one product a number."""

    @staticmethod
    def forward(ctx: Any, score: Tensor) -> Tensor:  # type: ignore[override]
        total = score.exp().sum(-2)
        if bool((total >= torch.finfo(total.dtype).tiny * 1e8).all()):
            found = total.log()
        else:  # of some column everything underflows, or is not a number
            found = log_sum_exp(score.mT)
        ctx.save_for_backward(score, found)
        return found

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        score, found = ctx.saved_tensors
        shift = found.masked_fill(found == NEG, 0.0)
        return (score - shift).exp_().mul_(gradient)


def log_column_sums(score: Tensor) -> Tensor:
    """log sum_i exp(score_ic) of every column, (C,); a column of -inf gives -inf and passes no gradient."""
    return _LogColumnSums.apply(score)  # type: ignore[return-value]


class RunningShares(Initializable, nn.Module):
    r"""Running average of the share of all rows that each cluster has, :math:`\pi \leftarrow m \pi + (1 - m) S / n`.

    It starts at the shares of the first batch, moves in training mode alone, and is part of the state dict.

    Parameters
    ----------
    momentum : float in [0, 1)
        m; 0 is the present batch alone.
    """

    share: Tensor

    def __init__(self, owner: str, momentum: float) -> None:
        super().__init__()
        self.momentum = check_number(
            owner,
            "sizes",
            momentum,
            low=0,
            high=1 - 1e-9,
            hint="the momentum of a running average, or 'batch'",
        )
        self.register_buffer("share", torch.zeros(0))  # nothing seen yet

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Forget the batches of an earlier run."""
        self.share = self.share.new_zeros(0)

    @torch.no_grad()
    def log_size(self, log_size: Tensor, n: int) -> Tensor:
        """Log sizes for ``n`` columns by the average, (C,); in training mode the batch's own enter it first."""
        own = log_size.exp() / max(1, n)
        if not len(self.share):
            held = own
        elif len(self.share) != len(own):
            raise InputError(
                f"the running sizes are of {len(self.share)} clusters but the assignments have {len(own)}; make a new "
                "UniformCluster or ClusterAgreement for another mapper"
            )
        else:
            held = self.share.to(own)
            held = torch.lerp(own, held, self.momentum) if self.training else held
        if self.training:
            self.share = held
        return held.log() + math.log(max(1, n))

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        """The number of clusters is known from the first batch on, so a saved average brings its own."""
        saved = state_dict.get(f"{prefix}share")
        if saved is not None:
            self.share = self.share.new_zeros(saved.shape)
        super()._load_from_state_dict(state_dict, prefix, *args)


def running(owner: str, sizes: str | float) -> RunningShares | None:
    """The average behind an option ``sizes=``: None for those of the batch."""
    if isinstance(sizes, str):
        if sizes == "batch":
            return None
        raise OptionError(
            f"{owner}: sizes={sizes!r} must be 'batch' or the momentum of a running average, such as 0.9"
        )
    return RunningShares(owner, sizes)
