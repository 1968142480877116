"""Losses of large batches against plain torch and the installed peers: `python benchmarks/losses.py`.

Loss and gradient in the embeddings of two views of a batch, 128 numbers each, on the same input. Every method is a
process of its own, and they take turns; the best time counts, for other work on the machine only ever adds. Memory is
how far the process rises above where it stood with the input in place. Losses and gradients are compared with plain
torch, which is left out where its matrices would not fit: of 65 536 rows one takes 17 GB, and four are alive at once.
pytorch-metric-learning's NT-Xent makes a matrix of positives by negatives, 34 GB at 1024 samples, so it is given at
most 256; SupCon of 65 536 rows of ten classes has 430 million positive pairs, which is left out too. lightly lives in
benchmarks/.peers, an environment that the script makes.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import loss_methods
import losses_on_gpu
from fresh import run
from peers.environment import peers_python
from reporting import Report, header, table

SIZES = "256,1024,4096,8192,32768"
GPU_SIZES = "65536"  # rows of both views; matrices of fewer may be held
COLUMNS = (
    "loss, samples",
    "method",
    "ms",
    "MiB",
    "loss",
    "gradient off by",
    "time / ours",
    "memory / ours",
)
OURS, PLAIN = "iconlearn", "plain torch"


@dataclass
class Figures:
    """Of one method on one batch, over all rounds."""

    loss: float
    gradient: np.ndarray
    version: str
    seconds: float
    peak_mib: float


def evaluate(loss: str, name: str, pairs: int, folder: Path) -> Figures:
    """One process."""
    print(f"{loss} of {pairs} samples by {name} ...", file=sys.stderr, flush=True)
    python = peers_python() if name == "lightly" else sys.executable
    out = folder / "out"
    run([python, loss_methods.__file__, loss, name, str(pairs), out])
    found = json.loads(Path(f"{out}.json").read_text())
    gradient = np.load(f"{out}.npy")
    return Figures(found["loss"], gradient, found["version"], min(found["seconds"]), found["peak_mib"])


def compare(loss: str, pairs: int, found: dict[str, Figures]) -> list[tuple[str, ...]]:
    """Lines of the table."""
    ours, beside = found[OURS], found.get(PLAIN)
    lines = []
    for name, one in found.items():
        off = (
            "-"
            if beside is None
            else f"{np.abs(one.gradient - beside.gradient).max() / np.abs(beside.gradient).max():.1e}"
        )
        ratios = f"{one.seconds / ours.seconds:.2f}", f"{one.peak_mib / ours.peak_mib:.1f}"
        cells = f"{1000 * one.seconds:.0f}", f"{one.peak_mib:.0f}", f"{one.loss:.6f}", off, *ratios
        lines.append((f"{loss}, {pairs}", name, *cells))
    return lines


def main() -> None:
    """Print times, memory and values."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", help=f"samples of a batch (default {SIZES}; on a GPU rows, {GPU_SIZES})")
    parser.add_argument("--losses", default=",".join(loss_methods.METHODS), help="all by default")
    parser.add_argument("--rounds", type=int, default=2, help="processes of each method (default 2)")
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="cuda: NT-Xent in bfloat16")
    given = parser.parse_args()
    if given.device == "cuda":
        report = Report(given.out)
        report(header())
        for rows in map(int, (given.sizes or GPU_SIZES).split(",")):
            report(losses_on_gpu.compare(rows) + "\n")
        return
    losses = given.losses.split(",")
    if unknown := set(losses) - set(loss_methods.METHODS):
        raise SystemExit(
            f"--losses: {sorted(unknown)} unknown; choose from {', '.join(loss_methods.METHODS)}"
        )
    report, versions = Report(given.out), {}
    tables = []
    with tempfile.TemporaryDirectory() as folder:
        for loss in losses:
            lines: list[tuple[str, ...]] = []
            for pairs in map(int, (given.sizes or SIZES).split(",")):
                found: dict[str, Figures] = {}
                names = [name for name, one in loss_methods.METHODS[loss].items() if pairs <= one.most]
                for _ in range(given.rounds):
                    for name in names:
                        new = evaluate(loss, name, pairs, Path(folder))
                        old = found.setdefault(name, new)
                        old.seconds = min(old.seconds, new.seconds)
                        old.peak_mib = max(old.peak_mib, new.peak_mib)
                        versions[loss_methods.METHODS[loss][name].library] = new.version
                lines += compare(loss, pairs, found)
            tables.append(table(COLUMNS, lines))
            print(tables[-1], file=sys.stderr, flush=True)
    report(header(f"{name} {number}" for name, number in versions.items() if name not in ("torch", OURS)))
    for text in tables:
        report(text + "\n")


if __name__ == "__main__":
    main()
