"""One panel of paired bars: p (blue) and q (orange) of one anchor over its neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BAR = 0.4
_REST_GAP = 0.5
_SMALLEST = 0.14
"""Inches a pair of bars needs for a picture below it that can still be read."""
_FOOT = 0.012
"""Share of the axis that a bar of almost nothing still shows, so that it is seen to be there."""


def total_variation(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Return 1/2 sum |p - q| along the last axis: 0 where they meet, 1 where they share nothing.

    Examples
    --------
    >>> float(total_variation(np.array([0.5, 0.5]), np.array([1.0, 0.0])))
    0.5
    """
    return 0.5 * np.abs(p - q).sum(axis=-1)


def slot_width(width: float, n_bars: int, rest: bool) -> float:
    """Inches of one pair of bars in a panel of ``width`` inches."""
    return width / (n_bars + (_REST_GAP if rest else 0.0))


def bar_limit(p: np.ndarray, qs: np.ndarray, rest: bool) -> float:
    """Height of the value axis for p (K,) and every q (..., K) that the panel will show.

    The rest is left out (it would dwarf the neighbours), and a q far above p is cut rather than let p
    shrink to nothing.
    """
    shown = slice(None, -1) if rest and p.size > 1 else slice(None)
    top = float(p[shown].max())
    highest = float(qs[..., shown].max())
    return 1.22 * (min(max(top, highest), 2.0 * top) if top > 0 else highest) or 1.0


def check_thumbnails(owner: str, thumbnails: Any, n_anchors: int, n_neighbours: int) -> np.ndarray | None:
    """Return thumbnails (A, 1 + neighbours, h, w[, 3]), scaled to 0..1; None stays None."""
    if thumbnails is None:
        return None
    images = np.asarray(thumbnails, dtype=np.float64)
    if images.ndim not in (4, 5) or images.shape[0] != n_anchors or images.shape[1] < n_neighbours + 1:
        raise InputError(
            f"{owner}: thumbnails has shape {images.shape}; give each of the {n_anchors} anchors its own "
            f"picture, then those of its {n_neighbours} neighbours: ({n_anchors}, {n_neighbours + 1}, h, w)"
        )
    if not np.isfinite(images).all():
        raise InputError(f"{owner}: thumbnails holds NaN or infinity; replace them first")
    low, high = images.min(), images.max()
    return (images - low) / ((high - low) or 1.0)


def draw_thumbnail(ax: Any, image: np.ndarray, x: float, y: float, width: float, height: float) -> None:
    """Draw one picture in data units of ``ax``: dark on light for grey ones, colours as they are."""
    grey = image.ndim == 2
    ax.imshow(
        1 - image if grey else image,
        extent=(x - width / 2, x + width / 2, y, y + height),
        cmap="gray" if grey else None,
        vmin=0,
        vmax=1,
        aspect="auto",
        interpolation="nearest",
        zorder=1,
    )


class BarPanel:
    """The bars of one anchor, which `update` moves to another p and q (its artists `moving` change).

    Parameters
    ----------
    fig : Figure
    box : (left, top, width, height)
        In inches, the top counted from the figure's upper edge.
    p, q : (K,) arrays
    limit : float
        Top of the value axis, see `bar_limit`.
    rest : bool
        Whether the last bar stands for all other points.
    thumbnails : (K or more, h, w) array, optional
        Pictures of the neighbours, drawn below their bars.
    """

    def __init__(
        self,
        fig: Figure,
        box: tuple[float, float, float, float],
        p: np.ndarray,
        q: np.ndarray,
        limit: float,
        rest: bool = False,
        thumbnails: np.ndarray | None = None,
    ) -> None:
        left, top, width, height = box
        slot = slot_width(width, len(p), rest)
        if slot < _SMALLEST:
            thumbnails = None
        strip = min(slot * 0.86, 0.42) if thumbnails is not None else 0.0
        self.ax = ax = style.add_axes(fig, left, top, width, height - strip)
        x = np.arange(len(p), dtype=np.float64)
        if rest:
            x[-1] += _REST_GAP
        style.hide_ticks(ax)
        ax.set_xlim(-0.5, x[-1] + 0.5)
        ax.set_ylim(0, limit)
        ax.axhline(0, color=style.MUTED, linewidth=1.2, clip_on=False, zorder=3)
        # The two bars of a pair touch: where p and q agree they read as one flat block.
        colors = [style.P_COLOR] * len(p), [style.Q_COLOR] * len(p)
        if rest:
            for pair in colors:
                pair[-1] = style.mix(pair[-1], style.PAPER, 0.45)
        self._bars = [
            ax.bar(x + side * _BAR / 2, 0.0, _BAR, color=color, linewidth=0).patches
            for side, color in zip((-1, 1), colors, strict=True)
        ]
        # A bar taller than the axis is cut, and a slanted stroke says so; those of a pair make one line.
        self._cuts = [
            [
                ax.plot(
                    middle + np.array([side - 1.1, side + 1.1]) * _BAR / 2,
                    (0.82 + 0.03 * np.array([side - 1.1, side + 1.1])) * limit,
                    color=style.PANEL,
                    linewidth=3,
                    solid_capstyle="butt",
                )[0]
                for middle in x
            ]
            for side in (-1, 1)
        ]
        self._gap = style.text(
            ax,
            x[-2 if rest and len(p) > 1 else -1] + 0.45,
            0.96 * limit,
            "",
            ha="right",
            va="top",
            fontweight="bold",
            path_effects=style.halo(),
            zorder=6,
        )
        if thumbnails is not None:
            below = style.add_axes(fig, left, top + height - strip, width, strip)
            # See-through: the baseline and the word "rest" reach into it.
            below.patch.set_visible(False)
            for k in range(len(p) - rest):
                draw_thumbnail(below, thumbnails[k], x[k], 0.0, strip * 0.9 / slot, 0.9)
            style.hide_ticks(below)
            below.set_xlim(-0.5, x[-1] + 0.5)
            below.set_ylim(0, 1)
        if rest:
            style.text(
                ax,
                x[-1],
                -0.04 * limit,
                "rest",
                color=style.MUTED,
                fontsize=style.SMALL_SIZE,
                ha="center",
                va="top",
            )
        self.moving = [artist for group in (*self._bars, *self._cuts) for artist in group] + [self._gap]
        self._limit = limit
        self.update(p, q)

    def update(self, p: np.ndarray, q: np.ndarray) -> None:
        """Show another p and q, both (K,)."""
        for bars, cuts, values in zip(self._bars, self._cuts, (p, q), strict=True):
            for bar, cut, value in zip(bars, cuts, values, strict=True):
                bar.set_height(max(float(value), _FOOT * self._limit))
                cut.set_visible(bool(value > self._limit))
        self._gap.set_text(f"gap {float(total_variation(p, q)):.2f}")
