"""The look of every figure: colours, type sizes, point sizes and the few helpers that apply them.

Nothing here touches matplotlib's global state (``rcParams``, pyplot): each helper styles the artists of one
figure, so that drawing with iconlearn never changes the caller's own plots.
"""

from __future__ import annotations

import colorsys
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P_COLOR = "#2D73C1"
"""Blue: p, the target."""
Q_COLOR = "#E6802E"
"""Orange: q, the learned distribution."""
INK = "#1F2733"
MUTED = "#667080"
FAINT = "#D5DAE1"
PAPER = "#FFFFFF"
PANEL = "#F6F7F9"
UNLABELLED = "#B4BBC6"
NEUTRAL = "#3F5F86"
"""The points of a map without labels."""

PALETTE = (
    "#2D73C1",
    "#E6802E",
    "#35AB86",
    "#B53F88",
    "#552F9F",
    "#C5CE4A",
    "#89C3FC",
    "#783C35",
    "#70740D",
    "#AD81F5",
)
"""Ten class colours, at least 0.10 apart in OKLab to normal, protan, deutan and tritan eyes alike."""

TITLE_SIZE = 14.0
SUBTITLE_SIZE = 10.5
TEXT_SIZE = 10.0
SMALL_SIZE = 9.0
DPI = 150


def class_colors(n_classes: int) -> list[str]:
    """Give ``n_classes`` colours as ``#RRGGBB``.

    Up to 10 the colour-blind-safe `PALETTE`; up to 20 the palette, then a shade of each of its colours
    (light ones darkened, dark ones lightened); beyond that, hues a golden angle apart in three lightnesses.

    Examples
    --------
    >>> class_colors(2)
    ['#2D73C1', '#E6802E']
    """
    if n_classes <= len(PALETTE):
        return list(PALETTE[:n_classes])
    if n_classes <= 2 * len(PALETTE):
        shades = [mix(c, INK if luminance(c) > 0.3 else PAPER, 0.45) for c in PALETTE]
        return [*PALETTE, *shades][:n_classes]
    golden = (math.sqrt(5) - 1) / 2
    lightness = (0.45, 0.62, 0.33)
    triples = [colorsys.hls_to_rgb((0.58 + i * golden) % 1, lightness[i % 3], 0.62) for i in range(n_classes)]
    return [_to_hex(triple) for triple in triples]


def mix(color: str, other: str, share: float) -> str:
    """Blend ``share`` (0 to 1) of ``other`` into ``color``; both ``#RRGGBB``."""
    return _to_hex(tuple(a + (b - a) * share for a, b in zip(_to_rgb(color), _to_rgb(other), strict=True)))


def luminance(color: str) -> float:
    """Relative luminance (0 black to 1 white) of a ``#RRGGBB`` colour."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _to_rgb(color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def point_size(n: int) -> float:
    """Marker area (square points) at which ``n`` points fill a map without drowning it."""
    return min(60.0, max(0.6, 600.0 / max(n, 1) ** 0.55))


def point_alpha(n: int) -> float:
    """Opacity for ``n`` points: nearly solid for a few, see-through where thousands overlap."""
    return min(0.95, max(0.2, 0.82 * (2000 / max(n, 1)) ** 0.22))


def new_figure(width: float, height: float, dpi: int = DPI) -> Figure:
    """Make an empty figure of ``width`` x ``height`` inches on its own Agg canvas, outside pyplot."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fig = Figure(figsize=(width, height), dpi=dpi, facecolor=PAPER)
    # No layout engine, whatever the caller's rcParams say: every rectangle is placed in inches.
    fig.set_layout_engine("none")
    FigureCanvasAgg(fig)
    return fig


def add_axes(fig: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Add axes at a rectangle in inches, ``top`` counted down from the figure's upper edge."""
    fig_width, fig_height = fig.get_size_inches()
    rectangle = (
        left / fig_width,
        1 - (top + height) / fig_height,
        width / fig_width,
        height / fig_height,
    )
    ax = fig.add_axes(rectangle, facecolor=PANEL)
    ax.tick_params(length=0, labelsize=SMALL_SIZE, labelcolor=MUTED, pad=4)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return ax


def hide_ticks(ax: Axes) -> None:
    """Leave axes without ticks: an embedding's units mean nothing."""
    ax.set_xticks([])
    ax.set_yticks([])


def text(fig_or_ax: Any, x: float, y: float, words: str, **options: Any) -> Any:
    """Write ``words`` as they are (a class called ``$5`` is not a formula), in the house ink and size."""
    options = {"color": INK, "fontsize": TEXT_SIZE, "parse_math": False, **options}
    return fig_or_ax.text(x, y, words, **options)


def heading(fig: Figure, title: str, subtitle: str, left: float) -> None:
    """Write title and subtitle at the upper left, ``left`` inches from the edge."""
    width, height = fig.get_size_inches()
    top = 0.17
    for words, size, color, weight in (
        (title, TITLE_SIZE, INK, "bold"),
        (subtitle, SUBTITLE_SIZE, MUTED, "normal"),
    ):
        if words:
            line = text(
                fig,
                left / width,
                1 - top / height,
                words,
                fontsize=size,
                color=color,
                fontweight=weight,
                va="top",
            )
            # A long line is set smaller rather than cut at the edge.
            canvas: Any = fig.canvas
            taken = line.get_window_extent(canvas.get_renderer()).width
            line.set_fontsize(size * min(1.0, (width - 2 * left) * fig.dpi / max(taken, 1.0)))
            top += 0.30


def heading_height(title: str, subtitle: str) -> float:
    """Inches that `heading` takes, with the space below it."""
    lines = bool(title) + bool(subtitle)
    return 0.17 + 0.30 * lines + (0.06 if lines else 0.0)


def legend_above(ax: Axes, columns: int) -> Any:
    """Set the names of what is drawn in one line above the axes, from their left edge."""
    return ax.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=columns,
        frameon=False,
        fontsize=SMALL_SIZE,
        labelcolor=INK,
        handletextpad=0.3,
        columnspacing=1.2,
        borderpad=0.2,
    )


def shorten(words: str, longest: int) -> str:
    """Cut ``words`` to ``longest`` characters, the last of them an ellipsis.

    Examples
    --------
    >>> shorten("Passeriformes", 8)
    'Passeri…'
    """
    return words if len(words) <= longest else words[: longest - 1] + "…"


def halo(width: float = 3.0) -> list[Any]:
    """Path effects that put a white rim around text on top of points."""
    from matplotlib import patheffects

    return [patheffects.withStroke(linewidth=width, foreground=PAPER)]


def _to_rgb(color: str) -> tuple[float, ...]:
    return tuple(int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))


def _to_hex(rgb: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(255 * c):02X}" for c in rgb)
