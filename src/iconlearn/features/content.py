"""What all rows together are: that they are finite, their digest and their peak; from one pass, which is noted."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from iconlearn._errors import FileFormatError, InputError
from iconlearn._files import write_aside
from iconlearn.features.slots import Shard, Slots

BLOCK = 1 << 21  # bytes of rows at a time


class Content(NamedTuple):
    """sha256 over sizes, type and all rows as stored, and the largest absolute value."""

    digest: str
    peak: float


def state_of(shards: Sequence[Shard]) -> str:
    """sha256 of what changes when a file is written anew: sizes and times; nothing is read."""
    first = shards[0]
    told: list[Any] = [first.views, first.d, first.dtype, first.stored.str]
    for shard in shards:
        told.append([shard.rows, shard.offset, shard.sha256])
        for path in (shard.source, shard.path):
            try:
                state = path.stat()
            except OSError as error:
                raise FileFormatError(
                    f"{path}: cannot be read any more ({error.strerror}); put it back where it was when it was opened"
                ) from error
            told.append([path.name, state.st_size, state.st_mtime_ns])
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def noted(note: Path, state: str) -> Content | None:
    """What a pass over files in this state found, where that was noted."""
    try:
        told = json.loads(note.read_bytes())
        found = Content(str(told["digest"]), float(told["peak"]))
        return found if told["state"] == state and math.isfinite(found.peak) else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None


def write_note(note: Path, state: str, found: Content) -> None:
    """Note what a pass found, where that may be written."""
    with suppress(OSError):  # a folder that is only read: the next process looks again
        write_aside(note, json.dumps({"state": state, **found._asdict()}).encode())


def read_content(slots: Slots) -> Content:
    """Every row, read once; shards with a known checksum are compared with it in the same stream.

    Raises
    ------
    InputError
        NaN, infinity, or a float64 beyond float32, with its shard and row.
    FileFormatError
        A shard that is not what was written.
    """
    first, peak = slots.shards[0], 0.0
    sizes = [int(slots.starts[-1]), first.views, first.d, first.dtype]
    total, rows = hashlib.sha256(json.dumps(sizes).encode()), max(1, BLOCK // slots.slot_bytes)
    for shard, start, stop in zip(
        slots.shards, slots.starts[:-1].tolist(), slots.starts[1:].tolist(), strict=True
    ):
        whole = hashlib.sha256()  # of the file, where its checksum is known
        if shard.sha256 is not None:
            _add(whole, shard.path, 0, shard.offset)
        for at in range(start, stop, rows):
            place = np.arange(at, min(at + rows, stop), dtype=np.int64)
            raw = slots.read(place)
            body = raw.reshape(-1).view(np.uint8).data
            total.update(body)
            if shard.sha256 is not None:
                whole.update(body)
            peak = max(peak, _peak(slots, place, raw))
        if shard.sha256 is not None:
            _add(whole, shard.path, shard.offset + (stop - start) * slots.slot_bytes, None)
            if whole.hexdigest() != shard.sha256:
                raise FileFormatError(
                    f"{shard.source}: its content does not match its checksum, so it is damaged; restore it, or "
                    "extract again"
                )
    return Content(total.hexdigest(), peak)


def _peak(slots: Slots, place: np.ndarray, raw: np.ndarray) -> float:
    """The largest absolute value of some rows, which are finite."""
    rows = slots.as_floats(place, raw)
    numbers = raw if slots.dtype == "float64" else rows
    peak = max(float(numbers.max()), -float(numbers.min()))
    if not math.isfinite(peak):
        row, column = divmod(int(np.argmin(np.isfinite(rows))), slots.d)
        raise InputError(
            f"{slots.where(int(place[row]))}: NaN or infinite in column {column} (counted from 0); make the features "
            "of this row again, or leave it out"
        )
    return peak


def _add(total: Any, path: Path, start: int, stop: int | None) -> None:
    """Bytes of a file to a checksum."""
    with open(path, "rb") as file:
        file.seek(start)
        while body := file.read(BLOCK if stop is None else min(BLOCK, stop - file.tell())):
            total.update(body)
