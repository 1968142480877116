"""A contact sheet: what each cluster of images looks like, a row a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.viz import _inputs, _panel, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MARGIN, _LEFT = 0.25, 1.75
_PITCH, _GUTTER = 0.68, 0.1
"""Inches of a picture with the space after it, and of the space between rows."""
_MOST = 20
"""Clusters on a page unless they are chosen."""


def contact_sheet_figure(
    images: Any,
    assigned: Any,
    closeness: Any = None,
    labels: Any = None,
    classes: Sequence[Any] | None = None,
    *,
    clusters: Sequence[Any] | None = None,
    n_images: int = 12,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draw the images that stand for each cluster, a row a cluster.

    Beside each row are the cluster's name and size, and with labels its majority class and the share of it; pictures of
    other classes have an orange frame.

    Parameters
    ----------
    images : (n, h, w) or (n, h, w, 3) array, or sequence of n images
        Any sizes. Only the pictures that are shown are read, so that a sequence may open files. Whole numbers are
        0 to 255; others are scaled by the least and the greatest value shown.
    assigned : (n,) array
        Cluster of each image; an integer -1 means none.
    closeness : (n,) array, optional
        How well each image represents its cluster, greater is better: the probability of its cluster, or minus
        the distance to its prototype. The best are shown, best first; without it the first of each cluster.
    labels : (n,) array, optional
        Known classes; an integer -1 means none.
    classes : sequence, optional
        ``classes[k]`` names label k.
    clusters : sequence, optional
        Clusters to show, in this order. By default the 20 largest, by their number or name.
    n_images : int, default 12
        Pictures a cluster.
    title, subtitle : str
        Heading; a subtitle left empty says which clusters are shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        For lengths that differ, NaN, a cluster that has no image, or images that are none.
    OptionError
        If ``n_images`` is not an integer from 1 to 40.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).random((6, 8, 8))
    >>> fig = contact_sheet_figure(images, [0, 0, 1, 1, 1, 0], labels=["a", "a", "b", "b", "a", "a"])
    """
    owner = "contact_sheet_figure"
    n_images = check_number(owner, "n_images", n_images, low=1, high=40, integer=True)
    codes, names = _inputs.encode_labels(owner, "assigned", assigned, len(images))
    near = (
        np.zeros(len(codes)) if closeness is None else _inputs.finite_array(owner, "closeness", closeness, 1)
    )
    if len(near) != len(codes):
        raise InputError(
            f"{owner}: closeness has {len(near)} values for {len(codes)} images; give one an image"
        )
    truth, class_names = None, []
    if labels is not None:
        truth, class_names = _inputs.encode_labels(owner, "labels", labels, len(codes), classes)
    sizes = np.bincount(codes[codes >= 0], minlength=len(names))
    chosen = _choose(owner, clusters, names, sizes)
    if not subtitle:
        part = f"{len(chosen)} of {len(names)}" if len(chosen) < len(names) else f"{len(names)}"
        ranked = any(np.ptp(near[codes == k]) > 0 for k in chosen)
        order = ", the most typical images first" if ranked else ""
        frames = "" if truth is None else ", orange where most of the cluster are of another class"
        subtitle = f"{part} clusters{order}{frames}"
    columns = int(min(n_images, sizes[chosen].max()))
    top = style.heading_height(title, subtitle) + 0.05
    row = _PITCH + _GUTTER
    fig = style.new_figure(_LEFT + columns * _PITCH + _MARGIN, top + len(chosen) * row + 0.15)
    style.heading(fig, title, subtitle, _MARGIN)
    shown = [_best(near, np.flatnonzero(codes == k), columns) for k in chosen]
    pictures = _pictures(owner, images, np.concatenate(shown))
    for line, (k, rows) in enumerate(zip(chosen, shown, strict=True)):
        members = None if truth is None else truth[codes == k]
        ax = style.add_axes(fig, 0, top + line * row, _LEFT + columns * _PITCH, _PITCH)
        ax.set_facecolor(style.PAPER)
        style.hide_ticks(ax)
        major = _caption(ax, names[k], int(sizes[k]), members, class_names)
        for column, i in enumerate(rows.tolist()):
            left = _LEFT + column * _PITCH
            odd = truth is not None and major >= 0 and truth[i] not in (-1, major)
            _draw(ax, pictures[i], left, odd)
        ax.set_xlim(0, _LEFT + columns * _PITCH)
        ax.set_ylim(0, _PITCH)
    return fig


def _choose(owner: str, clusters: Sequence[Any] | None, names: list[str], sizes: np.ndarray) -> list[int]:
    """Codes of the clusters to show."""
    if not names:
        raise InputError(f"{owner}: assigned puts no image into a cluster; give clusters, not -1")
    if clusters is None:
        return sorted(np.argsort(-sizes, kind="stable")[:_MOST].tolist())
    index = {name: k for k, name in enumerate(names)}
    strangers = [name for name in map(str, clusters) if name not in index]
    if strangers or not len(clusters):
        seen = f"clusters holds {strangers[0]!r}, which has no image" if strangers else "clusters is empty"
        raise InputError(f"{owner}: {seen}; choose among the {len(names)} that assigned names")
    return [index[str(name)] for name in clusters]


def _best(near: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """The ``count`` rows of greatest closeness, greatest first, the earlier of equals."""
    return rows[np.argsort(-near[rows], kind="stable")[:count]]


def _pictures(owner: str, images: Any, rows: np.ndarray) -> dict[int, np.ndarray]:
    """The pictures of some rows, scaled to 0..1, by row."""
    found = {int(i): np.asarray(images[int(i)]) for i in rows}
    for i, picture in found.items():
        grey_or_colour = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] in (3, 4))
        if not grey_or_colour or picture.size == 0 or picture.dtype.kind not in "biuf":
            raise InputError(
                f"{owner}: image {i} has shape {picture.shape} of {picture.dtype}; images are (h, w) or (h, w, 3)"
            )
        if not np.isfinite(picture).all():
            raise InputError(f"{owner}: image {i} holds NaN or infinity; replace them first")
    if all(picture.dtype == np.uint8 for picture in found.values()):
        low, high = 0.0, 255.0
    else:
        low = min(float(picture.min()) for picture in found.values())
        high = max(float(picture.max()) for picture in found.values())
    return {i: (picture.astype(np.float64) - low) / ((high - low) or 1.0) for i, picture in found.items()}


def _caption(ax: Any, name: str, size: int, members: np.ndarray | None, class_names: list[str]) -> int:
    """Write name, size and majority class of a cluster; return the code of that class, -1 for none."""
    known = np.zeros(0, dtype=np.int64) if members is None else members[members >= 0]
    x, middle = _MARGIN, _PITCH / 2
    style.text(ax, x, middle + 0.17, f"cluster {style.shorten(name, 9)}", fontweight="bold", va="center")
    style.text(ax, x, middle, f"{size:,} images", color=style.MUTED, fontsize=style.SMALL_SIZE, va="center")
    if not len(known):
        return -1
    counts = np.bincount(known)
    major = int(counts.argmax())
    words = f"{counts[major] / len(known):.0%} are {style.shorten(class_names[major], 12)}"
    style.text(ax, x, middle - 0.17, words, fontsize=style.SMALL_SIZE, va="center")
    return major


def _draw(ax: Any, picture: np.ndarray, left: float, odd: bool) -> None:
    """Draw one picture in its own proportions, framed if it is of another class than most of its cluster."""
    side = _PITCH - 0.06
    height, width = picture.shape[0], picture.shape[1]
    w, h = side * min(1.0, width / height), side * min(1.0, height / width)
    _panel.draw_thumbnail(ax, picture, left + side / 2, (_PITCH - h) / 2, w, h)
    if odd:
        from matplotlib.patches import Rectangle

        corner = (left + (side - w) / 2, (_PITCH - h) / 2)
        ax.add_patch(Rectangle(corner, w, h, fill=False, edgecolor=style.Q_COLOR, linewidth=2.2, zorder=2))
