"""What pages send: bodies of requests, which are bounded in length and in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from iconlearn.explorer.answers import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

MOST_JSON = 1 << 16  # bytes of a request in JSON
STALLED = 20.0  # seconds for which the next piece of an upload is waited for
PATIENCE = 5.0  # seconds for which more than is wanted is read


async def in_time(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces of a body, of which each has to come soon: a page that is gone may leave the line open."""
    while True:
        try:
            yield await asyncio.wait_for(anext(stream), STALLED)
        except StopAsyncIteration:
            return
        except asyncio.TimeoutError as cause:
            raise RefusedError(408, f"nothing came for {STALLED:g} seconds; send the file again") from cause


async def drain(request: Request) -> None:
    """Let a page finish sending what is not wanted, for a while: it reads the answer only then."""
    stream = request.stream()
    with suppress(asyncio.TimeoutError, RuntimeError):  # RuntimeError: it had been read to the end
        await asyncio.wait_for(_spill(stream), PATIENCE)


async def _spill(stream: AsyncIterator[bytes]) -> None:
    async for _ in stream:
        pass


async def read_json(request: Request) -> Mapping[str, Any]:
    """The object that a request holds, which is short."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_JSON:
            raise RefusedError(413, f"the request is longer than {MOST_JSON} bytes; reload the page")
    try:
        said = json.loads(body, parse_constant=refuse_number)
    except (ValueError, RecursionError) as cause:
        raise RefusedError(400, f"the request is no JSON ({cause}); reload the page") from cause
    if not isinstance(said, dict):
        raise RefusedError(400, "the request is no JSON object; reload the page")
    return said


def refuse_number(word: str) -> Any:
    """NaN and infinity are no JSON."""
    raise ValueError(f"{word} is no number")
