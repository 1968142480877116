"""The folder of what pages send: how much it may hold, where the next file goes, and what is called how."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from iconlearn._files import write_aside
from iconlearn.data.readers import READERS
from iconlearn.explorer.admission import check_suffix

PART = ".part"  # of the name of a file that is under way
ABOUT = ".about.json"  # behind the name of an upload: what it is called
LEFT = 3600.0  # seconds after which a file that no server took in is removed
MOST = 4  # so many times the longest upload may be kept in all


class Upload(NamedTuple):
    """A file that a server took in: its id there, if it is known, and what it is called."""

    source: str
    id: str | None
    name: str
    labels: str | None


class Uploads:
    """The files that pages sent, each beside one that says what it is called.

    Parameters
    ----------
    folder : Path
        Made when needed.
    most : int
        Bytes that one upload may have.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most
        self.coming = 0  # bytes of what is under way
        self.left = 0  # beside what was kept when that was counted last

    def room(self) -> int:
        """Bytes that the next upload may have."""
        self.left = MOST * self.most - self.kept()
        return min(self.most, self.left - self.coming)

    def kept(self) -> int:
        """Bytes of what was sent."""
        sizes = 0
        for path in self.folder.glob("*"):
            with suppress(FileNotFoundError):  # somebody removes it
                sizes += path.stat().st_size if path.suffix in READERS else 0
        return sizes

    def too_long(self, name: str) -> str:
        """What to say of an upload for which there is no room."""
        otherwise = "give the file to the command, `iconlearn explore FILE`, or a larger --max-upload"
        if (room := self.room()) < self.most:
            return (
                f"{name!r:.80} is longer than the {max(room, 0) >> 20} MiB that are left: {self.kept() >> 20} MiB of "
                f"uploads are kept in {self.folder}; delete some there, {otherwise}"
            )
        return f"{name!r:.80} is longer than the {room >> 20} MiB that may be sent; {otherwise}"

    @contextmanager
    def arriving(self, name: str) -> Iterator[Arrival]:
        """A file of ours for an upload; it is gone in the end, unless it was put in its place.

        Raises
        ------
        FileFormatError
            If no reader knows the extension.
        """
        suffix = Path(re.split(r"[\\/]", name)[-1]).suffix.lower()
        check_suffix(f"{name!r:.80}", suffix)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.room()
        arrival = Arrival(self, suffix)
        try:
            yield arrival
        finally:
            arrival.end()

    def place(self, suffix: str) -> Path:
        """A path of ours that no other upload has."""
        number = 1
        while True:
            path = self.folder / f"data-{number}{suffix}"
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                number += 1
                continue
            beside(path).unlink(missing_ok=True)  # of another file, which was removed by hand
            return path

    def note(self, upload: Upload) -> None:
        """Write down what a file is called, for later servers."""
        kept = {"id": upload.id, "name": upload.name, "labels": upload.labels}
        write_aside(beside(Path(upload.source)), json.dumps(kept).encode())

    def recalled(self) -> Iterator[Upload]:
        """What earlier servers took in, the oldest first; what was left before it was is removed."""
        for path in self.folder.glob(f"*{PART}"):
            if abandoned(path):
                path.unlink(missing_ok=True)
        found = [path for path in self.folder.glob("data-*") if path.suffix in READERS]
        named = dict(self._sources()) if found else {}
        for path in sorted(found, key=lambda path: path.stat().st_mtime):
            source = str(path.absolute())
            try:
                about = json.loads(beside(path).read_text("utf-8"))
                id, name, labels = str(about["id"]), str(about["name"]), about["labels"]
            except (OSError, ValueError, LookupError, TypeError, RecursionError):
                if source in named:
                    id, (name, labels) = None, named[source]
                else:
                    if abandoned(path):
                        path.unlink(missing_ok=True)
                    continue
            yield Upload(source, id, name, labels if isinstance(labels, str) else None)

    def _sources(self) -> Iterator[tuple[str, tuple[str, str | None]]]:
        """The files that runs read, with names and labels."""
        for path in self.folder.parent.glob("*.json"):
            try:
                stated = json.loads(path.read_text("utf-8"))
                yield str(stated["source"]), (str(stated["data"]), stated["labels"])
            except (OSError, ValueError, LookupError, TypeError, RecursionError):
                continue


class Arrival:
    """An upload that is under way, in a file that is none of the kept ones.

    Parameters
    ----------
    uploads : Uploads
    suffix : str
        Of the file that it becomes.
    """

    def __init__(self, uploads: Uploads, suffix: str) -> None:
        self.uploads, self.suffix, self.length = uploads, suffix, 0
        number, part = tempfile.mkstemp(PART, "coming-", uploads.folder)
        self.part, self.file = Path(part), open(number, "wb")  # noqa: SIM115 (closed at its end)

    def write(self, piece: bytes) -> bool:
        """Write a piece if there is room for it beside all that is kept and under way; was there?"""
        self.length += len(piece)
        self.uploads.coming += len(piece)
        if self.length > self.uploads.most or self.uploads.coming > self.uploads.left:
            return False
        self.file.write(piece)
        return True

    def settle(self) -> Path:
        """Put the whole file in its place."""
        self.file.close()
        path = self.uploads.place(self.suffix)
        os.replace(self.part, path)
        return path

    def end(self) -> None:
        """Forget what did not become a file."""
        with suppress(OSError):  # there is no room for its end
            self.file.close()
        self.part.unlink(missing_ok=True)
        self.uploads.coming -= self.length
        self.length = 0


def abandoned(path: Path) -> bool:
    """Was it left long ago? Until then another server may be taking it in."""
    try:
        return time.time() - path.stat().st_mtime > LEFT
    except FileNotFoundError:
        return False


def beside(path: Path) -> Path:
    """The file that says what an upload is called."""
    return path.with_name(path.name + ABOUT)
