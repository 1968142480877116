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
