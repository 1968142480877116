"""Twelve maps of the same handwritten digits, each by another cell of the table: `python docs/gallery.py`.

Draws ``docs/images/maps.png`` (about a minute on one core). Rows of pixels go in, nothing else, but for the last map,
which is told the class of every tenth digit. Classes are colours only.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neighbors import kneighbors_graph

import iconlearn
from iconlearn.viz import class_colors, save_figure, style
from iconlearn.viz._names import medoids
from iconlearn.viz.maps import fit_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NEIGHBORS = 15
COLUMNS = 4
SIDE, GAP, HEAD, TRIM = 2.4, 0.12, 0.58, 0.12  # inches; above the first row there is less air to keep
DPI, POINT, ALPHA = 150, 3.0, 0.85
NAME = {"fontweight": "bold", "ha": "center", "va": "center"}  # small: islands are not to be covered


@dataclass(frozen=True)
class Panel:
    """An estimator with its options, what to write above it, and whether it learns from the graph or from classes."""

    estimator: str
    title: str
    words: str
    options: dict[str, Any] = field(default_factory=dict)
    graph: bool = False
    told: bool = False


PANELS = (
    Panel("SNE", "SNE", "Gaussian p, Gaussian q"),
    Panel("SymmetricSNE", "Symmetric SNE", "the same over all pairs at once"),
    Panel("RowTSNE", "t-SNE by rows", "Gaussian p, Student-t q"),
    Panel("TSNE", "t-SNE", "the same over all pairs at once"),
    Panel("UniformSNE", "Uniform SNE", "15 neighbours alike, Gaussian q"),
    Panel("UniformTSNE", "Uniform t-SNE", "15 neighbours alike, Student-t q"),
    Panel("DualTSNE", "Dual t-SNE", "Student-t p, Gaussian q"),
    Panel("DoublyTSNE", "Doubly t-SNE", "Student-t p, Student-t q"),
    Panel("GraphTSNE", "Graph t-SNE", "the 15-NN graph alone", graph=True),
    Panel("PCA", "PCA", "every row is its own, wide Gaussian q", {"n_components": 2}),
    Panel("ParametricTSNE", "Parametric t-SNE", "t-SNE by a network"),
    Panel("TSNE", "t-SNE with labels", "every other digit has its class", {"label_weight": 0.5}, told=True),
)


def fitted(panel: Panel, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The map, (n, 2)."""
    estimator = getattr(iconlearn, panel.estimator)(**panel.options)
    if panel.graph:
        graph = kneighbors_graph(X, NEIGHBORS)
        return estimator.fit_transform(graph.maximum(graph.T))
    some = np.where(np.arange(len(y)) % 2 == 0, y, -1) if panel.told else None
    return estimator.fit_transform(X, some)


def draw(maps: list[np.ndarray], y: np.ndarray) -> Figure:
    """All maps on one sheet."""
    colors = class_colors(10)
    order = np.random.default_rng(0).permutation(len(y))  # no class lies on top of the others
    shades = np.array(colors)[y[order]].tolist()
    width, height = COLUMNS * (SIDE + GAP) + GAP, -(-len(maps) // COLUMNS) * (SIDE + HEAD) - TRIM + GAP
    figure = style.new_figure(width, height, DPI)
    for k, (panel, points) in enumerate(zip(PANELS, maps, strict=True)):
        row, column = divmod(k, COLUMNS)
        left, top = GAP + column * (SIDE + GAP), row * (SIDE + HEAD) + HEAD - TRIM
        ax = style.add_axes(figure, left, top, SIDE, SIDE)
        style.hide_ticks(ax)
        fit_limits(ax, points, 1.0)
        ax.scatter(*points[order].T, s=POINT, c=shades, alpha=ALPHA, linewidths=0)
        for digit, (x0, y0) in medoids(points, y, len(colors)).items():
            shade = style.mix(colors[digit], style.INK, 0.7)
            style.text(
                ax, x0, y0, str(digit), fontsize=9.5, color=shade, **NAME, path_effects=style.halo(1.6)
            )
        above = {"transform": ax.transAxes}
        style.text(ax, 0, 1.10, panel.title, fontsize=11, fontweight="bold", **above)
        style.text(ax, 0, 1.03, panel.words, fontsize=8.5, color=style.MUTED, **above)
    return figure


def main() -> None:
    """Fit, draw, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "images" / "maps.png")
    arguments = parser.parse_args()
    X, y = load_digits(return_X_y=True)
    maps = []
    for panel in PANELS:
        print(f"{panel.title} ...", flush=True)
        maps.append(fitted(panel, X, y))
    save_figure(draw(maps, y), arguments.out)


if __name__ == "__main__":
    main()
