"""A real browser, and servers for it to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from serving import Server, chromium

PATIENCE = 30_000  # ms


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers that end with the test."""
    servers: list[Server] = []

    def start(*arguments: str) -> Server:
        servers.append(Server(tmp_path / f"runs{len(servers)}", *arguments))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages that may say nothing on the console and ask no other host for anything."""
    complaints: list[str] = []
    contexts: list[Any] = []

    def start(
        address: str, *, width: int = 1280, height: int = 900, dark: bool = False, lost: bool = False
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        own = urlsplit(address)

        def ask(request: Any) -> None:
            asked = urlsplit(request.url)
            if asked.scheme in ("http", "https", "ws", "wss") and asked.netloc != own.netloc:
                complaints.append(f"asks {request.url}")

        def say(message: Any) -> None:
            if message.type == "error" and not (lost and "ERR_CONNECTION" in message.text):
                complaints.append(f"console: {message.text}")

        page.on("request", ask)
        page.on("console", say)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.goto(address)
        return page

    yield start
    for context in contexts:
        context.close()
    assert not complaints, "\n".join(complaints)
