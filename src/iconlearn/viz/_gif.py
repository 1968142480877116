"""Animated GIF files: one palette for all frames, found from a few of them."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_BITS = 6


def encode_gif(
    draw: Callable[[int], np.ndarray],
    n_frames: int,
    fixed: Sequence[str],
    fps: float,
    hold: float,
    max_bytes: int,
) -> bytes:
    """Draw frames and encode them as a looping GIF.

    Parameters
    ----------
    draw : callable
        ``draw(i)`` gives frame i as (height, width, 3) bytes; some frames are asked for twice.
    n_frames : int
    fixed : sequence of "#RRGGBB"
        Colours that the palette must hold exactly.
    fps : float
        Frames a second; the GIF format rounds a frame's time to 10 ms.
    hold : float
        Seconds that the last frame stays.
    max_bytes : int
        The palette shrinks from 128 to 64 and 32 colours until the file is no larger, if that suffices.

    Returns
    -------
    bytes
        The file.
    """
    picks = sorted({round(k) for k in np.linspace(0, n_frames - 1, min(n_frames, 6))})
    sample = np.concatenate([draw(i) for i in picks])
    palette = _palette(sample, fixed, 128)
    table = _nearest_table(palette)
    # One byte a pixel from here on: hundreds of frames stay affordable.
    frames = [_look_up(table, draw(i)) for i in range(n_frames)]
    durations = [round(100 / fps) * 10] * n_frames
    durations[-1] = max(durations[-1], round(hold * 1000))
    data = _write(frames, palette, durations)
    for colors in (64, 32):
        if len(data) <= max_bytes:
            break
        smaller = _palette(sample, fixed, colors)
        remap = _nearest(palette, smaller)
        data = _write([remap[frame] for frame in frames], smaller, durations)
    return data


def _palette(pixels: np.ndarray, fixed: Sequence[str], colors: int) -> np.ndarray:
    """Choose at most ``colors`` colours (m, 3): the fixed ones, then the median cut of the pixels."""
    from PIL import Image

    exact = [tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for c in dict.fromkeys(fixed)][: colors // 2]
    cut = Image.fromarray(pixels).quantize(colors - len(exact), method=Image.Quantize.MEDIANCUT)
    found = np.array(cut.getpalette()).reshape(-1, 3)
    return np.concatenate([np.array(exact, dtype=np.int64).reshape(-1, 3), found])


def _nearest(colors: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Index of the nearest palette entry for each colour (m, 3), weighted as the eye weighs r, g, b."""
    weight = np.sqrt(np.array([0.30, 0.59, 0.11], dtype=np.float32))
    a, b = colors.astype(np.float32) * weight, palette.astype(np.float32) * weight
    norms = (b**2).sum(axis=1)
    parts = [(norms - 2 * part @ b.T).argmin(axis=1) for part in np.array_split(a, max(1, len(a) // 32768))]
    return np.concatenate(parts).astype(np.uint8)


def _nearest_table(palette: np.ndarray) -> np.ndarray:
    """Nearest palette entry for every colour of 6 bits a channel."""
    # Level k stands for the 8-bit values 4k..4k+3; its top end keeps pure white white.
    levels = np.arange(1 << _BITS) * 255 / ((1 << _BITS) - 1)
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    return _nearest(grid.reshape(-1, 3), palette)


def _look_up(table: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Map (h, w, 3) bytes to palette indices (h, w)."""
    r, g, b = (frame[..., k].astype(np.int32) >> (8 - _BITS) for k in range(3))
    return table[(r << (2 * _BITS)) | (g << _BITS) | b]


def _write(frames: Sequence[np.ndarray], palette: np.ndarray, durations: Sequence[int]) -> bytes:
    """Encode indexed frames; Pillow stores of each only what changed since the one before."""
    from PIL import Image

    images: list[Any] = []
    for frame in frames:
        image = Image.frombytes("P", (frame.shape[1], frame.shape[0]), np.ascontiguousarray(frame).tobytes())
        image.putpalette(palette.astype(np.uint8).tobytes())
        images.append(image)
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=list(durations),
        loop=0,
        disposal=1,
        optimize=False,
    )
    return buffer.getvalue()
