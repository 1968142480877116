"""Neighbours of rows that stay on disk: against exact search in memory, on any number of threads, in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from shelves import ROWS, Shelf, mixture

from iconlearn import InputError, NeighborGraph, OptionError
from iconlearn.neighbors import cells, stored

SCIPY = {"euclidean": "euclidean", "cos": "cosine", "correlation": "correlation"}
METRICS = tuple(SCIPY)


@pytest.fixture
def few(monkeypatch):
    """Pieces, units, chunks and slabs that are smaller than the data."""
    for module, name, size in (
        (stored, "PIECE", 700),
        (cells, "PIECE", 900),
        (stored, "SLAB", 500),
        (cells, "UNIT", 130),
        (cells, "CHUNK", 5000),
        (stored, "SPHERE", 300),
    ):
        monkeypatch.setattr(module, name, size)


def shared(truth: NeighborGraph, found: NeighborGraph) -> float:
    """The share of true neighbours that were found."""
    return float(np.mean([np.isin(t, f).mean() for t, f in zip(truth.indices, found.indices, strict=True)]))


@pytest.mark.parametrize("metric", METRICS)
def test_all_pairs_equal_those_in_memory(metric, few):
    truth = NeighborGraph.of(ROWS, 12, metric, index="exact")
    found = NeighborGraph.of(Shelf(ROWS), 12, metric, index="exact")
    np.testing.assert_array_equal(found.indices, truth.indices)
    np.testing.assert_allclose(found.distances, truth.distances, rtol=1e-5)
    assert (found.recall, found.metric, found.k, found.n) == (1, metric, 12, 3000)


@pytest.mark.parametrize("metric", METRICS)
def test_cells_find_what_they_promise(metric, few):
    truth = NeighborGraph.of(ROWS, 12, metric, index="exact")
    found = NeighborGraph.of(Shelf(ROWS), 12, metric, index="ivf", recall=0.9)
    assert 0.9 <= found.recall < 1
    assert shared(truth, found) == pytest.approx(found.recall, abs=0.02)
    assert (found.indices != np.arange(3000)[:, None]).all()
    assert (np.diff(np.sort(found.indices, 1), axis=1) > 0).all()
    assert (np.diff(found.distances, axis=1) >= 0).all()
    rows = np.arange(0, 3000, 7)
    D = cdist(ROWS[rows], ROWS, SCIPY[metric])
    there = np.take_along_axis(D, found.indices[rows], 1)
    there = there if metric == "euclidean" else np.sqrt(2 * there)
    np.testing.assert_allclose(found.distances[rows], there, rtol=1e-4)


def test_cells_on_disk_are_those_in_memory(few):
    memory = NeighborGraph.of(ROWS, 12, index="ivf", random_state=5)
    disk = NeighborGraph.of(Shelf(ROWS), 12, index="ivf", random_state=5)
    assert disk.recall == pytest.approx(memory.recall, abs=0.01)
    assert shared(memory, disk) > 0.98


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.integers(-1, 2)] * 2), min_size=3, max_size=40),
    k=st.integers(1, 30),
    metric=st.sampled_from(METRICS),
)
def test_ties_and_zero_vectors(rows, k, metric):
    X = np.array(rows, np.float32)
    k = min(k, len(X) - 1)
    truth = NeighborGraph.of(X, k, metric)
    found = NeighborGraph.of(Shelf(X), k, metric, index="exact")
    np.testing.assert_allclose(found.distances, truth.distances, atol=2e-3, rtol=1e-5)
    if metric == "euclidean":
        np.testing.assert_array_equal(found.indices, truth.indices)


def test_a_recall_that_cells_do_not_reach_takes_all_pairs(few):
    X = np.random.default_rng(1).normal(size=(2000, 12)).astype(np.float32)
    found = NeighborGraph.of(Shelf(X), 10, index="ivf", recall=0.9999)
    truth = NeighborGraph.of(X, 10, index="exact")
    np.testing.assert_array_equal(found.indices, truth.indices)
    assert found.recall == 1


def test_many_copies_of_one_row(few):
    X = np.concatenate([np.ones((1500, 8), np.float32), mixture(1500, 8)])
    found = NeighborGraph.of(Shelf(X), 5, index="ivf")
    truth = NeighborGraph.of(X, 5, index="exact")
    np.testing.assert_allclose(found.distances[:1500], 0)
    assert shared(truth, found) > 0.4  # of equals any
    assert np.mean(np.isclose(found.distances, truth.distances, rtol=1e-5, atol=1e-5)) > 0.95


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_extreme_scales(scale, few):
    X = ROWS[:600]
    there = NeighborGraph.of(Shelf(X * np.float32(scale)), 5)
    here = NeighborGraph.of(X, 5)
    np.testing.assert_array_equal(there.indices, here.indices)
    np.testing.assert_allclose(there.distances / scale, here.distances, rtol=1e-5)


def test_far_from_the_origin(few):
    X = ROWS[:800] + np.float32(3000)
    found = NeighborGraph.of(Shelf(X), 9, index="exact")
    np.testing.assert_array_equal(found.indices, NeighborGraph.of(X, 9).indices)


@pytest.mark.parametrize("index", ["ivf", "exact"])
def test_the_same_bits_on_any_number_of_threads(index, few):
    before, found = torch.get_num_threads(), []
    for threads in (1, 2, 8):
        torch.set_num_threads(threads)
        found.append(NeighborGraph.of(Shelf(ROWS), 12, "cos", index=index))
    torch.set_num_threads(before)
    for other in found[1:]:
        assert torch.equal(other.cols, found[0].cols)
        assert torch.equal(other.squares, found[0].squares)
        assert other.recall == found[0].recall


def test_rows_are_streamed_and_a_sample_is_taken(few):
    shelf = Shelf(mixture(20000, 4))
    NeighborGraph.of(shelf, 5, index="ivf")
    assert shelf.streamed == 3  # look, assign, sort
    assert shelf.taken == 20 * 283  # twenty a cell, twice the root of 20000 cells


def test_progress_names_its_stages(few, capsys):
    NeighborGraph.of(Shelf(ROWS), 5, index="ivf", verbose=1)
    said = capsys.readouterr().err
    for stage in ("reading", "centres", "cells", "sorting", "recall", "neighbours"):
        assert stage in said
    assert said.count("3000/3000") == 4
    NeighborGraph.of(Shelf(ROWS[:50]), 5)
    assert capsys.readouterr() == ("", "")


def test_bad_rows_and_options(tmp_path):
    broken = ROWS.copy()
    broken[1234, 3] = np.nan
    with pytest.raises(InputError, match="row 1234 is NaN or infinite"):
        NeighborGraph.of(Shelf(broken), 5)
    with pytest.raises(OptionError, match="metric='manhattan' is unknown; allowed: 'correlation', 'cos'"):
        NeighborGraph.of(Shelf(ROWS), 5, "manhattan")
    with pytest.raises(OptionError, match="k=10, but a row has 9 others; lower k to at most 9"):
        NeighborGraph.of(Shelf(ROWS[:10]), 10)
    with pytest.raises(InputError, match="X has 1 rows"):
        NeighborGraph.of(Shelf(ROWS[:1]), 1)
    with pytest.raises(OptionError, match=r"recall=0 must be a number in \(0, 1\]"):
        NeighborGraph.of(Shelf(ROWS), 5, recall=0)
    with pytest.raises(OptionError, match="is for features on disk, X is in memory"):
        NeighborGraph.of(ROWS, 5, checkpoint=tmp_path / "there")
    assert not list(tmp_path.iterdir())


def test_a_shard_with_bad_rows_is_named_by_the_features():
    class Checked(Shelf):
        def check(self):
            raise InputError("shard 3 row 7")

    broken = ROWS.copy()
    broken[1234, 3] = np.inf
    with pytest.raises(InputError, match="shard 3 row 7"):
        NeighborGraph.of(Checked(broken), 5)


SEARCH = """
import sys
import numpy as np
import torch
sys.path.insert(0, {here!r})
from shelves import Shelf
from iconlearn import NeighborGraph
from iconlearn.neighbors import cells, stored
stored.PIECE = cells.PIECE = 1000
cells.CHUNK, cells.CELLS, cells.MOST = 2**19, 1.0, 1.0
generator = np.random.default_rng(0)
tables = [generator.normal(size=(size, 192)).astype(np.float32) for size in (199, 4001)]

class Generated(Shelf):
    def __init__(self, n):
        self.n, self.d, self.streamed = n, 192, 0
    def pieces(self, rows=16384, view=0):
        for first in range(0, self.n, rows):
            yield first, self.some(np.arange(first, min(first + rows, self.n)))
    def take(self, index, view=0):
        return torch.from_numpy(self.some(index))
    def some(self, index):
        return tables[0][index % 199] + tables[1][index % 4001] / 4

def peak():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024

for n in (16_000, 96_000):
    NeighborGraph.of(Generated(n), 4, index="ivf", recall=0.5)
    print(peak())
"""


def test_memory_does_not_grow_with_the_rows():
    here = str(Path(__file__).parent)
    run = subprocess.run(
        [sys.executable, "-c", SEARCH.format(here=here)], capture_output=True, text=True, check=True
    )
    few, many = map(int, run.stdout.split())
    assert many - few < (96_000 - 16_000) * 192 * 4 / 2
