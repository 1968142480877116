"""A clustering: where its clusters lie on a map, and how they match known classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.evaluation.matching import match_clusters
from iconlearn.viz import _inputs, _matrix, _names, maps, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARGIN = 0.2
_PANEL = 4.6
_GAP = 1.0


def assignment_figure(
    points2d: Any,
    assigned: Any,
    labels: Any = None,
    classes: Sequence[Any] | None = None,
    title: str = "",
    subtitle: str = "",
    layout: str = "",
) -> Figure:
    """Draw a clustering beside the classes that it found.

    Parameters
    ----------
    points2d : (n, 2) array
        A two-dimensional view of the data, finite.
    assigned : (n,) array
        Cluster of each point; an integer -1 means none.
    labels : (n,) array, optional
        Known classes. With them the right panel counts the points of each cluster in each class, the
        clusters in the order of the classes that they match best; without, the sizes of the clusters.
    classes : sequence, optional
        ``classes[k]`` names label k.
    title, subtitle, layout : str
        Heading, and what the view is; a subtitle left empty states the share of points in matching cells, if there
        are labels.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        For points that are not (n, 2), NaN or infinity, or labels that do not fit.

    Examples
    --------
    >>> fig = assignment_figure([[0, 0], [1, 1], [1, 2]], [0, 1, 1], labels=["a", "b", "b"])
    """
    owner = "assignment_figure"
    points = _inputs.finite_array(owner, "points2d", points2d, 2)
    if points.shape[1] != 2:
        raise InputError(f"{owner}: points2d has shape {points.shape}; pass a two-dimensional view, (n, 2)")
    clusters, cluster_names = _inputs.encode_labels(owner, "assigned", assigned, len(points))
    order = list(range(len(cluster_names)))
    counts, class_names = None, []
    if labels is not None:
        truth, class_names = _inputs.encode_labels(owner, "labels", labels, len(points), classes)
        counts = _contingency(clusters, truth, len(cluster_names), len(class_names))
        order, matched = match_clusters(counts[: len(cluster_names)])
        subtitle = subtitle or f"{matched / max(counts.sum(), 1):.1%} of the points in matching cells"
    # Colours follow the matching, so that row k of the matrix has colour k.
    rank = np.empty(len(order) + 1, dtype=np.int64)
    rank[order], rank[-1] = np.arange(len(order)), -1
    clusters, cluster_names = rank[clusters], [cluster_names[k] for k in order]
    colors = style.class_colors(len(cluster_names))

    top = style.heading_height(title, subtitle) + 0.28
    bottom = 0.3 if counts is None else 1.0 if _matrix.slanted(class_names) else 0.65
    fig = style.new_figure(2 * _MARGIN + 2 * _PANEL + _GAP, top + _PANEL + bottom)
    style.heading(fig, title, subtitle, _MARGIN)
    left = style.add_axes(fig, _MARGIN, top, _PANEL, _PANEL)
    style.hide_ticks(left)
    maps.fit_limits(left, points, 1.0)
    maps.scatter(left, points, clusters, len(cluster_names))
    if len(cluster_names) <= _inputs.MAX_NAMED:
        centres = _names.medoids(points, clusters, len(cluster_names))
        _names.write_names(left, centres, cluster_names, colors)
    _matrix.caption(left, f"clusters on {layout}" if layout else "clusters")
    right = style.add_axes(fig, _MARGIN + _PANEL + _GAP, top, _PANEL, _PANEL)
    if counts is None:
        _sizes(right, clusters, cluster_names, colors)
    else:
        rows = order + ([len(order)] if len(counts) > len(order) else [])
        _matrix.draw_matrix(right, counts[rows], cluster_names, class_names, colors)
    return fig


def _contingency(clusters: np.ndarray, truth: np.ndarray, n_clusters: int, n_classes: int) -> np.ndarray:
    """Count points by cluster and class; points without a cluster fill one more row, if there are any."""
    counts = np.zeros((n_clusters + 1, n_classes), dtype=np.int64)
    known = truth >= 0
    np.add.at(counts, (clusters[known], truth[known]), 1)
    return counts if (clusters == -1).any() else counts[:-1]


def _sizes(ax: Axes, clusters: np.ndarray, names: list[str], colors: list[str]) -> None:
    """Draw the sizes of the clusters, largest first."""
    found = np.bincount(np.where(clusters < 0, len(names), clusters), minlength=len(names) + 1).tolist()
    sizes = sorted(((size, k) for k, size in enumerate(found)), key=lambda pair: (-pair[0], pair[1]))
    sizes = [(size, k) for size, k in sizes if size or k < len(names)]
    names, colors = [*names, "none"], [*colors, style.UNLABELLED]
    values = [size for size, _ in sizes]
    ax.barh(
        np.arange(len(sizes)) + 0.5, values, height=0.72, color=[colors[k] for _, k in sizes], linewidth=0
    )
    ax.set_xlim(0, max(values) * 1.15)
    ax.set_ylim(len(sizes), 0)
    ax.set_xticks([])
    _matrix.tick_names(ax, "y", [names[k] for _, k in sizes], None)
    if len(sizes) <= _inputs.MAX_NAMED:
        for row, size in enumerate(values):
            style.text(
                ax, size + max(values) * 0.015, row + 0.5, f"{size:,}", fontsize=style.SMALL_SIZE, va="center"
            )
    _matrix.caption(ax, "points in each cluster")
