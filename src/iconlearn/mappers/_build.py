"""Layers built from an explicit generator: making a mapper never touches the global random state."""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import nn

from iconlearn.initializable import Initializable as Initializable

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def layer(kind: type[Layer], *args: object, generator: torch.Generator, **options: object) -> Layer:
    """A linear or convolutional layer, initialised as PyTorch does (Kaiming uniform) from ``generator``."""
    made: Any = nn.utils.skip_init(kind, *args, **options)
    draw(made, generator)
    return made


@torch.no_grad()
def draw(made: Any, generator: torch.Generator) -> None:
    """Fresh weights for a layer, on whatever device it is."""
    bound = made.weight[0].numel() ** -0.5
    for tensor in (made.weight, made.bias):
        if tensor is not None:
            tensor.copy_(torch.empty(tensor.shape).uniform_(-bound, bound, generator=generator))
