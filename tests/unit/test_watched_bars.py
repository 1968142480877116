"""What bars hold is what the equation says: columns, masses, positions and numbers of a look."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from recordings import LABELS, pair_of

from iconlearn import KNN, Gaussian, Perplexity, StudentT
from iconlearn.composed import DebiasedConditional
from iconlearn.conditional import MatrixConditional, TableConditional
from iconlearn.engines import PlannedEngine
from iconlearn.evaluation import knn_accuracy
from iconlearn.points import Points
from iconlearn.recording.masses import Listed, log_row_mass
from iconlearn.recording.positions import on_plane
from iconlearn.recording.stats import mean_entropy, vote
from iconlearn.recording.watched import Watched, among_all, among_listed
from iconlearn.support import Support

RNG = np.random.default_rng(0)


# How masses and columns are found, against whole blocks.

PAIRS = {
    "sparse joint": lambda: pair_of(Gaussian(Perplexity(6)).symmetrize(), StudentT(normalize="joint")),
    "uniform": lambda: pair_of(KNN(4), StudentT()),
    "debiased": lambda: pair_of(KNN(4).debias(0.2), StudentT().debias(0.1)),
    "dense": lambda: pair_of(Gaussian(1.0), Gaussian(1.0)),
    "debiased joint": lambda: pair_of(
        Gaussian(Perplexity(6)).symmetrize().debias(0.1), StudentT(normalize="joint").debias(0.2)
    ),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_columns_are_sorted_by_p_and_then_by_q(kind):
    pair = PAIRS[kind]()
    rows = np.arange(0, 60, 7)
    watched = Watched.of(pair, rows)
    index = torch.from_numpy(rows)
    p, q = (torch.softmax(of.block(index).double(), 1).numpy() for of in (pair.target, pair.learned))
    for k in range(len(rows)):
        order = sorted(range(60), key=lambda j: (-round(p[k, j] / p[k].max(), 6), -q[k, j]))
        order = [j for j in order if p[k, j] > 0 or q[k, j] > 0]
        assert watched.columns[k].tolist() == order[: watched.columns.shape[1]]


@pytest.mark.parametrize("kind", PAIRS)
def test_masses_are_those_of_whole_rows(kind):
    pair = PAIRS[kind]()
    rows = np.array([40, 3, 17])
    columns = np.array([[1, 2, 59], [0, 5, -1], [-1, -1, -1]])
    for of in (pair.target, pair.learned):
        whole = torch.softmax(of.block(torch.from_numpy(rows)).double(), 1).numpy()
        found = Listed(rows, columns, (60, 60)).masses(of)
        expected = np.where(columns >= 0, np.take_along_axis(whole, columns.clip(0), 1), 0)
        assert np.allclose(found[:, :-1], expected, atol=1e-6)
        assert np.allclose(found.sum(1), 1, atol=1e-6)
        log_mass = of.block(torch.from_numpy(rows)).double().logsumexp(1)
        assert torch.allclose(log_row_mass(of, torch.from_numpy(rows)).double(), log_mass, atol=1e-5)
        entropy = -(whole * np.log(whole, where=whole > 0, out=np.zeros_like(whole))).sum(1).mean()
        assert mean_entropy(of, rows) == pytest.approx(entropy, abs=1e-4)


def test_both_ways_to_choose_columns_agree():
    pair = PAIRS["sparse joint"]()
    rows = np.arange(60)
    assert np.array_equal(among_listed(pair, pair.target.support, rows, 5), among_all(pair, rows, 5))


def test_rows_without_mass_have_nothing_but_a_rest():
    support = Support(torch.tensor([0, 2, 2]), torch.tensor([0, 1]), 3)
    table = TableConditional(support, torch.zeros(2), "row", "all")
    found = Listed(np.array([0, 1]), np.array([[0, 1], [2, 0]]), (2, 3)).masses(table)
    assert np.allclose(found, [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    empty = MatrixConditional(torch.full((2, 3), -torch.inf), "joint", "all")
    assert torch.isneginf(log_row_mass(empty, torch.arange(2))).all()
    points = Points.of(torch.zeros(2, 1))
    joint = TableConditional(
        Support(torch.tensor([0, 2, 2]), torch.tensor([0, 1]), 2), torch.zeros(2), "joint", "all"
    )
    mixed = DebiasedConditional(joint, 0.5, points, points)
    assert log_row_mass(mixed, torch.tensor([0])).exp() == pytest.approx(1.0)
    assert torch.isneginf(log_row_mass(mixed, torch.tensor([1]))).all()


def test_sums_of_a_mesh_are_good_enough():
    z = torch.from_numpy(RNG.normal(size=(3000, 2)).astype(np.float32)) * 8
    z[7] += 500  # far from all others: its own sum is lost in the error of the mesh
    points = Points.of(z)
    with torch.no_grad():
        learned = StudentT(normalize="joint")(points, points, PlannedEngine("grid"))
        rows = np.array([0, 7, 2999])
        columns = np.array([[1, 2], [1, 2], [1, 2]])
        whole = torch.softmax(learned.block(torch.from_numpy(rows)).double(), 1).numpy()
        found = Listed(rows, columns, (3000, 3000)).masses(learned)
    assert np.allclose(found[:, :-1], np.take_along_axis(whole, columns, 1), rtol=0.02)


# Positions and numbers.


def test_positions_follow_without_flips():
    x = RNG.normal(size=(50, 6)) @ np.diag([3, 2, 1, 1, 1, 1])
    before = on_plane(x, False)
    rotation = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    assert np.allclose(on_plane(x @ rotation, False, before), before, atol=1e-5)
    moved = on_plane(x + 0.01 * RNG.normal(size=x.shape), False, before)
    assert np.abs(moved - before).max() < 0.3
    distances = [np.linalg.norm(m[:, None] - m[None], axis=-1) for m in (moved, on_plane(x, False))]
    assert np.abs(distances[0] - distances[1]).max() < 0.3


def test_positions_of_few_dimensions_and_of_directions():
    x = RNG.normal(size=(10, 1))
    assert np.array_equal(on_plane(x, True), np.hstack([x, np.zeros((10, 1))]).astype(np.float32))
    flat = RNG.normal(size=(10, 2)).astype(np.float32)
    assert np.array_equal(on_plane(flat, True, flat[::-1]), flat)
    deep = RNG.normal(size=(30, 4))
    assert np.allclose(on_plane(deep, True), on_plane(deep * RNG.uniform(1, 9, (30, 1)), True), atol=1e-5)
    assert np.isfinite(on_plane(np.full((5, 4), np.nan), True)).all()


def test_neighbours_vote_as_in_the_evaluation():
    x, y = RNG.normal(size=(80, 3)) + LABELS[:, None].repeat(2, 0)[:80], LABELS.repeat(2)[:80]
    assert vote(x, y) == pytest.approx(knn_accuracy(x, y, 10))
    assert 0 <= vote(np.zeros((30, 2)), LABELS[:30]) <= 1
