"""The pictures by which a clustering is judged: confusion, reliability, and what its clusters look like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn.data.files import Dataset
from iconlearn.evaluation import Reliability, reliability_curve
from iconlearn.viz import confusion_figure, contact_sheet_figure, reliability_figure, save_figure

SHEET = "contact_sheet.png"


@dataclass(frozen=True, eq=False)
class Judged:
    """A clustering as it is judged.

    Parameters
    ----------
    assigned, confidence : ndarray of shape (n,)
        Cluster of every row, and its probability.
    labels : ndarray of shape (n,), optional
        Codes, -1 where a row is not judged.
    classes : list of str, optional
        Names of the codes.
    curve : Reliability, optional
        Of the rows with labels.
    images : sequence of n images, optional
    """

    assigned: np.ndarray
    confidence: np.ndarray
    labels: np.ndarray | None = None
    classes: list[str] | None = None
    curve: Reliability | None = None
    images: Any = None

    @classmethod
    def of(cls, dataset: Dataset, probability: np.ndarray, rows: np.ndarray) -> Judged:
        """Of a table of probabilities, of which some ``rows`` are compared with labels."""
        assigned, labels, curve = probability.argmax(1), None, None
        if dataset.y is not None and (known := rows[dataset.y[rows] >= 0]).size:
            labels = np.full(len(assigned), -1, dtype=np.int64)
            labels[known] = dataset.y[known]
            curve = reliability_curve(dataset.y[known], probability[known])
        images = pictures(dataset)
        if images is not None and len(images) != len(assigned):
            images = None
        return cls(assigned, probability.max(1), labels, dataset.classes, curve, images)


def draw_judgement(folder: Path, found: Judged, title: str) -> None:
    """Draw what applies: with labels confusion and reliability, of images a sheet."""
    labels, classes = found.labels, found.classes
    if labels is not None and (labels >= 0).any():
        figure = confusion_figure(found.assigned, labels, classes, title)
        save_figure(figure, folder / "confusion.png")
    if found.curve is not None:
        save_figure(reliability_figure(found.curve, title), folder / "reliability.png")
    if found.images is not None:
        draw_sheet(folder / SHEET, found, title)


def draw_sheet(path: Path, found: Judged, title: str) -> None:
    """Draw the images of every cluster."""
    figure = contact_sheet_figure(
        found.images, found.assigned, found.confidence, found.labels, found.classes, title=title
    )
    save_figure(figure, path)


def pictures(dataset: Dataset) -> np.ndarray | None:
    """The rows as pictures (n, h, w) or (n, h, w, 3), where they are images of one or three channels."""
    shape = dataset.image_shape
    if shape is None or shape[0] not in (1, 3):
        return None
    images = dataset.X.reshape(-1, *shape)
    return images[:, 0] if shape[0] == 1 else np.moveaxis(images, 1, -1)
