"""Ctrl-C between two steps, so that what is kept of a run is the state after a whole step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def between_steps(wait: bool) -> Iterator[Callable[[], None]]:
    """Gives a function to call after every step, which raises a KeyboardInterrupt that came during it.

    A second Ctrl-C does not wait. Nothing changes unless ``wait``, nor outside of the main thread, nor where
    Ctrl-C has a meaning of the user's.
    """
    ours = threading.current_thread() is threading.main_thread()
    if not (wait and ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler):
        yield lambda: None
        return
    asked: list[int] = []

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    def answer() -> None:
        if asked:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, ask)
    try:
        yield answer
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
