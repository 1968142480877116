"""The periodic table: complete, legible, the same every time, in the terminal, in pipes and as a picture."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import matplotlib
import pytest

from iconlearn._errors import InputError, OptionError
from iconlearn.cli import main, table
from iconlearn.methods import COLUMNS, FAMILIES, LEARNED, METHODS
from iconlearn.viz import style
from iconlearn.viz._cells import FAMILY_COLORS, Element
from iconlearn.viz._page import Page
from iconlearn.viz.periodic import compose, counts, periodic_figure, save_periodic

ELEMENTS = [table.element(row) for row in METHODS.values()]
ROWS = {table.greek(name): table.KERNELS[name] for name in LEARNED}
TARGETS = {table.greek(name): table.TARGETS[name] for name in COLUMNS}


def long(k: int, status: str = "named", row: str = "a", column: str = "b") -> Element:
    """A method with much too long a name."""
    name = " ".join(["Unreasonably", "circumstantial", "Donaudampfschifffahrtsgesellschaftsmethode"] * k)
    return Element(name, f"{name} et al. 2031", "maps", status, row, column, "another divergence")


@pytest.fixture(scope="module")
def page() -> Page:
    return compose(ELEMENTS, ROWS, TARGETS, FAMILIES, "The table")


def tiles(page: Page) -> list[str]:
    """The words of every box that has any, line after line."""
    lines: dict[tuple, list[str]] = {}
    for text, box in page.placed:
        lines.setdefault(box, []).append(text.get_text())
    return [" ".join(words) for words in lines.values()]


def check_fit(page: Page) -> None:
    """Every text lies in its box and on the page, in one tile or in none, and touches no other text."""
    from matplotlib.patches import FancyBboxPatch

    page.fig.canvas.draw()
    renderer, dpi = page.fig.canvas.get_renderer(), page.fig.dpi
    bottom = page.fig.bbox.height
    shapes = [p.get_window_extent(renderer) for p in page.fig.findobj(FancyBboxPatch)]
    extents = []
    for text, box in page.placed:
        e = text.get_window_extent(renderer)
        extents.append((text.get_text(), e))
        left, top = box.left * dpi, bottom - box.top * dpi
        assert left - 1 <= e.x0, text
        assert e.x1 <= left + box.width * dpi + 1, text
        assert top - box.height * dpi - 1 <= e.y0, text
        assert e.y1 <= top + 1, text
        assert page.fig.bbox.contains(e.x0, e.y0), text
        assert page.fig.bbox.contains(e.x1, e.y1), text
        for shape in shapes:
            if shape.overlaps(e):
                assert shape.x0 <= e.x0 < e.x1 <= shape.x1, text
                assert shape.y0 <= e.y0 < e.y1 <= shape.y1, text
    for (words, a), (other, b) in itertools.combinations(extents, 2):
        # Lines of one paragraph may share the space of their descenders, but no more.
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        down = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert across <= 0 or down <= 0.35 * min(a.height, b.height), (words, other)


def test_the_counts_are_those_of_the_registry() -> None:
    found = counts(ELEMENTS)
    assert found == {"named": (24, 18), "gap": (12, 12), "blank": (15, 15), "off-grid": found["off-grid"]}
    assert found["off-grid"][0] == sum(row.status == "off-grid" for row in METHODS.values())
    places = {row.cell for row in METHODS.values() if row.status != "off-grid"}
    assert len(places) == sum(found[s][1] for s in ("named", "gap", "blank")) == len(COLUMNS) * len(LEARNED)


def test_every_method_is_drawn_once_and_the_legend_counts_them(page) -> None:
    found = Counter(tiles(page))
    for e in ELEMENTS:
        if e.status == "blank":
            words = f"{e.column} {e.row}"
        else:
            paper = "predicted" if e.status == "gap" else e.paper
            words = f"{e.title} {paper}"
        assert sum(n for tile, n in found.items() if tile == words or tile.startswith(f"{words} ")) == 1 or (
            found[f"{words} {e.note}"] + found[f"{words} · {e.note}"] == 1
        ), e
    for words in ("24 named in 18 cells", "12 predicted", "15 blank, runnable too", *FAMILIES):
        assert found[words] == 1, words


def test_all_text_fits(page) -> None:
    check_fit(page)
    assert tuple(page.fig.get_size_inches()) == pytest.approx((16, 9.56), abs=0.01)
    assert not any("…" in words for words in tiles(page)), "a built-in name is cut"
    # At a width of 1000 pixels: 7 pixels for all but citations, which are muted and never the first line.
    first = {box: text for text, box in reversed(page.placed)}
    assert min(text.get_fontsize() for text in first.values()) * 1000 / (16 * 72) > 7


@pytest.mark.parametrize("sharing", [1, 2, 3])
def test_names_that_are_too_long_are_cut_rather_than_spilt(sharing) -> None:
    crowd = [long(k + 1) for k in range(sharing)]
    outside = [long(k, "off-grid", "own", "own") for k in (1, 2, 3)]
    columns = dict.fromkeys(("b", "c", "d", "e", "f", "g", "h", "i", "j"), "")
    grown = compose([*crowd, *outside], {"a": ""}, columns, ["maps"], " ".join(["A long title"] * 9))
    check_fit(grown)
    assert any("…" in words for words in tiles(grown))


def test_more_methods_off_the_grid_make_the_page_higher() -> None:
    extra = [Element(f"$Method_{k}", "me $5 $6", FAMILIES[0], "off-grid", "own", "own") for k in range(9)]
    grown = compose([*ELEMENTS, *extra], ROWS, TARGETS, FAMILIES, "The table")
    check_fit(grown)
    assert grown.fig.get_size_inches()[1] > 9.5
    assert "$Method_8 me $5 $6" in tiles(grown), "only formulas are mathematics"


def test_families_have_colours_of_the_palette_that_are_neither_p_nor_q() -> None:
    assert len(set(FAMILY_COLORS)) == len(FAMILY_COLORS) >= len(FAMILIES)
    assert set(FAMILY_COLORS) <= set(style.PALETTE) - {style.P_COLOR, style.Q_COLOR}


@pytest.mark.parametrize(
    ("change", "error"),
    [({"row": "x"}, OptionError), ({"column": "x"}, OptionError), ({"family": "x"}, OptionError)],
)
def test_what_is_not_on_the_table_is_refused(change, error) -> None:
    fields = {"family": "maps", "status": "named", "row": "a", "column": "b", **change}
    with pytest.raises(error, match="'x'"):
        periodic_figure([Element("t", "p", **fields)], {"a": ""}, {"b": ""}, ["maps"])
    with pytest.raises(InputError, match="7 families"):
        periodic_figure([], {"a": ""}, {"b": ""}, list("abcdefg"))
    with pytest.raises(InputError, match="4 methods at row 'a', column 'b'"):
        periodic_figure([long(1)] * 4, {"a": ""}, {"b": ""}, ["maps"])


def test_svg_is_text_and_the_same_every_time(tmp_path: Path, capsys) -> None:
    before = dict(matplotlib.rcParams)
    for name in ("one.svg", "two.svg"):
        assert command("table", "--figure", tmp_path / name) == 0
    assert f"wrote {tmp_path / 'two.svg'}" in capsys.readouterr().out
    picture = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert picture == (tmp_path / "two.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in picture
    for words in ("LGSimCLR", "Böhm et al. 2023", "24 named in 18 cells", "Verdana", "sans-serif"):
        assert words in picture, words
    assert picture.count("<text") > 2 * len(METHODS)
    assert dict(matplotlib.rcParams) == before
    assert {p.name for p in tmp_path.iterdir()} == {"one.svg", "two.svg"}


def test_png_is_small(page, tmp_path: Path) -> None:
    from PIL import Image

    path = save_periodic(page.fig, tmp_path / "table.png")
    with Image.open(path) as picture:
        assert picture.size == (3200, 1912)
        assert picture.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert path.stat().st_size < 400_000


@pytest.mark.parametrize("name", ["table.gif", "table.jpg", "table"])
def test_another_ending_is_refused(tmp_path: Path, capsys, name) -> None:
    assert command("table", "--figure", tmp_path / name) == 2
    assert ".svg, .png, .pdf" in capsys.readouterr().err
    assert command("table", "--figure", tmp_path / "missing" / "table.svg") == 2
    assert "does not exist" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_in_a_pipe_there_is_one_aligned_line_for_each_method(capsys) -> None:
    assert command("table") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    at = head.index("method")
    assert [line[at:].split()[0] for line in lines] == list(METHODS)
    assert [line[head.index("paper") :] for line in lines] == [row.paper for row in METHODS.values()]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_narrow_terminal_lists_every_name_whole(capsys, monkeypatch, width) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table.show()
    printed = capsys.readouterr().out
    words = Counter(printed.split())
    assert all(words[name] >= 1 for name in METHODS)
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= width


@pytest.mark.parametrize("width", [150, 240])
def test_a_wide_terminal_shows_the_grid_without_cutting_a_word(capsys, monkeypatch, width) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    table.show()
    printed = capsys.readouterr().out
    words = set(printed.split())
    assert all(
        word in words for row in METHODS.values() for word in table.short(row.title).replace("|", " ").split()
    )
    assert "…" not in printed
    assert "24 named in 18 cells, 12 predicted, 15 blank" in printed


def test_the_manner_of_a_title_tells_its_status_and_its_colour_the_family() -> None:
    looks = {row.status: table.look(row) for row in METHODS.values()}
    assert looks["named"].startswith("bold ")
    assert looks["gap"].startswith("italic ")
    assert looks["blank"] == "dim"
    named = {row.family: table.look(row) for row in METHODS.values() if row.status == "named"}
    assert len(set(named.values())) == len(named) == 5


def command(*args: object) -> int:
    """Run the command in this process; its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in args])
    return int(stop.value.code or 0)
