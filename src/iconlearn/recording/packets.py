"""Packets: what a recording is made of, in a file, between processes and on the way to a page."""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from iconlearn._errors import FileFormatError, InputError
from iconlearn._files import aside

log = logging.getLogger("iconlearn")

# Kinds, in the order of a recording; "frame" and "state" are live only and never in a file.
RUN, POINTS, SAMPLES, WATCHED = "run", "points", "samples", "watched"
MOMENT, LOSSES, END = "moment", "losses", "end"
FRAME, STATE = "frame", "state"
KINDS = (RUN, POINTS, SAMPLES, WATCHED, MOMENT, LOSSES, END)
LIVE = (FRAME, STATE)

MAGIC = b"ICON"
LEAD = 12  # bytes before the header: the magic, and the lengths of header and body
ALIGN = 8
PIECE = 1 << 20  # bytes that are copied at a time
MOST_HEADER, MOST_BODY, MOST_AXES = 16 << 20, 2 << 30, 8
DTYPES = {name: np.dtype(name) for name in ("<f4", "<i4", "<u4", "|u1", "<f8")}


@dataclass(frozen=True, eq=False)
class Packet:
    """One packet: its kind, fields as JSON holds them, and arrays.

    Parameters
    ----------
    kind : str
        One of ``KINDS`` or ``LIVE``; readers pass over kinds that they do not know.
    fields : dict
        Anything that JSON holds; NaN and infinity become null.
    arrays : dict of str to array
        Of float32, float64, int32, uint32 or uint8; those that were read cannot be written to.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


def encode(packet: Packet) -> bytes:
    """The bytes of a packet: ``ICON``, the lengths of header and body, a header of JSON, a body of arrays.

    Everything is little endian, and every array is C-contiguous and begins at a multiple of 8.

    Parameters
    ----------
    packet : Packet

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        If a field is called "kind" or "arrays" or is nothing that JSON holds, an array has another type, or the
        packet is longer than a reader takes.

    Examples
    --------
    >>> body = encode(Packet("losses", {"first": 0}, {"loss": np.zeros(3, np.float32)}))
    >>> len(body) % 8, decode(body).arrays["loss"].tolist()
    (0, [0.0, 0.0, 0.0])
    """
    if clash := {"kind", "arrays"} & set(packet.fields):
        raise InputError(f"Packet: fields={sorted(clash)} are names of the format; give them others")
    table, pieces, place = {}, [], 0
    for name, array in packet.arrays.items():
        # an order of bytes that is not ours is changed by the copy
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
        if little.dtype.str not in DTYPES or little.ndim > MOST_AXES:
            raise InputError(
                f"Packet: arrays[{name!r}] has type {array.dtype} and {array.ndim} axes; give float32, float64, int32, "
                f"uint32 or uint8 and at most {MOST_AXES} axes"
            )
        table[name] = {"dtype": little.dtype.str, "shape": list(little.shape), "offset": place}
        gap = -little.nbytes % ALIGN
        pieces += [little.tobytes(), bytes(gap)]
        place += little.nbytes + gap
    try:
        text = json.dumps(
            {"kind": packet.kind, **plain(packet.fields), "arrays": table},
            allow_nan=False,
            ensure_ascii=False,
        ).encode()
    except (TypeError, ValueError, RecursionError) as cause:
        raise InputError(
            f"Packet: a field is nothing that JSON holds ({cause}); give numbers and words"
        ) from cause
    text += b" " * (-(LEAD + len(text)) % ALIGN)
    if len(text) > MOST_HEADER or place > MOST_BODY:
        raise InputError(
            f"Packet: a header of {len(text)} bytes and a body of {place}, of which {MOST_HEADER} and {MOST_BODY} are "
            "read; give fewer rows"
        )
    lengths = len(text).to_bytes(4, "little") + place.to_bytes(4, "little")
    return b"".join([MAGIC, lengths, text, *pieces])


def plain(value: Any) -> Any:
    """A value as JSON holds it: NumPy's numbers as Python's, tuples as lists, NaN and infinity as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def decode(buffer: bytes | bytearray | memoryview) -> Packet:
    """The packet that the bytes are; its arrays are views of them.

    Parameters
    ----------
    buffer : bytes
        One packet, whole, and nothing else.

    Returns
    -------
    Packet

    Raises
    ------
    FileFormatError
        If they are anything else.

    Examples
    --------
    >>> decode(encode(Packet("state", {"step": 3, "loss": float("nan")}))).fields
    {'step': 3, 'loss': None}
    """
    view = memoryview(buffer).toreadonly().cast("B")
    header, body = lengths_of(bytes(view[:LEAD]))
    if len(view) != LEAD + header + body:
        raise FileFormatError(
            f"packet: {len(view)} bytes where its lengths ask for {LEAD + header + body}; it is cut or damaged"
        )
    told = read_header(bytes(view[LEAD : LEAD + header]))
    kind, table = told.pop("kind"), told.pop("arrays")
    arrays = {}
    for name, about in table.items():
        dtype, shape, offset = layout_of(name, about, body)
        flat = np.frombuffer(view, dtype, math.prod(shape), LEAD + header + offset)
        arrays[name] = flat.reshape(shape)
    return Packet(kind, told, arrays)


def lengths_of(lead: bytes) -> tuple[int, int]:
    """Lengths of header and body; refused before anything of that length is made."""
    if len(lead) < LEAD or lead[:4] != MAGIC:
        raise FileFormatError(f"packet: begins with {lead[:4]!r}, not with {MAGIC!r}; it is not one")
    header, body = (int.from_bytes(lead[at : at + 4], "little") for at in (4, 8))
    if header > MOST_HEADER or body > MOST_BODY or header % ALIGN != -LEAD % ALIGN:
        raise FileFormatError(
            f"packet: a header of {header} bytes and a body of {body}; at most {MOST_HEADER} and {MOST_BODY} are read, "
            "and headers are padded; it is damaged"
        )
    return header, body


def read_header(text: bytes) -> dict[str, Any]:
    """What a header says: a ``kind``, a table of ``arrays``, and fields."""

    def no_number(word: str) -> Any:
        raise ValueError(f"{word} is no number of JSON")

    try:
        told = json.loads(text.decode(), parse_constant=no_number)
    except (ValueError, RecursionError) as cause:  # of JSON and of UTF-8
        raise FileFormatError(f"packet: its header is no JSON ({cause}); it is damaged") from cause
    if not (
        isinstance(told, dict) and isinstance(told.get("kind"), str) and isinstance(told.get("arrays"), dict)
    ):
        raise FileFormatError("packet: its header names no kind or no arrays; it is damaged")
    return told


def layout_of(name: str, about: Any, body: int) -> tuple[np.dtype, tuple[int, ...], int]:
    """Type, shape and place of an array that lies within the body."""
    if isinstance(about, dict):
        dtype, shape, offset = (about.get(key) for key in ("dtype", "shape", "offset"))
        kind = DTYPES.get(dtype) if isinstance(dtype, str) else None
        if kind is not None and isinstance(shape, list) and len(shape) <= MOST_AXES and type(offset) is int:
            sizes = tuple(size for size in shape if type(size) is int and size >= 0)
            fits = (
                math.prod(max(1, size) for size in sizes) <= MOST_BODY
            )  # NumPy counts axes beside an empty one
            within = offset >= 0 and offset + math.prod(sizes) * kind.itemsize <= body
            if len(sizes) == len(shape) and fits and within and offset % ALIGN == 0:
                return kind, sizes, offset
    raise FileFormatError(
        f"packet: arrays[{name!r}] is {about!r:.200}, which does not lie within a body of {body} bytes; it is damaged"
    )


def read_packets(path: str | os.PathLike[str]) -> Iterator[Packet]:
    """The packets of a recording, one after another; one that is cut or damaged ends it, and a warning is logged.

    Parameters
    ----------
    path : path
        Such as ``recording.icon`` in the folder of a run.

    Yields
    ------
    Packet

    Raises
    ------
    FileFormatError
        If the file does not begin with a packet.
    OSError
        If it cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = PacketFile(Path(folder) / "recording.icon")
    ...     file.append(Packet("moment", {"step": 0}))
    ...     [packet.fields["step"] for packet in read_packets(file.path)]
    [0]
    """
    for packet, _ in placed_packets(Path(path)):
        yield packet


def placed_packets(path: Path) -> Iterator[tuple[Packet, int]]:
    """Packets, and where in the file each ends."""
    with open(path, "rb") as file:
        size, place = os.fstat(file.fileno()).st_size, 0
        while place < size or not place:
            try:
                packet = next_packet(file, size - place)
            except FileFormatError as cause:
                if not place:
                    raise FileFormatError(
                        f"{path}: is no recording ({cause}); give recording.icon of a run"
                    ) from cause
                log.warning(
                    "%s: is damaged from byte %d on (%s); the %d bytes before are read",
                    path,
                    place,
                    cause,
                    place,
                )
                return
            place = file.tell()
            yield packet, place


def next_packet(file: BinaryIO, left: int) -> Packet:
    """The packet that begins here, if it lies within the bytes that are left."""
    lead = file.read(LEAD)
    header, body = lengths_of(lead)
    if LEAD + header + body > left:
        raise FileFormatError(f"packet: is cut, {left} of {LEAD + header + body} bytes are there")
    return decode(lead + file.read(header + body))


class PacketFile:
    """A recording on disk that grows by whole packets, and is cut back where a run goes on from earlier.

    Parameters
    ----------
    path : Path
        Its folder is made when there is something to write.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = PacketFile(Path(folder) / "recording.icon")
    ...     for step in (0, 4, 9):
    ...         file.append(Packet("moment", {"step": step}))
    ...     file.truncate_after(5)
    ...     [packet.fields["step"] for packet in file.read()]
    [0, 4]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def append(self, *packets: Packet) -> None:
        """Write packets at the end, and pass them on to the system."""
        bodies = [encode(packet) for packet in packets]
        if not self.path.parent.is_dir():
            self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "ab") as file:
            file.writelines(bodies)

    def read(self) -> list[Packet]:
        """All packets; none where there is no recording."""
        try:
            return list(read_packets(self.path))
        except (FileNotFoundError, FileFormatError):
            return []

    def truncate_after(self, step: int) -> None:
        """Keep what was recorded of the first ``step`` steps, up to the first packet that tells of later ones.

        The moment of an end goes, too: after Ctrl-C it shows the best state, from which no run goes on. What is kept
        becomes a new file, so that whoever reads the old one reads it to its end.
        """
        kept = 0
        try:
            for packet, end in placed_packets(self.path):
                if reach(packet) > step:
                    break
                kept = end
            if kept < self.path.stat().st_size:
                with open(self.path, "rb") as whole, aside(self.path) as part:
                    while piece := whole.read(min(PIECE, kept - part.tell())):
                        part.write(piece)
        except FileNotFoundError:
            return
        except FileFormatError:
            self.clear()

    def clear(self) -> None:
        """Forget all."""
        self.path.unlink(missing_ok=True)


def reach(packet: Packet) -> float:
    """How many steps have to be taken for a packet to be made; what a damaged one tells is of later ones."""
    if packet.kind == END or packet.fields.get("final"):
        return math.inf
    try:
        if packet.kind == MOMENT:
            return int(packet.fields["step"])
        if packet.kind == LOSSES:
            return int(packet.fields["first"]) + len(packet.arrays["loss"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return math.inf
    return 0
