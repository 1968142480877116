"""A page of boxes and words, measured in inches from its upper left corner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from iconlearn.viz import style

if TYPE_CHECKING:
    from matplotlib.text import Text

FONT, MATHS = "DejaVu Sans", "dejavusans"
"""They come with matplotlib, so a page looks the same on every machine."""
LEADING = 1.2
ASCENDERS, DESCENDERS = 0.76, 0.5
"""Above the first baseline and, formulas included, below the last, as shares of the size."""
CORNER, BAR = 0.045, 0.07
"""Inches: the radius of the corners of a tile, and the width of its bar."""


class Box(NamedTuple):
    """A rectangle: left and top edge, width and height."""

    left: float
    top: float
    width: float
    height: float

    def inset(self, by: float) -> Box:
        """The box without a margin."""
        return Box(self.left + by, self.top + by, self.width - 2 * by, self.height - 2 * by)


@dataclass(frozen=True)
class Line:
    """A line of type; ``extra`` inches part it from the line above; mathtext only if ``is_math``."""

    words: str
    size: float
    color: str = style.INK
    weight: str = "normal"
    slant: Literal["normal", "italic"] = "normal"
    extra: float = 0.0
    is_math: bool = False

    @property
    def leading(self) -> float:
        """Distance in inches from the baseline above to this one."""
        return LEADING * self.size / 72 + self.extra

    def saying(self, words: str) -> Line:
        """Other words in the same type."""
        return replace(self, words=words)


class Page:
    """A figure that knows the box of every text on it.

    Attributes
    ----------
    fig : Figure
    placed : list of (Text, Box)
        Every text with the box that it was written into, in the order of writing.
    """

    def __init__(self, width: float, height: float, dpi: int) -> None:
        self.fig = style.new_figure(width, height, dpi)
        self.placed: list[tuple[Text, Box]] = []
        self._height = height
        self._widths: dict[Line, float] = {}

    def tile(self, box: Box, fill: str, edge: str | None = None, bar: str | None = None) -> None:
        """Draw a box with round corners: dashed outline in ``edge``, or a bar in ``bar`` along its left side."""
        from matplotlib.patches import FancyBboxPatch, Rectangle

        bottom = self._height - box.top - box.height
        inches = self.fig.dpi_scale_trans
        shape = FancyBboxPatch(
            (box.left, bottom),
            box.width,
            box.height,
            boxstyle=f"round,pad=0,rounding_size={CORNER}",
            facecolor=fill,
            edgecolor=edge or "none",
            linewidth=1.0 if edge else 0.0,
            linestyle=(0, (4, 2.5)) if edge else "solid",
            transform=inches,
        )
        self.fig.add_artist(shape)
        if bar is not None:
            stripe = Rectangle(
                (box.left, bottom), BAR, box.height, facecolor=bar, linewidth=0, transform=inches
            )
            self.fig.add_artist(stripe)
            stripe.set_clip_path(shape)

    def rule(self, left: float, top: float, width: float, color: str) -> None:
        """Draw a thin horizontal line."""
        from matplotlib.lines import Line2D

        y = self._height - top
        line = Line2D(
            [left, left + width], [y, y], color=color, linewidth=1.0, transform=self.fig.dpi_scale_trans
        )
        self.fig.add_artist(line)

    def write(self, lines: Sequence[Line], box: Box, align: str = "left", valign: str = "center") -> None:
        """Set lines under each other in a box: from its top, in the centre, or down to its bottom."""
        first = ASCENDERS * lines[0].size / 72
        height = first + sum(line.leading for line in lines[1:])
        below = DESCENDERS * lines[-1].size / 72
        room = box.height - height
        top = box.top + {"top": 0.0, "center": room / 2, "bottom": room - below}[valign]
        x = box.left + {"left": 0.0, "center": 0.5, "right": 1.0}[align] * box.width
        baseline = top + first
        for k, line in enumerate(lines):
            baseline += line.leading if k else 0.0
            self._put(line, x, baseline, box, align)

    def measure(self, line: Line) -> float:
        """Width of a line in inches."""
        if line not in self._widths:
            from matplotlib.font_manager import FontProperties

            font = FontProperties(
                family=FONT, style=line.slant, weight=line.weight, size=line.size, math_fontfamily=MATHS
            )
            canvas: Any = self.fig.canvas
            taken = canvas.get_renderer().get_text_width_height_descent(line.words, font, line.is_math)
            self._widths[line] = taken[0] / self.fig.dpi
        return self._widths[line]

    def fit(self, line: Line, width: float, most: int, smallest: float) -> list[Line]:
        """Break a line at its spaces into at most ``most`` lines of at most ``width`` inches.

        The type gets smaller, down to ``smallest``, before anything is cut; what is cut ends in an ellipsis.
        """
        for n in range(1, most + 1):
            size = line.size
            # One line less is worth a little of the size.
            while size >= (smallest if n == most else max(smallest, 0.92 * line.size)):
                lines = self._wrap(replace(line, size=size), width)
                if len(lines) <= n and all(self.measure(part) <= width for part in lines):
                    return lines
                size -= 0.25
        lines = self._wrap(replace(line, size=smallest), width)
        last = " ".join(part.words for part in lines[most - 1 :])
        lines = [*lines[: most - 1], lines[0].saying(last)]
        return [self._cut(part, width) for part in lines]

    def _wrap(self, line: Line, width: float) -> list[Line]:
        lines: list[Line] = []
        for word in line.words.split():
            longer = line.saying(f"{lines[-1].words} {word}") if lines else None
            if longer is not None and self.measure(longer) <= width:
                lines[-1] = longer
            else:
                lines.append(line.saying(word))
        return lines

    def _cut(self, line: Line, width: float) -> Line:
        whole, longest = line.words, len(line.words)
        while longest > 1 and (taken := self.measure(line)) > width:
            longest = max(1, min(longest - 1, math.ceil(longest * width / taken)))
            line = line.saying(style.shorten(whole, longest))
        return line

    def _put(self, line: Line, x: float, y: float, box: Box, align: str) -> None:
        from matplotlib.text import Text

        text = Text(
            x,
            self._height - y,
            line.words,
            color=line.color,
            fontsize=line.size,
            fontweight=line.weight,
            fontstyle=line.slant,
            fontfamily=FONT,
            math_fontfamily=MATHS,
            parse_math=line.is_math,
            usetex=False,
            ha=align,
            va="baseline",
            transform=self.fig.dpi_scale_trans,
        )
        self.fig.add_artist(text)
        self.placed.append((text, box))
