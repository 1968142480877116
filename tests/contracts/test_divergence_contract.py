"""What every divergence promises: positivity, formulas, gradients, inequalities, limits, names."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from zoo import ALL_DIVERGENCES, NAIVE

from iconlearn._errors import OptionError
from iconlearn.conditional import MatrixConditional, TableConditional
from iconlearn.divergences import DIVERGENCES, Divergence, alpha, as_divergence, entropy
from iconlearn.support import Support

every = pytest.mark.parametrize("name", ALL_DIVERGENCES)
quick = settings(max_examples=40, deadline=None)
masses = st.lists(st.floats(1e-4, 1.0), min_size=6, max_size=6).map(lambda w: np.array(w) / sum(w))

# g(t) = f(t) - t f'(t), by hand from f(t)
SLOPE_PARTS = {
    "kl": lambda t: -t,
    "reverse_kl": lambda t: 1 - np.log(t),
    "jeffreys": lambda t: -t - np.log(t) + 1,
    "js": lambda t: -np.log((t + 1) / 2) / 2,
    "reverse_js": lambda t: -np.log((t + 1) / 2) / 2,
    "tv": lambda t: -np.sign(t - 1) / 2,
    "hellinger": lambda t: (1 - np.sqrt(t)) / 2,
    "chi2": lambda t: 1 - t**2,
    "reverse_chi2": lambda t: 2 / t - 2,
    "alpha(0.5)": lambda t: 2 - 2 * np.sqrt(t),
    "alpha(2)": lambda t: (1 - t**2) / 2,
    "alpha(-1)": lambda t: 1 / t - 1,
    "reverse_alpha(2)": lambda t: 1 / t - 1,
    "reverse_alpha(0.3)": lambda t: ((1 - 0.7) * t**0.7 - 0.3) / (0.3 * -0.7),
}


def dense(p: np.ndarray) -> MatrixConditional:
    """One or more rows of masses as a conditional."""
    return MatrixConditional(torch.from_numpy(np.atleast_2d(p)).double().log(), "row", "all")


def D(name: str, p: np.ndarray, q: np.ndarray) -> float:
    return ALL_DIVERGENCES[name](dense(p), dense(q)).item()


def random_rows(seed: int, n: int = 5, m: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(m), n), rng.dirichlet(np.ones(m), n)


def test_the_table_of_slopes_is_complete():
    assert set(SLOPE_PARTS) == set(ALL_DIVERGENCES) == set(NAIVE)


@every
@quick
@given(p=masses, q=masses)
def test_not_negative_and_zero_only_for_equal(name, p, q):
    assert D(name, p, p) == pytest.approx(0, abs=1e-12)
    assert D(name, p, q) >= -1e-12
    if np.abs(p - q).max() > 1e-3:
        assert D(name, p, q) > 1e-8


@every
def test_value_is_that_of_the_definition(name):
    p, q = random_rows(0)
    expected = np.mean([NAIVE[name](a, b) for a, b in zip(p, q, strict=True)])
    assert D(name, p, q) == pytest.approx(expected, rel=1e-12)


@every
def test_t26_logit_gradient(name):
    """dD/ds_j = q_j (g_j - sum_k q_k g_k) for q = softmax(s)."""
    p, _ = random_rows(1, n=1)
    s = torch.randn(1, 6, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    ALL_DIVERGENCES[name](dense(p), MatrixConditional(s.log_softmax(-1), "row", "all")).backward()
    q = s.detach().softmax(-1).numpy()
    g = SLOPE_PARTS[name](p / q)
    np.testing.assert_allclose(s.grad.numpy(), q * (g - (q * g).sum()), atol=1e-12)


@pytest.mark.parametrize("norm", ["row", "joint"])
@every
def test_a_sparse_target_costs_the_same_listed_or_streamed(name, norm):
    rng = np.random.default_rng(2)
    rows, cols = torch.tensor([0, 0, 1, 3, 3, 3]), torch.tensor([1, 4, 2, 0, 3, 5])  # row 2 is empty
    support, _ = Support.from_pairs(rows, cols, 4, 6)
    sparse = TableConditional(support, torch.from_numpy(rng.normal(size=6)), norm, "all")
    whole = MatrixConditional(sparse.block(None), norm, "all", full=False)
    s = torch.from_numpy(rng.normal(size=(4, 6))).requires_grad_()
    log_q = s.log_softmax(-1) if norm == "row" else s.flatten().log_softmax(-1).view(4, 6)
    q = MatrixConditional(log_q, norm, "all")
    divergence = ALL_DIVERGENCES[name]
    if math.isinf(divergence.at_zero):
        for p in (sparse, whole):
            with pytest.raises(OptionError, match="sparse"):
                divergence(p, q)
        return
    found = []
    for p in (sparse, whole):
        loss = divergence(p, q)
        found.append((loss.item(), torch.autograd.grad(loss, s, retain_graph=True)[0]))
    P, Q = sparse.block(None).exp().numpy(), log_q.detach().exp().numpy()
    truth = (
        NAIVE[name](P.ravel(), Q.ravel())
        if norm == "joint"
        else np.mean([NAIVE[name](P[k], Q[k]) for k in (0, 1, 3)])
    )
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-12)
    assert found[0][0] == pytest.approx(truth, rel=1e-12)
    torch.testing.assert_close(found[0][1], found[1][1], atol=1e-12, rtol=0)


ONE_HOT = {
    "kl": lambda q: -math.log(q),
    "tv": lambda q: 1 - q,
    "hellinger": lambda q: 1 - math.sqrt(q),
    "js": lambda q: (
        0.5 * math.log(2 / (1 + q)) + q / 2 * math.log(2 * q / (1 + q)) + (1 - q) / 2 * math.log(2)
    ),
    "chi2": lambda q: 1 / q - 1,
    "alpha(0.5)": lambda q: 4 * (1 - math.sqrt(q)),
    "reverse_kl": lambda q: math.inf,
    "jeffreys": lambda q: math.inf,
    "alpha(-1)": lambda q: math.inf,
    "reverse_chi2": lambda q: math.inf,
}
POSITIVE_SLOPE = {
    "kl": lambda q: -(1 - q),
    "tv": lambda q: -q * (1 - q),
    "hellinger": lambda q: -0.5 * math.sqrt(q) * (1 - q),
    "js": lambda q: 0.5 * q * (1 - q) * math.log(q / (1 + q)),
}


@pytest.mark.parametrize("name", ONE_HOT)
def test_t26_one_hot_closed_forms(name):
    s = torch.tensor([[0.3, -1.2, 0.8, 2.0]], dtype=torch.float64, requires_grad=True)
    q = s.softmax(-1)[0, 2].item()
    loss = ALL_DIVERGENCES[name](dense(np.eye(4)[2]), MatrixConditional(s.log_softmax(-1), "row", "all"))
    assert loss.item() == pytest.approx(ONE_HOT[name](q), rel=1e-12)
    if name in POSITIVE_SLOPE:
        loss.backward()
        assert s.grad[0, 2].item() == pytest.approx(POSITIVE_SLOPE[name](q), rel=1e-12)


@quick
@given(p=masses, q=masses)
def test_t26_inequalities(p, q):
    kl, tv, js, h2 = (D(name, p, q) for name in ("kl", "tv", "js", "hellinger"))
    slack = 1e-12
    assert h2 <= tv + slack
    assert tv <= math.sqrt(2 * h2) + 1e-7
    assert tv <= math.sqrt(kl / 2) + 1e-7
    assert tv**2 / 2 <= js + slack
    assert js <= tv * math.log(2) + slack
    assert kl <= math.log(1 + D("chi2", p, q)) + slack
    assert tv <= 1 + slack


@settings(max_examples=10, deadline=None)
@given(p=masses, q=masses)
def test_reversing_exchanges_the_sides(p, q):
    for name, divergence in ALL_DIVERGENCES.items():
        there = divergence.reversed()(dense(p), dense(q)).item()
        assert there == pytest.approx(D(name, q, p), rel=1e-9, abs=1e-14)
        back = divergence.reversed().reversed()
        assert (back.name, back.integrand, back.splits) == (name, divergence.integrand, divergence.splits)
        assert (divergence.reversed().at_zero, divergence.reversed().at_infinity) == (
            divergence.at_infinity,
            divergence.at_zero,
        )


@every
def test_the_ends_are_the_limits_of_the_integrand(name):
    """f(0), and f(t) / t for t -> inf; an infinite end keeps growing."""
    divergence = ALL_DIVERGENCES[name]
    for end, sign in ((divergence.at_zero, -1), (divergence.at_infinity, 1)):
        steps = [torch.tensor(sign * x, dtype=torch.float64) for x in (100.0, 200.0)]
        zero = torch.zeros((), dtype=torch.float64)
        near, nearer = (divergence.integrand(*((x, zero) if sign < 0 else (zero, -x))).item() for x in steps)
        if math.isinf(end):
            assert nearer > 1.5 * near > 100
        else:
            assert nearer == pytest.approx(end, abs=1e-10)


@pytest.mark.parametrize(("order", "limit"), [(1.0, "kl"), (0.0, "reverse_kl")])
def test_alpha_tends_to_kl_linearly(order, limit):
    p, q = random_rows(3)
    exact = D(limit, p, q)
    gaps = [abs(alpha(order + h)(dense(p), dense(q)).item() - exact) for h in (1e-1, 1e-2, 1e-3)]
    assert 6 < gaps[0] / gaps[1] < 15
    assert 9 < gaps[1] / gaps[2] < 11
    with pytest.raises(OptionError, match=limit):
        alpha(order)


def test_alpha_at_named_orders():
    p, q = random_rows(4)
    assert D("alpha(0.5)", p, q) == pytest.approx(4 * D("hellinger", p, q))
    assert D("alpha(2)", p, q) == pytest.approx(D("chi2", p, q) / 2)
    assert D("alpha(-1)", p, q) == pytest.approx(D("chi2", q, p) / 2)
    assert alpha(0.3)(dense(p), dense(q)).item() == pytest.approx(alpha(0.7)(dense(q), dense(p)).item())


@every
def test_names_find_their_divergence(name):
    divergence = ALL_DIVERGENCES[name]
    assert as_divergence(name) == divergence
    assert as_divergence(name, "reverse") == divergence.reversed()
    assert as_divergence(divergence) is divergence
    assert pickle.loads(pickle.dumps(divergence)) == divergence
    assert divergence.name == name


@pytest.mark.parametrize("order", [1e-5, 1 / 3, -2.5, 1.0000001])
def test_every_alpha_is_found_by_its_name(order):
    assert as_divergence(alpha(order).name) == alpha(order)


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("hellingr", "did you mean 'hellinger'"),
        ("reverse_klm", "unknown.*'reverse_' form"),
        ("alpha(.)", "unknown"),
        ("alpha(1)", "use 'kl'"),
        ("alpha(0)", "use 'reverse_kl'"),
        ("alpha(99)", r"order=99.* in \[-20, 20\]"),
        (3, "must be a name or a Divergence"),
    ],
)
def test_unknown_divergences_are_refused(choice, sentence):
    with pytest.raises(OptionError, match=sentence):
        as_divergence(choice)


def test_unknown_direction_is_refused():
    with pytest.raises(OptionError, match=r"direction='backward'.*'forward', 'reverse'"):
        as_divergence("kl", "backward")


def test_only_kl_splits():
    assert [d.name for d in DIVERGENCES.values() if d.splits] == ["kl"]
    assert isinstance(DIVERGENCES["kl"].reversed().reversed(), Divergence)
    assert DIVERGENCES["reverse_kl"].reversed().splits


def test_entropy_of_rows_pairs_and_supports():
    p, _ = random_rows(5)
    expected = -(p * np.log(p)).sum(1)
    assert entropy(dense(p)).item() == pytest.approx(expected.mean())
    joint = MatrixConditional(torch.from_numpy(p / len(p)).log(), "joint", "all")
    assert entropy(joint).item() == pytest.approx(expected.mean() + math.log(len(p)))
    support, _ = Support.from_pairs(torch.tensor([0, 0, 2]), torch.tensor([1, 3, 0]), 3, 4)
    table = TableConditional(
        support, torch.tensor([0.0, math.log(3), 0.0], dtype=torch.float64), "row", "all"
    )
    expected = -(0.25 * math.log(0.25) + 0.75 * math.log(0.75)) / 2  # row 1 is empty, row 2 is certain
    assert entropy(table).item() == pytest.approx(expected)
