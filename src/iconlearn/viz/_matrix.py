"""The table of clusters by classes as a picture, and the names beside a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn.viz import _inputs, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 12


_EDGED = 60
"""Up to so many rows or columns, cells have white edges; more would leave nothing but edges."""
_BLOCKS = 250
"""Most cells a side of a large matrix: each is a few pixels, and as dark as the darkest one that it stands for."""


def draw_matrix(
    ax: Axes, counts: np.ndarray, cluster_names: list[str], class_names: list[str], colors: list[str]
) -> None:
    """Draw the contingency matrix: a cell's blue is its share of the cluster, its number the points."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    n_rows, n_columns = counts.shape
    _draw_cells(ax, share)
    ax.set_xlim(0, n_columns)
    ax.set_ylim(n_rows, 0)
    if max(n_rows, n_columns) <= _inputs.MAX_NAMED:
        size = style.SMALL_SIZE if max(n_rows, n_columns) <= 12 else 6.5
        for (i, j), count in np.ndenumerate(counts):
            if count:
                color = style.PAPER if share[i, j] > 0.62 else style.INK
                style.text(
                    ax, j + 0.5, i + 0.5, str(count), color=color, fontsize=size, ha="center", va="center"
                )
    names = [*cluster_names, "none"][:n_rows]
    tick_names(ax, "y", names, [*colors, style.UNLABELLED][:n_rows])
    tick_names(ax, "x", class_names, None)
    ax.set_xlabel("class", color=style.MUTED, fontsize=style.TEXT_SIZE)
    caption(ax, "points by cluster (rows) and class (columns)")


def _draw_cells(ax: Axes, share: np.ndarray) -> None:
    """Draw shares as cells with edges, or of a large matrix as a picture of the darkest cell of each block."""
    from matplotlib.colors import LinearSegmentedColormap

    blues = LinearSegmentedColormap.from_list("p", [style.PANEL, style.mix(style.P_COLOR, style.INK, 0.15)])
    side = max(share.shape)
    if side <= _EDGED:
        width = 1.5 if side <= _inputs.MAX_NAMED else 0.5
        ax.pcolormesh(share, cmap=blues, vmin=0, vmax=1, edgecolors=style.PAPER, linewidth=width)
        return
    step = -(-side // _BLOCKS)
    share = np.maximum.reduceat(share, np.arange(0, share.shape[0], step), axis=0)
    share = np.maximum.reduceat(share, np.arange(0, share.shape[1], step), axis=1)
    extent = (0, share.shape[1] * step, share.shape[0] * step, 0)
    ax.imshow(share, cmap=blues, vmin=0, vmax=1, extent=extent, aspect="auto", interpolation="nearest")


def slanted(names: list[str]) -> bool:
    """Whether column names are too wide to stand side by side."""
    return min(max(map(len, names), default=0), _LONGEST) * min(len(names), 40) > 45


def tick_names(ax: Axes, axis: str, names: list[str], colors: list[str] | None) -> None:
    """Name rows or columns; with more than 40 only every few, and long column names on a slant."""
    step = -(-len(names) // 40)
    size = style.SMALL_SIZE if len(names) <= 20 else 6.5
    spots = np.arange(0, len(names), step)
    shown = [style.shorten(names[k], _LONGEST) for k in spots]
    slant = axis == "x" and slanted(names)
    place = ax.set_xticks if axis == "x" else ax.set_yticks
    options: dict[str, Any] = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if slant else {}
    ticks = place(spots + 0.5, shown, fontsize=size, color=style.INK, parse_math=False, **options)
    if colors is not None:
        for tick, k in zip(ticks, spots, strict=True):
            tick.label1.set(color=style.mix(colors[k], style.INK, 0.35), fontweight="bold")


def caption(ax: Axes, words: str) -> None:
    """Write what a panel shows above its upper left corner."""
    from matplotlib.transforms import ScaledTranslation

    fig: Any = ax.get_figure(root=True)
    above = ax.transAxes + ScaledTranslation(0, 0.07, fig.dpi_scale_trans)
    style.text(ax, 0, 1, words, transform=above, color=style.MUTED, va="bottom")
