"""_numerics: masked reductions on empty rows, recomputation without storing, half precision."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import logsumexp

from iconlearn._numerics import (
    NEG,
    POOLS,
    all_rows,
    float_like,
    log_sum_exp,
    masked_max,
    masked_mean,
    recompute,
    safe_log,
    tiled_rows,
)

scores = arrays(np.float64, (4, 5), elements=st.one_of(st.floats(-700, 700), st.just(-math.inf)))


@settings(max_examples=60, deadline=None)
@given(scores)
def test_log_sum_exp_is_that_of_scipy(S):
    with np.errstate(divide="ignore"):
        expected = logsumexp(S, axis=1)
    np.testing.assert_allclose(log_sum_exp(torch.from_numpy(S)).numpy(), expected, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(scores)
def test_pools_ignore_what_is_no_candidate(S):
    rows = [row[row > -math.inf] for row in S]
    mean = [row.mean() if len(row) else -math.inf for row in rows]
    peak = [row.max() if len(row) else -math.inf for row in rows]
    t = torch.from_numpy(S)
    np.testing.assert_allclose(masked_mean(t).numpy(), mean, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(masked_max(t).numpy(), peak)


@pytest.mark.parametrize("pool", POOLS)
def test_empty_rows_pass_no_gradient(pool):
    x = torch.tensor([[0.5, -1.0], [2.0, 3.0]], dtype=torch.float64, requires_grad=True)
    masked = x.masked_fill(torch.tensor([[True, True], [True, False]]), NEG)
    pooled = POOLS[pool](masked)
    assert pooled.tolist() == [NEG, 3.0]
    pooled[1].backward()
    assert x.grad.tolist() == [[0, 0], [0, 1]]
    x.grad = None
    pooled = POOLS[pool](x.masked_fill(torch.tensor([[True, True], [True, False]]), NEG))
    pooled.masked_fill(pooled == NEG, 0).sum().backward()
    assert x.grad.tolist() == [[0, 0], [0, 1]]


def test_log_sum_exp_does_not_overflow():
    assert log_sum_exp(torch.tensor([[1e5, 1e5]], dtype=torch.float64)).item() == pytest.approx(
        1e5 + math.log(2)
    )
    assert log_sum_exp(torch.tensor([[-1e5, -1e5]], dtype=torch.float64)).item() == pytest.approx(
        -1e5 + math.log(2)
    )


def test_safe_log_of_zero_passes_no_gradient():
    x = torch.tensor([0.0, 0.5], requires_grad=True)
    y = safe_log(x)
    assert y.tolist() == [NEG, pytest.approx(math.log(0.5))]
    y[1].backward()
    assert x.grad.tolist() == [0.0, 2.0]


def test_recompute_runs_again_in_the_backward_pass():
    calls = []

    def square(x):
        calls.append(torch.is_grad_enabled())
        return (x * x).sum()

    x = torch.tensor([3.0, 4.0], requires_grad=True)
    y = recompute(square, x)
    assert (y.item(), len(calls)) == (25.0, 1)
    y.backward()
    assert x.grad.tolist() == [6.0, 8.0]
    assert len(calls) == 2
    with torch.no_grad():
        assert recompute(square, x).item() == 25.0
    assert len(calls) == 3


@pytest.mark.parametrize("block", [1, 2, 5])
def test_tiled_rows_have_the_value_and_gradient_of_the_whole(block, generator):
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    w = torch.nn.Parameter(torch.tensor(0.7, dtype=torch.float64))
    still = torch.randn(4, 3, generator=generator, dtype=torch.float64)

    def evaluate(rows, x, y, w):
        return (w * x[rows] @ torch.cat([x, y]).T).sin().sum(-1)

    tiles = all_rows(5, block, x.device)
    weight = torch.arange(5.0, dtype=torch.float64)
    whole = evaluate(torch.arange(5), x, still, w)
    parts = tiled_rows(evaluate, tiles, x, still, w)
    torch.testing.assert_close(parts, whole)
    expected = torch.autograd.grad((whole * weight).sum(), [x, w])
    loss = (parts * weight).sum()
    for _ in range(2):  # the graph can be walked twice
        torch.testing.assert_close(torch.autograd.grad(loss, [x, w], retain_graph=True), expected)
    assert not tiled_rows(evaluate, tiles, x.detach(), still, w.detach()).requires_grad


def test_tiled_rows_that_read_no_input_have_gradient_zero():
    x = torch.ones(4, 2, requires_grad=True)
    tiled_rows(lambda rows, x: rows * 2.0, all_rows(4, 3, x.device), x).sum().backward()
    assert (x.grad == 0).all()


@pytest.mark.parametrize(
    ("given_dtype", "kept"),
    [(torch.float16, torch.float32), (torch.bfloat16, torch.float32), (torch.int64, torch.float32)]
    + [(t, t) for t in (torch.float32, torch.float64)],
)
def test_float_like(given_dtype, kept):
    assert float_like(torch.ones(2).to(given_dtype)).dtype == kept


@pytest.mark.parametrize(("n", "block", "lengths"), [(7, 3, [3, 3, 1]), (4, 9, [4]), (3, 0, [1, 1, 1])])
def test_all_rows(n, block, lengths):
    tiles = all_rows(n, block, torch.device("cpu"))
    assert [len(t) for t in tiles] == lengths
    assert torch.cat(tiles).tolist() == list(range(n))
