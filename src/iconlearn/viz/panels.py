"""Several embeddings of the same rows, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iconlearn._errors import InputError
from iconlearn.viz import _inputs, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIDE, _MARGIN, _GAP, _NAME = 2.7, 0.2, 0.18, 0.42


def panels_figure(
    embeddings: Mapping[Any, Any], labels: Any, *, title: str = "", subtitle: str = ""
) -> Figure:
    """Draw embeddings in the plane next to one another, coloured by label; each fills its own panel.

    Parameters
    ----------
    embeddings : mapping of name to (n, 2) array
        A line break in a name starts a second, smaller line.
    labels : (n,) array
        Of any kind.
    title, subtitle : str
        Heading, empty by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        Without embeddings, or for arrays that are not (n, 2), finite and as long as the labels.

    Examples
    --------
    >>> fig = panels_figure({"PCA": [[0, 0], [1, 1]], "LDA": [[0, 1], [1, 0]]}, [0, 1])
    """
    owner = "panels_figure"
    if not embeddings:
        raise InputError(f"{owner}: embeddings is empty; give at least one")
    maps = {str(name): _inputs.embedding_array(owner, str(name), value) for name, value in embeddings.items()}
    lengths = {len(points) for points in maps.values()}
    if len(lengths) > 1:
        raise InputError(f"{owner}: embeddings of {sorted(lengths)} rows; give the same rows in each")
    n = lengths.pop()
    for name, points in maps.items():
        if points.shape[1] != 2:
            raise InputError(f"{owner}: {name!r} has shape {points.shape}; (n, 2) is needed")
    codes, names = _inputs.encode_labels(owner, "labels", labels, n)
    colors = style.class_colors(len(names))
    top = style.heading_height(title, subtitle) + _NAME
    width = 2 * _MARGIN + len(maps) * _SIDE + (len(maps) - 1) * _GAP
    fig = style.new_figure(width, top + _SIDE + _MARGIN)
    style.heading(fig, title, subtitle, _MARGIN)
    for k, (name, points) in enumerate(maps.items()):
        ax = style.add_axes(fig, _MARGIN + k * (_SIDE + _GAP), top, _SIDE, _SIDE)
        style.hide_ticks(ax)
        ax.scatter(
            points[:, 0],
            points[:, 1],
            c=[colors[code] if code >= 0 else style.UNLABELLED for code in codes],
            s=style.point_size(n) / 2,
            alpha=style.point_alpha(n),
            linewidths=0,
        )
        ax.margins(0.04)
        first, _, second = name.partition("\n")
        style.text(ax, 0, 1.015, second or first, transform=ax.transAxes, color=style.MUTED, va="bottom")
        if second:
            style.text(ax, 0, 1.075, first, transform=ax.transAxes, fontweight="bold", va="bottom")
    return fig
