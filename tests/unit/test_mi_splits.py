"""Rows that are learnt from, validated with and tested on, as given."""

from __future__ import annotations

import numpy as np
import pytest

from iconlearn._errors import OptionError
from iconlearn.theory.information import mutual_information

RNG = np.random.default_rng(0)
N = 600
X = RNG.normal(size=(N, 1))
Y = 0.8 * X + 0.6 * RNG.normal(size=(N, 1))
PARTS = np.split(np.arange(N), [300, 400])
FAST = {"width": 8, "max_iter": 20, "batch_size": 50}


def exact(x, y):
    """log r of the pairs above."""
    return -np.log(0.6) + (0.8 * x * y.T - 0.32 * (x**2 + y.T**2)) / 0.36


def test_only_test_rows_are_reported_on():
    changed = Y.copy()
    changed[PARTS[0]] = RNG.normal(size=(300, 1))  # an exact critic never sees these
    values = [
        mutual_information(X, y, "nwj", critic=exact, split=tuple(PARTS), batch_size=100)
        for y in (Y, changed)
    ]
    assert values[0] == values[1]
    assert values[0].n_test == 200
    assert mutual_information(X, changed, "ksg", split=tuple(PARTS)).nats == pytest.approx(
        mutual_information(X[PARTS[2]], Y[PARTS[2]], "ksg").nats
    )


def test_a_critic_learns_from_the_rows_to_learn_from():
    other = Y.copy()
    other[PARTS[2]] = RNG.normal(size=(200, 1))
    fits = [mutual_information(X, y, "infonce", split=tuple(PARTS), **FAST).fit for y in (Y, other)]
    assert fits[0] == fits[1]  # nothing of the test rows went into the fit
    other = Y.copy()
    other[PARTS[0]] = RNG.normal(size=(300, 1))
    assert mutual_information(X, other, "infonce", split=tuple(PARTS), **FAST).fit != fits[0]


@pytest.mark.parametrize(
    ("split", "words"),
    [
        (PARTS[:2], "three arrays"),
        (0.3, "three arrays"),
        ((PARTS[0], PARTS[1], [0.5, 1.5]), "three arrays"),
        ((PARTS[0], PARTS[1], [N, 5]), "two or more in each"),
        ((PARTS[0], PARTS[1], [400]), "two or more in each"),
        ((PARTS[0], PARTS[1], PARTS[1]), "none in two"),
    ],
)
def test_refusals(split, words):
    with pytest.raises(OptionError, match=words):
        mutual_information(X, Y, "infonce", split=split, **FAST)
