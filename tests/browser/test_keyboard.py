"""The explorer without a mouse: the focus is never lost."""

from __future__ import annotations

from playwright.sync_api import Page, expect

FOCUS = "document.activeElement.tagName + ' ' + (document.activeElement.dataset.name ?? '')"


def focused(page: Page, what: str) -> None:
    page.wait_for_function(f"what => ({FOCUS}).trim() === what", arg=what)


def test_a_cell_takes_the_focus_and_gives_it_back(serve, open_page):
    page = open_page(serve().address)
    page.get_by_test_id("cell-sne").focus()
    page.keyboard.press("ArrowRight")
    chosen = page.evaluate("document.activeElement.dataset.name")
    assert chosen != "sne"
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("cell")).to_be_visible()
    focused(page, "H1")
    page.keyboard.press("Shift+Tab")  # "Table", before the heading
    page.keyboard.press("Enter")
    focused(page, f"A {chosen}")
    page.keyboard.press("Enter")
    focused(page, "H1")
    page.go_back()
    focused(page, f"A {chosen}")
    page.get_by_test_id("nav-runs").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("runs")).to_be_attached()
    assert page.evaluate("document.activeElement.dataset.testid") == "nav-runs"  # it was not lost
