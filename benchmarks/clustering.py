"""Clusterings of the same rows, several seeds: `python benchmarks/clustering.py`.

One table of Hungarian accuracies, data sets by methods, mean and spread over seeds: scikit-learn's k-means (the best of
ten), the library's `InfoNCEClustering` with its default options, one setting for all sets, and TEMI and SCAN with as
many steps and starts as that and their own settings else: TEMI has one head, SCAN is its first stage. Nobody is told
the classes, only their number; but three defaults of the library were chosen on these sets (docs/design.md). Sets are
those of `_clustering_data.py`; a seed draws a set as well as the starts, and all methods of a seed are given the same
rows. `--methods` names variants of the library's too: cluster sizes weighed as in the paper, and heads as they are
trained, k-means never kept.

`--alpha` prints another table: accuracy and calibration error against the uniform mass alpha, mixed into the target
alone or into both sides, for the equation itself in the paper's setting: one linear head from random weights, batches.

`--scale imagenet` makes 1 281 167 rows of 384 numbers on disk and times neighbours and epochs; see clustering_scale.py.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

import iconlearn
from _clustering_data import DATA, Labelled
from clustering_scale import SCALES, lines, measure
from iconlearn.evaluation import expected_calibration_error, hungarian_accuracy
from iconlearn.train.schedules import Cosine
from reporting import Report, header, table

Fit = Callable[[Labelled, int], np.ndarray]  # (rows, seed) -> clusters


@dataclass(frozen=True)
class Fitted:
    """What one method made of one set."""

    data: str
    seed: int
    method: str
    accuracy: float
    seconds: float


ALPHAS = (0.0, 0.2, 0.4, 0.6, 0.8)
SIDES = ("target", "both")
SWEEP = {"optimizer": "adam", "epochs": 40, "batch_size": 256, "lr": Cosine(0.02, warmup=0.0)}
SWEPT = "digits,many"
FIRST, OURS = "k-means", "InfoNCE clustering"


def kmeans(data: Labelled, seed: int) -> np.ndarray:
    """The best of ten of scikit-learn."""
    from sklearn.cluster import KMeans

    return KMeans(data.classes, n_init=10, random_state=seed).fit(data.X).labels_


def estimator(name: str, **options: object) -> Fit:
    """One of the library's clusterings by the name of its class."""

    def fit(data: Labelled, seed: int) -> np.ndarray:
        chosen = getattr(iconlearn, name)(n_clusters=data.classes, random_state=seed, **options)
        return chosen.fit(data.X).labels_

    return fit


def budget() -> dict[str, object]:
    """Steps and starts of the library's default, for the methods that it is compared with."""
    defaults = iconlearn.InfoNCEClustering.row.fit
    return {name: defaults[name] for name in ("max_iter", "restarts")}


METHODS: dict[str, Callable[[], Fit]] = {
    FIRST: lambda: kmeans,
    OURS: lambda: estimator("InfoNCEClustering"),
    "TEMI": lambda: estimator("TEMI", **budget()),
    "SCAN": lambda: estimator("SCAN", **budget()),
}
VARIANTS: dict[str, Callable[[], Fit]] = {
    "balance 1": lambda: estimator("InfoNCEClustering", balance=1.0),
    "trained": lambda: estimator("InfoNCEClustering", baseline=-1.0),
    "trained balance 1": lambda: estimator("InfoNCEClustering", baseline=-1.0, balance=1.0),
}
EVERY = METHODS | VARIANTS


def shown(values: Sequence[float]) -> str:
    """Mean and standard deviation over seeds, in per cent."""
    mean = 100 * statistics.fmean(values)
    return f"{mean:.1f} ± {100 * statistics.stdev(values):.1f}" if len(values) > 1 else f"{mean:.1f}"


def accuracies(fits: list[Fitted], sets: list[str], methods: list[str]) -> str:
    """The table of methods, with the mean over data sets and the worst lead over the first method."""
    scores = {
        name: {m: [fit.accuracy for fit in fits if (fit.data, fit.method) == (name, m)] for m in methods}
        for name in sets
    }
    rows = [(name, *(shown(row[method]) for method in methods)) for name, row in scores.items()]
    means = {m: {name: statistics.fmean(row[m]) for name, row in scores.items()} for m in methods}
    seconds = {m: statistics.fmean(fit.seconds for fit in fits if fit.method == m) for m in methods}
    rows += [
        ("mean over sets", *(f"{100 * statistics.fmean(means[m].values()):.1f}" for m in methods)),
        (f"smallest lead over {methods[0]}", "", *(lead(means[m], means[methods[0]]) for m in methods[1:])),
        ("seconds a fit", *(f"{seconds[m]:.1f}" for m in methods)),
    ]
    return table(("Hungarian accuracy, %", *methods), rows)


def fit_one(name: str, seed: int, method: str) -> Fitted:
    """One method on one set."""
    data, fit = DATA[name](seed), EVERY[method]()
    start = time.perf_counter()
    found = fit(data, seed)
    return Fitted(name, seed, method, hungarian_accuracy(data.y, found), time.perf_counter() - start)


def code() -> str:
    """Digest of the library's sources and of the benchmark's: fits of other code are not in the same table."""
    found = hashlib.blake2b(digest_size=8)
    for folder in (Path(iconlearn.__file__).parent, Path(__file__).parent):
        for path in sorted(folder.rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()


def fit_all(wanted: list[tuple[str, int, str]], kept: Path | None, jobs: int) -> list[Fitted]:
    """All fits, in processes of one thread each; those in the file ``kept`` by the same code are not made again."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the processes as they start
    lines = kept.read_text().splitlines() if kept is not None and kept.exists() else []
    here, told = code(), map(json.loads, lines)
    fits = [Fitted(**line["fit"]) for line in told if line["code"] == here]
    done = {(fit.data, fit.seed, fit.method): fit for fit in fits}
    missing = [one for one in wanted if one not in done]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for fit in pool.map(fit_one, *zip(*missing, strict=True)) if missing else ():
            done[fit.data, fit.seed, fit.method] = fit
            progress(fit)
            if kept is not None:
                with kept.open("a") as file:
                    print(json.dumps({"code": here, "fit": asdict(fit)}), file=file)
    return [done[one] for one in wanted]


def lead(ours: dict[str, float], theirs: dict[str, float]) -> str:
    """The set on which ``ours`` is least ahead, and by how many points."""
    worst = min(ours, key=lambda name: ours[name] - theirs[name])
    return f"{100 * (ours[worst] - theirs[worst]):+.1f} ({worst})"


def debiased(data: Labelled, seed: int, alpha: float, side: str) -> np.ndarray:
    """Assignments (n, classes) by the equation, alpha in the target alone or on both sides."""
    target, learned = iconlearn.KNN(10), iconlearn.UniformCluster()
    if alpha > 0:
        target = target.debias(alpha)
        learned = learned.debias(alpha) if side == "both" else learned
    head = iconlearn.SoftmaxHead(data.X.shape[1], data.classes, init="random", seed=seed)
    model = iconlearn.ICon(target, learned, head).fit(data.X, random_state=seed, **SWEEP)
    return torch.as_tensor(model.transform(data.X)).exp().numpy()


def sweep(name: str, seeds: range) -> str:
    """Accuracy and expected calibration error of one data set over alpha and the sides that it is mixed into."""
    rows = []
    for side in SIDES:
        accuracy, error = [], []
        for alpha in ALPHAS:
            found = []
            for seed in seeds:
                data = DATA[name](seed)
                found.append((data.y, debiased(data, seed, alpha, side)))
                progress(name, seed, side, f"alpha {alpha}")
            accuracy.append(shown([hungarian_accuracy(y, phi.argmax(1)) for y, phi in found]))
            error.append(shown([expected_calibration_error(y, phi) for y, phi in found]))
        rows += [(f"{name}, accuracy, {side}", *accuracy), (f"{name}, ECE, {side}", *error)]
    return table(("per cent", *(f"alpha {alpha}" for alpha in ALPHAS)), rows)


def progress(*words: object) -> None:
    """One line to the terminal, not to the record."""
    print(*words, file=sys.stderr, flush=True)


def chosen(value: str | None, known: Iterable[str], option: str) -> list[str]:
    """Names given with commas between them, or all."""
    names = list(known) if value is None else value.split(",")
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"{option}: {unknown} unknown; choose from {', '.join(known)}")
    return names


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help=f"data sets, of {', '.join(DATA)} (default: all; of --alpha: {SWEPT})")
    parser.add_argument("--methods", help=f"of {', '.join(EVERY)} (default: {', '.join(METHODS)})")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds, from 0 (default 5)")
    parser.add_argument("--jobs", type=int, default=2, help="processes, of one thread each (default 2)")
    parser.add_argument(
        "--keep", type=Path, help="file of finished fits, which the same command goes on from after a kill"
    )
    parser.add_argument("--alpha", action="store_true", help="sweep the uniform mass instead")
    parser.add_argument(
        "--scale", help=f"features on disk instead, of {', '.join(SCALES)}; with commas, in turn"
    )
    parser.add_argument("--epochs", type=int, default=5, help="of --scale (default 5)")
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    arguments = parser.parse_args()
    seeds, report = range(arguments.seeds), Report(arguments.out)
    report(header())
    if not arguments.scale:
        report(f"{len(seeds)} seeds: mean ± standard deviation")
    if arguments.scale:
        for scale in chosen(arguments.scale, SCALES, "--scale"):
            report(table(("features on disk", scale), lines(measure(scale, arguments.epochs))))
    elif arguments.alpha:
        for name in chosen(arguments.only or SWEPT, DATA, "--only"):
            report(sweep(name, seeds))
    else:
        sets = chosen(arguments.only, DATA, "--only")
        methods = chosen(arguments.methods or ",".join(METHODS), EVERY, "--methods")
        wanted = [(name, seed, method) for name in sets for seed in seeds for method in methods]
        report(accuracies(fit_all(wanted, arguments.keep, arguments.jobs), sets, methods))
    report("")


if __name__ == "__main__":
    main()
