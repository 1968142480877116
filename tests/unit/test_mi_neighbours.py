"""Estimates without training, by neighbours and by canonical correlations: brute force, golden table, scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import digamma
from sklearn.cross_decomposition import CCA
from sklearn.feature_selection import mutual_info_regression

from iconlearn import InputError, OptionError
from iconlearn.theory.information import cca_information, ksg
from iconlearn.theory.information.gaussian import cca_terms
from iconlearn.theory.information.neighbours import ksg_terms


def correlated(n: int, d: int, information: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """d pairs of Gaussians, together of so many nats."""
    rng = np.random.default_rng(seed)
    rho = math.sqrt(1 - math.exp(-2 * information / d))
    x, noise = rng.normal(size=(2, n, d))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def brute_force(x: np.ndarray, y: np.ndarray, k: int, variant: int) -> float:
    n = len(x)
    x, y = ((side - side.mean(0)) / side.std(0) for side in (x, y))
    total = 0.0
    for i in range(n):
        dx, dy = np.abs(x - x[i]).max(1), np.abs(y - y[i]).max(1)
        both = np.maximum(dx, dy)
        both[i] = np.inf
        near = np.argsort(both)[:k]
        others = np.arange(n) != i
        if variant == 1:
            reach = both[near[-1]]
            total += digamma(((dx < reach) & others).sum() + 1) + digamma(((dy < reach) & others).sum() + 1)
        else:
            reach_x, reach_y = dx[near].max(), dy[near].max()
            total += digamma(((dx <= reach_x) & others).sum()) + digamma(((dy <= reach_y) & others).sum())
            total += 1 / k
    return digamma(k) + digamma(n) - total / n


@pytest.mark.parametrize("variant", [1, 2])
@pytest.mark.parametrize(("d", "k"), [(1, 1), (1, 5), (3, 4)])
def test_ksg_is_that_of_brute_force(variant, d, k):
    x, y = correlated(150, d, 1.0)
    assert ksg(x, y[:, :1], k, variant) == pytest.approx(brute_force(x, y[:, :1], k, variant))


# Fact sheet, section 3.2: n = 4000, k = 5, d pairs.
@pytest.mark.parametrize(("d", "information"), [(1, 0.413), (1, 2.0), (2, 1.0), (2, 2.0)])
@pytest.mark.parametrize("variant", [1, 2])
def test_ksg_finds_the_information_of_few_dimensions(d, information, variant):
    assert ksg(*correlated(4000, d, information), variant=variant) == pytest.approx(information, abs=0.1)


@pytest.mark.parametrize(("d", "information", "published"), [(5, 2, 1.27), (5, 5, 2.82), (20, 5, 0.84)])
def test_ksg_falls_short_in_many_dimensions(d, information, published):
    value = ksg(*correlated(1000, d, information))
    assert value == pytest.approx(published, abs=0.12)
    assert value < 0.7 * information


# Fact sheet, section 3.2: n = 1000, whose upward bias is d^2 / 2000.
@pytest.mark.parametrize(
    ("d", "information", "published"),
    [(1, 0.413, 0.41), (5, 2, 2.0), (5, 5, 5.03), (20, 5, 5.24), (20, 10, 10.27)],
)
def test_cca_finds_the_information_of_gaussians_with_its_bias(d, information, published):
    values = [cca_information(*correlated(1000, d, information, seed)) for seed in range(12)]
    assert np.mean(values) == pytest.approx(information + d * d / 2000, abs=0.06)
    assert values[0] == pytest.approx(published, abs=0.25)


def test_ksg_is_that_of_scikit_learn():
    for seed, information in enumerate([0.1, 0.5, 2.0]):
        x, y = correlated(800, 1, information, seed)
        expected = mutual_info_regression(x, y[:, 0], n_neighbors=5, random_state=0)[0]
        assert ksg(x, y, k=5) == pytest.approx(expected, abs=2e-3)  # it adds a little noise


def test_cca_is_that_of_scikit_learn_and_of_determinants():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3))
    y = x[:, :2] @ rng.normal(size=(2, 4)) + rng.normal(size=(500, 4))
    a, b = CCA(n_components=3, max_iter=5000, tol=1e-10).fit_transform(x, y)
    rho = np.array([np.corrcoef(a[:, c], b[:, c])[0, 1] for c in range(3)])
    determinants = [np.linalg.slogdet(np.cov(rows.T))[1] for rows in (x, y, np.hstack([x, y]))]
    value = cca_information(x, y)
    assert value == pytest.approx((determinants[0] + determinants[1] - determinants[2]) / 2)
    assert value == pytest.approx(-np.log(1 - rho**2).sum() / 2, rel=1e-3)


@pytest.mark.parametrize("estimate", [ksg, cca_information])
def test_units_and_order_of_columns_do_not_matter(estimate):
    x, y = correlated(300, 2, 1.0)
    value = estimate(x, y)
    assert estimate(x[:, ::-1] * [1e-3, 1e150] + 7, -y) == pytest.approx(value, rel=1e-6)
    assert estimate(y, x) == pytest.approx(value)
    padded = np.hstack([x, np.full((300, 1), 3.1)])
    assert estimate(padded, y) == pytest.approx(value)
    before = x.copy()
    estimate(x, y)
    assert np.array_equal(x, before)
    assert estimate(x[:, 0], y[:, 0].tolist()) == estimate(x[:, :1], y[:, :1])


@pytest.mark.parametrize("variant", [1, 2])
def test_ksg_of_a_monotone_function_and_of_independent_rows(variant):
    x, y = correlated(2000, 1, 1.0)
    assert ksg(x, y**3, variant=variant) == pytest.approx(ksg(x, y, variant=variant), abs=0.08)
    assert ksg(x, y[::-1], variant=variant) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("terms", [ksg_terms, cca_terms])
def test_the_spread_of_terms_tells_the_standard_error(terms):
    draws = [terms(*correlated(400, 1, 1.0, seed)) for seed in range(60)]
    seen = np.std([draw.mean() for draw in draws])
    told = np.mean([draw.std() / 20 for draw in draws])
    assert 0.7 * seen < told < 1.6 * seen


def test_cca_takes_combinations_of_columns_out_and_tells_identities():
    x, y = correlated(200, 2, 1.0)
    twice = np.hstack([x, x @ [[1.0], [2.0]]])
    assert cca_information(twice, y) == pytest.approx(cca_information(x, y))
    assert cca_information(x, x[:, :1] + x[:, 1:]) == math.inf


@pytest.mark.parametrize("estimate", [ksg, cca_information])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((40, 2)), np.arange(40.0), "x: every column is constant .column 0 is 0"),
        (np.arange(40.0), np.ones(40), "y: every column is constant"),
        (np.arange(40.0), np.arange(39.0), "40 rows and y 39"),
        (np.r_[np.nan, np.arange(39.0)], np.arange(40.0), "x: NaN"),
        (np.arange(40.0), np.r_[np.inf, np.arange(39.0)], "y: NaN, missing or infinite"),
        (np.arange(19.0), np.arange(19.0), "minimum of 20"),
        ([], [], "minimum of 20"),
        (np.zeros((30, 2, 2)), np.arange(30.0), "shape"),
        (["a"] * 30, np.arange(30.0), "does not hold numbers"),
    ],
)
def test_bad_samples_are_refused(estimate, x, y, message):
    with pytest.raises(InputError, match=message):
        estimate(x, y)


def test_bad_options_and_too_few_rows_for_cca_are_refused():
    x, y = correlated(30, 15, 1.0)
    with pytest.raises(InputError, match=r"30 rows of 15 \+ 15 .*PCA"):
        cca_information(x, y)
    for k in (0, 30, 2.5):
        with pytest.raises(OptionError, match="k="):
            ksg(x, y, k=k)
    with pytest.raises(OptionError, match="variant"):
        ksg(x, y, variant=3)
