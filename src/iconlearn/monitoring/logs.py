"""Loss, step size and findings of a run, sent to loggers."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError, OptionError
from iconlearn._files import write_aside
from iconlearn.train.events import Event

log = logging.getLogger("iconlearn")


class RunLog:
    """A callback that sends the numbers of every step to loggers: loss, step size, epoch, and what others found.

    A line has ``loss`` and all of ``event.notes``: ``lr``, ``epoch``, ``empty_rows``, and what callbacks before this
    one have put there, such as ``embedding/effective_rank`` of a :class:`Monitor` and ``probe/knn`` of an
    :class:`OnlineProbe`; so give it last. Its step is the number of steps taken: the first is 1.

    A run that goes on from a checkpoint goes on at its step, and the steps between the checkpoint and the end of
    the killed run are taken again, to the same numbers. :class:`JSONLines` and ``TensorBoardLogger`` then drop what
    came after the checkpoint, so that each step is there once. To any other logger this object sends no step twice;
    a new process does not know what an earlier one has sent, so there such steps are logged again.
    ``CSVLogger`` keeps no file of an earlier process: give each its own version, or take :class:`JSONLines`.

    Parameters
    ----------
    *loggers
        Objects with ``log_metrics(numbers, step)``, such as ``CSVLogger`` and ``TensorBoardLogger`` of
        ``lightning_fabric.loggers``, those of Lightning, and :class:`JSONLines`. Where they have a method ``save``, it
        is called when the run ends; a ``CSVLogger`` otherwise writes every hundred steps. Where they have
        ``drop_after(step)``, it is called when a run starts or goes on.

    Raises
    ------
    OptionError
        If something has no ``log_metrics``.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from iconlearn import KNN, MLP, Gaussian, ICon
    >>> from iconlearn.monitoring import JSONLines, Monitor, RunLog
    >>> X, file = np.random.default_rng(0).normal(size=(40, 5)), JSONLines(f"{tempfile.mkdtemp()}/log.jsonl")
    >>> watching = Monitor(every=10), RunLog(file)
    >>> _ = ICon(KNN(5), Gaussian(0.7, "cos"), MLP(5, 3)).fit(X, max_iter=20, callbacks=watching)
    >>> lines = file.lines()
    >>> len(lines), sorted(lines[0])
    (20, ['empty_rows', 'epoch', 'loss', 'lr', 'step'])
    """

    def __init__(self, *loggers: Any) -> None:
        for logger in loggers:
            if not callable(getattr(logger, "log_metrics", None)):
                raise OptionError(
                    f"RunLog: {logger!r} has no method log_metrics(numbers, step); give loggers such as "
                    "JSONLines('log.jsonl') or those of lightning_fabric.loggers"
                )
        self.loggers = loggers
        self.logged = [0] * len(loggers)  # the last step that each has

    def __call__(self, event: Event) -> None:
        if event.kind == "start":
            for place, logger in enumerate(self.loggers):
                if dropped_after(logger, event.step) or event.step == 0:
                    self.logged[place] = event.step
        elif event.kind == "step":
            self._send({"loss": event.loss, **event.notes}, event.step + 1)
        elif event.kind == "end":
            for logger in self.loggers:
                getattr(logger, "save", lambda: None)()

    def _send(self, numbers: Mapping[str, float], step: int) -> None:
        for place, logger in enumerate(self.loggers):
            if step > self.logged[place]:
                logger.log_metrics(dict(numbers), step)
                self.logged[place] = step


def dropped_after(logger: Any, step: int) -> bool:
    """Have a logger forget what it has of later steps; False where it cannot."""
    if callable(drop := getattr(logger, "drop_after", None)):
        drop(step)
        return True
    writer: Any = getattr(logger, "experiment", None)
    if not hasattr(writer, "purge_step"):
        return False
    writer.close()  # TensorBoard hides what older files have from this step on, once the next file says so
    writer.purge_step = step + 1
    return True


class JSONLines:
    """A logger that writes a JSON object a line: ``{"step": 1, "loss": ..., "lr": ...}``; needs nothing else.

    Each line is in the file when its step is done, so a killed run loses none. A run that goes on from a checkpoint
    goes on with the file; one that starts anew moves an older file aside, to the same name with ``.before`` behind it.
    ``pandas.read_json(path, lines=True)`` reads it as a table.

    Parameters
    ----------
    path : path
        A file of one run; its folder is made.

    Raises
    ------
    OptionError
        If the path cannot be written.
    FileFormatError
        When a run goes on, if the file holds something else than such lines.

    Examples
    --------
    >>> import tempfile
    >>> from iconlearn.monitoring import JSONLines
    >>> file = JSONLines(f"{tempfile.mkdtemp()}/log.jsonl")
    >>> file.log_metrics({"loss": 0.5}, 1)
    >>> file.lines()
    [{'step': 1, 'loss': 0.5}]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path, self.full = Path(path), False
        if self.path.is_dir():
            raise OptionError(f"JSONLines: path={str(path)!r} is a folder; name a file in it")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as cause:
            raise OptionError(
                f"JSONLines: path={str(path)!r} cannot be written ({cause.strerror}); choose another path"
            ) from cause

    def log_metrics(self, metrics: Mapping[str, float], step: int) -> None:
        """Add a line; once the disk does not take one, warn, and write no more."""
        if self.full:
            return
        line = json.dumps({"step": step, **{name: float(value) for name, value in metrics.items()}})
        try:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError as cause:
            self.full = True
            log.warning(
                "%s: could not be written (%s); the run goes on without its log", self.path, cause.strerror
            )

    def lines(self) -> list[dict[str, Any]]:
        """All lines so far; one that a kill has cut short at the end is left out."""
        if not self.path.exists():
            return []
        whole = self.path.read_text(encoding="utf-8").split("\n")[:-1]
        try:
            lines = [json.loads(line) for line in whole]
        except ValueError as cause:
            raise self._foreign() from cause
        if not all(isinstance(line, dict) and isinstance(line.get("step"), int) for line in lines):
            raise self._foreign()
        return lines

    def drop_after(self, step: int) -> None:
        """Keep the lines up to a step; at step 0 move the file aside."""
        if not self.path.exists():
            return
        if step == 0:
            self.path.replace(self.path.with_name(f"{self.path.name}.before"))
            return
        kept = [json.dumps(line) + "\n" for line in self.lines() if line["step"] <= step]
        write_aside(self.path, "".join(kept).encode())

    def _foreign(self) -> FileFormatError:
        return FileFormatError(
            f"{self.path}: is not a log of JSON lines with a step each; choose another path, or delete the file"
        )
