"""Plain tables with a line that says on what they were made."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"
LIBRARIES = ("iconlearn", "numpy", "torch", "numba", "faiss-cpu")


class Report:
    """Text that is printed and, with a file's name, also appended to that file of benchmarks/results."""

    def __init__(self, out: str | None) -> None:
        self.out = None if out is None else RESULTS / out

    def __call__(self, text: str) -> None:
        """Print ``text`` and append it."""
        print(text, flush=True)
        if self.out is not None:
            with self.out.open("a") as file:
                file.write(f"{text}\n")


def header(versions: Iterable[str] = ()) -> str:
    """Command, machine and versions, in one line."""
    command = " ".join([f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    threads = os.environ.get("OMP_NUM_THREADS")
    facts = [
        f"python {command}",
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores, {cpu()}",
        *([f"OMP_NUM_THREADS={threads}"] if threads else []),
        f"load {os.getloadavg()[0]:.1f}",
        f"Python {platform.python_version()}",
        ", ".join([*(f"{name} {version(name)}" for name in LIBRARIES), *versions]),
        str(date.today()),
    ]
    return "# " + " | ".join(facts)


def cpu() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Aligned columns: the first to the left, the others to the right."""
    lines = [list(columns), *map(list, rows)]
    widths = [max(len(line[c]) for line in lines) for c in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if c == 0 else cell.rjust(width)
            for c, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median, and in parentheses the smallest and the largest."""
    ordered = sorted(values)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    if len(ordered) == 1:
        return f"{middle:.{digits}f}"
    return f"{middle:.{digits}f} ({ordered[0]:.{digits}f}-{ordered[-1]:.{digits}f})"
