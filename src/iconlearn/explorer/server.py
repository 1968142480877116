"""The server: addresses, the guard before them, and a life from Ctrl-C to Ctrl-C."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from iconlearn._errors import IConLearnError, OptionError
from iconlearn.explorer.answers import Answer, RefusedError, refused
from iconlearn.explorer.hub import attend
from iconlearn.explorer.runs import Runs
from iconlearn.explorer.security import App, Guard
from iconlearn.explorer.site import Site

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

log = logging.getLogger("iconlearn")
MOST_SAID = 1 << 16  # bytes of one message of a page
PATIENCE = 3  # seconds that answers under way may take when the server ends


def bind(port: int) -> socket.socket:
    """A socket of this machine only, at a port or any free one.

    Raises
    ------
    OptionError
        If the port is taken or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let others in
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
    except (OSError, OverflowError) as cause:
        listener.close()
        raise OptionError(
            f"--port {port}: cannot be listened at ({cause}); leave --port out, any free one is taken then"
        ) from cause
    return listener


def build(site: Site, token: str, port: int, tell: Callable[[str], object] = print) -> App:
    """The application behind its guard.

    Parameters
    ----------
    site : Site
    token : str
    port : int
    tell : callable
        Says on the terminal what is waited for.
    """
    from starlette.applications import Starlette
    from starlette.routing import Route, WebSocketRoute

    def get(path: str, handler: Callable[[Any], Awaitable[Answer]], method: str = "GET") -> Route:
        return Route(path, answering(handler), methods=[method])

    async def stream(page: WebSocket) -> None:
        run = site.runs.runs.get(page.path_params["id"])
        if run is None:
            await page.close(1008, "no such run")
        else:
            await attend(page, run, site.runs)

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        yield
        await site.runs.close(tell)
        site.thread.shutdown(wait=False, cancel_futures=True)

    routes = [
        get("/", site.index),
        get("/assets/{name}", site.asset),
        get("/api/table", site.table),
        get("/api/methods/{name}", site.method),
        get("/api/methods/{name}/certificate", site.certificate),
        get("/api/data", site.data),
        get("/api/data", site.upload, "POST"),
        get("/api/points/{id}", site.points),
        get("/api/runs", site.list_runs),
        get("/api/runs", site.start, "POST"),
        get("/api/runs/{id}/continue", site.go_on, "POST"),
        get("/api/runs/{id}/recording", site.recording),
        get("/api/runs/{id}/points.parquet", site.parquet),
        get("/api/runs/{id}/export.html", site.export),
        WebSocketRoute("/api/runs/{id}/stream", stream),
    ]
    handlers: Any = {404: nowhere, 405: nowhere}
    return Guard(Starlette(routes=routes, lifespan=life, exception_handlers=handlers), token, port)


async def nowhere(request: Request, cause: Exception) -> Any:
    """No such address, or not in this way."""
    from starlette.responses import JSONResponse

    status = int(vars(cause).get("status_code", 404))
    return JSONResponse({"error": "there is nothing at this address; reload the page"}, status)


def made(answer: Answer) -> Any:
    """An answer as the framework sends it."""
    from starlette.responses import Response, StreamingResponse

    make: Any = Response if isinstance(answer.body, bytes) else StreamingResponse
    return make(answer.body, answer.status, answer.headers, answer.kind)


def answering(handler: Callable[[Any], Awaitable[Answer]]) -> Callable[[Request], Awaitable[Any]]:
    """An endpoint of the framework, which turns errors into answers."""

    async def endpoint(request: Request) -> Any:
        from starlette.requests import ClientDisconnect

        try:
            return made(await handler(request))
        except (RefusedError, IConLearnError) as cause:
            found = refused(cause)
        except ClientDisconnect:
            found = refused(RefusedError(400, "the request ended early; send it again"))
        except OSError as cause:
            name = cause.filename or "a file of the server"
            what = f"{name}: cannot be used ({cause.strerror}); make room, or start with another --runs DIR"
            found = refused(RefusedError(507, what))
        except MemoryError:
            found = refused(RefusedError(507, "out of memory; close other programs, or take fewer rows"))
        except Exception as cause:
            log.exception("a request failed")
            what = f"a defect of iconlearn ({type(cause).__name__}: {cause}); please report it"
            found = refused(RefusedError(500, what))
        return made(found)

    return endpoint


def server_of(app: App, runs: Runs) -> Any:
    """The server of the framework, with its limits.

    Parameters
    ----------
    app : ASGI application
    runs : Runs
        Those of the application.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",
        ws="websockets-sansio",
        ws_max_size=MOST_SAID,
        ws_per_message_deflate=False,
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        lifespan="on",
        timeout_graceful_shutdown=PATIENCE,
    )
    server = uvicorn.Server(config)
    runs.hurry = lambda: server.force_exit
    return server


def serve(app: App, listener: socket.socket, runs: Runs) -> None:
    """Serve until Ctrl-C, and stop the runs, whose results are written; the second Ctrl-C does not wait for them.

    Raises
    ------
    KeyboardInterrupt
        When all is done.
    """
    try:
        server_of(app, runs).run(sockets=[listener])
    finally:
        runs.kill()
        listener.close()
