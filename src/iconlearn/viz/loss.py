"""The divergence between p and q while it is trained away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import _inputs, _names, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 8.0, 3.3
_LEFT, _RIGHT = 0.75, 0.25


def loss_figure(
    steps: Any,
    loss: Any,
    entropy: Any = None,
    events: Sequence[tuple[float, str]] | None = None,
    curves: Mapping[str, tuple[Any, Any]] | None = None,
    *,
    name: str = "divergence",
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw a loss over the steps of training.

    Parameters
    ----------
    steps, loss : (m,) arrays
        Finite. The value axis is logarithmic if all values are positive and span a factor above 20.
    entropy : float or (m,) array, optional
        The entropy of p, a cross-entropy's floor; drawn as a dashed line.
    events : sequence of (step, text), optional
        Moments marked by a vertical line, such as ``(250, "exaggeration ends")``.
    curves : mapping of name to (steps, values), optional
        More curves, named at their ends.
    name : str, default "divergence"
        Name of the loss, written at the end of its curve if there are others and on the axis.
    title, subtitle : str
        Heading, empty by default.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        For lengths that differ, NaN or infinity.

    Examples
    --------
    >>> fig = loss_figure([0, 50, 100], [3.0, 1.0, 0.5], events=[(50, "exaggeration ends")])
    """
    lines: list[tuple[Any, ...]] = [(name, *_curve("loss", steps, loss), style.Q_COLOR, "-")]
    if entropy is not None:
        flat = np.broadcast_to(np.asarray(entropy), np.shape(steps)) if np.ndim(entropy) == 0 else entropy
        lines.append(("entropy of p", *_curve("entropy", steps, flat), style.P_COLOR, (0, (4, 2.5))))
    others = [c for c in style.class_colors(20) if c not in (style.P_COLOR, style.Q_COLOR)]
    for k, (label, (x, y)) in enumerate((curves or {}).items()):
        lines.append((str(label), *_curve(f"curves[{label!r}]", x, y), others[k % len(others)], "-"))

    longest = max(len(line[0]) for line in lines)
    right = _RIGHT + (0.09 * longest if len(lines) > 1 else 0.0)
    top = style.heading_height(title, subtitle) + (0.12 if events else 0.0)
    fig = style.new_figure(_WIDTH, top + _HEIGHT)
    style.heading(fig, title, subtitle, 0.2)
    ax = style.add_axes(fig, _LEFT, top, _WIDTH - _LEFT - right, _HEIGHT - 0.6)
    ax.grid(True, axis="y", color=style.FAINT, linewidth=0.7)
    ax.set_axisbelow(True)
    for label, x, y, color, dash in lines:
        # A curve of one point is drawn as a point: a line through it would be invisible.
        marker = {"marker": "o", "markersize": 5} if len(x) == 1 else {}
        ax.plot(x, y, color=color, linestyle=dash, linewidth=2, solid_capstyle="round", label=label, **marker)
    values = np.concatenate([line[2] for line in lines])
    marks = [float(step) for step, _ in events or ()]
    places = np.concatenate([*(line[1] for line in lines), marks])
    _limits(ax, values, float(places.min()), float(places.max()))
    ax.set_xlabel("step", color=style.MUTED, fontsize=style.TEXT_SIZE)
    ax.set_ylabel(name, color=style.MUTED, fontsize=style.TEXT_SIZE)
    for step, _ in events or ():
        ax.axvline(step, color=style.MUTED, linewidth=1, linestyle=(0, (2, 2)), zorder=1)
    _name_events(ax, events or ())
    if len(lines) > 1:
        _names.name_ends(ax, [(line[0], float(line[2][-1]), line[3]) for line in lines])
    return fig


def _curve(name: str, steps: Any, values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Check one curve: as many finite steps as finite values."""
    x = _inputs.finite_array("loss_figure", f"steps of {name}", steps, 1)
    y = _inputs.finite_array("loss_figure", name, values, 1)
    if x.shape != y.shape:
        raise InputError(f"loss_figure: {name} has {len(y)} values for {len(x)} steps; give one value a step")
    return x, y


def _limits(ax: Axes, values: np.ndarray, first: float, last: float) -> None:
    """Choose a linear or logarithmic value axis and limits that hold every value."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    low, high = float(values.min()), float(values.max())
    if low > 0 and high > 20 * low:
        ax.set_yscale("log")
        span = high / low
        ax.set_ylim(low / span**0.06, high * span**0.08)
        few = span < 300
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,)))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        ax.yaxis.set_minor_locator(NullLocator())
    else:
        # A loss is read against zero where zero is near.
        floor = 0.0 if 0 <= low < 0.6 * high else low - 0.08 * (high - low)
        pad = 0.08 * (high - floor) or max(abs(high), 1.0) * 0.1
        ax.set_ylim(floor if floor < high else low - pad, high + pad)
    pad = 0.01 * (last - first) or 0.5
    ax.set_xlim(first - pad, last + pad)
    ax.xaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True))


def _name_events(ax: Axes, events: Sequence[tuple[float, str]]) -> None:
    """Write events beside their lines: near the top, each lower than a neighbour it would run into."""
    fig: Any = ax.get_figure(root=True)
    renderer = fig.canvas.get_renderer()
    frame = ax.get_window_extent(renderer)
    placed: list[Any] = []
    for step, words in sorted(events, key=lambda event: event[0]):
        x = ax.transData.transform((step, 1))[0]
        note = style.text(ax, 0, 0, words, color=style.MUTED, fontsize=style.SMALL_SIZE, va="top", zorder=6)
        note.set(transform=None, path_effects=style.halo(), position=(x + 8, frame.y1 - 8))
        if note.get_window_extent(renderer).x1 > frame.x1:
            note.set(ha="right", position=(x - 8, frame.y1 - 8))
        box = note.get_window_extent(renderer)
        while any(box.overlaps(other) for other in placed) and box.y0 > frame.y0:
            note.set_position((note.get_position()[0], note.get_position()[1] - 1.15 * box.height))
            box = note.get_window_extent(renderer)
        placed.append(box)
        # Anchored to the data, so that the note survives another resolution.
        spot = ax.transData.inverted().transform(note.get_position())
        note.set(transform=ax.transData, position=spot)
