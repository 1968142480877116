"""Two runs of one method on the same data: by what they are told apart."""

from __future__ import annotations

import re

from playwright.sync_api import expect


def test_runs_of_one_method_say_what_differs(serve, open_page):
    page = open_page(serve().address)
    at = page.get_by_test_id
    for perplexity in ("30", "10"):
        at("cell-t-sne").click()
        at("field-perplexity").fill(perplexity)
        at("field-max_iter").fill("20")
        at("start").click()
        mark = "" if perplexity == "30" else "-2"
        expect(at(f"state{mark}")).to_have_attribute("data-state", "finished", timeout=60_000)
        if not mark:
            at("compare-new").click()
    expect(at("settings").locator("tbody tr")).to_have_text(
        [re.compile(r"run\s*t-sne-digits-1\s*t-sne-digits-2"), re.compile(r"perplexity\s*30\s*10")]
    )
    tops = [at(name).bounding_box()["y"] for name in ("map", "map-2")]
    assert tops[0] == tops[1]
    expect(page).to_have_title(re.compile("perplexity 10"))
    expect(at("run-2").locator("h1")).to_contain_text("perplexity 10")
    at("nav-runs").click()
    expect(at("open-t-sne-digits-2")).to_contain_text("perplexity 10")
    expect(at("open-t-sne-digits-1")).not_to_contain_text("perplexity")


def test_the_table_of_a_small_screen_has_a_list_of_its_parts(serve, open_page):
    page = open_page(serve().address, width=390, height=844)
    for part, cell in (("q Student-t", "t-sne"), ("off the grid", "symmetric-sne")):
        page.get_by_test_id("jumps").get_by_role("button", name=part).click()
        expect(page.get_by_test_id(f"cell-{cell}")).to_be_in_viewport()
        page.evaluate("scrollTo(0, 0)")
    wide = open_page(page.url)
    expect(wide.get_by_test_id("table")).to_be_visible()
    expect(wide.get_by_test_id("jumps")).to_be_hidden()
