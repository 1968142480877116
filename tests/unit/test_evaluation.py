"""evaluation: every score against scikit-learn, SciPy or brute force, and its range and invariances."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from iconlearn import evaluation as ev
from iconlearn._errors import InputError, OptionError

quick = settings(max_examples=30, deadline=None)
label_pairs = st.integers(1, 30).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(-1, 4), min_size=n, max_size=n)] * 2)
)


def table(seed: int, n: int = 60, d: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def nearest(X: np.ndarray, i: int, k: int) -> list[int]:
    """The k nearest other rows of row i, one distance at a time."""
    return sorted((j for j in range(len(X)) if j != i), key=lambda j: float(np.linalg.norm(X[i] - X[j])))[:k]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_trustworthiness_is_that_of_sklearn(dtype):
    X = table(0).astype(dtype)
    Z = (X[:, :2] + 0.3 * table(1, d=2)).astype(dtype)
    assert ev.trustworthiness(X, Z) == pytest.approx(sklearn_trustworthiness(X, Z, n_neighbors=12), abs=1e-12)
    assert ev.trustworthiness(X, Z) < 1
    assert ev.trustworthiness(X, X) == 1


@pytest.mark.parametrize("factor", [1e-200, 1.0, 1e200])
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_neighbour_scores_keep_their_digits_at_any_scale_and_offset(factor, offset):
    X, Z, y = table(0, d=20), table(1, d=2), np.arange(60) % 3
    moved = (X + offset) * factor
    assert ev.trustworthiness(moved, Z) == pytest.approx(ev.trustworthiness(X, Z), abs=1e-12)
    assert ev.neighbour_preservation(moved, Z) == ev.neighbour_preservation(X, Z)
    assert ev.knn_accuracy(moved, y) == ev.knn_accuracy(X, y)


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_knn_accuracy_is_that_of_brute_force(k):
    Z, y = table(2, d=3), np.random.default_rng(3).integers(0, 3, 60)
    right = 0
    for i in range(len(Z)):
        near = [int(y[j]) for j in nearest(Z, i, k)]
        right += max(near, key=near.count) == y[i]  # max keeps the first, that is the nearest, of equals
    assert ev.knn_accuracy(Z, y, k=k) == right / len(Z)


def test_knn_accuracy_never_uses_the_row_itself_even_among_duplicates():
    Z = np.zeros((6, 2))
    assert ev.knn_accuracy(Z, list("abcdef"), k=5) == 0


@pytest.mark.parametrize("k", [1, 4, 15])
def test_neighbour_preservation_is_that_of_brute_force(k):
    X, Z = table(4), table(5, d=2)
    shared = [len(set(nearest(X, i, k)) & set(nearest(Z, i, k))) / k for i in range(len(X))]
    assert ev.neighbour_preservation(X, Z, k=k) == pytest.approx(np.mean(shared), abs=1e-12)
    assert ev.neighbour_preservation(X, X, k=k) == 1


def test_neighbour_preservation_with_all_others_as_neighbours_is_one():
    assert ev.neighbour_preservation(table(6, n=8), table(7, n=8), k=7) == 1


@quick
@given(label_pairs)
def test_hungarian_accuracy_is_the_best_of_all_matchings(pair):
    labels, assigned = pair
    classes, clusters = sorted(set(labels)), sorted(set(assigned))
    classes += ["none"] * (len(clusters) - len(classes))
    best = max(
        sum(dict(zip(clusters, order, strict=False))[c] == y for y, c in zip(labels, assigned, strict=True))
        for order in itertools.permutations(classes, len(clusters))
    )
    assert ev.hungarian_accuracy(labels, assigned) == best / len(labels)


def test_hungarian_accuracy_with_unequal_numbers_of_clusters_and_classes():
    assert ev.hungarian_accuracy(["a"] * 4, [0, 1, 2, 3]) == 0.25
    assert ev.hungarian_accuracy([0, 1, 2, 3], [5] * 4) == 0.25


@quick
@given(label_pairs)
def test_nmi_and_ari_are_those_of_sklearn(pair):
    assert ev.nmi(*pair) == pytest.approx(sklearn.metrics.normalized_mutual_info_score(*pair), abs=1e-12)
    assert ev.ari(*pair) == pytest.approx(sklearn.metrics.adjusted_rand_score(*pair), abs=1e-12)


@quick
@given(label_pairs, st.permutations(range(6)))
def test_partition_scores_have_their_range_and_do_not_depend_on_names(pair, order):
    labels, assigned = pair
    renamed = [f"class {order[y + 1]}" for y in labels]
    for score, low in ((ev.hungarian_accuracy, 0), (ev.nmi, 0), (ev.ari, -0.5)):
        value = score(labels, assigned)
        assert low <= value <= 1
        assert score(renamed, assigned) == pytest.approx(value, abs=1e-12)
        assert score(assigned, labels) == pytest.approx(value, abs=1e-12)
        assert score(labels, renamed) == pytest.approx(1, abs=1e-12)
        assert type(value) is float


@quick
@given(st.integers(0, 10**6), st.permutations(range(4)))
def test_neighbour_scores_have_their_range_and_do_not_depend_on_names(seed, order):
    X, Z = table(seed, n=26), table(seed + 1, n=26, d=2)
    y = np.random.default_rng(seed).integers(0, 4, 26)
    accuracy = ev.knn_accuracy(Z, y, k=4)
    assert ev.knn_accuracy(Z, np.array(order)[y], k=4) == accuracy
    for value in (accuracy, ev.trustworthiness(X, Z), ev.neighbour_preservation(X, Z)):
        assert 0 <= value <= 1
        assert type(value) is float


@quick
@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.permutations(range(5)))
def test_cluster_entropy_is_that_of_the_sizes(assigned, order):
    sizes = np.bincount(assigned, minlength=5) / len(assigned)
    expected = -sum(p * np.log(p) for p in sizes if p)
    value = ev.cluster_entropy(assigned, 5)
    assert value == pytest.approx(expected, abs=1e-12)
    assert 0 <= value <= np.log(5)
    assert ev.cluster_entropy([order[c] for c in assigned], 5) == pytest.approx(value, abs=1e-12)


def test_cluster_entropy_at_its_bounds():
    assert ev.cluster_entropy(np.arange(60) % 6, 6) == pytest.approx(np.log(6))
    assert str(ev.cluster_entropy([3, 3, 3], 4)) == "0.0"
    assert ev.cluster_entropy([1.0, 0.0], 2) == pytest.approx(np.log(2))


@pytest.mark.parametrize("factor", [1e-200, 1.0, 1e200])
def test_linear_probe_is_the_pipeline_of_sklearn(factor):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(90, 5)) * [1, 100, 0.01, 1, 1] + [0, 5, 0, 0, 3]
    y = np.array(["ant", "bee", "cat"])[1 * (X[:, 0] + 0.5 * rng.normal(size=90) > 0) + (X[:, 1] > 5)]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000)).fit(X[:60], y[:60])
    expected = model.score(X[60:], y[60:])
    assert 0.5 < expected < 1
    assert ev.linear_probe(X[:60] * factor, y[:60], X[60:] * factor, y[60:]) == expected


def test_linear_probe_converges_silently_on_hard_inputs():
    rng = np.random.default_rng(9)
    X = rng.normal(size=(40, 300)).astype(np.float32)  # more columns than rows: separable
    X[:, 0], X[:, 1] = 7, X[:, 2]  # constant and repeated columns
    y = rng.integers(0, 2, 40)
    assert ev.linear_probe(X, y, X, y) == 1


def test_linear_probe_counts_an_unseen_class_as_wrong():
    X = [[0.0], [0.1], [1.0], [1.1]]
    assert ev.linear_probe(X, [0, 0, 1, 1], [[0.0], [1.0]], [0, 5]) == 0.5


def test_labels_may_be_tensors_series_and_text():
    torch, pandas = pytest.importorskip("torch"), pytest.importorskip("pandas")
    text = ["a", "b", "a"]
    assert ev.nmi(torch.tensor([0, 1, 0]), pandas.Series(text)) == pytest.approx(1)
    assert ev.ari(text, np.array(text, dtype=object)) == 1


LABEL_SCORES = [ev.hungarian_accuracy, ev.nmi, ev.ari]


@pytest.mark.parametrize("score", LABEL_SCORES)
@pytest.mark.parametrize(
    ("labels", "assigned", "words"),
    [
        ([0, 1], [0, 1, 1], "2 rows and assigned 3"),
        ([], [], "n > 0"),
        ([0, np.nan], [0, 1], "1 of 2 labels are NaN, first at row 1"),
        (np.array(["a", float("nan")], dtype=object), [0, 1], "NaN"),
        (np.array(["a", None], dtype=object), [0, 1], "mixed types"),
        ([[0, 1]], [0, 1], "one label per row"),
    ],
)
def test_label_scores_refuse_what_they_cannot_use(score, labels, assigned, words):
    with pytest.raises(InputError, match=words):
        score(labels, assigned)


NEIGHBOUR_CASES = [
    (lambda X, k: ev.trustworthiness(X, X[:, :2], k), 12, 25),
    (lambda X, k: ev.knn_accuracy(X, np.zeros(len(X)), k), 10, 11),
    (lambda X, k: ev.neighbour_preservation(X, X[:, :2], k), 15, 16),
]


@pytest.mark.parametrize(("score", "k", "fewest"), NEIGHBOUR_CASES)
def test_neighbour_scores_refuse_what_they_cannot_use(score, k, fewest):
    assert 0 <= score(table(0, n=fewest), k) <= 1
    with pytest.raises(InputError, match=f"{fewest - 1} rows.*{k}.*lower"):
        score(table(0, n=fewest - 1), k)
    with pytest.raises(InputError, match="shape"):
        score(np.empty((0, 3)), k)
    bad = table(0)
    bad[3, 1] = np.nan
    with pytest.raises(InputError, match="row 3, column 1"):
        score(bad, k)
    for wrong in (0, 1.5, "many"):
        with pytest.raises(OptionError):
            score(table(0), wrong)


def test_unequal_lengths_are_refused():
    for call in (ev.trustworthiness, ev.neighbour_preservation):
        with pytest.raises(InputError, match="60 rows and embedding 59"):
            call(table(0), table(0, n=59))
    with pytest.raises(InputError, match="60 rows and labels 59"):
        ev.knn_accuracy(table(0), np.zeros(59))


@pytest.mark.parametrize(
    ("assigned", "words"),
    [
        ([0, 3], "0 to 3, but whole numbers 0 to 2"),
        ([-1, 0], "-1"),
        ([0.5], "0.5"),
        (["a"], "dtype"),
        ([], "n > 0"),
    ],
)
def test_cluster_entropy_refuses_what_is_no_cluster(assigned, words):
    with pytest.raises(InputError, match=words):
        ev.cluster_entropy(assigned, 3)
    with pytest.raises(OptionError):
        ev.cluster_entropy([0], 0)


def test_linear_probe_refuses_what_it_cannot_use():
    X, y = table(0, n=6), [0, 1] * 3
    for arguments, words in (
        ((X, y[:5], X, y), "train has 6 rows and train_labels 5"),
        ((X, y, X, y[:5]), "test has 6 rows and test_labels 5"),
        ((X, y, X[:, :2], y), "4 columns and test 2"),
        ((X, [1] * 6, X, y), "one class, .*1"),
        ((X * np.nan, y, X, y), "train: NaN"),
        ((X, y, X[:0], []), "test: 0 sample"),
    ):
        with pytest.raises(InputError, match=words):
            ev.linear_probe(*arguments)
