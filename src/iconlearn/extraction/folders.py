"""Image files in folders: one folder a class, as ImageNet has them, or one flat folder without labels."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from iconlearn._checks import nearest_name
from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.features import listed
from iconlearn.extraction.images import SUFFIXES, read_image
from iconlearn.extraction.source import ImageSource, Names

SPLITS = frozenset(("train", "val", "valid", "validation", "test", "unlabeled"))


class ImageFolder(ImageSource):
    """Image files below a folder, in the order of their paths.

    A file's class is the first folder on the way to it, however deep it lies; files directly in the folder have
    no labels. Hidden files and folders are left out, links are followed. Folders without images are no classes.

    Raises
    ------
    InputError
        No images; images both in class folders and beside them; or folders of splits instead of classes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        files = image_files(root)
        first = [file.partition("/")[0] if "/" in file else None for file in files]
        self.names = Names(files)
        if not files:
            raise InputError(
                f"{root}: no images below it; file names must end in one of {', '.join(sorted(SUFFIXES))}"
            )
        if None in first:
            if any(first):
                raise InputError(
                    f"{root}: {files[first.index(None)]!r} lies beside the class folders "
                    f"({listed(dict.fromkeys(filter(None, first)), 3)}), so its class is unknown; move it"
                )
            self.kind, self.labels = "folder of images without labels", None
            return
        folders: list[str] = sorted({name for name in first if name is not None})
        if len(folders) > 1 and set(folders) <= SPLITS:
            raise InputError(
                f"{root}: has the folders {listed(folders)}, which are splits and no classes; "
                f"choose one: split={folders[0]!r} (--split {folders[0]}) or {root / folders[0]}"
            )
        self.kind = "folder of classes"
        self.classes = [text(name) for name in folders]
        codes = {name: code for code, name in enumerate(folders)}
        self.labels = np.array([codes[name] for name in first if name is not None], dtype=np.int64)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> tuple[Image.Image, int, str]:
        name = self.names[index]
        image = read_image(self.root / name, self.name_of(index))
        return image, -1 if self.labels is None else int(self.labels[index]), text(name)

    def fingerprint(self) -> str:
        return self.names.digest()

    def states(self) -> np.ndarray:
        found = np.empty((len(self), 2), dtype=np.int64)
        for index, name in enumerate(self.names):
            found[index] = state_of_file(self.root / name)
        return found

    def name_of(self, index: int) -> str:
        return text(str(self.root / self.names[index]))


def open_folder(root: Path, split: str | None) -> ImageFolder:
    """The images of a folder, or of its subfolder called ``split``."""
    if split is None:
        return ImageFolder(root)
    if not (root / split).is_dir():
        there = sorted(entry.name for entry in root.iterdir() if entry.is_dir())
        raise InputError(
            f"{root}: split={split!r}, but it has no folder of that name; it has {listed(there)}"
            f"{nearest_name(split, there)}"
        )
    return ImageFolder(root / split)


def image_files(root: Path) -> list[str]:
    """Paths of the images below ``root``, relative to it, sorted folder by folder."""
    found: list[str] = []
    seen: set[str] = set()  # links may lead back up

    def refuse(error: OSError) -> None:
        raise FileFormatError(f"{text(str(error.filename))}: the folder cannot be listed ({error.strerror})")

    for folder, below, files in os.walk(root, followlinks=True, onerror=refuse):
        real = os.path.realpath(folder)
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        below[:] = sorted(name for name in below if not name.startswith("."))
        base = Path(folder).relative_to(root).as_posix()
        at = "" if base == "." else f"{base}/"
        found += [
            at + name
            for name in files
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES
        ]
    return sorted(found, key=lambda path: path.split("/"))


def state_of_file(file: Path) -> tuple[int, int]:
    """Size in bytes and time of change in ns, by which a replaced file is told from what it was."""
    try:
        state = file.stat()
    except OSError as error:
        raise FileFormatError(
            f"{text(str(file))}: the file cannot be read ({error.strerror}); put it back, or remove the link"
        ) from error
    return state.st_size, state.st_mtime_ns


def digest_of_files(labels: np.ndarray, files: Iterable[Path]) -> str:
    """sha256 of labels, and of names, sizes and times of the files that hold many images each."""
    total = hashlib.sha256(labels.tobytes())
    for file in files:
        total.update(repr((file.name, *state_of_file(file))).encode())
    return total.hexdigest()


def text(name: str) -> str:
    """A file's name as valid text: bytes that are no UTF-8 are shown as replacements."""
    return os.fsencode(name).decode("utf-8", "replace")
