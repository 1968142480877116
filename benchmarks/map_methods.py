"""The methods that are compared, and one fit of one of them: `python benchmarks/map_methods.py METHOD X.npy OUT`.

It runs with the interpreter of the method's environment, so it imports nothing at the top but the standard library and
numpy. It writes OUT.npy, the map, and OUT.json: the seconds of ``fit_transform`` (after the imports, neighbours
included), the peak memory of the process and the version of the library.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from fresh import peak_mib

Fit = Callable[[np.ndarray], Any]
FFT_ROWS = 12_000  # large enough that a warm-up compiles what a large fit runs


@dataclass(frozen=True)
class Method:
    """How to make a map, and what a reader of the table should know.

    ``warm`` rows are what the untimed first fit needs to fill the caches on disk; above ``most`` rows the method is
    left out.
    """

    label: str
    library: str
    load: Callable[[], Fit]
    warm: int = 300
    most: int = 10_000_000
    minimises_kl: bool = True


def ours(name: str) -> Callable[[], Fit]:
    """An estimator of the library by its class's name, with its default options."""

    def load() -> Fit:
        import iconlearn

        return getattr(iconlearn, name)(random_state=0).fit_transform

    return load


def equation() -> Fit:
    """t-SNE written as the equation, with no method's name."""
    from iconlearn import Embedding, Gaussian, ICon, Perplexity, StudentT

    def fit(X: np.ndarray) -> Any:
        target, learned = Gaussian(sigma=Perplexity(30)).symmetrize(), StudentT(normalize="joint")
        model = ICon(target, learned, Embedding(len(X), 2)).fit(X, random_state=0)
        return model.transform({"id": np.arange(len(X))})

    return fit


def opentsne(**options: Any) -> Callable[[], Fit]:
    def load() -> Fit:
        import pynndescent  # noqa: F401  # openTSNE looks for it inside fit, and its first import compiles
        from openTSNE import TSNE

        return TSNE(random_state=0, **options).fit

    return load


def umap() -> Fit:
    from umap import UMAP

    return UMAP().fit_transform  # a seed would hold it to one thread


def sklearn() -> Fit:
    from sklearn.manifold import TSNE

    return TSNE(random_state=0).fit_transform


def torchdr() -> Fit:
    from torchdr import TSNE

    return TSNE(random_state=0).fit_transform


PEERS = {
    "opentsne": Method("openTSNE (default: 1 thread)", "openTSNE", opentsne()),
    "opentsne-all": Method("openTSNE (n_jobs=-1)", "openTSNE", opentsne(n_jobs=-1)),
    "umap": Method("umap-learn (no seed, all threads)", "umap-learn", umap, warm=5_000, minimises_kl=False),
    "sklearn": Method("scikit-learn", "scikit-learn", sklearn, most=100_000),
    "torchdr": Method("TorchDR (exact pairs)", "torchdr", torchdr, warm=200, most=20_000),
}


def method(name: str) -> Method:
    """A peer by its short name, ``ICon``, or one of the library's estimators by the name of its class."""
    if name in PEERS:
        return PEERS[name]
    if name == "ICon":
        return Method("iconlearn ICon(...)", "iconlearn", equation, warm=FFT_ROWS)
    return Method(f"iconlearn {name}", "iconlearn", ours(name), warm=FFT_ROWS, minimises_kl=name == "TSNE")


def main() -> None:
    """Fit once and write the map and the figures."""
    name, data, out = sys.argv[1:]
    chosen = method(name)
    X = np.load(data)
    fit = chosen.load()
    start = time.perf_counter()
    embedding = np.asarray(fit(X))
    seconds = time.perf_counter() - start
    figures = {"seconds": seconds, "peak_mib": peak_mib(), "version": version(chosen.library)}
    np.save(f"{out}.npy", embedding)
    with open(f"{out}.json", "w") as file:
        json.dump(figures, file)


if __name__ == "__main__":
    main()
