"""neighbors: exact search against brute force; duplicates, few candidates, tiles, messages."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn._errors import InputError, OptionError
from iconlearn.metrics import METRICS
from iconlearn.neighbors import _reservoir, nearest
from iconlearn.points import Points


def brute(D: np.ndarray, barred: np.ndarray, k: int) -> list[set[int]]:
    return [set([c for c in np.argsort(d) if not b[c]][:k]) for d, b in zip(D, barred, strict=True)]


def found(support) -> list[set[int]]:
    return [set(support.cols[support.indptr[r] : support.indptr[r + 1]].tolist()) for r in range(support.n)]


@pytest.mark.parametrize("tile", [256, 4])
@pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])
@pytest.mark.parametrize("metric", METRICS)
def test_against_brute_force(metric, pairs, tile, monkeypatch, generator):
    for name, size in (("ROWS", tile), ("COLS", tile)):
        monkeypatch.setattr(_reservoir, name, size)
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


def squared_distances(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    return np.stack([((x - row) ** 2).sum(1) for row in x])


def ranked(squares: np.ndarray, k: int) -> np.ndarray:
    """The k nearest others of every row, ties to the smaller column."""
    squares = squares.copy()
    np.fill_diagonal(squares, np.inf)
    return np.sort(np.argsort(squares, 1, kind="stable")[:, :k], 1)


rng = np.random.default_rng(0)
HARD = {
    "spread out": rng.normal(size=(700, 9)),
    "groups far apart": rng.normal(size=(700, 9)) + 1e5 * rng.integers(0, 3, (700, 1)),
    "one point far out": np.r_[rng.normal(size=(699, 9)), np.full((1, 9), 1e7)],
    "far from the origin": rng.normal(size=(700, 9)) + 1e6,
    "sizes of all orders": rng.normal(size=(700, 9)) * 10.0 ** rng.uniform(-18, 18, (700, 1)),
    "few distinct points": rng.integers(0, 2, (700, 4)),
    "all the same": np.full((700, 3), 0.1),
    "on a grid": np.stack(np.meshgrid(np.arange(26), np.arange(27)), -1).reshape(-1, 2),
    "one column": rng.normal(size=(700, 1)),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", HARD)
def test_exactly_the_nearest_ties_to_the_smaller_column(name, dtype):
    value = torch.from_numpy(HARD[name]).to(dtype)
    squares = squared_distances(value.numpy())
    i = Points.of(value)
    support, found = nearest("euclidean", i, i, 12, "distinct", "KNN")
    expected = ranked(squares, 12)
    got = support.cols.view(-1, 12).numpy()
    at = np.take_along_axis(squares, got, 1)
    np.testing.assert_allclose(found.view(-1, 12).numpy(), at, rtol=1e-6 if dtype == torch.float32 else 1e-14)
    # sums of squares in another order may exchange neighbours that agree to the last bits
    best = np.take_along_axis(squares, expected, 1)
    np.testing.assert_allclose(np.sort(at, 1), np.sort(best, 1), rtol=1e-13)
    if name != "sizes of all orders":
        np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", ["spread out", "groups far apart", "few distinct points"])
def test_some_rows_find_what_they_find_among_all(metric, name):
    i = Points.of(torch.from_numpy(HARD[name]).float())
    whole, squares = nearest(metric, i, i, 7, "distinct", "KNN")
    rows = torch.tensor([5, 699, 0, 5, 300])
    support, found = nearest(metric, i.take(rows), i, 7, "distinct", "KNN")
    _, entries = whole.take_rows(rows)
    assert torch.equal(support.cols, whole.cols[entries])
    assert torch.equal(found, squares[entries])


def test_the_same_bits_on_any_number_of_threads():
    i = Points.of(torch.from_numpy(HARD["groups far apart"]).float())
    before, results = torch.get_num_threads(), []
    for threads in (1, 2, 8):
        torch.set_num_threads(threads)
        results.append(nearest("euclidean", i, i, 20, "distinct", "KNN"))
    torch.set_num_threads(before)
    for support, squares in results[1:]:
        assert torch.equal(support.cols, results[0][0].cols)
        assert torch.equal(squares, results[0][1])


def test_zero_vectors_have_cosines_too():
    value = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0], [1.0, 0.1], [-1.0, 0.0]])
    i = Points.of(value)
    support, squares = nearest("cos", i, i, 4, "distinct", "KNN")
    D = METRICS["cos"](value, value)
    torch.testing.assert_close(squares, D[support.rows, support.cols])


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
