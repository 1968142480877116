"""Numbers of one moment, cheap enough to be taken sixty times in a run."""

from __future__ import annotations

import numpy as np
import torch

from iconlearn._numerics import NEG
from iconlearn.conditional import Conditional
from iconlearn.evaluation import effective_rank, nmi
from iconlearn.evaluation.neighbours import majority
from iconlearn.objective import Objective, Pair
from iconlearn.recording.masses import whole_rows
from iconlearn.recording.watched import dear
from iconlearn.train.placing.rows import SomeRows

ENTRIES, FEWEST = 1 << 14, 8  # of whole rows of which entropies are taken
RANKED, JUDGED, NEIGHBORS = 256, 250, 10  # points, and the neighbours that vote for a class


def spread(count: int, most: int) -> np.ndarray:
    """Evenly spaced places, at most ``most``."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)


def entropy_rows(rows: np.ndarray, columns: int) -> np.ndarray:
    """The watched rows whose entropies are looked at."""
    return rows[spread(len(rows), max(FEWEST, ENTRIES // max(1, columns)))]


def mean_entropy(of: Conditional, rows: np.ndarray) -> float:
    """Mean entropy of rows, conditional on the row, in nats."""
    if of.improper:
        log_mass = torch.from_numpy(whole_rows(of, rows)).log()
    else:
        log_mass = of.block(torch.from_numpy(rows).to(of.empty.device)).log_softmax(-1)
    negative = log_mass.exp() * log_mass.masked_fill(log_mass == NEG, 0.0)
    return 0.0 - float(negative.sum(-1).double().mean())


def gap(p: np.ndarray, q: np.ndarray) -> float:
    """Mean over rows of 1/2 sum |p - q|, of the bars and the rest."""
    return float(0.5 * np.abs(p - q).sum(-1, dtype=np.float64).mean()) if len(p) else 0.0


def divergences(model: Objective, pair: Pair, rows: np.ndarray) -> np.ndarray:
    """What rows cost, (w,) float32: the mean over all rows that have mass under p is the loss.

    Of joint distributions it is a row's share times the number of rows, and may be negative: only the sum is a
    divergence.
    """
    index = torch.from_numpy(rows).to(pair.rows.device)
    p, q = pair.target, pair.learned
    if len(rows) == p.n and not dear(pair):  # sums that the step has made already
        found = model.measure.rows(p, q)[index]
    else:
        found = model.measure.rows(SomeRows(p, index), SomeRows(q, index))
    scale = p.n if p.normalize == "joint" else 1
    return (scale * found.double()).float().cpu().numpy()


def of_map(embedding: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    """Effective rank and, where there are labels, the leave-one-out accuracy of neighbours, of some of the points."""
    if not np.isfinite(embedding).all():
        return {}
    found = {"effective_rank": effective_rank(embedding[spread(len(embedding), RANKED)])}
    known = None if labels is None else np.flatnonzero(labels >= 0)
    if labels is not None and known is not None and len(known) > NEIGHBORS:
        rows = known[spread(len(known), JUDGED)]
        found["accuracy"] = vote(embedding[rows], labels[rows])
    return found


def vote(x: np.ndarray, y: np.ndarray) -> float:
    """Leave-one-out accuracy of the majority of the nearest others, as :func:`knn_accuracy` and without its checks."""
    from scipy.spatial import KDTree

    near = np.asarray(KDTree(x).query(x, NEIGHBORS + 1)[1])
    itself = near == np.arange(len(x))[:, None]
    itself[~itself.any(1), -1] = True  # one of many at the same place
    return float(np.mean(majority(y[near[~itself].reshape(len(x), NEIGHBORS)]) == y))


def of_clusters(logits: np.ndarray, labels: np.ndarray | None) -> dict[str, float]:
    """How many clusters have members, how many the probabilities use, and what they tell of labels."""
    mass = softmax(logits)
    cluster = mass.argmax(1)
    found = {
        "clusters": float(len(np.unique(cluster))),
        "effective_rank": effective_rank(mass[spread(len(mass), RANKED)]),
    }
    if labels is not None and (labels >= 0).any():
        found["nmi"] = nmi(labels[labels >= 0], cluster[labels >= 0])
    return found


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of the rows of logits; of what is not finite none."""
    mass = np.exp(logits - logits.max(1, keepdims=True))
    return np.nan_to_num(mass / mass.sum(1, keepdims=True))
