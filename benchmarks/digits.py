"""Quality on digits, default options, several seeds: `python benchmarks/digits.py`.

Prints one table: t-SNE (10-NN accuracy and trustworthiness of the map), debiased InfoNCE clustering (Hungarian
accuracy, beside scikit-learn's k-means), and SimCLR (linear probe on a held-out half, beside the same network
untrained and raw pixels), with the seconds of each fit.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans
from sklearn.model_selection import train_test_split

import iconlearn
from iconlearn.data.files import Dataset, load_digits_dataset
from iconlearn.evaluation import hungarian_accuracy, knn_accuracy, linear_probe, trustworthiness
from reporting import Report, header, table

Row = dict[str, float]


def tsne(digits: Dataset, seed: int) -> Row:
    """The map of all rows."""
    start = time.perf_counter()
    embedding = iconlearn.TSNE(random_state=seed).fit_transform(digits.X)
    seconds = time.perf_counter() - start
    return {
        "10-NN accuracy": knn_accuracy(embedding, digits.y, k=10),
        "trustworthiness(12)": trustworthiness(digits.X, embedding, n_neighbors=12),
        "seconds": seconds,
    }


def clustering(digits: Dataset, seed: int) -> Row:
    """Ten clusters; restarts are chosen by their own loss."""
    start = time.perf_counter()
    labels = iconlearn.InfoNCEClustering(n_clusters=10, random_state=seed).fit(digits.X).labels_
    seconds = time.perf_counter() - start
    kmeans = KMeans(10, n_init=10, random_state=seed).fit(digits.X).labels_
    return {
        "Hungarian accuracy": hungarian_accuracy(digits.y, labels),
        "k-means (scikit-learn)": hungarian_accuracy(digits.y, kmeans),
        "seconds": seconds,
    }


def simclr(digits: Dataset, seed: int) -> Row:
    """Trained on one half without labels, probed on the other."""
    assert digits.y is not None
    train, test = train_test_split(
        np.arange(len(digits.X)), test_size=0.5, random_state=seed, stratify=digits.y
    )
    start = time.perf_counter()
    fitted = iconlearn.SimCLR(image_shape=digits.image_shape, random_state=seed).fit(digits.X[train])
    seconds = time.perf_counter() - start
    untrained = iconlearn.SimCLR(image_shape=digits.image_shape, random_state=seed, max_iter=0).fit(
        digits.X[train]
    )

    def probe(features: Callable[[np.ndarray], np.ndarray]) -> float:
        return linear_probe(
            features(digits.X[train]), digits.y[train], features(digits.X[test]), digits.y[test]
        )

    return {
        "linear probe": probe(fitted.transform),
        "untrained": probe(untrained.transform),
        "raw pixels": probe(lambda x: x),
        "seconds": seconds,
    }


TARGETS = {
    ("t-SNE", "10-NN accuracy"): "every seed >= 0.97",
    ("t-SNE", "trustworthiness(12)"): "every seed >= 0.98",
    ("t-SNE", "seconds"): "<= 60",
    ("InfoNCE clustering", "Hungarian accuracy"): "median >= 0.85",
    ("SimCLR", "linear probe"): "every seed >= 0.93, above untrained",
}

RUNS: dict[str, Callable[[Dataset, int], Row]] = {
    "t-SNE": tsne,
    "InfoNCE clustering": clustering,
    "SimCLR": simclr,
}


def main() -> None:
    """Run the methods and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds, from 0 (default 5)")
    parser.add_argument("--only", choices=RUNS, help="one of the methods; all by default")
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    arguments = parser.parse_args()
    seeds, report, lines = range(arguments.seeds), Report(arguments.out), []
    digits = load_digits_dataset()
    report(header())
    for name in [arguments.only] if arguments.only else RUNS:
        run = RUNS[name]
        rows = [run(digits, seed) for seed in seeds]
        for figure in rows[0]:
            values = [row[figure] for row in rows]
            shown = [
                f"{v:.1f}" if figure == "seconds" else f"{v:.4f}"
                for v in (*values, statistics.median(values))
            ]
            lines.append((f"{name}, {figure}", *shown, TARGETS.get((name, figure), "")))
    report(table(("method, figure", *(f"seed {s}" for s in seeds), "median", "target"), lines))
    report("")


if __name__ == "__main__":
    main()
