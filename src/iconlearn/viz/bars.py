"""p and q side by side, before and after training: the equation at work on a few anchors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import _inputs, _panel, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH = 9.0
_MARGIN = 0.2
_ROW = 1.5
_ROW_GAP = 0.28
_COLUMN_GAP = 0.35


def p_vs_q_figure(
    p: Any,
    q_before: Any,
    q_after: Any,
    anchors: Sequence[Any] | None = None,
    thumbnails: Any = None,
    *,
    rest: bool = False,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw p and q of a few anchors as paired bars, before and after training.

    Parameters
    ----------
    p, q_before, q_after : (A, K) arrays
        For each of A anchors (1 to 4), probabilities of K neighbours, sorted by p descending. A row may
        sum to less than 1. Without ``q_before`` or ``q_after`` (None) the other column is drawn alone.
    anchors : sequence of A, optional
        Names of the rows; an integer i is written "point i".
    thumbnails : (A, 1 + neighbours, h, w) array, optional
        Picture of each anchor, then of its neighbours; grey, or colour with a last axis of 3.
    rest : bool, default False
        Whether the last column holds the mass of all points not shown. It is drawn apart, and cut off
        where it would dwarf the neighbours.
    title, subtitle : str
        Heading, empty by default.

    Returns
    -------
    matplotlib.figure.Figure
        Each panel states its gap, 1/2 sum |p - q| over the bars shown.

    Raises
    ------
    InputError
        For more than 4 anchors, arrays of different shapes, or values that are not probabilities.

    Examples
    --------
    >>> fig = p_vs_q_figure([[0.6, 0.3]], [[0.1, 0.1]], [[0.55, 0.3]], anchors=["a seven"])
    """
    owner = "p_vs_q_figure"
    p = _inputs.probabilities(owner, "p", p)
    if len(p) > 4:
        raise InputError(f"{owner}: p has {len(p)} rows; choose at most 4 anchors")
    columns = [
        (name, _inputs.probabilities(owner, argument, q, p.shape))
        for name, argument, q in (
            ("before training", "q_before", q_before),
            ("after training", "q_after", q_after),
        )
        if q is not None
    ]
    if not columns:
        raise InputError(f"{owner}: q_before and q_after are both None; give at least one")
    images = _panel.check_thumbnails(owner, thumbnails, len(p), p.shape[1] - rest)
    names = anchor_names(owner, anchors, len(p))

    side = 0.95 if images is not None else (0.25 + 0.085 * max(map(len, names)) if any(names) else 0.0)
    width = (_WIDTH - 2 * _MARGIN - side - _COLUMN_GAP * (len(columns) - 1)) / len(columns)
    row = _ROW if images is not None else _ROW - 0.15
    top = style.heading_height(title, subtitle) + 0.3
    gap = _ROW_GAP if images is not None or not rest else _ROW_GAP + 0.08
    fig = style.new_figure(_WIDTH, top + len(p) * (row + gap) + 0.12)
    style.heading(fig, title, subtitle, _MARGIN)
    write_key(fig, _WIDTH - _MARGIN, top - 0.15)
    qs = np.stack([q for _, q in columns])
    for column, (header, q) in enumerate(columns):
        left = _MARGIN + side + column * (width + _COLUMN_GAP)
        _write(fig, left, top - 0.15, header, fontweight="bold", va="center")
        for a in range(len(p)):
            pictures = images[a, 1:] if images is not None else None
            limit = _panel.bar_limit(p[a], qs[:, a], rest)
            box = (left, top + a * (row + gap), width, row)
            _panel.BarPanel(fig, box, p[a], q[a], limit, rest, pictures)
    for a, name in enumerate(names):
        write_anchor(
            fig, _MARGIN, top + a * (row + gap), row, name, images[a, 0] if images is not None else None
        )
    return fig


def anchor_names(owner: str, anchors: Sequence[Any] | None, n_anchors: int) -> list[str]:
    """Return the names of the anchors, "point i" for an integer i and empty ones for None."""
    if anchors is None:
        return [""] * n_anchors
    if len(anchors) != n_anchors:
        raise InputError(f"{owner}: anchors has {len(anchors)} entries; p has {n_anchors} rows")
    return [f"point {a}" if isinstance(a, (int, np.integer)) else style.shorten(str(a), 24) for a in anchors]


def write_anchor(
    fig: Figure, left: float, top: float, row: float, name: str, image: np.ndarray | None
) -> None:
    """Write the name of an anchor at the left of its row, below its picture if it has one."""
    if image is None:
        _write(fig, left, top + row / 2, name, va="center")
        return
    ax = style.add_axes(fig, left, top + 0.12, 0.7, 0.7)
    _panel.draw_thumbnail(ax, image, 0.5, 0.0, 1.0, 1.0)
    style.hide_ticks(ax)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    name = style.shorten(name, 12)
    _write(fig, left + 0.35, top + 0.92, name, ha="center", va="top", fontsize=style.SMALL_SIZE)


def write_key(fig: Figure, right: float, middle: float) -> None:
    """Write the key of the two colours, right-aligned at ``right`` and centred at ``middle`` inches."""
    from matplotlib.patches import Rectangle

    width, height = fig.get_size_inches()
    for words, color, offset in (("p target", style.P_COLOR, 1.57), ("q learned", style.Q_COLOR, 0.68)):
        left = right - offset
        corner = ((left - 0.17) / width, 1 - (middle + 0.06) / height)
        fig.add_artist(
            Rectangle(
                corner, 0.12 / width, 0.12 / height, transform=fig.transFigure, facecolor=color, linewidth=0
            )
        )
        _write(fig, left, middle, words, va="center")


def _write(fig: Figure, left: float, top: float, words: str, **options: Any) -> None:
    """Write on the figure at inches from its upper left corner."""
    width, height = fig.get_size_inches()
    style.text(fig, left / width, 1 - top / height, words, **options)
