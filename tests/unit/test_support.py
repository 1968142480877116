"""support: compressed rows against dense matrices; empty rows and empty supports; gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from iconlearn.conditional import TableConditional, union
from iconlearn.support import Support

N, M = 5, 4
patterns = st.sets(st.tuples(st.integers(0, N - 1), st.integers(0, M - 1)), max_size=N * M).map(
    lambda pairs: sorted(pairs, key=lambda p: (p[1], -p[0]))
)


def build(pairs: list[tuple[int, int]]) -> tuple[Support, torch.Tensor]:
    rows, cols = (torch.tensor([p[k] for p in pairs], dtype=torch.int64) for k in (0, 1))
    return Support.from_pairs(rows, cols, N, M)


@settings(max_examples=60, deadline=None)
@given(patterns)
def test_pattern_lookup_and_sums(pairs):
    support, order = build(pairs)
    assert list(zip(support.rows.tolist(), support.cols.tolist(), strict=True)) == sorted(pairs)
    assert [pairs[k] for k in order] == sorted(pairs)
    assert (len(support), support.n, support.m) == (len(pairs), N, M)
    assert support.lengths.tolist() == [sum(r == k for r, _ in pairs) for k in range(N)]
    rows, cols = (k.flatten() for k in torch.meshgrid(torch.arange(N), torch.arange(M), indexing="ij"))
    position, found = support.find(rows, cols)
    assert found.tolist() == [(r, c) in pairs for r, c in zip(rows.tolist(), cols.tolist(), strict=True)]
    assert torch.equal(support.keys[position[found]], (rows * M + cols)[found])
    entries = torch.arange(1.0, len(pairs) + 1, dtype=torch.float64)
    dense = np.full((N, M), -math.inf)
    dense[support.rows, support.cols] = entries
    filled = np.where(np.isfinite(dense), dense, 0)
    np.testing.assert_allclose(support.sum(entries).numpy(), filled.sum(1))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(support.log_sum_exp(entries).numpy(), logsumexp(dense, axis=1), atol=1e-12)
    some = torch.tensor([3, 0, 3])
    owner, entry = support.take_rows(some)
    expected = [(k, c) for k, r in enumerate(some.tolist()) for rr, c in sorted(pairs) if rr == r]
    assert list(zip(owner.tolist(), support.cols[entry].tolist(), strict=True)) == expected


@settings(max_examples=30, deadline=None)
@given(patterns, patterns)
def test_union(a, b):
    both = union([build(a)[0], build(b)[0]])
    assert list(zip(both.rows.tolist(), both.cols.tolist(), strict=True)) == sorted(set(a) | set(b))


@pytest.mark.parametrize("pairs", [[], [(0, 1), (0, 3), (2, 0), (4, 1), (4, 2)]], ids=["empty", "gaps"])
def test_reductions_pass_gradients(pairs):
    support, _ = build(pairs)
    entries = torch.linspace(-1, 2, len(pairs), dtype=torch.float64, requires_grad=True)
    weight = torch.arange(1.0, N + 1, dtype=torch.float64)

    def loss(e):
        z = support.log_sum_exp(e)
        return (support.sum(e * e) * weight).sum() + (z.masked_fill(z == -math.inf, 0) * weight).sum()

    assert loss(entries).requires_grad
    assert torch.autograd.gradcheck(loss, (entries,)) if pairs else loss(entries).item() == 0
    loss(entries).backward()
    assert entries.grad.shape == entries.shape


def test_entries_without_mass():
    support, _ = build([(0, 1), (1, 0), (1, 2)])
    entries = torch.tensor([-math.inf, -math.inf, 2.0], dtype=torch.float64, requires_grad=True)
    z = support.log_sum_exp(entries)
    assert z.tolist() == [-math.inf, 2.0, -math.inf, -math.inf, -math.inf]
    z[1].backward()
    assert entries.grad.tolist() == [0, 0, 1]
    table = TableConditional(support, entries.detach(), "row", "all")
    assert table.empty.tolist() == [True, False, True, True, True]
    assert table.block(torch.tensor([1])).exp().tolist() == [[0, 0, 1, 0]]


def test_a_table_without_entries():
    support, _ = build([])
    table = TableConditional(support, torch.zeros(0), "joint", "all")
    assert table.empty.all()
    assert (table.block(None) == -math.inf).all()
    assert table.at(torch.tensor([0, 4]), torch.tensor([1, 3])).tolist() == [-math.inf] * 2
