"""What is sent back to a page: bytes, pieces of a file, or what went wrong in one line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from urllib.parse import quote

from iconlearn._errors import OptionError

PIECE = 1 << 20  # bytes that are read from a file at a time
BYTES, PARQUET = "application/octet-stream", "application/vnd.apache.parquet"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}


@dataclass
class Answer:
    """What is sent back: bytes, or pieces one after another."""

    body: bytes | AsyncIterator[bytes]
    kind: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """A request that is answered with an error."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status, self.more = status, more


def as_json(value: Any, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(json.dumps(value, allow_nan=False).encode(), status=status)


async def pieces(file: BinaryIO, end: int) -> AsyncIterator[bytes]:
    """The first bytes of a file, which is closed then."""
    with file:
        while end > 0 and (piece := await asyncio.to_thread(file.read, min(end, PIECE))):
            end -= len(piece)
            yield piece


def as_file(name: str) -> dict[str, str]:
    """The header by which a browser saves an answer under a name, of whatever letters."""
    return {"content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='', errors='replace')}"}


def one_line(cause: BaseException) -> str:
    """What went wrong, in one line."""
    return " ".join(str(cause).split())


def refused(cause: Exception) -> Answer:
    """The answer to what went wrong."""
    if isinstance(cause, RefusedError):
        answer = as_json({"error": one_line(cause), **cause.more}, cause.status)
        if cause.status in (408, 413):
            answer.headers["connection"] = "close"  # or what is still sent would be read for ever
        return answer
    status = 409 if isinstance(cause, OptionError) else 400
    return as_json({"error": one_line(cause)}, status)
