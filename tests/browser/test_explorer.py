"""The explorer as its users meet it: a real server, real runs, a real browser."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def at(page: Page, name: str):
    return page.get_by_test_id(name)


def gap(page: Page, name: str = "gap-bars") -> float:
    """Half the sum of |p - q| of the selected point, as the page has it."""
    return float(at(page, name).get_attribute("data-value") or "nan")


def step(page: Page, mark: str = "") -> int:
    return int(at(page, f"when{mark}").get_attribute("data-step") or -1)


def start(page: Page, cell: str, **fields: object) -> None:
    """Open a cell, fill in what is wanted, and start it."""
    at(page, f"cell-{cell}").click()
    for name, value in fields.items():
        at(page, f"field-{name}").fill(str(value))
    at(page, "start").click()
    expect(at(page, "map")).to_be_visible()


def wait_for(page: Page, state: str, mark: str = "") -> None:
    expect(at(page, f"state{mark}")).to_have_attribute("data-state", state, timeout=60_000)


def test_a_run_from_the_table_to_an_export(serve, open_page, tmp_path):
    page = open_page(serve().address)
    start(page, "t-sne", max_iter=1500)
    wait_for(page, "running")
    page.wait_for_function("() => Number(document.querySelector('[data-testid=when]').dataset.step) > 5")

    at(page, "next-bars").click()  # a point, whose neighbours become bars
    expect(at(page, "gap-bars")).not_to_have_attribute("data-value", "")
    bars = page.locator("[data-testid=bars-svg] .bar-row")
    assert bars.count() >= 10
    p = [
        float(width)
        for width in page.locator(".bar-row .p-bar").evaluate_all("e => e.map(b => b.getAttribute('width'))")
    ]
    assert p == sorted(p, reverse=True)

    at(page, "pause").click()
    wait_for(page, "paused")
    page.wait_for_timeout(300)
    before = int(at(page, "state").get_attribute("data-step") or -1)
    page.wait_for_timeout(500)
    assert int(at(page, "state").get_attribute("data-step") or -1) == before
    at(page, "step").click()
    expect(at(page, "state")).to_have_attribute("data-step", str(before + 1))
    wait_for(page, "paused")
    at(page, "pause").click()
    wait_for(page, "finished")

    ended = gap(page)
    slider = at(page, "slider")
    slider.focus()
    page.keyboard.press("Home")
    expect(at(page, "when")).to_have_attribute("data-step", "0")
    assert gap(page) > 2 * ended  # p and q have met
    at(page, "play").click()
    page.wait_for_function("() => Number(document.querySelector('[data-testid=when]').dataset.step) > 100")
    page.keyboard.press("Escape")

    with page.expect_download() as kept:
        at(page, "parquet").click()
    table = pq.read_table(kept.value.path())
    assert table.num_rows == 1797
    assert {"row", "x", "y"} <= set(table.column_names)
    for kind in ("png", "svg"):
        with page.expect_download() as picture:
            at(page, f"save-{kind}-map").click()
        head = Path(picture.value.path()).read_bytes()[:200]
        assert (b"PNG" in head) if kind == "png" else (b"<svg" in head)

    with page.expect_download() as exported:
        at(page, "export").click()
    path = tmp_path / "run.html"
    exported.value.save_as(path)
    alone = open_page(path.as_uri())
    expect(at(alone, "map")).to_be_visible()
    at(alone, "next-bars").click()
    expect(at(alone, "gap-bars")).not_to_have_attribute("data-value", "")
    at(alone, "slider").focus()
    alone.keyboard.press("Home")
    first = gap(alone)
    alone.keyboard.press("End")
    alone.wait_for_function(
        "first => Number(document.querySelector('[data-testid=gap-bars]').dataset.value) < first", arg=first
    )


def test_two_cells_side_by_side(serve, open_page):
    page = open_page(serve().address)
    start(page, "t-sne", max_iter=60)
    wait_for(page, "finished")
    at(page, "compare-new").click()
    start(page, "sne", max_iter=60)
    expect(at(page, "pair")).to_be_visible()
    wait_for(page, "finished", "-2")
    at(page, "next-bars").click()
    expect(at(page, "gap-bars-2")).not_to_have_attribute("data-value", "")
    assert at(page, "who-bars").inner_text() == at(page, "who-bars-2").inner_text()
    assert gap(page) != gap(page, "gap-bars-2")


def test_a_run_goes_on_without_its_page_and_is_found_again(serve, open_page):
    server = serve()
    page = open_page(server.address)
    start(page, "t-sne", max_iter=400)
    wait_for(page, "running")
    address = page.url
    page.close()
    again = open_page(address)
    wait_for(again, "finished")
    assert step(again) == 400
    other = open_page(server.address)
    at(other, "nav-runs").click()
    expect(at(other, "runs")).to_contain_text("t-SNE")


def test_a_server_that_ends_is_told_and_nothing_recorded_is_lost(serve, open_page):
    server = serve()
    page = open_page(server.address, lost=True)
    start(page, "t-sne", max_iter=100_000)
    wait_for(page, "running")
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=timeline]').dataset.moments) > 3"
    )
    server.process.send_signal(signal.SIGKILL)
    expect(at(page, "banner")).to_contain_text("iconlearn explore")
    again = serve("--runs", str(server.folder))
    found = open_page(again.address)
    at(found, "nav-runs").click()
    # its process has noticed, and stopped as by Ctrl-C
    expect(at(found, "runs")).to_contain_text(re.compile("stopped|cut"), timeout=30_000)
    found.locator("[data-testid^=open-]").first.click()
    expect(at(found, "state")).to_have_attribute("data-state", re.compile("stopped|cut"))
    assert int(at(found, "timeline").get_attribute("data-moments") or 0) > 3


def test_a_worker_that_dies_is_told_and_its_run_goes_on(serve, open_page):
    server = serve()
    page = open_page(server.address)
    start(page, "t-sne", max_iter=100_000)
    wait_for(page, "running")
    page.wait_for_function(
        "() => Number(document.querySelector('[data-testid=timeline]').dataset.moments) > 3"
    )
    workers = [
        child
        for child in psutil.Process(server.process.pid).children(recursive=True)
        if child.memory_info().rss > 1e8
    ]
    for worker in workers:
        os.kill(worker.pid, signal.SIGKILL)
    expect(at(page, "failure")).to_be_visible()
    at(page, "continue").click()
    wait_for(page, "running")
    at(page, "stop").click()
    wait_for(page, "stopped")


def test_what_cannot_be_is_said_beside_the_field(serve, open_page):
    page = open_page(serve().address)
    at(page, "cell-t-sne").click()
    at(page, "field-perplexity").fill("-3")
    at(page, "field-perplexity").blur()
    expect(at(page, "field-perplexity-fault")).not_to_be_empty()
    at(page, "refused").locator("summary").click()
    expect(at(page, "refused")).to_contain_text("graph")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_is_accessible_and_fits(serve, open_page, width, dark):
    page = open_page(serve().address, width=width, dark=dark)
    expect(at(page, "cell-t-sne")).to_be_attached()
    check(page, width)
    start(page, "infonce-clustering", max_iter=20)
    wait_for(page, "finished")
    at(page, "next-bars").click()
    check(page, width)
    page.go_back()
    expect(at(page, "equation")).to_be_visible()
    check(page, width)
    at(page, "nav-runs").click()
    expect(at(page, "runs")).to_be_visible()
    check(page, width)


def check(page: Page, width: int) -> None:
    """Nothing that axe-core objects to, and no sideways scrolling of the page itself."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa']})")
    told = [f"{v['id']}: {v['help']}: {[n['target'] for n in v['nodes']][:4]}" for v in found["violations"]]
    assert not told, "\n".join(told)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
