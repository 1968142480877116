"""Accuracy against confidence: how far the probabilities of a clustering can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.evaluation.calibration import Reliability
from iconlearn.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE, _STRIP = 4.2, 1.1
_LEFT, _RIGHT, _GAP, _BOTTOM = 0.75, 0.3, 0.28, 0.6
_MOST = 10
"""Curves in one picture."""
_FEW = 0.01
"""Share of the rows below which a bin is a point without a line: its accuracy is mostly chance."""


def reliability_figure(
    curves: Reliability | Mapping[Any, Reliability], title: str = "", subtitle: str = ""
) -> Figure:
    """Draw accuracy against confidence, and below it where the confidence lies.

    On the diagonal rows are as often right as they say; below it the clustering is too sure of itself. One curve is
    drawn as bars with its gaps, several as lines, which compares them; points grow with the rows of their bin, and
    no line goes to a bin that holds less than 1 % of the rows.

    Parameters
    ----------
    curves : Reliability or mapping of name to Reliability
        What :func:`iconlearn.evaluation.reliability_curve` returns, or the ``reliability`` of a report; at most 10.
    title, subtitle : str
        Heading; the subtitle of one curve, left empty, states its expected calibration error.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        For no curve, more than 10, or something else than a Reliability.

    Examples
    --------
    >>> from iconlearn.evaluation import reliability_curve
    >>> fig = reliability_figure(reliability_curve([0, 0, 1], [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6]]))
    """
    owner = "reliability_figure"
    found = dict(curves) if isinstance(curves, Mapping) else {"": curves}
    if not 1 <= len(found) <= _MOST:
        raise InputError(f"{owner}: curves holds {len(found)} of them; give 1 to {_MOST}")
    for name, curve in found.items():
        if not isinstance(curve, Reliability):
            raise InputError(
                f"{owner}: curve {name!r} is a {type(curve).__name__}; pass what "
                "iconlearn.evaluation.reliability_curve returns"
            )
    alone = next(iter(found.values())) if len(found) == 1 else None
    if alone is not None and not subtitle:
        subtitle = f"ECE {alone.expected_error:.3f}, {int(alone.counts.sum()):,} points"
    legend = 0.0 if alone is not None else 0.85 + 0.085 * max(len(str(name)) for name in found)
    top = style.heading_height(title, subtitle) + (0.3 if alone is not None else 0.1)
    fig = style.new_figure(_LEFT + _SIDE + _RIGHT + legend, top + _SIDE + _GAP + _STRIP + _BOTTOM)
    style.heading(fig, title, subtitle, 0.2)
    ax = style.add_axes(fig, _LEFT, top, _SIDE, _SIDE)
    below = style.add_axes(fig, _LEFT, top + _SIDE + _GAP, _SIDE, _STRIP)
    for panel in (ax, below):
        panel.set_xlim(0, 1)
        panel.set_xticks(np.linspace(0, 1, 6))
        panel.set_axisbelow(True)
    ax.grid(True, color=style.FAINT, linewidth=0.7)
    ax.set_ylim(0, 1)
    ax.set_yticks(np.linspace(0, 1, 6))
    ax.set_xticklabels([])
    ax.set_ylabel("accuracy", color=style.MUTED, fontsize=style.TEXT_SIZE)
    below.set_xlabel("confidence: probability of the cluster", color=style.MUTED, fontsize=style.TEXT_SIZE)
    below.set_ylabel("density", color=style.MUTED, fontsize=style.TEXT_SIZE)
    below.set_yticks([])
    ax.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1.2, linestyle=(0, (4, 2.5)), zorder=2)
    if alone is not None:
        _draw_bars(ax, alone)
        _draw_density(below, alone, style.P_COLOR, filled=True)
        return fig
    for row, ((name, curve), color) in enumerate(
        zip(found.items(), style.class_colors(len(found)), strict=True)
    ):
        _draw_curve(ax, curve, color)
        _draw_density(below, curve, color, filled=False)
        words = f"{name}  ECE {curve.expected_error:.3f}"
        shade = style.mix(color, style.INK, 0.3)
        style.text(
            ax,
            1.03,
            0.97 - 0.065 * row,
            words,
            transform=ax.transAxes,
            color=shade,
            fontweight="bold",
            va="top",
        )
    return fig


def _draw_bars(ax: Axes, curve: Reliability) -> None:
    """Draw the accuracy of each bin as a bar, its confidence as a line, and the gap between the two."""
    full = curve.counts > 0
    left, width = curve.edges[:-1][full], np.diff(curve.edges)[full]
    accuracy, confidence = curve.accuracy[full], curve.confidence[full]
    options: dict[str, Any] = {"align": "edge", "edgecolor": style.PAPER, "linewidth": 1}
    ax.bar(left, accuracy, width, color=style.P_COLOR, zorder=1.2, **options)
    low, gap = np.minimum(accuracy, confidence), np.abs(accuracy - confidence)
    # What is missing up to the confidence is orange; what lies above it is right all the same, and a paler blue.
    pale = [
        style.mix(style.P_COLOR if over > 0 else style.Q_COLOR, style.PAPER, 0.5)
        for over in accuracy - confidence
    ]
    ax.bar(left, gap, width, bottom=low, color=pale, zorder=1.5, **options)
    ax.hlines(confidence, left, left + width, color=style.Q_COLOR, linewidth=3, zorder=1.8)
    for x, color, words in ((0.0, style.P_COLOR, "accuracy"), (0.27, style.Q_COLOR, "mean confidence")):
        ax.plot(
            [x + 0.01, x + 0.05], [1.04, 1.04], color=color, linewidth=5, clip_on=False, solid_capstyle="butt"
        )
        style.text(ax, x + 0.07, 1.04, words, va="center", fontsize=style.SMALL_SIZE)


def _draw_curve(ax: Axes, curve: Reliability, color: str) -> None:
    """Draw a line through the bins that hold enough rows, and all bins as points that grow with their rows."""
    share = curve.counts / curve.counts.sum()
    many = share >= _FEW
    ax.plot(curve.confidence[many], curve.accuracy[many], color=color, linewidth=2, zorder=3)
    for bins, alpha in ((many, 1.0), (~many, 0.35)):
        size = 8 + 160 * share[bins]
        ax.scatter(
            curve.confidence[bins],
            curve.accuracy[bins],
            size,
            color=color,
            alpha=alpha,
            linewidths=0,
            zorder=3,
        )


def _draw_density(ax: Axes, curve: Reliability, color: str, *, filled: bool) -> None:
    """Draw the share of the rows in each bin over its width."""
    width = np.maximum(np.diff(curve.edges), 1e-3)  # a bin of one value, as among equal masses, has none
    density = curve.counts / curve.counts.sum() / width
    edges = curve.edges
    ax.stairs(density, edges, fill=filled, color=color, linewidth=0 if filled else 1.8)
    ax.set_ylim(0, max(ax.get_ylim()[1], 1.06 * float(density.max())))
