"""The data sets that a server knows: built in, given on the command line, or sent by a page."""

from __future__ import annotations

import json
import re
import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iconlearn._errors import FileFormatError, IConLearnError, InputError, OptionError
from iconlearn._files import write_aside
from iconlearn.data.builtin import BUILT_IN
from iconlearn.data.files import Dataset, load_dataset
from iconlearn.data.readers import READERS, reading
from iconlearn.explorer.browse import browsable, mapped, points_packet
from iconlearn.extraction.memory import check_memory
from iconlearn.recording.packets import encode

HELD = 4  # data sets in memory, those that were used last
ABOUT = ".about.json"  # behind the name of an upload: what it is called
LEFT = 3600.0  # seconds after which a file that no server took in is removed
ROWS = 1 << 16  # of a table that are looked at together
UPLOADS = 4  # so many times the longest upload may be kept in all
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
        self.feeds, self.uploads, self.most = feeds, uploads, most
        self.entries: dict[str, Entry] = {name: Entry(name, name, name) for name in BUILT_IN}
        self.held: OrderedDict[str, Dataset] = OrderedDict()
        self.lock = threading.RLock()
        self._recall()

    def _recall(self) -> None:
        """List again what earlier servers took in, and remove what was left before it was."""
        found = [path for path in self.uploads.glob("data-*") if path.suffix in READERS]
        named = dict(self._sources()) if found else {}
        for path in sorted(found, key=lambda path: path.stat().st_mtime):
            source = str(path.absolute())
            try:
                about = json.loads(beside(path).read_text("utf-8"))
                id, name, labels = str(about["id"]), str(about["name"]), about["labels"]
            except (OSError, ValueError, LookupError, TypeError, RecursionError):
                if source in named:
                    name, labels = named[source]
                    id = self._free(name)
                else:
                    if time.time() - path.stat().st_mtime > LEFT:  # or another server may be taking it in
                        path.unlink(missing_ok=True)
                    continue
            id = id if id not in self.entries else self._free(name)
            labels = labels if isinstance(labels, str) else None
            self.entries[id] = Entry(id, name, source, labels, given=True)

    def _sources(self) -> Iterator[tuple[str, tuple[str, str | None]]]:
        """The files that runs read, with names and labels."""
        for path in self.uploads.parent.glob("*.json"):
            try:
                stated = json.loads(path.read_text("utf-8"))
                yield str(stated["source"]), (str(stated["data"]), stated["labels"])
            except (OSError, ValueError, LookupError, TypeError, RecursionError):
                continue

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

    def room(self) -> int:
        """Bytes that the next upload may have."""
        return min(self.most, UPLOADS * self.most - self._kept())

    def _kept(self) -> int:
        return sum(path.stat().st_size for path in self.uploads.glob("*") if path.suffix in READERS)

    def too_long(self, name: str) -> str:
        """What to say of an upload for which there is no room."""
        otherwise = "give the file to the command, `iconlearn explore FILE`, or a larger --max-upload"
        if (room := self.room()) < self.most:
            return (
                f"{name!r:.80} is longer than the {max(room, 0) >> 20} MiB that are left: {self._kept() >> 20} MiB of "
                f"uploads are kept in {self.uploads}; delete some there, {otherwise}"
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
        self.uploads.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            path = self.uploads / f"data-{number}{suffix}"
            try:
                path.touch(exist_ok=False)
            except FileExistsError:
                number += 1
                continue
            return path

    def take(self, path: Path, name: str, labels: str | None) -> dict[str, Any]:
        """Take in an upload that has arrived whole, if the library's readers can read it.

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
                check_expanded(path, name)
                entry.id = self._free(stem)
                entry.about = self._look(entry)
            except IConLearnError as cause:
                raise FileFormatError(entry.in_words(cause)) from cause
            if entry.about["error"] is not None and not entry.about["points"]:
                raise InputError(entry.about["error"])
            kept = {"id": entry.id, "name": entry.name, "labels": labels}
            write_aside(beside(path), json.dumps(kept).encode())
            self.entries[entry.id] = entry
            return entry.about

    def _free(self, name: str) -> str:
        """An id that is not taken."""
        slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "data"
        id, number = slug, 1
        while id in self.entries:
            number += 1
            id = f"{slug}-{number}"
        return id


def beside(path: Path) -> Path:
    """The file that says what an upload is called."""
    return path.with_name(path.name + ABOUT)


def check_suffix(name: str, suffix: str) -> None:
    """Refuse a file that no reader knows."""
    if suffix.lower() not in READERS:
        raise FileFormatError(f"{name}: extension {suffix!r} is not known; use one of {', '.join(READERS)}")


def check_expanded(path: Path, name: str) -> None:
    """Refuse a small file that would become large in memory."""
    with reading(path):
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                check_size(name, sum(part.file_size for part in archive.infolist()))
        elif path.suffix == ".parquet":
            check_table(path, name)
        elif path.suffix == ".npy":
            check_size(name, mapped(path).nbytes)


def check_size(name: str, needed: int) -> None:
    """Refuse arrays of so many bytes, of which there are several copies while they are read."""
    check_memory(
        f"{name!r:.80}: its arrays", 4 * needed, "send a part of it, or give the file to the command"
    )


def check_table(path: Path, name: str) -> None:
    """Refuse a table that would become large: a word that is there once may stand in every row.

    First by what the file says of itself, then by its words, which are read coded, some rows at a time.
    """
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        about = file.metadata
        groups = [about.row_group(k) for k in range(about.num_row_groups)]
        columns = [about.schema.column(k) for k in range(about.num_columns)]
    needed = sum(
        max(8, column.length) * group.column(k).num_values
        for group in groups
        for k, column in enumerate(columns)
    )
    check_size(name, max(needed, sum(group.total_byte_size for group in groups)))
    words = [
        column.path
        for column in columns
        if column.physical_type == "BYTE_ARRAY" and column.logical_type.type != "DECIMAL"
    ]
    if words:
        with parquet.ParquetFile(path, read_dictionary=words) as file:
            for batch in file.iter_batches(ROWS, columns=words):
                needed += sum(expanded(column) for column in batch.columns)
                check_size(name, needed)


def expanded(column: Any) -> int:
    """Bytes of a column when each row has words of its own."""
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type
    if pa.types.is_dictionary(kind):
        lengths = compute.call_function("binary_length", [column.dictionary])
        return compute.call_function("sum", [lengths.take(column.indices)]).as_py() or 0
    if pa.types.is_struct(kind):
        return sum(expanded(part) for part in column.flatten())
    if pa.types.is_map(kind):
        return expanded(column.keys) + expanded(column.items)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return expanded(column.flatten())
    return column.nbytes
