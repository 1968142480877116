"""MNIST, and what comes in its format, such as Fashion-MNIST and KMNIST: arrays of bytes in idx files."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from iconlearn._checks import check_choice
from iconlearn._errors import FileFormatError
from iconlearn.data.features import listed
from iconlearn.extraction.folders import digest_of_files
from iconlearn.extraction.memory import check_memory
from iconlearn.extraction.source import ImageSource

SPLITS = {"train": "train", "test": "t10k"}  # and how the names of their files begin
BYTES = 8  # what a header says of arrays of unsigned bytes
MOST_PACKED = 1032  # bytes that one byte of a deflate stream can stand for
CHUNK = 1 << 20  # bytes that are unpacked at once


class IdxImages(ImageSource):
    """The grey images of one split of a folder of idx files, packed by gzip or not.

    Files that are not packed are mapped. The format has no names of classes, so they are the labels' numbers.

    Raises
    ------
    FileFormatError
        A file of the split is missing or damaged, or has another length than its header says; labels are more or
        fewer than images.
    MemoryBudgetError
        What a packed file holds does not fit in memory.
    """

    def __init__(self, root: Path, split: str | None, labels: str | None) -> None:
        part: str = check_choice(str(root), "split", split or "train", SPLITS)
        check_choice(str(root), "labels", labels or "label", ("label",))
        self.kind = f"idx files, {part}"
        self.files = [idx_file(root, SPLITS[part], *which) for which in (("images", 3), ("labels", 1))]
        self.pixels, codes = read_idx(self.files[0], 3), read_idx(self.files[1], 1)
        if len(codes) != len(self.pixels):
            raise FileFormatError(
                f"{self.files[1]}: {len(codes)} labels, but {self.files[0].name} has {len(self.pixels)} images; one "
                "of them is of another data set, so download both again"
            )
        self.labels = codes.astype(np.int64)
        self.classes = [str(code) for code in range(self.labels.max() + 1)]

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> tuple[Image.Image, int, str]:
        image = Image.fromarray(np.ascontiguousarray(self.pixels[index]))
        return image, int(self.labels[index]), f"{self.files[0].name}/{index}"

    def fingerprint(self) -> str:
        return digest_of_files(self.labels, self.files)


def idx_names(start: str, what: str, ndim: int) -> list[str]:
    """How a file of a split may be called, the best first."""
    return [f"{start}-{what}{dot}idx{ndim}-ubyte{end}" for end in ("", ".gz") for dot in "-."]


def idx_file(root: Path, start: str, what: str, ndim: int) -> Path:
    """The file of images or labels of a split."""
    names = idx_names(start, what, ndim)
    for name in names:
        if (root / name).is_file():
            return root / name
    raise FileFormatError(
        f"{root / names[0]}: does not exist, nor does {listed(names[1:])}, but this split needs one of them; "
        "download the data set again"
    )


def holds_idx(root: Path) -> bool:
    """Does a folder hold the images of a split in idx files?"""
    return any((root / name).is_file() for start in SPLITS.values() for name in idx_names(start, "images", 3))


def read_idx(file: Path, ndim: int) -> np.ndarray:
    """The array of bytes that an idx file holds: mapped, or unpacked where the name ends in ``.gz``.

    Nothing is allocated before the file is known to be long enough for what its header says.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from iconlearn.extraction.idx import read_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "train-labels-idx1-ubyte")
    ...     _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    ...     read_idx(file, 1).tolist()
    [7, 2, 1]
    """
    try:
        length = file.stat().st_size
        if file.suffix == ".gz":
            with gzip.open(file) as stream:
                shape = read_header(file, stream, ndim)
                return unpacked(file, stream, math.prod(shape), length).reshape(shape)
        with file.open("rb") as stream:
            shape = read_header(file, stream, ndim)
            start = stream.tell()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileFormatError(
            f"{file}: cannot be unpacked by gzip ({error}); the file is truncated or damaged, so download it again"
        ) from error
    except OSError as error:
        raise FileFormatError(f"{file}: the file cannot be read ({error.strerror}); see to it") from error
    if length - start != math.prod(shape):
        raise other_length(file, math.prod(shape), f"{length - start} follow")
    return np.memmap(file, np.uint8, "r", offset=start, shape=shape)


def read_header(file: Path, stream: BinaryIO | gzip.GzipFile, ndim: int) -> tuple[int, ...]:
    """The shape that the header says, none of it 0."""
    head = stream.read(4 + 4 * ndim)
    magic = bytes((0, 0, BYTES, ndim))
    if head[:4] != magic:
        raise FileFormatError(
            f"{file}: begins with {head[:4].hex() or 'nothing'}, but idx{ndim} files of bytes begin with "
            f"{magic.hex()}; it is damaged or of another kind, so download it again"
        )
    if len(head) < 4 + 4 * ndim:
        raise FileFormatError(
            f"{file}: {len(head)} bytes, but the header alone has {4 + 4 * ndim}; the file is truncated"
        )
    shape = tuple(int(size) for size in np.frombuffer(head[4:], ">u4"))
    if 0 in shape:
        raise FileFormatError(
            f"{file}: its header says sizes {shape}, but none may be 0; it is empty or damaged"
        )
    return shape


def unpacked(file: Path, stream: gzip.GzipFile, size: int, length: int) -> np.ndarray:
    """What follows the header in a packed file of ``length`` bytes, which must be ``size`` bytes."""
    if size > MOST_PACKED * length:
        raise other_length(file, size, f"its {length} bytes cannot unpack to as many")
    check_memory(f"{file}: what is packed in it", size, "unpack the file, and it is read from the disk")
    found, done = np.empty(size, np.uint8), 0
    while done < size and (got := stream.readinto(found[done : done + CHUNK].data)):
        done += got
    if done < size:
        raise other_length(file, size, f"{done} follow")
    if stream.read(1):
        raise other_length(file, size, "more follow")
    return found


def other_length(file: Path, size: int, seen: str) -> FileFormatError:
    return FileFormatError(
        f"{file}: its header says that {size} bytes follow, but {seen}; the file is truncated, damaged or of "
        "another kind, so download it again"
    )
