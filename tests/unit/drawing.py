"""What the tests of figures draw, and how they read what was drawn."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(0)
BLOBS = np.concatenate([RNG.normal(size=(30, 2)) + 8 * np.array([np.cos(a), np.sin(a)]) for a in (0, 2, 4)])
LABELS = np.repeat([0, 1, 2], 30)


def words(fig) -> list[str]:
    """Every text that a figure shows."""
    from matplotlib.text import Text

    return [t.get_text() for t in fig.findobj(Text) if t.get_text() and t.get_visible()]


def drawn(fig) -> np.ndarray:
    """The picture of a figure."""
    fig.canvas.draw()
    return np.asarray(fig.canvas.buffer_rgba())[..., :3]


def p_and_q(steps: int = 1, anchors: int = 2, k: int = 6) -> tuple[np.ndarray, list[np.ndarray]]:
    """A target, and learned distributions that move from flat to it."""
    p = 0.5 ** np.arange(1, k + 1) * np.ones((anchors, 1))
    return p, [p * t + (1 - t) * 0.01 for t in np.linspace(0, 1, steps)]
