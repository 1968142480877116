"""The process of one run: the library's own loop, which pauses, steps and stops as the pages ask."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from iconlearn._errors import IConLearnError
from iconlearn.data.files import load_dataset
from iconlearn.explorer import catalogue
from iconlearn.explorer.job import OF_TERMINALS, Job
from iconlearn.explorer.line import Line
from iconlearn.recording.packets import FRAME, Packet, encode
from iconlearn.run import run_method
from iconlearn.train.events import Event

log = logging.getLogger("iconlearn")
SOONEST = 1 / 10  # seconds between two frames: the page moves the points in between
TELL = 0.25  # seconds between two reports of the step


class Control:
    """What the pages want of a run: heard by the line's thread, obeyed by the loop between two steps.

    It is the audience of the recording, and `obey` is a callback of the fit.
    """

    def __init__(self) -> None:
        self.line: Line | None = None
        self.job: Job | None = None
        self.changed = threading.Condition()
        self.paused = self.stopping = self.training = self.ended = self.alone = False
        self.steps: int | None = None  # to take before the next pause
        self.pages, self.credit = 0, 1
        self.points: list[int] = []
        self.fresh = False  # other points are selected than in the last frame
        self.show: Callable[[], None] | None = None  # a frame of the step that was taken last
        self.due = self.told = 0.0  # when the next frame is, and when the last report was

    def hear(self, subject: str, message: Any) -> None:
        """Take down what the server says."""
        with self.changed:
            if subject == "job":
                self.job = Job(**message)
            elif subject in ("do", "stop"):
                self._do(message["do"], int(message.get("steps", 1)))
            elif subject == "watch":
                self.points, self.fresh = [int(point) for point in message], True
            elif subject == "pages":
                self.pages, self.fresh = int(message), True
            elif subject == "taken":
                self.credit = 1
            elif subject == "gone":
                self.stopping = self.alone = True
            self.changed.notify_all()
        if self.stopping and not self.training and not self.ended:
            self._leave()

    def _do(self, what: str, steps: int) -> None:
        if what == "stop":
            self.stopping = True
        else:
            ahead = 0 if self.paused or self.steps is None else self.steps  # of steps that are being taken
            self.paused, self.steps = what == "pause", ahead + steps if what == "step" else None

    def _leave(self) -> None:
        """End before training has begun: there are no results to write, and all files are whole or not there."""
        if self.line is not None and not self.alone:
            self.line.tell("over", {"state": "stopped", "message": BEFORE})
            self.line.close()
        os._exit(0)

    def tell(self, subject: str, message: Any) -> None:
        """Say something to the server."""
        if self.line is not None:
            self.line.tell(subject, message)

    def obey(self, event: Event) -> None:
        """After every step: report, wait while paused, and stop as Ctrl-C does."""
        if event.kind == "end":
            self.training, self.ended = False, True
            self._at("running", event, "writing the results")
            return
        if event.kind == "start":
            self.tell("begin", {"step": event.step, "total": event.max_iter})
        self.training = True
        with self.changed:
            if self.steps is not None and event.kind != "start":
                self.steps -= 1
                if self.steps <= 0:
                    self.paused, self.steps = True, None
            if self.paused and not self.stopping:
                self._pause(event)
            if self.stopping:
                raise KeyboardInterrupt
        now = time.monotonic()
        if now - self.told >= TELL:
            self.told = now
            self._at("running", event)

    def _pause(self, event: Event) -> None:
        """Wait for the pages, and show them what they select meanwhile."""
        self._at("paused", event)
        while self.paused and not self.stopping:
            if self.fresh and self.pages and self.show is not None:
                self.fresh = False
                self.show()
            else:
                self.changed.wait()
        self._at("running", event)

    def _at(self, state: str, event: Event, message: str = "") -> None:
        step = event.step + (event.kind in ("step", "search"))
        if event.kind == "search":
            message = message or "comparing starts"
        self.tell("at", {"state": state, "step": step, "total": event.max_iter, "message": message})

    def wants(self) -> bool:
        """Is it time for a frame? Somebody has to look, and one at a time is on its way."""
        return self.pages > 0 and self.credit > 0 and time.monotonic() >= self.due

    def offer(self, show: Callable[[], None]) -> None:
        """Keep the way to a frame of the last step, for a pause."""
        self.show = show

    def selected(self) -> list[int]:
        """The points whose bars a frame carries."""
        return list(self.points)

    def __call__(self, packet: Packet) -> None:
        """A packet of the recording, which is in its file already, or a frame."""
        if packet.kind != FRAME:
            self.tell("grown", None)
            return
        # a frame that had to wait for the end of a step puts off none of those that follow, nor do those of a pause
        now = time.monotonic()
        self.due = min(max(self.due, now - SOONEST), now) + SOONEST
        self.credit, self.fresh = 0, False
        self.tell("frame", encode(packet))


BEFORE = "stopped before the first step; there are no results"


def work(connection: Connection, prepare: Callable[[], object] | None = None) -> None:
    """The whole life of a worker, which is what a spawned process runs: it waits for its job, and does it.

    Parameters
    ----------
    connection : Connection
        To the server; when it breaks, the run is stopped as by Ctrl-C.
    prepare : callable, optional
        Called first, such as to register methods.
    """
    for number in OF_TERMINALS:  # they are the server's, which says stop, or is gone
        signal.signal(number, signal.SIG_IGN)
    control = Control()
    control.line = Line(connection, control.hear)
    control.line.open()
    state, message = "failed", ""
    try:
        if prepare is not None:
            prepare()
        with control.changed:
            control.changed.wait_for(lambda: control.job is not None)
        state, message = perform(control)
    except KeyboardInterrupt:
        state, message = "stopped", BEFORE
    except IConLearnError as cause:
        message = " ".join(str(cause).split())
    except MemoryError as cause:
        message = f"out of memory ({cause}); take fewer rows, or a smaller batch_size"
    except Exception as cause:
        log.exception("a run failed")
        message = f"a defect of iconlearn ({type(cause).__name__}: {cause}); please report it"
    control.ended = True
    control.tell("over", {"state": state, "message": message})
    control.line.close()


def perform(control: Control) -> tuple[str, str]:
    """Run the method; the state it ended in, and what to say of it."""
    job = control.job
    assert job is not None
    dataset = replace(load_dataset(job.source, job.labels), name=job.data)
    name, options = catalogue.run_request(job.request, dataset)
    options = replace(
        options,
        callbacks=(*options.callbacks, control.obey),
        overwrite=job.overwrite,
        audience=control,
    )
    result = run_method(name, dataset, job.out, options)
    if result.interrupted:
        return "stopped", f"stopped; the results of the best state are in {job.out}"
    return "finished", " ".join(result.notes)
