"""Linear encoders, and the scale of the rows that they are trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.mappers import Linear
from iconlearn.model import ICon
from iconlearn.theory.mixtures.sphering import Sphering
from iconlearn.train.options import whole
from iconlearn.train.schedules import Cosine

LAST = 1 / 200  # of the step size, at the end of a run


@dataclass(frozen=True, eq=False, repr=False)
class LinearEncoder:
    """A learned linear map x -> A^T (x - center), in the units of the data.

    Parameters
    ----------
    projection : array of shape (d, dim)
        A.
    center : array of shape (d,)
    model : ICon
        What was fitted, on rows less the centre and divided by one number.
    losses : array of shape (steps,)
        The loss before every step.
    """

    projection: np.ndarray
    center: np.ndarray
    model: ICon
    losses: np.ndarray

    def __repr__(self) -> str:
        return f"LinearEncoder(in_features={len(self.projection)}, dim={self.projection.shape[1]})"

    def transform(self, X: Any) -> np.ndarray:
        """Projections of rows (n, d), (n, dim)."""
        rows = check_features(X, "X", min_rows=1).astype(np.float64)
        if rows.shape[1] != len(self.center):
            raise InputError(f"{self!r}: X has {rows.shape[1]} columns, but {len(self.center)} are needed")
        return (rows - self.center) @ self.projection

    def before(self, sphering: Sphering) -> LinearEncoder:
        """The same encoder for rows as they were before they were sphered."""
        moved = self.center @ np.linalg.pinv(sphering.matrix)
        return replace(self, projection=sphering.matrix @ self.projection, center=sphering.center + moved)


@dataclass(frozen=True, eq=False)
class Scale:
    """The centre of rows, and their root mean square over all columns."""

    center: np.ndarray
    unit: float

    @classmethod
    def of(cls, owner: str, *tables: np.ndarray) -> Scale:
        """That of the rows of all tables."""
        rows = np.concatenate(tables)
        center = rows.mean(axis=0)
        unit = float(np.sqrt(rows.var(axis=0).mean()))
        if unit <= 10 * np.finfo(np.float64).eps * np.abs(center).max():
            raise InputError(f"{owner}: the rows do not vary; give data with variance")
        return cls(center, unit)

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Rows round 0, of about unit variance."""
        return (rows - self.center) / self.unit

    def encoder(self, mapper: Linear, model: ICon) -> LinearEncoder:
        """What was learned of such rows, in the units of the data."""
        weight = mapper.net.weight.detach().cpu().numpy().astype(np.float64)  # type: ignore[union-attr, operator]
        losses = np.array(model.history.losses if model.history else [])
        return LinearEncoder(weight.T / (self.unit * model.unit), self.center, model, losses)


def train(model: ICon, views: tuple[np.ndarray, np.ndarray], *, lr: float, **options: Any) -> None:
    """Fit by Adam with a step size that falls as a cosine."""
    lr = check_number("train", "lr", lr, low=0, open_low=True)
    model.fit(views, lr=Cosine(lr, end=lr * LAST, warmup=0.0), **options)
    whole(model.history)
