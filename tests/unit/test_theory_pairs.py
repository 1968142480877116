"""Same-class pairs: of one class, of the right marginals, and of the mixture that a quality says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconlearn._errors import InputError, OptionError
from iconlearn.theory.pairs import same_class_pairs

LABELS = np.repeat([3, 5, 9], [50, 30, 20])


def test_every_other_row_of_the_class_is_equally_likely():
    anchors, positives = same_class_pairs([0, 1, 0, 1, 0, 0], 60_000, random_state=1)
    counts = np.zeros((6, 6))
    np.add.at(counts, (anchors, positives), 1)
    rows, same = np.arange(6), np.equal.outer([0, 1, 0, 1, 0, 0], [0, 1, 0, 1, 0, 0])
    expected = np.where(same & (rows[:, None] != rows), 1, 0)
    expected = 10_000 * expected / expected.sum(1, keepdims=True)
    assert np.all(np.abs(counts - expected) <= 5 * np.sqrt(expected))  # and 0 where none is expected


@given(quality=st.floats(0, 1), seed=st.integers(0, 1000))
def test_share_of_one_class_and_marginals(quality, seed):
    n = 20_000
    anchors, positives = same_class_pairs(LABELS, n, quality=quality, random_state=seed)
    shares = np.array([0.5, 0.3, 0.2])
    expected = quality + (1 - quality) * np.sum(shares**2)
    assert abs(np.mean(LABELS[anchors] == LABELS[positives]) - expected) < 5 * 0.5 / np.sqrt(n)
    for rows in (anchors, positives):
        found = np.array([np.mean(LABELS[rows] == c) for c in (3, 5, 9)])
        assert np.all(np.abs(found - shares) < 5 * 0.5 / np.sqrt(n))


def test_a_class_of_one_row_is_its_own_positive_and_a_seed_repeats_itself():
    anchors, positives = same_class_pairs(["a", "b", "b"], 200)
    assert np.array_equal(positives[anchors == 0], anchors[anchors == 0])
    assert all(map(np.array_equal, (anchors, positives), same_class_pairs(["a", "b", "b"], 200)))


@pytest.mark.parametrize(
    ("labels", "options", "error", "words"),
    [
        ([], {}, InputError, "one label per row"),
        ([0.0, np.nan], {}, InputError, "NaN"),
        ([0, 1], {"quality": 1.5}, OptionError, "quality=1.5"),
        ([0, 1], {"n": 0}, OptionError, "n=0"),
    ],
)
def test_refusals(labels, options, error, words):
    with pytest.raises(error, match=words):
        same_class_pairs(labels, **{"n": 5, **options})
