"""t-SNE against the installed peers on the same data: `python benchmarks/maps.py`.

Every fit is a process of its own, and the methods take turns (A B C A B C), so that a busy minute meets all of them.
Caches of compiled code on disk are filled beforehand by an untimed fit of few rows; nothing else is warm, and what a
library compiles anew in every process is in its time, as its users meet it. The clock runs over ``fit_transform``,
neighbours included, after the imports; the time of the whole process is shown beside it.

The peers live in benchmarks/.peers, an environment that the script makes. All run with their default options, with seed
0 where a seed does not cost threads; ``opentsne-all`` is openTSNE on every core.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

import map_methods
from fresh import run
from map_data import Features, made, read
from map_scores import Judge, Scores
from peers.environment import peers_python
from reporting import Report, header, spread, table

COLUMNS = (
    "method",
    "seconds",
    "process s",
    "peak MiB",
    "KL",
    "15-NN kept",
    "trustworthiness",
    "10-NN accuracy",
    "time / ours",
)


@dataclass(frozen=True)
class Fitted:
    """One fit: seconds of ``fit_transform`` and of the process, peak memory, library's version, and the map."""

    seconds: float
    process: float
    peak_mib: float
    version: str
    embedding: np.ndarray


class Bench:
    """Fits methods on one data set, each in a process of its own."""

    def __init__(self, data: Features, folder: Path, names: list[str]) -> None:
        self.data, self.folder = data, folder
        peers = any(name in map_methods.PEERS for name in names)
        self.peers_python = peers_python() if peers else None

    def fit(self, name: str, rows: int) -> Fitted:
        """The method on the first ``rows`` rows."""
        print(f"{name} on {rows} rows ...", file=sys.stderr, flush=True)
        data, out = self.folder / f"X{rows}.npy", self.folder / name
        if not data.exists():
            np.save(data, self.data.X[:rows])
        python = self.peers_python if name in map_methods.PEERS else sys.executable
        whole = run([python or sys.executable, map_methods.__file__, name, data, out])
        figures = json.loads(Path(f"{out}.json").read_text())
        return Fitted(
            figures["seconds"],
            whole.seconds,
            max(figures["peak_mib"], whole.peak_mib),
            figures["version"],
            np.load(f"{out}.npy"),
        )


def score(judge: Judge, fits: list[Fitted]) -> Scores:
    """Medians over rounds; equal maps are scored once."""
    different = {fit.embedding.tobytes(): fit.embedding for fit in fits}
    scores = [astuple(judge(embedding)) for embedding in different.values()]
    return Scores(*(statistics.median(column) for column in zip(*scores, strict=True)))


def compare(judge: Judge, fits: dict[str, list[Fitted]], first: str) -> str:
    """The table; times are compared with those of ``first`` in the same round."""
    rows = []
    for name, rounds in fits.items():
        method, scores = map_methods.method(name), score(judge, rounds)
        ratios = [a.seconds / b.seconds for a, b in zip(rounds, fits[first], strict=True)]
        rows.append(
            (
                method.label,
                spread([fit.seconds for fit in rounds]),
                spread([fit.process for fit in rounds]),
                f"{max(fit.peak_mib for fit in rounds):.0f}",
                f"{scores.kl:.4f}{'' if method.minimises_kl else ' *'}",
                f"{scores.preservation:.4f}",
                f"{scores.trustworthiness:.4f}",
                f"{scores.accuracy:.4f}",
                spread(ratios, 2),
            )
        )
    return table(COLUMNS, rows)


def options() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=60_000, help="rows of made data (default 60000)")
    parser.add_argument("--d", type=int, default=64, help="columns of made data (default 64)")
    parser.add_argument("--file", type=Path, help="an .npz file with X (n, d) and y (n,) instead")
    parser.add_argument("--rounds", type=int, default=3, help="fits of each method (default 3)")
    parser.add_argument(
        "--ours",
        default="TSNE",
        help="estimators of the library, and ICon for the equation itself (default TSNE)",
    )
    parser.add_argument(
        "--peers", default="opentsne,opentsne-all,umap", help=f"of {', '.join(map_methods.PEERS)}, or empty"
    )
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    return parser.parse_args()


def main() -> None:
    """Fit in turn, score, and print the table."""
    arguments = options()
    data = made(arguments.n, arguments.d) if arguments.file is None else read(arguments.file)
    n = len(data.X)
    peers = [name for name in arguments.peers.split(",") if name]
    if unknown := set(peers) - set(map_methods.PEERS):
        raise SystemExit(f"--peers: {sorted(unknown)} unknown; choose from {', '.join(map_methods.PEERS)}")
    names = [*arguments.ours.split(","), *peers]
    large = [name for name in names if map_methods.method(name).most < n]
    names = [name for name in names if name not in large]
    fits: dict[str, list[Fitted]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(data, Path(folder), names)
        for name in names:
            bench.fit(name, min(n, map_methods.method(name).warm))
        for _ in range(arguments.rounds):
            for name in names:
                fits[name].append(bench.fit(name, n))
    libraries = {map_methods.method(name).library: rounds[0].version for name, rounds in fits.items()}
    judge, report = Judge(data), Report(arguments.out)
    report(header(f"{name} {number}" for name, number in libraries.items() if name != "iconlearn"))
    report(f"{data.source}; {arguments.rounds} rounds in turn: median (min-max); {judge.sampled}")
    report(compare(judge, fits, names[0]))
    report("* minimises another loss than this KL")
    for name in large:
        method = map_methods.method(name)
        report(f"left out: {method.label}, which this script gives at most {method.most} rows")
    report("")


if __name__ == "__main__":
    main()
