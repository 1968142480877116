"""Images of a digit in a colour at a place, of which two views share chosen factors and so a known information."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.data.builtin import load_digits_dataset
from iconlearn.evaluation._inputs import same_length, whole_numbers

FACTORS = ("digit", "colour", "position")
SPLITS = ("train", "test")

SIDE = 8  # pixels of a digit, and so of a cell
INK = 16  # value of full ink in the data set
SPLIT_SEED = 0  # which digits are for training


@dataclass(frozen=True, eq=False)
class DigitViews:
    """Two views of each of n samples, and what is in them.

    Parameters
    ----------
    first, second : uint8 arrays, shape (n, 3, height, width)
        Images, 0 to 255, channels red, green and blue.
    factors, factors_second : dict of int64 arrays, shape (n,)
        "digit", "colour" and "position" (the cell, counted along the rows of the grid) of each view.
    shared : tuple of str
        The factors that the views of a sample have in common; the others were drawn anew.
    """

    first: np.ndarray
    second: np.ndarray
    factors: dict[str, np.ndarray]
    factors_second: dict[str, np.ndarray]
    shared: tuple[str, ...]


@dataclass(frozen=True)
class ColourDigitPosition:
    r"""A source of images with three independent uniform factors: a handwritten digit, its colour, and its cell.

    An 8 x 8 digit of scikit-learn is drawn in one of evenly spaced hues in a cell of a grid, on black; nothing covers
    anything, so each factor can be read off the image. Two views of a sample share chosen factors, and therefore

    .. math:: I(v_1; v_2) = \sum_{f \in S} H(f), \qquad H = \log 10,\ \log C,\ \log P

    for digit, colour and position. It is so but for the finite number of handwritten digits: two views of one digit
    never show the same piece of handwriting, which tells log(m / (m - 1)) more with m pieces of a digit (some 90 in a
    split, 0.011 nats).

    Parameters
    ----------
    colours : int from 1 to 32, default 8
        C.
    cells : int from 1 to 256, default 16
        P. The grid is as near to a square as the divisors of P allow: 4 x 4 cells, images of 32 x 32 pixels.

    References
    ----------
    After the colour-digit-position images of Lee, Kim, Kang and Rhee, Towards a Rigorous Analysis of Mutual Information
    in Contrastive Learning, 2023: a reconstruction, and so are the names, as the paper's definition was not at hand.

    Examples
    --------
    >>> images = ColourDigitPosition()
    >>> round(images.information(["digit", "colour"]) / float(np.log(2)), 2)  # bits
    6.32
    >>> views = images.views(100, ["digit", "colour"])
    >>> views.first.shape, bool((views.factors["colour"] == views.factors_second["colour"]).all())
    ((100, 3, 32, 32), True)
    """

    colours: int = 8
    cells: int = 16

    def __post_init__(self) -> None:
        check_number("ColourDigitPosition", "colours", self.colours, low=1, high=32, integer=True)
        check_number("ColourDigitPosition", "cells", self.cells, low=1, high=256, integer=True)

    @property
    def sizes(self) -> dict[str, int]:
        """How many values each factor has."""
        return {"digit": 10, "colour": int(self.colours), "position": int(self.cells)}

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        rows = max(d for d in range(1, int(self.cells**0.5) + 1) if self.cells % d == 0)
        return rows, int(self.cells) // rows

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        rows, columns = self.grid
        return 3, SIDE * rows, SIDE * columns

    @cached_property
    def palette(self) -> np.ndarray:
        """The colours, float64 (colours, 3) in [0, 1], each with a channel of 1."""
        return np.array([colorsys.hsv_to_rgb(k / self.colours, 1, 1) for k in range(self.colours)])

    def information(self, shared: Iterable[str]) -> float:
        """What two views share that have these factors in common, in nats.

        Parameters
        ----------
        shared : iterable of {"digit", "colour", "position"}

        Raises
        ------
        OptionError
            An unknown factor.
        """
        return float(sum(np.log(self.sizes[factor]) for factor in _check_shared("information", shared)))

    def views(
        self,
        n: int,
        shared: Iterable[str] = ("digit", "colour"),
        random_state: int | np.random.Generator = 0,
        split: str = "train",
    ) -> DigitViews:
        """Draw n samples in two views each.

        Parameters
        ----------
        n : int
        shared : iterable of {"digit", "colour", "position"}, default ("digit", "colour")
            Factors that both views have in common; the second view draws the others anew, and always another piece of
            handwriting if the digit is shared.
        random_state : int or numpy.random.Generator, default 0
        split : {"train", "test"}, default "train"
            Half of the handwriting of each digit each.

        Returns
        -------
        DigitViews

        Raises
        ------
        OptionError
            An unknown factor or split, or n below 1.
        """
        n = check_number("views", "n", n, low=1, integer=True)
        shared = _check_shared("views", shared)
        check_choice("views", "split", split, SPLITS)
        rng = np.random.default_rng(random_state)
        factors = {name: rng.integers(size, size=n) for name, size in self.sizes.items()}
        again = {
            name: factors[name].copy() if name in shared else rng.integers(size, size=n)
            for name, size in self.sizes.items()
        }
        pieces = self._handwriting[split]
        counts = np.array([len(of_digit) for of_digit in pieces])
        place = rng.integers(counts[factors["digit"]])
        if "digit" in shared:
            step = 1 + rng.integers(counts[factors["digit"]] - 1)
            place_again = (place + step) % counts[factors["digit"]]
        else:
            place_again = rng.integers(counts[again["digit"]])
        return DigitViews(
            self._drawn(pieces, factors, place),
            self._drawn(pieces, again, place_again),
            factors,
            again,
            shared,
        )

    def log_ratio(
        self, factors: Mapping[str, Any], factors_second: Mapping[str, Any], shared: Iterable[str]
    ) -> np.ndarray:
        r"""The best critic of views that share these factors, from the factors: an exact log density ratio.

        .. math:: \log r = \sum_{f \in S} \log |f| \ \text{where all of S agree, else} -\infty

        Parameters
        ----------
        factors, factors_second : mapping of str to array-like of int, shapes (n,) and (m,)
            As :class:`DigitViews` has them, all three.
        shared : iterable of {"digit", "colour", "position"}

        Returns
        -------
        float64 array, shape (n, m)

        Raises
        ------
        InputError
            A factor that is missing, of unequal length, or has values that it cannot have.
        OptionError
            An unknown factor.
        """
        shared = _check_shared("log_ratio", shared)
        first, second = self._columns(factors, "factors"), self._columns(factors_second, "factors_second")
        agree = np.ones((len(first["digit"]), len(second["digit"])), dtype=bool)
        for name in shared:
            agree &= first[name][:, None] == second[name]
        return np.where(agree, self.information(shared), -np.inf)

    def _columns(self, factors: Mapping[str, Any], name: str) -> dict[str, np.ndarray]:
        if missing := [factor for factor in FACTORS if factor not in factors]:
            raise InputError(f"{name}: without {missing[0]!r}; give all of {', '.join(map(repr, FACTORS))}")
        columns = {f: whole_numbers(factors[f], f"{name}[{f!r}]", size) for f, size in self.sizes.items()}
        for factor in FACTORS[1:]:
            same_length(f"{name}['digit']", columns["digit"], f"{name}[{factor!r}]", columns[factor])
        return columns

    @cached_property
    def _handwriting(self) -> dict[str, list[np.ndarray]]:
        """For each split and digit the pieces of handwriting, (m, 8, 8) in [0, 1]."""
        digits = load_digits_dataset()
        assert digits.y is not None
        ink = digits.X.reshape(-1, SIDE, SIDE) / INK
        order = np.random.default_rng(SPLIT_SEED).permutation(len(ink))
        by_digit = [order[digits.y[order] == digit] for digit in range(10)]
        return {split: [ink[rows[k::2]] for rows in by_digit] for k, split in enumerate(SPLITS)}

    def _drawn(
        self, pieces: list[np.ndarray], factors: dict[str, np.ndarray], place: np.ndarray
    ) -> np.ndarray:
        """The images (n, 3, height, width)."""
        starts = np.cumsum([0] + [len(of_digit) for of_digit in pieces[:-1]])
        ink = np.concatenate(pieces)[starts[factors["digit"]] + place]
        colour = self.palette[factors["colour"]]
        n, (rows, columns) = len(place), self.grid
        row, column = np.divmod(factors["position"], columns)
        canvas = np.zeros((n, rows, columns, 3, SIDE, SIDE), dtype=np.uint8)
        canvas[np.arange(n), row, column] = np.rint(255 * ink[:, None] * colour[:, :, None, None])
        return np.ascontiguousarray(canvas.transpose(0, 3, 1, 4, 2, 5)).reshape(n, *self.image_shape)


def _check_shared(owner: str, shared: Iterable[str]) -> tuple[str, ...]:
    """The names of factors, each once, in the order of `FACTORS`."""
    if isinstance(shared, str):
        raise OptionError(f"{owner}: shared={shared!r}, but several names are needed; give [{shared!r}]")
    given = tuple(shared)
    for factor in given:
        check_choice(owner, "shared", factor, FACTORS)
    return tuple(factor for factor in FACTORS if factor in given)
