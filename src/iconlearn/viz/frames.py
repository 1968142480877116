"""The moments of training that an animation shows, and the window through which it is seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.viz import _inputs


@dataclass
class Frame:
    """One moment of training.

    Attributes
    ----------
    step : int
    loss : float
    embedding : (n, 2) array or None
        The map; None if there is none to show.
    p, q : (A, K) arrays or None
        Probabilities of K neighbours of A anchors; None, both, if there are no bars to show.
    colors : (n, 3) array or None
        Red, green, blue of each point of the map, 0 to 1; None for the colours of the labels.

    Examples
    --------
    >>> Frame(step=0, loss=3.2, p=[[0.7, 0.3]], q=[[0.5, 0.5]]).step
    0
    """

    step: int
    loss: float
    embedding: Any = None
    p: Any = None
    q: Any = None
    colors: Any = None


def check_frames(owner: str, frames: Sequence[Frame | Mapping[str, Any]]) -> list[Frame]:
    """Return checked copies of frames, given as `Frame` or as mappings with its names.

    Raises
    ------
    InputError
        For no frames, nothing to show, arrays that change shape, NaN or infinity.
    """
    checked: list[Frame] = []
    for k, given in enumerate(frames):
        where = f"{owner}: frames[{k}]"
        try:
            frame = given if isinstance(given, Frame) else Frame(**given)
        except TypeError as error:
            raise InputError(
                f"{where} is not a Frame ({error}); give step, loss, embedding, p, q and colors"
            ) from None
        if not np.isfinite([frame.step, frame.loss]).all():
            raise InputError(f"{where}: step={frame.step}, loss={frame.loss} must be finite")
        if (frame.p is None) != (frame.q is None) or (frame.p is None and frame.embedding is None):
            raise InputError(f"{where}: give an embedding, or p and q, or all three")
        embedding = p = q = None
        if frame.embedding is not None:
            embedding = _inputs.finite_array(where, "embedding", frame.embedding, 2)
            if embedding.shape[1] != 2:
                raise InputError(
                    f"{where}: embedding has shape {embedding.shape}; an animated map needs (n, 2)"
                )
        if frame.p is not None:
            p = _inputs.probabilities(where, "p", frame.p)
            q = _inputs.probabilities(where, "q", frame.q, p.shape)
        colors = None
        if frame.colors is not None:
            colors = _inputs.finite_array(where, "colors", frame.colors, 2).clip(0, 1)
            if embedding is None or colors.shape != (len(embedding), 3):
                raise InputError(
                    f"{where}: colors has shape {colors.shape}; give red, green, blue of each point"
                )
        checked.append(Frame(frame.step, float(frame.loss), embedding, p, q, colors))
        if _shapes(checked[0]) != _shapes(checked[-1]):
            raise InputError(f"{where}: embedding, p, q and colors must keep the shapes of frames[0]")
    if not checked:
        raise InputError(f"{owner}: frames is empty; give at least one")
    return checked


def smooth_windows(embeddings: Sequence[np.ndarray], reach: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Centre and half width of a square window for each frame, which follows the data without jumps.

    Parameters
    ----------
    embeddings : sequence of (n, 2) arrays
    reach : int, default 3
        Frames on either side over which the window is smoothed.

    Returns
    -------
    centres : (frames, 2) array
    halves : (frames,) array
        Every point of frame i lies in the window i.
    """
    middles = np.array([(e.min(axis=0) + e.max(axis=0)) / 2 for e in embeddings])
    centres = np.column_stack([_smooth(middles[:, k], reach) for k in range(2)])
    needed = np.array([np.abs(e - c).max() for e, c in zip(embeddings, centres, strict=True)])
    needed[needed == 0] = max(float(needed.max()), 1.0)
    # In the logarithm: an embedding may grow by orders of magnitude within a few steps. Never so tight that
    # points are lost, never so wide that the map shrinks to a dot before it grows.
    halves = np.clip(np.exp(_smooth(np.log(needed), reach)), needed, 1.4 * needed)
    return centres, 1.07 * halves


def _smooth(values: np.ndarray, reach: int) -> np.ndarray:
    """Average with a bell-shaped window of ``reach`` entries on either side."""
    kernel = np.hanning(2 * reach + 3)[1:-1]
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def _shapes(frame: Frame) -> list[tuple[int, ...]]:
    return [np.shape(a) if a is not None else () for a in (frame.embedding, frame.p, frame.q, frame.colors)]
