"""What same-class pairs share: entropies, density ratios, exact InfoNCE and classifiers."""

from __future__ import annotations

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from iconlearn._errors import InputError, OptionError
from iconlearn.theory import information as info
from iconlearn.theory.information import ClassInformation, class_information, class_log_ratio
from iconlearn.theory.pairs import same_class_pairs

LOG2 = math.log(2)
BATCHES = (2, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
EXPECTED_INFONCE = {  # of exact critics, derived and checked by Monte Carlo
    2: (0.347, 0.626, 0.661, 0.677, 0.685, 0.689, 0.691, 0.692, 0.693, 0.693),
    10: (0.624, 1.649, 1.971, 2.149, 2.230, 2.267, 2.285, 2.294, 2.298, 2.301),
    100: (0.686, 2.032, 2.672, 3.264, 3.772, 4.155, 4.390, 4.504, 4.556, 4.593),
    1000: (0.692, 2.075, 2.762, 3.444, 4.116, 4.766, 5.377, 5.918, 6.347, 6.778),
}


def gaussian_classes(n: int, seed: int, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of three classes of unequal share, their labels, and their exact log posteriors."""
    rng = np.random.default_rng(seed)
    shares, means = np.array([0.5, 0.3, 0.2]), spread * np.array([[0, 0], [2, 0], [0, 3.0]])
    y = rng.choice(3, size=n, p=shares)
    X = means[y] + rng.normal(size=(n, 2))
    joint = shares * np.exp(-0.5 * np.square(X[:, None] - means).sum(2))
    return X, y, np.log(joint / joint.sum(1, keepdims=True))


# ---------------------------------------------------------------------------------------------------- entropies


@pytest.mark.parametrize("classes", [1, 2, 10, 100, 1000])
def test_entropy_of_balanced_classes(classes):
    assert info.label_entropy(np.repeat(np.arange(classes), 3)) == pytest.approx(math.log(classes))


def test_entropy_of_unequal_classes_of_any_type():
    expected = 0.75 * math.log(4 / 3) + 0.25 * math.log(4)
    for labels in (["b", "a", "b", "b"], [1.5, -2, 1.5, 1.5], np.array([7, 3, 7, 7], dtype=np.int8)):
        assert info.label_entropy(labels) == pytest.approx(expected)


@pytest.mark.parametrize("sizes", [(2, 2), (5, 3, 2), (4, 1), (1, 1, 1)])
def test_information_of_row_numbers_by_listing_all_pairs(sizes):
    y = np.repeat(np.arange(len(sizes)), sizes)
    joint = np.zeros((len(y), len(y)))
    for i, j in itertools.product(range(len(y)), repeat=2):
        if y[i] == y[j] and (i != j or sizes[y[i]] == 1):
            joint[i, j] = 1 / len(y) / max(sizes[y[i]] - 1, 1)
    assert joint.sum() == pytest.approx(1)
    expected = np.sum(joint[joint > 0] * np.log(joint[joint > 0] * len(y) ** 2))
    assert info.same_class_information(y) == pytest.approx(expected)
    assert info.same_class_information(y) >= info.label_entropy(y) - 1e-12


def test_row_numbers_of_balanced_classes():
    labels = np.arange(1000) % 10
    assert info.same_class_information(labels) == pytest.approx(math.log(10) + math.log(100 / 99))


# ------------------------------------------------------------------------------------------------ density ratio


def test_log_ratio_is_that_of_the_densities():
    (X, _, log_p), (Z, _, log_q) = gaussian_classes(7, 0), gaussian_classes(9, 1)
    shares, means = np.array([0.5, 0.3, 0.2]), np.array([[0, 0], [2, 0], [0, 3.0]])
    f, g = (
        np.stack([stats.multivariate_normal(m, np.eye(2)).pdf(rows) for m in means], axis=1)  # type: ignore[arg-type]
        for rows in (X, Z)
    )
    expected = np.log((f * shares) @ g.T / np.outer(f @ shares, g @ shares))
    np.testing.assert_allclose(class_log_ratio(log_p, log_q, shares), expected, atol=1e-12)


def test_log_ratio_stays_exact_where_probabilities_vanish(monkeypatch):
    log_p = np.array([[0.0, -2000.0], [-3000.0, 0.0], [0.0, -np.inf]])
    expected = np.array([[0, -2000, 0], [-2000, 0, -3000], [0, -3000, 0]]) + LOG2
    np.testing.assert_allclose(class_log_ratio(log_p, log_p, [0.5, 0.5]), expected, atol=1e-12)
    monkeypatch.setattr(info.classes, "PIECE", 1)  # type: ignore[attr-defined]
    np.testing.assert_allclose(class_log_ratio(log_p, log_p, [0.5, 0.5]), expected, atol=1e-12)


def test_log_ratio_of_sure_classes():
    log_p = np.where(np.eye(4) > 0, 0, -np.inf)
    ratio = class_log_ratio(log_p, log_p, [0.1, 0.2, 0.3, 0.4])
    np.testing.assert_allclose(np.diag(ratio), -np.log([0.1, 0.2, 0.3, 0.4]))
    assert np.all(np.isneginf(ratio[~np.eye(4, dtype=bool)]))


@pytest.mark.parametrize(
    ("x", "prior", "words"),
    [
        ([[0.5, 0.5]], [0.5, 0.5], "log_posterior_x: the probabilities of row 0"),  # not logarithms
        ([[-0.1, np.nan]], [0.5, 0.5], "sum to nan"),
        (np.log([[0.2, 0.3, 0.5]]), [0.5, 0.5], r"shape \(1, 3\)"),
        (np.log([0.5, 0.5]), [0.5, 0.5], r"shape \(2,\)"),
        (np.zeros((0, 2)), [0.5, 0.5], r"shape \(0, 2\)"),
        (np.log([[0.5, 0.5]]), [0.5, 0.6], "prior"),
        (np.log([[0.5, 0.5]]), [1.0, 0.0], "prior"),
        (np.log([[0.5, 0.5]]), ["a", "b"], "prior"),
        (np.log([[0.5, 0.5]]), [np.nan, 0.5], "prior"),
    ],
)
def test_log_ratio_refuses_what_is_no_probability(x, prior, words):
    with pytest.raises(InputError, match=words):
        class_log_ratio(x, np.log([[0.5, 0.5]]), prior)


# --------------------------------------------------------------------------------------------------- exact InfoNCE


@pytest.mark.parametrize("classes", EXPECTED_INFONCE)
def test_expected_infonce_reaches_the_table(classes):
    found = [info.expected_infonce(classes, k) for k in BATCHES]
    assert np.max(np.abs(np.subtract(found, EXPECTED_INFONCE[classes]))) < 1e-3
    assert all(a < b for a, b in itertools.pairwise(found))


@given(classes=st.integers(1, 5000), k=st.integers(1, 5000))
def test_expected_infonce_is_below_both_ceilings(classes, k):
    assert -1e-12 <= info.expected_infonce(classes, k) <= min(math.log(k), math.log(classes)) + 1e-9


def test_expected_infonce_in_the_limit_and_its_refusals():
    assert info.expected_infonce(10, 10**6) == pytest.approx(math.log(10), abs=1e-5)
    assert info.expected_infonce(1, 50) == pytest.approx(0, abs=1e-12)
    assert info.expected_infonce(7, 1) == 0
    for bad in ((0, 5), (2, 0), (2.5, 5), (2, 10**9)):
        with pytest.raises(OptionError, match="expected_infonce"):
            info.expected_infonce(*bad)


@pytest.mark.parametrize(("classes", "k"), [(2, 2), (10, 64), (100, 32)])
def test_expected_infonce_is_the_mean_over_batches_with_the_exact_critic(classes, k):
    rng, values = np.random.default_rng(0), []
    log_p = np.where(np.eye(classes) > 0, 0, -np.inf)
    scores = class_log_ratio(log_p, log_p, np.full(classes, 1 / classes))
    for _ in range(2000):
        y = rng.integers(classes, size=k)
        s = np.exp(scores[np.ix_(y, y)])
        values.append(np.mean(np.log(np.diag(s)) - np.log(s.mean(1))))
    error = np.std(values) / math.sqrt(len(values))
    assert abs(np.mean(values) - info.expected_infonce(classes, k)) < 4 * error


# ------------------------------------------------------------------------------------ information by classifiers


def test_exact_posteriors_give_the_information_of_the_mixture():
    _, y, log_p = gaussian_classes(4000, 0)
    prior = np.array([0.5, 0.3, 0.2])
    found = ClassInformation.of(log_p, y, prior)
    # the truth by quadrature of E log r over pairs: the law of large numbers over independent draws
    _, z, log_q = gaussian_classes(400_000, 1)
    a, b = same_class_pairs(z, 400_000, random_state=2)
    truth = np.mean(np.log(np.sum(np.exp(log_q[a] + log_q[b]) / prior, axis=1)))
    assert abs(found.nats - truth) < 3 * found.standard_error < 0.1
    assert found.nats < found.entropy
    assert found.bits == pytest.approx(found.nats / LOG2)


def test_standard_error_is_the_spread_over_samples():
    prior = np.array([0.5, 0.3, 0.2])
    samples = [gaussian_classes(300, seed) for seed in range(120)]
    found = [ClassInformation.of(log_p, y, prior, n_pairs=8000) for _, y, log_p in samples]
    spread, claimed = np.std([f.nats for f in found]), np.mean([f.standard_error for f in found])
    assert 0.83 < claimed / spread < 1.2
    nats, errors = np.transpose([f.infonce(64, n_pairs=2000) for f in found])
    assert 0.8 < errors.mean() / nats.std() < 1.2


def test_few_pairs_have_the_error_of_independent_ones():
    _, y, log_p = gaussian_classes(20_000, 3)
    found = ClassInformation.of(log_p, y, [0.5, 0.3, 0.2], n_pairs=500)
    a, b = same_class_pairs(y, 500)
    values = np.log(np.sum(np.exp(log_p[a] + log_p[b]) / [0.5, 0.3, 0.2], axis=1))
    assert found.standard_error == pytest.approx(values.std() / math.sqrt(500), rel=0.15)


def test_logistic_regression_finds_what_is_there_where_it_is_right():
    X, y, _ = gaussian_classes(6000, 4)
    _, z, log_q = gaussian_classes(200_000, 5)
    truth = ClassInformation.of(log_q, z, [0.5, 0.3, 0.2], n_pairs=200_000).nats
    found = class_information(X, np.array(["a", "b", "c"])[y], random_state=1)
    assert abs(found.nats - truth) < 3 * found.standard_error + 0.01
    assert found.n_test == pytest.approx(3000, abs=2)
    assert found.entropy == pytest.approx(stats.entropy([0.5, 0.3, 0.2]), abs=0.02)


def test_noiseless_labels_give_their_whole_entropy_and_nothing_gives_nothing():
    y = np.arange(600) % 4
    sure = class_information(np.eye(4)[y] * 10, y)
    assert sure.accuracy == 1
    assert sure.nats == pytest.approx(math.log(4), abs=0.03)  # the penalty keeps it from being sure
    noise = class_information(np.random.default_rng(0).normal(size=(2000, 3)), np.arange(2000) % 4)
    assert abs(noise.nats) < 3 * noise.standard_error + 0.01
    constant = class_information(np.full((40, 3), 7.0), np.arange(40) % 4)
    assert constant.nats == pytest.approx(0, abs=1e-9)
    assert constant.standard_error == pytest.approx(0, abs=1e-9)


@given(
    seed=st.integers(0, 10_000),
    sharpness=st.floats(0, 30),
    classes=st.integers(2, 6),
    skew=st.floats(0.05, 1),
)
def test_no_classifier_exceeds_what_the_rows_share(seed, sharpness, classes, skew):
    """However wrong the posteriors, and whatever prior they come with: it is the bound of Donsker and Varadhan."""
    rng = np.random.default_rng(seed)
    y = np.concatenate([np.repeat(np.arange(classes), 3), rng.integers(classes, size=30)])
    scores = sharpness * (rng.normal(size=(len(y), classes)) + 3 * np.eye(classes)[y])
    prior = rng.dirichlet(np.full(classes, 5 * skew)) * 0.9 + 0.1 / classes
    found = ClassInformation.of(log_softmax(scores), y, prior, n_pairs=4000)
    assert found.nats <= info.same_class_information(y) + 3 * chance_of_pairs(found)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    scores = scores - scores.max(1, keepdims=True)
    return scores - np.log(np.exp(scores).sum(1, keepdims=True))


def chance_of_pairs(found: ClassInformation) -> float:
    """The spread of the mean over the 4000 pairs that were drawn, for fixed rows."""
    ratio = class_log_ratio(found.log_posterior, found.log_posterior, found.prior)
    return float(ratio[np.equal.outer(found.labels, found.labels)].std() / math.sqrt(4000) + 1e-9)


def test_infonce_of_the_same_critic_is_that_of_its_matrix():
    _, y, log_p = gaussian_classes(80, 6)
    found = ClassInformation.of(log_p, y, [0.5, 0.3, 0.2])
    nats, _ = found.infonce(16, n_pairs=64, random_state=3)
    a, b = same_class_pairs(y, 64, random_state=3)
    values = []
    for i, j in zip(a.reshape(4, 16), b.reshape(4, 16), strict=True):
        s = np.exp(class_log_ratio(found.log_posterior[i], found.log_posterior[j], found.prior))
        values.append(np.mean(np.log(np.diag(s) / s.mean(1))))
    assert nats == pytest.approx(np.mean(values))


def test_information_is_the_bound_of_donsker_and_varadhan_over_all_pairs_of_rows():
    _, y, log_p = gaussian_classes(60, 6, spread=2)
    found = ClassInformation.of(log_p, y, [0.5, 0.3, 0.2], n_pairs=200_000)
    log_r = class_log_ratio(found.log_posterior, found.log_posterior, found.prior)
    others = np.equal.outer(y, y) & ~np.eye(60, dtype=bool)
    joint = others / others.sum(1, keepdims=True) / 60
    assert found.nats == pytest.approx(np.sum(joint * log_r) - np.log(np.exp(log_r).mean()), abs=0.01)


def test_infonce_of_sure_classes_is_the_exact_one_and_below_log_k():
    y = np.arange(5000) % 10
    found = ClassInformation.of(np.where(np.eye(10)[y] > 0, 0, -np.inf), y, np.full(10, 0.1))
    assert found.nats == pytest.approx(math.log(10))
    for k in (1, 2, 16, 64, 512):
        nats, _ = found.infonce(k, n_pairs=100_000)
        assert nats == pytest.approx(info.expected_infonce(10, k), abs=0.005)
        assert nats <= math.log(k) + 1e-12


def test_digits_keep_most_of_their_entropy_and_infonce_nears_it_from_below():
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    found = class_information(X, y)
    assert 2.0 < found.nats < 2.2 < found.entropy == pytest.approx(math.log(10), abs=0.01)
    assert found.accuracy > 0.95
    assert "2.3" in str(found)
    assert found.standard_error < 0.05
    by_batch = [found.infonce(k)[0] for k in (2, 16, 64, 512)]
    assert all(a < b for a, b in itertools.pairwise([*by_batch, found.nats + 0.02]))
    assert by_batch[1:] == pytest.approx(
        [1.80, 2.04, 2.10], abs=0.08
    )  # measured with an encoder of 9 columns


def test_other_rows_to_evaluate_on():
    X, y, _ = gaussian_classes(2000, 7)
    Z, z, _ = gaussian_classes(1500, 8)
    found = class_information(X, y, test_features=Z, test_labels=z)
    assert found.n_test == 1500
    assert found.entropy == pytest.approx(info.label_entropy(z))


def test_posteriors_are_carried_over_to_the_shares_of_the_rows():
    X, y, _ = gaussian_classes(6000, 7)
    Z, z, _ = gaussian_classes(30_000, 8)
    few = np.concatenate([np.flatnonzero(z == 2)[:4000], np.flatnonzero(z == 1)[:400]])  # and none of class 0
    found = class_information(X, y, test_features=Z[few], test_labels=z[few])
    joint = np.exp(-0.5 * np.square(Z[few][:, None] - [[2, 0], [0, 3.0]]).sum(2)) * [400, 4000]
    exact = ClassInformation.of(
        np.log(joint / joint.sum(1, keepdims=True)), z[few] - 1, np.array([1, 10]) / 11
    )
    assert found.prior == pytest.approx([1 / 11, 10 / 11])
    assert 0.15 < found.nats < found.entropy
    assert found.nats == pytest.approx(exact.nats, abs=0.01)
    assert found.entropy == pytest.approx(info.label_entropy(z[few]))


def test_scale_of_the_columns_and_seeds():
    X, y, _ = gaussian_classes(400, 9)
    found = class_information(X, y)
    assert class_information(X * [1e150, 1e-150] + [3, 0], y).nats == pytest.approx(found.nats, abs=1e-3)
    assert class_information(X, y).nats == found.nats
    assert class_information(X, y, random_state=1).nats != found.nats
    wide = np.random.default_rng(0).normal(size=(60, 300))
    assert np.isfinite(class_information(wide, np.arange(60) % 2).nats)  # fewer rows than columns


@pytest.mark.parametrize(
    ("labels", "options", "error", "words"),
    [
        (np.zeros(30), {}, InputError, "one class"),
        ([0] * 28 + [1] * 2, {}, InputError, r"class 1 has 2 row\(s\), but 3"),
        (np.arange(29) % 2, {}, InputError, "30 rows and labels 29"),
        ([np.nan] + [0] * 29, {}, InputError, "NaN"),
        (np.arange(30) % 2, {"test_share": 0}, OptionError, "test_share=0"),
        (np.arange(30) % 2, {"n_pairs": 1}, OptionError, "n_pairs=1"),
        (np.arange(30) % 2, {"test_labels": [0]}, InputError, "belong together"),
        (
            np.arange(30) % 2,
            {"test_features": np.ones((4, 2)), "test_labels": [0] * 4},
            InputError,
            "3 columns and test_features 2",
        ),
        (
            np.arange(30) % 2,
            {"test_features": np.ones((4, 3)), "test_labels": [0, 0, 1, 5]},
            InputError,
            "class 5 is not",
        ),
        (
            np.arange(30) % 2,
            {"test_features": np.ones((4, 3)), "test_labels": [0, 0, 0, 1]},
            InputError,
            "1 of them with a single row",
        ),
        (
            np.arange(30) % 2,
            {"test_features": np.ones((4, 3)), "test_labels": [0] * 4},
            InputError,
            "two or more",
        ),
        (np.zeros(30), {"test_features": np.ones((4, 3)), "test_labels": [0] * 4}, InputError, "one class"),
    ],
)
def test_refusals_of_class_information(labels, options, error, words):
    with pytest.raises(error, match=words):
        class_information(np.random.default_rng(0).normal(size=(30, 3)), labels, **options)


def test_refusals_of_features_and_posteriors():
    for bad in (np.full((30, 2), np.nan), np.full((30, 2), np.inf), np.ones(30), np.ones((0, 3))):
        with pytest.raises(InputError, match="features"):
            class_information(bad, np.arange(len(bad)) % 2)
    certain = np.array([[-np.inf, 0.0], [0, -np.inf], [-np.inf, 0], [-np.inf, 0]])
    with pytest.raises(InputError, match="row 0 .* probability 0 for its own class"):
        ClassInformation.of(certain, [0, 0, 1, 1], [0.5, 0.5])
    with pytest.raises(InputError, match="4 rows and labels 3"):
        ClassInformation.of(certain, [0, 0, 1], [0.5, 0.5])
    with pytest.raises(OptionError, match="batch_size=0"):
        ClassInformation.of(np.log(np.full((4, 2), 0.5)), [0, 0, 1, 1], [0.5, 0.5]).infonce(0)


@given(
    sizes=st.lists(st.integers(3, 40), min_size=2, max_size=5),
    share=st.floats(0.01, 1),
    seed=st.integers(0, 99),
)
def test_every_class_is_learnt_from_and_evaluated(sizes, share, seed):
    y = np.repeat(np.arange(len(sizes)), sizes)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = class_information(np.eye(len(sizes))[y], y, test_share=share, n_pairs=50, random_state=seed)
    tested = np.bincount(found.labels, minlength=len(sizes))
    assert np.all((tested >= 2) & (tested < sizes))
    assert np.all(np.abs(tested - share * np.array(sizes)) <= 2)
