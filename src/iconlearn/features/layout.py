"""Rows that cannot be read in place, laid out once beside their file, piece by piece."""

from __future__ import annotations

import errno
import glob
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from iconlearn._errors import DiskError, FileFormatError
from iconlearn._files import aside
from iconlearn.features.headers import Stored, npy_arrays
from iconlearn.features.slots import BUFFER

log = logging.getLogger("iconlearn")

Blocks = Callable[[], Iterator[np.ndarray]]


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system says against writing becomes a `DiskError` that names the file."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cause = "the disk is full" if full else error.strerror or str(error)
        raise DiskError(
            error.errno, f"{path}: cannot be written, {cause}; make room, or choose another folder"
        ) from error


def laid_out(source: Path, what: str, n: int, blocks: Blocks) -> tuple[Path, Stored]:
    """A .npy (n, d) of the rows that ``blocks`` yields, written once for every state of ``source``.

    It stands beside the source under a hidden name, or where nothing may be written there, in the user's cache
    folder, which has a folder for every folder of sources. ``what`` tells which part of the source it is; copies of
    an older state are removed, and what a killed process left of one.
    """
    state = source.stat()
    part = hashlib.sha256(what.encode()).hexdigest()[:8]
    tag = hashlib.sha256(f"{state.st_size} {state.st_mtime_ns}".encode()).hexdigest()[:12]
    name = f".{source.name}.{part}-{tag}.rows.npy"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "iconlearn")
    home = hashlib.sha256(os.fsencode(source.parent.resolve())).hexdigest()[:16]
    places = [source.parent, cache / home]
    for folder in places:
        if (target := folder / name).exists():
            return target, npy_arrays(target)[""]
    folder = next((place for place in places if os.access(place, os.W_OK)), places[-1])
    target = folder / name
    log.warning("%s: rows cannot be read in place, so they are laid out once in %s", source, target)
    copies = f".{glob.escape(source.name)}.{part}-*.rows.npy"
    with writing(target):
        folder.mkdir(parents=True, exist_ok=True)
        for begun in folder.glob(f".{copies}.*.part"):
            _remove_abandoned(begun)
        _write(target, source, n, _whole(source, blocks()))
    for old in folder.glob(copies):
        if old != target:
            old.unlink(missing_ok=True)
    return target, npy_arrays(target)[""]


def _remove_abandoned(begun: Path) -> None:
    """Remove a copy that no process is writing: whoever writes holds a lock, which a kill releases."""
    with suppress(OSError, ImportError), open(begun, "rb") as file:  # renamed meanwhile, or locked
        _lock(file)
        if os.fstat(file.fileno()).st_size:  # an empty one may be locked next
            begun.unlink(missing_ok=True)


def _lock(file: IO[bytes]) -> None:
    import fcntl  # not on every system

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _whole(source: Path, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """The blocks, where what the system says against reading is not taken for a full disk."""
    try:
        yield from blocks
    except OSError as error:
        cause = " ".join(str(error).split())[:200]
        raise FileFormatError(
            f"{source}: cannot be read to its end ({cause}); it is damaged or truncated: write it again"
        ) from error


def _write(target: Path, source: Path, n: int, blocks: Iterator[np.ndarray]) -> None:
    first = next(blocks)
    needed, free = n * first.shape[1] * first.itemsize, shutil.disk_usage(target.parent).free
    if needed > free:
        raise OSError(errno.ENOSPC, f"{needed} bytes are needed and {free} are free")
    with aside(target) as file:
        with suppress(OSError, ImportError):  # where there are no locks nothing is taken for abandoned either
            _lock(file)
        header = {"descr": first.dtype.str, "fortran_order": False, "shape": (n, first.shape[1])}
        np.lib.format.write_array_header_1_0(file, header)
        done, block = 0, first
        while block is not None:
            if block.shape[1:] != first.shape[1:] or block.dtype != first.dtype:
                raise FileFormatError(
                    f"{source}: row {done} has {block.shape[1]} numbers of {block.dtype} and row 0 has "
                    f"{first.shape[1]} of {first.dtype}; make all rows alike"
                )
            file.write(np.ascontiguousarray(block).data)
            done, block = done + len(block), next(blocks, None)
        if done != n:
            raise FileFormatError(
                f"{source}: promises {n} rows and holds {done}; it is damaged, write it again"
            )


def unpacked(path: Path, array: Stored) -> Blocks:
    """The rows of an array that is compressed, or whose columns stand one after the other."""
    n, d = array.shape
    rows = max(1, BUFFER // max(1, d * array.raw.itemsize))
    width = d * array.raw.itemsize

    def in_order() -> Iterator[np.ndarray]:
        with array.open(path) as file:
            for start in range(0, n, rows):
                body = file.read(min(rows, n - start) * width)
                if len(body) != min(rows, n - start) * width:
                    raise FileFormatError(f"{path}: ends before row {n - 1}; it is truncated, write it again")
                yield np.frombuffer(body, dtype=array.raw).reshape(-1, d)

    def across() -> Iterator[np.ndarray]:
        size = array.raw.itemsize
        with array.open(path) as file:
            for start in range(0, n, rows):
                block = np.empty((d, min(rows, n - start)), dtype=array.raw)
                for column in range(d):
                    file.seek(array.offset + (column * n + start) * size)
                    block[column] = np.frombuffer(file.read(block.shape[1] * size), dtype=array.raw)
                yield block.T

    return across if array.fortran else in_order
