"""How many threads the layers of a mapper work on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from torch import nn

from iconlearn._parallel import one_thread_each

MANY = 1 << 18  # weights of a network of images whose layers are worth several threads each
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def threads_of(mapper: nn.Module) -> AbstractContextManager[None]:
    """One thread for tensor operations, or all of them where layers are large.

    Tiles and pieces are spread over all threads by themselves, so that bits do not depend on how many there are. A
    large network of convolutions, patches or pretrained layers has most of its work within its layers, so it takes all
    threads there, and the last bits of its sums may depend on their number.
    """
    within = any(
        isinstance(part, CONVOLUTIONS) or getattr(part, "threads_within", False) for part in mapper.modules()
    )
    large = within and sum(weight.numel() for weight in mapper.parameters()) >= MANY
    return nullcontext() if large else one_thread_each()
