"""What tests of the explorer share: a server in a thread, a small page, and a stand-in for the catalogue."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.sync.client import ClientConnection, connect

from iconlearn._checks import check_names, check_number
from iconlearn._errors import InputError
from iconlearn.explorer import bodies
from iconlearn.explorer import site as site_module
from iconlearn.explorer.library import Library
from iconlearn.explorer.runs import Runs
from iconlearn.explorer.server import bind, build, server_of
from iconlearn.explorer.site import Site
from iconlearn.methods import method
from iconlearn.recording.packets import Packet, PacketFile, decode
from iconlearn.run import RunOptions, job

TOKEN = "a-token-of-tests"
INDEX = """<!doctype html><html><head><title>page</title>
<script type="module" crossorigin src="./assets/explorer.js"></script>
<link rel="stylesheet" crossorigin href="./assets/explorer.css"></head><body><div id="app"></div></body></html>"""


def run_request(payload: Any, dataset: Any) -> tuple[str, RunOptions]:
    """As the catalogue's, for the little that is asked for here."""
    row = method(payload["method"])
    if row.takes.name != dataset.form:
        raise InputError(f"{row.name}: data={dataset.name!r} holds {dataset.form}; choose {row.takes.name}")
    check_names(row.name, payload["parameters"], set(row.parameters))
    options = dict(payload["options"])
    check_number(row.name, "max_iter", options.get("max_iter", 1), low=1, integer=True)
    return row.name, RunOptions(payload["parameters"], **options)


def stand_in(monkeypatch: Any) -> None:
    """Replace what is slow in the catalogue."""
    certificate = {
        "lines": [{"claim": "it is", "measured": 0.0, "bound": 1.0, "holds": True}],
        "seconds": 0.0,
    }
    found = {
        "table": lambda: {"methods": [{"name": "t-sne"}]},
        "entry": lambda row: {"name": row.name},
        "exported": lambda names: {"methods": [{"name": name} for name in sorted(names)]},
        "prepare": lambda: None,
        "certificate": lambda name: certificate,
        "run_request": run_request,
    }
    monkeypatch.setattr(bodies, "PATIENCE", 0.2)
    for name, value in found.items():
        monkeypatch.setattr(site_module.catalogue, name, value)


def feeds(dataset: Any) -> tuple[list[str], dict[str, str]]:
    """Everything learns from rows, and nothing from anything else."""
    return (["t-sne"], {}) if dataset.form == "rows" else ([], {"t-sne": f"needs rows, not {dataset.form}"})


def undrawn() -> None:
    """In a worker: leave out the pictures of a run, which take longer than the run."""
    job.draw = lambda *of_the_run: None


def small_page(folder: Path) -> Path:
    """A front end of three files."""
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(INDEX)
    (folder / "assets" / "explorer.js").write_text("const s = '</script><!-- <script>'; document.title = s;")
    (folder / "assets" / "explorer.css").write_text("body { color: #333; content: '</style>' }")
    return folder


@dataclass
class Served:
    """A server in a thread, and a client of the right page."""

    runs: Runs
    library: Library
    port: int
    client: httpx.Client

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stream(self, id: str, **options: Any) -> Any:
        """A socket of a run."""
        options = {"origin": self.origin, "max_size": None, "compression": None, **options}
        return connect(f"ws://127.0.0.1:{self.port}/{TOKEN}/api/runs/{id}/stream", **options)


@contextmanager
def served(folder: Path, most: int = 1 << 20) -> Iterator[Served]:
    """A server of a small page whose runs lie in a folder."""
    library = Library(feeds, folder / "runs" / "uploads", most)
    runs = Runs(folder / "runs", undrawn)
    listener = bind(0)
    port = listener.getsockname()[1]
    page = small_page(folder / "page")
    site = Site(library, runs, page)
    server = server_of(build(site, TOKEN, port, lambda words: None), runs)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    origin = {"origin": f"http://127.0.0.1:{port}"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}/{TOKEN}/", headers=origin, timeout=30) as client:
            yield Served(runs, library, port, client)
    finally:
        server.should_exit = True
        thread.join(30)
        runs.kill()
        listener.close()
        assert not thread.is_alive()


def receive(page: ClientConnection, until: str, timeout: float = 20.0, ack: bool = True) -> list[Packet]:
    """Packets up to the first of a kind."""
    found, got = [], 0
    while not found or found[-1].kind != until:
        body = page.recv(timeout=timeout)
        assert isinstance(body, bytes)
        got += len(body)
        if ack:
            page.send(json.dumps({"ack": got}))
        found.append(decode(body))
    return found


def record(folder: Path, steps: int = 3, end: str | None = "finished", rows: int = 5) -> Path:
    """A folder with a small recording, made by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "recording.icon"
    file = PacketFile(path)
    rng = np.random.default_rng(0)
    data = {"name": "pets", "n": rows, "d": 3, "classes": ["cat", "dog"], "kind": "rows"}
    file.append(Packet("run", {"method": "t-sne", "title": "t-SNE", "data": data, "total": steps}))
    columns = [{"name": "label", "kind": "category", "categories": ["cat", "dog"]}]
    arrays = {"rows": np.arange(rows, dtype=np.uint32), "column_0": np.arange(rows, dtype=np.int32) % 3 - 1}
    file.append(Packet("points", {"n": rows, "columns": columns}, arrays))
    watched = {
        "points": np.array([0, 2], np.int32),
        "columns": np.array([[1, 2], [0, 1]], np.int32),
        "p": np.array([[0.5, 0.3, 0.2], [0.6, 0.4, 0.0]], np.float32),
    }
    file.append(Packet("watched", {"first": 0}, watched))
    for step in range(steps):
        now = {
            "positions": rng.normal(size=(rows, 2)).astype(np.float32),
            "divergence": np.array([step, 10 + step], np.float32),
        }
        file.append(
            Packet("moment", {"step": step, "loss": 1.0 / (1 + step), "seconds": 0.1, "stats": {}}, now)
        )
    if end is not None:
        file.append(
            Packet("end", {"state": end, "message": "", "steps": steps, "seconds": 1.0, "metrics": {}})
        )
    return path


def wait_for(server: Served, id: str, *states: str, timeout: float = 60.0) -> dict[str, Any]:
    """The entry of a run once it is in one of some states."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        (entry,) = (run for run in server.client.get("api/runs").json() if run["id"] == id)
        if entry["state"] in states:
            return entry
        time.sleep(0.05)
    raise AssertionError(f"{id} is {entry}, not {states}")


@contextmanager
def secured(folder: Path) -> Iterator[Served]:
    """A server with a stand-in for the catalogue, and one run that was given."""
    record(folder / "given")
    with pytest.MonkeyPatch.context() as patch:
        stand_in(patch)
        with served(folder) as server:
            server.runs.add(folder / "given")
            yield server


def raw(port: int, text: bytes) -> int:
    """The status of an answer to bytes that no client would send."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(text)
        head = b""
        while b"\r\n\r\n" not in head and (piece := line.recv(4096)):
            head += piece
    return int(head.split()[1])
