"""The one stream of events that feeds progress bars, recorders and viewers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from iconlearn.objective import Pair

if TYPE_CHECKING:
    from iconlearn.objective import Objective


@dataclass(frozen=True, eq=False)
class Event:
    """What happened: kind is "search" (a restart is tried), "start", "step" or "end".

    ``loss`` is the divergence itself, without exaggeration; ``pair`` the conditionals of the step's batch,
    valid during the call.
    """

    kind: str
    step: int
    max_iter: int
    loss: float
    model: Objective
    pair: Pair | None = None
    notes: dict[str, float] = field(default_factory=dict)
    time: float = field(default_factory=time.monotonic)


Callback = Callable[[Event], object]  # a callback that returns False stops the run


class LossCurve:
    """Keeps the loss of every step."""

    def __init__(self) -> None:
        self.losses: list[float] = []

    def __call__(self, event: Event) -> None:
        if event.kind == "step":
            self.losses.append(event.loss)


class Progress:
    """A progress bar with step, loss and remaining time (rich); on standard error."""

    def __init__(self, title: str = "fit") -> None:
        self.title = title

    def __call__(self, event: Event) -> None:
        if event.kind == "start":
            self._open(event)
        elif event.kind == "step" and (event.step % 10 == 9 or event.step + 1 == event.max_iter):
            self.bar.update(self.task, completed=event.step + 1, loss=f"{event.loss:.4f}")
        elif event.kind == "end":
            self.bar.stop()

    def _open(self, event: Event) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.bar.start()
        self.task = self.bar.add_task(self.title, total=event.max_iter, loss="...")
