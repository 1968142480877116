"""Images that are read while a network learns from them: sets larger than memory."""

from __future__ import annotations

import hashlib
import math
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.extraction.images import ImageError
from iconlearn.extraction.loading import Fitted, pixel_shape
from iconlearn.extraction.skipped import Damaged
from iconlearn.extraction.source import ImageSource
from iconlearn.extraction.sources import open_images
from iconlearn.features.stored import Stored

BRIGHTEST = 255.0


class StreamedImages(Stored):
    """Images of a source as rows of pixels that are decoded when a step asks for them; made by `stream_images`.

    Threads decode, and those of the next step are begun while the present one is worked on, so memory holds two
    batches however many images there are.

    Attributes
    ----------
    image_shape : (channels, height, width)
    n, d : int
        Images, and pixels times channels.
    label, classes
        As the source has them.
    """

    views = 1
    image_shape: tuple[int, int, int]

    def __init__(
        self,
        source: ImageSource,
        image_shape: tuple[int, int, int],
        threads: int,
        skip_corrupt: int,
        rows: np.ndarray | None = None,
        labels: np.ndarray | None = None,
    ) -> None:
        self.source, self.image_shape = source, image_shape
        self.threads, self.skip_corrupt = threads, skip_corrupt
        self.rows = np.arange(len(source)) if rows is None else rows
        self.n, self.d = len(self.rows), math.prod(image_shape)
        self.classes = source.classes
        self.label = labels if rows is not None else source.all_labels()
        self._fit, self._damaged, self._lock = Fitted(image_shape), Damaged(skip_corrupt), threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._begun: tuple[bytes, list[Future[Tensor]]] = (b"", [])

    def subset(self, rows: np.ndarray) -> StreamedImages:
        """Some of the images, such as a half for training."""
        some = np.asarray(rows)
        labels = None if self.label is None else self.label[some]
        return StreamedImages(
            self.source, self.image_shape, self.threads, self.skip_corrupt, self.rows[some], labels
        )

    def take(self, index: np.ndarray, view: int | np.ndarray = 0) -> Tensor:
        """Pixels of images in the order asked for, (b, d) float32 from 0 to 255.

        Raises
        ------
        ImageError
            If an image is damaged, and as many as ``skip_corrupt`` allows were before it; names it.
        """
        index = np.asarray(index)
        key, begun = self._begun
        found = begun if key == index.tobytes() else self._begin(index)
        self._begun = (b"", [])
        pixels = torch.stack([future.result() for future in found]) if found else torch.empty(0, self.d)
        return pixels.reshape(len(index), self.d).float()

    def expect(self, index: np.ndarray) -> None:
        for future in self._begun[1]:
            future.cancel()
        self._begun = (index.tobytes(), self._begin(index))

    def _begin(self, index: np.ndarray) -> list[Future[Tensor]]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="iconlearn-images")
        # in the order of the source, whose neighbours lie in one part of a file
        begun = {row: self._pool.submit(self._pixels, row) for row in np.unique(index).tolist()}
        return [begun[row] for row in index.tolist()]

    def _pixels(self, row: int) -> Tensor:
        """Pixels of an image, uint8; a damaged one is the next of these images, of its label, that is not."""
        for at in chain([self.rows[row]], self._in_place_of(row)):
            try:
                return self._fit(self.source[int(at)][0], int(at))
            except ImageError as error:
                with self._lock:
                    self._damaged.add([{"image": int(at), "cause": str(error)}])
        alike = "" if self.label is None else f" of label {self.label[row]}"
        raise InputError(
            f"{self.source.kind}: all images{alike} that are to be read are damaged; mend them, see the log"
        )

    def _in_place_of(self, row: int) -> Iterator[int]:
        """Images that may stand in for one, the next first."""
        others = np.roll(np.arange(self.n), -row)[1:]
        yield from self.rows[others if self.label is None else others[self.label[others] == self.label[row]]]

    @property
    def peak(self) -> float:
        """The largest value that a pixel may have."""
        return BRIGHTEST

    @cached_property
    def digest(self) -> str:
        """Of what the source is known by, of sizes and times of its files, of the rows and the shape."""
        found = hashlib.sha256(repr((self.source.kind, len(self.source), self.source.fingerprint())).encode())
        states = self.source.states()
        for part in (self.rows, np.array(self.image_shape), *([] if states is None else [states])):
            found.update(np.ascontiguousarray(part).tobytes())
        return found.hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        """Without threads and locks, for another process."""
        kept = {name: getattr(self, name) for name in ("source", "image_shape", "threads", "skip_corrupt")}
        return {**kept, "rows": self.rows, "labels": self.label}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)

    def __repr__(self) -> str:
        classes = "" if self.classes is None else f", classes={len(self.classes)}"
        return f"StreamedImages({self.source.kind!r}, n={self.n}, image_shape={self.image_shape}{classes})"


def stream_images(
    source: Any,
    image_shape: Sequence[int] = (3, 224, 224),
    *,
    split: str | None = None,
    labels: str | None = None,
    skip_corrupt: int = 0,
    threads: int | None = None,
) -> StreamedImages:
    """Images of a source for training, which stay on disk and are decoded a batch at a time.

    They come in one size, as `load_images` brings them to it. Networks divide by ``input_scale=255``, and views take
    ``peak=255``.

    Parameters
    ----------
    source : str, Path, datasets.Dataset or ImageSource
        As for `open_images`.
    image_shape : (channels, height, width), default (3, 224, 224)
        1 channel makes grey images, 3 make RGB.
    split, labels : str, optional
        As for `open_images`.
    skip_corrupt : int, default 0
        How many images may be damaged. Each is logged, and the next of the same label takes its place, among those
        that are learnt from; one more is an error.
    threads : int, optional
        That decode; as many as there are cores by default.

    Returns
    -------
    StreamedImages

    Raises
    ------
    InputError, OptionError, FileFormatError
        Of the source or the options.

    Examples
    --------
    >>> from iconlearn import stream_images
    >>> digits = stream_images("digits", image_shape=(1, 32, 32))
    >>> digits.shape, digits.take([3, 0]).shape, digits.label[:4].tolist()
    ((1797, 1024), torch.Size([2, 1024]), [0, 1, 2, 3])
    """
    shape = pixel_shape("stream_images", image_shape)
    check_number("stream_images", "skip_corrupt", skip_corrupt, low=0, integer=True)
    count = os.cpu_count() or 1 if threads is None else threads
    check_number("stream_images", "threads", count, low=1, high=2**10, integer=True)
    images = open_images(source, split, labels)
    if not len(images):
        raise InputError(f"source: {images.kind} without images; there is nothing to do")
    return StreamedImages(images, shape, count, skip_corrupt)
