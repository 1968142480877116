"""support: compressed rows against dense matrices; empty rows and empty supports; gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from iconlearn.conditional import TableConditional
from iconlearn.support import Support, symmetric_sum, union

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


@settings(max_examples=30, deadline=None)
@given(patterns)
def test_transposed(pairs):
    support, _ = build(pairs)
    turned, position = support.transposed
    assert (turned.n, turned.m) == (M, N)
    assert list(zip(turned.rows.tolist(), turned.cols.tolist(), strict=True)) == sorted(
        (c, r) for r, c in pairs
    )
    assert torch.equal(support.rows[position], turned.cols)
    assert torch.equal(support.cols[position], turned.rows)


squares = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=36)


@settings(max_examples=40, deadline=None)
@given(squares, st.data())
def test_sum_with_the_transpose(pairs, data):
    rows, cols = (torch.tensor([p[k] for p in sorted(pairs)], dtype=torch.int64) for k in (0, 1))
    support, _ = Support.from_pairs(rows, cols, 6, 6)
    drawn = data.draw(
        st.lists(st.sampled_from([-math.inf, -800.0, -1.0, 0.5]), min_size=len(pairs), max_size=len(pairs))
    )
    log_mass = torch.tensor(drawn, dtype=torch.float64, requires_grad=True)
    both, total = symmetric_sum(support, log_mass)
    held = sorted(pairs | {(c, r) for r, c in pairs})
    assert list(zip(both.rows.tolist(), both.cols.tolist(), strict=True)) == held
    dense = torch.full((6, 6), -math.inf, dtype=torch.float64)
    dense[rows, cols] = log_mass.detach()
    np.testing.assert_allclose(
        total.detach(), torch.logaddexp(dense, dense.T)[both.rows, both.cols], rtol=1e-14
    )
    slope = torch.arange(1.0, len(held) + 1, dtype=torch.float64)
    total.backward(slope)
    wide = torch.zeros(6, 6, dtype=torch.float64)
    wide[both.rows, both.cols] = slope
    share = (dense - torch.logaddexp(dense, dense.T)).exp().nan_to_num(0.0)
    np.testing.assert_allclose(log_mass.grad, (share * (wide + wide.T))[rows, cols], rtol=1e-12)


def test_the_same_bits_on_any_number_of_threads(generator):
    rows = torch.arange(5000).repeat_interleave(6)
    cols = torch.randint(5000, (30000,), generator=generator)
    keys = (rows * 5000 + cols).unique()
    support = Support.from_sorted(keys // 5000, keys % 5000, 5000, 5000)
    log_mass = torch.randn(len(keys), generator=generator)
    found, before = [], torch.get_num_threads()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        both, total = symmetric_sum(support, log_mass)
        turned, position = Support(support.indptr, support.cols, 5000).transposed
        found.append((both.indptr, both.cols, total, turned.cols, position))
    torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    transposed = Support(both.indptr, both.cols, 5000).transposed[1]
    assert torch.equal(total[transposed], total)  # exactly its own transpose


def test_spread_gives_every_entry_the_value_of_its_row():
    support, _ = build([(0, 1), (0, 3), (2, 0), (4, 1), (4, 2)])
    values = torch.arange(5.0, dtype=torch.float64)
    assert support.spread(values).tolist() == [0, 0, 2, 4, 4]
    held = values.clone().requires_grad_()
    support.spread(held).sum().backward()
    assert held.grad.tolist() == [2, 0, 1, 0, 2]


def test_pieces_are_whole_rows_and_all_of_them():
    support, _ = build([(0, 1), (0, 3), (2, 0), (4, 1), (4, 2)])
    for size in (1, 2, 3, 100):
        rows, entries = zip(*support.pieces(size), strict=True)
        assert torch.equal(torch.cat(rows), support.rows)
        assert [k for part in entries for k in range(part.start, part.stop)] == [0, 1, 2, 3, 4]
        assert all(part.stop - part.start <= max(size, 2) for part in entries)  # two are in the longest row
    assert next(iter(build([])[0].pieces(4)))[1] == slice(0, 0)
