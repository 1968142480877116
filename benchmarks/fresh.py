"""Processes of their own: run one to its end, with its wall time and the peak memory of it and its children."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.1  # seconds between two looks at the memory of a process and its children


@dataclass(frozen=True)
class Finished:
    """Wall seconds of a whole process, and the largest memory seen of it and its children together."""

    seconds: float
    peak_mib: float


def peak_mib() -> float:
    """Peak resident memory of this process in MiB.

    The kernel's own mark, where there is one: ``getrusage`` also counts what the parent held at the fork.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10


def run(command: Sequence[str | Path]) -> Finished:
    """Run ``command``; its output is shown only if it fails."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen([str(part) for part in command], stdout=said, stderr=said)
        watch = Watch(process.pid)
        try:
            code = process.wait()
        finally:
            process.kill()
            watch.stop()
        seconds = time.perf_counter() - start
        if code != 0:
            said.seek(0)
            raise SystemExit(f"{said.read()[-4000:]}\n{' '.join(map(str, command))} ended with status {code}")
    return Finished(seconds, watch.peak / 2**20)


class Watch:
    """Looks at the memory of a process and its children until it is stopped; 0 where there is no /proc."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak = pid, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self.peak = max(self.peak, resident(self.pid))

    def stop(self) -> None:
        """No more looks."""
        self._over.set()
        self._thread.join()


def resident(pid: int) -> int:
    """Bytes that a process and its descendants hold now."""
    own = Path("/proc") / str(pid)
    try:
        pages = int((own / "statm").read_text().split()[1])
        children = [
            child for task in (own / "task").iterdir() for child in (task / "children").read_text().split()
        ]
    except (OSError, IndexError):  # it has ended, or this system has no /proc
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident(int(child)) for child in children)
