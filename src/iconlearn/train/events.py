"""The one stream of events that feeds progress bars, recorders and viewers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn.objective import Pair

if TYPE_CHECKING:
    from iconlearn.objective import Objective


@dataclass(frozen=True, eq=False)
class Event:
    """What happened: kind is "search" (a step of all starts that race), "start", "step" or "end".

    ``loss`` is the divergence itself, without exaggeration; ``pair`` the conditionals of the step's batch,
    valid during the call. ``step`` counts from 0; of "start" and "end" it is the number of steps taken.

    The ``notes`` of a "step" are its step size ``lr``, the passes over the data that are done with it (``epoch``, a
    whole number at the end of one) and the share of rows without mass under the target (``empty_rows``), and with
    ``max_grad_norm`` the length of the gradient before it was brought to that (``grad_norm``). A callback may add
    numbers of its own, which those after it find there. ``losses`` of a "start" are those of the steps that were taken
    before, where a run goes on from a checkpoint.
    """

    kind: str
    step: int
    max_iter: int
    loss: float
    model: Objective
    pair: Pair | None = None
    notes: dict[str, float] = field(default_factory=dict)
    time: float = field(default_factory=time.monotonic)
    losses: tuple[float, ...] = ()


Callback = Callable[[Event], object]  # a callback that returns False stops the run


class Emitter:
    """Passes events on; a callback that returns False asks to stop."""

    def __init__(self, callbacks: tuple[Callback, ...]) -> None:
        self.callbacks = callbacks

    def __call__(self, event: Event) -> bool:
        answers = [callback(event) for callback in self.callbacks]
        return not any(isinstance(answer, (bool, np.bool_)) and not answer for answer in answers)


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
        self.bar: Any = None

    def __call__(self, event: Event) -> None:
        if event.kind == "search":
            if self.bar is None or event.step == 0:
                self._open(f"{self.title}: starts, round {event.notes['round'] + 1:.0f}", event.max_iter)
            self._show(event)
        elif event.kind == "start":
            self._open(self.title, event.max_iter)
        elif event.kind == "step" and (event.step % 10 == 9 or event.step + 1 == event.max_iter):
            self._show(event)
        elif event.kind == "end":
            self._close()

    def _show(self, event: Event) -> None:
        self.bar.update(self.task, completed=event.step + 1, loss=f"{event.loss:.4f}")

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _open(self, title: str, steps: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._close()
        self.bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self.bar.start()
        self.task = self.bar.add_task(title, total=steps, loss="...")
