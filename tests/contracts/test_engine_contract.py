"""What every engine promises: scores as in a double loop, plans that are pure and honest, linear memory."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from zoo import points, values

from iconlearn._errors import MemoryBudgetError, OptionError
from iconlearn.distributions import Gaussian, Harmonic, Label, StudentT, UniformCluster
from iconlearn.engines import ENGINES, Dense, Direct, PlannedEngine, Problem, Product, Tiled, plan
from iconlearn.engines.factored import Factored
from iconlearn.engines.grid import GridScores
from iconlearn.engines.plan import free_memory
from iconlearn.points import Points

pytestmark = pytest.mark.usefixtures("float64")
SCORES = {
    "Gaussian": (lambda **o: Gaussian(0.8, **o), lambda x, y: -((x - y) ** 2).sum() / (2 * 0.64)),
    "Gaussian cos": (
        lambda **o: Gaussian(0.5, "cos", **o),
        lambda x, y: -(2 - 2 * x @ y / np.sqrt((x @ x) * (y @ y))) / 0.5,
    ),
    "Gaussian dot": (lambda **o: Gaussian(2, "dot", **o), lambda x, y: x @ y / 4),
    "StudentT": (
        lambda **o: StudentT(3, 0.7, **o),
        lambda x, y: -2 * math.log(1 + ((x - y) ** 2).sum() / (3 * 0.49)),
    ),
    "Harmonic": (
        lambda **o: Harmonic(1.5, **o),
        lambda x, y: -1.5 * math.log(max(((x - y) ** 2).sum(), 1e-12)),
    ),
}
BLOCKS = {"dense": [None], "tiled": [1, 5, 12, 1000]}
BUILDS = [
    pytest.param(
        lambda k, i, j, name=name, b=b: ENGINES[name](k, i, j, **({"block": b} if b else {})),
        id=f"{name}-{b}",
    )
    for name, blocks in BLOCKS.items()
    for b in blocks
]
ELSEWHERE = {
    "direct",
    "grid",
    "sampled",
    "factored",
    "product",
}  # test_radial_, test_sampled_, test_factored_ and test_product_engine.py


def test_every_registered_engine_is_tested():
    assert set(ENGINES) == set(BLOCKS) | ELSEWHERE


@pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])
@pytest.mark.parametrize("kernel", SCORES)
@pytest.mark.parametrize("build", BUILDS)
def test_scores_are_those_of_a_double_loop(build, kernel, pairs):
    make, score = SCORES[kernel]
    i = points(torch.randn(12, 3, generator=torch.Generator().manual_seed(1)))
    X, n = i.value.numpy(), 12
    keys = list(zip(i.view.tolist(), i.id.tolist(), strict=True))
    barred = {
        "all": lambda a, b: False,
        "distinct": lambda a, b: a == b,
        "cross_view": lambda a, b: a[0] == b[0],
    }[pairs]
    S = np.array(
        [[-math.inf if barred(keys[a], keys[b]) else score(X[a], X[b]) for b in range(n)] for a in range(n)]
    )
    engine = build(make(pairs=pairs), i, i)
    np.testing.assert_allclose(engine.partition().numpy(), logsumexp(S, axis=1), atol=1e-12)
    np.testing.assert_allclose(engine.block(None, None).numpy(), S, atol=1e-11)
    rows, cols = torch.tensor([3, 3, 11, 0]), torch.tensor([4, 3, 0, 7])
    np.testing.assert_allclose(engine.block(rows, cols).numpy(), S[rows][:, cols], atol=1e-11)
    np.testing.assert_allclose(engine.at(rows, cols).numpy(), S[rows, cols], atol=1e-11)
    assert engine.block_rows >= 1


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize(("sigma", "pool"), [(math.inf, np.nanmean), (0, np.nanmax)])
def test_pools_of_the_limits(build, sigma, pool):
    i = points(torch.randn(12, 3, generator=torch.Generator().manual_seed(1)))
    S = -((i.value[:, None] - i.value[None]) ** 2).sum(-1).numpy()
    S[np.eye(12, dtype=bool)] = np.nan
    np.testing.assert_allclose(build(Gaussian(sigma), i, i).partition().numpy(), pool(S, axis=1), atol=1e-12)


@pytest.mark.parametrize("build", BUILDS)
def test_rectangular_problems_and_rows_without_candidates(build):
    x = torch.randn(7, 2, requires_grad=True)
    y = torch.randn(4, 2, requires_grad=True)
    rows, cols = Points.of(x, view=torch.tensor([0] * 6 + [1])), Points.of(y)
    z = build(Gaussian(pairs="cross_view"), rows, cols).partition()
    assert (z[:6] == -math.inf).all()
    assert z[6].isfinite()
    z[6].backward()
    for t in (x, y):
        assert t.grad.isfinite().all()
    assert (x.grad[:6] == 0).all()
    assert (y.grad != 0).all()


@pytest.mark.parametrize("build", BUILDS)
def test_partitions_of_kernels_that_read_no_values(build):
    i = points(values(_Form, 0)).bare()
    z = build(Label(), i, i).partition()
    sizes = {0: 4, 1: 4}
    expected = [math.log(sizes[k] - 1) if k in sizes else -math.inf for k in i.label.tolist()]
    assert z.tolist() == pytest.approx(expected)


class _Form:
    simplex = False


def test_many_pairs_are_scored_in_chunks(monkeypatch):
    from iconlearn.engines import exact

    i = points(values(_Form, 0))
    x = i.value.clone().requires_grad_()
    i = i.with_value(x)
    rows, cols = torch.arange(12).repeat(12), torch.arange(12).repeat_interleave(12)
    whole = Tiled(StudentT(), i, i).at(rows, cols)
    monkeypatch.setattr(exact, "PAIR_ENTRIES", 15)
    parts = Tiled(StudentT(), i, i).at(rows, cols)
    torch.testing.assert_close(parts, whole)
    weight = torch.randn(144).masked_fill(whole == -math.inf, 0)
    a, b = (
        torch.autograd.grad((t.masked_fill(t == -math.inf, 0) * weight).sum(), x)[0] for t in (whole, parts)
    )
    torch.testing.assert_close(a, b)


def test_a_closed_form_partition_needs_no_matrix():
    i = points(values(_Form, 0))
    kernel = UniformCluster()
    i, j = kernel.calibrate(i, i)
    engine = Dense(kernel, i, j)
    assert engine.matrix is None
    torch.testing.assert_close(kernel.log_partition(i, j), torch.zeros(12), atol=1e-14, rtol=0)
    torch.testing.assert_close(engine.partition(), torch.zeros(12), atol=1e-12, rtol=0)


# Plans.


def test_plan_is_pure_printable_and_fits():
    problem = Problem(n=500, m=500, d=2, memory=8 << 30)
    chosen = plan(problem)
    assert plan(problem) == chosen
    assert (chosen.engine, chosen.block, chosen.bytes) == ("dense", 500, problem.dense_bytes)
    assert "500 x 500" in str(chosen)
    with pytest.raises(FrozenInstanceError):
        chosen.engine = "tiled"
    large = plan(Problem(n=200_000, m=200_000, d=2, memory=8 << 30))
    assert large.engine == "tiled"
    assert large.bytes <= 8 << 30
    assert f"tiles of {large.block} rows" in str(large)


def test_the_matrix_is_held_up_to_a_quarter_of_memory():
    for n in (100, 1000, 5000):
        need = Problem(n=n, m=n, d=2).dense_bytes
        assert plan(Problem(n=n, m=n, d=2, memory=4 * need, cached=0)).engine == "dense"
        less = plan(Problem(n=n, m=n, d=2, memory=4 * need - 8, cached=0))
        assert less.engine == "tiled"
        assert "outgrow the memory" in str(less)


def test_the_matrix_is_held_up_to_the_cache():
    assert plan(Problem(n=100, m=200, d=2, cached=20_000)).engine == "dense"
    more = plan(Problem(n=101, m=200, d=2, cached=20_000))
    assert (more.engine, more.block) == ("tiled", 100)
    assert "outgrow the cache" in str(more)


BUILT = {  # of twelve points a sample is all of them
    "dense": Dense,
    "tiled": Tiled,
    "direct": Direct,
    "grid": GridScores,
    "sampled": Tiled,
    "factored": Factored,
    "product": Product,
}


@pytest.mark.parametrize("name", ENGINES)
def test_pins_are_respected(name):
    for n in (10, 2000):
        chosen = plan(Problem(n=n, m=n, d=2, memory=1 << 30), name)
        assert chosen.engine == name
    assert "pinned" in str(plan(Problem(n=5000, m=5000, d=2, memory=1 << 30), name))
    i = points(values(_Form, 0))
    kernel = UniformCluster() if name == "factored" else StudentT()
    built = plan(Problem(n=12, m=12, d=3), name).build()(kernel, *kernel.calibrate(i, i))
    assert isinstance(built, BUILT[name])


def test_small_memory_gives_small_tiles_then_an_error():
    plans = [plan(Problem(n=50_000, m=50_000, d=2, memory=m, cached=0)) for m in (1 << 33, 1 << 29, 1 << 26)]
    assert plans[0].block == 1024 > plans[1].block > plans[2].block >= 1
    assert all(p.bytes <= m for p, m in zip(plans, (1 << 33, 1 << 29, 1 << 26), strict=True))
    with pytest.raises(MemoryBudgetError, match=r"50000 x 50000 scores.*even in tiles.*free; use fewer rows"):
        plan(Problem(n=50_000, m=50_000, d=2, memory=1 << 20))
    with pytest.raises(
        MemoryBudgetError, match=r"engine='dense' needs about .* GB for 50000 x 50000.*'tiled'"
    ):
        plan(Problem(n=50_000, m=50_000, d=2, memory=1 << 30), "dense")


def test_unknown_engines_are_refused():
    with pytest.raises(OptionError, match=r"engine='tile'.*did you mean 'tiled'"):
        plan(Problem(n=3, m=3, d=2), "tile")
    with pytest.raises(OptionError, match="engine='tile'"):
        PlannedEngine("tile")
    with pytest.raises(OptionError, match="engine=3 must be a name"):
        PlannedEngine(3)


def test_planned_engine_plans_for_each_problem(monkeypatch):
    module = sys.modules[Problem.__module__]
    i = points(values(_Form, 0))
    assert isinstance(PlannedEngine()(StudentT(), i, i), Dense)
    assert isinstance(PlannedEngine("tiled")(StudentT(), i, i), Tiled)
    assert PlannedEngine(lambda kernel, i, j: "mine")(StudentT(), i, i) == "mine"
    little = 4 * Problem.of(i, i).dense_bytes - 8
    monkeypatch.setattr(module, "free_memory", lambda device: little)
    assert isinstance(PlannedEngine()(StudentT(), i, i), Tiled)


def test_problem_reads_sizes_and_memory():
    i = points(values(_Form, 0))
    problem = Problem.of(i, i.take(torch.arange(5)))
    assert (problem.n, problem.m, problem.d, problem.itemsize) == (12, 5, 3, 8)
    assert Problem.of(i.bare(), i).d == 1
    assert 1 << 20 < free_memory(torch.device("cpu")) < 1 << 50


PEAKS = """
import json, resource, torch
from iconlearn.distributions import Augmentation, Gaussian
from iconlearn.divergences import DIVERGENCES
from iconlearn.engines import Tiled
from iconlearn.points import Points
torch.set_num_threads(1)
engine = lambda kernel, i, j: Tiled(kernel, i, j, block=64)
peaks = []
for n in SIZES:
    z = torch.randn(n, 2, requires_grad=True)
    x = Points.of(torch.randn(n, 3), id=torch.arange(n) // 2, view=torch.arange(n) % 2)
    i = x.with_value(z)
    DIVERGENCES["kl"](TARGET(x, x, engine), Gaussian()(i, i, engine)).backward()
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps(peaks))
"""


def peaks(target: str, sizes: tuple[int, ...]) -> list[float]:
    """Peak memory in MiB of a process after a loss and its gradient at each size."""
    code = PEAKS.replace("TARGET", target).replace("SIZES", str(sizes))
    environment = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("target", "sizes", "matrix"),
    [
        ("Augmentation()", (1000, 2000, 4000), 61),
        ("Gaussian()", (500, 1000, 2000), 15),
        pytest.param("Augmentation()", (2000, 4000, 8000), 244, marks=pytest.mark.slow),
    ],
)
def test_peak_memory_of_tiles_grows_linearly(target, sizes, matrix):
    """Doubling n doubles the growth, where a matrix would quadruple it; all in less than one matrix (MiB)."""
    seen = peaks(target, sizes)
    growth = np.diff(seen)
    assert seen[-1] - seen[0] < matrix, seen
    assert growth[1] < 3 * max(growth[0], 4), seen
