"""The confusion matrix of a clustering, clusters in the order of the classes that they match."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.evaluation.matching import ConfusionMatrix, confusion_matrix
from iconlearn.viz import _inputs, _matrix, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIDE, _LARGE = 5.2, 7.0
"""Inches of the matrix, named cell by cell or too large for it."""
_LEFT, _RIGHT = 0.95, 0.3
_GAP, _LINE = 0.35, 0.3
_LISTED = 14
"""Confusions written beside the matrix."""


def confusion_figure(
    assigned: Any,
    labels: Any,
    classes: Sequence[Any] | None = None,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw how the clusters of a clustering divide the classes.

    Rows are clusters and columns classes, both in the order of the best one-to-one matching, so that the diagonal is
    what the Hungarian accuracy counts. The blue of a cell is its share of the cluster. The largest cells off the
    diagonal are written beside the matrix, which is how a matrix of a thousand classes can be read.

    Parameters
    ----------
    assigned : (n,) array
        Cluster of each point; points of an integer -1 are left out.
    labels : (n,) array
        Class of each point, integers or strings; points of an integer -1 are left out.
    classes : sequence, optional
        ``classes[k]`` names label k.
    title, subtitle : str
        Heading; a subtitle left empty states the Hungarian accuracy.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        For lengths that differ, labels with NaN or fractions, or when no point has both a cluster and a class.

    Examples
    --------
    >>> fig = confusion_figure([0, 0, 1, 1], ["a", "a", "b", "a"])
    """
    owner = "confusion_figure"
    clusters, cluster_names = _inputs.encode_labels(owner, "assigned", assigned, np.size(assigned))
    truth, class_names = _inputs.encode_labels(owner, "labels", labels, len(clusters), classes)
    both = (clusters >= 0) & (truth >= 0)
    if not both.any():
        raise InputError(
            f"{owner}: none of the {len(both)} points has both a cluster and a class; give labels"
        )
    found = confusion_matrix(truth[both], clusters[both])
    rows = [cluster_names[k] for k in found.clusters]
    columns = [class_names[k] for k in found.classes]
    subtitle = subtitle or f"Hungarian accuracy {found.accuracy:.1%}, {both.sum():,} points"

    side = _SIDE if max(found.counts.shape) <= _inputs.MAX_NAMED else _LARGE
    top = style.heading_height(title, subtitle) + 0.28
    bottom = 1.0 if _matrix.slanted(columns) else 0.65
    confusions = _largest(found, rows, columns)
    beside = _GAP + _list_width(confusions) + 0.1 if confusions else _RIGHT
    fig = style.new_figure(_LEFT + side + beside, top + side + bottom)
    style.heading(fig, title, subtitle, 0.2)
    ax = style.add_axes(fig, _LEFT, top, side, side)
    _matrix.draw_matrix(ax, found.counts, rows, columns, [style.INK] * len(rows))
    ax.set_ylabel("cluster", color=style.MUTED, fontsize=style.TEXT_SIZE, labelpad=8)
    if confusions:
        _write(fig, confusions, _LEFT + side + _GAP, top)
    return fig


def _largest(found: ConfusionMatrix, rows: list[str], columns: list[str]) -> list[tuple[str, str]]:
    """The largest cells off the diagonal: their points, and in words whose points are in which cluster."""
    off = found.counts.copy()
    np.fill_diagonal(off, 0)
    cells = np.argsort(-off, axis=None, kind="stable")[:_LISTED]
    lines = []
    for i, j in zip(*np.unravel_index(cells, off.shape), strict=True):
        matched = i < len(columns)
        place = f"the cluster of {style.shorten(columns[i], 16)}" if matched else f"spare cluster {rows[i]}"
        if off[i, j]:
            lines.append((f"{off[i, j]:,}", f"{style.shorten(columns[j], 16)} in {place}"))
    return lines


def _write(fig: Figure, confusions: list[tuple[str, str]], left: float, top: float) -> None:
    """Write the largest confusions, a line each."""
    ax = style.add_axes(fig, left, top, _list_width(confusions), _LINE * len(confusions))
    ax.set_facecolor(style.PAPER)
    style.hide_ticks(ax)
    ax.set_xlim(0, _list_width(confusions))
    ax.set_ylim(len(confusions), 0)
    _matrix.caption(ax, "most often confused")
    for row, (points, words) in enumerate(confusions):
        place: dict[str, Any] = {"y": row + 0.5, "va": "center", "fontsize": style.SMALL_SIZE}
        style.text(ax, _column(confusions), words=points, ha="right", fontweight="bold", **place)
        style.text(ax, _column(confusions) + 0.12, words=words, **place)


def _column(confusions: list[tuple[str, str]]) -> float:
    """Inches that the numbers take."""
    return 0.085 * max(len(points) for points, _ in confusions)


def _list_width(confusions: list[tuple[str, str]]) -> float:
    """Inches that the lines take."""
    return _column(confusions) + 0.25 + 0.07 * max(len(words) for _, words in confusions)
