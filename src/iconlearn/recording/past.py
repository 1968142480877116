"""What the recording of a run that was cut tells about the rest of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from iconlearn._errors import FileFormatError
from iconlearn.objective import Pair
from iconlearn.recording.masses import NONE, Listed
from iconlearn.recording.packets import LOSSES, MOMENT, WATCHED, Packet
from iconlearn.recording.watched import Watched

FARTHEST = 1e30  # a position beyond is no place to begin from: sums of squares overflow


@dataclass(eq=False)
class Past:
    """Moments and losses so far, and what was watched.

    Parameters
    ----------
    moments : int
    last : int
        The step of the last moment, or -1.
    told : int
        Losses that are there.
    seconds : float
        Of the last moment.
    positions : (shown, 2) array, optional
        Those of the last moment.
    watched : Watched, optional
    """

    moments: int = 0
    last: int = -1
    told: int = 0
    seconds: float = 0.0
    positions: np.ndarray | None = None
    watched: Watched | None = None

    @classmethod
    def of(cls, packets: Sequence[Packet], shown: int, pair: Pair) -> Past:
        """Read it off the packets.

        Parameters
        ----------
        packets : sequence of Packet
        shown : int
            Points of the map.
        pair : Pair
            Whose rows and columns are watched.

        Raises
        ------
        FileFormatError
            If something is missing, out of order, or of another run.
        """
        past = cls()
        for packet in packets:
            try:
                past._add(packet, shown, pair)
            except (KeyError, TypeError, ValueError, OverflowError) as cause:
                raise FileFormatError(f"a packet {packet.kind!r} is damaged ({cause!r})") from cause
        return past

    def _add(self, packet: Packet, shown: int, pair: Pair) -> None:
        if packet.kind == LOSSES:
            require(packet.fields["first"] == self.told and packet.arrays["loss"].ndim == 1)
            self.told += len(packet.arrays["loss"])
        elif packet.kind == MOMENT:
            step = packet.fields["step"]
            require(type(step) is int and step > self.last)
            self.moments, self.last, self.seconds = self.moments + 1, step, float(packet.fields["seconds"])
            if (positions := packet.arrays.get("positions")) is not None:
                require(positions.shape == (shown, 2))
                self.positions = positions if (np.abs(positions) < FARTHEST).all() else None
        elif packet.kind == WATCHED:
            listed = listed_in(packet, pair)
            p = packet.arrays["p"]
            require(p.shape == (len(listed.rows), listed.columns.shape[1] + 1) and p.dtype == np.float32)
            more, known = Watched([listed], p), () if self.watched is None else self.watched.rows
            require(packet.fields["first"] == len(known) and not np.isin(listed.rows, known).any())
            self.watched = more if self.watched is None else self.watched.and_of(more)


def listed_in(packet: Packet, pair: Pair) -> Listed:
    """The rows and columns that a packet says are watched, if the pair has them."""
    held = [packet.arrays[name] for name in ("rows", "places")]
    require(all(array.dtype == np.int32 for array in held))
    rows, columns = (array.astype(np.int64) for array in held)
    require(rows.ndim == 1 and columns.ndim == 2 and len(rows) == len(columns) and columns.shape[1] > 0)
    require(((rows >= 0) & (rows < pair.target.n)).all() and len(np.unique(rows)) == len(rows))
    require(((columns >= NONE) & (columns < pair.target.m)).all())
    in_order = np.sort(columns, axis=1)
    require(not ((np.diff(in_order) == 0) & (in_order[:, 1:] != NONE)).any())
    return Listed(rows, columns, (pair.target.n, pair.target.m))


def require(holds: object) -> None:
    """Refuse what no recording says."""
    if not holds:
        raise ValueError("its numbers do not fit together")
