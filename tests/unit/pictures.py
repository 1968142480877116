"""Small images, written by the tests themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def picture(k: int, size: tuple[int, int] = (44, 36)) -> Image.Image:
    """A smooth picture with colours and a gradient, another one for every number."""
    rng = np.random.default_rng(k)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), dtype=np.uint8))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def write_images(root: Path, counts: dict[str, int]) -> Path:
    """Folders of pictures: so many in each."""
    number = 0
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for k in range(count):
            picture(number, (40 + number, 36)).save(root / folder / f"{k}.png")
            number += 1
    return root


def pixels(count: int, side: int, seed: int = 0) -> np.ndarray:
    """Random pictures (count, side, side, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def planes(images: np.ndarray) -> np.ndarray:
    """The same as rows, channel after channel."""
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)
