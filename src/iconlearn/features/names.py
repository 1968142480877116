"""Names of rows, read a shard at a time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import overload

import numpy as np

from iconlearn._errors import FileFormatError
from iconlearn.features.slots import Shard


class RowNames(Sequence[str]):
    """The names of all rows; those of a shard are read when one of them is asked for, and the last shard's kept."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self.shards = shards
        self.starts = np.cumsum([0] + [shard.rows for shard in shards])
        self._last: tuple[int, list[str]] | None = None

    def __len__(self) -> int:
        return int(self.starts[-1])

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        row = range(len(self))[index]
        k = int(np.searchsorted(self.starts, row, side="right")) - 1
        last = self._last  # one assignment, so that threads never mix a shard with another's names
        if last is None or last[0] != k:
            self._last = last = k, read_names(self.shards[k])
        return last[1][row - int(self.starts[k])]

    def __repr__(self) -> str:
        return f"RowNames({len(self)} names, {self[0]!r} to {self[-1]!r})"


def read_names(shard: Shard) -> list[str]:
    """The names of a shard's rows, empty where none were given."""
    if shard.names is None:
        return [""] * shard.rows
    try:
        with open(shard.path, "rb") as file:
            file.seek(shard.names[0])
            names = json.loads(file.read(shard.names[1]))
        if not isinstance(names, list) or len(names) != shard.rows or not all(type(n) is str for n in names):
            raise ValueError(f"not {shard.rows} names")
    except (OSError, ValueError, RecursionError) as error:
        raise FileFormatError(
            f"{shard.source}: its names of rows are damaged ({error}); write it again"
        ) from error
    return names
