"""Sizes and times of image files, by which a resumed run knows that finished images are still what they were."""

from __future__ import annotations

import logging
from collections.abc import Collection
from pathlib import Path

import numpy as np

from iconlearn._errors import FileFormatError, InputError
from iconlearn._files import write_aside
from iconlearn.extraction.source import ImageSource
from iconlearn.features.layout import writing

log = logging.getLogger("iconlearn")


class States:
    """The states of a source's images, beside their features: two little-endian int64 an image, nothing else.

    They are on disk before the first shard. Images whose turn has not come may change between two runs.

    Raises
    ------
    InputError
        What ``images.states()`` gives is not of shape (n, 2) and int64.
    """

    def __init__(self, path: Path, images: ImageSource) -> None:
        told, shape = images.states(), (len(images), 2)
        now = None if told is None else np.asarray(told)
        self.path, self.images, self.now = path, images, now
        if now is not None and (now.shape != shape or now.dtype != np.int64):
            raise InputError(
                f"{images.kind}: states() gives {now.dtype} of shape {now.shape}, but int64 of shape {shape} is "
                "needed: size and time of every image; or give None"
            )

    def go_on_from(self, start: int, left_out: Collection[int]) -> None:
        """Refuse images below ``start`` that were changed since, and keep the present states for the next run.

        Raises
        ------
        InputError
            An image whose features are written was changed, naming the first.
        FileFormatError
            The states that were kept are damaged.
        """
        if self.now is None:
            return
        if start and self.path.exists():
            self._compare(self._read()[:start], self.now[:start], left_out)
        if start < len(self.images):
            with writing(self.path):
                write_aside(self.path, self.now.astype("<i8").tobytes())

    def _compare(self, before: np.ndarray, now: np.ndarray, left_out: Collection[int]) -> None:
        for index in np.flatnonzero((before != now).any(1)).tolist():
            name = self.images.name_of(index)
            if index not in left_out:
                raise InputError(
                    f"{name}: was changed after its features were made; begin in an empty folder, so that old and "
                    "new images are not mixed"
                )
            log.warning("%s: was changed after it was skipped, and stays left out", name)

    def _read(self) -> np.ndarray:
        remedy = "without it changed images cannot be told, so begin in an empty folder"
        try:
            body = self.path.read_bytes()
        except OSError as error:
            raise FileFormatError(f"{self.path}: cannot be read ({error.strerror}); {remedy}") from error
        if len(body) != 16 * len(self.images):
            raise FileFormatError(
                f"{self.path}: {len(body)} bytes instead of 16 for each of {len(self.images)} images; {remedy}"
            )
        return np.frombuffer(body, "<i8").reshape(-1, 2)
