"""Layers built from an explicit generator: making a mapper never touches the global random state."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


def seeded(seed: int) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def layer(kind: type[Layer], *args: object, generator: torch.Generator, **options: object) -> Layer:
    """A linear or convolutional layer, initialised as PyTorch does (Kaiming uniform) from ``generator``."""
    made = nn.utils.skip_init(kind, *args, **options)
    fan_in = made.weight[0].numel()
    bound = fan_in**-0.5
    with torch.no_grad():
        made.weight.uniform_(-bound, bound, generator=generator)
        if made.bias is not None:
            made.bias.uniform_(-bound, bound, generator=generator)
    return made
