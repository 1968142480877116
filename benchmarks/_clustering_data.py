"""The data sets of `clustering.py`: real digits, patches of two photographs, and classes that are made.

Every made set is drawn anew for every seed, classes and all. It comes with equal class sizes and, under the same name
with "-zipf", with sizes that fall as rank ** -0.8. Centres are so far apart that classes overlap by a few per cent:
neither everything nor nothing is won.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ZIPF = 0.8  # the share of class k falls as k to the power of minus this
PATCH, STRIDE = 16, 4  # pixels
FILTERS = 64  # of the random network that turns patches into features


@dataclass(frozen=True)
class Labelled:
    """Rows and their classes."""

    X: np.ndarray  # (n, d) float32
    y: np.ndarray  # (n,) int64

    @property
    def classes(self) -> int:
        """Number of classes that have rows."""
        return len(np.unique(self.y))


Make = Callable[[int], Labelled]


def sizes(n: int, classes: int, unequal: bool) -> np.ndarray:
    """Rows of every class: equal, or falling as rank ** -ZIPF."""
    share = np.arange(1, classes + 1) ** (-ZIPF if unequal else 0.0)
    return np.maximum(np.round(n * share / share.sum()), 12).astype(int)


def labelled(parts: list[np.ndarray], rng: np.random.Generator) -> Labelled:
    """Classes one after the other, shuffled."""
    X = np.concatenate(parts).astype(np.float32)
    y = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = rng.permutation(len(X))
    return Labelled(X[order], y[order])


def isotropic(seed: int, unequal: bool, *, n: int, d: int, classes: int, apart: float) -> Labelled:
    """Round normal classes of one width, the case that k-means is made for."""
    rng = np.random.default_rng([1, seed, n, d])
    centres = rng.normal(size=(classes, d)) * apart / np.sqrt(2 * d)
    return labelled(
        [c + rng.normal(size=(m, d)) for c, m in zip(centres, sizes(n, classes, unequal), strict=True)], rng
    )


def anisotropic(seed: int, unequal: bool, *, n: int, d: int, classes: int, apart: float) -> Labelled:
    """Normal classes, each with its own axes, spectrum (falling as 1 / rank) and width."""
    rng = np.random.default_rng([2, seed, n, d])
    centres = rng.normal(size=(classes, d)) * apart / np.sqrt(2 * d)
    parts = []
    for centre, m in zip(centres, sizes(n, classes, unequal), strict=True):
        axes = np.linalg.qr(rng.normal(size=(d, d)))[0]
        scales = 1.0 / np.arange(1, d + 1)
        scales *= rng.uniform(0.7, 1.4) * np.sqrt(d / np.square(scales).sum())
        parts.append(centre + rng.normal(size=(m, d)) * scales @ axes.T)
    return labelled(parts, rng)


def curved(seed: int, unequal: bool, *, n: int, d: int, classes: int, apart: float) -> Labelled:
    """Bent classes: arcs of a circle in a plane of their own, and every third class in two pieces."""
    rng = np.random.default_rng([3, seed, n, d])
    centres = rng.normal(size=(classes, d)) * apart / np.sqrt(2 * d)
    parts = []
    for k, (centre, m) in enumerate(zip(centres, sizes(n, classes, unequal), strict=True)):
        plane = np.linalg.qr(rng.normal(size=(d, 2)))[0]
        angle = rng.uniform(0, rng.uniform(2.5, 4.5), size=m)
        rows = centre + 3.0 * np.stack([np.cos(angle), np.sin(angle)], 1) @ plane.T
        if k % 3 == 0:
            second = rng.random(m) < 0.5
            rows[second] += rng.normal(size=d) * 2.5 / np.sqrt(d)
        parts.append(rows + 0.55 * rng.normal(size=(m, d)))
    return labelled(parts, rng)


def deep(seed: int, unequal: bool, *, n: int, d: int, classes: int, apart: float) -> Labelled:
    """Like features of a vision transformer: families of classes, low rank inside a class, unequal norms, an offset."""
    rng = np.random.default_rng([4, seed, n, d])
    latent, rank = 64, 12
    families = rng.normal(size=(max(2, classes // 5), latent)) / np.sqrt(latent)
    shared = np.linalg.qr(rng.normal(size=(latent, rank)))[0]
    lift = rng.normal(size=(latent, d)) / np.sqrt(latent)
    offset = 0.5 * rng.normal(size=d)
    parts = []
    for k, m in enumerate(sizes(n, classes, unequal)):
        centre = families[k % len(families)] * apart + rng.normal(size=latent) / np.sqrt(latent) * 0.8 * apart
        axes = np.linalg.qr(0.5 * shared + rng.normal(size=(latent, rank)) / np.sqrt(latent))[0]
        scales = rng.uniform(0.6, 1.4) / np.arange(1, rank + 1) ** 0.5
        rows = centre + rng.normal(size=(m, rank)) * scales @ axes.T
        rows = np.tanh(rows @ lift * 1.5) + offset + 0.25 * rng.normal(size=(m, d))
        parts.append(rows * np.exp(0.2 * rng.normal(size=(m, 1))))
    return labelled(parts, rng)


def nested(seed: int, unequal: bool, *, n: int, d: int, classes: int, apart: float) -> Labelled:
    """Classes in near pairs: the two halves of a pair are much nearer to each other than to any other class."""
    rng = np.random.default_rng([5, seed, n, d])
    pairs = rng.normal(size=(classes // 2, d)) * 2.0 * apart / np.sqrt(2 * d)
    halves = rng.normal(size=(classes // 2, d))
    halves *= 0.5 * apart / np.linalg.norm(halves, axis=1, keepdims=True)
    centres = np.concatenate([pairs + halves, pairs - halves])
    return labelled(
        [c + rng.normal(size=(m, d)) for c, m in zip(centres, sizes(n, classes, unequal), strict=True)], rng
    )


def digits(seed: int) -> Labelled:
    """The 1797 handwritten digits of scikit-learn, 8 x 8 pixels."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    return Labelled(X.astype(np.float32), y)


REGIONS: dict[str, list[tuple[int, int, int, int, int]]] = {  # (photograph, left, top, right, bottom)
    "sky": [(0, 330, 0, 570, 130), (0, 0, 0, 90, 140)],
    "water": [(0, 350, 238, 540, 300)],
    "foliage": [(0, 340, 340, 640, 427), (0, 572, 230, 640, 340), (0, 0, 360, 180, 427)],
    "roof": [
        (0, 140, 84, 270, 112),
        (0, 100, 162, 290, 184),
        (0, 85, 257, 305, 281),
        (0, 215, 360, 300, 388),
    ],
    "walls": [(0, 122, 125, 292, 158), (0, 106, 190, 316, 234), (0, 90, 284, 335, 328)],
    "petals": [(1, 215, 130, 400, 315), (1, 230, 105, 385, 345)],
    "leaves": [(1, 0, 20, 160, 427), (1, 455, 0, 640, 380)],
}


def patches(seed: int, unequal: bool, *, n: int) -> Labelled:
    """Patches of the two photographs of scikit-learn; the class is the thing that the patch lies in.

    Features are those of one layer of random filters, rectified, and averaged over the quarters of a patch; what each
    channel says is divided by its spread. Which patches are drawn depends on the seed. With unequal sizes every class
    has as many as fit a fixed number a square pixel.
    """
    from sklearn.datasets import load_sample_images

    rng = np.random.default_rng([6, seed, n])
    pictures = [image.astype(np.float32) / 255 for image in load_sample_images().images]
    found = []
    for boxes in REGIONS.values():
        places = {
            (picture, top, left)
            for picture, x0, y0, x1, y1 in boxes
            for top in range(y0, y1 - PATCH + 1, STRIDE)
            for left in range(x0, x1 - PATCH + 1, STRIDE)
        }
        found.append(sorted(places))
    total = sum(map(len, found))
    parts = []
    for places in found:
        count = round(n * len(places) / total) if unequal else n // len(found)
        chosen = rng.permutation(len(places))[:count]
        cut = [pictures[p][t : t + PATCH, x : x + PATCH] for p, t, x in (places[c] for c in chosen)]
        parts.append(random_features(np.stack(cut)))
    everything = np.concatenate(parts)
    spread = everything.std(0)
    return labelled([(part - everything.mean(0)) / spread for part in parts], rng)


def random_features(images: np.ndarray) -> np.ndarray:
    """(n, side, side, 3) images as (n, 4 FILTERS) features of one fixed layer of 5 x 5 filters."""
    rng = np.random.default_rng(0)
    windows = np.lib.stride_tricks.sliding_window_view(images - 0.5, (5, 5), axis=(1, 2))
    windows = windows[:, ::2, ::2]  # (n, 6, 6, 3, 5, 5)
    filters = rng.normal(size=(75, FILTERS)).astype(np.float32) / np.sqrt(75)
    answers = np.maximum(windows.reshape(*windows.shape[:3], 75) @ filters, 0.0)
    half = answers.shape[1] // 2
    quarters = [answers[:, a : a + half, b : b + half].mean((1, 2)) for a in (0, half) for b in (0, half)]
    return np.concatenate(quarters, 1)


def both(name: str, make: Callable[..., Labelled], **shape: float) -> dict[str, Make]:
    """The set with equal and with unequal classes."""
    return {
        name: lambda seed: make(seed, False, **shape),
        f"{name}-zipf": lambda seed: make(seed, True, **shape),
    }


DATA: dict[str, Make] = {
    "digits": digits,
    **both("patches", patches, n=2100),
    **both("isotropic", isotropic, n=2000, d=20, classes=10, apart=5.0),
    **both("overlapping", isotropic, n=2000, d=30, classes=8, apart=3.5),
    **both("anisotropic", anisotropic, n=2400, d=32, classes=16, apart=5.0),
    **both("many", anisotropic, n=3000, d=60, classes=40, apart=7.0),
    **both("curved", curved, n=2400, d=24, classes=12, apart=4.0),
    **both("nested", nested, n=2400, d=24, classes=16, apart=3.4),
    **both("deep", deep, n=3000, d=256, classes=30, apart=1.6),
}
