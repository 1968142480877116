"""p and q of a few anchors as bars: the columns that matter, and one bar for the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COLUMNS = 15  # bars of an anchor, besides the one that stands for all other columns


@dataclass(frozen=True, eq=False)
class Bars:
    """p and q of the anchors over a few columns, conditional on the row; the last bar may be the rest.

    ``p`` and ``q`` are (snapshots, anchors, bars); ``columns`` (anchors, bars without the rest) says which
    column, or which group of columns, a bar stands for.
    """

    p: np.ndarray
    q: np.ndarray
    columns: np.ndarray
    rest: bool

    @property
    def gaps(self) -> np.ndarray:
        """1/2 sum |p - q| of every snapshot, averaged over the anchors, (snapshots,)."""
        return 0.5 * np.abs(self.p - self.q).sum(-1).mean(-1)


def make_bars(p: np.ndarray, q: np.ndarray, groups: np.ndarray | None, columns: int) -> Bars:
    """Bars of conditional masses (snapshots, anchors, columns), the most probable columns first."""
    if groups is not None:
        member = np.eye(int(groups.max()) + 1)[groups]
        p, q = p @ member, q @ member
    # Among columns of equal p the ones that q moves most come first: there is something to see.
    change = np.abs(q[-1] - q[0])
    order = np.stack([np.lexsort((-c, -np.round(row, 9))) for c, row in zip(change, p[-1], strict=True)])
    possible = int(((p > 0) | (q > 0)).any(0).sum(-1).max())  # a row is no candidate of its own
    rest = possible > columns
    order = order[:, : max(1, min(columns, possible))]
    shown = [np.take_along_axis(mass, order[None].repeat(len(mass), 0), -1) for mass in (p, q)]
    if rest:
        left = [
            m.sum(-1, keepdims=True) - s.sum(-1, keepdims=True) for m, s in zip((p, q), shown, strict=True)
        ]
        shown = [np.concatenate([s, r.clip(0, 1)], -1) for s, r in zip(shown, left, strict=True)]
    return Bars(shown[0], shown[1], order, rest)


def conditional(log_mass: np.ndarray) -> np.ndarray:
    """Masses divided by their row's, so that rows of a joint distribution can be compared; float64."""
    log_mass = log_mass.astype(np.float64)
    mass = np.exp(log_mass - log_mass.max(-1, keepdims=True).clip(min=-1e300))
    total = mass.sum(-1, keepdims=True)
    return np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)


def nearest_gap(scores: np.ndarray) -> float:
    """How far the second-best score of a row lies below the best; the median over rows, or 1 if that is 0."""
    return float(np.median(np.diff(np.sort(scores, axis=-1)[:, -2:], axis=-1))) or 1.0
