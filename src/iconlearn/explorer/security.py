"""Who may ask: the page that this server's own address opened, and nobody else."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN_BYTES = 24
NOT_HERE = 404
HOSTS = ("127.0.0.1", "localhost")
UNTOLD = "there is nothing at this address; open the address that `iconlearn explore` printed, token and all"


def new_token() -> str:
    """192 random bits as text: what an address has to begin with."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def policy(port: int) -> str:
    """The content-security policy: code, styles and data of this server only."""
    sockets = " ".join(f"ws://{host}:{port}" for host in HOSTS)
    rules = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "worker-src 'self'",
        f"connect-src 'self' {sockets}",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(rules)


def safe_headers(port: int) -> list[tuple[bytes, bytes]]:
    """What every answer carries."""
    headers = {
        "content-security-policy": policy(port),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "cache-control": "no-store",
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()]


class Guard:
    """ASGI middleware that every request and every socket passes, and that the application is never without.

    A request has to name this server as its host, or a page elsewhere could reach it under a name of its own
    (DNS rebinding: 421). Its path has to begin with the token (404 else, as of a page that is not there). It has
    to come from a page of this server: the origin, where a browser sends one, must be the own one, and sockets and
    requests that change something must send it (403). The application sees the path behind the token.

    Parameters
    ----------
    app : ASGI application
    token : str
    port : int
        Where the server listens.
    """

    def __init__(self, app: App, token: str, port: int) -> None:
        self.app, self.token, self.port = app, token.encode(), port
        self.hosts = {f"{host}:{port}" for host in HOSTS}
        self.headers = safe_headers(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        send = self._with_headers(send)
        refused = self.refusal(scope)
        if refused is not None:
            await refuse(scope, send, *refused)
            return
        rest = "/" + scope["path"].partition("/")[2].partition("/")[2]
        await self.app({**scope, "path": rest, "raw_path": rest.encode(), "root_path": ""}, receive, send)

    def refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Status and reason, if the request may not pass."""
        hosts, origins = (_values(scope, name) for name in (b"host", b"origin"))
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return (
                421,
                f"this server is {' or '.join(sorted(self.hosts))}, and no other; open it by that name",
            )
        given = scope["path"].split("/")
        if len(given) < 3 or not secrets.compare_digest(given[1].encode("utf-8", "replace"), self.token):
            return NOT_HERE, UNTOLD
        needed = scope["type"] == "websocket" or scope.get("method") not in ("GET", "HEAD")
        if (origins or needed) and origins != [f"http://{hosts[0]}"]:
            return 403, "the request comes from another page; use the page that this server sends"
        return None

    def _with_headers(self, send: Send) -> Send:
        """Answers get the headers, in place of those of the same name."""

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                ours = {name for name, _ in self.headers}
                kept = [(k, v) for k, v in message.get("headers", ()) if bytes(k).lower() not in ours]
                message = {**message, "headers": [*kept, *self.headers]}
            await send(message)

        return sending


def _values(scope: Scope, name: bytes) -> list[str]:
    return [bytes(v).decode("latin-1") for k, v in scope["headers"] if bytes(k).lower() == name]


async def refuse(scope: Scope, send: Send, status: int, reason: str) -> None:
    """Answer with an error; a socket before it is opened."""
    kind = "http.response"
    if scope["type"] == "websocket":
        if "websocket.http.response" not in scope.get("extensions", {}):
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
            return
        kind = "websocket.http.response"
    # a page that was left open asks for another server's secret
    moved = {"moved": True} if status == NOT_HERE else {}
    body = json.dumps({"error": reason, **moved}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{kind}.start", "status": status, "headers": headers})
    await send({"type": f"{kind}.body", "body": body, "more_body": False})
