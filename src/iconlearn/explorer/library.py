"""The data sets that a server knows: built in, given on the command line, or sent by a page."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError, IConLearnError, InputError, OptionError
from iconlearn.data.builtin import BUILT_IN
from iconlearn.data.files import Dataset, load_dataset
from iconlearn.data.readers import reading
from iconlearn.explorer.admission import check_expanded, check_suffix
from iconlearn.explorer.browse import browsable, points_packet
from iconlearn.explorer.uploads import Upload, Uploads
from iconlearn.recording.packets import encode

HELD = 4  # data sets in memory, those that were used last
Feeds = Callable[[Dataset], tuple[list[str], dict[str, str]]]


@dataclass
class Entry:
    """A data set: where it is from, and what was found out about it."""

    id: str
    name: str
    source: str
    labels: str | None = None
    given: bool = False  # named on the command line, or sent by a page
    about: dict[str, Any] | None = None
    packet: bytes = b""

    def in_words(self, cause: BaseException) -> str:
        """What is wrong with it, in one line and under the name that the page knows."""
        path = Path(self.source)
        return " ".join(str(cause).split()).replace(self.source, f"{self.name}{path.suffix}")


class Library:
    """Data sets by id; nothing that a page says is ever part of a path. Safe to use from several threads.

    Parameters
    ----------
    feeds : callable
        Which methods a data set can feed, and why not the others.
    uploads : Path
        Folder of what pages send, made when needed; what was sent to earlier servers is listed again.
    most : int
        Bytes that one upload may have.
    """

    def __init__(self, feeds: Feeds, uploads: Path, most: int) -> None:
        self.feeds, self.uploads = feeds, Uploads(uploads, most)
        self.entries: dict[str, Entry] = {name: Entry(name, name, name) for name in BUILT_IN}
        self.held: OrderedDict[str, Dataset] = OrderedDict()
        self.lock = threading.RLock()
        for kept in self.uploads.recalled():
            id = kept.id if kept.id is not None and kept.id not in self.entries else self._free(kept.name)
            self.entries[id] = Entry(id, kept.name, kept.source, kept.labels, given=True)

    def add(self, path: Path, labels: str | None = None) -> Entry:
        """A file that the user named.

        Raises
        ------
        FileFormatError
            If there is no such file, or its extension is not known.
        """
        path = path.expanduser().absolute()
        with reading(path):
            check_suffix(str(path), path.suffix)
        with self.lock:
            entry = Entry(self._free(path.stem), path.stem, str(path), labels, given=True)
            self.entries[entry.id] = entry
        return entry

    def entry(self, id: str) -> Entry:
        """The entry of an id.

        Raises
        ------
        OptionError
            If there is none.
        """
        if id not in self.entries:
            raise OptionError(f"data={id!r:.60} is not known to this server; choose one of the list")
        return self.entries[id]

    def dataset(self, id: str) -> Dataset:
        """The data set of an id, read when it is first asked for."""
        return self._load(self.entry(id))

    def _load(self, entry: Entry) -> Dataset:
        with self.lock:
            if entry.id not in self.held:
                self.held[entry.id] = load_dataset(entry.source, entry.labels)
            self.held.move_to_end(entry.id)
            while len(self.held) > HELD:
                self.held.popitem(last=False)
            return self.held[entry.id]

    def listed(self) -> list[dict[str, Any]]:
        """The list of data sets, with what each can feed; one that cannot be read says why."""
        return [self.told(entry) for entry in list(self.entries.values())]

    def told(self, entry: Entry) -> dict[str, Any]:
        """What a page is told of a data set."""
        with self.lock:
            if entry.about is None:
                entry.about = self._look(entry)
            return entry.about

    def _look(self, entry: Entry) -> dict[str, Any]:
        about: dict[str, Any] = {
            "id": entry.id,
            "name": entry.name,
            "given": entry.given,
            "points": False,
            "n": 0,
            "d": 0,
            "kind": None,
            "classes": None,
            "labelled": False,
            "methods": [],
            "refused": {},
            "error": None,
        }
        try:
            about["points"] = entry.given and browsable(Path(entry.source))
            data = self._load(entry)
        except (IConLearnError, MemoryError) as cause:
            return about | {"error": entry.in_words(cause)}
        methods, refused = self.feeds(data)
        return about | {
            "n": len(data.X),
            "d": data.X.shape[1],
            "kind": data.form,
            "classes": data.classes if data.y is not None else None,
            "labelled": data.y is not None and bool((data.y >= 0).any()),
            "methods": methods,
            "refused": refused,
        }

    def points(self, id: str) -> bytes:
        """The packet of the points of a table that is browsed."""
        entry = self.entry(id)
        if not entry.given:
            raise OptionError(f"data={id!r} is built in and has no coordinates; run a method on it")
        with self.lock:
            if not entry.packet:
                entry.packet = encode(points_packet(Path(entry.source)))
            return entry.packet

    def take(self, path: Path, name: str, labels: str | None) -> dict[str, Any]:
        """Take in an upload that has arrived whole, if the library's readers can read it; it is removed if not.

        Raises
        ------
        InputError, FileFormatError, MemoryBudgetError
            If it cannot be used.
        """
        stem = re.sub(r"[^\w .+-]+", "", Path(re.split(r"[\\/]", name)[-1]).stem)[:40].strip() or "data"
        if labels is not None and Path(labels).suffix.lower() in (".npy", ".csv"):
            raise InputError(
                f"labels={labels!r:.80} names a file, but of a page only a column or key is taken; put the labels into "
                "the file"
            )
        entry = Entry("", stem, str(path.absolute()), labels, given=True)
        with self.lock:
            try:
                self._take(entry, path, name)
            except BaseException:
                self.held.pop(entry.id, None)
                path.unlink(missing_ok=True)
                raise
            self.entries[entry.id] = entry
            return entry.about or {}

    def _take(self, entry: Entry, path: Path, name: str) -> None:
        try:
            check_expanded(path, name)
            entry.id = self._free(entry.name)
            entry.about = self._look(entry)
        except IConLearnError as cause:
            raise FileFormatError(entry.in_words(cause)) from cause
        if entry.about["error"] is not None and not entry.about["points"]:
            raise InputError(entry.about["error"])
        self.uploads.note(Upload(entry.source, entry.id, entry.name, entry.labels))

    def _free(self, name: str) -> str:
        """An id that is not taken."""
        slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "data"
        id, number = slug, 1
        while id in self.entries:
            number += 1
            id = f"{slug}-{number}"
        return id
