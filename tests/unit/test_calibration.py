"""Calibration of clusterings: bins counted one row at a time, known cases, ranges and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from iconlearn import evaluation as ev
from iconlearn._errors import InputError, OptionError

quick = settings(max_examples=40, deadline=None)
problems = st.tuples(st.integers(1, 40), st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6))


def problem(n: int, n_clusters: int, n_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities, rounded so that some confidences are equal and some lie on the ends of bins."""
    rng = np.random.default_rng(seed)
    p = rng.multinomial(10, rng.dirichlet(np.ones(n_clusters)), n) / 10
    return rng.integers(0, n_classes, n), p


def verdicts(labels: np.ndarray, p: np.ndarray) -> list[tuple[float, bool]]:
    """Confidence and correctness of each row, one row at a time."""
    labels = np.unique(labels, return_inverse=True)[1]  # of equally good matchings SciPy's is taken
    assigned = [int(np.argmax(row)) for row in p]
    counts = np.zeros((p.shape[1], labels.max() + 1))
    for y, c in zip(labels, assigned, strict=True):
        counts[c, y] += 1
    match = dict(zip(*linear_sum_assignment(-counts), strict=True))
    return [(float(row[c]), match.get(c) == y) for row, c, y in zip(p, assigned, labels, strict=True)]


@quick
@given(problems, st.sampled_from([1, 5, 10, 15]))
def test_equal_widths_are_counted_row_by_row(case, n_bins):
    labels, p = problem(*case)
    rows = verdicts(labels, p)
    curve = ev.reliability_curve(labels, p, n_bins)
    total = 0.0
    for b in range(n_bins):
        low, high = b / n_bins, (b + 1) / n_bins
        inside = [(c, ok) for c, ok in rows if low + 1e-12 < c <= high + 1e-12]
        assert curve.counts[b] == len(inside)
        if inside:
            confidence, accuracy = np.mean(inside, axis=0)
            assert curve.confidence[b] == pytest.approx(confidence)
            assert curve.accuracy[b] == pytest.approx(accuracy)
            total += len(inside) / len(rows) * abs(confidence - accuracy)
        else:
            assert math.isnan(curve.confidence[b])
    ece = ev.expected_calibration_error(labels, p, n_bins)
    assert ece == pytest.approx(total, abs=1e-12)
    assert ece == curve.expected_error
    assert 0 <= ece <= 1


@quick
@given(problems, st.integers(1, 12))
def test_equal_masses_part_no_ties_and_lose_no_row(case, n_bins):
    labels, p = problem(*case)
    rows = verdicts(labels, p)
    curve = ev.reliability_curve(labels, p, n_bins, "mass")
    assert curve.counts.sum() == len(rows)
    assert (curve.counts > 0).all()
    assert len(curve.counts) <= n_bins
    ends = curve.edges
    for b in range(len(curve.counts)):
        last = b == len(curve.counts) - 1
        inside = [(c, ok) for c, ok in rows if ends[b] <= c and (last or c < ends[b + 1])]
        assert curve.counts[b] == len(inside)
        np.testing.assert_allclose([curve.confidence[b], curve.accuracy[b]], np.mean(inside, axis=0))
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled = ev.expected_calibration_error(labels[order], p[order], n_bins, "mass")
    assert shuffled == pytest.approx(curve.expected_error, abs=1e-12)
    assert 0 <= curve.expected_error <= 1


def test_equal_masses_without_ties_are_as_equal_as_can_be():
    c = np.linspace(0.51, 0.99, 103)
    counts = ev.reliability_curve(np.arange(103) % 2, np.stack([c, 1 - c], axis=1), 10, "mass").counts
    assert len(counts) == 10
    assert counts.min() >= 10
    assert counts.max() <= 11


def test_calibrated_probabilities_have_no_error_and_sure_ones_have_that_of_their_mistakes():
    rng = np.random.default_rng(0)
    c = rng.uniform(0.5, 1, 200_000)
    assigned = rng.integers(0, 2, len(c))
    labels = np.where(rng.random(len(c)) < c, assigned, 1 - assigned)
    p = np.where(assigned[:, None] == np.arange(2), c[:, None], 1 - c[:, None])
    assert ev.expected_calibration_error(labels, p) < 0.01
    assert ev.expected_calibration_error(labels, p, binning="mass") < 0.01
    sure = np.eye(2)[assigned]
    for binning in ("width", "mass"):
        expected = 1 - np.mean(labels == assigned)
        assert ev.expected_calibration_error(labels, sure, binning=binning) == pytest.approx(expected)


def test_calibration_does_not_depend_on_the_names_of_clusters_and_classes():
    labels, p = problem(60, 4, 3, 1)
    names = np.array(["x", "y", "z"])[(labels + 1) % 3]
    for binning in ("width", "mass"):
        value = ev.expected_calibration_error(labels, p, binning=binning)
        assert ev.expected_calibration_error(names, p, binning=binning) == pytest.approx(value)


@quick
@given(problems)
def test_confidence_histogram_counts_every_row_once(case):
    p = problem(*case)[1]
    counts, edges = ev.confidence_histogram(p, 10)
    assert counts.sum() == len(p)
    np.testing.assert_allclose(edges, np.arange(11) / 10)
    tenths = np.rint(10 * p.max(1)).astype(int)
    np.testing.assert_array_equal(counts, np.bincount(tenths - 1, minlength=10))


def test_tensors_half_precision_and_memory_maps(tmp_path):
    labels, p = problem(50, 4, 3, 2)
    value = ev.expected_calibration_error(labels, p)
    np.save(tmp_path / "p.npy", p)
    for given_as in (torch.from_numpy(p), p.tolist(), np.load(tmp_path / "p.npy", mmap_mode="r")):
        assert ev.expected_calibration_error(labels, given_as) == value
    half = torch.softmax(torch.randn(50, 1000, generator=torch.Generator().manual_seed(0)), 1).half()
    assert 0 <= ev.expected_calibration_error(labels, half) <= 1


def test_pieces_of_a_long_table_are_those_of_the_whole(monkeypatch):
    labels, p = problem(50, 4, 3, 3)
    value = ev.reliability_curve(labels, p)
    monkeypatch.setattr("iconlearn.evaluation.calibration.PIECE", 9)
    assert ev.reliability_curve(labels, p).to_dict() == value.to_dict()
    with pytest.raises(InputError, match="row 41 "):
        ev.confidence_histogram(np.where(np.arange(50)[:, None] == 41, 3.0, p))


@pytest.mark.parametrize(
    ("labels", "probability", "words"),
    [
        ([0, 1, 1], [[0.5, 0.5]], "labels has 3 rows and probability 1"),
        ([0], [0.5], "shape"),
        ([0], [["a", "b"]], "numbers"),
        ([0], [[np.inf, 0.0]], "row 0"),
        ([np.nan], [[1.0, 0.0]], "NaN"),
    ],
)
def test_calibration_refuses_what_it_cannot_use(labels, probability, words):
    with pytest.raises(InputError, match=words):
        ev.reliability_curve(labels, probability)


def test_calibration_refuses_options_out_of_range():
    for options in ({"n_bins": 0}, {"n_bins": 1.5}, {"binning": "equal"}):
        with pytest.raises(OptionError):
            ev.expected_calibration_error([0], [[1.0]], **options)
