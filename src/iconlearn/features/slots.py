"""Rows in files read where they are: sorted by place, neighbours in one read, nothing mapped.

Reads go into buffers of their own, since mapped pages would count as memory of the process and grow with the file.
Files are opened for each call, so that any number of threads, processes and shards may read at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from iconlearn._errors import FileFormatError, InputError

NEAR = 4096  # bytes between two rows that are read along rather than jumped over
BUFFER = 1 << 23  # bytes of a call's buffer

#: Types that are stored, and how NumPy reads them; it has no bfloat16.
STORED: dict[str, np.dtype] = {
    **{name: np.dtype(name) for name in ("float16", "float32", "float64", "bool")},
    **{f"{kind}{bits}": np.dtype(f"{kind}{bits}") for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
    "bfloat16": np.dtype("uint16"),
}


@dataclass(frozen=True)
class Shard:
    """A file, or a part of one, whose rows of features stand one after the other.

    Attributes
    ----------
    source : Path
        The file that messages name.
    path : Path
        The file that is read: the same, or the rows of it laid out.
    rows, views, d : int
    dtype : str
        A name of `STORED`.
    stored : dtype
        How the numbers stand in the file, with their byte order.
    offset : int
        Bytes before the first row.
    names : (int, int), default None
        First byte and length of the names of the rows, a JSON list.
    sha256 : str, default None
        Of the whole file, where that is known.
    """

    source: Path
    path: Path
    rows: int
    views: int
    d: int
    dtype: str
    stored: np.dtype
    offset: int
    names: tuple[int, int] | None = None
    sha256: str | None = None

    @property
    def slots(self) -> int:
        """Stored vectors: the views of all rows."""
        return self.rows * self.views

    @property
    def slot_bytes(self) -> int:
        return self.d * self.stored.itemsize

    def read(self, begin: list[int], ends: list[int], into: memoryview) -> None:
        """The bytes of the slots from ``begin[k]``, to place ``ends[k - 1]`` ... ``ends[k]`` (in slots) of ``into``."""
        size, offset, at = self.slot_bytes, self.offset, 0
        with _open(self) as file:
            seek, readinto = file.seek, file.readinto
            for slot, end in zip(begin, ends, strict=True):
                seek(offset + slot * size)
                while at < end * size:  # a read may end early, such as at 2 GiB or over a network
                    got = readinto(into[at : end * size])
                    if not got:
                        raise FileFormatError(
                            f"{self.path}: ends before row {slot // self.views} of {self.rows}, so it was cut after "
                            "it was opened; restore it, and open it again"
                        )
                    at += got


def _open(shard: Shard):
    try:
        return open(shard.path, "rb", buffering=0)
    except OSError as error:
        raise FileFormatError(
            f"{shard.path}: cannot be read any more ({error.strerror}); put it back where it was when it was opened"
        ) from error


class Slots:
    """The stored vectors of some shards as one long matrix, (slots, d), read by place."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = shards
        self.starts = np.cumsum([0] + [shard.slots for shard in shards])
        first = shards[0]
        self.d, self.dtype, self.stored, self.slot_bytes = (
            first.d,
            first.dtype,
            first.stored,
            first.slot_bytes,
        )
        self.reach = 1 + NEAR // self.slot_bytes
        #: slots a call of `read`, so that its buffer is bounded whatever is skipped between them
        self.most = max(1, BUFFER // (self.slot_bytes + NEAR))

    def read(self, slots: np.ndarray) -> np.ndarray:
        """The vectors (m, d), as stored, of sorted ``slots`` (m,), where repeats are allowed."""
        owner = np.searchsorted(self.starts, slots, side="right") - 1
        new = np.empty(len(slots), dtype=bool)
        new[0] = True
        np.greater(np.diff(slots), self.reach, out=new[1:])
        new[1:] |= owner[1:] != owner[:-1]
        first = np.flatnonzero(new)  # of every run of neighbours
        last = np.append(first[1:], len(slots)) - 1
        begin, count = slots[first], slots[last] - slots[first] + 1
        ends = np.cumsum(count)
        held = np.empty((int(ends[-1]), self.d), dtype=self.stored)
        view, at = held.view(np.uint8).reshape(-1).data, 0
        cuts = [0, *(np.flatnonzero(np.diff(owner[first])) + 1).tolist(), len(first)]
        for a, b in pairwise(cuts):
            k, stop = int(owner[first[a]]), int(ends[b - 1])
            into = view[at * self.slot_bytes : stop * self.slot_bytes]
            self.shards[k].read((begin[a:b] - self.starts[k]).tolist(), (ends[a:b] - at).tolist(), into)
            at = stop
        if len(held) == len(slots) and (slots[1:] > slots[:-1]).all():
            return held
        place = np.repeat(ends - count - begin, last - first + 1) + slots
        return held.take(place, axis=0)

    def floats(self, slots: np.ndarray) -> np.ndarray:
        """The vectors (m, d) of sorted ``slots`` as float32."""
        return self.as_floats(slots, self.read(slots))

    def as_floats(self, slots: np.ndarray, raw: np.ndarray) -> np.ndarray:
        """Vectors that were read of ``slots``, as float32."""
        out = as_float32(raw, self.dtype)
        if self.dtype == "float64" and (far := beyond_float32(raw, out)) is not None:
            raise InputError(
                f"{self.where(int(slots[far[0]]))}: column {far[1]} holds {raw[far]!r}, which is beyond float32; "
                "scale the features"
            )
        return out

    def where(self, slot: int) -> str:
        """The shard and the row of a slot, in words."""
        k = int(np.searchsorted(self.starts, slot, side="right")) - 1
        shard = self.shards[k]
        row, view = divmod(slot - int(self.starts[k]), shard.views)
        words = f"{shard.source}: row {row}"
        if len(self.shards) > 1:
            words += f" of the shard, {slot // shard.views} over all"
        return words + (f", view {view}" if shard.views > 1 else "")


def as_float32(raw: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers as stored, as float32; the same array where they are that already."""
    if dtype == "bfloat16":
        return (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
    if raw.dtype == np.float16 and raw.dtype.isnative:
        return torch.from_numpy(raw).float().numpy()  # several times faster than NumPy's
    # what becomes infinite is looked for by `beyond_float32`
    with np.errstate(over="ignore", invalid="ignore"):
        return raw.astype(np.float32, copy=False)


def beyond_float32(raw: np.ndarray, out: np.ndarray) -> tuple[int, int] | None:
    """The first finite number that became infinite as float32."""
    lost = np.isinf(out)
    if not lost.any():
        return None
    lost &= np.isfinite(raw)
    return divmod(int(lost.argmax()), out.shape[1]) if lost.any() else None
