"""What a long search keeps on disk, so that it goes on after a kill at any moment.

Everything is a part: a safetensors file that is written aside, flushed and renamed, with a checksum of its content and
a word about what it follows from. A part that is missing, damaged, or follows from something else is made again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from iconlearn._errors import FileFormatError, OptionError
from iconlearn._files import write_aside
from iconlearn._lock import at_work, locked
from iconlearn.neighbors._files import digest

KIND, SCHEMA = "iconlearn.NeighborGraph search", 1
TOLD, ROWS, GRAPH, PART = "search.json", "rows.f32", "graph.safetensors", ".safetensors"
READ = 2**20  # bytes at a time


class Scratch:
    """The folder of one search; ``search`` says whose it is."""

    def __init__(self, folder: Path, search: Mapping[str, Any]) -> None:
        self.folder, self.search = folder, {name: str(value) for name, value in search.items()}

    @property
    def rows(self) -> Path:
        """The rows in the order of their cells."""
        return self.folder / ROWS

    @property
    def graph(self) -> Path:
        """The finished graph."""
        return self.folder / GRAPH

    @property
    def rows_part(self) -> Path:
        """The rows while they are written, by this process alone."""
        return self.folder / f".{ROWS}.{os.getpid()}.part"

    @property
    def finished(self) -> bool:
        """Is the graph there, and nothing else left to do?"""
        return self.graph.exists() and not at_work(self.folder) and not self._leftovers()

    @contextmanager
    def open(self) -> Iterator[None]:
        """Make the folder, or see whose it is, and keep others out of it while something is to be written.

        Raises
        ------
        OptionError
            If it holds something else, cannot be written to, or another process works in it.
        FileFormatError
            If it holds another search.
        """
        if self.folder.exists() and not self.folder.is_dir():
            raise OptionError(f"checkpoint={str(self.folder)!r} is a file; give a folder")
        if self.finished:  # many may read it at once
            self._begin()
            yield
            return
        with ExitStack() as held:
            with self.writing():
                held.enter_context(locked(self.folder))
            self._begin()
            for left in self.folder.glob(".*.part"):  # of a process that was killed while it wrote
                left.unlink(missing_ok=True)
            yield

    def _begin(self) -> None:
        told = self.folder / TOLD
        if told.exists():
            self._compare(told)
        elif any(not f.name.startswith(".") for f in self.folder.iterdir()):
            raise OptionError(
                f"checkpoint={str(self.folder)!r} holds other files, and no search; give a folder of its own"
            )
        else:
            about = {"kind": KIND, "schema": SCHEMA, "search": self.search}
            with self.writing():
                write_aside(told, json.dumps(about, indent=1).encode())

    def _compare(self, told: Path) -> None:
        try:
            about = json.loads(told.read_bytes())
            kind, schema, then = about["kind"], about["schema"], dict(about["search"])
        except (ValueError, LookupError, TypeError) as cause:
            raise FileFormatError(f"{told}: is damaged; delete its folder to start anew") from cause
        if kind != KIND or schema != SCHEMA:
            raise FileFormatError(
                f"{told}: is {kind!r} of schema {schema!r}, this version reads {KIND!r} of {SCHEMA}; give another "
                "folder"
            )
        for name, value in self.search.items():
            if then.get(name) != value:
                differs = (
                    "the rows differ" if name == "rows" else f"{name} was {then.get(name)} and is {value}"
                )
                raise FileFormatError(
                    f"{told}: is of another search ({differs}); give that search's rows and options, another "
                    "folder, or delete this one to start anew"
                )

    def get(self, name: str, after: str) -> dict[str, torch.Tensor] | None:
        """A part that follows from ``after``; None where it has to be made."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        path = self.folder / f"{name}{PART}"
        try:
            body = path.read_bytes()
            size = int.from_bytes(body[:8], "little")
            told = json.loads(json.loads(body[8 : 8 + size])["__metadata__"]["iconlearn"])
            tensors = load(body)
        except (OSError, SafetensorError, ValueError, LookupError, TypeError):
            return None
        tensors = dict(sorted(tensors.items()))
        good = told.get("after") == after and told.get("sha256") == digest(*tensors.values())
        return tensors if good else None

    def put(self, name: str, after: str, **arrays: np.ndarray) -> dict[str, torch.Tensor]:
        """Keep a part."""
        from safetensors.torch import save

        tensors = {key: torch.from_numpy(np.ascontiguousarray(arrays[key])) for key in sorted(arrays)}
        told = {"after": after, "sha256": digest(*tensors.values())}
        with self.writing():
            write_aside(self.folder / f"{name}{PART}", save(tensors, {"iconlearn": json.dumps(told)}))
        return tensors

    @contextmanager
    def writing(self, needed: int = 0) -> Iterator[None]:
        """Say in words why something cannot be written, before it is begun where ``needed`` bytes are not free."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if needed > (free := shutil.disk_usage(self.folder).free):
                raise OSError(
                    errno.ENOSPC, f"{needed / 2**30:.1f} GiB are needed, {free / 2**30:.1f} are free"
                )
            yield
        except OSError as cause:
            raise OSError(
                cause.errno,
                f"NeighborGraph.of: {self.folder} cannot be written ({cause.strerror}); free space, or name another "
                "folder by checkpoint=; what is finished there is kept, and the same call goes on",
            ) from cause

    def clean(self) -> None:
        """Take away everything but the finished graph."""
        for path in self._leftovers():
            path.unlink(missing_ok=True)

    def _leftovers(self) -> list[Path]:
        ours = (".part", ROWS, PART)
        return [path for path in self.folder.iterdir() if path.name.endswith(ours) and path.name != GRAPH]


@contextmanager
def scratch_folder(checkpoint: str | os.PathLike[str] | None, search: Mapping[str, Any]) -> Iterator[Scratch]:
    """The folder of a search, or one that is gone afterwards."""
    if checkpoint is not None:
        scratch = Scratch(Path(checkpoint), search)
        with scratch.open():
            yield scratch
        return
    with tempfile.TemporaryDirectory(prefix="iconlearn-") as folder:
        yield Scratch(Path(folder), search)


def file_digest(path: Path) -> str:
    """sha256 of a file, or nothing where there is none."""
    total = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while body := file.read(READ):
                total.update(body)
    except OSError:
        return ""
    return total.hexdigest()
