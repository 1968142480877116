"""The digits as experiments use them: centred by the rows learnt from, in one unit, in two halves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from iconlearn.data.builtin import load_digits_dataset

TRAIN = 1200


@dataclass(frozen=True, eq=False)
class Digits:
    """Rows to learn from and rows to judge by."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


def split_digits(seed: int) -> Digits:
    """A random split; 64 columns, centred and with a mean variance of one over the rows learnt from.

    Examples
    --------
    >>> digits = split_digits(0)
    >>> digits.train.shape, digits.test.shape
    ((1200, 64), (597, 64))
    """
    data = load_digits_dataset()
    assert data.y is not None
    order = np.random.default_rng(seed).permutation(len(data.X))
    first, rest = order[:TRAIN], order[TRAIN:]
    X = data.X.astype(np.float64)
    X = X - X[first].mean(0)
    X = X / np.sqrt(X[first].var(0).mean())
    return Digits(X[first], data.y[first], X[rest], data.y[rest])
