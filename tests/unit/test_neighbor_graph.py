"""NeighborGraph: search, distances and arrays of others, files, what refuses it, what finds neighbours once."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from iconlearn import (
    KNN,
    FileFormatError,
    Gaussian,
    InputError,
    KthNeighbor,
    NeighborGraph,
    OptionError,
    Perplexity,
    StudentT,
    open_features,
)
from iconlearn.distributions.base import Distribution
from iconlearn.engines import Dense
from iconlearn.metrics import METRICS
from iconlearn.neighbors import _reservoir, graph, index, once, search
from iconlearn.neighbors.cells import Cells
from iconlearn.points import Points

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 4)).astype(np.float32)
SCIPY = {
    "euclidean": "euclidean",
    "cos": "cosine",
    "manhattan": "cityblock",
    "chebyshev": "chebyshev",
    "correlation": "correlation",
}


def masses(dist: Distribution, i: Points) -> torch.Tensor:
    return dist(i, i, Dense).block(None)


def carried(neighbors: NeighborGraph) -> Points:
    return Points.of(torch.from_numpy(X), neighbors=neighbors)


@pytest.mark.parametrize("metric", SCIPY)
def test_search_against_scipy(metric):
    D = cdist(X, X, SCIPY[metric])
    np.fill_diagonal(D, np.inf)
    found = NeighborGraph.of(X, 7, metric)
    np.testing.assert_array_equal(found.indices, np.argsort(D, 1)[:, :7])
    expected = np.sort(D, 1)[:, :7]
    expected = np.sqrt(2 * expected) if metric in ("cos", "correlation") else expected
    np.testing.assert_allclose(found.distances, expected, rtol=1e-5)
    assert (found.n, found.k, found.recall, found.metric) == (60, 7, 1.0, metric)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_search_at_extreme_scales(scale):
    there, here = NeighborGraph.of(X * np.float32(scale), 5), NeighborGraph.of(X, 5)
    np.testing.assert_array_equal(there.indices, here.indices)
    np.testing.assert_allclose(there.distances / scale, here.distances, rtol=1e-5)


def test_cells_find_nearly_all_and_the_same_on_any_number_of_threads():
    Y = rng.normal(size=(6000, 3)).astype(np.float32)
    truth = NeighborGraph.of(Y, 20, index="exact")
    before, found = torch.get_num_threads(), []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found.append(NeighborGraph.of(Y, 20, index="ivf", random_state=3))
    torch.set_num_threads(before)
    assert torch.equal(found[0].cols, found[1].cols)
    assert torch.equal(found[0].squares, found[1].squares)
    assert 0.97 <= found[0].recall <= 1
    shared = np.mean([np.isin(a, b).mean() for a, b in zip(truth.indices, found[0].indices, strict=True)])
    assert shared == pytest.approx(found[0].recall, abs=0.02)
    assert (found[0].indices != np.arange(6000)[:, None]).all()
    there = np.take_along_axis(cdist(Y, Y), found[0].indices, 1)
    np.testing.assert_allclose(found[0].distances, there, rtol=1e-5)


def test_cells_that_do_not_reach_the_recall_are_given_up():
    Y = rng.normal(size=(3000, 12)).astype(np.float32)
    given_up = NeighborGraph.of(Y, 10, index="ivf", recall=0.9999)
    truth = NeighborGraph.of(Y, 10, index="exact")
    assert torch.equal(given_up.cols, truth.cols)
    assert given_up.recall == 1


def test_less_recall_looks_into_fewer_cells(monkeypatch):
    Y = rng.normal(size=(4000, 4)).astype(np.float32)
    looked, around = [], Cells.around
    monkeypatch.setattr(
        Cells, "around", lambda self, probes, k: looked.append(probes) or around(self, probes, k)
    )
    recalls = []
    for promised in (0.6, 0.99):
        looked.clear()
        recalls.append(NeighborGraph.of(Y, 10, index="ivf", recall=promised).recall)
        recalls.append(looked[-1])
        assert recalls[-2] >= promised
    assert recalls[0] < recalls[2] < 1
    assert recalls[1] < recalls[3]
    assert NeighborGraph.of(Y, 10, index="ivf", recall=1).recall == 1


def test_small_cells_look_farther():
    far = 100 + rng.normal(size=(12, 3))  # a cell of its own, of fewer than k others
    Y = np.concatenate([rng.normal(size=(3000, 3)), far])
    found, truth = NeighborGraph.of(Y, 40, index="ivf"), NeighborGraph.of(Y, 40, index="exact")
    assert found.indices.min() >= 0
    assert found.recall < 1
    np.testing.assert_array_equal(found.indices[3000:, :11], truth.indices[3000:, :11])


def test_many_rows_are_searched_by_cells(monkeypatch):
    monkeypatch.setattr(index, "FEWEST", 2000)
    assert NeighborGraph.of(rng.normal(size=(2500, 3)), 10).recall < 1
    assert NeighborGraph.of(rng.normal(size=(1500, 3)), 10).recall == 1


@pytest.mark.parametrize("tile", [256, 8])
def test_from_distances(tile, monkeypatch):
    for module, name in ((_reservoir, "ROWS"), (_reservoir, "COLS")):
        monkeypatch.setattr(module, name, tile)
    D = cdist(X, X)
    truth = NeighborGraph.of(X, 6)
    dense = NeighborGraph.from_distances(D, 6)
    listed = NeighborGraph.from_distances(sparse.csr_array(D), 6)
    for found in (dense, listed):
        np.testing.assert_array_equal(found.indices, truth.indices)
        np.testing.assert_allclose(found.distances, truth.distances, rtol=1e-5)
        assert found.metric == "precomputed"


def test_stored_zeros_are_distances():
    D = sparse.csr_array(
        (np.array([0.0, 3.0, 0.0, 3.0]), np.array([1, 2, 0, 0]), np.array([0, 2, 3, 4])), shape=(3, 3)
    )
    assert NeighborGraph.from_distances(D, 1).indices.tolist() == [[1], [0], [0]]


def test_a_distance_that_is_stored_twice_is_refused():
    twice = sparse.csr_array((np.ones(4), np.array([1, 1, 0, 0]), np.array([0, 2, 3, 4])), shape=(3, 3))
    with pytest.raises(InputError, match="stores an entry twice"):
        NeighborGraph.from_distances(twice, 1)


def test_from_arrays_of_another_library():
    far, found = NearestNeighbors(n_neighbors=8).fit(X).kneighbors(X)
    mine = NeighborGraph.from_arrays(found, far)
    truth = NeighborGraph.of(X, 7)
    np.testing.assert_array_equal(mine.indices, truth.indices)
    np.testing.assert_allclose(mine.distances, truth.distances, rtol=1e-5)


@pytest.mark.parametrize(
    "dist", [KNN(5), Gaussian(Perplexity(4)), StudentT(2, KthNeighbor(3)).nearest(9)], ids=repr
)
def test_a_carried_graph_gives_what_a_search_gives(dist, monkeypatch):
    expected = masses(dist, Points.of(torch.from_numpy(X)))
    found = NeighborGraph.of(X, 12)
    for module in (search, graph):
        monkeypatch.setattr(module, "search_index", None)  # nothing is searched
    for given in (found, NeighborGraph.from_distances(cdist(X, X), 12)):
        torch.testing.assert_close(masses(dist, carried(given)), expected, rtol=1e-4, atol=1e-5)


def test_units_of_points_and_graph_are_told_apart():
    expected = masses(Gaussian(Perplexity(4)), Points.of(torch.from_numpy(X)))
    mine = StudentT(1, 0.7).nearest(5)
    whole = masses(mine, Points.of(torch.from_numpy(X)))
    found = NeighborGraph.of(X, 12)
    divided = Points.of(torch.from_numpy(X) / 8, unit=8.0, neighbors=found)
    torch.testing.assert_close(masses(Gaussian(Perplexity(4)), divided), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(masses(mine, divided), whole, rtol=1e-4, atol=1e-5)


def test_other_rows_and_values_lose_the_graph():
    points = carried(NeighborGraph.of(X, 5))
    assert points.neighbors is not None
    assert replace(points, scale=torch.ones(60)).neighbors is points.neighbors
    assert points.take(torch.arange(60)).neighbors is None
    assert points.with_value(torch.zeros(60, 2)).neighbors is None
    assert points.bare().neighbors is None
    held = replace(points, fields={"f": points.value})
    assert held.read("f").neighbors is None


def test_several_widths_take_one_search(monkeypatch):
    i = Points.of(torch.from_numpy(X))
    parts = (Gaussian(Perplexity(3)), Gaussian(Perplexity(12)))
    expected = torch.logaddexp(*(masses(p, i) - np.log(2) for p in parts))
    calls = []
    for module in (search, once):
        monkeypatch.setattr(
            module, "search_index", lambda task: calls.append(task.k) or index.search_index(task)
        )
    found = masses(0.5 * parts[0] + 0.5 * parts[1], i)
    assert calls == [36]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    calls.clear()
    masses(StudentT(2, KthNeighbor(3)).nearest(9), i)
    assert calls == [9]


def test_what_does_not_fit_is_refused():
    few = carried(NeighborGraph.of(X, 5))
    with pytest.raises(
        OptionError, match=r"KNN\(k=9\): needs the 9 nearest .* holds 5; give NeighborGraph.of\(X, k=9\)"
    ):
        masses(KNN(9), few)
    with pytest.raises(
        OptionError, match="compares by metric 'cos', but neighbors= holds those by 'euclidean'"
    ):
        masses(KNN(3, "cos"), few)
    with pytest.raises(InputError, match="holds 60 rows, but there are 59"):
        masses(KNN(3), Points.of(torch.from_numpy(X[:59]), neighbors=few.neighbors))
    with pytest.raises(InputError, match="pairs='all'"):
        masses(KNN(3, pairs="all"), few)
    for options in ({"metric": "cosine"}, {"index": "hnsw"}, {"k": 0}, {"random_state": -1}):
        with pytest.raises(OptionError, match="NeighborGraph.of: "):
            NeighborGraph.of(X, **options)
    with pytest.raises(InputError, match="X"):
        NeighborGraph.of([[np.nan, 1.0], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("D", "said"),
    [
        (np.ones((3, 4)), r"shape \(3, 4\)"),
        (-np.ones((3, 3)), "a distance is -1"),
        (sparse.csr_array(-np.ones((3, 3))), "a distance is -1"),
        (sparse.csr_array(np.eye(3)), "row 0 of D holds 0 distances to others, but k=2"),
    ],
)
def test_bad_distances(D, said):
    with pytest.raises(InputError, match=said):
        NeighborGraph.from_distances(D, 2)


@pytest.mark.parametrize(
    ("indices", "distances", "said"),
    [
        ([[0, 1]], [[0.0]], "of shape"),
        ([[0.5, 1]], [[0.0, 1.0]], "of shape"),
        ([[0, 3], [1, 0]], [[0.0, 1.0], [0.0, 1.0]], "outside 0 ... 1"),
        ([[0, -1], [1, 0]], [[0.0, 1.0], [0.0, 1.0]], "outside 0 ... 1"),
        ([[0, 1], [1, 0]], [[0.0, np.inf], [0.0, 1.0]], "a distance is inf"),
        ([[0], [1]], [[0.0], [0.0]], "no neighbour but itself"),
        ([[0, 1, 1], [1, 0, 0]], [[0.0, 1.0, 1.0]] * 2, "a neighbour twice"),
    ],
)
def test_bad_arrays(indices, distances, said):
    with pytest.raises(InputError, match=said):
        NeighborGraph.from_arrays(indices, distances)


def test_files(tmp_path):
    found = NeighborGraph.of(1e30 * X.astype(np.float64), 5, "manhattan")
    again = NeighborGraph.load(found.save(tmp_path / "some" / "graph"))
    assert repr(again) == repr(found) == "NeighborGraph(n=60, k=5, metric='manhattan', recall=1)"
    assert torch.equal(again.cols, found.cols)
    assert torch.equal(again.squares, found.squares)
    assert again.unit == found.unit != 1
    assert [p.name for p in (tmp_path / "some").iterdir()] == ["graph.safetensors"]


def rewrite(path, change) -> None:
    body = path.read_bytes()
    (size,) = struct.unpack("<Q", body[:8])
    header = json.loads(body[8 : 8 + size])
    told = json.loads(header["__metadata__"]["iconlearn"])
    change(header, told)
    header["__metadata__"]["iconlearn"] = json.dumps(told)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body[8 + size :])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda header, told: told.update(schema=2), "has schema 2, this version reads 1; update"),
        (lambda header, told: told.update(kind="x"), "is not a saved neighbour graph"),
        (lambda header, told: told.update(metric="warp"), "cannot read"),
        (lambda header, told: told.update(recall=None), "cannot read"),
        (lambda header, told: told.update(sha256="0"), "does not match its checksum"),
        (lambda header, told: header["cols"].update(shape=[5, 60]), "which no graph has|holds"),
        (lambda header, told: header["cols"].update(dtype="F32"), "which no graph has"),
        (lambda header, told: header["cols"].update(shape=[1 << 40, 5]), "damaged"),
    ],
)
def test_damaged_headers(change, said, tmp_path):
    path = NeighborGraph.of(X, 5).save(tmp_path / "graph")
    rewrite(path, change)
    with pytest.raises(FileFormatError, match=said):
        NeighborGraph.load(path)


def test_damaged_files(tmp_path):
    path = NeighborGraph.of(X, 5).save(tmp_path / "graph")
    body = path.read_bytes()
    for damaged in (b"", body[:100], body[:-1], body[:-1] + bytes([body[-1] ^ 1]), b"\x80\x04pickle" * 9):
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match="damaged"):
            NeighborGraph.load(path)
    with pytest.raises(FileFormatError, match="no such file"):
        NeighborGraph.load(tmp_path / "nothing")


def test_every_metric_has_a_search():
    for metric in METRICS:
        assert NeighborGraph.of(X, 3, metric).metric == metric


@pytest.mark.parametrize("on_disk", [False, True])
def test_rows_near_the_end_of_float32_have_the_neighbours_of_moderate_ones(tmp_path, on_disk):
    truth, far = NeighborGraph.of(X, k=5), X / np.abs(X).max() * np.float32(1.9 * 2.0**127)
    assert 2.0**127 < np.abs(far).max() < np.inf
    np.save(tmp_path / "far.npy", far)
    found = NeighborGraph.of(open_features(tmp_path / "far.npy") if on_disk else far, k=5)
    assert np.array_equal(found.indices, truth.indices)
    assert np.allclose(found.distances / (1.9 * 2.0**127) * np.abs(X).max(), truth.distances)
