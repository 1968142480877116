"""Clusterings against classes: matching, confusion, many-to-one accuracy and the report, by other formulas."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import Counter

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn import evaluation as ev
from iconlearn._errors import InputError, OptionError

quick = settings(max_examples=30, deadline=None)
label_pairs = st.integers(1, 30).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(-1, 4), min_size=n, max_size=n)] * 2)
)
tables = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6)).map(
    lambda t: np.random.default_rng(t[2]).integers(0, 9, t[:2])
)


@quick
@given(label_pairs)
def test_many_to_one_accuracy_counts_the_majority_of_every_cluster(pair):
    labels, assigned = pair
    members = {c: [y for y, a in zip(labels, assigned, strict=True) if a == c] for c in assigned}
    right = sum(Counter(y).most_common(1)[0][1] for y in members.values())
    value = ev.many_to_one_accuracy(labels, assigned)
    assert value == right / len(labels)
    assert ev.hungarian_accuracy(labels, assigned) <= value <= 1


@quick
@given(tables)
def test_the_order_of_clusters_is_that_of_the_best_matching(counts):
    best = max(
        counts[list(rows), list(columns)].sum()
        for k in [min(counts.shape)]
        for rows in itertools.permutations(range(counts.shape[0]), k)
        for columns in itertools.combinations(range(counts.shape[1]), k)
    )
    order, matched = ev.match_clusters(counts)
    assert matched == best
    assert sorted(order) == list(range(len(counts)))
    extra = counts[order].sum(axis=1)[counts.shape[1] :]
    assert (np.diff(extra) <= 0).all()


@quick
@given(label_pairs)
def test_confusion_matrix_is_that_of_sklearn_in_matched_order(pair):
    found = ev.confusion_matrix(*pair)
    expected = sklearn.metrics.cluster.contingency_matrix(*pair)
    rows = np.searchsorted(np.unique(pair[0]), found.classes)
    columns = np.searchsorted(np.unique(pair[1]), found.clusters)
    np.testing.assert_array_equal(found.counts, expected[np.ix_(rows, columns)].T)
    assert found.accuracy == ev.hungarian_accuracy(*pair)
    k = min(found.counts.shape)
    recall = [np.mean([a == c for y, a in zip(*pair, strict=True) if y == v]) for v, c in
              zip(found.classes[:k], found.clusters[:k], strict=True)]  # fmt: skip
    np.testing.assert_allclose(found.class_accuracy, [*recall, *[0.0] * (found.counts.shape[1] - k)])


def test_confusion_matrix_with_unequal_numbers_puts_what_is_left_last():
    many = ev.confusion_matrix(["a", "b", "b", "b"], [3, 0, 1, 1])
    assert many.clusters.tolist() == [3, 1, 0]
    few = ev.confusion_matrix(["a", "b", "b", "c", "c", "c"], [0, 0, 0, 7, 7, 7])
    assert few.classes.tolist() == ["b", "c", "a"]
    assert few.counts.tolist() == [[2, 0, 1], [0, 3, 0]]


@quick
@given(label_pairs, st.integers(0, 3))
def test_report_is_what_the_single_scores_say_of_the_labelled_rows(pair, empty):
    labels, assigned = np.array(pair[0]), np.array(pair[1]) + 1
    known, n_clusters = labels != -1, 6 + empty
    report = ev.clustering_report(assigned, labels, n_clusters=n_clusters)
    assert report.unlabelled_rows == (~known).sum()
    assert report.rows == len(labels)
    sizes = np.bincount(assigned, minlength=n_clusters)
    assert report.empty_clusters == (sizes == 0).sum()
    assert report.largest_cluster_share == sizes.max() / len(labels)
    assert report.cluster_entropy == ev.cluster_entropy(assigned, n_clusters)
    assert report.relative_cluster_entropy == pytest.approx(report.cluster_entropy / np.log(n_clusters))
    if known.any():
        part = labels[known], assigned[known]
        for name in ("hungarian_accuracy", "many_to_one_accuracy", "nmi", "ari"):
            assert getattr(report, name) == pytest.approx(getattr(ev, name)(*part), abs=1e-12), name
        assert report.n_classes == len(set(part[0].tolist()))
    else:
        assert report.hungarian_accuracy is report.nmi is None
    for name, value in report.scores.items():
        low, high = {"ari": (-0.5, 1), "cluster_entropy": (0, np.log(n_clusters))}.get(name, (0, 1))
        assert low <= value <= high or name in ("rows", "unlabelled_rows", "n_clusters", "n_classes",
                                               "empty_clusters"), name  # fmt: skip


def test_report_of_probabilities_is_that_of_their_largest():
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4) / 2, 200)
    labels = np.where(np.arange(200) % 5 == 0, -1, rng.integers(0, 3, 200))
    one = ev.clustering_report(p, labels)
    other = ev.clustering_report(p.argmax(1), labels, confidence=p.max(1), n_clusters=4)
    assert one.to_dict() == other.to_dict()
    known = labels >= 0
    assert one.expected_calibration_error == ev.expected_calibration_error(labels[known], p[known])
    mass = ev.expected_calibration_error(labels[known], p[known], binning="mass")
    assert one.equal_mass_calibration_error == mass
    assert one.mean_confidence == pytest.approx(p.max(1).mean())
    np.testing.assert_array_equal(one.confidence_counts, ev.confidence_histogram(p, 15)[0])


def test_report_is_frozen_printable_and_json():
    report = ev.clustering_report([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]], ["a", "b", "b"])
    assert json.loads(json.dumps(report.to_dict(), allow_nan=False)) == report.to_dict()
    assert str(report).splitlines() == list(report.lines)
    assert "Hungarian accuracy    0.6667" in report.lines
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.nmi = 1.0
    bare = ev.clustering_report([2, 2, 5])
    assert "no labels" in bare.lines[0]
    assert not {"nmi", "expected_calibration_error", "mean_confidence"} & set(bare.to_dict())


def test_report_of_one_cluster_and_of_one_row():
    alone = ev.clustering_report([0, 0], [1, 1], n_clusters=1)
    assert (alone.relative_cluster_entropy, alone.nmi, alone.ari) == (1, 1, 1)
    assert ev.clustering_report([3], ["x"], n_clusters=9).nmi == 1
    assert ev.clustering_report([0, 0, 0], [0, 1, 1], n_clusters=5).nmi == 0


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (([0, 1], [0]), {}, InputError, "labels has 1 rows and clusters 2"),
        (([0, 5],), {"n_clusters": 3}, InputError, "clusters: 0 to 5, but whole numbers 0 to 2"),
        (([0, -1],), {"n_clusters": 3}, InputError, "clusters: -1 to 0"),
        (([0, 1],), {"n_clusters": 0}, OptionError, "n_clusters"),
        (([[0.5, 0.5]],), {"n_clusters": 3}, InputError, "leave both out"),
        (([[2.0, 3.0]],), {}, InputError, r"row 0 .*sums to 5.*softmax"),
        (([[1.5, -0.5]],), {}, InputError, "least value is -0.5"),
        (([[np.nan, 1.0]],), {}, InputError, "row 0"),
        ((np.zeros((0, 3)),), {}, InputError, "shape"),
        (([0, 1],), {"confidence": [0.5]}, InputError, "confidence 1"),
        (([0, 1],), {"confidence": [0.5, 2]}, InputError, "0.5 to 2"),
        (([0, 1],), {"confidence": ["a", "b"]}, InputError, "dtype"),
        (([[0.5, 0.5]],), {"n_bins": 0}, OptionError, "n_bins"),
        (([],), {}, InputError, "n > 0"),
    ],
)
def test_report_refuses_what_it_cannot_use(arguments, options, error, words):
    with pytest.raises(error, match=words):
        ev.clustering_report(*arguments, **options)


@pytest.mark.parametrize("dtype", [np.uint64, np.uint8, np.int8, np.float32, bool, str, object])
def test_labels_of_every_dtype_are_told_apart(dtype):
    labels = np.array([1, 0, 1, 1]).astype(dtype)
    found = ev.confusion_matrix(labels, labels[::-1])
    assert found.classes.dtype == labels.dtype
    assert found.counts.tolist() == ev.confusion_matrix([1, 0, 1, 1], [1, 1, 0, 1]).counts.tolist()


def test_what_is_too_large_to_match_is_refused_before_memory_is_taken():
    rows = np.arange(20_000)
    with pytest.raises(InputError, match="20000 classes by 20000 clusters"):
        ev.hungarian_accuracy(rows, rows)
    assert ev.nmi(rows, rows[::-1]) == pytest.approx(1)
    assert ev.ari(rows, rows // 2) == 0
    assert ev.many_to_one_accuracy(rows, rows) == 1


def test_many_rows_and_a_thousand_clusters():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 1000, 300_000)
    assigned = np.where(rng.random(300_000) < 0.6, (7 * labels + 3) % 1000, rng.integers(0, 1000, 300_000))
    report = ev.clustering_report(assigned, labels, n_clusters=1000)
    expected = np.mean((7 * labels + 3) % 1000 == assigned)
    assert report.hungarian_accuracy == expected
    assert report.nmi == pytest.approx(sklearn.metrics.normalized_mutual_info_score(labels, assigned))
    assert report.ari == pytest.approx(sklearn.metrics.adjusted_rand_score(labels, assigned))
