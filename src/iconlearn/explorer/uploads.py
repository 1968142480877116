"""The folder of what pages send: how much it may hold, where the next file goes, and what is called how."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from iconlearn._files import write_aside
from iconlearn.data.readers import READERS
from iconlearn.explorer.admission import check_suffix

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

    def room(self) -> int:
        """Bytes that the next upload may have."""
        return min(self.most, MOST * self.most - self.kept())

    def kept(self) -> int:
        """Bytes of what was sent."""
        return sum(path.stat().st_size for path in self.folder.glob("*") if path.suffix in READERS)

    def too_long(self, name: str) -> str:
        """What to say of an upload for which there is no room."""
        otherwise = "give the file to the command, `iconlearn explore FILE`, or a larger --max-upload"
        if (room := self.room()) < self.most:
            return (
                f"{name!r:.80} is longer than the {max(room, 0) >> 20} MiB that are left: {self.kept() >> 20} MiB of "
                f"uploads are kept in {self.folder}; delete some there, {otherwise}"
            )
        return f"{name!r:.80} is longer than the {room >> 20} MiB that may be sent; {otherwise}"

    def place(self, name: str) -> Path:
        """Where an upload goes: a path of ours, of the name only the extension is taken.

        Raises
        ------
        FileFormatError
            If no reader knows the extension.
        """
        suffix = Path(re.split(r"[\\/]", name)[-1]).suffix.lower()
        check_suffix(f"{name!r:.80}", suffix)
        self.folder.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = self.folder / f"data-{number}{suffix}"
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                number += 1
                continue
            return path

    def note(self, upload: Upload) -> None:
        """Write down what a file is called, for later servers."""
        kept = {"id": upload.id, "name": upload.name, "labels": upload.labels}
        write_aside(beside(Path(upload.source)), json.dumps(kept).encode())

    def recalled(self) -> Iterator[Upload]:
        """What earlier servers took in, the oldest first; what was left before it was is removed."""
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
                    if time.time() - path.stat().st_mtime > LEFT:  # or another server may be taking it in
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


def beside(path: Path) -> Path:
    """The file that says what an upload is called."""
    return path.with_name(path.name + ABOUT)
