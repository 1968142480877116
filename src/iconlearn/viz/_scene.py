"""The figure behind the animation: drawn once, then only its moving artists change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import _inputs, _names, _panel, bars, maps, style
from iconlearn.viz.frames import Frame, smooth_windows

_DPI = 100
_MARGIN = 0.2
_FOOT = 0.42
_MAX_PANELS = 3


class Scene:
    """Map, bars and progress line of a training; `draw` gives the picture of one frame.

    Parameters
    ----------
    frames : list of Frame
        Checked by `check_frames`.
    codes, names : class of each point (or None) and name of each class
    anchors, thumbnails, rest, loss_name
        As `training_gif` takes them.
    titles : (title, subtitle)
    size : (width, height) in pixels
    """

    def __init__(
        self,
        frames: list[Frame],
        codes: np.ndarray | None,
        names: list[str],
        anchors: Sequence[Any] | None,
        thumbnails: Any,
        rest: bool,
        titles: tuple[str, str],
        loss_name: str,
        size: tuple[int, int],
    ) -> None:
        self._frames, self._codes, self._loss_name = frames, codes, loss_name
        anchors = list(anchors if anchors is not None else ())
        self._width, self._height = size[0] / _DPI, size[1] / _DPI
        self._fig = style.new_figure(self._width, self._height, _DPI)
        style.heading(self._fig, *titles, _MARGIN)
        top = style.heading_height(*titles) if any(titles) else _MARGIN
        height = self._height - top - _FOOT
        left = _MARGIN
        self._map: Any = None
        self._moving: list[Any] = []
        if frames[0].embedding is not None:
            width = self._width - 2 * _MARGIN
            if frames[0].p is not None:
                width = min(width * 0.56, height * 1.15)
            self._add_map((left, top, width, height), names, anchors)
            left += width + 0.3
        self._panels: list[_panel.BarPanel] = []
        if frames[0].p is not None:
            self._add_bars(left, top, height, anchors, thumbnails, rest)
        self._add_foot()
        self._moving += [artist for panel in self._panels for artist in panel.moving]
        self._moving += [self._bar, self._step, self._loss]
        self._still: Any = None

    def draw(self, index: int) -> np.ndarray:
        """Draw frame ``index``; (height, width, 3) bytes."""
        frame = self._frames[index]
        if self._map is not None:
            self._move_map(index)
        for a, panel in enumerate(self._panels):
            panel.update(frame.p[a], frame.q[a])
        share = index / max(len(self._frames) - 1, 1)
        self._bar.set_data(
            [self._track[0], self._track[0] + share * (self._track[1] - self._track[0])], [self._y] * 2
        )
        self._step.set_text(f"step {frame.step}")
        self._loss.set_text(f"{self._loss_name} {frame.loss:.3f}")
        canvas: Any = self._fig.canvas
        if self._still is None:
            # What never changes is drawn once; frames are painted over a copy of it.
            for artist in self._moving:
                artist.set_animated(True)
            canvas.draw()
            self._still = canvas.copy_from_bbox(self._fig.bbox)
        canvas.restore_region(self._still)
        for artist in self._moving:
            artist.draw(canvas.get_renderer())
        return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def _add_map(self, box: tuple[float, float, float, float], names: list[str], anchors: list[Any]) -> None:
        """Draw the first map, its (still invisible) class names and the rings around the anchors."""
        points = self._frames[0].embedding
        self._map = ax = style.add_axes(self._fig, *box)
        style.hide_ticks(ax)
        self._aspect = box[2] / box[3]
        embeddings = [frame.embedding / [self._aspect, 1.0] for frame in self._frames]
        self._centres, self._halves = smooth_windows(embeddings)
        self._points = maps.scatter(ax, points, self._codes, len(names))
        self._order = np.random.default_rng(0).permutation(len(points))
        self._names: dict[int, Any] = {}
        if self._codes is not None and len(names) <= _inputs.MAX_NAMED:
            colors = style.class_colors(len(names))
            centres = _names.class_centres(points, self._codes, len(names))
            size = style.TEXT_SIZE + 3
            self._names = {
                k: _names.name_artist(ax, xy, names[k], colors[k], size) for k, xy in centres.items()
            }
        self._ringed = [a for a in anchors if isinstance(a, (int, np.integer))][:_MAX_PANELS]
        if any(not 0 <= a < len(points) for a in self._ringed):
            raise InputError(f"training_gif: anchors={self._ringed} must be rows of the {len(points)} points")
        self._letters = [
            style.text(
                ax,
                points[row][0],
                points[row][1],
                letter,
                fontweight="bold",
                path_effects=style.halo(),
                zorder=6,
            )
            for row, letter in zip(self._ringed, "ABC", strict=False)
        ]
        self._rings = ax.scatter(
            *points[self._ringed].T, s=90, facecolors="none", edgecolors=style.INK, linewidths=1.8, zorder=4
        )
        self._moving += [self._points, *self._names.values(), self._rings, *self._letters]

    def _move_map(self, index: int) -> None:
        """Move points, names, rings and the window to frame ``index``."""
        ax, points = self._map, self._frames[index].embedding
        centre, half = self._centres[index] * [self._aspect, 1.0], self._halves[index]
        ax.set_xlim(centre[0] - half * self._aspect, centre[0] + half * self._aspect)
        ax.set_ylim(centre[1] - half, centre[1] + half)
        self._points.set_offsets(points[self._order])
        if (colors := self._frames[index].colors) is not None:
            self._points.set_facecolor(colors[self._order])
        self._rings.set_offsets(points[self._ringed])
        for row, letter in zip(self._ringed, self._letters, strict=True):
            letter.set_position(points[row] + 0.035 * half)
        if self._codes is None or not self._names:
            return
        centres = _names.class_centres(points, self._codes, max(self._names) + 1)
        spots = ax.transData.transform(np.array([centres[k] for k in self._names]))
        apart = np.linalg.norm(spots[:, None] - spots[None], axis=-1) + 1e9 * np.eye(len(spots))
        for (k, name), distance in zip(self._names.items(), apart.min(axis=1), strict=True):
            # A name appears once its class stands clear of the others.
            name.set_alpha(float(np.clip((distance - 14) / 14, 0, 1)))
            name.set_position(centres[k])

    def _add_bars(
        self,
        left: float,
        top: float,
        height: float,
        anchors: list[Any],
        thumbnails: Any,
        rest: bool,
    ) -> None:
        """Draw the bars of the first anchors, one panel below the other."""
        p = np.stack([frame.p for frame in self._frames])
        q = np.stack([frame.q for frame in self._frames])
        owner = "training_gif"
        images = _panel.check_thumbnails(owner, thumbnails, p.shape[1], p.shape[2] - rest)
        names = bars.anchor_names(owner, anchors or None, p.shape[1])
        n_panels = min(p.shape[1], _MAX_PANELS)
        if self._map is not None:
            # The letters beside the rings on the map.
            letters: dict[Any, str] = dict(zip(self._ringed, "ABC", strict=False))
            names = [
                f"{letters.get(a, '')} {name}".strip()
                for a, name in zip(anchors or names, names, strict=True)
            ]
        # Without titles the key still needs its line above the bars.
        key = max(top, 0.45)
        bars.write_key(self._fig, self._width - _MARGIN, key - 0.2)
        height -= key - top
        gap = 0.25 if rest and images is None else 0.16
        row = (height - gap * (n_panels - 1)) / n_panels
        side = 0.85 if images is not None else (0.1 + 0.085 * max(map(len, names)) if any(names) else 0.0)
        for a in range(n_panels):
            above = key + a * (row + gap)
            box = (left + side, above, self._width - _MARGIN - left - side, row - (0.15 if gap > 0.2 else 0))
            limit = _panel.bar_limit(p[:, a].max(axis=0), q[:, a], rest)
            pictures = images[a, 1:] if images is not None else None
            self._panels.append(_panel.BarPanel(self._fig, box, p[0, a], q[0, a], limit, rest, pictures))
            picture = images[a, 0] if images is not None else None
            bars.write_anchor(self._fig, left, above, row, names[a], picture)

    def _add_foot(self) -> None:
        """Draw the progress line between the step and the loss."""
        from matplotlib.lines import Line2D

        width, self._y = self._width, 0.2 / self._height
        longest = max(len(f"{self._loss_name} {frame.loss:.3f}") for frame in self._frames)
        self._track = (_MARGIN + 1.0) / width, 1 - (_MARGIN + 0.15 + 0.088 * longest) / width
        place = {"transform": self._fig.transFigure, "solid_capstyle": "round"}
        self._fig.add_artist(Line2D(self._track, [self._y] * 2, color=style.FAINT, linewidth=3, **place))
        self._bar = Line2D([], [], color=style.INK, linewidth=3, **place)
        self._fig.add_artist(self._bar)
        foot = {"va": "center_baseline", "fontsize": style.TEXT_SIZE}
        self._step = style.text(self._fig, _MARGIN / width, self._y, "", **foot)
        self._loss = style.text(self._fig, 1 - _MARGIN / width, self._y, "", ha="right", **foot)
