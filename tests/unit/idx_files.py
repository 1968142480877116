"""Idx files, written as the format says."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np


def idx_bytes(array: np.ndarray) -> bytes:
    """A file of unsigned bytes: magic, sizes with the most significant byte first, values."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def write_split(
    root: Path, images: np.ndarray, labels: Sequence[int], start: str = "train", dot: str = "-", end: str = ""
) -> tuple[Path, Path]:
    """The files of images and labels of one split; packed where their names end in ``.gz``."""
    files = root / f"{start}-images{dot}idx3-ubyte{end}", root / f"{start}-labels{dot}idx1-ubyte{end}"
    for file, array in zip(files, (images, np.array(labels, np.uint8)), strict=True):
        body = idx_bytes(array)
        file.write_bytes(gzip.compress(body) if end else body)
    return files
