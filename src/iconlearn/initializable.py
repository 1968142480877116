"""Parts that ``fit`` brings to a start of their own, whatever they held before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from iconlearn.points import Points

if TYPE_CHECKING:
    from iconlearn.conditional import Conditional


class Initializable:
    """Part of a model that ``fit`` starts anew; other modules go on from the weights they have."""

    starts_from_target = False  # does it need p on its first points, where p is another at every step?
    starts_children = False  # are the modules inside it brought to their start by its own `initialize`?

    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Set the start from the data, the target on it (if it is fixed) and the run's generator."""
        raise NotImplementedError
