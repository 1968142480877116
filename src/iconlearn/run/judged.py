"""The pictures by which a clustering is judged: confusion, reliability, and what its clusters look like."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from iconlearn.data.files import Dataset
from iconlearn.evaluation import reliability_curve
from iconlearn.viz import confusion_figure, contact_sheet_figure, reliability_figure, save_figure


def draw_judgement(
    folder: Path, dataset: Dataset, probability: np.ndarray, rows: np.ndarray, title: str
) -> None:
    """Draw what applies: with labels confusion and reliability of the ``rows`` that are judged, of images a sheet."""
    assigned = probability.argmax(1)
    y = dataset.y
    if y is not None and (known := rows[y[rows] >= 0]).size:
        figure = confusion_figure(assigned[known], y[known], dataset.classes, title)
        save_figure(figure, folder / "confusion.png")
        curve = reliability_curve(y[known], probability[known])
        save_figure(reliability_figure(curve, title), folder / "reliability.png")
    if (images := pictures(dataset)) is not None and len(images) == len(assigned):
        figure = contact_sheet_figure(images, assigned, probability.max(1), y, dataset.classes, title=title)
        save_figure(figure, folder / "contact_sheet.png")


def pictures(dataset: Dataset) -> np.ndarray | None:
    """The rows as pictures (n, h, w) or (n, h, w, 3), where they are images of one or three channels."""
    shape = dataset.image_shape
    if shape is None or shape[0] not in (1, 3):
        return None
    images = dataset.X.reshape(-1, *shape)
    return images[:, 0] if shape[0] == 1 else np.moveaxis(images, 1, -1)
