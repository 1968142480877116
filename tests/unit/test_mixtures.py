"""Mixtures: exact densities and ratios, tabulated information, the families, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from scipy.stats import multivariate_normal

from iconlearn._errors import InputError, OptionError
from iconlearn.theory.mixtures import (
    Mixture,
    PairedMixture,
    isotropic_mixture,
    pancake_mixture,
    simplex_means,
    tilted_mixture,
)

FAMILIES = {"isotropic": isotropic_mixture, "pancake": pancake_mixture, "tilted": tilted_mixture}
MEANS = np.array([[0.0, 1.0, 2.0], [3.0, -1.0, 0.0], [-2.0, 0.5, 0.5], [1.0, 1.0, -3.0]])
COVARIANCE = np.array([[2.0, 0.6, -0.3], [0.6, 1.0, 0.2], [-0.3, 0.2, 0.7]])
WEIGHTS = np.array([0.4, 0.3, 0.2, 0.1])
COUPLING = np.array([[0.2, 0.2, 0.0], [0.0, 0.1, 0.2], [0.2, 0.0, 0.0], [0.0, 0.0, 0.1]])

# sep = 1, 2, 4, 6, 8 at quality 1; sep = 4, 8 at quality 1/2; its limit (nats)
GOLDEN = {
    2: ((0.022, 0.176, 0.578, 0.685, 0.693), (0.114, 0.130), 0.1308),
    3: ((0.024, 0.228, 0.886, 1.084, 1.098), (0.191, 0.231), 0.2310),
    5: ((0.021, 0.250, 1.224, 1.580, 1.609), (0.292, 0.386), 0.3819),
    10: ((0.014, 0.239, 1.609, 2.246, 2.301), (0.437, 0.623), 0.6257),
}
CELLS = [
    (k, sep, q, value)
    for k, (perfect, noisy, _) in GOLDEN.items()
    for q, seps, values in ((1.0, (1, 2, 4, 6, 8), perfect), (0.5, (4, 8), noisy))
    for sep, value in zip(seps, values, strict=True)
]


def plain() -> Mixture:
    return Mixture(MEANS, COVARIANCE, WEIGHTS)


def coupled() -> PairedMixture:
    return PairedMixture(MEANS, MEANS[:3, :2] * 2, COVARIANCE, COVARIANCE[:2, :2] * 0.5, COUPLING)


def densities(means: np.ndarray, covariance: np.ndarray, x: np.ndarray) -> np.ndarray:
    """N(x; mu_k, Sigma), (n, K), by scipy."""
    return np.stack([multivariate_normal.pdf(x, mean, covariance) for mean in means], axis=1)


def test_densities_are_those_of_scipy():
    x = np.random.default_rng(0).normal(size=(40, 3)) * 3
    joint = densities(MEANS, COVARIANCE, x) * WEIGHTS
    assert plain().log_density(x) == pytest.approx(np.log(joint.sum(1)), rel=1e-12)
    assert plain().posterior(x) == pytest.approx(joint / joint.sum(1, keepdims=True), rel=1e-9)


@pytest.mark.parametrize("quality", [0.0, 0.3, 1.0])
def test_ratio_is_that_of_the_densities(quality):
    x, y = np.random.default_rng(0).normal(size=(2, 30, 3)) * 2
    f, g = densities(MEANS, COVARIANCE, x), densities(MEANS, COVARIANCE, y[:20])
    same, free = np.einsum("k,nk,mk->nm", WEIGHTS, f, g), np.outer(f @ WEIGHTS, g @ WEIGHTS)
    expected = np.log(quality * same / free + (1 - quality))
    assert plain().log_density_ratio(x, y[:20], quality) == pytest.approx(expected, abs=1e-9)


def test_ratio_of_two_modalities_is_that_of_the_densities():
    pairs = coupled()
    x, y, _, _ = pairs.sample(25)
    f = densities(pairs.first_means, pairs.first_covariance, x)
    g = densities(pairs.second_means, pairs.second_covariance, y[:10])
    joint = np.einsum("kl,nk,ml->nm", COUPLING, f, g)
    free = np.outer(f @ COUPLING.sum(1), g @ COUPLING.sum(0))
    assert pairs.log_density_ratio(x, y[:10]) == pytest.approx(np.log(joint / free), abs=1e-9)


def test_ratio_is_finite_where_densities_vanish():
    far = Mixture([[-1e4], [1e4]], [[1.0]])
    ratio = far.log_density_ratio([[-1e4], [0.0]], [[-1e4], [1e4]], quality=0.5)
    assert ratio == pytest.approx(np.array([[np.log(1.5), np.log(0.5)], [0, 0]]))
    assert far.log_density_ratio([[-1e4]], [[1e4]])[0, 0] == pytest.approx(-2e8, rel=1e-3)  # and not -inf


@settings(max_examples=10, deadline=None)
@given(quality=st.floats(0, 1), seed=st.integers(0, 100))
def test_ratio_has_mean_one_under_independence(quality, seed):
    mixture = isotropic_mixture(3, 3, 2.0)
    x, y, _, _ = mixture.pairs(1000, 0.0, seed)
    ratio = np.exp(mixture.log_density_ratio(x, y, quality))
    assert ratio.max() <= quality * 3 + 1 - quality + 1e-9
    off = ratio[~np.eye(1000, dtype=bool)]
    assert abs(off.mean() - 1) <= 0.2 * quality + 1e-9


@pytest.mark.parametrize(
    ("k", "sep", "quality", "value"),
    [
        pytest.param(*cell, marks=() if cell[0] in (3, 10) and cell[1] in (4, 8) else pytest.mark.slow)
        for cell in CELLS
    ],
)
def test_information_is_that_of_the_table(k, sep, quality, value):
    nats, error = isotropic_mixture(max(k, 4), k, sep).information(quality, n=50_000)
    assert abs(nats - value) <= max(0.01, 4 * error)
    assert error < 0.006


@pytest.mark.parametrize("k", GOLDEN)
def test_information_far_apart_is_the_limit(k):
    d = 0.5
    limit = (d + (1 - d) / k) * np.log1p(d * (k - 1)) + (1 - d) * (1 - 1 / k) * np.log(1 - d)
    assert limit == pytest.approx(GOLDEN[k][2], abs=6e-5)
    nats, error = isotropic_mixture(k, k, 40.0).information(d, n=50_000)
    assert abs(nats - limit) <= 4 * error
    assert isotropic_mixture(k, k, 40.0).information(n=500)[0] == pytest.approx(np.log(k))


def test_information_has_its_bounds_and_does_not_depend_on_coordinates():
    uneven = Mixture(MEANS * 50, COVARIANCE, WEIGHTS)
    entropy = -(WEIGHTS * np.log(WEIGHTS)).sum()
    nats, error = uneven.information(n=50_000)
    assert abs(nats - entropy) <= 4 * error
    assert plain().information(n=20_000)[0] < entropy
    assert plain().information(quality=0.0, n=100)[0] == pytest.approx(0, abs=1e-12)
    turn = np.array([[1.0, 2.0, 0.0], [0.0, 3.0, -1.0], [1.0, 0.0, 1.0]])
    other = Mixture(MEANS @ turn + 7, turn.T @ COVARIANCE @ turn, WEIGHTS)
    x, y, _, _ = plain().pairs(50)
    moved = other.log_density_ratio(x @ turn + 7, y @ turn + 7, 0.7)
    assert moved == pytest.approx(plain().log_density_ratio(x, y, 0.7), abs=1e-9)


def test_information_of_two_modalities_is_at_most_that_of_the_coupling():
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = COUPLING * np.log(COUPLING / np.outer(COUPLING.sum(1), COUPLING.sum(0)))
    most = np.nansum(terms)
    apart = PairedMixture(MEANS * 50, MEANS[:3] * 50, COVARIANCE, COVARIANCE, COUPLING)
    nats, error = apart.information(20_000)
    assert abs(nats - most) <= 4 * error
    assert 0 < coupled().information(20_000)[0] < most


def test_samples_have_the_moments():
    mixture, n = plain(), 200_000
    x, component = mixture.sample(n, 1)
    assert np.bincount(component) / n == pytest.approx(WEIGHTS, abs=0.005)
    assert x.mean(0) == pytest.approx(mixture.mean, abs=0.03)
    assert np.cov(x.T) == pytest.approx(mixture.total, abs=0.06)
    assert np.cov((x - MEANS[component]).T) == pytest.approx(COVARIANCE, abs=0.03)
    assert np.cov(MEANS.T, aweights=WEIGHTS, ddof=0) == pytest.approx(mixture.between)
    assert mixture.centred().mean == pytest.approx(np.zeros(3), abs=1e-12)
    assert mixture.root @ mixture.root == pytest.approx(COVARIANCE)
    assert mixture.root @ mixture.whitening == pytest.approx(np.eye(3))
    again = mixture.sample(n, np.random.default_rng(1))[0]
    assert np.array_equal(x, again)


@pytest.mark.parametrize("quality", [0.0, 0.4, 1.0])
def test_pairs_have_the_quality(quality):
    mixture, n = plain(), 100_000
    x, positive, k, other = mixture.pairs(n, quality, 2)
    joint = np.zeros((4, 4))
    np.add.at(joint, (k, other), 1 / n)
    expected = quality * np.diag(WEIGHTS) + (1 - quality) * np.outer(WEIGHTS, WEIGHTS)
    assert joint == pytest.approx(expected, abs=0.008)
    cross = (x - x.mean(0)).T @ (positive - positive.mean(0)) / n
    assert cross == pytest.approx(quality * mixture.between, abs=0.06)


def test_samples_of_two_modalities_have_the_coupling():
    pairs, n = coupled(), 100_000
    x, y, k, other = pairs.sample(n, 3)
    joint = np.zeros(COUPLING.shape)
    np.add.at(joint, (k, other), 1 / n)
    assert joint == pytest.approx(COUPLING, abs=0.008)
    assert (x - x.mean(0)).T @ (y - y.mean(0)) / n == pytest.approx(pairs.cross_covariance, abs=0.08)
    assert np.cov((y - pairs.second_means[other]).T) == pytest.approx(pairs.second_covariance, abs=0.02)
    assert pairs.first.weights == pytest.approx(WEIGHTS)


@pytest.mark.parametrize("components", [1, 2, 5])
def test_simplex_is_regular_and_round_0(components):
    corners = simplex_means(components, 4, 3.0, random_state=5)
    assert pdist(corners) == pytest.approx(np.full(components * (components - 1) // 2, 3.0))
    assert corners.sum(0) == pytest.approx(np.zeros(4), abs=1e-12)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("means", ["simplex", "random"])
def test_families_have_the_separation(family, means):
    mixture = FAMILIES[family](6, 4, 3.0, means=means, weights=WEIGHTS, random_state=1)
    apart = pdist(mixture.means, "mahalanobis", VI=np.linalg.inv(mixture.covariance))
    assert apart.mean() == pytest.approx(3.0) == mixture.separation
    assert (np.ptp(apart) < 1e-6) == (means == "simplex")
    assert mixture.weights == pytest.approx(WEIGHTS)
    other = FAMILIES[family](6, 4, 3.0, means=means, random_state=2)
    assert not np.allclose(mixture.means, other.means)


def test_variances_of_the_families():
    pancake, tilted = pancake_mixture(random_state=3), tilted_mixture(condition=100.0, random_state=3)
    along = np.linalg.qr((pancake.means[1:] - pancake.means[0]).T)[0]
    assert np.trace(along.T @ pancake.covariance @ along) == pytest.approx(4 * 0.25)
    assert np.trace(pancake.covariance) == pytest.approx(4 * 0.25 + 16 * 25)
    assert np.linalg.cond(tilted.covariance) == pytest.approx(100)


NAN = np.full((1, 3), np.nan)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((NAN, COVARIANCE), "means: NaN"),
        ((MEANS[0], COVARIANCE), "means: shape"),
        ((np.zeros((0, 3)), COVARIANCE), "minimum of 1"),
        ((MEANS, COVARIANCE[:2, :2]), r"shape \(2, 2\), but \(3, 3\)"),
        ((MEANS, COVARIANCE * np.inf), "infinite"),
        ((MEANS, COVARIANCE + np.triu(COVARIANCE, 1)), "transpose"),
        ((MEANS, np.diag([1.0, 2.0, 0.0])), "smallest eigenvalue 0 .*add a ridge"),
        ((MEANS, np.diag([1.0, 2.0, -0.5])), "smallest eigenvalue -0.5"),
        ((MEANS, COVARIANCE, [0.5, 0.5]), "weights have shape"),
        ((MEANS, COVARIANCE, [0.5, 0.5, 0.5, -0.5]), "-0.5, but shares above 0"),
        ((MEANS, COVARIANCE, [0.5, 0.5, 0.0, 0.0]), "leave out what has no weight"),
        ((MEANS, COVARIANCE, [0.5, 0.5, 0.5, 0.5]), "sum is 2"),
        ((MEANS, COVARIANCE, [0.5, 0.5, np.nan, 0.5]), "NaN"),
    ],
)
def test_what_is_no_mixture_is_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        Mixture(*arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coupling": COUPLING.T}, r"shape \(3, 4\)"),
        ({"coupling": np.full((4, 3), 1.0)}, "sum is 12"),
        ({"coupling": COUPLING - 0.01}, "at least 0"),
        ({"coupling": np.repeat([[0.5, 0.5, 0.0]], 4, 0) / 4}, "no mass in column 2"),
        ({"second_covariance": np.zeros((2, 2))}, "second Mixture: covariance has smallest"),
        ({"first_means": NAN}, "first Mixture: means: NaN"),
    ],
)
def test_what_is_no_pair_of_mixtures_is_refused(change, message):
    good = {name: value for name, value in vars(coupled()).items() if name not in ("first", "second")}
    with pytest.raises(InputError, match=message):
        PairedMixture(**good | change)


def test_weights_are_normalised_and_inputs_left_alone():
    weights = WEIGHTS + 1e-7
    mixture = Mixture(MEANS, COVARIANCE, weights)
    assert mixture.weights.sum() == pytest.approx(1, abs=1e-15)
    assert MEANS.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        mixture.means[0, 0] = 1
    assert Mixture(MEANS[:1], COVARIANCE).separation == 0


@pytest.mark.parametrize("family", FAMILIES.values())
def test_options_out_of_range_are_refused(family):
    for options in ({"separation": 0}, {"components": 0}, {"dim": 2}, {"means": "simplices"}, {"dim": 1.5}):
        with pytest.raises(OptionError):
            family(**options)
    with pytest.raises(OptionError, match="quality"):
        plain().pairs(5, quality=1.2)
    with pytest.raises(OptionError, match="corners"):
        simplex_means(5, 3, 1.0)
    with pytest.raises(InputError, match="2 columns"):
        plain().posterior([[1.0, 2.0]])
