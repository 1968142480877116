"""Optimisers by name: PyTorch's, and the one of neighbour-embedding maps."""

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


Stepper = torch.optim.Optimizer | DeltaBarDelta


@dataclass(frozen=True)
class Optimizer:
    """How to make an optimiser, and its usual step size for n samples."""

    make: Callable[..., Stepper]
    lr: Callable[[int], float]
    has_momentum: bool = False
    has_gain: bool = False


def map_step(n: int) -> float:
    """n / 12: keeps the early, exaggerated phase stable (Belkina et al. 2019), at small n too."""
    return n / 12


def _sgd(params: Any, lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, lr=lr, momentum=0.9)


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(torch.optim.Adam, lambda n: 1e-3),
    "adamw": Optimizer(torch.optim.AdamW, lambda n: 1e-3),
    "sgd": Optimizer(_sgd, lambda n: 1e-2, has_momentum=True),
    "delta-bar-delta": Optimizer(DeltaBarDelta, map_step, has_momentum=True, has_gain=True),
}
