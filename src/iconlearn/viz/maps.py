"""The map of an embedding: a scatter of its points, coloured and named by class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn.viz import _inputs, _names, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure

_WIDTH = 6.4
_MARGIN = 0.2


def map_figure(
    embedding: Any,
    labels: Any = None,
    classes: Sequence[Any] | None = None,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw the map of an embedding.

    Two dimensions are drawn as they are, both axes at one scale; one dimension as a strip of histograms,
    one for each class; more are projected to two by PCA, and the subtitle says so.

    Parameters
    ----------
    embedding : (n, d) array
        Finite; (n,) is read as (n, 1).
    labels : (n,) array, optional
        Integers (-1: none, drawn grey) or strings. Without labels the points have one colour.
    classes : sequence, optional
        ``classes[k]`` names label k. By default the labels name themselves.
    title, subtitle : str
        Heading, empty by default.

    Returns
    -------
    matplotlib.figure.Figure
        Up to 20 classes are named on the map, at the median point of each.

    Raises
    ------
    InputError
        For an embedding with NaN or infinity, or labels that do not fit it.

    Examples
    --------
    >>> import numpy as np
    >>> fig = map_figure(np.random.default_rng(0).normal(size=(50, 2)), labels=[0, 1] * 25)
    """
    points = _inputs.embedding_array("map_figure", "embedding", embedding)
    codes, names = None, []
    if labels is not None:
        codes, names = _inputs.encode_labels("map_figure", "labels", labels, len(points), classes)
    if points.shape[1] == 1:
        return _strips(points[:, 0], codes, names, title, subtitle)
    if points.shape[1] > 2:
        points, note = project(points)
        subtitle = f"{subtitle}  ·  {note}" if subtitle else note
    if len(names) > _inputs.MAX_NAMED:
        note = f"{len(names)} classes"
        subtitle = f"{subtitle}  ·  {note}" if subtitle else note
    spread = np.ptp(points, axis=0)
    shape = spread[1] / spread[0] if spread.min() > 0 else 1.0
    width = _WIDTH - 2 * _MARGIN
    height = width * float(np.clip(shape, 0.62, 1.05))
    top = style.heading_height(title, subtitle)
    fig = style.new_figure(_WIDTH, top + height + _MARGIN)
    style.heading(fig, title, subtitle, _MARGIN)
    ax = style.add_axes(fig, _MARGIN, top, width, height)
    style.hide_ticks(ax)
    fit_limits(ax, points, width / height)
    scatter(ax, points, codes, len(names))
    if codes is not None and len(names) <= _inputs.MAX_NAMED:
        centres = _names.medoids(points, codes, len(names))
        _names.write_names(ax, centres, names, style.class_colors(len(names)))
    return fig


def project(points: np.ndarray) -> tuple[np.ndarray, str]:
    """Project (n, d) points to two dimensions by PCA; return them and a note with the explained share."""
    centred = points - points.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    flat = np.zeros((len(points), 2))
    flat[:, : min(2, len(s))] = (u * s)[:, :2]
    total = float((s**2).sum())
    share = float((s[:2] ** 2).sum()) / total if total > 0 else 1.0
    return flat, f"PCA of {points.shape[1]} dimensions to 2, {share:.0%} of the variance"


def fit_limits(ax: Axes, points: np.ndarray, aspect: float) -> None:
    """Set limits that hold every point with a margin, one scale for both axes (``aspect``: width/height)."""
    low, high = points.min(axis=0), points.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2
    # A constant embedding has no extent: any window around it will do.
    reach = max(half[0] / aspect, half[1]) * 1.07 or max(1.0, float(np.abs(centre).max()))
    ax.set_xlim(centre[0] - reach * aspect, centre[0] + reach * aspect)
    ax.set_ylim(centre[1] - reach, centre[1] + reach)


def scatter(ax: Axes, points: np.ndarray, codes: np.ndarray | None, n_classes: int) -> PathCollection:
    """Draw the points in a fixed random order, so that no class lies on top of the others."""
    n = len(points)
    colors = np.array([*style.class_colors(n_classes), style.UNLABELLED])
    order = np.random.default_rng(0).permutation(n)
    face = np.full(n, style.NEUTRAL) if codes is None else colors[codes]
    return ax.scatter(
        points[order, 0],
        points[order, 1],
        s=style.point_size(n),
        c=face[order].tolist(),
        alpha=style.point_alpha(n),
        linewidths=0,
        # A vector file of many thousand circles is slow to open: only the points become pixels.
        rasterized=n > 5000,
    )


def _strips(
    values: np.ndarray, codes: np.ndarray | None, names: list[str], title: str, subtitle: str
) -> Figure:
    """Draw a one-dimensional embedding: one histogram a class, above a common axis."""
    groups: list[tuple[str, np.ndarray, str]] = [("", values, style.NEUTRAL)]
    if codes is not None and len(names) <= _inputs.MAX_NAMED:
        colors = style.class_colors(len(names))
        groups = [(style.shorten(name, 24), values[codes == k], colors[k]) for k, name in enumerate(names)]
        if (codes == -1).any():
            groups.append(("none", values[codes == -1], style.UNLABELLED))
    left = 0.3 + 0.085 * max(len(name) for name, _, _ in groups)
    strip = 0.42 if len(groups) > 1 else 2.2
    top, height = style.heading_height(title, subtitle), strip * len(groups) + 0.1
    fig = style.new_figure(_WIDTH, top + height + 0.4)
    style.heading(fig, title, subtitle, _MARGIN)
    ax = style.add_axes(fig, left, top, _WIDTH - left - _MARGIN, height)
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, 81)
    for row, (_, members, color) in enumerate(groups):
        counts = np.histogram(members, edges)[0]
        base = len(groups) - 1 - row
        tops = base + 0.88 * counts / max(int(counts.max()), 1)
        ax.stairs(tops, edges, baseline=base, fill=True, color=color, linewidth=0)
        ax.axhline(base, color=style.FAINT, linewidth=0.8)
    ax.set_xlim(low, high)
    ax.set_ylim(-0.02, len(groups))
    ax.set_yticks(
        [len(groups) - 1 - row + 0.3 for row in range(len(groups))],
        [name for name, _, _ in groups],
        color=style.INK,
        parse_math=False,
    )
    return fig
