"""Progress of a long search: a bar for each of its stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np


class Stages:
    """A progress bar with the stage and its remaining time (rich), on standard error; shows nothing unless asked to."""

    def __init__(self, title: str = "", shown: bool = False) -> None:
        self.title, self.shown = title, shown
        self.bar: Any = None

    def begin(self, stage: str, total: int) -> None:
        """The next stage, of so many rows or steps."""
        if not self.shown:
            return
        if self.bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self.bar = Progress(*columns, console=Console(stderr=True))
            self.bar.start()
        self.bar.add_task(f"{self.title}: {stage}", total=total)

    def advance(self, amount: int) -> None:
        """So much more of the stage is done."""
        if self.bar is not None:
            self.bar.advance(self.bar.task_ids[-1], amount)

    def over(self, parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Parts as they come; each advances the stage by its length."""
        for part in parts:
            yield part
            self.advance(len(part))

    def __enter__(self) -> Stages:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the bars as they are."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = None


QUIET = Stages()
