"""One measurement of benchmarks/scaling.py, in this process: `scaling_fit.py WHAT X.npy OUT.json [MORE]`."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import iconlearn
from fresh import peak_mib
from iconlearn import Embedding, Gaussian, ICon, NeighborGraph, Perplexity, StudentT
from map_scores import exact_neighbours

SHORT, LAST_STEPS = 150, 100
NEAR, KEPT, RECALL_ROWS = 15, 90, 1_000
DEBIASED = "debiased t-SNE as an ICon"
STEPPED = (
    "TSNE",
    "SNE",
    "SymmetricSNE",
    "UniformSNE",
    "UniformTSNE",
    "DualTSNE",
    "DoublyTSNE",
    "GraphTSNE",
    DEBIASED,
)


class Clock:
    """Times of the events of a fit: its start, every step and its end."""

    def __init__(self) -> None:
        self.start, self.end, self.steps = 0.0, 0.0, []

    def __call__(self, event: Any) -> None:
        if event.kind == "step":
            self.steps.append(event.time)
        elif event.kind in ("start", "end"):
            setattr(self, event.kind, event.time)


def grow(X: np.ndarray) -> dict[str, Any]:
    """A whole fit; then the search alone and its recall."""
    clock, held = Clock(), peak_mib()
    begun = time.monotonic()
    iconlearn.TSNE(random_state=0, callbacks=(clock,)).fit_transform(X)
    ended, peak = time.monotonic(), peak_mib()
    search, recall = searched(X)
    return {
        "n": len(X),
        "seconds": ended - begun,
        "before": clock.start - begun,
        "steps": clock.end - clock.start,
        "after": ended - clock.end,
        "peak": peak,
        "grown": peak - held,
        "search": search,
        "recall": recall,
    }


def searched(X: np.ndarray) -> tuple[float, float]:
    """Seconds of the search for the 90 nearest, and the share found of the 15 nearest of 1000 sampled rows."""
    begun = time.monotonic()
    graph = NeighborGraph.of(X, k=min(KEPT, len(X) - 1))
    seconds = time.monotonic() - begun
    rows = np.random.default_rng(0).choice(len(X), size=min(RECALL_ROWS, len(X)), replace=False)
    exact = exact_neighbours(X, NEAR, rows)
    found = np.asarray(graph.indices)[rows, :NEAR]
    shared = sum(np.isin(a, b).sum() for a, b in zip(found, exact, strict=True))
    return seconds, float(shared) / exact.size


def step(X: np.ndarray, name: str) -> dict[str, Any]:
    """Time of a step of a short fit."""
    clock = Clock()
    options: dict[str, Any] = {"max_iter": SHORT, "random_state": 0, "callbacks": (clock,)}
    if name == DEBIASED:
        target = Gaussian(sigma=Perplexity(30)).symmetrize().debias(0.1)
        ICon(target, StudentT(normalize="joint"), Embedding(len(X), 2)).fit(X, **options)
    else:
        getattr(iconlearn, name)(**options).fit(neighbour_graph(X) if name == "GraphTSNE" else X)
    took = [b - a for a, b in pairwise(clock.steps)][-LAST_STEPS:]
    return {"ms": 1000 * statistics.median(took), "low": 1000 * min(took)}


def neighbour_graph(X: np.ndarray) -> Any:
    """Which rows are among each other's 15 nearest, as an adjacency matrix."""
    from scipy.sparse import csr_matrix

    near = exact_neighbours(X, NEAR)
    ends = np.arange(0, near.size + 1, NEAR)
    listed = csr_matrix((np.ones(near.size), near.ravel(), ends), shape=(len(X), len(X)))
    return listed.maximum(listed.T)


def transform(X: np.ndarray, new: str) -> dict[str, Any]:
    """Time of placing new rows into the map of X."""
    rows = np.load(new)
    fitted = iconlearn.TSNE(random_state=0).fit(X)
    begun = time.monotonic()
    fitted.transform(rows)
    return {"seconds": time.monotonic() - begun}


MEASUREMENTS: dict[str, Callable[..., dict[str, Any]]] = {"grow": grow, "step": step, "transform": transform}


def main() -> None:
    """Measure once and write the figures."""
    what, data, out, *more = sys.argv[1:]
    figures = MEASUREMENTS[what](np.load(data), *more)
    with open(out, "w") as file:
        json.dump(figures, file)


if __name__ == "__main__":
    main()
