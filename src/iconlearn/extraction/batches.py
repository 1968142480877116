"""Images read and prepared in batches, by this process or by others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from iconlearn._errors import IConLearnError
from iconlearn.extraction.images import ImageError
from iconlearn.extraction.source import ImageSource


@dataclass(eq=False)
class Batch:
    """Images that were prepared together, less the damaged ones."""

    last: int
    index: np.ndarray
    pixels: Tensor  # (b, ...) uint8
    labels: np.ndarray
    names: list[str]
    bad: list[dict[str, Any]]  # number and cause of every damaged image
    failure: IConLearnError | None  # what no image may be skipped for, such as a disk that cannot be read


Prepare = Callable[[Image.Image, int], Tensor]  # of an image and its index
Item = tuple[int, "Tensor | IConLearnError", int, str]


class Prepared(Dataset):
    """Every image as (index, its pixels as prepared, label, name), with the error in place of pixels it has not.

    Errors are values here: one that a worker process raises would reach its user wrapped in a traceback.
    """

    def __init__(self, images: ImageSource, prepare: Prepare) -> None:
        self.images, self.prepare = images, prepare

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Item:
        try:
            image, label, name = self.images[index]
            return index, self.prepare(image, index), label, name
        except IConLearnError as error:
            return index, error, -1, ""


def gather(items: list[Item]) -> Batch:
    good = [item for item in items if isinstance(item[1], Tensor)]
    pixels = [pixels for _, pixels, *_ in good if isinstance(pixels, Tensor)]
    errors = [(index, error) for index, error, *_ in items if isinstance(error, IConLearnError)]
    return Batch(
        last=items[-1][0],
        index=np.array([index for index, *_ in good], dtype=np.int64),
        pixels=torch.stack(pixels) if pixels else torch.empty(0),
        labels=np.array([label for _, _, label, _ in good], dtype=np.int64),
        names=[name for *_, name in good],
        bad=[{"image": k, "cause": str(error)} for k, error in errors if isinstance(error, ImageError)],
        failure=next((error for _, error in errors if not isinstance(error, ImageError)), None),
    )


def prepared(images: ImageSource, prepare: Prepare, start: int, size: int, workers: int) -> Iterator[Batch]:
    """Batches from the one with image ``start``; always the same images together, so that bits do not depend on it."""
    n = len(images)
    batches = [range(first, min(first + size, n)) for first in range(start - start % size, n, size)]
    if not start < n:
        return
    loader = DataLoader(
        Prepared(images, prepare),
        batch_sampler=batches,  # pyright: ignore[reportArgumentType]
        num_workers=workers,
        collate_fn=gather,
        generator=torch.Generator(),  # it would draw from the global one
    )
    yield from loader
