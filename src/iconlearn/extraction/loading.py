"""Images of any source as a table in memory: what encoders are trained on."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.data.dataset import Dataset
from iconlearn.extraction.batches import prepared
from iconlearn.extraction.memory import check_memory
from iconlearn.extraction.skipped import Damaged
from iconlearn.extraction.source import ImageSource
from iconlearn.extraction.sources import open_images
from iconlearn.mappers.images import check_image_shape

BATCH = 256  # images between two calls of ``progress``


@dataclass(frozen=True)
class Fitted:
    """An image as pixels (channels, height, width): grey or RGB, resized by its shorter side, and its centre.

    Examples
    --------
    >>> from PIL import Image
    >>> from iconlearn.extraction.loading import Fitted
    >>> Fitted((1, 16, 16))(Image.new("RGB", (50, 40)), 0).shape
    torch.Size([1, 16, 16])
    """

    image_shape: tuple[int, int, int]

    def __call__(self, image: Image.Image, index: int) -> Tensor:
        """The pixels, uint8."""
        channels, height, width = self.image_shape
        mode = "L" if channels == 1 else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        if image.size != (width, height):
            image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(image).reshape(height, width, channels)).permute(2, 0, 1)


def pixel_shape(owner: str, image_shape: Sequence[int]) -> tuple[int, int, int]:
    """The shape to which images are brought: of one channel or three."""
    shape = check_image_shape(owner, image_shape)
    if shape[0] not in (1, 3):
        raise OptionError(f"{owner}: image_shape={shape} has {shape[0]} channels, not 1 or 3")
    return shape


def load_images(
    source: Any,
    image_shape: Sequence[int] = (3, 32, 32),
    *,
    split: str | None = None,
    labels: str | None = None,
    skip_corrupt: int = 0,
    workers: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Dataset:
    """All images of a source in memory, of one size, with their labels.

    Images that have the size are taken as they are, to the bit. Others are resized until they just cover it, with
    bilinear antialiasing, and their centre is cut out. n images take 4 n channels height width bytes: 0.6 GB for
    the 50 000 of CIFAR-10. What does not fit in memory becomes features instead, see `extract_features`.

    Parameters
    ----------
    source : str, Path, datasets.Dataset or ImageSource
        As for `open_images`; "digits" are those of scikit-learn.
    image_shape : (channels, height, width), default (3, 32, 32)
        1 channel makes grey images, 3 make RGB.
    split, labels : str, optional
        As for `open_images`.
    skip_corrupt : int, default 0
        How many images may be damaged. They are left out and logged; one more is an error.
    workers : int, default 0
        Processes that read images; 0 is this one.
    progress : callable, optional
        Called with the number of images done and of all.

    Returns
    -------
    Dataset
        X float32 (n, channels height width) with values 0 to 255, in the order of the source; for networks,
        ``input_scale=255``. y and classes are None where the source has no labels.

    Raises
    ------
    MemoryBudgetError
        The images need more memory than is free; nothing was read.
    ImageError
        More damaged images than ``skip_corrupt``, naming the last.
    InputError, OptionError, FileFormatError
        Of the source or the options.

    Examples
    --------
    >>> from iconlearn import load_images
    >>> digits = load_images("digits", image_shape=(1, 32, 32))
    >>> digits.X.shape, digits.image_shape, float(digits.X.max())
    ((1797, 1024), (1, 32, 32), 255.0)
    """
    shape = pixel_shape("load_images", image_shape)
    check_number("load_images", "skip_corrupt", skip_corrupt, low=0, integer=True)
    check_number("load_images", "workers", workers, low=0, high=2**16, integer=True)
    images = open_images(source, split, labels)
    held = read_all(images, shape, skip_corrupt, workers, progress)
    name = Path(source).resolve().name if isinstance(source, (str, os.PathLike)) else images.kind
    return Dataset(name, held.X, held.y if images.classes is not None else None, images.classes, shape)


@dataclass(frozen=True, eq=False)
class Held:
    """Pixels (n, d) float32, labels, and the number of every image in its source."""

    X: np.ndarray
    y: np.ndarray
    index: np.ndarray


def read_all(
    images: ImageSource,
    shape: tuple[int, int, int],
    skip_corrupt: int,
    workers: int,
    progress: Callable[[int, int], object] | None = None,
) -> Held:
    """All images of a source that are not damaged."""
    n, d = len(images), math.prod(shape)
    if not n:
        raise InputError(f"source: {images.kind} without images; there is nothing to do")
    check_memory(
        f"load_images: {n:,} images of image_shape={shape}",
        4 * n * d,
        "give a smaller image_shape or fewer images, or leave them on disk: stream_images (--stream), or features of "
        "them (extract_features)",
    )
    held, rows = Held(np.empty((n, d), np.float32), np.empty(n, np.int64), np.empty(n, np.int64)), 0
    damaged = Damaged(skip_corrupt)
    for batch in prepared(images, Fitted(shape), 0, BATCH, workers):
        if batch.failure is not None:
            raise batch.failure
        damaged.add(batch.bad)
        new = slice(rows, rows := rows + len(batch.index))
        held.X[new] = batch.pixels.reshape(-1, d).numpy()
        held.y[new], held.index[new] = batch.labels, batch.index
        if progress is not None:
            progress(batch.last + 1, n)
    if not rows:
        raise InputError(f"source: {images.kind}, and all {n} images are damaged; mend them, see the log")
    return Held(held.X[:rows], held.y[:rows], held.index[:rows])
