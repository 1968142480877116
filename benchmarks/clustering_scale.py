"""Clustering of features on disk at the size of ImageNet; `python benchmarks/clustering.py --scale imagenet` runs it.

Rows are made: a mixture of 1000 components of unequal size in 384 dimensions, each with its own covariance, written
as one .npy file. They are searched for their 20 nearest neighbours and clustered without being loaded, in one process
whose peak memory is told. The time of an epoch is compared with that of a tenth of the rows.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

import iconlearn
from fresh import peak_mib
from iconlearn.evaluation import hungarian_accuracy

FULL, WIDTH, CLUSTERS, NEIGHBORS = 1_281_167, 384, 1000, 20
SCALES = {"imagenet": FULL, "tenth": FULL // 10, "hundredth": FULL // 100}
RANK, PIECE = 16, 4096


@dataclass(frozen=True)
class Measured:
    """What one size took, in seconds and MiB, and how good it is."""

    rows: int
    neighbours: float
    recall: float
    start: float
    epoch: float
    whole: float
    peak: float
    accuracy: float
    kmeans: float


def write_mixture(path: Path, n: int, clusters: int = CLUSTERS, d: int = WIDTH, seed: int = 0) -> np.ndarray:
    """Rows of a mixture with unequal, anisotropic components in a .npy file; their components."""
    rng = np.random.default_rng(seed)
    share = rng.lognormal(sigma=0.5, size=clusters)
    y = rng.choice(clusters, n, p=share / share.sum())
    centres = rng.normal(size=(clusters, d)).astype(np.float32)
    # a few long axes, each component its own, on which neighbours differ more than components do on the average
    axes = rng.normal(size=(clusters, RANK, d)).astype(np.float32)
    axes *= (0.8 ** np.arange(RANK, dtype=np.float32))[None, :, None]
    rows = open_memmap(path, "w+", np.float32, (n, d))
    for first in range(0, n, PIECE):
        mine = y[first : first + PIECE]
        along = rng.normal(size=(len(mine), 1, RANK)).astype(np.float32)
        noise = rng.normal(size=(len(mine), d)).astype(np.float32)
        rows[first : first + PIECE] = centres[mine] + (along @ axes[mine])[:, 0] + 0.5 * noise
    rows.flush()
    return y


def measure(scale: str, epochs: int, folder: Path | None = None) -> Measured:
    """Neighbours and a clustering of the rows of one size."""
    n = SCALES[scale]
    with tempfile.TemporaryDirectory(dir=folder) as made:
        y = write_mixture(Path(made) / "rows.npy", n)
        began = time.perf_counter()
        stored = iconlearn.open_features(Path(made) / "rows.npy")
        graph = iconlearn.NeighborGraph.of(
            stored, NEIGHBORS, recall=0.9, checkpoint=Path(made) / "neighbours"
        )
        searched = time.perf_counter()
        steps: list[float] = []
        model = iconlearn.InfoNCEClustering(
            n_clusters=CLUSTERS,
            n_neighbors=NEIGHBORS,
            epochs=epochs,
            callbacks=[lambda event: steps.append(event.time) if event.kind == "step" else None],
        )
        model.fit(stored, neighbors=graph)
        ended = time.perf_counter()
        return Measured(
            rows=n,
            neighbours=searched - began,
            recall=graph.recall,
            start=ended - searched - (steps[-1] - steps[0]),
            epoch=(steps[-1] - steps[0]) / (len(steps) - 1) * len(steps) / epochs,
            whole=ended - began,
            peak=peak_mib(),
            accuracy=hungarian_accuracy(y, model.labels_),
            kmeans=hungarian_accuracy(y, by_kmeans(stored)),
        )


def by_kmeans(stored: iconlearn.Features) -> np.ndarray:
    """Clusters of all rows by k-means of as many as fit in memory, with faiss."""
    import faiss

    some = np.sort(np.random.default_rng(0).choice(stored.n, min(stored.n, 256 * CLUSTERS), replace=False))
    search = faiss.Kmeans(stored.d, CLUSTERS, niter=25, seed=0)
    search.train(stored.take(some).numpy())
    return np.concatenate([search.index.search(rows, 1)[1][:, 0] for _, rows in stored.pieces()])


def lines(found: Measured) -> list[tuple[str, str]]:
    """Names and figures of one size."""
    return [
        ("rows", f"{found.rows:,}"),
        (f"neighbours (k = {NEIGHBORS})", f"{found.neighbours:.0f} s, recall {found.recall:.3f}"),
        ("starts, race and labels", f"{found.start:.0f} s"),
        ("an epoch at batch 4096", f"{found.epoch:.1f} s"),
        ("all of it", f"{found.whole / 60:.1f} min"),
        ("peak memory", f"{found.peak:.0f} MiB"),
        ("Hungarian accuracy", f"{100 * found.accuracy:.1f} %, k-means {100 * found.kmeans:.1f} %"),
    ]
