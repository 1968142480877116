"""Images with three factors: each can be read off, and two views share exactly those that were chosen."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.datasets import load_digits

from iconlearn._errors import InputError, OptionError
from iconlearn.theory.information import ColourDigitPosition, DigitViews

IMAGES = ColourDigitPosition()
FACTORS = ("digit", "colour", "position")
SUBSETS = [s for k in range(4) for s in itertools.combinations(FACTORS, k)]
BITS = {"D": 3.32, "C": 3.0, "P": 4.0, "DC": 6.32, "DP": 7.32, "CP": 7.0, "DCP": 10.32}


@pytest.fixture(scope="module")
def views() -> DigitViews:
    return IMAGES.views(6000, ("digit", "colour"), random_state=1)


def decoded(source: ColourDigitPosition, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ink (n, 8, 8) from 0 to 16, colour and position, read off the images alone."""
    rows, columns = source.grid
    cells = image.reshape(len(image), 3, rows, 8, columns, 8).transpose(0, 2, 4, 1, 3, 5)
    cells = cells.reshape(len(image), rows * columns, 3, 64).astype(np.int64)
    lit = cells.sum((2, 3))
    assert np.all((lit > 0).sum(1) == 1)  # nothing outside of one cell
    position = lit.argmax(1)
    digit = cells[np.arange(len(image)), position]
    brightest = digit.sum(1).argmax(1)
    peak = digit[np.arange(len(image)), :, brightest] / digit.max((1, 2))[:, None]
    colour = np.abs(peak[:, None] - source.palette).max(2).argmin(1)
    return np.rint(digit.max(1) * 16 / 255).astype(int).reshape(-1, 8, 8), colour, position


def pieces_of_handwriting(ink: np.ndarray) -> np.ndarray:
    """Which rows of the digits of scikit-learn these are."""
    known = {row.astype(np.int64).tobytes(): k for k, row in enumerate(load_digits().data)}
    return np.array([known[row.astype(np.int64).tobytes()] for row in ink])


@pytest.mark.parametrize("name", BITS)
def test_information_reaches_the_table(name):
    shared = [factor for factor in FACTORS if factor[0].upper() in name]
    assert IMAGES.information(shared) / math.log(2) == pytest.approx(BITS[name], abs=5e-3)


def test_nothing_shared_is_no_information_and_names_count_once():
    assert IMAGES.information([]) == 0
    assert IMAGES.information(["digit", "digit"]) == pytest.approx(math.log(10))


def test_views_are_images_and_repeat_themselves(views):
    assert views.first.shape == views.second.shape == (6000, 3, 32, 32)
    assert views.first.dtype == views.second.dtype == np.uint8
    assert views.first.max() == 255
    assert all(
        f[name].dtype == np.int64 and f[name].shape == (6000,)
        for f in (views.factors, views.factors_second)
        for name in FACTORS
    )
    again = IMAGES.views(6000, ["colour", "digit"], random_state=np.random.default_rng(1))
    assert np.array_equal(again.first, views.first)
    assert np.array_equal(again.second, views.second)
    assert views.shared == again.shared == ("digit", "colour")
    assert not np.array_equal(IMAGES.views(6000, random_state=2).first, views.first)


@pytest.mark.parametrize(("colours", "cells"), [(8, 16), (1, 1), (32, 2), (5, 7), (12, 36)])
def test_every_factor_can_be_read_off_both_views(colours, cells):
    source = ColourDigitPosition(colours, cells)
    drawn, label = source.views(600, ("position",), random_state=3), load_digits().target
    for image, factors in ((drawn.first, drawn.factors), (drawn.second, drawn.factors_second)):
        ink, colour, position = decoded(source, image)
        assert np.array_equal(colour, factors["colour"])
        assert np.array_equal(position, factors["position"])
        assert np.array_equal(label[pieces_of_handwriting(ink)], factors["digit"])


@settings(max_examples=30)
@given(colours=st.integers(1, 32), cells=st.integers(1, 256))
def test_grid_and_palette_of_any_number(colours, cells):
    source = ColourDigitPosition(colours, cells)
    rows, columns = source.grid
    assert rows * columns == cells
    assert rows <= columns
    assert source.image_shape == (3, 8 * rows, 8 * columns)
    assert np.all(source.palette.max(1) == 1)
    apart = np.abs(source.palette[:, None] - source.palette).max(2) + np.eye(colours)
    assert apart.min() > 0.09  # 23 of 255 levels


@pytest.mark.parametrize("shared", SUBSETS)
def test_views_share_the_chosen_factors_alone(shared):
    drawn = IMAGES.views(8000, shared, random_state=len(shared))
    for a, b in itertools.product(FACTORS, FACTORS):
        if a == b and a in shared:
            assert np.array_equal(drawn.factors[a], drawn.factors_second[a])
            continue
        table = np.zeros((IMAGES.sizes[a], IMAGES.sizes[b]))
        np.add.at(table, (drawn.factors[a], drawn.factors_second[b]), 1)
        assert stats.chi2_contingency(table).pvalue > 1e-4


def test_factors_are_uniform_and_independent_of_each_other(views):
    for factors in (views.factors, views.factors_second):
        code = factors["digit"] + 10 * (factors["colour"] + 8 * factors["position"])
        for name, size in IMAGES.sizes.items():
            assert stats.chisquare(np.bincount(factors[name], minlength=size)).pvalue > 1e-4
        assert stats.chisquare(np.bincount(code, minlength=1280)).pvalue > 1e-4


def test_handwriting_differs_between_views_and_between_splits(views):
    test = IMAGES.views(6000, ("digit",), random_state=1, split="test")
    seen = {}
    for split, drawn in (("train", views), ("test", test)):
        first, second = (pieces_of_handwriting(decoded(IMAGES, v)[0]) for v in (drawn.first, drawn.second))
        assert not np.any(first == second)
        seen[split] = {*first.tolist(), *second.tolist()}
        # every other piece of the digit is as likely: the second is no function of the first
        zeros = np.flatnonzero(drawn.factors["digit"] == 0)
        assert stats.chisquare(np.unique(second[zeros], return_counts=True)[1]).pvalue > 1e-4
    assert not seen["train"] & seen["test"]
    assert len(seen["train"]) + len(seen["test"]) == 1797


def test_handwriting_is_drawn_anew_where_the_digit_is_not_shared():
    drawn = IMAGES.views(20_000, (), random_state=5)
    same = drawn.factors["digit"] == drawn.factors_second["digit"]
    first, second = (
        pieces_of_handwriting(decoded(IMAGES, v)[0]) for v in (drawn.first[same], drawn.second[same])
    )
    share = np.mean(first == second)  # once in some 90
    assert abs(share - 1 / 90) < 4 * math.sqrt(share / same.sum())


@pytest.mark.parametrize("shared", SUBSETS)
def test_log_ratio_is_exact(shared):
    """Its mean over pairs is the information, its exponential has mean one over strangers."""
    drawn = IMAGES.views(1500, shared, random_state=6)
    matrix = IMAGES.log_ratio(drawn.factors, drawn.factors_second, shared)
    assert matrix.shape == (1500, 1500)
    assert np.diagonal(matrix) == pytest.approx(np.full(1500, IMAGES.information(shared)))
    others = np.exp(matrix[~np.eye(1500, dtype=bool)])
    # all are uncorrelated but those of (i, j) and (j, i), as r has mean one given either argument
    assert abs(others.mean() - 1) <= 4 * math.sqrt(2) * others.std() / 1500
    share = np.prod([IMAGES.sizes[name] for name in shared])
    assert set(np.unique(matrix)) <= {-np.inf, IMAGES.information(shared)}
    assert np.exp(IMAGES.information(shared)) == pytest.approx(share)


@pytest.mark.parametrize("shared", SUBSETS)
def test_information_is_that_of_what_was_counted(shared):
    """Of the factors as drawn: they are all that a view knows of the other but for the handwriting."""
    source = ColourDigitPosition(2, 2)
    drawn = source.views(40_000, shared, random_state=7)
    first, second = (
        f["digit"] + 10 * (f["colour"] + 2 * f["position"]) for f in (drawn.factors, drawn.factors_second)
    )
    table = np.zeros((40, 40))
    np.add.at(table, (first, second), 1 / 40_000)
    outer = np.outer(table.sum(1), table.sum(0))
    counted = np.sum(table[table > 0] * np.log(table[table > 0] / outer[table > 0]))
    assert counted == pytest.approx(source.information(shared), abs=0.025)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ColourDigitPosition(0), OptionError, "colours=0"),
        (lambda: ColourDigitPosition(33), OptionError, "colours=33"),
        (lambda: ColourDigitPosition(8, 0), OptionError, "cells=0"),
        (lambda: ColourDigitPosition(8, 2.5), OptionError, "cells=2.5"),  # type: ignore[arg-type]
        (lambda: IMAGES.views(0), OptionError, "n=0"),
        (lambda: IMAGES.views(5, ["color"]), OptionError, "did you mean 'colour'"),
        (lambda: IMAGES.views(5, "digit"), OptionError, r"give \['digit'\]"),
        (lambda: IMAGES.views(5, split="valid"), OptionError, "split='valid'"),
        (lambda: IMAGES.information(["size"]), OptionError, "shared='size'"),
        (lambda: IMAGES.log_ratio({"digit": [1]}, {}, []), InputError, "without 'colour'"),
        (
            lambda: IMAGES.log_ratio({"digit": [1], "colour": [8], "position": [0]}, {}, []),
            InputError,
            "whole numbers 0 to 7",
        ),
        (
            lambda: IMAGES.log_ratio({"digit": [1], "colour": [1, 2], "position": [0]}, {}, []),
            InputError,
            "1 rows and factors",
        ),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
