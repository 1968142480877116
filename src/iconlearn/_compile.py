"""Loops compiled by numba on their first call, and cached on disk so that no later process compiles them again."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

# No assumption on NaN and infinity: a loop has to see them. Sums may be reordered, so that they vectorise.
FAST = {"reassoc", "contract", "arcp", "nsz", "afn"}


class Compiled:
    """A function that numba compiles when it is first called, so that importing it costs nothing.

    It releases the interpreter's lock and runs on the thread that calls it; :func:`iconlearn._parallel.in_pieces`
    spreads it. Another compiled function of the same file may be called from inside.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self._made: Any = None
        update_wrapper(self, function)

    @property
    def dispatcher(self) -> Any:
        """numba's function."""
        if self._made is not None:
            return self._made
        import numba  # heavy, and only needed here
        from numba.core.compiler_lock import global_compiler_lock

        # Several threads may make the first call at once. The lock is numba's: one that compiles asks for this
        # function while it holds it, so with a lock of our own two threads could wait for each other.
        with global_compiler_lock:
            if self._made is None:
                options = {"nogil": True, "fastmath": FAST, "error_model": "numpy"}
                try:
                    self._made = numba.njit(cache=True, **options)(self.function)
                except RuntimeError:  # no folder to keep it in: neither beside the source nor the user's own
                    self._made = numba.njit(**options)(self.function)
        return self._made

    def __call__(self, *args: Any) -> Any:
        return self.dispatcher(*args)

    @property
    def _numba_type_(self) -> Any:
        """What numba asks a global for, when another compiled function calls this one."""
        return self.dispatcher._numba_type_


def compiled(function: Callable[..., Any]) -> Compiled:
    """Have numba compile ``function`` on its first call."""
    return Compiled(function)
