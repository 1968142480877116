"""A recording as it grows: where its packets lie in the file, so that every page reads it at its own pace."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from iconlearn._errors import FileFormatError
from iconlearn.recording.packets import LEAD, Packet, decode, lengths_of


class Tape:
    """The packets of a recording, by number; only their places are held in memory.

    The file is read, never written; a packet counts when it is there whole. It stays open, so that it can be read
    while it is moved from the folder of an unfinished run to that of a finished one.

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
    ...     found, step = tape.grow(), tape.packet(0).fields["step"]
    ...     tape.close()
    >>> found, step
    (True, 4)
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.places: list[tuple[int, int]] = []
        self.generation = 0
        self.flaw = ""
        self._file: BinaryIO | None = None

    def __len__(self) -> int:
        return len(self.places)

    @property
    def end(self) -> int:
        """Bytes up to the end of the last whole packet."""
        return sum(self.places[-1]) if self.places else 0

    def grow(self) -> bool:
        """Look for packets that have come; were there any?"""
        if self._file is None:
            with suppress(OSError):
                self._file = open(self.path, "rb")  # noqa: SIM115
        if self._file is None:
            return False
        before, size = len(self.places), os.fstat(self._file.fileno()).st_size
        self.flaw = ""
        while self.end < size:
            place = self.end
            self._file.seek(place)
            try:
                length = LEAD + sum(lengths_of(self._file.read(LEAD)))
            except FileFormatError as cause:
                self.flaw = str(cause)
                break
            if place + length > size:
                self.flaw = f"packet: is cut, {size - place} of {length} bytes are there"
                break
            self.places.append((place, length))
        return len(self.places) > before

    def again(self, path: Path) -> None:
        """Read from a path, as the file may be another one; what is no longer there is forgotten."""
        self.close()
        self.path = path
        known, self.places = self.places, []
        self.grow()
        if self.places[: len(known)] != known:
            self.generation += 1

    def forget(self) -> None:
        """The file is begun anew, or cut back."""
        self.close()
        if self.places:
            self.places = []
            self.generation += 1

    def read(self, number: int) -> bytes:
        """The bytes of a packet; short if the file was cut meanwhile."""
        if self._file is None:
            return b""
        place, length = self.places[number]
        self._file.seek(place)
        return self._file.read(length)

    def packet(self, number: int) -> Packet:
        """A packet, decoded."""
        return decode(self.read(number))

    def first(self, kind: str, among: int = 4) -> Packet | None:
        """The first packet of a kind, which is among the first few."""
        for number in range(min(among, len(self.places))):
            packet = self.packet(number)
            if packet.kind == kind:
                return packet
        return None

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None
