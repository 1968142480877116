"""What images are read from: the contract of a source, and names that take little memory."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from PIL import Image


class ImageSource(ABC):
    """A sequence of images that are read one by one, when asked for.

    Derive from it to read from elsewhere: ``__len__`` and ``__getitem__`` are needed, ``kind``, ``classes`` and
    ``fingerprint`` are what there is to say about all images together, ``states`` and ``name_of`` about each one.

    Attributes
    ----------
    kind : str
        What it is, in a few words, for messages and the manifest.
    classes : list of str, or None
        Name of every label; None without labels.
    labels : ndarray of int64, shape (n,), or None
        Label of every image; None where it is known only when the image is read.

    Examples
    --------
    >>> from PIL import Image
    >>> from iconlearn.extraction import ImageSource
    >>> class Greys(ImageSource):
    ...     kind = "greys"
    ...     def __len__(self):
    ...         return 256
    ...     def __getitem__(self, k):
    ...         return Image.new("RGB", (8, 8), (k, k, k)), -1, f"grey {k}"
    >>> Greys()[3][0].getpixel((0, 0))
    (3, 3, 3)
    """

    kind: str = "images"
    classes: list[str] | None = None
    labels: Any = None

    @abstractmethod
    def __len__(self) -> int:
        """Number of images."""

    @abstractmethod
    def __getitem__(self, index: int) -> tuple[Image.Image, int, str]:
        """The image, its label (an index of ``classes``, or -1) and its name; `ImageError` if it is damaged.

        Images are RGB, or grey (mode L).
        """

    def all_labels(self) -> np.ndarray | None:
        """The label of every image, for which all are read where there is no other way; None without classes."""
        if self.classes is None:
            return None
        if self.labels is not None:
            return np.asarray(self.labels, dtype=np.int64)
        return np.array([self[index][1] for index in range(len(self))], dtype=np.int64)

    def fingerprint(self) -> str:
        """What tells these images, in this order, from others, without reading them all."""
        return ""

    def states(self) -> np.ndarray | None:
        """Size in bytes and time of change in ns of every image, (n, 2) int64; None where images have none.

        An image that was changed after its features were made is told by them when a run is resumed; one whose
        turn has not come may change. What ``fingerprint`` holds may never change.
        """
        return None

    def name_of(self, index: int) -> str:
        """The name of an image that is not read, for messages."""
        return f"image {index}"


class Names(Sequence[str]):
    """Many names in one block of bytes: a third of a list's memory, and none of it copied by worker processes.

    Examples
    --------
    >>> names = Names(["cat/1.png", "dog/ü.png"])
    >>> names[1], len(names)
    ('dog/ü.png', 2)
    """

    def __init__(self, names: Iterable[str]) -> None:
        encoded = [os.fsencode(name) for name in names]  # names of files need not be valid text
        self._ends = np.cumsum([0, *map(len, encoded)])
        self._bytes = b"".join(encoded)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, index):  # pyright: ignore[reportIncompatibleMethodOverride]
        return os.fsdecode(self._bytes[self._ends[index] : self._ends[index + 1]])

    def digest(self) -> str:
        """sha256 of all names in order."""
        return hashlib.sha256(self._bytes + self._ends.tobytes()).hexdigest()
