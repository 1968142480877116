"""Search among rows that stay on disk.

They are streamed four times: to see that they are finite and where they lie, for their cells, into a file in the
order of the cells, and once more from there for the neighbours of the rows whose recall is measured. Then the cells are
searched one after another, from that file. Memory is that of a few cells for each thread, of the sample that the
centres are found on, and of what is found.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from typing import Any

import numpy as np
import torch

from iconlearn._checks import check_choice
from iconlearn._errors import InputError, OptionError
from iconlearn._numerics import divided
from iconlearn._parallel import in_order
from iconlearn.metrics import SCALE_FREE
from iconlearn.neighbors._files import digest
from iconlearn.neighbors._loops import EUCLIDEAN
from iconlearn.neighbors._progress import Stages
from iconlearn.neighbors._reservoir import Found
from iconlearn.neighbors._scratch import Scratch, file_digest
from iconlearn.neighbors.cells import PIECE, Cells, Search, Unit, assigned, find_centres
from iconlearn.neighbors.exact import Product
from iconlearn.neighbors.index import choose_probes, wants_cells
from iconlearn.neighbors.search import extreme_unit, on_sphere

METRICS = ("euclidean", *SCALE_FREE)
SPHERE = 2048  # rows that a thread puts on the sphere at a time
SLAB = 16384  # rows whose neighbours are written at once


def is_stored(X: Any) -> bool:
    """Are these rows on disk, such as `iconlearn.open_features` opens?"""
    return callable(getattr(X, "pieces", None)) and callable(getattr(X, "take", None))


class Stored:
    """Stored features as float32 columns, whose Euclidean distances amount to the metric; looked through once.

    Raises
    ------
    InputError
        If a row is not finite.
    """

    def __init__(self, features: Any, metric: str, owner: str, stages: Stages) -> None:
        self.features, self.metric = features, metric
        self.n, self.sphere = int(features.n), metric in SCALE_FREE
        self.d = int(features.d) + 2 * self.sphere
        self.unit = 1.0
        peak, total, seen = 0.0, np.zeros(self.d), hashlib.sha256()
        stages.begin("reading", self.n)
        for first, rows in features.pieces(PIECE):
            rows = np.ascontiguousarray(rows)
            most = max(float(rows.max(initial=0)), -float(rows.min(initial=0)))
            if not np.isfinite(most):
                features.check()  # names the shard
                row = first + int(np.argmin(np.isfinite(rows).all(1)))
                raise InputError(f"{owner}: row {row} is NaN or infinite; fill or drop such rows first")
            peak = max(peak, most)
            total += self._held(rows).sum(0, dtype=np.float64)
            seen.update(rows.data.cast("B"))
            stages.advance(len(rows))
        self.digest = seen.hexdigest()
        if not self.sphere:
            self.unit = extreme_unit(np.array(peak, np.float32))
        self.product = Product(
            EUCLIDEAN, total / self.n / self.unit, 1.0 if self.sphere else peak / self.unit
        )

    def take(self, index: np.ndarray) -> np.ndarray:
        """Columns by number."""
        return self._held(self.features.take(index).numpy())

    def pieces(self, rows: int) -> Iterator[tuple[int, np.ndarray]]:
        """Columns in their own order."""
        for first, piece in self.features.pieces(rows):
            yield first, self._held(piece)

    def _held(self, rows: np.ndarray) -> np.ndarray:
        if self.sphere:
            slabs = torch.from_numpy(rows).split(SPHERE)
            held = in_order(lambda x: on_sphere(self.metric, x, 1).astype(np.float32), slabs, spread=True)
            return np.concatenate(list(held))
        return rows if self.unit == 1.0 else divided(rows, self.unit)


class Sorted:
    """Columns in a file, in the order of their cells; read, not mapped, so that they take no memory."""

    def __init__(self, file: FileIO, stored: Stored) -> None:
        self.file, self.d, self.sphere = file, stored.d, stored.sphere

    def columns(self, start: int, stop: int) -> np.ndarray:
        """Some points, as columns."""
        out = np.empty((stop - start, self.d), np.float32)
        body, at = out.data.cast("B"), 4 * self.d * start
        while body:
            got = os.preadv(self.file.fileno(), [body], at)
            if not got:
                raise OSError(f"{self.file.name}: ends before row {stop}; run the same call again")
            body, at = body[got:], at + got
        return out

    def rows(self, places: np.ndarray) -> np.ndarray:
        """Some points, as rows: where a zero vector has its 1 tells rows and columns apart."""
        out = np.concatenate([self.columns(a, a + count) for a, count in runs_of(places)])
        if self.sphere:
            out[:, -2:] = out[:, :-3:-1].copy()
        return out


@dataclass(frozen=True)
class Wanted:
    """The options of a search, checked."""

    k: int
    metric: str
    index: str
    recall: float
    seed: int

    def check(self, n: int, owner: object) -> None:
        """Refuse what stored features do not have."""
        check_choice(owner, "metric", self.metric, METRICS)
        if n < 2:
            raise InputError(f"{owner}: X has {n} rows; at least 2 are needed")
        if self.k >= n:
            raise OptionError(
                f"{owner}: k={self.k}, but a row has {n - 1} others; lower k to at most {n - 1}"
            )


def search_stored(stored: Stored, wanted: Wanted, scratch: Scratch, stages: Stages) -> tuple[Found, float]:
    """The neighbours of all rows, squared distances in units of ``stored.unit``, and the recall.

    What an earlier call has left in the folder is not done again.
    """
    n, generator = stored.n, np.random.default_rng(wanted.seed)
    cells = Cells.single(n, stored.d)
    by_cells = wants_cells(n, wanted.k, wanted.index, wanted.recall)
    if by_cells:
        cells = cells_of(stored, scratch, generator, stages)
    after = digest(torch.from_numpy(cells.cell))
    sort_rows(stored, cells, scratch, after, wanted.k, stages)
    numbers = np.arange(n)
    with open(scratch.rows, "rb", buffering=0) as file:
        finder = Search(cells, Sorted(file, stored), stored.product, numbers, numbers, wanted.k)
        probes, recall = None, 1.0
        if by_cells:
            probes, recall = kept_probes(finder, scratch, after, generator, wanted.recall, stages)
        return search_slabs(finder, probes, scratch, f"{after} {probes}", stages), recall


def cells_of(stored: Stored, scratch: Scratch, generator: np.random.Generator, stages: Stages) -> Cells:
    """Centres, and every row's cell."""
    held = scratch.get("centres", "")
    if held is None:
        stages.begin("centres", 1)
        held = scratch.put("centres", "", means=find_centres(stored, stored.product, generator))
        stages.advance(1)
    means = held["means"].numpy()
    after = digest(held["means"])
    if (held := scratch.get("cells", after)) is None:
        stages.begin("cells", stored.n)
        cell = np.concatenate(list(stages.over(assigned(stored, stored.product, means))))
        held = scratch.put("cells", after, cell=cell)
    return Cells(means, held["cell"].numpy())


def sort_rows(stored: Stored, cells: Cells, scratch: Scratch, after: str, k: int, stages: Stages) -> None:
    """Write the rows in the order of their cells."""
    held = scratch.get("rows", after)
    if held is not None and file_digest(scratch.rows) == bytes(held["sha256"].tolist()).hex():
        return
    stages.begin("sorting", stored.n)
    part = scratch.rows_part
    with scratch.writing():
        scratch.rows.unlink(missing_ok=True)  # those of an earlier order of cells, or damaged
    with scratch.writing(4 * stored.n * (stored.d + 4 * k)):
        part.write_bytes(b"")
    with open(part, "rb+", buffering=0) as file:
        for first, rows in stored.pieces(PIECE):
            with scratch.writing():
                write_rows(file.fileno(), rows, cells.places[first : first + len(rows)])
            stages.advance(len(rows))
        with scratch.writing():
            os.fsync(file.fileno())
    sha = np.frombuffer(bytes.fromhex(file_digest(part)), np.uint8).copy()
    with scratch.writing():
        os.replace(part, scratch.rows)
    scratch.put("rows", after, sha256=sha)


def write_rows(file: int, rows: np.ndarray, places: np.ndarray) -> None:
    """Write rows to their places, those that follow one another at once."""
    order = np.argsort(places)
    rows, first = rows[order], 0
    for place, count in runs_of(places[order]):
        body, at = rows[first : first + count].data.cast("B"), place * rows[0].nbytes
        while body:
            done = os.pwrite(file, body, at)
            body, at = body[done:], at + done
        first += count


def runs_of(places: np.ndarray) -> list[tuple[int, int]]:
    """Ascending places as runs of consecutive ones: where they start, and how many there are."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(places) != 1) + 1])
    counts = np.diff(starts, append=len(places))
    return list(zip(places[starts].tolist(), counts.tolist(), strict=True))


def kept_probes(
    finder: Search,
    scratch: Scratch,
    after: str,
    generator: np.random.Generator,
    recall: float,
    stages: Stages,
) -> tuple[int | None, float]:
    """How many cells to look into, None for all, and the recall."""
    if (held := scratch.get("probes", after)) is None:
        stages.begin("recall", 1)
        probes, reached = choose_probes(finder, generator, recall)
        held = scratch.put("probes", after, probes=np.array([probes or 0]), recall=np.array([reached]))
        stages.advance(1)
    return int(held["probes"]) or None, float(held["recall"])


def search_slabs(finder: Search, probes: int | None, scratch: Scratch, after: str, stages: Stages) -> Found:
    """Search unit after unit, keep what is found slab after slab, and put it together."""
    n = len(finder.cells.order)
    units = finder.units(np.arange(n), probes)
    slabs = slabs_of(units)
    missing = [s for s in range(len(slabs)) if scratch.get(f"found-{s:06}", after) is None]
    stages.begin("neighbours", n)
    stages.advance(n - sum(len(unit.places) for s in missing for unit in slabs[s]))
    coming = finder.found([unit for s in missing for unit in slabs[s]])
    for s in missing:
        parts = [next(coming) for _ in slabs[s]]
        cols = np.concatenate([part.cols for part in parts])
        squares = np.concatenate([part.squares for part in parts]).astype(np.float32)
        scratch.put(f"found-{s:06}", after, cols=cols, squares=squares)
        stages.advance(len(cols))
    found = Found.blank(n, finder.k, np.dtype(np.float32))
    for s, slab in enumerate(slabs):
        numbers = finder.cells.order[slab[0].places[0] : slab[-1].places[-1] + 1]
        held = scratch.get(f"found-{s:06}", after)
        if held is None:
            raise OSError(f"{scratch.folder}: part {s} is gone or damaged; run the same call again")
        found.cols[numbers], found.squares[numbers] = held["cols"].numpy(), held["squares"].numpy()
    return found


def slabs_of(units: list[Unit]) -> list[list[Unit]]:
    """Units whose neighbours are written at once."""
    slabs: list[list[Unit]] = [[]]
    rows = 0
    for unit in units:
        if rows >= SLAB:
            slabs.append([])
            rows = 0
        slabs[-1].append(unit)
        rows += len(unit.places)
    return slabs
