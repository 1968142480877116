"""Neighbours of the same class, against a search by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn import InputError, LabelKNN, OptionError
from iconlearn.distributions.wrappers import no_engine
from iconlearn.points import Points


def by_hand(X: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    """Masses (n, n): the k nearest others of the same class share one."""
    P = np.zeros((len(X), len(X)))
    for i in range(len(X)):
        same = [j for j in range(len(X)) if j != i and y[j] == y[i] != -1]
        same.sort(key=lambda j: np.square(X[i] - X[j]).sum())
        P[i, same[:k]] = 1 / max(1, len(same[:k]))
    return P


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 25), st.integers(1, 6), st.integers(1, 5), st.integers(0, 999))
def test_the_nearest_of_the_same_class_by_hand(n, k, classes, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(n, 3)), rng.integers(-1, classes, n)
    points = Points.of(torch.from_numpy(X), label=torch.from_numpy(y))
    conditional = LabelKNN(k)(points, points, no_engine)
    np.testing.assert_allclose(conditional.block(None).exp().numpy(), by_hand(X, y, k), atol=1e-6)
    prepared = LabelKNN(k).prepare(points)(points, points, no_engine)
    np.testing.assert_allclose(prepared.block(None).exp().numpy(), by_hand(X, y, k), atol=1e-6)
    assert len(conditional.support) <= n * k  # never the pairs of a class


def test_rows_without_labels_have_no_mass_and_columns_need_them():
    points = Points.of(torch.randn(6, 2), label=torch.tensor([0, 0, 0, 1, 1, -1]))
    new = Points.of(torch.randn(3, 2), id=-1 - torch.arange(3))
    assert bool(LabelKNN(1)(new, points, no_engine).empty.all())
    with pytest.raises(InputError, match="LabelKNN.*pass y="):
        LabelKNN(1)(new, new, no_engine)
    with pytest.raises(OptionError, match="k=0 must be"):
        LabelKNN(0)
