"""Figures of experiments: strips of seeds, panels of embeddings, a score against measures."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import BLOBS, LABELS, words

from iconlearn._errors import InputError
from iconlearn.viz import panels_figure, scatter_figure, strip_figure
from iconlearn.viz.style import class_colors

SCORES = {
    "iso": {"PCA": [3.0, 2.8], "InfoNCE": [4.0, 5.0]},
    "pancakes": {"PCA": [89.0, 90.0], "InfoNCE": [0.4, 0.5]},
}


def test_strips_have_a_dot_a_seed_a_bar_at_the_mean_and_names():
    fig = strip_figure(SCORES, score="degrees", log=True, lines={"threshold": 2.0}, title="T")
    (ax,) = fig.axes
    dots = [line for line in ax.lines if line.get_marker() == "o" and len(line.get_xdata())]
    assert sorted(float(y) for line in dots for y in line.get_ydata()) == [
        0.4,
        0.5,
        2.8,
        3.0,
        4.0,
        5.0,
        89.0,
        90.0,
    ]
    bars = sorted(line.get_ydata()[0] for line in ax.lines if line.get_linewidth() == 2.2)
    assert np.allclose(bars, [0.45, 2.9, 4.5, 89.5])
    assert {"iso", "pancakes", "PCA", "InfoNCE", "threshold", "degrees", "T"} <= set(words(fig))
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize("names", [["x" * 60, "y"], ["PCA", "LDA"], ["a longer name", *"bcdefgh"]])
def test_the_legend_fits_the_figure(names):
    fig = strip_figure({"a": {name: [1.0, 2.0] for name in names}}, lines={"truth": 1.5})
    legend = fig.axes[0].get_legend().get_window_extent(fig.canvas.get_renderer())
    assert 0 < legend.x0 < legend.x1 < fig.get_size_inches()[0] * fig.dpi


def test_panels_show_every_row_in_the_colour_of_its_class():
    fig = panels_figure({"PCA": BLOBS, "LDA\n0.3 degrees": -BLOBS}, LABELS, title="T")
    assert len(fig.axes) == 2
    for ax, sign in zip(fig.axes, (1, -1), strict=True):
        (points,) = ax.collections
        assert np.allclose(points.get_offsets(), sign * BLOBS)
        found = {tuple(np.round(c[:3] * 255).astype(int)) for c in points.get_facecolors()}
        assert found == {tuple(int(c[k : k + 2], 16) for k in (1, 3, 5)) for c in class_colors(3)}
    assert {"PCA", "LDA", "0.3 degrees"} <= set(words(fig))


def test_scatter_has_a_panel_a_measure_and_shares_the_score():
    fig = scatter_figure(
        {"MI": [1, 2, 3], "uniformity": [3, 1, 2]}, [0.1, 0.5, 0.9], groups=["a", "b", "a"], score="s"
    )
    assert len(fig.axes) == 2
    assert [len(line.get_xdata()) for line in fig.axes[0].lines] == [2, 1]
    assert {"MI", "uniformity", "s", "a", "b"} <= set(words(fig))


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: strip_figure({}), "empty"),
        (lambda: strip_figure({"a": {"b": []}}), "non-empty"),
        (lambda: strip_figure({"a": {"b": [np.nan]}}), "NaN"),
        (lambda: strip_figure({"a": {"b": [0.0]}}, log=True), "positive"),
        (lambda: panels_figure({}, []), "empty"),
        (lambda: panels_figure({"a": np.zeros((3, 3))}, [0, 0, 1]), r"\(n, 2\)"),
        (lambda: panels_figure({"a": np.zeros((3, 2)), "b": np.zeros((4, 2))}, [0, 0, 1]), "same rows"),
        (lambda: panels_figure({"a": np.zeros((3, 2))}, [0, 0]), "one for each"),
        (lambda: scatter_figure({}, [1.0]), "empty"),
        (lambda: scatter_figure({"a": [1.0, 2.0]}, [1.0]), "one for each"),
    ],
)
def test_refusals(draw, message):
    with pytest.raises(InputError, match=message):
        draw()
