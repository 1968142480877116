"""Labels through noisy channels: the information that is left is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iconlearn._errors import InputError, OptionError
from iconlearn.theory import information as info

LOG2 = math.log(2)


def counted_information(first: np.ndarray, second: np.ndarray) -> float:
    """Information of two discrete variables from their relative frequencies, in nats."""
    table = np.zeros((first.max() + 1, second.max() + 1))
    np.add.at(table, (first, second), 1 / len(first))
    outer = np.outer(table.sum(1), table.sum(0))
    return float(np.sum(table[table > 0] * np.log(table[table > 0] / outer[table > 0])))


@pytest.mark.parametrize(
    ("bits", "probability"), [(2, 0.2430), (4, 0.1461), (6, 0.07938), (8, 0.03112), (10, 0.0)]
)
def test_flips_of_ten_sources_reach_the_table(bits, probability):
    assert info.flip_information(probability, 10) / LOG2 == pytest.approx(bits, abs=2e-3)
    assert info.flip_probability(bits * LOG2, 10) == pytest.approx(probability, abs=1e-4)


@given(share=st.floats(0, 1), sources=st.integers(1, 1000))
def test_flip_probability_is_the_inverse(share, sources):
    nats = share * sources * LOG2
    p = info.flip_probability(nats, sources)
    assert 0 <= p <= 0.5
    assert info.flip_information(p, sources) == pytest.approx(nats, abs=1e-12 * sources, rel=1e-9)
    assert info.flip_information(1 - p, sources) == pytest.approx(nats, abs=1e-12 * sources, rel=1e-9)


@given(share=st.floats(0, 1), classes=st.integers(2, 1000))
def test_reroll_probability_is_the_inverse(share, classes):
    q = info.reroll_probability(share * math.log(classes), classes)
    assert info.reroll_information(classes, q) == pytest.approx(
        share * math.log(classes), abs=1e-12, rel=1e-9
    )


@pytest.mark.parametrize("q", [0.0, 0.2, 0.7, 1.0])
@pytest.mark.parametrize("classes", [2, 10])
def test_reroll_information_is_that_of_its_table_of_probabilities(classes, q):
    joint = ((1 - q) * np.eye(classes) + q / classes) / classes
    expected = np.sum(joint[joint > 0] * np.log(joint[joint > 0] * classes**2))
    assert info.reroll_information(classes, q) == pytest.approx(expected, abs=1e-12)
    if classes == 2:  # the other one with half the probability
        assert info.flip_information(q / 2) == pytest.approx(expected, abs=1e-12)


def test_drawn_channels_have_the_information_that_they_say():
    y = np.random.default_rng(1).integers(6, size=200_000)
    for q in (0.0, 0.3, 1.0):
        copy = info.reroll(y, 6, q, random_state=2)
        assert counted_information(y, copy) == pytest.approx(info.reroll_information(6, q), abs=0.005)
    bits = (np.random.default_rng(1).random((100_000, 2)) < 0.5).astype(int)
    for p in (0.0, 0.1, 0.5, 1.0):
        copy = info.flip(bits, p, random_state=2)
        found = counted_information(bits @ [1, 2], copy @ [1, 2])
        assert found == pytest.approx(info.flip_information(p, sources=2), abs=0.005)
        assert np.array_equal(copy, info.flip(bits, p, random_state=2))


def test_a_class_pair_through_a_channel_has_the_information_of_the_channel():
    """Two rows whose labels agree but for a channel: what a classifier finds is I(C; C')."""
    y = np.random.default_rng(3).integers(5, size=40_000)
    z = info.reroll(y, 5, 0.4, random_state=4)
    posterior = (0.6 * np.eye(5) + 0.4 / 5)[y]  # of the copy's class
    log_r = np.log(posterior[np.arange(len(z)), z] * 5)
    assert log_r.mean() == pytest.approx(info.reroll_information(5, 0.4), abs=0.02)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: info.flip_information(1.1), OptionError, "probability=1.1"),
        (lambda: info.flip_information(0.1, 0), OptionError, "sources=0"),
        (lambda: info.flip_probability(0.8), OptionError, "nats=0.8 .* add sources"),
        (lambda: info.flip_probability(-0.1), OptionError, "nats=-0.1"),
        (lambda: info.reroll_information(1, 0.5), OptionError, "classes=1"),
        (lambda: info.reroll_probability(3, 10), OptionError, "add classes"),
        (lambda: info.flip([0, 2], 0.5), InputError, "bits"),
        (lambda: info.flip([], 0.5), InputError, "bits"),
        (lambda: info.flip([0, 1], np.nan), OptionError, "probability=nan"),
        (lambda: info.reroll([0, 3], 3, 0.5), InputError, "whole numbers 0 to 2"),
    ],
)
def test_refusals_of_channels(call, error, words):
    with pytest.raises(error, match=words):
        call()
