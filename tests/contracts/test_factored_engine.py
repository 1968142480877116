"""The engine of inner products: scores, sums and gradients of cluster kernels as a double loop has them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from iconlearn import KNN, ICon, Label, Linear, OptionError, UniformCluster
from iconlearn.composed import DebiasedConditional
from iconlearn.distributions import Gaussian, Kernel
from iconlearn.engines import Dense, PlannedEngine, Problem, plan
from iconlearn.engines.factored import Factored
from iconlearn.engines.inner import SIDE
from iconlearn.points import Points
from iconlearn.support import Support


def logits(
    n: int, clusters: int, seed: int, scale: float = 2.0, dtype: torch.dtype = torch.float32
) -> Tensor:
    made = torch.randn(n, clusters, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (scale * made).to(dtype)


def sides(z: Tensor, w: Tensor | None = None) -> tuple[Points, Points]:
    """Rows and columns: the same points, or others."""
    rows = Points.of(z)
    return rows, rows if w is None else Points.of(w, view=torch.ones(len(w), dtype=torch.int64))


def reference(z: Tensor, w: Tensor | None = None) -> Tensor:
    """log q, (n, m), in float64 from the definition."""
    log_phi = z.double().log_softmax(1)
    log_psi = log_phi if w is None else w.double().log_softmax(1)
    return (log_phi[:, None, :] + (log_psi - log_psi.logsumexp(0))[None]).logsumexp(-1)


def support_of(n: int, m: int, seed: int) -> Support:
    """About three entries a row, some rows without any."""
    chosen = torch.rand(n, m, generator=torch.Generator().manual_seed(seed)) < 3 / m
    return Support.from_pairs(*chosen.nonzero().unbind(-1), n, m)[0]


def engine(z: Tensor, w: Tensor | None = None) -> Factored:
    kernel = UniformCluster()
    return Factored(kernel, *kernel.calibrate(*sides(z, w)))


CASES = [(torch.float32, 2e-6, False), (torch.float32, 2e-6, True), (torch.float64, 1e-12, True)]


@pytest.mark.parametrize(("dtype", "tolerance", "two"), CASES)
@pytest.mark.parametrize("weights", ["equal", "unequal"])
@pytest.mark.parametrize("what", ["gather", "total", "above", "above rows", "partition"])
def test_sums_and_gradients_are_those_of_the_definition(what, weights, dtype, tolerance, two, monkeypatch):
    monkeypatch.setattr("iconlearn.engines.inner.SIDE", 16)  # several tiles, the last one narrow
    n = 37
    z = logits(n, 11, 0, dtype=dtype).requires_grad_()
    w = logits(23, 11, 1, dtype=dtype).requires_grad_() if two else None
    m = n if w is None else 23
    support = support_of(n, m, 2)
    floor = torch.linspace(-5, -2, n) if what == "above rows" else torch.full((n,), -4.0)
    floor = floor.to(dtype)

    def total(log_q: Tensor) -> Tensor:
        if what == "gather":
            return log_q[support.rows, support.cols]
        if what == "partition":
            return log_q.logsumexp(1)
        if what == "total":
            return log_q.sum(1)
        return torch.logaddexp(log_q, floor.to(log_q).unsqueeze(-1)).sum(1)

    scores = engine(z, w)
    found = {
        "gather": lambda: scores.gather(support),
        "partition": scores.partition,
        "total": scores.total,
    }.get(what, lambda: scores.total_above(floor))()
    expected = total(reference(z, w))
    np.testing.assert_allclose(found.detach().double(), expected.detach(), rtol=tolerance, atol=tolerance)
    weight = (
        torch.linspace(1, 2, len(found), dtype=dtype)
        if weights == "unequal"
        else torch.tensor(0.7, dtype=dtype)
    )
    leaves = [k for k in (z, w) if k is not None]
    mine = torch.autograd.grad((weight * found).sum(), leaves)
    theirs = torch.autograd.grad((weight.double() * expected).sum(), leaves)
    for a, b in zip(mine, theirs, strict=True):
        scale = max(1.0, float(b.abs().max()))
        np.testing.assert_allclose(a.double(), b.double(), atol=20 * tolerance * scale, rtol=0)


@pytest.mark.parametrize("what", ["gather", "total", "above"])
def test_saturated_assignments_are_summed_in_logs(what, monkeypatch):
    monkeypatch.setattr("iconlearn.engines.inner.SIDE", 8)
    z = logits(20, 5, 3, scale=80.0).requires_grad_()
    support = support_of(20, 20, 4)
    scores = engine(z)
    floor = torch.full((20,), -90.0)
    expected = reference(z)
    assert (expected.exp() < 1e-38).any()  # lost in float32
    if what == "gather":
        found, expected = scores.gather(support), expected[support.rows, support.cols]
    elif what == "total":
        found, expected = scores.total(), expected.sum(1)
    else:
        found, expected = scores.total_above(floor), torch.logaddexp(expected, floor.double()[:, None]).sum(1)
    np.testing.assert_allclose(found.detach().double(), expected.detach(), rtol=1e-5, atol=1e-4)
    (mine,), (theirs,) = (torch.autograd.grad(k.sum(), z) for k in (found, expected))
    np.testing.assert_allclose(mine.double(), theirs.double(), atol=1e-4 * float(theirs.abs().max()))


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(0, 1000),
    st.sampled_from([0.1, 3.0, 60.0]),
    st.booleans(),
)
def test_pairs_agree_with_the_dense_engine(n, clusters, seed, scale, two):
    z = logits(n, clusters, seed, scale)
    w = logits(n + 3, clusters, seed + 1, scale) if two else None
    kernel = UniformCluster()
    points = kernel.calibrate(*sides(z, w))
    support = support_of(n, n + 3 * two, seed)
    fast, slow = Factored(kernel, *points), Dense(kernel, *points)
    np.testing.assert_allclose(fast.gather(support), slow.gather(support), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(fast.total(), slow.total(), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(fast.block(None, None), slow.block(None, None), rtol=1e-6, atol=1e-6)


def test_what_is_no_number_is_seen():
    z = logits(6, 3, 0)
    z[2, 1] = torch.nan
    scores = engine(z)
    assert scores.total().isnan().any()
    assert scores.gather(support_of(6, 6, 1)).isnan().any()


@pytest.mark.parametrize("alphas", [(0.0, 0.0), (0.6, 0.0), (0.0, 0.3), (0.6, 0.6)])
def test_losses_agree_with_the_dense_engine(alphas):
    x, y = torch.randn(60, 8, generator=torch.Generator().manual_seed(1)), torch.arange(60) // 4
    results = []
    for choice in ("factored", "dense", "auto"):
        for dtype in (torch.float32, torch.float64):
            p, q = Label().debias(alphas[0]), UniformCluster().debias(alphas[1])
            model = ICon(p, q, Linear(8, 12, seed=0), engine=choice).to(dtype)
            loss = model(x.to(dtype), y)
            loss.backward()
            results.append((float(loss.detach()), model.mapper.net.weight.grad.double()))
    for value, gradient in results[1:]:
        assert value == pytest.approx(results[1][0], rel=1e-6)
        np.testing.assert_allclose(gradient, results[1][1], atol=2e-6)


def test_a_debiased_kernel_sums_its_row_without_its_matrix(monkeypatch):
    def refuse(*_: object) -> Tensor:
        raise AssertionError("the matrix is made")

    monkeypatch.setattr(UniformCluster, "log_score", refuse)
    monkeypatch.setattr(DebiasedConditional, "block", refuse)
    x, y = torch.randn(30, 4, generator=torch.Generator().manual_seed(1)), torch.arange(30) // 3
    for p, q in (
        (Label().debias(0.3), UniformCluster()),
        (Label().debias(0.3), UniformCluster().debias(0.3)),
    ):
        ICon(p, q, Linear(4, 5))(x, y).backward()


def test_threads_do_not_change_a_bit():
    z = logits(3 * SIDE // 2, 40, 0)
    support = support_of(len(z), len(z), 1)
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            x = z.clone().requires_grad_()
            scores = engine(x)
            loss = scores.gather(support).sum() + scores.total().square().sum()
            loss.backward()
            found.append((loss.detach(), x.grad))
    finally:
        torch.set_num_threads(before)
    for loss, gradient in found[1:]:
        assert torch.equal(loss, found[0][0])
        assert torch.equal(gradient, found[0][1])


def test_the_plan_takes_it_for_clusters_alone():
    z = Points.of(logits(50, 4, 0))

    def chosen(kernel: Kernel) -> str:
        return plan(Problem.of(z, z, kernel)).engine

    assert chosen(UniformCluster()) == "factored"
    assert chosen(UniformCluster(inputs="probabilities")) == "factored"
    assert chosen(UniformCluster(pairs="distinct")) == "dense"
    assert chosen(UniformCluster().temper(2)) == "dense"  # type: ignore[arg-type]
    assert "none held" in str(plan(Problem.of(z, z, UniformCluster())))
    assert isinstance(PlannedEngine()(UniformCluster(), z, z), Factored)
    with pytest.raises(OptionError, match="engine='factored' sums kernels of clusters"):
        Factored(Gaussian(), z, z)


def test_memory_is_linear_in_the_batch():
    few, many = (Problem(n, n, 1000, factored=True).factored_bytes for n in (4096, 40960))
    assert many < 11 * few
    model = ICon(KNN(3), UniformCluster(), Linear(5, 7))
    assert "inner products" in str(model.explain(torch.randn(40, 5)))
