"""What the explorer offers to choose is what the library takes: ranges of hyper-parameters, and equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from toys import NAMES, ROWS, blobs, shape_of, small

from iconlearn import DIVERGENCES, METHODS, OptionError
from iconlearn.estimators.ranges import CHOICE, NUMBER, SWITCH, WHOLE, range_of
from iconlearn.explorer.catalogue.choices import limits, option_ranges, options, own, parameters, ranges
from iconlearn.methods import Variation
from iconlearn.run.varied import objection
from iconlearn.train.options import Training

X, Y = blobs()
# What another parameter has to allow.
TOGETHER = {("infonce-clustering", "n_neighbors", 0): {"views": 2}}
# Bounds of the explorer alone: the library takes these too, but there is nothing to see then.
OURS = {"max_iter": 0}


def build(row, **changed):
    """A model of the row, as far as hyper-parameters are checked without data."""
    return row.recipe(**small(row, **changed)).model(shape_of(row, X, Y))


def just_outside(values):
    """Values next to the bounds that do not belong to the range."""
    step = 1 if values.kind == WHOLE else 1e-9
    if math.isfinite(values.low):
        yield values.low if values.open_low else values.low - step
    if math.isfinite(values.high):
        yield values.high + step * max(1.0, values.high)


def just_inside(values):
    """The bounds that belong to the range, or the nearest values that do."""
    if math.isfinite(values.low):
        yield values.low + (1e-9 if values.open_low else 0)
    if math.isfinite(values.high):
        yield values.high


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_a_page_offers_every_hyper_parameter_of_the_library(row):
    assert set(ranges(row)) == set(row.parameters)
    for told in parameters(row):
        assert told["type"] in (WHOLE, NUMBER, SWITCH, CHOICE)
        assert told["text"] != [{"text": "A hyper-parameter of the method."}]
        assert (told["type"] == CHOICE) == bool(told["choices"])


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_defaults_and_bounds_are_taken_by_the_library_and_what_is_beyond_by_neither(row):
    for name, default in row.parameters.items():
        values = range_of(row, name)
        values.check(row.name, name, default)
        if values.kind == CHOICE:
            for choice in values.choices:
                build(row, **{name: choice})
            outside = ["nonsense"]
        else:
            for value in just_inside(values):
                value = int(value) if values.kind == WHOLE else value
                if values.most >= value:
                    build(row, **{name: value, **TOGETHER.get((row.name, name, value), {})})
            outside = list(just_outside(values))
        for value in outside:
            value = int(value) if values.kind == WHOLE else value
            with pytest.raises(OptionError):
                values.check(row.name, name, value)
            with pytest.raises(OptionError):
                build(row, **{name: value})


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_values_of_other_types_are_refused(row):
    for name, values in {**ranges(row), **option_ranges(row)}.items():
        for wrong in ("1" if values.kind != CHOICE else 1, [1], {}, math.nan):
            with pytest.raises(OptionError, match=name):
                values.check(row.name, name, wrong)
        if values.kind in (WHOLE, NUMBER):
            with pytest.raises(OptionError, match=name):
                values.check(row.name, name, True)
        if values.kind == WHOLE:
            for wrong in (1.0, 10**30):
                with pytest.raises(OptionError, match=name):
                    values.check(row.name, name, wrong)


def test_ranges_of_training_are_those_of_fit():
    fields = set(Training.__dataclass_fields__)
    for name, values in option_ranges(METHODS["simclr"]).items():
        if name not in fields or name == "augment":
            continue
        if values.kind == CHOICE:
            for choice in values.choices:
                Training(**{name: choice})
            with pytest.raises(OptionError, match=name):
                Training(**{name: "nonsense"})
            continue
        others = {"batch_size": 8}
        for value in just_inside(values):
            Training(**{**others, name: int(value) if values.kind == WHOLE else value})
        for value in just_outside(values):
            value = int(value) if values.kind == WHOLE else value
            if OURS.get(name) == value:
                Training(**{**others, name: value})
                continue
            with pytest.raises(OptionError, match=name):
                Training(**{**others, name: value})


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_what_is_said_of_the_equation_is_what_a_run_says(row):
    told = {option["name"]: option for option in options(row)}
    refused = told["divergence"]["refused"]
    for name in DIVERGENCES:
        assert refused.get(name, "") == objection(Variation(name).of(row))
    assert (told["debias_learned"]["why_not"] or "") == objection(Variation(debias_learned=0.1).of(row))
    assert told["debias_target"]["why_not"] is None
    assert objection(Variation(debias_target=0.1).of(row)) == ""
    assert (told["divergence"]["why_not"] is not None) == (
        set(refused) >= set(DIVERGENCES) - {row.recipe().divergence}
    )
    assert own(row, "divergence") not in refused


def test_what_a_method_takes_by_itself_is_told():
    told = {option["name"]: option["own"] for option in options(METHODS["simclr"])}
    assert (told["epochs"], told["batch_size"], told["lr"], told["optimizer"]) == (100, 128, 3e-3, "adamw")
    assert (told["debias_target"], told["debias_learned"], told["max_iter"]) == (0.0, 0.0, None)
    assert own(METHODS["infonce-clustering"], "debias_learned") == 0.1
    assert own(METHODS["k-means"], "divergence") == "reverse_kl"
    names = {option["name"] for option in options(METHODS["t-sne"])}
    assert names == {"divergence", "debias_target", "debias_learned", "max_iter", "restarts", "seed"}


def test_limits_of_a_users_method_that_random_rows_do_not_suit_are_left_to_its_data(monkeypatch):
    def fails(row, parameters=None):
        raise ZeroDivisionError

    monkeypatch.setattr("iconlearn.explorer.catalogue.choices.tried", fails)
    limits.cache_clear()
    try:
        assert limits(METHODS["pca"]) == {}
    finally:
        limits.cache_clear()


def test_numbers_of_numpy_are_not_needed():
    assert range_of(METHODS["t-sne"], "perplexity").check("", "", np.float64(3)) == 3.0
