"""One run as the server knows it: what it is of, how far it is, its recording, and the pages that look at it."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iconlearn._errors import FileFormatError
from iconlearn.explorer.tape import Tape, furthest
from iconlearn.recording.packets import END, RUN, STATE, Packet, encode
from iconlearn.run.folder import RECORD
from iconlearn.run.partial import RECORDING

if TYPE_CHECKING:
    from iconlearn.explorer.hub import Page
    from iconlearn.explorer.process import Worker

WAITING, STARTING, RUNNING, PAUSED = "waiting", "starting", "running", "paused"
FINISHED, STOPPED, FAILED, CUT = "finished", "stopped", "failed", "cut"
GOING, DONE = (STARTING, RUNNING, PAUSED), (FINISHED, STOPPED, FAILED, CUT)
MOST_CHOSEN, MOST_WORDS, LARGE = 12, 40, 1e15  # choices that the list of runs tells, and how much of each
MOST_SELECTED = 64  # points whose bars a frame carries, of all pages together


class Run:
    """One run.

    Parameters
    ----------
    id : str
    out : Path
        Folder of its results; what is unfinished lies in ``OUT.partial``.
    """

    def __init__(self, id: str, out: Path) -> None:
        self.id, self.out = id, out
        self.partial = out.with_name(f"{out.name}.partial")
        self.stated_as: Mapping[str, Any] | None = None
        self.about: dict[str, Any] = {"method": "", "title": out.name, "data": "", "chosen": {}}
        self.started = 0.0
        self.state, self.message, self.step, self.total = CUT, "", 0, 0
        self.places: tuple[Path, ...] = (out / RECORDING, self.partial / RECORDING)
        self.tape = Tape(self.partial / RECORDING)
        self.frame, self.frames = b"", 0  # the newest, and how many there have been
        self.pages: list[Page] = []
        self.worker: Worker | None = None
        self.outcome: tuple[str, str] | None = None
        self.before = 0.0  # when the results that were there as the worker began were written
        self.shown: int | None = None

    @classmethod
    def stated(cls, id: str, out: Path, stated: Mapping[str, Any]) -> Run:
        """A run that was started by a server, which noted what it is of."""
        run = cls(id, out)
        run.stated_as = stated
        run.about = {name: stated[name] for name in ("method", "title", "data")}
        run.about["chosen"] = in_short(stated.get("chosen"))
        run.started = float(stated.get("started", 0.0))
        return run

    def set(self, state: str, message: str = "") -> None:
        """Say how it is with the run."""
        self.state, self.message = state, message
        self.notify()

    def notify(self) -> None:
        """Wake the pages."""
        for page in self.pages:
            page.news.set()

    def begin(self, worker: Worker) -> None:
        """A worker takes the run up: what it keeps of an earlier recording is read when it says so."""
        self.worker, self.outcome, self.frame, self.shown = worker, None, b"", None
        self.before = modified(self.out / RECORD)
        self.tape.forget()
        self.tape.path = self.partial / RECORDING
        self.set(STARTING)
        self.tell_worker()

    def hear(self, subject: str, message: Any) -> None:
        """What its worker says."""
        if subject == "begin":
            self.step, self.total = message["step"], message["total"]
        elif subject == "grown":
            self.tape.grow()
        elif subject == "at":
            self.step, self.total = message["step"], message["total"]
            self.state, self.message = message["state"], message["message"]
        elif subject == "over":
            self.outcome = message["state"], message["message"]
        elif subject == "frame":
            self.frame, self.frames = message, self.frames + 1
            if self.worker is not None:
                self.worker.line.tell("taken", None)
        self.notify()

    def settle(self) -> None:
        """Read the recording from where it lies now that no process of ours writes it."""
        self.frame = b""
        self.tape.again(furthest(self.places) or self.places[0])
        if (first := self.head()) is not None:
            self.about = {
                "method": str(first.get("method", self.about["method"])),
                "title": str(first.get("title", self.about["title"])),
                "data": data_name(first.get("data"), self.about["data"]),
                "chosen": in_short(first.get("chosen")) or self.about["chosen"],
            }
            self.total = whole(first.get("total"), self.total)
        if len(self.tape):
            self.step = self.tape.reached()
        self.started = self.started or modified(self.tape.path)
        self.notify()

    def head(self) -> Mapping[str, Any] | None:
        """What the recording says of the run, if it says so."""
        try:
            packet = self.tape.first(RUN)
        except FileFormatError:
            return None
        return None if packet is None else packet.fields

    def _last(self) -> Packet | None:
        try:
            return self.tape.packet(len(self.tape) - 1) if len(self.tape) else None
        except FileFormatError:
            return None

    @property
    def flaw(self) -> str:
        """What is wrong with the recording, in words; empty if nothing is."""
        if not self.tape.flaw:
            return ""
        return (
            f"{self.tape.path.name} is damaged behind its first {len(self.tape)} packets, which are shown; "
        )

    @property
    def finished_in(self) -> tuple[str, str] | None:
        """State and message of a run whose results are there."""
        last = self._last()
        if last is not None and last.kind == END and last.fields.get("state") in DONE:
            return str(last.fields["state"]), self.flaw + str(last.fields.get("message") or "")
        if len(self.tape) and self.tape.path.parent == self.partial:
            return None  # what the results tell of was gone on with
        try:
            record = json.loads((self.out / RECORD).read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        stopped = isinstance(record, dict) and record.get("interrupted")
        return (STOPPED if stopped else FINISHED), self.flaw

    def results(self) -> tuple[str, str] | None:
        """State and message of a run whose worker has written results, even if it could no longer say so."""
        return self.finished_in if modified(self.out / RECORD) != self.before else None

    @property
    def elsewhere(self) -> bool:
        """Is another process at work on it, which tells nothing?"""
        return self.worker is None and self.state == RUNNING

    def select(self) -> None:
        """Tell the worker which points the pages look at, those of the page that chose last first."""
        points = dict.fromkeys(point for page in reversed(self.pages) for point in page.points)
        if self.worker is not None:
            self.worker.line.tell("watch", list(points)[:MOST_SELECTED])

    def tell_worker(self) -> None:
        """Tell the worker of its pages."""
        if self.worker is not None:
            self.worker.line.tell("pages", len(self.pages))
            self.select()

    def points(self) -> int:
        """How many points the map has; 0 while that is not known."""
        if self.shown is None:
            try:
                found = self.tape.first("points")
            except FileFormatError:
                found = None
            self.shown = None if found is None else whole(found.fields.get("n"), 0)
        return self.shown or 0

    def summary(self) -> dict[str, Any]:
        """An entry of the list of runs."""
        return {
            "id": self.id,
            **self.about,
            "state": self.state,
            "step": self.step,
            "total": self.total,
            "started": datetime.fromtimestamp(self.started or time.time(), timezone.utc).isoformat(
                timespec="seconds"
            ),
            "message": self.message,
            "recorded": len(self.tape) > 0,
            "continues": self.stated_as is not None and self.state in (CUT, STOPPED, FAILED),
        }

    def state_packet(self, skipped: int) -> bytes:
        """The state for one page."""
        fields = {"state": self.state, "step": self.step, "total": self.total, "message": self.message}
        fields |= {"damage": self.flaw.rstrip("; "), "pages": len(self.pages), "skipped": skipped}
        return encode(Packet(STATE, fields))


def data_name(about: Any, otherwise: str) -> str:
    """The name of the data in the first packet."""
    return str(about["name"]) if isinstance(about, dict) and "name" in about else otherwise


def in_short(chosen: Any) -> dict[str, Any]:
    """What was chosen for a run, in few words of each: recordings may come from anywhere.

    Examples
    --------
    >>> in_short({"perplexity": 10.0, "projector": [3, 4], "note": float("nan")}), in_short(None)
    ({'perplexity': 10.0, 'projector': '[3, 4]', 'note': 'nan'}, {})
    """
    if not isinstance(chosen, dict):
        return {}
    return {
        str(name)[:MOST_WORDS]: value
        if value is None or (isinstance(value, (int, float)) and abs(value) < LARGE)
        else str(value)[:MOST_WORDS]
        for name, value in list(chosen.items())[:MOST_CHOSEN]
    }


def whole(value: Any, otherwise: int) -> int:
    """A whole number of a packet."""
    return int(value) if isinstance(value, (int, float)) and math.isfinite(value) else otherwise


def modified(path: Path) -> float:
    """When a file was changed last; 0 if there is none."""
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
