"""p against q and the loss: the figures of the equation."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import RNG, drawn, p_and_q, words

from iconlearn._errors import InputError
from iconlearn.viz import loss_figure, p_vs_q_figure
from iconlearn.viz._panel import BarPanel, total_variation
from iconlearn.viz.style import P_COLOR, Q_COLOR


def test_p_vs_q_states_the_gap_of_each_panel() -> None:
    p, (before, after) = p_and_q(2)
    fig = p_vs_q_figure(p, before, after, anchors=["a one", 17], title="Meet")
    gaps = [float(w.split()[1]) for w in words(fig) if w.startswith("gap")]
    np.testing.assert_allclose(
        gaps, np.stack([total_variation(p, q) for q in (before, after)]).ravel(), atol=0.005
    )
    assert {"before training", "after training", "a one", "point 17"} <= set(words(fig))
    picture = drawn(fig).reshape(-1, 3)
    for color in (P_COLOR, Q_COLOR):
        assert (picture == [int(color[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=1).sum() > 1000


@pytest.mark.parametrize(
    ("anchors", "k", "rest"), [(1, 1, False), (1, 2, True), (4, 40, True), (3, 10, False)]
)
@pytest.mark.parametrize("shape", [None, (8, 8), (4, 6, 3)])
def test_p_vs_q_draws(anchors: int, k: int, rest: bool, shape) -> None:
    p, (before, after) = p_and_q(2, anchors, k)
    images = None if shape is None else RNG.random((anchors, k + 1, *shape))
    assert drawn(p_vs_q_figure(p, before, after, thumbnails=images, rest=rest)).std() > 0
    assert drawn(p_vs_q_figure(p, None, np.zeros_like(p), thumbnails=images, rest=rest)).std() > 0


def test_bars_meet_where_p_and_q_agree() -> None:
    from iconlearn.viz.style import new_figure

    panel = BarPanel(new_figure(3, 2), (0, 0, 3, 2), np.array([0.4, 0.1]), np.array([0.4, 0.3]), 0.5)
    (p0, p1), (q0, q1) = panel._bars
    assert p0.get_height() == q0.get_height() == 0.4
    assert p0.get_x() + p0.get_width() == pytest.approx(q0.get_x())
    assert q1.get_height() - p1.get_height() == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"p": np.full((5, 2), 0.1)}, "at most 4"),
        ({"q_after": [[0.5]]}, "shape"),
        ({"q_after": [[0.9, 0.9]]}, "sum to at most 1"),
        ({"q_after": [[-0.1, 0.9]]}, "at least 0"),
        ({"q_before": None, "q_after": None}, "at least one"),
        ({"anchors": ["a", "b"]}, "anchors"),
        ({"thumbnails": np.zeros((1, 2, 8, 8))}, "thumbnails"),
        ({"thumbnails": np.full((1, 3, 8, 8), np.nan)}, "thumbnails"),
    ],
)
def test_p_vs_q_refuses(change, match: str) -> None:
    row = [[0.6, 0.3]]
    with pytest.raises(InputError, match=match):
        p_vs_q_figure(**{"p": row, "q_before": row, "q_after": row, **change})


@pytest.mark.parametrize(
    ("loss", "scale"),
    [
        (np.geomspace(1, 1e-6, 9), "log"),
        (np.linspace(4, 1, 9), "linear"),
        (np.linspace(4, -1, 9), "linear"),
        (np.zeros(9), "linear"),
    ],
)
def test_loss_figure_chooses_its_scale(loss, scale: str) -> None:
    fig = loss_figure(np.arange(9), loss, events=[(4, "exaggeration ends"), (4.1, "and more"), (8, "end")])
    assert fig.axes[0].get_yscale() == scale
    assert drawn(fig).std() > 0
    low, high = fig.axes[0].get_ylim()
    assert low <= loss.min()
    assert loss.max() <= high
    boxes = [t.get_window_extent() for t in fig.axes[0].texts]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_loss_figure_names_every_curve() -> None:
    steps, loss = np.arange(5), np.linspace(3, 2, 5)
    fig = loss_figure(
        steps, loss, entropy=1.9, curves={"held out": ([0, 4], [3.1, 2.1])}, name="cross-entropy"
    )
    assert {"cross-entropy", "entropy of p", "held out", "step"} <= set(words(fig))
    assert drawn(loss_figure([3], [0.5], entropy=[0.2])).std() > 0
    with pytest.raises(InputError, match="one value a step"):
        loss_figure(steps, loss[:3])
