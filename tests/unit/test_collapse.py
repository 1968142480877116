"""Measures of collapse and the probe by neighbours: published formulas, brute force, and what is degenerate."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from iconlearn import InputError
from iconlearn import evaluation as ev

MEASURES = {
    "effective_rank": ev.effective_rank,
    "dimension_spread": ev.dimension_spread,
    "uniformity": ev.uniformity,
    "alignment": lambda rows: ev.alignment(rows, np.zeros(len(rows))),
}


def cloud(n: int = 60, d: int = 7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)) * np.arange(1, d + 1)


@pytest.mark.parametrize("shape", [(60, 7), (5, 7), (1500, 3)])
def test_measures_equal_the_published_formulas(shape):
    rows = cloud(*shape)
    eigenvalues = np.linalg.eigvalsh(rows.T @ rows).clip(min=0)
    share = np.sqrt(eigenvalues) / np.sqrt(eigenvalues).sum() + 1e-300
    assert ev.effective_rank(rows) == pytest.approx(math.exp(-(share * np.log(share)).sum()), rel=1e-5)
    unit = nn.functional.normalize(torch.tensor(rows))
    spread = unit.std(0, correction=0) * shape[1] ** 0.5
    assert ev.dimension_spread(rows) == pytest.approx((spread.mean().item(), spread.min().item()))
    assert ev.uniformity(rows) == pytest.approx(torch.pdist(unit).pow(2).mul(-2).exp().mean().log().item())
    other = cloud(*shape, seed=1)
    apart = (unit - nn.functional.normalize(torch.tensor(other))).norm(dim=1).pow(2).mean()
    samples = [f"sample {k}" for k in range(shape[0])]
    assert ev.alignment(np.concatenate([rows, other]), samples * 2) == pytest.approx(apart.item())


def test_alignment_of_many_views_is_the_mean_over_all_pairs():
    rows, samples = cloud(30), np.arange(30) % 4  # eight or seven views
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    pairs = [
        np.square(unit[i] - unit[j]).sum() for i in range(30) for j in range(i) if samples[i] == samples[j]
    ]
    assert ev.alignment(rows, samples) == pytest.approx(np.mean(pairs))


def test_known_values():
    assert ev.effective_rank(np.eye(6)) == pytest.approx(6)
    wide = np.random.default_rng(0).normal(size=(4000, 20))
    assert ev.effective_rank(wide) == pytest.approx(20, rel=0.01)
    assert ev.dimension_spread(wide) == pytest.approx((1, 1), abs=0.05)
    assert ev.dimension_spread(wide * ([1.0] * 19 + [0.0])).least == 0


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("factor", [1e-150, 1e150])
def test_measures_do_not_depend_on_scale(name, factor):
    assert MEASURES[name](cloud() * factor) == pytest.approx(MEASURES[name](cloud()), rel=1e-9)


def test_measures_of_collapsed_embeddings_are_finite():
    constant, zeros, one = np.full((9, 4), 0.3), np.zeros((9, 4)), np.array([[1.0, 2.0]])
    assert [ev.effective_rank(rows) for rows in (constant, zeros, one)] == pytest.approx([1, 0, 1])
    for rows in (constant, zeros, one):
        assert ev.dimension_spread(rows) == (0, 0)
        assert ev.uniformity(rows) == pytest.approx(0, abs=1e-12)
    assert ev.alignment(constant, np.zeros(9)) == ev.alignment(zeros, np.zeros(9)) == 0
    some = np.concatenate([zeros, cloud(5, 4)])
    assert all(np.isfinite(measure(some)).all() for measure in MEASURES.values())


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize(
    ("rows", "message"), [([[1.0, math.nan]] * 3, "NaN"), (np.zeros((0, 3)), "sample"), ([1.0], "shape")]
)
def test_measures_refuse_what_is_no_embedding(name, rows, message):
    with pytest.raises(InputError, match=message):
        MEASURES[name](rows)


def test_alignment_refuses_samples_without_views():
    with pytest.raises(InputError, match="several rows of one sample"):
        ev.alignment(cloud(5), np.arange(5))
    with pytest.raises(InputError, match="5 rows and samples 4"):
        ev.alignment(cloud(5), np.zeros(4))


@pytest.mark.parametrize("k", [1, 2, 5])
def test_knn_probe_is_that_of_brute_force(k):
    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(40, 3)), rng.normal(size=(30, 3))
    y, z = rng.integers(0, 3, 40), rng.integers(0, 4, 30)  # class 3 is not in train
    right = 0
    for row, label in zip(test, z, strict=True):
        near = y[np.linalg.norm(train - row, axis=1).argsort()[:k]].tolist()
        right += max(near, key=near.count) == label
    assert ev.knn_probe(train, y, test, z, k=k) == right / 30
    assert ev.knn_probe(train * 1e200, y, test * 1e200, z, k=k) == right / 30
    with pytest.raises(InputError, match="train: 40 rows, but k=41"):
        ev.knn_probe(train, y, test, z, k=41)
