"""One run for many pages: each is sent the recording at its own pace, and the newest frame when it is ready for it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from iconlearn._errors import OptionError
from iconlearn.explorer.run import Run

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from iconlearn.explorer.runs import Runs

log = logging.getLogger("iconlearn")
WINDOW = 8 << 20  # bytes on the way to a page that it has not acknowledged
LOOK = 1.0  # seconds between two looks at a run of another process
FRAMES_AHEAD = 2  # frames among them
MOST_PAGES = 64  # of all runs together
MOST_STEPS = 1_000_000
MOST_POINTS = 16  # that one page selects
BIG = 1 << 16  # bytes of a packet that is read aside
PROTOCOL, BROKEN, ANEW, LATER = 1008, 1011, 1012, 1013  # codes of a socket that is closed


class Page:
    """A page that looks at a run.

    Packets of the recording are sent in order, read from the file when it is their turn, so nothing is kept for a slow
    page; frames are only sent when all before has been sent, and those in between are skipped.

    Parameters
    ----------
    socket : WebSocket
    run : Run
    runs : Runs
    """

    def __init__(self, socket: WebSocket, run: Run, runs: Runs) -> None:
        self.socket, self.run, self.runs = socket, run, runs
        self.news = asyncio.Event()
        self.points: list[int] = []
        self.sent = self.taken = self.place = self.skipped = 0
        self.generation = run.tape.generation
        self.frame = run.frames
        self.frame_ends: deque[int] = deque()  # of frames that are not acknowledged
        self.told: tuple[Any, ...] = ()

    async def serve(self) -> None:
        """Talk with the page until it goes."""
        self.run.pages.append(self)
        self.run.tell_worker()
        self.run.notify()  # the others learn that there is one more
        sending = asyncio.ensure_future(self._send_or_close())
        try:
            await self._listen()
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await sending
            self.run.pages.remove(self)
            self.run.tell_worker()
            self.run.notify()

    async def _send_or_close(self) -> None:
        """Send; if that fails, close the socket, and the page comes back instead of waiting for ever."""
        from starlette.websockets import WebSocketDisconnect

        try:
            await self._send()
        except WebSocketDisconnect:  # the page is gone
            pass
        except Exception:
            log.exception("a page could not be sent its run")
            with suppress(Exception):
                await self.socket.close(BROKEN, "the run could not be sent; reload the page")

    async def _send(self) -> None:
        while True:
            self.news.clear()
            if self.generation != self.run.tape.generation:
                await self.socket.close(ANEW, "the recording begins anew")  # and so does the page
                return
            message = await self.next_message()
            if message:
                self.sent += len(message)
                await self.socket.send_bytes(message)
                continue
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.news.wait(), LOOK if self.run.elsewhere else None)
            if self.run.elsewhere:
                self.runs.refresh()

    async def next_message(self) -> bytes:
        """What is sent next; nothing while the page is behind."""
        run, tape = self.run, self.run.tape
        if self.place < len(tape):
            length = tape.places[self.place][1]
            if not self._fits(length):
                return b""
            if length < BIG:
                message = tape.read(self.place)
            else:
                message = await asyncio.to_thread(tape.read, self.place)
            if len(message) == length and self.generation == tape.generation:
                self.place += 1
                return message
            return b""  # cut at this moment; the worker will say so
        now = (run.state, run.step, run.total, run.message, len(run.pages))
        if now != self.told:
            message = run.state_packet(self.skipped)
            if self._fits(len(message)):
                self.told = now
                return message
            return b""
        fresh = run.frames - self.frame
        if fresh and run.frame and len(self.frame_ends) < FRAMES_AHEAD and self._fits(len(run.frame)):
            self.skipped += fresh - 1
            self.frame = run.frames
            self.frame_ends.append(self.sent + len(run.frame))
            return run.frame
        return b""

    def _fits(self, size: int) -> bool:
        ahead = self.sent - self.taken
        return not ahead or ahead + size <= WINDOW

    async def _listen(self) -> None:
        while True:
            message = await self.socket.receive()
            if message["type"] != "websocket.receive":
                return
            try:
                self.obey(message.get("text"))
            except OptionError as cause:
                await self.socket.close(PROTOCOL, str(cause)[:120])
                return

    def obey(self, text: str | None) -> None:
        """Do what a page asks for.

        Raises
        ------
        OptionError
            If it is nothing that pages say.
        """
        try:
            said = json.loads(text or "")
        except (ValueError, RecursionError) as cause:
            raise OptionError("a page says JSON objects; reload the page") from cause
        if not isinstance(said, dict):
            raise OptionError("a page says JSON objects; reload the page")
        if "ack" in said:
            self._acknowledge(said["ack"])
        elif "watch" in said:
            self._watch(said["watch"])
        else:
            self._do(said.get("do"), said.get("steps", 1))

    def _acknowledge(self, taken: Any) -> None:
        if not is_whole(taken, self.taken, self.sent):
            raise OptionError(
                f"ack={taken!r:.30} is not between what was taken and what was sent; reload the page"
            )
        self.taken = taken
        while self.frame_ends and self.frame_ends[0] <= taken:
            self.frame_ends.popleft()
        self.news.set()

    def _watch(self, points: Any) -> None:
        n = self.run.points()
        if not n:  # the map is not there yet
            return
        if not isinstance(points, list) or not all(is_whole(point, 0, n - 1) for point in points):
            raise OptionError(f"watch: a list of points from 0 to {n - 1} is needed; reload the page")
        self.points = points[-MOST_POINTS:]
        self.run.pages.sort(key=lambda page: page is self)  # who chose last is served first
        self.run.select()

    def _do(self, what: Any, steps: Any) -> None:
        if what not in ("pause", "resume", "step", "stop") or not is_whole(steps, 1, MOST_STEPS):
            raise OptionError(f"do={what!r:.30} with steps={steps!r:.30} is not known; reload the page")
        if what == "stop":
            self.runs.stop(self.run)
        elif self.run.worker is not None:
            self.run.worker.line.tell("do", {"do": what, "steps": steps})


def is_whole(value: Any, low: int, high: int) -> bool:
    """Is it a whole number within bounds?"""
    return type(value) is int and low <= value <= high


async def attend(socket: WebSocket, run: Run, runs: Runs) -> None:
    """Take a page in, if there are not too many."""
    await socket.accept()
    if sum(len(other.pages) for other in runs.runs.values()) >= MOST_PAGES:
        await socket.close(LATER, f"{MOST_PAGES} pages are open already; close some")
        return
    runs.refresh()
    await Page(socket, run, runs).serve()
