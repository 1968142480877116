"""Same-class pairs for critics: none that is judged by shares a row with one that is learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from iconlearn.theory.pairs import same_class_pairs

SHARES = (0.5, 0.2, 0.3)  # of the rows of a class: to learn from, to validate with, to judge by
PAIRS = 8000


@dataclass(frozen=True, eq=False)
class SplitPairs:
    """Rows of pairs, and which pairs are to learn from, to validate with and to judge by."""

    anchors: np.ndarray
    positives: np.ndarray
    split: tuple[np.ndarray, np.ndarray, np.ndarray]


def split_pairs(labels: np.ndarray, seed: int, n: int = PAIRS) -> SplitPairs:
    """Pairs of rows of one class, drawn within three parts of the rows.

    Examples
    --------
    >>> found = split_pairs(np.arange(100) % 2, 0, n=50)
    >>> learn, _, judge = (set(found.anchors[rows]) | set(found.positives[rows]) for rows in found.split)
    >>> len(learn & judge)
    0
    """
    rng = np.random.default_rng(seed)
    part = np.empty(len(labels), dtype=np.int64)
    for code in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == code))
        ends = np.rint(np.cumsum(SHARES) * len(own)).astype(np.int64)
        for k, rows in enumerate(np.split(own, ends[:-1])):
            part[rows] = k
    drawn, ends = [], [0]
    for k, share in enumerate(SHARES):
        rows = np.flatnonzero(part == k)
        chosen = same_class_pairs(labels[rows], max(2, round(share * n)), random_state=rng)
        drawn.append(np.stack([rows[side] for side in chosen]))
        ends.append(ends[-1] + drawn[-1].shape[1])
    anchors, positives = np.concatenate(drawn, axis=1)
    learn, validate, judge = (np.arange(a, b) for a, b in pairwise(ends))
    return SplitPairs(anchors, positives, (learn, validate, judge))
