"""Ctrl-C between two steps, so that what is kept of a run is the state after a whole step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from iconlearn.processes import ALONE, Processes


@contextmanager
def between_steps(wait: bool, across: Processes = ALONE) -> Iterator[Callable[[], None]]:
    """Gives a function to call after every step, which raises a KeyboardInterrupt that came during it.

    A second Ctrl-C does not wait. Nothing changes unless ``wait`` or there are several processes, which all stop
    after the same step, nor outside of the main thread, nor where Ctrl-C has a meaning of the user's.
    """
    ours = threading.current_thread() is threading.main_thread()
    handles = ours and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    asked: list[int] = []
    if not ((wait or across.size > 1) and handles):
        yield lambda: stop_unless(across.all(True))
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: stop_unless(across.all(not asked))
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def stop_unless(goes_on: bool) -> None:
    """Act on a Ctrl-C that came before."""
    if not goes_on:
        raise KeyboardInterrupt
