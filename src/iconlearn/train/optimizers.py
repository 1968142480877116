"""Optimisers by name: PyTorch's, the one of neighbour-embedding maps, and the one of large batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn


class DeltaBarDelta:
    """Gradient descent with momentum and a gain for every number: the optimiser of t-SNE.

    A gain grows by ``gain`` where the gradient still points down the way the last step went, and shrinks to 0.8 of
    itself where it has turned round; it is never below 0.01. Gains unfold a map that starts from next to nothing;
    once it is unfolded a heavy momentum alone is faster.

    Parameters
    ----------
    params : iterable of Parameter
    lr : float
    momentum : float, default 0.8
    gain : float, default 0.2
        0 forgets the gains: plain gradient descent with momentum.

    References
    ----------
    Jacobs, Increased rates of convergence through learning rate adaptation, Neural Networks 1988; van der
    Maaten & Hinton, JMLR 2008.
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.8, gain: float = 0.2
    ) -> None:
        # In the form of torch.optim.Optimizer, whose own start-up costs more than the fit of a small map.
        self.param_groups = [{"params": list(params), "lr": lr, "momentum": momentum, "gain": gain}]
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for parameter in self.param_groups[0]["params"]:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["velocity"] = torch.zeros_like(parameter)
                    state["gain"] = torch.ones_like(parameter)
                gradient, velocity, gain = parameter.grad, state["velocity"], state["gain"]
                if group["gain"]:
                    onward = gradient * velocity < 0
                    gain.copy_(torch.where(onward, gain + group["gain"], gain * 0.8).clamp_(min=0.01))
                else:
                    gain.fill_(1.0)
                velocity.mul_(group["momentum"]).sub_(group["lr"] * gain * gradient)
                parameter.add_(velocity)


class LARS(torch.optim.Optimizer):
    r"""Layer-wise adaptive rate scaling, as SimCLR uses it: every weight moves by a share of its own length.

    .. math:: u = g + \lambda w, \qquad
              v \leftarrow m\,v + \gamma\,\eta\,\frac{\|w\|}{\|u\|}\,u, \qquad w \leftarrow w - v

    with step size :math:`\gamma`, momentum m and weight decay :math:`\lambda`. Biases and the scales of
    normalisations (parameters of one dimension) decay and adapt in nothing: :math:`v \leftarrow m v + \gamma g`. A
    weight or u of length 0 has no ratio either, and takes 1. You et al. divide by :math:`\|g\| + \lambda\|w\|`
    in place of :math:`\|u\|`.

    Parameters
    ----------
    params : iterable of Parameter
    lr : float
    momentum : float, default 0.9
    weight_decay : float, default 1e-6
    trust : float, default 0.001
        :math:`\eta`, the share.

    References
    ----------
    You, Gitman & Ginsburg, Large Batch Training of Convolutional Networks, 2017; Chen et al., SimCLR, ICML 2020.

    Examples
    --------
    >>> weight = nn.Parameter(torch.ones(4, 4))  # of length 4
    >>> optimizer = LARS([weight], lr=1.0, weight_decay=0.0)
    >>> weight.grad = torch.full((4, 4), 1000.0)
    >>> optimizer.step()
    >>> round(float((weight.detach() - 1).norm()), 4)
    0.004
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 1e-6,
        trust: float = 1e-3,
    ) -> None:
        super().__init__(
            params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust}
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["velocity"] = torch.zeros_like(parameter)
                update, ratio = parameter.grad, parameter.new_ones(())
                if parameter.ndim > 1:
                    update = update + group["weight_decay"] * parameter
                    length, steepness = parameter.norm(), update.norm()
                    adapted = group["trust"] * length / steepness
                    ratio = torch.where((length > 0) & (steepness > 0), adapted, ratio)
                state["velocity"].mul_(group["momentum"]).add_(group["lr"] * ratio * update)
                parameter.sub_(state["velocity"])


Stepper = torch.optim.Optimizer | DeltaBarDelta


@dataclass(frozen=True)
class Optimizer:
    """How to make an optimiser, and its usual step size for n samples."""

    make: Callable[..., Stepper]
    lr: Callable[[int], float]
    has_momentum: bool = False
    has_gain: bool = False
    has_weight_decay: bool = False


def map_step(n: int) -> float:
    """n / 12: keeps the early, exaggerated phase stable (Belkina et al. 2019), at small n too."""
    return n / 12


def _sgd(params: Any, lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=lr, momentum=0.9)


# The step of LARS suits 256 samples; of B in a step SimCLR takes B / 256 times as much.
OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(torch.optim.Adam, lambda n: 1e-3, has_weight_decay=True),
    "adamw": Optimizer(torch.optim.AdamW, lambda n: 1e-3, has_weight_decay=True),
    "sgd": Optimizer(_sgd, lambda n: 1e-2, has_momentum=True, has_weight_decay=True),
    "lars": Optimizer(LARS, lambda n: 0.3, has_momentum=True, has_weight_decay=True),
    "delta-bar-delta": Optimizer(DeltaBarDelta, map_step, has_momentum=True, has_gain=True),
}
