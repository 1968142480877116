"""A score against several measures that claim to foretell it, a panel each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from iconlearn._errors import InputError
from iconlearn.viz import _inputs, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SIDE, _LEFT, _GAP, _RIGHT, _BOTTOM, _ROOM = 2.5, 0.8, 0.22, 0.25, 0.6, 0.3


def scatter_figure(
    measures: Mapping[Any, Any],
    values: Any,
    *,
    score: str = "",
    groups: Any = None,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw a score against measures of the same things, a panel a measure, which share the axis of the score.

    Parameters
    ----------
    measures : mapping of name to (m,) array
        A line break in a name starts a second line, such as a correlation.
    values : (m,) array
        The score of every thing.
    score : str
        Name of its axis.
    groups : (m,) array, optional
        What kind of thing each is, for colours and a legend.
    title, subtitle : str
        Heading, empty by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        Without measures, or for arrays that are empty, not finite or of different lengths.

    Examples
    --------
    >>> fig = scatter_figure({"information": [0.5, 2.0], "uniformity": [1.0, 0.2]}, [0.4, 0.9], score="accuracy")
    """
    owner = "scatter_figure"
    y = _inputs.finite_array(owner, "values", values, 1)
    found = {str(name): _inputs.finite_array(owner, str(name), x, 1) for name, x in measures.items()}
    if not found:
        raise InputError(f"{owner}: measures is empty; give at least one")
    for name, x in found.items():
        if len(x) != len(y):
            raise InputError(
                f"{owner}: {name!r} has {len(x)} values and the score {len(y)}; give one for each"
            )
    codes, names = _inputs.encode_labels(owner, "groups", [""] * len(y) if groups is None else groups, len(y))
    colors = style.class_colors(len(names))
    room = _ROOM if groups is not None else 0.0
    top = style.heading_height(title, subtitle) + room + 0.15
    width = _LEFT + len(found) * _SIDE + (len(found) - 1) * _GAP + _RIGHT
    fig = style.new_figure(width, top + _SIDE + _BOTTOM)
    style.heading(fig, title, subtitle, 0.2)
    for k, (name, x) in enumerate(found.items()):
        ax = style.add_axes(fig, _LEFT + k * (_SIDE + _GAP), top, _SIDE, _SIDE)
        ax.grid(True, color=style.FAINT, linewidth=0.7)
        ax.set_axisbelow(True)
        for code, group in enumerate(names):
            own = codes == code
            ax.plot(
                x[own],
                y[own],
                "o",
                color=colors[code],
                label=group,
                markersize=5.5,
                alpha=0.85,
                markeredgewidth=0,
            )
        ax.margins(0.08)
        ax.set_xlabel(name, color=style.MUTED, fontsize=style.TEXT_SIZE)
        if k:
            ax.tick_params(labelleft=False)
        else:
            ax.set_ylabel(score, color=style.MUTED, fontsize=style.TEXT_SIZE)
            if groups is not None:
                style.legend_above(ax, len(names))
    return fig
