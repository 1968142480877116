"""Same-class pairs for critics: none that is judged by shares a row with one that is learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from iconlearn.theory.pairs import same_class_pairs

SHARES = (0.5, 0.2, 0.3)  # of the rows of a class: to learn from, to validate with, to judge by
HELD_OUT = (0.4, 0.6)  # of held-out rows: to validate with, to judge by
PAIRS = 8000


@dataclass(frozen=True, eq=False)
class SplitPairs:
    """Rows of pairs, and which pairs are to learn from, to validate with and to judge by."""

    anchors: np.ndarray
    positives: np.ndarray
    split: tuple[np.ndarray, np.ndarray, np.ndarray]


def split_pairs(labels: np.ndarray, seed: int, n: int = PAIRS) -> SplitPairs:
    """Pairs of rows of one class, drawn within three parts of the rows; those to judge by have each row once.

    So these are independent, as standard errors want it.

    Examples
    --------
    >>> found = split_pairs(np.arange(100) % 2, 0, n=50)
    >>> learn, _, judge = (set(found.anchors[rows]) | set(found.positives[rows]) for rows in found.split)
    >>> len(learn & judge)
    0
    """
    rng = np.random.default_rng(seed)
    part = parts_of(labels, SHARES, rng)
    drawn = [resampled(labels, np.flatnonzero(part == k), round(SHARES[k] * n), rng) for k in (0, 1)]
    return joined([*drawn, once(labels, np.flatnonzero(part == 2), rng)])


def held_out_pairs(train_labels: np.ndarray, labels: np.ndarray, seed: int, n: int = PAIRS) -> SplitPairs:
    """Pairs to learn from of training rows, and pairs to validate with and to judge by of two parts of other rows.

    Rows are counted through the training rows and on through the others.

    Examples
    --------
    >>> found = held_out_pairs(np.arange(60) % 2, np.arange(40) % 2, 0, n=50)
    >>> bool((found.anchors[found.split[0]] < 60).all()), bool((found.positives[found.split[2]] >= 60).all())
    (True, True)
    """
    rng = np.random.default_rng(seed)
    part = np.concatenate([np.zeros(len(train_labels), np.int64), 1 + parts_of(labels, HELD_OUT, rng)])
    return within(np.concatenate([train_labels, labels]), part, n, rng)


def parts_of(labels: np.ndarray, shares: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """A part for every row, (n,), so that each has its share of every class."""
    part = np.empty(len(labels), dtype=np.int64)
    for code in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == code))
        ends = np.rint(np.cumsum(shares) * len(own)).astype(np.int64)
        for k, rows in enumerate(np.split(own, ends[:-1])):
            part[rows] = k
    return part


def within(labels: np.ndarray, part: np.ndarray, n: int, rng: np.random.Generator) -> SplitPairs:
    """About n pairs of one class, drawn within each of three parts."""
    return joined(
        [
            resampled(labels, np.flatnonzero(part == k), round(share * n), rng)
            for k, share in enumerate(SHARES)
        ]
    )


def resampled(labels: np.ndarray, rows: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs of these rows, (2, n); a row comes in several."""
    return np.stack([rows[side] for side in same_class_pairs(labels[rows], max(2, n), random_state=rng)])


def once(labels: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pairs in which each of these rows comes at most once, (2, m); of a class of odd size one is left out."""
    pairs = []
    for code in np.unique(labels[rows]):
        own = rng.permutation(rows[labels[rows] == code])
        pairs.append(own[: len(own) // 2 * 2].reshape(-1, 2))
    return rng.permutation(np.concatenate(pairs)).T


def joined(drawn: Sequence[np.ndarray]) -> SplitPairs:
    """Pairs to learn from, to validate with and to judge by, behind one another."""
    anchors, positives = np.concatenate(drawn, axis=1)
    ends = np.cumsum([0, *(pairs.shape[1] for pairs in drawn)]).tolist()
    learn, validate, judge = (np.arange(a, b) for a, b in pairwise(ends))
    return SplitPairs(anchors, positives, (learn, validate, judge))
