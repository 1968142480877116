"""The memory of a fit, estimated before it starts: against what processes take, and against what targets list."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from iconlearn import KNN, MLP, Embedding, Gaussian, Graph, ICon, Identity, Label, Perplexity, StudentT
from iconlearn._errors import MemoryBudgetError
from iconlearn.bandwidth import KthNeighbor
from iconlearn.engines import Dense
from iconlearn.points import Points
from iconlearn.train import budget as module
from iconlearn.train.budget import Sizes, entries, estimate

MODELS = {
    "t-SNE": "Gaussian(Perplexity(30)).symmetrize(), StudentT(normalize='joint')",
    "SNE": "Gaussian(Perplexity(30)), Gaussian(0.7)",
    "uniform": "KNN(15).symmetrize(), StudentT(normalize='joint')",
    "debiased": "Gaussian(Perplexity(30)).debias(0.1), StudentT()",
}
FIT = """
import resource, sys
import numpy as np
from iconlearn import *
n, generator = {n}, np.random.default_rng(0)
X = generator.normal(size=(n, 50)).astype(np.float32)
X += (3 * generator.normal(size=(50, 50)).astype(np.float32))[generator.integers(50, size=n)]
model = ICon({parts}, Embedding(n, 2))
with open("/proc/self/statm") as file:
    before = int(file.read().split()[1]) * resource.getpagesize()
told = model.budget(n, 50).bytes
model.fit(X, max_iter=3)
# not ru_maxrss: a process inherits that of the one which started it
with open("/proc/self/status") as file:
    peak = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
print((1024 * peak - before) / told)
"""
X = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)


def taken(parts: str, n: int) -> float:
    """The peak of a process that fits, in terms of what was estimated."""
    run = subprocess.run(
        [sys.executable, "-c", FIT.format(parts=parts, n=n)], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


@cache
def compile_loops(parts: str) -> None:
    """Have the loops on disk, for compiling them takes memory that is not the fit's."""
    taken(parts, 3000)


on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@on_linux
@pytest.mark.parametrize("name", ["t-SNE", "uniform"])
def test_a_fit_takes_what_was_estimated_within_a_factor_of_one_and_a_half(name):
    compile_loops(MODELS[name])
    assert 1 / 1.5 <= taken(MODELS[name], 10_000) <= 1.5


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("n", [30_000, 100_000])
@pytest.mark.parametrize("name", MODELS)
def test_a_large_fit_takes_what_was_estimated_within_a_factor_of_one_and_a_half(name, n):
    compile_loops(MODELS[name])
    assert 1 / 1.5 <= taken(MODELS[name], n) <= 1.5


@pytest.mark.parametrize(
    "target",
    [KNN(4), Gaussian(Perplexity(3)), KNN(4).debias(0.1), StudentT(1.0, KthNeighbor(3)).nearest(9), Identity(),
     Graph(np.roll(np.eye(60), 1, 0)), 0.5 * KNN(3) + 0.5 * Gaussian(Perplexity(2)), KNN(4).symmetrize()],
    ids=repr,
)  # fmt: skip
def test_entries_are_those_that_a_target_lists(target):
    points = Points.of(torch.from_numpy(X))
    listed = len(target(points, points, Dense).support) / 60
    assert listed <= 1.25 * entries(target, 60)
    assert entries(target, 60) <= 1.5 * listed  # parts of a mixture may meet


def test_walks_reach_no_more_than_is_said():
    points, walks = Points.of(torch.from_numpy(X)), KNN(3).propagate(2)
    assert len(walks(points, points, Dense).support) / 60 <= entries(walks, 60) == 3 + 3**2
    assert entries(KNN(9).propagate(4), 60) == 60


@pytest.mark.parametrize("target", [Gaussian(2.0), Gaussian(Perplexity(30, kept=None)), StudentT(), Label()])
def test_a_target_on_all_pairs_has_no_entries(target):
    assert entries(target, 60) is None


def test_a_fit_that_needs_too_much_is_refused_before_neighbours_are_looked_for(monkeypatch):
    monkeypatch.setattr(module, "free_memory", lambda device: 1 << 14)
    monkeypatch.setattr("iconlearn.distributions.kernels.nearest", pytest.fail)
    model = ICon(Gaussian(Perplexity(6)), StudentT(), Embedding(60, 2))
    with pytest.raises(
        MemoryBudgetError,
        match=r"60 rows need about .* GB \(steps\), but 0\.00 GB are free; .*at most \d+ rows, or about \d+ neighbours",
    ):
        model.fit(X, max_iter=2)


def test_phases_are_not_added_up_and_each_has_its_largest_part():
    model = ICon(Gaussian(Perplexity(30)).symmetrize(), StudentT(normalize="joint"), Embedding(60, 2))
    told = model.budget(1_000_000, d=50)
    assert told.bytes == max(told.phases.values()) < sum(told.phases.values())
    assert told.bytes < 6e9  # of the eight that such a fit may take
    assert "GB at its peak (symmetrising)" in str(told)
    assert "memory of a fit" in str(ICon(KNN(5), StudentT(), Embedding(60, 2)).explain(X))


def test_batches_take_less_than_all_rows_of_a_dense_target():
    model = ICon(Gaussian(2.0), StudentT(), MLP(5, 8))
    whole, part = (estimate(model, Sizes(10_000, 5, 8, batch, 1 << 36)).bytes for batch in (None, 256))
    assert part < whole / 2
    assert model.budget(10_000, 5, batch_size=256).bytes == part


@given(st.integers(100, 10**7), st.integers(1, 500), st.integers(2, 60), st.booleans())
def test_more_rows_features_and_neighbours_take_more(n, d, k, joint):
    def told(n, d, k):
        target, learned = KNN(k), StudentT(normalize="joint" if joint else "row")
        model = ICon(target.symmetrize() if joint else target, learned, MLP(3, 2))
        return estimate(model, Sizes(n, d, 2, None, 1 << 50)).bytes

    assert told(2 * n, d, k) > told(n, d, k)
    assert told(n, d + 100, k) >= told(n, d, k)
    assert told(n, d, k + 20) >= told(n, d, k)
