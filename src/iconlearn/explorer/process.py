"""The process of a worker, as the server holds it."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from iconlearn.explorer.job import OF_TERMINALS
from iconlearn.explorer.line import Line

PATIENCE = 10.0  # seconds that a worker which has hung up may take to end


class Worker:
    """A spawned process and the line to it; it imports the library, and waits for its job.

    Parameters
    ----------
    prepare : callable, optional
        What it calls first; can be pickled.
    """

    def __init__(self, prepare: Callable[[], object] | None) -> None:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        self.process = context.Process(target=begin, args=(there, prepare), name="iconlearn worker")
        with deaf():
            self.process.start()
        there.close()  # so that its end is seen here
        self.hear: Callable[[str, Any], None] = lambda subject, message: None
        self.line = Line(here, self._hear, {"do": both}).open()

    def _hear(self, subject: str, message: Any) -> None:
        if subject == "gone":
            self.process.join(PATIENCE)
            if self.process.exitcode is None:  # it can neither be heard nor told anything any more
                self.process.kill()
                self.process.join(PATIENCE)
            message = self.process.exitcode
        self.hear(subject, message)


def begin(connection: Connection, prepare: Callable[[], object] | None) -> None:
    """What the process does; only there is imported what a run needs, and the server answers sooner."""
    import_module("iconlearn.explorer.worker").work(connection, prepare)


def both(first: Mapping[str, Any], then: Mapping[str, Any]) -> Mapping[str, Any]:
    """What two commands of pages come to: steps add up, and anything else is overtaken by what follows."""
    if first["do"] == then["do"] == "step":
        return {"do": "step", "steps": first["steps"] + then["steps"]}
    return then


@contextmanager
def deaf() -> Iterator[None]:
    """A process that is started here takes no notice of the terminal's signals, from its first moment on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in OF_TERMINALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def why_cut(code: int | None) -> str:
    """What to say of a worker that ended without a word."""
    how = f"with code {code}"
    if code is not None and code < 0:
        with suppress(ValueError):
            how = f"by {signal.Signals(-code).name}"
        if -code == signal.SIGKILL:
            how += ", perhaps for want of memory"
    return (
        f"the process of the run ended {how}; what was recorded is kept, and the run can be gone on with "
        "from its last checkpoint"
    )
