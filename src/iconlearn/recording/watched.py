"""The rows whose p and q are watched, and the columns that their bars stand for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from iconlearn.conditional import Conditional
from iconlearn.objective import Pair
from iconlearn.recording.bars import COLUMNS
from iconlearn.recording.masses import AT_ONCE, NONE, Listed, whole_rows
from iconlearn.recording.observer import Look, Observer
from iconlearn.recording.packets import WATCHED, Packet
from iconlearn.support import Support

FEWEST_WATCHED, MOST_WATCHED = 16, 256
ALL_WATCHED = 2000  # rows of which all are watched
COSTLY_ENTRIES = 1 << 19  # of whole rows that may be looked at for every moment
PADDING, ELSEWHERE = -2, -1  # what a bar is that is none, and one of a row that is not shown
FEWEST_BARS = 5  # without which q names more
TINY = 1e-300
FINE = 1 << 26  # masses of p that differ by less are equal, and q decides


class Watched:
    """Rows of a pair, the columns of their bars, and p there.

    Columns are sorted by p, highest first, and by the q of the moment at which they were chosen where p is equal.

    Parameters
    ----------
    parts : sequence of Listed
        Rows of the pair, and columns of each: those that were chosen first, and then what has been added.
    p : (w, b + 1) array of float32
    """

    def __init__(self, parts: Sequence[Listed], p: np.ndarray) -> None:
        self.parts, self.p = tuple(parts), p
        self.rows = np.concatenate([part.rows for part in parts])
        self.columns = np.concatenate([part.columns for part in parts])

    @classmethod
    def of(cls, pair: Pair, rows: np.ndarray, bars: int | None = None) -> Watched:
        """Watch rows; ``bars`` of each, or as many as are worth it."""
        columns = choose_columns(pair, rows, COLUMNS if bars is None else bars)
        if bars is None:
            columns = columns[:, : max(1, int((columns != NONE).sum(1).max(initial=1)))]
        listed = Listed(rows, columns, (pair.target.n, pair.target.m))
        return cls([listed], listed.masses(pair.target))

    @property
    def first(self) -> int:
        """How many rows were chosen first; numbers of a moment are of these, whoever watches."""
        return len(self.parts[0].rows)

    def and_of(self, other: Watched) -> Watched:
        """These rows and others."""
        added = (*self.parts[1:], *other.parts)
        rows = np.concatenate([part.rows for part in added])
        columns = np.concatenate([part.columns for part in added])
        p = np.concatenate([self.p, other.p])
        return Watched([self.parts[0], Listed(rows, columns, self.parts[0].shape)], p)

    def masses(self, of: Conditional) -> np.ndarray:
        """Masses of the bars, (w, b + 1): of each part by itself, as the error of a sum and the width at which a limit
        is drawn depend on which rows are asked for together."""
        return np.concatenate([part.masses(of) for part in self.parts])

    def some(self, index: np.ndarray) -> Listed:
        """A few of the rows, as conditionals are asked for them."""
        return Listed(self.rows[index], self.columns[index], self.parts[0].shape)


def choose_rows(look: Look, observer: Observer) -> np.ndarray:
    """Rows of a pair to watch: all of a probe or of few points, else some, evenly spaced among those on the map."""
    pair = look.pair
    filled = (~pair.target.empty).cpu().numpy()
    if observer.probe is not None:
        return np.flatnonzero(filled)
    rows = observer.shown[filled[observer.shown]]
    rows = np.flatnonzero(filled) if not len(rows) else rows
    most = MOST_WATCHED
    if dear(pair):
        most = min(most, max(FEWEST_WATCHED, COSTLY_ENTRIES // pair.target.m))
    elif observer.data.n <= ALL_WATCHED:
        most = ALL_WATCHED
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).round().astype(np.int64)]


def dear(pair: Pair) -> bool:
    """Must whole rows be looked at to know the divergence or the mass of one?"""
    return pair.learned.improper or pair.target.support is None


def choose_columns(pair: Pair, rows: np.ndarray, bars: int) -> np.ndarray:
    """The columns of each row with the highest p and, where p is equal, the highest q, (w, bars).

    Where p lists a few columns there are no others: the q of a beginning is not worth a look at all.
    """
    if pair.target.support is None or pair.learned.improper:
        return among_all(pair, rows, bars)
    found = among_listed(pair, pair.target.support, rows, bars)
    few = (found != NONE).sum(1) < min(bars, FEWEST_BARS)
    found[few] = among_all(pair, rows[few], bars)
    return found


def among_all(pair: Pair, rows: np.ndarray, bars: int) -> np.ndarray:
    """Of all columns."""
    found = np.full((len(rows), bars), NONE, dtype=np.int64)
    height = max(1, AT_ONCE // max(1, pair.target.m))
    for start in range(0, len(rows), height):
        tile = rows[start : start + height]
        p, q = (torch.from_numpy(whole_rows(of, tile)) for of in (pair.target, pair.learned))
        rank = rank_of(p, q, p.amax(-1, keepdim=True))
        best, columns = rank.topk(min(bars, rank.shape[1]), dim=-1)
        found[start : start + height, : best.shape[1]] = np.where(best > 0, columns, NONE)
    return found


def among_listed(pair: Pair, support: Support, rows: np.ndarray, bars: int) -> np.ndarray:
    """Of those on which p has mass of their own."""
    index = torch.from_numpy(rows).to(support.cols.device)
    owner, entry = support.take_rows(index)
    p, q = (of.on(support)[entry].double().exp() for of in (pair.target, pair.learned))
    most, whole = (
        p.new_zeros(len(rows)).scatter_reduce(0, owner, mass, how) for mass, how in ((p, "amax"), (q, "sum"))
    )
    rank = rank_of(p, q / whole.clamp(min=TINY)[owner], most[owner])
    first = support.indptr[index]
    wide = p.new_zeros(len(rows), max(bars, int(support.lengths[index].max())))
    best, places = wide.index_put((owner, entry - first[owner]), rank).topk(bars, dim=-1)
    columns = support.cols[(first[:, None] + places).clamp(max=len(support.cols) - 1)]
    return torch.where(best > 0, columns, NONE).cpu().numpy()


def rank_of(p: Tensor, q: Tensor, highest: Tensor) -> Tensor:
    """One number for the order by p, and by q where p is equal."""
    return (p / highest.clamp(min=TINY) * FINE).round() + q.clamp(max=1 - 1e-9)


class Places:
    """Which shown point a row or a column of the pair is.

    Parameters
    ----------
    observer : Observer
    probe_rows : (probe,) array of int, optional
        Samples of ``observer.data`` that the probe was made of.
    """

    def __init__(self, observer: Observer, probe_rows: np.ndarray | None = None) -> None:
        place = np.full(observer.data.n, ELSEWHERE, dtype=np.int64)
        place[observer.shown] = np.arange(len(observer.shown))
        if observer.probe is not None:
            rows = observer.probe.id.cpu().numpy() if probe_rows is None else probe_rows
            place = place[rows]
        self.place, self.probed = place, observer.probe is not None

    @cached_property
    def watchable(self) -> np.ndarray:
        """Row of the pair, in its first view, for every shown point; ELSEWHERE where it is in none."""
        found = np.full(int(self.place.max(initial=-1)) + 1, ELSEWHERE, dtype=np.int64)
        on_map = np.flatnonzero(self.place != ELSEWHERE)
        found[self.place[on_map]] = on_map
        return found

    def of_rows(self, rows: np.ndarray) -> np.ndarray:
        """Shown points of rows, of whatever view."""
        return self.place[rows % len(self.place)]

    def of_columns(self, columns: np.ndarray, look: Look) -> np.ndarray:
        """What bars stand for: shown points, rows of the probe, or prototypes."""
        if not look.of_prototypes:
            beyond = columns >= look.pair.rows.n  # what a queue holds
            columns = np.where(
                beyond | (columns == NONE), columns, columns if self.probed else self.of_rows(columns)
            )
            columns = np.where(beyond, ELSEWHERE, columns)
        return columns

    def packet(self, watched: Watched, look: Look, first: int) -> Packet:
        """What is watched, from a row on.

        ``probe`` says which shown point every row of a probe is. A run that goes on needs ``rows`` and ``places``, the
        rows and columns of the pair.
        """
        raw = watched.columns[first:]
        columns = np.where(raw == NONE, PADDING, self.of_columns(raw, look))
        arrays = {
            "points": self.of_rows(watched.rows[first:]).astype(np.int32),
            "columns": columns.astype(np.int32),
            "p": watched.p[first:],
            "rows": watched.rows[first:].astype(np.int32),
            "places": raw.astype(np.int32),
        }
        if self.probed and not look.of_prototypes:
            arrays["probe"] = self.of_rows(np.arange(look.pair.rows.n)).astype(np.int32)
        return Packet(WATCHED, {"first": first}, arrays)
