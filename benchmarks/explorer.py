"""What watching costs a run, and how fast a page shows points: ``python benchmarks/explorer.py``.

A run of t-SNE on digits is timed with nobody watching, with a page that takes every frame, and with a browser, in turn.
Then the browser shows ten thousand points that a run moves, and points of a table; the processor draws them where the
machine has no graphics card.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from reporting import Report, header, spread, table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from serving import Server, chromium

STEPS = 2000
MOVING, SECONDS = 10_000, 5  # points that move, and for how long
SIZES = (10_000, 100_000, 1_000_000)
ALONE, WATCHED, SHOWN = "nobody", "a page that draws nothing", "a page in Chromium"


def main() -> None:
    """Measure both and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", help="also append to this file of benchmarks/results")
    arguments = parser.parse_args()
    report = Report(arguments.out)
    report(header())
    with tempfile.TemporaryDirectory() as folder:
        report(watching(Path(folder), arguments.rounds))
        report("")
        report(opening(Path(folder), arguments.rounds))
        report("")
        report(moving(Path(folder)))
        report("")
        report(showing(Path(folder)))
    report("")


def watching(folder: Path, rounds: int) -> str:
    """Seconds of a fit by who watches, and how much slower it is than the one of its round that nobody watches."""
    import httpx

    seconds: dict[str, list[float]] = {ALONE: [], WATCHED: [], SHOWN: []}
    server = Server(folder / "runs")
    with chromium() as browser, httpx.Client(base_url=server.address, timeout=60) as client:
        client.headers["origin"] = server.address.rpartition("/")[0].rpartition("/")[0]
        fit(client)  # compiles

        def shown() -> float:
            page = browser.new_page()
            found = fit(client, shown=lambda name: page.goto(f"{server.address}#/run/{name}"))
            page.close()
            return found

        ways = {ALONE: lambda: fit(client), WATCHED: lambda: fit(client, server), SHOWN: shown}
        for round in range(rounds):
            for who in (*ways,)[round % 3 :] + (*ways,)[: round % 3]:  # each is first in turn
                seconds[who].append(ways[who]())
    server.stop()
    lines = []
    for who, found in seconds.items():
        ratios = [100 * (watched / alone - 1) for watched, alone in zip(found, seconds[ALONE], strict=True)]
        lines.append((who, spread(found, 2), spread(ratios)))
    return table((f"t-SNE on digits, {STEPS} steps, watched by", "seconds", "slower, %"), lines)


def opening(folder: Path, rounds: int) -> str:
    """Seconds from the command to its address, and from there to the table in a browser that is open."""
    printed, painted, drawn, opened = [], [], [], []
    with chromium() as browser:
        for k in range(rounds):
            begin = time.perf_counter()
            server = Server(folder / f"opening{k}")
            printed.append(time.perf_counter() - begin)
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            start = time.perf_counter()
            page.goto(server.address)
            page.locator("[data-testid=table] a.chip").first.wait_for()
            drawn.append(time.perf_counter() - start)
            painted.append(page.evaluate(PAINTED) / 1000)
            start = time.perf_counter()
            page.locator("[data-testid=cell-t-sne]").click()
            page.locator("[data-testid=equation] math").first.wait_for()
            opened.append(time.perf_counter() - start)
            page.close()
            server.stop()
    columns = ("a new server, seconds to", "address", "first paint", "table", "first cell")
    return table(columns, [("", *(spread(found, 2) for found in (printed, painted, drawn, opened)))])


def moving(folder: Path) -> str:
    """Updates of a map a second while t-SNE moves its points, as far as the browser shows them."""
    import httpx

    rng = np.random.default_rng(0)
    x = rng.normal(size=(MOVING, 10)) + 6 * rng.normal(size=(40, 10))[rng.integers(40, size=MOVING)]
    np.save(folder / "moving.npy", x.astype(np.float32))
    server = Server(folder / "moving", str(folder / "moving.npy"))
    with chromium() as browser, httpx.Client(base_url=server.address, timeout=60) as client:
        client.headers["origin"] = server.address.rpartition("/")[0].rpartition("/")[0]
        (data,) = [about["id"] for about in client.get("api/data").json() if about["n"] == MOVING]
        wish = {"method": "t-sne", "data": data, "parameters": {}, "options": {"max_iter": 20_000}}
        name = client.post("api/runs", json=wish).raise_for_status().json()["id"]
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(f"{server.address}#/run/{name}")
        page.locator("[data-testid=when]:not([data-step='0'], [data-step=''])").wait_for(timeout=300_000)
        steps, shown, pictures = page.evaluate(UPDATES, SECONDS)
        page.close()
    server.stop()
    line = (f"{MOVING:,}", *(f"{count / SECONDS:.1f}" for count in (steps, shown, pictures)))
    return table(
        ("points of a run of t-SNE", "steps a second", "updates a second", "pictures a second"), [line]
    )


def fit(client: Any, server: Server | None = None, shown: Any = None) -> float:
    """Seconds between the first step and the end of one run."""
    wish = {"method": "t-sne", "data": "digits", "parameters": {}, "options": {"max_iter": STEPS}}
    name = client.post("api/runs", json=wish).raise_for_status().json()["id"]
    if shown is not None:
        shown(name)
    socket = None if server is None else follow(server, name)
    while True:
        (row,) = [row for row in client.get("api/runs").json() if row["id"] == name]
        if row["state"] in ("finished", "failed"):
            break
        time.sleep(0.5)
    if socket is not None:
        socket.close()
    return recorded_seconds(client.get(f"api/runs/{name}/recording").content)


def recorded_seconds(recording: bytes) -> float:
    """The time of the last moment of a recording."""
    from iconlearn.recording import read_packets

    with tempfile.NamedTemporaryFile(suffix=".icon") as file:
        file.write(recording)
        file.flush()
        moments = [packet for packet in read_packets(file.name) if packet.kind == "moment"]
    return float(moments[-1].fields["seconds"] - moments[0].fields["seconds"])


def follow(server: Server, name: str) -> Any:
    """A socket that takes all it is sent."""
    import json
    import threading

    from websockets.sync.client import connect

    origin = f"http://127.0.0.1:{server.port}"
    address = server.address.replace("http", "ws", 1) + f"api/runs/{name}/stream"
    socket = connect(address, origin=origin, max_size=None)

    def read() -> None:
        received = 0
        for message in socket:
            received += len(message)
            socket.send(json.dumps({"ack": received}))

    threading.Thread(target=read, daemon=True).start()
    return socket


def showing(folder: Path) -> str:
    """First picture and frames a second of browsed points."""
    rng, lines = np.random.default_rng(0), []
    for n in SIZES:
        x = rng.normal(size=(n, 2)) + 6 * rng.normal(size=(40, 2))[rng.integers(40, size=n)]
        path = folder / f"points{n}.parquet"
        parquet.write_table(pa.table({"x": x[:, 0], "y": x[:, 1], "kind": rng.integers(40, size=n)}), path)
        server = Server(folder / f"runs{n}", str(path))
        with chromium() as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.goto(f"{server.address}#/runs")
            page.locator("[data-testid^=browse-]").first.wait_for()
            start = time.perf_counter()
            page.locator("[data-testid^=browse-]").first.click()
            page.wait_for_function(DRAWN, polling=50)
            first = time.perf_counter() - start
            frames = page.evaluate(PAN)
        server.stop()
        lines.append((f"{n:,}", f"{first:.1f}", f"{frames:.0f}"))
    return table(("points", "seconds from click to first picture", "frames a second while panned"), lines)


# The canvas holds something else than its paper.
DRAWN = """() => {
  const canvas = document.querySelector('[data-testid=map-points]');
  if (!canvas || !canvas.width) return false;
  const copy = Object.assign(document.createElement('canvas'), {width: canvas.width, height: canvas.height});
  const context = copy.getContext('2d', {willReadFrequently: true});
  context.drawImage(canvas, 0, 0);
  const data = new Uint32Array(context.getImageData(0, 0, copy.width, copy.height).data.buffer);
  return new Set(data.filter((_, k) => k % 97 === 0)).size > 8;
}"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
# Steps, moments that the page shows, and pictures of the map that differ, in some seconds.
UPDATES = """async (seconds) => {
  const when = document.querySelector('[data-testid=when]');
  const points = document.querySelector('[data-testid=map-points]');
  const copy = Object.assign(document.createElement('canvas'), {width: 64, height: 64}).getContext('2d', {
    willReadFrequently: true});
  const start = performance.now(), first = Number(when.dataset.step);
  let shown = 0, pictures = 0, step = when.dataset.step, before = '';
  while (performance.now() - start < 1000 * seconds) {
    await new Promise(requestAnimationFrame);
    if (when.dataset.step === step) continue;
    step = when.dataset.step;
    shown += 1;
    copy.drawImage(points, 0, 0, 64, 64);
    const now = copy.getImageData(0, 0, 64, 64).data.join();
    if (now !== before) pictures += 1;
    before = now;
  }
  return [Number(step) - first, shown, pictures];
}"""
# Frames in three seconds in which every one moves the map.
PAN = """async () => {
  const map = document.querySelector('[data-testid=map-over]');
  const box = map.getBoundingClientRect();
  const at = (type, x) => map.dispatchEvent(new MouseEvent(type, {
    clientX: box.x + x, clientY: box.y + 200, bubbles: true, view: window, buttons: 1}));
  at('mousedown', 300);
  const move = (x) => window.dispatchEvent(new MouseEvent('mousemove', {
    clientX: box.x + x, clientY: box.y + 200, bubbles: true, view: window, buttons: 1}));
  let frames = 0;
  const start = performance.now();
  while (performance.now() - start < 3000) {
    move(300 + 100 * Math.sin(frames / 10));
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  window.dispatchEvent(new MouseEvent('mouseup', {view: window}));
  return frames / 3;
}"""


if __name__ == "__main__":
    main()
