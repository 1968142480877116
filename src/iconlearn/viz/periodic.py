"""The periodic table of methods as a picture: what belongs together across, what is learned down."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iconlearn._checks import check_choice
from iconlearn._errors import InputError
from iconlearn.viz import style
from iconlearn.viz._cells import (
    DARK,
    FAMILY_COLORS,
    GAP,
    MOST_LINES,
    SMALLEST,
    STATUSES,
    Element,
    draw_cell,
    draw_strip,
    draw_tile,
)
from iconlearn.viz._page import FONT, Box, Line, Page
from iconlearn.viz.files import save_figure, written_aside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, DPI, MARGIN = 16.0, 200, 0.38
HEADS = 1.98
"""Width of the names of the rows."""
HEADS_TOP, GRID_TOP, ROW = 1.48, 2.22, 1.02
STRIP_COLUMNS, STRIP_ROW = 6, 0.56
HEAD, FORMULA, KEY = 10.5, 9.5, 9.5
"""Sizes of type: names of rows and columns, their formulas, and the legend."""
FALLBACKS = f"'{FONT}', 'Bitstream Vera Sans', Verdana, Geneva, sans-serif"
"""What a browser without the font takes; the first three have the same widths."""


def counts(elements: Sequence[Element]) -> dict[str, tuple[int, int]]:
    """For each status, how many methods have it and how many places they fill.

    Examples
    --------
    >>> two = [Element(name, "", "maps", "named", "Student-t", "Gaussian") for name in ("t-SNE", "another")]
    >>> counts(two)["named"], counts(two)["gap"]
    ((2, 1), (0, 0))
    """
    found = {status: [e for e in elements if e.status == status] for status in STATUSES}
    return {status: (len(those), len({(e.row, e.column) for e in those})) for status, those in found.items()}


def periodic_figure(
    elements: Sequence[Element],
    rows: Mapping[str, str],
    columns: Mapping[str, str],
    families: Sequence[str],
    *,
    title: str = "The periodic table of representation learning",
) -> Figure:
    """Draw the table: a cell for every row and column, and a strip for the methods outside of the grid.

    Parameters
    ----------
    elements : sequence of Element
        The methods; those of one cell are drawn in their order.
    rows, columns : mapping of name to formula
        The learned and the target distributions in their order, with their formulas in mathtext ("" for none;
        line breaks are kept).
    families : sequence of str
        At most six; each has a colour of its own.
    title : str
        Heading.

    Returns
    -------
    matplotlib.figure.Figure
        16 inches wide, and 9 high for five rows and up to twelve methods outside of the grid.

    Raises
    ------
    InputError, OptionError
        For a family, status, row or column that does not exist, too many families, or too many in a cell.

    Examples
    --------
    >>> t_sne = Element("t-SNE", "van der Maaten & Hinton 2008", "maps", "named", "Student-t", "Gaussian")
    >>> fig = periodic_figure([t_sne], {"Student-t": ""}, {"Gaussian": ""}, ["maps"])
    """
    return compose(elements, rows, columns, families, title).fig


def save_periodic(fig: Figure, path: str | os.PathLike[str]) -> Path:
    """Save the figure; an SVG keeps its words as text and names fallback fonts, a PNG has a palette.

    The same figure gives the same bytes.

    Raises
    ------
    InputError
        As `save_figure`.
    """
    import matplotlib
    from PIL import Image

    # These two have no other switch than the global one; it is put back at once.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "iconlearn"}):
        path = save_figure(fig, path)
    if path.suffix.lower() == ".svg":
        picture = re.sub(r"'DejaVu Sans( Display)?'", FALLBACKS, path.read_text(encoding="utf-8"))
        with written_aside(path) as aside:
            aside.write_text(picture, encoding="utf-8")
    elif path.suffix.lower() == ".png":
        # Flat colours: 256 of them cannot be told from all, in a third of the bytes.
        with Image.open(path) as full, written_aside(path) as aside:
            flat = full.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            flat.save(aside, format="png", optimize=True, dpi=(fig.dpi, fig.dpi))
    return path


def compose(
    elements: Sequence[Element],
    rows: Mapping[str, str],
    columns: Mapping[str, str],
    families: Sequence[str],
    title: str,
) -> Page:
    """The page that `periodic_figure` gives the figure of."""
    if len(families) > len(FAMILY_COLORS):
        raise InputError(f"periodic_figure: {len(families)} families, but only {len(FAMILY_COLORS)} colours")
    for element in elements:
        check_choice("periodic_figure", "status", element.status, STATUSES)
        check_choice("periodic_figure", "family", element.family, families)
        if element.status != "off-grid":
            check_choice("periodic_figure", "row", element.row, rows)
            check_choice("periodic_figure", "column", element.column, columns)
    colors = dict(zip(families, FAMILY_COLORS, strict=False))
    outside = [e for e in elements if e.status == "off-grid"]
    left = MARGIN + HEADS
    grid = Box(left, GRID_TOP, WIDTH + GAP - MARGIN - left, len(rows) * ROW)
    strip = grid._replace(
        top=grid.top + grid.height + 0.2, height=math.ceil(len(outside) / STRIP_COLUMNS) * STRIP_ROW
    )
    page = Page(WIDTH, strip.top + strip.height + 0.36, DPI)
    _heading(page, title, elements, colors)
    _axes(page, grid, rows, columns)
    pitch = grid.width / len(columns)
    for r, row in enumerate(rows):
        for c, column in enumerate(columns):
            cell = Box(grid.left + c * pitch, grid.top + r * ROW, pitch - GAP, ROW - GAP)
            those = [e for e in elements if (e.row, e.column) == (row, column) and e.status != "off-grid"]
            if len(those) > len(MOST_LINES):
                raise InputError(
                    f"periodic_figure: {len(those)} methods at row {row!r}, column {column!r}; a cell holds three, "
                    "so give the others the status 'off-grid'"
                )
            draw_cell(page, cell, those, colors)
    if outside:
        words = [
            Line("Off the grid", HEAD, weight="bold"),
            Line("the same equation with", SMALLEST, DARK, extra=0.04),
            Line("another p, q or mapper", SMALLEST, DARK),
        ]
        page.write(words, Box(MARGIN, strip.top, HEADS - 0.1, strip.height - GAP))
        draw_strip(page, strip, STRIP_COLUMNS, STRIP_ROW, outside, colors)
    return page


def _heading(page: Page, title: str, elements: Sequence[Element], colors: Mapping[str, str]) -> None:
    number = {
        key: (n, f" in {cells} cells" if n != cells else "") for key, (n, cells) in counts(elements).items()
    }
    starts = []
    right = WIDTH - MARGIN
    for status, word in (("blank", "blank, runnable too"), ("gap", "predicted"), ("named", "named")):
        n, cells = number[status]
        right = _key(page, right, 0.36, f"{n} {word}{cells}", 0.34, status, style.UNLABELLED)
    starts.append(right)
    right = WIDTH - MARGIN
    for family, color in reversed(list(colors.items())):
        right = _key(page, right, 0.74, family, 0.2, "named", color)
    starts.append(right)
    words = f"{len(elements)} methods, one equation: the learned q is trained to meet the target p."
    first, second = Line(title, 21, weight="bold"), Line(words, 11.5, DARK, extra=0.1)
    box = Box(MARGIN, 0.36, min(starts) - MARGIN, 0.64)
    page.write([*page.fit(first, box.width, 1, 12), *page.fit(second, box.width, 1, 9)], box, valign="top")


def _key(page: Page, right: float, top: float, words: str, sample: float, status: str, color: str) -> float:
    """An entry of the legend that ends at ``right``; where the one before it ends."""
    line = Line(words, KEY)
    width = page.measure(line) + 0.02
    page.write([line], Box(right - width, top, width, 0.2))
    draw_tile(page, Box(right - width - sample - 0.09, top, sample, 0.2), [], status, color)
    return right - width - sample - 0.37


def _axes(page: Page, grid: Box, rows: Mapping[str, str], columns: Mapping[str, str]) -> None:
    pitch = grid.width / len(columns)
    ink = style.mix(style.Q_COLOR, style.INK, 0.2)
    _axis(page, Box(grid.left, HEADS_TOP, grid.width - GAP, 0), "p", "what belongs together →", style.P_COLOR)
    _axis(page, Box(MARGIN, HEADS_TOP, HEADS - 0.16, 0), "q", "what is learned ↓", ink)
    for k, (name, formula) in enumerate(columns.items()):
        box = Box(grid.left + k * pitch, HEADS_TOP + 0.06, pitch - GAP, GRID_TOP - HEADS_TOP - 0.10)
        page.write(_head(page, box, name, formula), box, valign="bottom")
    for k, (name, formula) in enumerate(rows.items()):
        box = Box(MARGIN, grid.top + k * ROW, HEADS - 0.1, ROW - GAP)
        page.write(_head(page, box, name, formula), box)
    note = (
        Line("d: distances, of the data in p", SMALLEST, DARK),
        Line("and of the embedding in q", SMALLEST, DARK),
    )
    page.write(note, Box(MARGIN, HEADS_TOP + 0.12, HEADS - 0.1, 0.4), valign="top")


def _axis(page: Page, box: Box, letter: str, words: str, color: str) -> None:
    """The title of an axis on its rule."""
    symbol = Line(f"${letter}(j\\,|\\,i)$", 11.5, color, is_math=True)
    taken = page.measure(symbol) + 0.02
    page.write([symbol], Box(box.left, box.top - 0.3, taken, 0.22))
    rest = Box(box.left + taken + 0.06, box.top - 0.3, box.width - taken - 0.06, 0.22)
    page.write(page.fit(Line(words, 9.75, color, "bold"), rest.width, 1, SMALLEST), rest)
    page.rule(box.left, box.top, box.width, color)


def _head(page: Page, box: Box, name: str, formula: str) -> list[Line]:
    lines = page.fit(Line(name, HEAD, weight="bold"), box.width, 2, SMALLEST)
    parts = [part for part in formula.split("\n") if part]
    return [
        *lines,
        *(Line(part, FORMULA, DARK, extra=0 if k else 0.04, is_math=True) for k, part in enumerate(parts)),
    ]
