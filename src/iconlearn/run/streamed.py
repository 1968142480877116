"""Runs that learn from images on disk: a sample of them is held for scores and pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iconlearn.data.files import Dataset
from iconlearn.extraction import StreamedImages

MOST_SHOWN = 10_000  # images of the sample
MOST_NUMBERS = 1 << 28  # that it holds: 1 GB
AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Stream:
    """Images on disk, and a sample of them in memory: ``dataset`` holds the images ``rows``."""

    images: StreamedImages
    dataset: Dataset
    rows: np.ndarray

    @classmethod
    def of(cls, images: StreamedImages, name: str, seed: int = 0) -> Stream:
        """A sample that is drawn with a seed.

        Examples
        --------
        >>> from iconlearn import stream_images
        >>> stream = Stream.of(stream_images("digits", (1, 8, 8)), "digits")
        >>> stream.dataset.X.shape, stream.dataset.image_shape
        ((1797, 64), (1, 8, 8))
        """
        count = min(images.n, MOST_SHOWN, max(2, MOST_NUMBERS // images.d))
        rows = np.sort(np.random.default_rng(seed).permutation(images.n)[:count])
        X = np.empty((count, images.d), np.float32)
        for start in range(0, count, AT_ONCE):
            part = rows[start : start + AT_ONCE]
            X[start : start + len(part)] = images.take(part).numpy()
        y = None if images.label is None else images.label[rows]
        return cls(images, Dataset(name, X, y, images.classes, images.image_shape), rows)

    def words(self, held: np.ndarray | None) -> str:
        """Which images were fitted and which were held out."""
        n, few = self.images.n, len(self.rows)
        if held is None:
            return f"fitted on all {n} images, which stay on disk; scored on a sample of {few}"
        return (
            f"fitted on {n - len(held)} of {n} images, which stay on disk; scored on {len(held)} others, half of a "
            f"sample of {few} stratified by label, the linear probe trained on the other half"
        )

    def without(self, held: np.ndarray | None, *, labelled: bool) -> StreamedImages:
        """All images but some of the sample and, where labels are compared, those without one."""
        keep = np.ones(self.images.n, bool)
        if held is not None:
            keep[self.rows[held]] = False
        if labelled and self.images.label is not None:
            keep &= self.images.label >= 0
        return self.images.subset(np.flatnonzero(keep))
