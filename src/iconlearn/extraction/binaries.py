"""CIFAR-10, CIFAR-100 and STL-10 in their binary versions: fixed-size records, mapped and read one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from iconlearn._checks import check_choice
from iconlearn._errors import FileFormatError, OptionError
from iconlearn.extraction.folders import digest_of_files
from iconlearn.extraction.source import ImageSource


@dataclass(frozen=True)
class Layout:
    """How a data set lays out its binary files.

    A record is ``len(labels)`` bytes of labels and the pixels of one image, plane by plane.
    """

    title: str
    side: int
    labels: tuple[str, ...]  # what the bytes before the pixels are
    splits: dict[str, tuple[str, ...]]  # files of every split
    meta: dict[str, str]  # file of class names of each label
    by_column: bool = False  # pixels of a plane column after column

    @property
    def record(self) -> int:
        """Bytes of one image."""
        return len(self.labels) + 3 * self.side**2


CIFAR10 = Layout(
    "CIFAR-10",
    32,
    ("label",),
    {"train": tuple(f"data_batch_{k}.bin" for k in range(1, 6)), "test": ("test_batch.bin",)},
    {"label": "batches.meta.txt"},
)
CIFAR100 = Layout(
    "CIFAR-100",
    32,
    ("coarse_label", "fine_label"),
    {"train": ("train.bin",), "test": ("test.bin",)},
    {"fine_label": "fine_label_names.txt", "coarse_label": "coarse_label_names.txt"},
)
STL10 = Layout(
    "STL-10",
    96,
    (),
    {split: (f"{split}_X.bin",) for split in ("train", "test", "unlabeled")},
    {"label": "class_names.txt"},
    by_column=True,
)
LAYOUTS = (CIFAR10, CIFAR100, STL10)


class BinaryImages(ImageSource):
    """Images of one split of a data set with fixed-size records.

    Raises
    ------
    FileFormatError
        A file of the split is missing, ends inside a record, or has labels that no class has.
    """

    def __init__(self, root: Path, layout: Layout, split: str | None, labels: str | None) -> None:
        part: str = check_choice(str(root), "split", split or "train", layout.splits)
        which: str = check_choice(str(root), "labels", labels or next(iter(layout.meta)), layout.meta)
        self.layout = layout
        self.kind = f"{layout.title}, {part}"
        self.files = [root / name for name in layout.splits[part]]
        self.records = [map_records(file, layout.record) for file in self.files]
        self.starts = np.cumsum([0, *map(len, self.records)])
        self.classes = read_classes(root / layout.meta[which])
        if layout.labels:
            self.labels = np.concatenate([r[:, layout.labels.index(which)] for r in self.records])
        else:
            self.labels = read_codes(root / f"{part}_y.bin", len(self))
        self.labels = self.labels.astype(np.int64)
        if self.labels.max(initial=-1) >= len(self.classes):
            raise FileFormatError(
                f"{self.files[0]}: label {self.labels.max()}, but {layout.meta[which]} names "
                f"{len(self.classes)} classes; the file is damaged or of another data set"
            )

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, index: int) -> tuple[Image.Image, int, str]:
        file = int(np.searchsorted(self.starts, index, "right")) - 1
        row, side = int(index - self.starts[file]), self.layout.side
        planes = self.records[file][row, len(self.layout.labels) :].reshape(3, side, side)
        pixels = planes.transpose(2, 1, 0) if self.layout.by_column else planes.transpose(1, 2, 0)
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return image, int(self.labels[index]), f"{self.files[file].name}/{row}"

    def fingerprint(self) -> str:
        return digest_of_files(self.labels, self.files)


def map_records(file: Path, size: int) -> np.ndarray:
    """The records of a file, (n, size) bytes, mapped."""
    if not file.is_file():
        raise FileFormatError(f"{file}: does not exist, but this split needs it; download the data set again")
    length = file.stat().st_size
    if length == 0 or length % size:
        raise FileFormatError(
            f"{file}: {length} bytes, but a whole number of records of {size} bytes is needed; the file is "
            "truncated or of another data set"
        )
    return np.memmap(file, np.uint8, "r").reshape(-1, size)


def read_codes(file: Path, count: int) -> np.ndarray:
    """Labels counted from 1 in a file of their own, as codes from 0; -1 for all where there is no such file."""
    if not file.is_file():
        return np.full(count, -1)
    codes = np.fromfile(file, np.uint8)
    if len(codes) != count:
        raise FileFormatError(
            f"{file}: {len(codes)} labels for {count} images; one of the files is truncated"
        )
    return codes.astype(np.int64) - 1


def read_classes(file: Path) -> list[str]:
    """Names of the classes, one a line."""
    if not file.is_file():
        raise FileFormatError(f"{file}: does not exist, but names the classes; download the data set again")
    return [line.strip() for line in file.read_text("utf-8", "replace").splitlines() if line.strip()]


def layout_of(names: Sequence[str], root: Path) -> Layout | None:
    """The data set that a folder with these files is, if it is one.

    Raises
    ------
    OptionError
        For the version of CIFAR in Python pickles.
    """
    for layout in LAYOUTS:
        if any(file in names for files in layout.splits.values() for file in files):
            return layout
    if "data_batch_1" in names or {"train", "meta"} <= {n for n in names if (root / n).is_file()}:
        raise OptionError(
            f"{root}: the Python version of CIFAR, which is pickled and never loaded, because pickles can run "
            "code; give the folder of the binary version (cifar-10-binary.tar.gz, cifar-100-binary.tar.gz)"
        )
    return None
