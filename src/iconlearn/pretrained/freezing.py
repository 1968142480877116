"""Which part of a network is trained: all of it, nothing, or its last blocks and what comes after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from torch import nn

from iconlearn._errors import OptionError
from iconlearn.pretrained.architectures import with_blocks

Result = TypeVar("Result")


def first_calls(net: nn.Module, run: Callable[[], Result]) -> tuple[Result, dict[str, int]]:
    """What ``run`` returns, and the order in which modules of the network were first called in it, by name."""
    order: dict[str, int] = {}

    def note(name: str) -> Callable[..., None]:
        def noted(module: nn.Module, *inputs: Any) -> None:
            order.setdefault(name, len(order))

        return noted

    hooks = [module.register_forward_pre_hook(note(name)) for name, module in net.named_modules()]
    try:
        return run(), order
    finally:
        for hook in hooks:
            hook.remove()


def freeze(
    net: nn.Module, trainable: str | int, blocks: Sequence[str], order: dict[str, int]
) -> tuple[str, ...]:
    """Fix the weights of all that runs before the part that is trained.

    Weights that many blocks share, such as relative positions, belong to what runs before them.

    Parameters
    ----------
    net : nn.Module
    trainable : {"all", "none"} or int
        How many of the last blocks.
    blocks : sequence of str
        Names of the classes of blocks.
    order : dict
        When each module is called first; see `first_calls`.

    Returns
    -------
    tuple of str
        Names of the modules that are to stay in evaluation mode.

    Raises
    ------
    OptionError
        It has no blocks that follow one another, or fewer.
    """
    start = 0 if trainable == "all" else len(order)
    if not isinstance(trainable, str):
        found = [
            name for name, part in net.named_modules() if type(part).__name__ in blocks and name in order
        ]
        found.sort(key=lambda name: order[name])
        owner = type(net).__name__
        if not found:
            raise OptionError(
                f"Pretrained: trainable={trainable}, but {owner} has no blocks that follow one another; use 'all' or "
                f"'none', or a model of one of these: {', '.join(with_blocks())}"
            )
        if trainable > len(found):
            raise OptionError(
                f"Pretrained: trainable={trainable}, but {owner} has {len(found)} blocks; use 'all' or at most that"
            )
        start = order[found[-trainable]]
    frozen = tuple(name for name, _ in net.named_modules() if called(name, order) < start)
    for name in frozen:
        for weight in net.get_submodule(name).parameters(recurse=False):
            weight.requires_grad_(False)
    return frozen


def called(name: str, order: dict[str, int]) -> int:
    """When a module was first called; one whose weights are read by another, when that was."""
    while name and name not in order:
        name = name.rpartition(".")[0]
    return order[name]
