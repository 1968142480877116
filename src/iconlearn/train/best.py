"""The best state of a run, for the time when it is cut short."""

from __future__ import annotations

import copy
import math

from torch import Tensor

from iconlearn.objective import Objective
from iconlearn.train.events import Event


class Best:
    """The state with the lowest loss seen, kept so that an interrupted run can return it.

    A step tells the loss of the state before it, so a state is kept until the next step has judged it.
    """

    def __init__(self, model: Objective) -> None:
        self.model = model
        self.loss, self.last, self.state = math.inf, math.inf, None
        self.waiting: dict[str, Tensor] | None = None

    def see(self, event: Event, *, whole: bool) -> None:
        """Remember the state if it is the best; only losses of the whole data can be compared."""
        self.last = event.loss
        if self.waiting is not None and event.loss < self.loss:
            self.loss, self.state = event.loss, self.waiting
        spaced = event.step % max(1, event.max_iter // 50) == 0
        self.waiting = copy.deepcopy(self.model.state_dict()) if whole and spaced else None

    def restore(self) -> None:
        """Put the best state back, unless the present one is better."""
        if self.state is not None and self.loss < self.last:
            self.model.load_state_dict(self.state)
