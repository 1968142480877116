"""Rows on disk as features give them, and searches among them that are killed.

As a program: ``shelves.py FOLDER WRITES`` searches ROWS with checkpoint FOLDER, and is killed before the
write that comes after so many, or (.5) right after it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from iconlearn import NeighborGraph
from iconlearn.neighbors import _scratch, cells, stored


class Shelf:
    """Rows that come a few at a time, and say how often they were asked for."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows_held, self.streamed, self.taken = rows, 0, 0
        self.n, self.d = rows.shape

    def take(self, index: np.ndarray, view: int = 0) -> torch.Tensor:
        self.taken += len(index)
        return torch.from_numpy(self.rows_held[index].astype(np.float32))

    def pieces(self, rows: int = 16384, view: int = 0) -> Iterator[tuple[int, np.ndarray]]:
        for first in range(0, self.n, rows):
            yield first, self.rows_held[first : first + rows].astype(np.float32)
        self.streamed += 1

    def check(self) -> Shelf:
        return self


def mixture(n: int, d: int, seed: int = 0) -> np.ndarray:
    """Rows of twelve groups of unequal size and width."""
    generator = np.random.default_rng(seed)
    group = generator.choice(12, n, p=generator.dirichlet(np.full(12, 2.0)))
    width = generator.uniform(0.3, 1.2, (12, d))
    means = 3 * generator.normal(size=(12, d))
    return (means[group] + width[group] * generator.normal(size=(n, d))).astype(np.float32)


ROWS = mixture(3000, 16)
OPTIONS: dict[str, Any] = {"k": 12, "index": "ivf", "random_state": 3}


def few_at_a_time() -> None:
    """Many pieces, units and slabs of few rows."""
    stored.PIECE, stored.SLAB, cells.PIECE, cells.UNIT = 700, 500, 900, 130


def before_write(count: float, act: Any) -> None:
    """``act()`` before the write to disk that comes after so many, or (.5) right after it."""
    done = [0]

    def counted(write: Any) -> Any:
        def writing(*args: Any) -> Any:
            done[0] += 1
            if done[0] == int(count) + 1 and count == int(count):
                act()
            result = write(*args)
            if done[0] == int(count) + 1:
                act()
            return result

        return writing

    _scratch.write_aside = counted(_scratch.write_aside)
    stored.write_rows = counted(stored.write_rows)


if __name__ == "__main__":
    torch.set_num_threads(2)
    few_at_a_time()
    before_write(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL))
    NeighborGraph.of(Shelf(ROWS), checkpoint=sys.argv[1], **OPTIONS)
