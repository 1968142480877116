"""The pictures of a run: the map, p against q, the loss, and the training as an animation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn.data.files import Dataset
from iconlearn.inputs import Inputs
from iconlearn.recording import Bars, Recorder
from iconlearn.viz import (
    Frame,
    assignment_figure,
    class_colors,
    loss_figure,
    map_figure,
    p_vs_q_figure,
    save_figure,
    training_gif,
)
from iconlearn.viz.assignment import match_clusters
from iconlearn.viz.maps import project

GREY = np.array([0.72, 0.74, 0.78])  # a point whose cluster is undecided


@dataclass(frozen=True, eq=False)
class Clustering:
    """A finished clustering as pictures need it: clusters renumbered by the classes that they match best."""

    layout: np.ndarray
    assigned: np.ndarray
    order: list[int]
    words: str  # what the layout is

    @classmethod
    def of(
        cls, layout: np.ndarray, assigned: np.ndarray, n_clusters: int, y: np.ndarray | None, words: str
    ) -> Clustering:
        """``layout`` (n, 2) says where points are drawn, and ``words`` what it is."""
        present = np.unique(assigned)
        order = list(range(len(present)))
        if y is not None and (y >= 0).any():
            counts = np.zeros((n_clusters, int(y.max()) + 1), dtype=np.int64)
            np.add.at(counts, (assigned[y >= 0], y[y >= 0]), 1)
            order = match_clusters(counts[present])[0]
        absent = sorted(set(range(n_clusters)) - set(present.tolist()))
        return cls(layout, assigned, [*present[order].tolist(), *absent], words)

    @property
    def rank(self) -> np.ndarray:
        """Position of each cluster in ``order``."""
        return np.argsort(self.order)

    def colors(self, probability: np.ndarray) -> np.ndarray:
        """Colour of each point: that of its most probable cluster, the greyer the less it is decided."""
        n_clusters = len(self.order)
        palette = np.array(
            [[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in class_colors(n_clusters)]
        )
        sure = (probability.max(1, keepdims=True) * n_clusters - 1) / max(n_clusters - 1, 1)
        return GREY + np.clip(sure, 0, 1) * (palette[self.rank[probability.argmax(1)]] - GREY)


@dataclass(frozen=True, eq=False)
class Album:
    """All that the pictures show, and how they call it."""

    dataset: Dataset
    recorder: Recorder
    title: str
    anchor_rows: np.ndarray
    train: np.ndarray  # rows of the data set that were fitted
    clustering: Clustering | None = None

    @property
    def groups(self) -> Clustering | None:
        """The clustering whose clusters the bars stand for: where p and q are seen on all rows."""
        return self.clustering if self.recorder.probe is None else None

    def bars(self) -> Bars:
        """p and q over columns; of a clustering over its final clusters."""
        c = self.groups
        return self.recorder.bars(None if c is None else c.rank[c.assigned])

    def anchors(self) -> list[Any]:
        """Rows of the data as the pictures name them; numbers are ringed on the map, where all rows are."""
        rows = self.anchor_rows.tolist()
        return rows if len(self.recorder.shown) == len(self.dataset.X) else [f"point {row}" for row in rows]

    def thumbnails(self, bars: Bars) -> np.ndarray | None:
        """Pictures of the anchors and of their columns, (A, 1 + bars, h, w), where the rows are images."""
        if self.dataset.image_shape is None or self.dataset.image_shape[0] not in (1, 3):
            return None
        recorder, c = self.recorder, self.groups
        images = self.images(recorder.data if recorder.probe is None else recorder.probe)
        columns = images
        if c is not None:
            columns = group_means(images, c.rank[c.assigned], len(c.order))
        elif recorder.by_class:
            label = recorder.data.label
            if label is None:
                return None
            columns = group_means(self.images(recorder.data), label.cpu().numpy(), bars.columns.max() + 1)
        return np.concatenate([images[recorder.anchors][:, None], columns[bars.columns]], axis=1)

    def images(self, batch: Inputs) -> np.ndarray:
        """Rows, of all views, as pictures (n, h, w) or (n, h, w, 3)."""
        shape = self.dataset.image_shape or ()
        if self.dataset.form == "rows":
            whole = (
                self.recorder.data.stacked()
            )  # views may be brighter or darker than any picture of the data
            x = batch.stacked().detach().cpu().double().numpy().reshape(-1, *shape)
            x = x.clip(float(whole.min()), float(whole.max()))
        else:  # the mapper sees something else of the samples
            rows = self.train if batch.n == len(self.train) or self.recorder.probe is batch else slice(None)
            x = self.dataset.X[rows].reshape(-1, *shape)[batch.id.cpu().numpy()]
            x = np.concatenate([x] * max(1, len(batch.views)))
        return x[:, 0] if x.shape[1] == 1 else np.moveaxis(x, 1, -1)

    def draw_map(self, path: Path, embedding: np.ndarray, subtitle: str) -> None:
        """The map, or the clusters on a map of the data beside the classes that they found."""
        data, c = self.dataset, self.clustering
        if c is None:
            if embedding.shape[1] > 2:
                subtitle = f"{subtitle}  ·  PCA of {embedding.shape[1]} dimensions".removeprefix("  ·  ")
                embedding = project(self.recorder.seen(embedding))[0]
            fig = map_figure(embedding, data.y, data.classes, self.title, subtitle)
        else:
            fig = assignment_figure(
                c.layout, c.assigned, data.y, data.classes, self.title, subtitle, layout=c.words
            )
        save_figure(fig, path)

    def draw_bars(self, path: Path, subtitle: str) -> None:
        """p and q of the anchors, before and after."""
        bars = self.bars()
        fig = p_vs_q_figure(
            bars.p[-1],
            bars.q[0] if len(bars.q) > 1 else None,
            bars.q[-1],
            self.anchors(),
            self.thumbnails(bars),
            rest=bars.rest,
            title=self.title,
            subtitle=subtitle,
        )
        save_figure(fig, path)

    def draw_loss(
        self, path: Path, losses: Sequence[float], events: list[tuple[float, str]], name: str, subtitle: str
    ) -> None:
        """The loss of every step; of mini-batches also its running mean."""
        steps = np.arange(len(losses))
        if not len(steps):
            steps, losses = np.zeros(1), [self.recorder.snapshots[-1].loss]
        fig = loss_figure(steps, losses, events=events, name=name, title=self.title, subtitle=subtitle)
        save_figure(fig, path)

    def animate(self, path: Path, subtitle: str, loss_name: str) -> None:
        """The map unfolding, or the clusters settling, while q comes to meet p."""
        recorder, data, c, bars = self.recorder, self.dataset, self.clustering, self.bars()
        labels, names = data.y, data.classes
        if c is None:
            places = recorder.positions()
        else:
            places = [c.layout[recorder.shown]] * len(recorder.snapshots)
            labels, names = c.rank[c.assigned], [str(k) for k in c.order]
        frames = [
            Frame(
                s.step,
                s.loss,
                place,
                bars.p[k],
                bars.q[k],
                None if c is None else c.colors(softmax(s.embedding)),
            )
            for k, (s, place) in enumerate(zip(recorder.snapshots, places, strict=True))
        ]
        training_gif(
            path,
            frames,
            None if labels is None else labels[recorder.shown],
            names,
            self.anchors(),
            self.thumbnails(bars),
            rest=bars.rest,
            title=self.title,
            subtitle=subtitle,
            loss_name=loss_name,
        )


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of the rows of logits."""
    mass = np.exp(logits - logits.max(1, keepdims=True))
    return mass / mass.sum(1, keepdims=True)


def group_means(images: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """The mean picture of each group, (count, ...): how a column that stands for many rows is drawn."""
    members = [images[groups == k] for k in range(count)]
    return np.stack([part.mean(0) if len(part) else np.zeros_like(images[0]) for part in members])
