"""neighbors: exact search against brute force; duplicates, few candidates, tiles, messages."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn import neighbors
from iconlearn._errors import InputError, OptionError
from iconlearn.metrics import METRICS
from iconlearn.neighbors import nearest
from iconlearn.points import Points


def brute(D: np.ndarray, barred: np.ndarray, k: int) -> list[set[int]]:
    return [set([c for c in np.argsort(d) if not b[c]][:k]) for d, b in zip(D, barred, strict=True)]


def found(support) -> list[set[int]]:
    return [set(support.cols[support.indptr[r] : support.indptr[r + 1]].tolist()) for r in range(support.n)]


@pytest.mark.parametrize("tile", [1 << 23, 20])
@pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])
@pytest.mark.parametrize("metric", METRICS)
def test_against_brute_force(metric, pairs, tile, monkeypatch, generator):
    monkeypatch.setattr(neighbors, "TILE", tile)
    value = torch.randn(15, 3, generator=generator, dtype=torch.float64)
    i = Points.of(value, id=torch.arange(15) % 8, view=torch.arange(15) // 8)
    D = METRICS[metric](value, value)
    view, key = i.view.numpy(), i.id.numpy() + 100 * i.view.numpy()
    barred = {
        "distinct": key[:, None] == key,
        "all": np.zeros((15, 15), dtype=bool),
        "cross_view": view[:, None] == view,
    }[pairs]
    support, squares = nearest(METRICS[metric], i, i, 4, pairs, "KNN(4)")
    assert found(support) == brute(D.numpy(), barred, 4)
    assert (support.rows.diff() >= 0).all()
    assert (support.keys.diff() > 0).all()
    torch.testing.assert_close(squares, D[support.rows, support.cols])


def test_rectangular(generator):
    x, y = (torch.randn(n, 2, generator=generator, dtype=torch.float64) for n in (5, 9))
    support, _ = nearest(
        METRICS["euclidean"], Points.of(x), Points.of(y, view=torch.ones(9).long()), 3, "distinct", "KNN"
    )
    assert (support.n, support.m) == (5, 9)
    assert found(support) == brute(((x[:, None] - y) ** 2).sum(-1).numpy(), np.zeros((5, 9), dtype=bool), 3)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=4, max_size=12), st.integers(1, 3))
def test_duplicates_never_give_more_than_k_nor_self(cells, k):
    value = torch.tensor(cells, dtype=torch.float64).unsqueeze(-1)
    support, squares = nearest(METRICS["euclidean"], Points.of(value), Points.of(value), k, "distinct", "KNN")
    assert support.lengths.tolist() == [k] * len(cells)
    assert (support.rows != support.cols).all()
    best = np.sort((value - value.T).square().numpy() + np.diag([np.inf] * len(cells)), 1)[:, :k]
    got = np.sort(squares.view(len(cells), k).numpy(), 1)
    np.testing.assert_allclose(got, best, atol=1e-12)


def test_rows_with_fewer_candidates_keep_them_all():
    value = torch.arange(5.0).unsqueeze(-1)
    view = torch.tensor([0, 0, 0, 0, 1])
    i = Points.of(value, view=view)
    support, _ = nearest(METRICS["euclidean"], i, i, 3, "cross_view", "KNN")
    assert found(support) == [{4}, {4}, {4}, {4}, {1, 2, 3}]
    support, _ = nearest(METRICS["euclidean"], i, i, 99, "distinct", "KNN")
    assert support.lengths.tolist() == [4] * 5


def test_no_gradient_is_kept():
    x = torch.randn(6, 2, requires_grad=True)
    assert not nearest(METRICS["euclidean"], Points.of(x), Points.of(x), 2, "distinct", "KNN")[
        1
    ].requires_grad


def test_messages():
    one = Points.of(torch.ones(1, 2))
    with pytest.raises(InputError, match=r"KNN\(k=3\): no row has a candidate neighbour among the 1 columns"):
        nearest(METRICS["euclidean"], one, one, 3, "distinct", "KNN(k=3)")
    same_view = Points.of(torch.ones(4, 2))
    with pytest.raises(InputError, match="no row has a candidate"):
        nearest(METRICS["euclidean"], same_view, same_view, 3, "cross_view", "KNN")
    with pytest.raises(OptionError, match="k=0 must be an integer"):
        nearest(METRICS["euclidean"], same_view, same_view, 0, "all", "KNN")
    with pytest.raises(InputError, match="KNN compares features"):
        nearest(METRICS["euclidean"], same_view.bare(), same_view, 2, "all", "KNN")
