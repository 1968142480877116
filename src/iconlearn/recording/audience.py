"""Who watches a run while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from iconlearn.recording.packets import Packet

SHARE = 0.03  # of the time of a run that its frames may take


class Audience(Protocol):
    """Gets every packet of a recording as it is made, and frames in between as often as it wants them."""

    def __call__(self, packet: Packet) -> None:
        """Take a packet; it must not wait for anybody."""
        ...

    def wants(self) -> bool:
        """Is it time for a frame? Asked after every step that has time for one."""
        ...

    def offer(self, show: Callable[[], None]) -> None:
        """Take the way to show a frame of the step that was just taken, which can be called until the next step.

        It is for an audience that makes the run wait, and wants to see more of it meanwhile.
        """
        ...

    def selected(self) -> list[int]:
        """The shown points whose bars every frame carries."""
        ...


class Budget:
    """When there is time for another frame: what frames cost stays below a share of the time that passes.

    Examples
    --------
    >>> now = [0.0]
    >>> budget = Budget(0.1, clock=lambda: now[0])
    >>> with budget:
    ...     now[0] = 1.0  # a frame took a second
    >>> now[0] = 5.0
    >>> budget.left
    False
    >>> now[0] = 11.0
    >>> budget.left
    True
    """

    def __init__(self, share: float = SHARE, clock: Callable[[], float] = time.perf_counter) -> None:
        self.share, self.clock = share, clock
        self.began = self.until = clock()

    @property
    def left(self) -> bool:
        """Has the last one been paid for?"""
        return self.clock() >= self.until

    def __enter__(self) -> None:
        self.began = self.clock()

    def __exit__(self, *_: object) -> None:
        end = self.clock()
        self.until = end + (end - self.began) * (1 / self.share - 1)
