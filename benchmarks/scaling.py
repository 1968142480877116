"""How time and memory grow from 1 000 to 1 000 000 points: `python benchmarks/scaling.py`.

Each fit is a process of its own, on made data, with default options; its caches of compiled code are on disk from an
untimed fit. `--steps` compares the time of a step over the rows of the table instead, and `--transform` times the
placing of new rows into a map.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

import scaling_fit
from fresh import run
from map_data import made
from reporting import Report, header, table

SIZES = "1000,3000,10000,30000,100000,300000,1000000"
FROM = 10_000  # the exponents of the last line are taken from here to the largest size
NEW_ROWS = 10_000
WARM = 12_000  # rows of the untimed fit: enough for it to run what a large fit runs

Figures = dict[str, Any]


class Bench:
    """Runs measurements of ``scaling_fit.py`` on made data, each in a process of its own."""

    def __init__(self, folder: Path, d: int) -> None:
        self.folder, self.d = folder, d

    def data(self, n: int) -> Path:
        """A file with ``n`` rows."""
        path = self.folder / f"X{n}.npy"
        if not path.exists():
            np.save(path, made(n, self.d).X)
        return path

    def __call__(self, what: str, n: int, *more: str) -> Figures:
        """The figures of one measurement."""
        print(f"{what} {' '.join(more)} on {n} rows ...", file=sys.stderr, flush=True)
        out = self.folder / "out.json"
        whole = run([sys.executable, scaling_fit.__file__, what, self.data(n), out, *more])
        return {**json.loads(out.read_text()), "process": whole.seconds}


def slope(a: Figures, b: Figures, of: str) -> float:
    """The exponent with which a figure grows between two sizes."""
    return math.log(b[of] / a[of]) / math.log(b["n"] / a["n"])


def grow(bench: Bench, sizes: list[int]) -> Iterable[str]:
    """Time, memory and recall of t-SNE at every size."""
    bench("grow", min(WARM, max(sizes)))
    found: list[Figures] = []
    rows = []
    for n in sizes:
        found.append(figures := bench("grow", n))
        steeper = "" if len(found) == 1 else f"{slope(*found[-2:], 'seconds'):.2f}"
        rows.append(
            (
                str(n),
                f"{figures['seconds']:.1f}",
                steeper,
                f"{figures['search']:.1f}",
                f"{figures['before']:.1f}",
                f"{figures['steps']:.1f}",
                f"{figures['after']:.1f}",
                f"{figures['process']:.1f}",
                f"{figures['peak']:.0f}",
                f"{figures['grown'] * 1024 / n:.1f}",
                f"{figures['recall']:.4f}",
            )
        )
    columns = ("rows", "seconds", "exponent", "kNN s", "before s", "steps s", "after s", "process s")
    yield table((*columns, "peak MiB", "KiB a row", "recall@15"), rows)
    yield (
        "before: neighbours, affinities and start; kNN s: the neighbour search alone, run once more; "
        "KiB a row: growth of the peak during the fit"
    )
    if FROM in sizes and max(sizes) > FROM:
        a, b = found[sizes.index(FROM)], found[sizes.index(max(sizes))]
        time, memory = slope(a, b, "seconds"), slope(a, b, "grown")
        yield f"from {a['n']} to {b['n']} rows: seconds grow as n^{time:.2f}, memory as n^{memory:.2f}"


def steps(bench: Bench, n: int) -> Iterable[str]:
    """Time of a step of every row of the table with a radial kernel, on ``n`` rows."""
    rows, base = [], math.nan
    for name in scaling_fit.STEPPED:
        bench("step", min(WARM, n), name)
        figures = bench("step", n, name)
        base = figures["ms"] if name == "TSNE" else base
        rows.append((name, f"{figures['ms']:.1f}", f"{figures['ms'] / base:.2f}", f"{figures['low']:.1f}"))
    yield table((f"{n} rows", "ms a step, median", "/ t-SNE", "fastest"), rows)
    yield f"the last {scaling_fit.LAST_STEPS} steps of fits of {scaling_fit.SHORT} steps"


def transform(bench: Bench, n: int) -> Iterable[str]:
    """Time of placing new rows into a map of ``n``."""
    new = bench.data(NEW_ROWS)
    bench("transform", min(WARM, n), str(new))
    figures = bench("transform", n, str(new))
    yield f"{NEW_ROWS} new rows into a map of {n}: {figures['seconds']:.2f} s"


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--sizes", default=SIZES, help=f"rows, ascending (default {SIZES})")
    what.add_argument("--steps", action="store_true", help="time of a step, method by method")
    what.add_argument("--transform", action="store_true", help="time of placing new rows")
    parser.add_argument(
        "--rows", type=int, default=60_000, help="rows of --steps and --transform (default 60000)"
    )
    parser.add_argument("--d", type=int, default=50, help="columns (default 50)")
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    arguments = parser.parse_args()
    report = Report(arguments.out)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), arguments.d)
        if arguments.steps:
            lines = steps(bench, arguments.rows)
        elif arguments.transform:
            lines = transform(bench, arguments.rows)
        else:
            lines = grow(bench, sorted(int(n) for n in arguments.sizes.split(",")))
        text = [header(), f"made data, {arguments.d} columns", *lines, ""]
    for line in text:
        report(line)


if __name__ == "__main__":
    main()
