"""What is about to be held in memory, against what is free."""

from __future__ import annotations

import torch

from iconlearn._errors import MemoryBudgetError
from iconlearn.engines.plan import free_memory


def check_memory(what: str, needed: int, remedy: str) -> None:
    """Refuse an array before it is allocated.

    Raises
    ------
    MemoryBudgetError
        It needs more bytes than are free; says both numbers and the remedy.
    """
    free = free_memory(torch.device("cpu"))
    if needed > free:
        raise MemoryBudgetError(
            f"{what} need {needed / 1e9:.2f} GB, but {free / 1e9:.2f} GB are free; {remedy}"
        )
