"""Where arrays stand in .npy, .npz and .safetensors files, by their headers alone, which are believed in nothing."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from iconlearn._errors import FileFormatError

LONGEST = 1 << 24  # bytes of a header of .safetensors
AGAIN = "the file is damaged or truncated: write it again"

_TYPES = {
    "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64", "BOOL": "bool",
    "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "U8": "uint8", "U16": "uint16", "U32": "uint32", "U64": "uint64",
}  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """An array in a file.

    Attributes
    ----------
    shape : tuple of int
    dtype : str
    raw : dtype
        As NumPy reads it: with its byte order, and bfloat16 as uint16.
    offset : int
        Bytes before the first number, in the file or, where it is packed, in the member.
    fortran : bool
        Whether columns stand one after the other.
    packed : str, default None
        The compressed member of a zip archive that holds it.
    """

    shape: tuple[int, ...]
    dtype: str
    raw: np.dtype
    offset: int
    fortran: bool = False
    packed: str | None = None

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.raw.itemsize

    @contextmanager
    def open(self, path: Path) -> Iterator[IO[bytes]]:
        """The file, or the unpacked member, from the first number on."""
        with open(path, "rb") as file:
            if self.packed is None:
                file.seek(self.offset)
                yield file
                return
            with zipfile.ZipFile(file) as archive, archive.open(self.packed) as member:
                member.read(self.offset)
                yield member

    def load(self, path: Path) -> np.ndarray:
        """All of it, which is for labels and not for features."""
        if self.raw.hasobject:
            raise ValueError("allow_pickle")  # worded by `reading`
        with self.open(path) as file:
            flat = np.frombuffer(file.read(self.bytes), dtype=self.raw)
        return flat.reshape(self.shape, order="F" if self.fortran else "C")


def npy_array(path: Path, file: IO[bytes], held: int, called: str = "") -> Stored:
    """The array of the .npy that begins here in ``file`` and is ``held`` bytes long; ``offset`` is from here on."""
    form, start = np.lib.format, file.tell()
    version = form.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise FileFormatError(f"{path}{called}: .npy of version {version}, which no table has; save it again")
    read = form.read_array_header_1_0 if version == (1, 0) else form.read_array_header_2_0
    shape, fortran, dtype = read(file)
    if any(n < 0 for n in shape):
        raise FileFormatError(f"{path}{called}: promises a shape of {shape}, which no array has; {AGAIN}")
    offset = file.tell() - start
    name = dtype.newbyteorder("=").name
    found = Stored(tuple(shape), name, dtype, offset, fortran and sum(n > 1 for n in shape) > 1)
    if not dtype.hasobject and found.bytes > held - offset:
        raise FileFormatError(
            f"{path}{called}: promises {found.shape} of {name}, {found.bytes} bytes, but holds "
            f"{max(0, held - offset)}; {AGAIN}"
        )
    return found


def npy_arrays(path: Path) -> dict[str, Stored]:
    """The one array, which has no name."""
    with open(path, "rb") as file:
        return {"": npy_array(path, file, path.stat().st_size)}


def npz_arrays(path: Path) -> dict[str, Stored]:
    """The arrays of an .npz by name."""
    found, size = {}, path.stat().st_size
    with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                continue
            name = member.filename.removesuffix(".npy")
            with archive.open(member) as stream:
                array = npy_array(path, stream, member.file_size, f" ({name!r})")
            if member.compress_type != zipfile.ZIP_STORED:
                found[name] = replace(array, packed=member.filename)
                continue
            file.seek(member.header_offset + 26)  # lengths of the name and of the extra field before the data
            before = 30 + int(np.frombuffer(file.read(4), dtype="<u2").sum(dtype=np.int64))
            found[name] = replace(array, offset=member.header_offset + before + array.offset)
            if member.header_offset + before + member.file_size > size:
                raise FileFormatError(f"{path} ({name!r}): goes beyond the end of the file; {AGAIN}")
    return found


def safetensors_arrays(path: Path) -> tuple[dict[str, Stored], dict[str, str]]:
    """The arrays of a .safetensors by name, and the metadata."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(LONGEST, size - 8):
            raise FileFormatError(f"{path}: promises a header of {length} bytes in a file of {size}; {AGAIN}")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise FileFormatError(f"{path}: its header is no table of arrays; {AGAIN}")
    told = header.pop("__metadata__", None)
    metadata = told if isinstance(told, dict) else {}
    return {name: _tensor(path, name, entry, 8 + length, size) for name, entry in header.items()}, metadata


def _tensor(path: Path, name: str, entry: Any, begin: int, size: int) -> Stored:
    """An entry of a header of .safetensors, whose every number is checked."""
    try:
        dtype, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or not all(
            type(number) is int and number >= 0 for number in [*shape, start, stop]
        ):
            raise ValueError(entry)
    except (TypeError, KeyError, ValueError) as error:
        raise FileFormatError(
            f"{path} ({name!r}): its header entry {entry!r:.80} is none; {AGAIN}"
        ) from error
    known = _TYPES.get(dtype, dtype)
    raw = np.dtype("<u2" if known == "bfloat16" else known if dtype in _TYPES else "V1").newbyteorder("<")
    found = Stored(tuple(shape), known, raw, begin + start)
    promised = found.bytes if dtype in _TYPES else stop - start
    if promised != stop - start or begin + stop > size:
        raise FileFormatError(
            f"{path} ({name!r}): promises {found.shape} of {known}, {promised} bytes at {start} to {stop}, but the "
            f"file holds {size - begin}; {AGAIN}"
        )
    return found
