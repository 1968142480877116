"""A score as a function of one option, with its spread over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import _inputs, _names, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 5.4, 3.6
_LEFT, _RIGHT, _BOTTOM = 0.85, 0.3, 0.65


def sweep_figure(
    values: Any,
    scores: Mapping[Any, Any],
    *,
    option: str = "alpha",
    score: str = "Hungarian accuracy",
    baselines: Mapping[Any, float] | None = None,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw a score against the values of an option, a line a variant.

    A line goes through the means over seeds, its band reaches one standard deviation (n - 1 in the denominator) to
    either side, and every seed is a point.

    Parameters
    ----------
    values : (m,) array
        Values of the option, increasing.
    scores : mapping of name to (m,) or (m, seeds) array
        For each variant, such as ``"target only"`` and ``"both sides"``, its score at every value and seed; NaN where
        a run is missing.
    option, score : str
        Names of the axes.
    baselines : mapping of name to number, optional
        Scores that do not depend on the option, drawn as dashed lines.
    title, subtitle : str
        Heading, empty by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        For values that do not increase, no variant, scores of another length, infinity, or a value without any score.

    Examples
    --------
    >>> fig = sweep_figure([0, 0.4, 0.8], {"target only": [[0.5, 0.6], [0.7, 0.7], [0.6, 0.6]]})
    """
    owner = "sweep_figure"
    x = _inputs.finite_array(owner, "values", values, 1)
    if (np.diff(x) <= 0).any():
        raise InputError(f"{owner}: values {x.tolist()} must increase; sort them with their scores")
    lines = {str(name): _table(owner, name, given, len(x)) for name, given in scores.items()}
    if not lines:
        raise InputError(f"{owner}: scores is empty; give at least one variant")
    flat = {str(name): float(value) for name, value in (baselines or {}).items()}
    longest = max(len(name) for name in (*lines, *flat))
    several = len(lines) + len(flat) > 1
    top = style.heading_height(title, subtitle) + 0.1
    fig = style.new_figure(
        _LEFT + _WIDTH + _RIGHT + (0.09 * longest if several else 0.0), top + _HEIGHT + _BOTTOM
    )
    style.heading(fig, title, subtitle, 0.2)
    ax = style.add_axes(fig, _LEFT, top, _WIDTH, _HEIGHT)
    ax.grid(True, axis="y", color=style.FAINT, linewidth=0.7)
    ax.set_axisbelow(True)
    ax.set_xlabel(option, color=style.MUTED, fontsize=style.TEXT_SIZE)
    ax.set_ylabel(score, color=style.MUTED, fontsize=style.TEXT_SIZE)
    pad = 0.04 * (x[-1] - x[0]) or 0.5
    ax.set_xlim(x[0] - pad, x[-1] + pad)
    if len(x) <= 12:
        ax.set_xticks(x, [f"{value:g}" for value in x])
    ends = []
    for (name, table), color in zip(lines.items(), style.class_colors(len(lines)), strict=True):
        _draw_line(ax, x, table, color)
        ends.append((name, float(np.nanmean(table[-1])), color))
    for name, value in flat.items():
        ax.axhline(value, color=style.MUTED, linewidth=1.4, linestyle=(0, (4, 2.5)), zorder=1)
        ends.append((name, value, style.MUTED))
    if several:
        _names.name_ends(ax, ends)
    return fig


def _table(owner: str, name: Any, given: Any, m: int) -> np.ndarray:
    """Scores of a variant as (m, seeds), some of them NaN but never all of a value."""
    try:
        table = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"{owner}: scores[{name!r}] must hold numbers ({error}); use NaN for missing runs"
        ) from None
    if table.ndim not in (1, 2) or len(table) != m or table.size == 0:
        raise InputError(
            f"{owner}: scores[{name!r}] has shape {table.shape}; give a row for each of {m} values"
        )
    table = table.reshape(m, -1)
    if np.isinf(table).any() or np.isnan(table).all(axis=1).any():
        raise InputError(
            f"{owner}: scores[{name!r}] is infinite, or a value has no score; leave that value out"
        )
    return table


def _draw_line(ax: Axes, x: np.ndarray, table: np.ndarray, color: str) -> None:
    """Draw the mean, the band of one standard deviation where there are two seeds, and every seed."""
    seeds = np.sum(~np.isnan(table), axis=1)
    mean = np.nanmean(table, axis=1)
    spread = np.sqrt(np.nansum((table - mean[:, None]) ** 2, axis=1) / np.maximum(seeds - 1, 1))
    if seeds.max() > 1:
        ax.fill_between(x, mean - spread, mean + spread, color=color, alpha=0.16, linewidth=0)
        for k in range(table.shape[1]):
            ax.plot(x, table[:, k], "o", color=color, markersize=3, alpha=0.45, markeredgewidth=0)
    ax.plot(x, mean, "o-", color=color, linewidth=2, markersize=5.5, zorder=3)
