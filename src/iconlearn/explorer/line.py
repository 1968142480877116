"""A line between two processes: what is said last counts, and who speaks never waits."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

log = logging.getLogger("iconlearn")
FRAME = b"F"  # what is no frame is JSON
LOOK = 0.5  # seconds between two looks whether the line is closed here


class Line:
    """One end of a connection, with a thread that sends and one that listens.

    Of every subject only the newest message waits to be sent, so that a partner who is slow, or stopped, holds nothing
    up and costs the memory of one message a subject.

    Parameters
    ----------
    connection : Connection
        Of a two-way pipe.
    hear : callable
        Called with (subject, message) in the listening thread; ("gone", None) is the last. What it raises is logged.
    add : mapping of str to callable, optional
        What an unsent message and the next one of the same subject become together; the next one unless given.

    Examples
    --------
    >>> from multiprocessing import Pipe
    >>> import queue
    >>> (here, there), heard = Pipe(), queue.Queue()
    >>> ours, theirs = Line(here, lambda *word: None).open(), Line(there, lambda *word: heard.put(word)).open()
    >>> ours.tell("at", {"step": 3})
    >>> heard.get(timeout=10)
    ('at', {'step': 3})
    >>> ours.close()
    >>> heard.get(timeout=10)
    ('gone', None)
    >>> theirs.close()
    """

    def __init__(
        self,
        connection: Connection,
        hear: Callable[[str, Any], None],
        add: Mapping[str, Callable[[Any, Any], Any]] | None = None,
    ) -> None:
        self.connection, self.hear, self.add = connection, hear, add or {}
        self.waiting: dict[str, Any] = {}
        self.changed = threading.Condition()
        self.over = False
        self.sender = threading.Thread(target=self._send, daemon=True, name="line sends")
        self.listener = threading.Thread(target=self._listen, daemon=True, name="line listens")

    def open(self) -> Line:
        """Begin to send and to listen."""
        self.sender.start()
        self.listener.start()
        return self

    def tell(self, subject: str, message: Any) -> None:
        """Send a message (bytes of a frame, or what JSON holds) in place of an unsent one of the subject."""
        with self.changed:
            if subject in self.waiting and subject in self.add:
                message = self.add[subject](self.waiting[subject], message)
            self.waiting[subject] = message
            self.changed.notify()

    def close(self, patience: float = 5.0) -> None:
        """Send what waits, as far as the partner takes it, and hang up."""
        with self.changed:
            self.over = True
            self.changed.notify()
        self.sender.join(patience)

    def _send(self) -> None:
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting or self.over)
                if not self.waiting:
                    return
                subject = next(iter(self.waiting))
                message = self.waiting.pop(subject)
            body = FRAME + message if isinstance(message, bytes) else json.dumps([subject, message]).encode()
            try:
                self.connection.send_bytes(body)
            except (OSError, ValueError):  # the partner is gone; whoever listens learns it
                return

    def _listen(self) -> None:
        try:
            while self.sender.is_alive() or not self.over:
                if not self.connection.poll(LOOK):
                    continue
                self._take(self.connection.recv_bytes())
        except (EOFError, OSError):
            pass
        finally:
            self._hang_up()
            self._pass_on("gone", None)

    def _take(self, body: bytes) -> None:
        try:
            subject, message = ("frame", body[1:]) if body[:1] == FRAME else json.loads(body)
        except (ValueError, TypeError):
            log.exception("a message between two processes is damaged")
            return
        self._pass_on(subject, message)

    def _pass_on(self, subject: str, message: Any) -> None:
        """One message that cannot be dealt with keeps nobody from the next."""
        try:
            self.hear(subject, message)
        except Exception:
            log.exception("what another process said could not be dealt with (%s)", subject)

    def _hang_up(self) -> None:
        """Close the connection when nobody writes to it any more: its number may soon be that of another file."""
        with self.changed:
            self.over = True
            self.waiting.clear()
            self.changed.notify()
        self.sender.join()  # whatever it sends fails, for the partner is gone
        self.connection.close()
