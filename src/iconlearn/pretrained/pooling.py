"""Which output of a model is the feature of an image or a text."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._errors import OptionError

POOLS = ("auto", "cls", "mean", "pooler")


def choose_pool(name: str, model: nn.Module, found: Any, pool: str, trained_pooler: bool) -> str:
    """What ``pool`` means for a model that gave ``found``; "auto" is its pooler, else CLS, else the mean.

    Raises
    ------
    OptionError
        The model has no such output.
    """
    cls = has_token(model, "cls_token", "class_embedding")
    pooled = getattr(found, "pooler_output", None) is not None
    if pool == "auto":
        return "pooler" if pooled and trained_pooler else "cls" if cls else "mean"
    if pool == "cls" and not cls:
        raise OptionError(f"pool='cls': {name} has no CLS token; use pool='mean' or 'auto'")
    if pool == "pooler" and not (pooled and trained_pooler):
        why = "a pooler whose weights are not in the checkpoint" if pooled else "no pooler"
        raise OptionError(f"pool='pooler': {name} has {why}; use pool='auto'")
    return pool


def pooled(model: Any, found: Any, pool: str) -> Tensor:
    """Features (b, dim) of what a model has found for b images; ``pool`` as `choose_pool` tells it."""
    if pool == "pooler":
        return found.pooler_output.flatten(1)
    states = found.last_hidden_state
    if states.ndim == 4:  # (b, channels, h, w) of a convolutional net
        return states.mean((2, 3))
    return states[:, 0] if pool == "cls" else states[:, prefix_tokens(model) :].mean(1)


def pooled_text(found: Any, pool: str, there: Tensor) -> Tensor:
    """Features (b, dim) of what a model has found for b texts; ``there`` (b, length) says where tokens are."""
    if pool == "pooler":
        return found.pooler_output
    states = found.last_hidden_state
    if pool == "cls":
        return states[:, 0]
    if pool == "last":
        return states[torch.arange(len(states), device=states.device), there.sum(1) - 1]
    weights = there.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(1) / weights.sum(1)


def has_token(model: nn.Module, *names: str) -> bool:
    """Whether the model has a learned token of one of these names."""
    return any(name.rpartition(".")[2] in names for name, _ in model.named_parameters())


def prefix_tokens(model: Any) -> int:
    """Tokens before those of the patches: CLS, distillation, registers."""
    count = has_token(model, "cls_token", "class_embedding") + has_token(model, "distillation_token")
    return count + int(getattr(model.config, "num_register_tokens", 0) or 0)


def own_shape(model: Any) -> tuple[int, ...]:
    """Height and width of the images that a model was trained on, as its configuration tells, or nothing."""
    size = getattr(getattr(model.config, "vision_config", model.config), "image_size", ())
    return (size, size) if isinstance(size, int) else tuple(size or ())


def takes(function: Any, option: str) -> bool:
    """Whether a model, or one of its methods, has an argument of this name."""
    return option in inspect.signature(getattr(function, "forward", function)).parameters
