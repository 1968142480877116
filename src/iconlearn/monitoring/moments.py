"""When a callback looks, and what it found then."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from iconlearn._checks import check_number
from iconlearn._errors import OptionError
from iconlearn.train.events import Event


@dataclass(frozen=True)
class Finding:
    """Numbers by name at one moment of a run, after so many steps and passes over the data."""

    step: int
    epoch: float
    values: dict[str, float]


class Moments:
    """The steps at which a callback looks: every so many steps or epochs, and the last one planned.

    Parameters
    ----------
    owner : str
        Whose argument it is, for messages.
    every : int or str
        Steps, or "epoch", or "5 epochs".
    """

    def __init__(self, owner: str, every: int | str) -> None:
        self.in_epochs = isinstance(every, str)
        count: object = every
        if isinstance(every, str):
            found = re.fullmatch(r"epoch|(\d+) epochs?", every)
            if found is None:
                raise OptionError(
                    f"{owner}: every={every!r} must be a number of steps, such as 100, or 'epoch', or '5 epochs'"
                )
            count = int(found[1] or 1)
        self.count = check_number(owner, "every", count, low=1, integer=True)

    def have(self, event: Event) -> bool:
        """Is this step one of them?"""
        if event.step + 1 == event.max_iter:
            return True
        done = event.notes["epoch"] if self.in_epochs else event.step + 1
        return done % self.count == 0


class Watcher(ABC):
    """A callback that finds numbers now and then, keeps them, and notes them in the event under its name.

    ``history`` is a list of :class:`Finding`. A run that starts anew empties it, and one that goes on from a
    checkpoint goes on with what came before that.
    """

    def __init__(self, name: str, every: int | str) -> None:
        if not (isinstance(name, str) and name):
            raise OptionError(f"{type(self).__name__}: name={name!r} must be a text, such as 'probe'")
        self.name, self.every = name, every
        self.moments = Moments(type(self).__name__, every)
        self.history: list[Finding] = []

    def __call__(self, event: Event) -> None:
        if event.kind == "start":
            self.history = [finding for finding in self.history if finding.step <= event.step]
            self.begin(event)
        elif event.kind == "step" and self.moments.have(event):
            values = self.look(event)
            self.history.append(Finding(event.step + 1, event.notes["epoch"], values))
            event.notes.update({f"{self.name}/{key}": value for key, value in values.items()})

    @abstractmethod
    def begin(self, event: Event) -> None:
        """Before the first step."""

    @abstractmethod
    def look(self, event: Event) -> dict[str, float]:
        """The numbers at this step."""
