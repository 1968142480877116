"""Pairs of known information: the published values, and a contract that every task keeps."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import expit

from iconlearn._errors import InputError, OptionError
from iconlearn.theory import information as info
from iconlearn.theory.information import TASKS, KnownInformation
from iconlearn.theory.information.canonical import dense_covariance

LOG2 = math.log(2)
WITH_RATIO = sorted(name for name, task in TASKS.items() if task.log_ratio is not None)
ON_LINES = sorted(name for name, task in TASKS.items() if task.dims == (1, 1))


def random_covariance(d: int, seed: int) -> np.ndarray:
    factor = np.random.default_rng(seed).normal(size=(d, d + 2))
    return factor @ factor.T


def of_pairs(task: KnownInformation, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The log ratio of rows to rows, a few at a time: it comes as a matrix."""
    pieces = range(0, len(x), 60)
    return np.concatenate([np.diagonal(ratio(task, x[i : i + 60], y[i : i + 60])) for i in pieces])


def ratio(task: KnownInformation, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    assert task.log_ratio is not None
    return task.log_ratio(x, y)


# ------------------------------------------------------------------------------------------------ the contract


def test_names_are_keys_and_nothing_is_said_twice():
    assert all(name == task.name and " " not in name for name, task in TASKS.items())
    assert len({task.title for task in TASKS.values()}) == len(TASKS) > 40
    assert all(task.source and task.bits == pytest.approx(task.nats / LOG2) for task in TASKS.values())


@pytest.mark.parametrize("name", TASKS)
def test_samples_have_the_dims_and_repeat_themselves(name):
    task = TASKS[name]
    x, y = task.sample(50, random_state=3)
    assert (x.shape, y.shape) == ((50, task.dims[0]), (50, task.dims[1]))
    assert x.dtype == y.dtype == np.float64
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    again = task.sample(50, random_state=np.random.default_rng(3))
    assert np.array_equal(x, again[0])
    assert np.array_equal(y, again[1])
    assert not np.array_equal(x, task.sample(50, random_state=4)[0])
    with pytest.raises(OptionError, match="n=0"):
        task.sample(0)


@pytest.mark.parametrize("name", WITH_RATIO)
def test_information_is_the_mean_of_the_log_ratio(name):
    task = TASKS[name]
    values = of_pairs(task, *task.sample(6000, random_state=1))
    assert np.isfinite(values).all()  # what is drawn is possible
    assert abs(values.mean() - task.nats) <= 4 * values.std() / math.sqrt(len(values)) + 1e-9


@pytest.mark.parametrize("name", WITH_RATIO)
def test_ratio_is_that_of_pairs_to_strangers(name):
    """E over strangers of r g = E over pairs of g, with bounded g: that holds of the density ratio alone."""
    task = TASKS[name]
    (x, y), (u, _), (_, v) = (task.sample(6000, random_state=seed) for seed in (2, 3, 4))
    pairs, strangers = expit(-of_pairs(task, x, y)), expit(of_pairs(task, u, v))  # g = 1 / (1 + r)
    for kind in (lambda a, b: 1.0, lambda a, b: a[:, 0] > b[:, 0], lambda a, b: b[:, 0] > 0):
        a, b = pairs * kind(x, y), strangers * kind(u, v)
        error = math.sqrt((a.var() + b.var()) / 6000)
        assert abs(a.mean() - b.mean()) <= 4 * error + 1e-9


@pytest.mark.parametrize(
    "name", [name for name in WITH_RATIO if TASKS[name].nats < 0.7 and "student" not in name]
)
def test_ratio_has_mean_one_over_strangers(name):
    task = TASKS[name]
    means = []
    for seed in range(20):
        (x, _), (_, y) = task.sample(400, random_state=seed), task.sample(400, random_state=1000 + seed)
        means.append(np.exp(ratio(task, x, y)).mean())
    assert abs(np.mean(means) - 1) <= 4 * np.std(means) / math.sqrt(20) + 1e-9


@pytest.mark.parametrize("name", ON_LINES)
def test_information_of_lines_is_found_by_neighbours(name):
    from sklearn.feature_selection import mutual_info_regression

    task = TASKS[name]
    x, y = task.sample(4000, random_state=1)
    if "student" in name:  # neighbours do not see the middle of so heavy tails
        x, y = np.arcsinh(x), np.arcsinh(y)
    found = mutual_info_regression(
        x, y[:, 0], n_neighbors=5, random_state=0, discrete_features=name.startswith("discrete")
    )
    assert found[0] == pytest.approx(task.nats, abs=0.06)


@pytest.mark.parametrize("name", WITH_RATIO)
def test_ratio_is_a_matrix_of_all_pairs(name):
    task = TASKS[name]
    x, y = task.sample(6)
    matrix = ratio(task, x[:4], y)
    assert matrix.shape == (4, 6)
    one_by_one = [[ratio(task, x[i : i + 1], y[j : j + 1])[0, 0] for j in range(6)] for i in range(4)]
    np.testing.assert_allclose(matrix, one_by_one, rtol=1e-9, atol=1e-9)


# ------------------------------------------------------------------------------------------------------ Gaussian


@given(dx=st.integers(1, 4), dy=st.integers(1, 4), seed=st.integers(0, 500))
def test_gaussian_of_any_covariance(dx, dy, seed):
    s = random_covariance(dx + dy, seed)
    task = info.gaussian_pair(s, dx)
    log_det = [np.linalg.slogdet(part)[1] for part in (s[:dx, :dx], s[dx:, dx:], s)]
    assert task.nats == pytest.approx((log_det[0] + log_det[1] - log_det[2]) / 2, rel=1e-9, abs=1e-12)
    assert task.dims == (dx, dy)
    x, y = task.sample(5, random_state=seed)
    whole, first, second = (
        stats.multivariate_normal(np.zeros(len(part)), part) for part in (s, s[:dx, :dx], s[dx:, dx:])
    )
    expected = [[whole.logpdf([*a, *b]) - first.logpdf(a) - second.logpdf(b) for b in y] for a in x]
    np.testing.assert_allclose(ratio(task, x, y), expected, rtol=1e-6, atol=1e-7)


def test_gaussian_samples_have_the_covariance():
    s = random_covariance(5, 7)
    x, y = info.gaussian_pair(s, 2).sample(100_000)
    np.testing.assert_allclose(np.cov(np.hstack([x, y]).T), s, atol=0.05 * s.max())


def test_information_does_not_depend_on_scale():
    s, scale = random_covariance(4, 1), np.array([1e-100, 1, 1e80, 3])
    task, scaled = info.gaussian_pair(s, 2), info.gaussian_pair(s * scale * scale[:, None], 2)
    assert scaled.nats == pytest.approx(task.nats)
    x, y = task.sample(5)
    np.testing.assert_allclose(ratio(scaled, x * scale[:2], y * scale[2:]), ratio(task, x, y), atol=1e-9)


@given(dim=st.integers(1, 30), share=st.floats(0, 1))
def test_correlated_gaussian_has_the_information_asked_for(dim, share):
    nats = share * 13 * dim
    task = info.correlated_gaussian(dim, nats=nats)
    assert task.nats == pytest.approx(nats, rel=1e-3, abs=1e-9)
    rho = math.sqrt(-math.expm1(-2 * nats / dim))
    assert task.title.endswith(f"correlated {rho:.4g}")


def test_published_values_of_gaussians():
    assert info.correlated_gaussian(correlation=0.75).nats == pytest.approx(0.41334, abs=5e-6)
    assert info.correlated_gaussian(correlation=-0.75).nats == pytest.approx(0.41334, abs=5e-6)
    for dim, nats in ((2, 0.2939), (3, 0.4133), (5, 0.5928), (25, 1.2922), (50, 1.6243)):
        assert info.dense_gaussian(dim).nats == pytest.approx(nats, abs=5e-5)
    for dim in (2, 3, 25):
        assert info.sparse_gaussian(dim).nats == pytest.approx(1.02165, abs=5e-6)
    assert [TASKS[f"gaussian-20x20-{n}nats"].nats for n in (2, 4, 6, 8, 10)] == pytest.approx(
        [2, 4, 6, 8, 10]
    )
    assert info.independent(3, 2).nats == 0
    x, y = info.independent(3, 2).sample(4)
    assert not ratio(info.independent(3, 2), x, y).any()


@pytest.mark.parametrize(
    ("covariance", "dx", "error", "words"),
    [
        ([[1, 1], [1, 1]], 1, InputError, "singular"),
        ([[1, 2], [2, 1]], 1, InputError, "indefinite"),
        ([[1, 0.5], [0.4, 1]], 1, InputError, "not symmetric"),
        ([[1, 0], [0, 0]], 1, InputError, "positive diagonal"),
        ([[1, 0], [0, -1]], 1, InputError, "positive diagonal"),
        ([[1, np.nan], [np.nan, 1]], 1, InputError, "NaN"),
        (np.eye(3)[:2], 1, InputError, "square"),
        (np.ones(4), 1, InputError, "shape"),
        (np.eye(3), 0, OptionError, "dx=0"),
        (np.eye(3), 3, OptionError, "dx=3"),
        (np.eye(3), 1.5, OptionError, "dx=1.5"),
    ],
)
def test_refusals_of_covariances(covariance, dx, error, words):
    for make in (info.gaussian_pair, lambda s, d: info.student_t(s, d, 3)):
        with pytest.raises(error, match=words):
            make(covariance, dx)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: info.correlated_gaussian(2), "give exactly one"),
        (lambda: info.correlated_gaussian(2, nats=1, correlation=0.1), "give exactly one"),
        (lambda: info.correlated_gaussian(2, nats=27), "add coordinates"),
        (lambda: info.correlated_gaussian(2, nats=-1), "nats=-1"),
        (lambda: info.correlated_gaussian(0, nats=1), "dim=0"),
        (lambda: info.correlated_gaussian(1, correlation=1.5), "correlation=1.5"),
        (lambda: info.sparse_gaussian(2, pairs=3), "pairs=3"),
        (lambda: info.independent(0, 2), "dx=0"),
        (lambda: info.student_t(np.eye(2), 1, 0), "dof=0"),
        (lambda: info.additive_uniform(0), "half_width=0"),
        (lambda: info.discrete_uniform(0), "values=0"),
        (lambda: info.transformed(TASKS["independent-1x1"], "cube"), "did you mean 'cubic'"),
        (lambda: info.transformed(TASKS["independent-1x1"], "cubic", "z"), "side='z'"),
        (lambda: info.transformed(TASKS["independent-5x5"], "swiss-roll"), "5 column.*takes one"),
        (lambda: info.transformed(TASKS["independent-1x1"], "spiral"), "at least 2"),
    ],
)
def test_refusals_of_makers(call, words):
    with pytest.raises(OptionError, match=words):
        call()


def test_a_correlation_of_one_is_refused_wherever_it_comes_from():
    for make in (
        lambda: info.correlated_gaussian(correlation=1),
        lambda: info.dense_gaussian(2, 1.0),
        lambda: info.dense_gaussian(2, -0.5),
        lambda: info.sparse_gaussian(2, 1, -1),
    ):
        with pytest.raises(InputError, match="singular"):
            make()


# ----------------------------------------------------------------------------------------------------- Student-t


@pytest.mark.parametrize(
    ("dim", "dof", "nats"),
    [
        (1, 1, 0.2242),
        (2, 1, 0.4319),
        (2, 2, 0.1931),
        (3, 2, 0.2909),
        (3, 3, 0.1787),
        (5, 2, 0.4482),
        (5, 3, 0.2985),
    ],
)
def test_published_corrections_of_student_t(dim, dof, nats):
    assert info.student_t(np.eye(2 * dim), dim, dof).nats == pytest.approx(nats, abs=5e-5)
    s = dense_covariance(dim)
    correction = info.student_t(s, dim, dof).nats - info.gaussian_pair(s, dim).nats
    assert correction == pytest.approx(nats, abs=5e-5)


@given(dx=st.integers(1, 3), dy=st.integers(1, 3), dof=st.floats(0.5, 50), seed=st.integers(0, 500))
def test_student_t_ratio_is_that_of_the_densities(dx, dy, dof, seed):
    s = random_covariance(dx + dy, seed)
    task = info.student_t(s, dx, dof)
    x, y = task.sample(4, random_state=seed)
    whole, first, second = (
        stats.multivariate_t(np.zeros(len(part)), part, df=dof) for part in (s, s[:dx, :dx], s[dx:, dx:])
    )
    expected = [[whole.logpdf([*a, *b]) - first.logpdf(a) - second.logpdf(b) for b in y] for a in x]
    np.testing.assert_allclose(ratio(task, x, y), expected, rtol=1e-6, atol=1e-7)


def test_student_t_by_quadrature_and_in_the_limit():
    s = np.array([[1, 0.5], [0.5, 2]])
    task = info.student_t(s, 1, 4)
    nodes, weights = np.polynomial.legendre.leggauss(200)
    line = np.tan(np.pi / 2 * nodes)  # over the whole plane
    area = np.outer(*[np.pi / 2 * weights * (1 + line**2)] * 2)
    plane = np.stack(np.meshgrid(line, line, indexing="ij"), axis=2)
    density = stats.multivariate_t([0, 0], s, df=4).pdf(plane)
    found = np.sum(area * density * ratio(task, line[:, None], line[:, None]))
    assert found == pytest.approx(task.nats, abs=1e-4)
    assert info.student_t(s, 1, 1e6).nats == pytest.approx(info.gaussian_pair(s, 1).nats, abs=1e-5)


def test_student_t_samples_have_the_tails():
    x, y = info.student_t([[4, 0], [0, 1]], 1, 3).sample(20_000)
    assert stats.kstest(x[:, 0] / 2, stats.t(3).cdf).pvalue > 1e-3
    assert stats.kstest(y[:, 0], stats.t(3).cdf).pvalue > 1e-3
    far = np.abs(x[:, 0]) > 20
    assert np.abs(y[far, 0]).mean() > 3 * np.abs(y[:, 0]).mean()  # the tails come together


# ------------------------------------------------------------------------------------------------------ uniforms


@pytest.mark.parametrize(("half_width", "nats"), [(0.1, 1.7094), (0.75, 0.3333), (0.5, 0.5)])
def test_published_values_of_additive_noise(half_width, nats):
    assert info.additive_uniform(half_width).nats == pytest.approx(nats, abs=5e-5)


@settings(max_examples=20)
@given(half_width=st.floats(0.01, 20))
def test_additive_noise_by_quadrature(half_width):
    low, high = -half_width, 1 + half_width

    def density(y: float) -> float:
        return max(0.0, min(1, y + half_width) - max(0, y - half_width)) / (2 * half_width)

    kinks = sorted({half_width, 1 - half_width})
    grid = [low, *(k for k in kinks if low < k < high), high]
    entropy = -sum(
        integrate.quad(lambda y: density(y) * math.log(density(y)) if density(y) > 0 else 0.0, a, b)[0]
        for a, b in itertools.pairwise(grid)
    )
    assert info.additive_uniform(half_width).nats == pytest.approx(
        entropy - math.log(2 * half_width), abs=1e-5
    )


def test_additive_noise_refuses_no_point_and_knows_the_impossible():
    task = info.additive_uniform(0.2)
    matrix = ratio(task, np.array([[0.1], [0.5]]), np.array([[0.2], [5.0]]))
    assert matrix[0] == pytest.approx([-math.log(0.4), -np.inf])
    assert np.isneginf(matrix[1]).all()


def test_discrete_uniform_of_five_values_and_of_one():
    assert info.discrete_uniform(5).nats == pytest.approx(1.05492, abs=5e-6)
    assert info.discrete_uniform(1).nats == 0
    x, y = info.discrete_uniform(1).sample(10)
    assert not ratio(info.discrete_uniform(1), x, y).any()


@given(values=st.integers(1, 40))
def test_discrete_uniform_by_adding_up_units(values):
    """In each unit of y both densities are constant."""
    total = 0.0
    for unit in range(values + 1):
        sources = [x for x in range(values) if x <= unit < x + 2]
        total += sum(0.5 / values * math.log(0.5 / (0.5 * len(sources) / values)) for _ in sources)
    assert info.discrete_uniform(values).nats == pytest.approx(total, abs=1e-12)


# ---------------------------------------------------------------------------------------------------------- maps


@pytest.mark.parametrize("how", info.TRANSFORMS)
def test_maps_have_an_inverse(how):
    transform = info.TRANSFORMS[how]
    z = np.random.default_rng(0).normal(size=(200, transform.most or 3)) * 1.5
    if transform.inverse is None:  # one column at a time, and it only rises
        line = np.linspace(-50, 50, 200_001)[:, None]
        assert np.all(np.diff(transform.forward(line), axis=0) > 0)
        return
    before = z.copy()
    np.testing.assert_allclose(transform.inverse(transform.forward(z)), z, atol=1e-7)
    assert np.array_equal(z, before)


@pytest.mark.parametrize("how", ["cubic", "half-cube", "cdf", "asinh", "wiggly"])
def test_maps_of_columns_only_rise(how):
    line = np.linspace(-6, 6, 2001)[:, None]
    assert np.all(np.diff(info.TRANSFORMS[how].forward(line), axis=0) > 0)


@pytest.mark.parametrize("side", ["both", "x", "y"])
@pytest.mark.parametrize("how", info.TRANSFORMS)
def test_the_information_and_the_ratio_stay(how, side):
    dim = 2 if how == "spiral" else 1
    task = info.correlated_gaussian(dim, nats=0.8)
    hard = info.transformed(task, how, side)
    assert hard.nats == task.nats
    (x, y), (u, v) = task.sample(20), hard.sample(20)
    assert np.array_equal(x, u) == (side == "y")
    assert np.array_equal(y, v) == (side == "x")
    assert hard.dims == (u.shape[1], v.shape[1])
    if how == "wiggly":
        assert hard.log_ratio is None
    else:
        np.testing.assert_allclose(ratio(hard, u, v), ratio(task, x, y), atol=1e-6)


def test_maps_of_maps():
    task = info.transformed(info.transformed(info.correlated_gaussian(nats=1), "cdf"), "asinh", "y")
    x, y = task.sample(5000)
    values = of_pairs(task, x, y)
    assert task.name == "asinh-y-of-cdf-of-gaussian-1x1-1nats"
    assert abs(values.mean() - 1) < 4 * values.std() / math.sqrt(5000)
    wiggly = info.transformed(info.correlated_gaussian(nats=1), "wiggly")
    assert info.transformed(wiggly, "cdf").log_ratio is None
