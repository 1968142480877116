"""A recording as it grows: where its packets lie in the file, so that every page reads it at its own pace."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from iconlearn._errors import FileFormatError
from iconlearn.recording.packets import END, LEAD, LOSSES, MOMENT, Packet, decode, lengths_of

LAST = 16  # packets, among which is one that tells of a step


class Tape:
    """The packets of a recording, by number; only their places are held in memory.

    The file is read, never written, and open only while it is; a packet counts when it is there whole.

    Attributes
    ----------
    places : list of (int, int)
        Begin and length of every packet.
    generation : int
        Grows when packets that were there are no more: a run went on from an earlier step.
    flaw : str
        What is wrong behind the last whole packet, if anything is.

    Examples
    --------
    >>> import tempfile
    >>> from iconlearn.recording.packets import PacketFile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = PacketFile(Path(folder) / "recording.icon")
    ...     file.append(Packet("moment", {"step": 4}))
    ...     tape = Tape(file.path)
    ...     tape.grow(), tape.packet(0).fields["step"]
    (True, 4)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: list[tuple[int, int]] = []
        self.generation = 0
        self.flaw = ""

    def __len__(self) -> int:
        return len(self.places)

    @property
    def end(self) -> int:
        """Bytes up to the end of the last whole packet."""
        return sum(self.places[-1]) if self.places else 0

    def grow(self) -> bool:
        """Look for packets that have come; were there any?"""
        before = len(self.places)
        with suppress(FileNotFoundError), open(self.path, "rb") as file:
            self._scan(file)
        return len(self.places) > before

    def _scan(self, file: BinaryIO) -> None:
        size, self.flaw = os.fstat(file.fileno()).st_size, ""
        while self.end < size:
            place = self.end
            file.seek(place)
            try:
                length = LEAD + sum(lengths_of(file.read(LEAD)))
            except FileFormatError as cause:
                self.flaw = str(cause)
                return
            if place + length > size:
                self.flaw = f"packet: is cut, {size - place} of {length} bytes are there"
                return
            self.places.append((place, length))

    def again(self, path: Path) -> None:
        """Read from a path, as the file may be another one; what is no longer there is forgotten."""
        self.path = path
        known, self.places = self.places, []
        self.grow()
        if self.places[: len(known)] != known:
            self.generation += 1

    def forget(self) -> None:
        """The file is begun anew, or cut back."""
        if self.places:
            self.places = []
            self.generation += 1

    def read(self, number: int) -> bytes:
        """The bytes of a packet; fewer if the file is no longer what it was."""
        place, length = self.places[number]
        with suppress(FileNotFoundError), open(self.path, "rb") as file:
            file.seek(place)
            return file.read(length)
        return b""

    def packet(self, number: int) -> Packet:
        """A packet, decoded."""
        return decode(self.read(number))

    def reached(self) -> int:
        """The step that the last packets tell of; 0 if they tell of none."""
        steps = [0]
        for number in range(max(0, len(self) - LAST), len(self)):
            with suppress(FileFormatError, LookupError, TypeError, ValueError, OverflowError):
                packet = self.packet(number)
                if packet.kind == END:
                    steps.append(int(packet.fields["steps"]))
                elif packet.kind == MOMENT:
                    steps.append(int(packet.fields["step"]))
                elif packet.kind == LOSSES:
                    steps.append(int(packet.fields["first"]) + len(packet.arrays["loss"]))
        return max(steps)

    def first(self, kind: str, among: int = 4) -> Packet | None:
        """The first packet of a kind, which is among the first few."""
        for number in range(min(among, len(self.places))):
            packet = self.packet(number)
            if packet.kind == kind:
                return packet
        return None


def furthest(places: Iterable[Path]) -> Path | None:
    """The recording that reaches furthest, of several the first; None if there is none.

    A run that was stopped and gone on with has two: that with its results, and that of what came after.
    """
    best, reached = None, -1
    for path in places:
        if path.is_file():
            tape = Tape(path)
            tape.grow()
            if (steps := tape.reached()) > reached:
                best, reached = path, steps
    return best
