"""Signs of life of the processes of a job, so that an error can name the one that is gone."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from iconlearn._errors import ProcessError

BEAT = 1.0  # seconds between two signs of life
SILENCE = 8.0  # after so many without one a process counts as gone, once an exchange with it has failed
PATIENCE = 50.0  # seconds of silence that end the waiting for a process that works by itself


class Pulse:
    """Beats of all processes in the store that they met at; a thread of its own beats for this one.

    Parameters
    ----------
    store : torch.distributed.Store
    rank, size : int
    """

    def __init__(self, store: Any, rank: int, size: int) -> None:
        self.store, self.rank, self.size = store, rank, size
        self._begun = [0]  # rounds so far: of the job, of the open round, of the open round in that, ...
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="iconlearn-pulse", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    @contextmanager
    def round(self) -> Iterator[str]:
        """Something that all processes do together, by a name that is the same in all of them.

        Last words count in the rounds that are open, so those of one that failed do not spoil a later one. A round in
        another counts within it, so it does not matter if a failure keeps some processes from entering it.
        """
        self._begun[-1] += 1
        name = ".".join(map(str, self._begun))
        self._begun.append(0)
        try:
            yield name
        finally:
            self._begun.pop()

    def stop(self) -> None:
        """No more beats."""
        self._stop.set()
        self._thread.join(2 * BEAT)

    def _beat(self) -> None:
        while not self._stop.is_set():
            try:
                self.store.add(f"iconlearn/beat/{self.rank}", 1)
            except RuntimeError:  # the store is gone, and with it the job
                return
            self._stop.wait(BEAT)

    def count(self, rank: int) -> int:
        """Beats of a process so far."""
        return self.store.add(f"iconlearn/beat/{rank}", 0)

    def tell(self, error: BaseException) -> None:
        """Leave word of why this process stops."""
        try:
            self.store.set(self._last_words(self.rank)[-1], f"{type(error).__name__}: {error}")
        except RuntimeError:
            return  # nobody to tell

    def failure_of(self, rank: int) -> str | None:
        """Why a process stopped, in its own words."""
        told = [key for key in self._last_words(rank) if self.store.check([key])]
        return self.store.get(told[-1]).decode() if told else None

    def _last_words(self, rank: int) -> list[str]:
        """Their keys in the open rounds, the innermost last."""
        names = [".".join(map(str, self._begun[:depth])) for depth in range(1, len(self._begun))]
        return [f"iconlearn/failed/{name}/{rank}" for name in names]

    def wait(self, key: str, rank: int) -> None:
        """Wait for a key that one process sets, for as long as that process lives."""
        pause, seen, heard = 1e-3, -1, time.monotonic()
        try:
            while not self.store.check([key]):
                if (why := self.failure_of(rank)) is not None:
                    raise ProcessError(f"{self._name(rank)} stopped ({why}), and so does this one")
                if (beats := self.count(rank)) != seen:
                    seen, heard = beats, time.monotonic()
                elif time.monotonic() - heard > PATIENCE:
                    raise ProcessError(f"{self._name(rank)} has not been heard of for {PATIENCE:.0f} s")
                time.sleep(pause)
                pause = min(2 * pause, 0.2)
        except RuntimeError as cause:
            if isinstance(cause, ProcessError):
                raise
            raise self.gone() from cause

    def gone(self) -> ProcessError:
        """The error where not even the store answers."""
        return ProcessError(
            "the process that the others meet at (process 0, or the launcher) is gone, and with it the job; see its "
            "own output for the reason"
        )

    def explained(self, work: Callable[[], Any]) -> Any:
        """The result of an exchange with the others; a failure names the process that is behind it."""
        try:
            return work()
        except RuntimeError as cause:
            raise self._explain(cause) from cause

    def _explain(self, cause: RuntimeError) -> ProcessError:
        others = [rank for rank in range(self.size) if rank != self.rank]
        try:
            before, since = {rank: self.count(rank) for rank in others}, time.monotonic()
            self.store.set(self._met(self.rank), "")
            while True:
                failed = self._failures(others)
                missing = [rank for rank in others if not self.store.check([self._met(rank)])]
                if failed or not missing or time.monotonic() - since > SILENCE:
                    break
                time.sleep(BEAT / 4)
            silent = [rank for rank in missing if self.count(rank) == before[rank]]
        except RuntimeError:
            return self.gone()
        for rank, why in failed.items():
            return ProcessError(f"{self._name(rank)} stopped ({why}), and so does this one")
        for rank in silent:
            return ProcessError(
                f"{self._name(rank)} no longer answers: it ended, was killed, or its machine is lost; start the job "
                "again (with checkpoint= it goes on from its last state)"
            )
        for rank in missing:
            return ProcessError(
                f"{self._name(rank)} lives but did not come to a step of the others: it does something else, or hangs; "
                "call fit in every process, or with processes=1 in one"
            )
        return ProcessError(f"an exchange between the {self.size} processes failed in all of them ({cause})")

    def _met(self, rank: int) -> str:
        return f"iconlearn/met/{self._begun[0]}/{rank}"

    def _failures(self, ranks: list[int]) -> dict[int, str]:
        told = {rank: self.failure_of(rank) for rank in ranks}
        return {rank: why for rank, why in told.items() if why is not None}

    def _name(self, rank: int) -> str:
        return f"process {rank} of {self.size} (rank {rank})"
