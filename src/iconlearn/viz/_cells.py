"""The tiles of the periodic table: one for each method, in its cell or in the strip below the grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iconlearn.viz import style
from iconlearn.viz._page import BAR, Box, Line, Page

STATUSES = ("named", "gap", "blank", "off-grid")
FAMILY_COLORS = tuple(style.PALETTE[k] for k in (6, 2, 3, 4, 5, 7))
"""One for each family in its order; blue and orange are p and q, on this picture as on all others."""
TITLE, SMALLEST, SMALL, TINY = 10.5, 8.2, 7.4, 6.2
"""Sizes of type: titles, the smallest of a title, the words below it, and the smallest of those."""
MOST_LINES, SCALES = (3, 2, 1), (1.0, 0.94, 0.85)
"""Lines that a title may take, and the scale of its size, if one, two or three methods share a cell."""
GAP, SPACE = 0.06, 0.035
"""Inches between cells, and between the methods of one cell."""
PADDING = 0.08
TINT, OUTLINE, WORDS = 0.77, 0.22, 0.08
"""Relative luminance of tiles, of dashed outlines and of the words in them, so that no family shouts."""
QUIET = style.mix(style.MUTED, style.PAPER, 0.12)
DARK = style.mix(style.MUTED, style.INK, 0.4)


@dataclass(frozen=True)
class Element:
    """One method of the table.

    Parameters
    ----------
    title, paper : str
        Name and citation.
    family : str
        Decides the colour.
    status : {"named", "gap", "blank", "off-grid"}
        Published, predicted, neither, or outside of the grid.
    row, column : str
        What is learned and what belongs together: a name of a row and one of a column, unless off the grid.
    note : str, default ""
        A few words beside the citation.
    """

    title: str
    paper: str
    family: str
    status: str
    row: str
    column: str
    note: str = ""


def draw_cell(page: Page, cell: Box, elements: Sequence[Element], colors: Mapping[str, str]) -> None:
    """Share a cell among its methods, each as high as its words need."""
    if not elements:
        page.tile(cell, style.PANEL)
        return
    written = [words(page, e, cell, colors, len(elements), SCALES[len(elements) - 1]) for e in elements]
    needed = [sum(line.leading for line in lines) for lines in written]
    spare = (cell.height - sum(needed) - SPACE * (len(elements) - 1)) / len(elements)
    top = cell.top
    for element, lines, height in zip(elements, written, needed, strict=True):
        draw_tile(
            page, cell._replace(top=top, height=height + spare), lines, element.status, colors[element.family]
        )
        top += height + spare + SPACE


def draw_strip(
    page: Page,
    area: Box,
    n_columns: int,
    height: float,
    elements: Sequence[Element],
    colors: Mapping[str, str],
) -> None:
    """Lines of ``n_columns`` tiles, one for each method."""
    pitch = area.width / n_columns
    for k, element in enumerate(elements):
        line, column = divmod(k, n_columns)
        box = Box(area.left + column * pitch, area.top + line * height, pitch - GAP, height - GAP)
        draw_tile(
            page, box, words(page, element, box, colors, 2, 0.92), element.status, colors[element.family]
        )


def draw_tile(page: Page, box: Box, lines: Sequence[Line], status: str, color: str) -> None:
    """A tile in the manner of its status, with its words."""
    if status == "blank":
        page.tile(box, style.PANEL)
    elif status == "gap":
        page.tile(box.inset(0.01), style.PAPER, edge=shade(color, OUTLINE))
    else:
        light = max(shade(color, TINT), style.mix(color, style.PAPER, 0.6), key=style.luminance)
        page.tile(box, light, bar=color)
    if lines:
        page.write(lines, inside(box))


def inside(box: Box) -> Box:
    """The part of a tile that words may take."""
    return Box(box.left + BAR + PADDING, box.top, box.width - BAR - PADDING - 0.05, box.height)


def words(
    page: Page, element: Element, box: Box, colors: Mapping[str, str], sharing: int, scale: float = 1.0
) -> list[Line]:
    """The lines of a tile, one of ``sharing`` in its box: the title, and below it the citation and the note."""
    width = inside(box).width
    if element.status == "blank":
        # Its name is that of its column and of its row.
        own = (Line(name, SMALLEST, QUIET) for name in (element.column, element.row))
        return [part for line in own for part in page.fit(line, width, 2, SMALLEST)]
    title = Line(element.title, TITLE * scale, weight="bold")
    small, paper = Line("", SMALL * min(1.0, scale * 1.1), DARK), element.paper
    if element.status == "gap":
        ink = shade(colors[element.family], WORDS)
        title, paper = Line(element.title, TITLE, ink, slant="italic"), "predicted"
    titles = page.fit(title, width, MOST_LINES[sharing - 1], SMALLEST)
    below = [text for text in (paper, element.note) if text]
    alone = sharing == 1
    parts = below if alone else [" · ".join(below)]
    most = 2 if alone and len(titles) < 3 else 1
    notes = [line for text in parts for line in page.fit(small.saying(text), width, most, TINY)]
    return [*titles, replace(notes[0], extra=0.03 if alone else 0.01), *notes[1:]] if below else titles


def shade(color: str, luminance: float) -> str:
    """The colour, mixed with white or with ink until it has this luminance."""
    darker = style.luminance(color) > luminance
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        reached = style.luminance(style.mix(color, style.INK if darker else style.PAPER, middle))
        low, high = (middle, high) if (reached > luminance) == darker else (low, middle)
    return style.mix(color, style.INK if darker else style.PAPER, high)
