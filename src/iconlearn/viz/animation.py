"""Training as a picture that moves: the map unfolds while q comes to meet p."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import _gif, _inputs, style
from iconlearn.viz._scene import Scene
from iconlearn.viz.files import written_aside
from iconlearn.viz.frames import Frame, check_frames


def training_gif(
    path: str | os.PathLike[str],
    frames: Sequence[Frame | Mapping[str, Any]],
    labels: Any = None,
    classes: Sequence[Any] | None = None,
    anchors: Sequence[Any] | None = None,
    thumbnails: Any = None,
    *,
    rest: bool = False,
    title: str = "",
    subtitle: str = "",
    loss_name: str = "divergence",
    fps: float = 12.0,
    hold: float = 2.0,
    size: tuple[int, int] = (900, 480),
    max_bytes: int = 3_000_000,
) -> Path:
    """Write an animated GIF of a training: the map at the left, p and q of up to 3 anchors at the right.

    Parameters
    ----------
    path : path
        Ends with .gif; written aside and renamed.
    frames : sequence of `Frame` or mapping
        The moments to show, in order. Without embeddings only the bars are drawn, without p and q only
        the map.
    labels : (n,) array, optional
        Integers (-1: none) or strings, for the colours of the map.
    classes : sequence, optional
        ``classes[k]`` names label k. Names appear on the map as the classes come apart.
    anchors : sequence of A, optional
        Names of the anchors; an integer i is written "point i" and ringed on the map.
    thumbnails : (A, 1 + neighbours, h, w) array, optional
        Picture of each anchor, then of its neighbours.
    rest : bool, default False
        Whether the last column of p and q holds the mass of all points not shown.
    title, subtitle : str
        Heading, empty by default.
    loss_name : str, default "divergence"
        What the loss is called beside its value.
    fps : float, default 12
        Frames a second, up to 50.
    hold : float, default 2
        Seconds that the last frame stays.
    size : (width, height), default (900, 480)
        In pixels.
    max_bytes : int, default 3 000 000
        Colours are given up (128, 64, 32) until the file is no larger, if that suffices.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    InputError
        For frames that cannot be drawn, another ending than .gif, or a folder that does not exist.

    Examples
    --------
    >>> frames = [Frame(k, 1.0 / (k + 1), p=[[0.7, 0.3]], q=[[0.5 + 0.1 * k, 0.3]]) for k in range(3)]
    >>> training_gif("/tmp/three-frames.gif", frames).name
    'three-frames.gif'
    """
    owner = "training_gif"
    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise InputError(f"{owner}: cannot write {path.name!r}; end the name with .gif")
    if not 0 < fps <= 50:
        raise InputError(
            f"{owner}: fps={fps!r} must be above 0 and at most 50, the fastest that viewers play"
        )
    if min(size) < 200 or max(size) > 2000:
        raise InputError(f"{owner}: size={size!r} must lie between 200 and 2000 pixels each way")
    checked = check_frames(owner, frames)
    first = checked[0]
    codes, names = None, []
    if labels is not None and first.embedding is not None:
        codes, names = _inputs.encode_labels(owner, "labels", labels, len(first.embedding), classes)
    with written_aside(path) as aside:
        scene = Scene(checked, codes, names, anchors, thumbnails, rest, (title, subtitle), loss_name, size)
        fixed = [style.PAPER, style.PANEL, style.INK, style.MUTED, style.FAINT, style.P_COLOR, style.Q_COLOR]
        if codes is None:
            fixed.append(style.NEUTRAL)
        elif len(names) <= _inputs.MAX_NAMED:
            # Class colours as the see-through points show them: few pixels, which a median cut would merge.
            faint = 1 - style.point_alpha(len(codes))
            fixed += [style.mix(color, style.PANEL, faint) for color in style.class_colors(len(names))]
        data = _gif.encode_gif(scene.draw, len(checked), fixed, fps, hold, max_bytes)
        aside.write_bytes(data)
    return path


def frame_image(gif: str | os.PathLike[str], index: int) -> np.ndarray:
    """Read frame ``index`` of a GIF as (height, width, 3) bytes; a negative index counts from the end.

    Examples
    --------
    >>> frames = [Frame(k, 1.0, p=[[0.7, 0.3]], q=[[0.5 + 0.1 * k, 0.3]]) for k in range(3)]
    >>> frame_image(training_gif("/tmp/three-frames.gif", frames), -1).shape
    (480, 900, 3)
    """
    from PIL import Image

    with Image.open(gif) as image:
        image.seek(index if index >= 0 else getattr(image, "n_frames", 1) + index)
        return np.asarray(image.convert("RGB"))
