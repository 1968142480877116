"""Features shaped like those of texts and images, from one seed: `python benchmarks/map_data.py OUT.npz --n 60000`.

Real features are neither one blob nor separate balls: classes of very unequal size, each a curved sheet of few
dimensions inside many columns, some of them near to each other. Here a class is a Gaussian of 8 to 12 dimensions with
its own spectrum; six classes or so make a family, which shares a region and, up to a tilt, the directions in it, so
that they overlap; one random two-layer network bends everything together into ``d`` columns; noise is added.
The 10 nearest rows name the class of about 88 % of 10 000 rows, and of 93 % of 60 000.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

LATENT = 32  # columns in which the classes are laid out, before they are bent into d
HIDDEN = 256  # units of the network that bends them
SMALLEST, LARGEST = 8, 12  # dimensions of a class
FAMILY, ALONG, TILT = 0.4, 0.3, 0.3  # spread of families, of centres within one, and of directions within one
NOISE = 0.05


@dataclass(frozen=True)
class Features:
    """Rows, their classes, and in words where they are from."""

    X: np.ndarray  # (n, d) float32
    y: np.ndarray  # (n,) int64
    source: str


def made(n: int, d: int, *, classes: int = 60, seed: int = 0) -> Features:
    """``n`` rows of ``d`` columns; the share of class k falls as k to the power -0.8.

    The classes depend on ``seed``, ``classes`` and ``d`` alone: other ``n`` are other samples of the same data.
    """
    world, rows = np.random.default_rng(seed), np.random.default_rng([seed, n])
    count = max(1, classes // 6)
    families = world.normal(scale=FAMILY, size=(count, LATENT))
    planes = [np.linalg.qr(world.normal(size=(LATENT, LARGEST)))[0] for _ in range(count)]
    shares = np.arange(1, classes + 1) ** -0.8
    y = rows.choice(classes, size=n, p=shares / shares.sum())
    latent = np.empty((n, LATENT), dtype=np.float32)
    for label in range(classes):
        family, dims = int(world.integers(count)), int(world.integers(SMALLEST, LARGEST + 1))
        plane = planes[family][:, world.permutation(LARGEST)[:dims]]
        sheet, _ = np.linalg.qr(plane + world.normal(scale=TILT / LATENT**0.5, size=(LATENT, dims)))
        scales = world.uniform(0.7, 1.3) / np.arange(1, dims + 1) ** 0.5
        centre = families[family] + planes[family] @ world.normal(scale=ALONG, size=LARGEST)
        mine = y == label
        latent[mine] = centre + rows.normal(size=(int(mine.sum()), dims)) * scales @ sheet.T
    bend = world.normal(scale=0.6 / LATENT**0.5, size=(LATENT, HIDDEN)).astype(np.float32)
    spread = world.normal(scale=2 / HIDDEN**0.5, size=(HIDDEN, d)).astype(np.float32)
    X = np.empty((n, d), dtype=np.float32)
    for start in range(0, n, 65536):  # the hidden layer of a million rows would be a gigabyte
        part = slice(start, start + 65536)
        X[part] = np.tanh(np.tanh(latent[part] @ bend) @ spread)
        X[part] += rows.normal(scale=NOISE, size=X[part].shape).astype(np.float32)
    return Features(X, y.astype(np.int64), f"made: {n} rows, {d} columns, {classes} classes, seed {seed}")


def read(path: Path) -> Features:
    """``X`` and ``y`` of an .npz file."""
    try:
        with np.load(path, allow_pickle=False) as file:
            X, y = np.ascontiguousarray(file["X"], dtype=np.float32), file["y"]
    except (OSError, ValueError, TypeError, KeyError) as cause:
        raise SystemExit(f"{path}: no .npz file with X (n, d) and y (n,): {cause}") from cause
    if X.ndim != 2 or y.shape != (len(X),) or not np.isfinite(X).all():
        raise SystemExit(f"{path}: X {X.shape}, y {y.shape}, but finite X (n, d) and y (n,) are needed")
    n, d = X.shape
    return Features(X, np.unique(y, return_inverse=True)[1], f"{path.name}: {n} rows, {d} columns")


def main() -> None:
    """Write made data to a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--n", type=int, default=60_000, help="rows (default 60000)")
    parser.add_argument("--d", type=int, default=64, help="columns (default 64)")
    arguments = parser.parse_args()
    data = made(arguments.n, arguments.d)
    np.savez(arguments.out, X=data.X, y=data.y)
    print(data.source)


if __name__ == "__main__":
    main()
