"""Pictures of every view of the explorer, at both widths and in both themes.

``python tests/browser/screens.py --out DIR``
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from playwright.sync_api import Browser, Page
from pyarrow import parquet
from serving import Server, chromium

WIDTHS = {1280: 860, 390: 844}
RUNS = {
    "t-sne": {"max_iter": 600},
    "sne": {"max_iter": 300},
    "infonce-clustering": {},
    "simclr": {"epochs": 5},
}
SETTLED = 700  # ms after which nothing moves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        points = Path(folder) / "spirals.parquet"
        parquet.write_table(spirals(200_000), points)
        server = Server(Path(folder) / "runs", str(points))
        try:
            addresses = train(browser, server.address)
            for width, height in WIDTHS.items():
                for theme in ("light", "dark"):
                    page = browser.new_page(
                        viewport={"width": width, "height": height},
                        color_scheme=theme,
                        device_scale_factor=1.5,
                    )
                    shoot(page, server.address, addresses, out, f"{width}-{theme}")
                    page.close()
        finally:
            server.stop()


def spirals(n: int) -> pa.Table:
    """Points in the plane in five arms."""
    rng = np.random.default_rng(0)
    arm, away = rng.integers(5, size=n), rng.gamma(2.0, 1.0, n)
    turn = 2 * np.pi * arm / 5 + 0.7 * away + rng.normal(0, 0.12, n)
    place = {"x": away * np.cos(turn), "y": away * np.sin(turn)}
    return pa.table({**place, "arm": arm, "distance": away})


def train(browser: Browser, address: str) -> dict[str, str]:
    """Run the cells that are shown; the part of the address that opens each run."""
    page, found = browser.new_page(), {}
    for name, fields in RUNS.items():
        page.goto(f"{address}#/cell/{name}")
        page.reload()
        page.get_by_test_id("data").select_option("digits")
        for field, value in fields.items():
            page.get_by_test_id(f"field-{field}").fill(str(value))
        if name == "infonce-clustering":
            page.get_by_test_id("field-n_clusters").fill("10")
        page.get_by_test_id("start").click()
        page.wait_for_selector("[data-testid=state][data-state=finished]", timeout=180_000)
        found[name] = page.url.partition("#")[2]
    page.close()
    return found


def shoot(page: Page, address: str, runs: dict[str, str], out: Path, name: str) -> None:
    """Every view at one width in one theme."""
    first, second = (runs[cell].rpartition("/")[2] for cell in ("t-sne", "sne"))
    views = {
        "table": "/table",
        "cell": "/cell/infonce-clustering",
        "run": runs["t-sne"],
        "clusters": runs["infonce-clustering"],
        "encoder": runs["simclr"],
        "pair": f"/run/{first}/{second}",
        "runs": "/runs",
    }
    for view, place in views.items():
        page.goto(f"{address}#{place}")
        page.reload()
        page.wait_for_timeout(SETTLED)
        if page.get_by_test_id("next-bars").count():
            page.get_by_test_id("next-bars").first.click()
            page.wait_for_timeout(SETTLED)
        page.screenshot(path=out / f"{view}-{name}.png", full_page=True)
    page.goto(f"{address}#/runs")
    page.reload()
    page.locator("[data-testid^=browse-]").first.click()
    page.wait_for_timeout(2 * SETTLED)
    page.screenshot(path=out / f"points-{name}.png", full_page=True)


if __name__ == "__main__":
    main()
