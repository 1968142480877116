"""Scores of several methods in several settings: every seed a dot, the mean a bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import _inputs, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_HEIGHT, _LEFT, _RIGHT, _BOTTOM, _ROOM = 3.3, 0.85, 0.3, 0.5, 0.3
_LANE = 0.26
"""Inches of a method within a setting."""
_ENTRY, _LETTER = 0.42, 0.072
"""Inches that a name in the legend takes: its mark with the space about it, and each letter."""


def strip_figure(
    scores: Mapping[Any, Mapping[Any, Any]],
    *,
    score: str = "",
    log: bool = False,
    lines: Mapping[Any, float] | None = None,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw scores of methods, side by side in every setting: a dot a seed, a bar at their mean.

    Parameters
    ----------
    scores : mapping of setting to mapping of method to (seeds,) array
        The same methods in every setting, in one order; a method may be missing in some.
    score : str
        Name of the axis.
    log : bool, default False
        A logarithmic axis, for positive scores of very different size.
    lines : mapping of name to number, optional
        Thresholds and truths, drawn across as dashed lines.
    title, subtitle : str
        Heading, empty by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        Without settings or methods, for scores that are empty or not finite, or not positive on a logarithmic axis.

    Examples
    --------
    >>> fig = strip_figure({"pancakes": {"PCA": [89.9, 90.0], "InfoNCE": [0.4, 0.5]}}, score="degrees", log=True)
    """
    from matplotlib.ticker import LogLocator

    owner = "strip_figure"
    table = {
        str(setting): {
            str(method): _inputs.finite_array(owner, f"scores[{setting!r}][{method!r}]", values, 1)
            for method, values in methods.items()
        }
        for setting, methods in scores.items()
    }
    methods = list(dict.fromkeys(method for found in table.values() for method in found))
    flat = {str(name): float(value) for name, value in (lines or {}).items()}
    held = [values for found in table.values() for values in found.values()]
    if not held:
        raise InputError(f"{owner}: scores is empty; give at least one setting with one method")
    if log and min([float(values.min()) for values in held] + list(flat.values())) <= 0:
        raise InputError(f"{owner}: log=True needs positive scores; leave it out")
    lane = _LANE * (len(methods) + 1)
    legend = sum(_ENTRY + _LETTER * len(name) for name in [*methods, *flat])
    width = max(lane * len(table), legend, 3.5)
    top = style.heading_height(title, subtitle) + _ROOM + 0.1
    longest = max(_LETTER * len(setting) for setting in table)
    slanted = longest > width / len(table)  # names of settings that would run into one another
    bottom = _BOTTOM + (0.55 * longest if slanted else 0.0)
    fig = style.new_figure(_LEFT + width + _RIGHT, top + _HEIGHT + bottom)
    style.heading(fig, title, subtitle, 0.2)
    ax = style.add_axes(fig, _LEFT, top, width, _HEIGHT)
    ax.grid(True, axis="y", color=style.FAINT, linewidth=0.7)
    ax.set_axisbelow(True)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
        ax.yaxis.set_major_formatter("{x:g}")
    ax.tick_params(which="minor", length=0)
    ax.set_ylabel(score, color=style.MUTED, fontsize=style.TEXT_SIZE)
    for name, value in flat.items():
        ax.axhline(value, color=style.MUTED, linewidth=1.2, linestyle=(0, (4, 2.5)), zorder=1, label=name)
    colors = dict(zip(methods, style.class_colors(len(methods)), strict=True))
    for k, found in enumerate(table.values()):
        for m, method in enumerate(methods):
            if method in found:
                _draw(
                    ax, k + (m - (len(methods) - 1) / 2) / (len(methods) + 1), found[method], colors[method]
                )
    ax.set_xlim(-0.5, len(table) - 0.5)
    turned: Any = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    ax.set_xticks(range(len(table)), list(table), color=style.INK, fontsize=style.TEXT_SIZE, **turned)
    for method, color in colors.items():
        ax.plot([], [], "o", color=color, label=method)
    style.legend_above(ax, len(methods) + len(flat))
    return fig


def _draw(ax: Axes, x: float, values: np.ndarray, color: str) -> None:
    """Dots of one method in one setting, and the bar of their mean."""
    spread = np.linspace(-0.03, 0.03, len(values)) if len(values) > 1 else np.zeros(1)
    ax.plot(x + spread, values, "o", color=color, markersize=4.5, alpha=0.75, markeredgewidth=0, zorder=3)
    ax.plot([x - 0.06, x + 0.06], [values.mean()] * 2, color=color, linewidth=2.2, zorder=4)
