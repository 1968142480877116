"""All views of an image: itself, as a model was trained to see it, and copies that are changed at random."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from iconlearn.extraction.augmentation import Augmentation
from iconlearn.extraction.preprocessing import Preprocessing, fixed_shape


class Views:
    """All views of an image as 8-bit pixels of the model's size: itself first, the others changed at random.

    The random numbers of a view follow from the seed, the image's index and the view's number alone, so they are
    the same in any batch, worker process or resumed run.

    Parameters
    ----------
    prepare : Preprocessing
        The model's own.
    views : int
        Number of views, the first of which is unchanged.
    seed : int
    augmentation : Augmentation

    Examples
    --------
    >>> from PIL import Image
    >>> from iconlearn.extraction import Augmentation
    >>> from iconlearn.extraction.preprocessing import CentralCrop
    >>> from iconlearn.extraction.views import Views
    >>> Views(CentralCrop(32), 3, 0, Augmentation())(Image.new("RGB", (50, 40)), 7).shape
    torch.Size([3, 3, 32, 32])
    """

    def __init__(self, prepare: Preprocessing, views: int, seed: int, augmentation: Augmentation) -> None:
        self.prepare, self.views, self.seed, self.augmentation = prepare, views, seed, augmentation
        self.shape = fixed_shape(prepare)

    def __call__(self, image: Image.Image, index: int) -> Tensor:
        """(views, 3, h, w) uint8."""
        image = image if image.mode == "RGB" else image.convert("RGB")
        seen = [self.prepare(image)]
        for view in range(1, self.views):
            rng = np.random.default_rng((self.seed, index, view))
            changed = self.augmentation(image, self.shape, rng, self.prepare.resample)
            seen.append(self.prepare.as_is(changed))
        return torch.stack(seen)

    def describe(self) -> dict[str, Any]:
        """What features depend on, besides model and images."""
        return {
            "preprocessing": self.prepare.describe(),
            "shape": list(self.shape),
            "augmentation": asdict(self.augmentation),
            "seed": self.seed,
        }
