"""Names on a map and at the ends of curves: where they stand, and how they are kept from covering one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_AIR = 5.0
"""Pixels kept free between two names."""


def class_centres(points: np.ndarray, codes: np.ndarray, n_classes: int) -> dict[int, np.ndarray]:
    """Return the median position of each class that has points: code -> (2,)."""
    return {k: np.median(points[codes == k], axis=0) for k in range(n_classes) if (codes == k).any()}


def medoids(points: np.ndarray, codes: np.ndarray, n_classes: int) -> dict[int, np.ndarray]:
    """Return the median point of each class: the one of its points nearest to all the others.

    Unlike the coordinate-wise median it never falls between two islands of one class, onto another class.
    """
    rng = np.random.default_rng(0)
    found = {}
    for k in range(n_classes):
        members = points[codes == k]
        if len(members) > 400:
            members = members[rng.choice(len(members), 400, replace=False)]
        if len(members):
            distances = np.linalg.norm(members[:, None] - members[None], axis=-1)
            found[k] = members[distances.sum(axis=1).argmin()]
    return found


def write_names(
    ax: Axes, centres: dict[int, np.ndarray], names: Sequence[str], colors: Sequence[str]
) -> None:
    """Write each class's name at its centre, with a white halo, moved apart where two would overlap."""
    if not centres:
        return
    size = style.TEXT_SIZE + (3 if max(len(names[k]) for k in centres) <= 3 else 0)
    artists = [name_artist(ax, xy, names[k], colors[k], size) for k, xy in centres.items()]
    fig: Any = ax.get_figure(root=True)
    renderer = fig.canvas.get_renderer()
    boxes = [artist.get_window_extent(renderer) for artist in artists]
    half = np.array([[box.width / 2, box.height / 2] for box in boxes])
    centre = np.array([[(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2] for box in boxes])
    frame = ax.get_window_extent(renderer)
    moved = separate(centre, half, np.array([[frame.x0, frame.y0], [frame.x1, frame.y1]]))
    # The anchor shifts by as much as the box does: in pixels first, then back to data units.
    to_data = ax.transData.inverted()
    for artist, shift in zip(artists, moved - centre, strict=True):
        artist.set_position(to_data.transform(ax.transData.transform(artist.get_position()) + shift))


def name_artist(ax: Axes, xy: np.ndarray, name: str, color: str, size: float) -> Any:
    """Write one name centred at ``xy`` in a dark shade of its class's colour."""
    return style.text(
        ax,
        float(xy[0]),
        float(xy[1]),
        name,
        color=style.mix(color, style.INK, 0.55),
        fontsize=size,
        fontweight="bold",
        ha="center",
        va="center",
        path_effects=style.halo(4.5),
        zorder=5,
    )


def name_ends(ax: Axes, ends: Sequence[tuple[str, float, str]]) -> None:
    """Write the name of each curve (name, last value, colour) right of the axes, moved apart where two overlap."""
    fig: Any = ax.get_figure(root=True)
    frame = ax.get_window_extent(fig.canvas.get_renderer())
    heights = np.array([ax.transData.transform((ax.get_xlim()[1], value))[1] for _, value, _ in ends])
    centre = np.column_stack([np.zeros(len(ends)), heights])
    half = np.tile([1.0, style.TEXT_SIZE * fig.dpi / 72 * 0.62], (len(ends), 1))
    # Boxes share one column: only an upward or downward push separates them.
    half[:, 0] = 1e6
    bounds = np.array([[-1e9, frame.y0], [1e9, frame.y1]])
    moved = separate(centre, half, bounds)
    for (name, _, color), y in zip(ends, (moved[:, 1] - frame.y0) / frame.height, strict=True):
        shade = style.mix(color, style.INK, 0.3)
        style.text(ax, 1.012, float(y), name, transform=ax.transAxes, color=shade, va="center")


def separate(centre: np.ndarray, half: np.ndarray, frame: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Push overlapping boxes apart, each by as little as possible, inside a frame.

    Parameters
    ----------
    centre, half : (m, 2) arrays
        Centres and half sizes of the boxes, in pixels.
    frame : (2, 2) array
        Lower left and upper right corner.

    Returns
    -------
    (m, 2) array
        New centres.
    """
    place = centre.copy()
    for _ in range(rounds):
        still = True
        for i in range(len(place)):
            for j in range(i):
                need = half[i] + half[j] + _AIR
                gap = place[i] - place[j]
                overlap = need - np.abs(gap)
                if (overlap > 0).all():
                    still = False
                    axis = int(overlap.argmin())
                    push = overlap[axis] / 2 * (1 if gap[axis] >= 0 else -1)
                    place[i, axis] += push
                    place[j, axis] -= push
        place = np.clip(place, frame[0] + half, np.maximum(frame[1] - half, frame[0] + half))
        if still:
            break
    return place
