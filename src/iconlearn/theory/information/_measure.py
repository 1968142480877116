"""What an estimator reports on test rows: of all rows, with an exact critic, or with one that is learned."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn.data.features import to_array
from iconlearn.theory.information._samples import Scale, repeated, varying
from iconlearn.theory.information.critics import Baselined, make_critic
from iconlearn.theory.information.densities import GaussianConditional
from iconlearn.theory.information.estimators import CRITIC, Estimator
from iconlearn.theory.information.fitting import Fit, fit_scores

OWNER = "mutual_information"
LARGEST_BATCH = 256  # of those that are chosen here
Exact = Callable[[np.ndarray, np.ndarray], Any]
Split = tuple[np.ndarray, np.ndarray, np.ndarray]  # rows to learn from, to validate with, to test on


@dataclass(frozen=True)
class Settings:
    """How to learn, and on which shares of the rows."""

    width: int
    batch_size: int | None
    max_iter: int
    lr: float
    patience: int
    validation_share: float
    test_share: float
    given: Split | None = None

    def __post_init__(self) -> None:
        check_number(OWNER, "width", self.width, low=1, integer=True)
        if self.batch_size is not None:
            check_number(OWNER, "batch_size", self.batch_size, low=2, integer=True)
        check_number(OWNER, "max_iter", self.max_iter, low=1, integer=True)
        check_number(OWNER, "lr", self.lr, low=0, open_low=True)
        check_number(OWNER, "patience", self.patience, low=1, integer=True)
        for name in ("validation_share", "test_share"):
            check_number(OWNER, name, getattr(self, name), low=0.05, high=0.9)

    def split(self, n: int, rng: np.random.Generator) -> Split:
        """Rows to learn from, to validate with and to test on: as given, or at random."""
        if self.given is not None:
            return check_split(self.given, n)
        test, validation = round(n * self.test_share), round(n * self.validation_share)
        learn = n - test - validation
        if min(learn, test, validation) < 2:
            raise OptionError(
                f"{OWNER}: validation_share={self.validation_share:g} and test_share={self.test_share:g} of {n} rows "
                f"leave {learn} to learn from, {validation} for validation and {test} for the test; give each 2 or more"
            )
        order = rng.permutation(n)
        return order[:learn], order[learn : learn + validation], order[learn + validation :]

    def batch(self, n_test: int, n_learn: int | None = None) -> int:
        """Rows of a batch, of which the test holds at least one."""
        if self.batch_size is None:
            return max(2, min(LARGEST_BATCH, n_test // 2, n_test if n_learn is None else n_learn // 2))
        if self.batch_size > n_test:
            raise OptionError(
                f"{OWNER}: batch_size={self.batch_size} but there are {n_test} test rows; give a smaller batch_size, "
                "more rows or a larger test_share"
            )
        return self.batch_size


def check_split(given: Any, n: int) -> Split:
    """Three arrays of row numbers, two rows or more in each and none in two of them."""
    form = f"{OWNER}: split must be three arrays of row numbers below {n}: to learn from, to validate with, to test on"
    parts = tuple(np.asarray(part) for part in given) if isinstance(given, (tuple, list)) else ()
    if len(parts) != 3 or any(part.ndim != 1 or part.dtype.kind not in "iu" for part in parts):
        raise OptionError(f"{form}; give a tuple of three, such as np.split(order, [600, 800])")
    rows = np.concatenate(parts)
    if min(map(len, parts)) < 2 or rows.min() < 0 or rows.max() >= n:
        raise OptionError(f"{form}, two or more in each; these have {[len(part) for part in parts]} rows")
    if len(np.unique(rows)) < len(rows):
        raise OptionError(
            f"{form}, none in two of them or twice in one; {len(rows) - len(np.unique(rows))} are"
        )
    return parts  # type: ignore[return-value]


@dataclass(frozen=True)
class Measured:
    """A value on test rows, and what it was measured on."""

    nats: float
    standard_error: float
    critic: str
    n_test: int
    batch_size: int
    x_columns: int
    y_columns: int
    options: Mapping[str, Any]
    repeated: int = 0
    fit: Fit | None = None


@dataclass(frozen=True)
class Task:
    """An estimator with its options, and how to learn."""

    row: Estimator
    options: Mapping[str, Any]
    settings: Settings

    def of_all_rows(self, x: np.ndarray, y: np.ndarray) -> Measured:
        """The mean of the terms of an estimator that learns nothing, of all rows or the given test rows."""
        if self.settings.given is not None:
            test = check_split(self.settings.given, len(x))[2]
            x, y = x[test], y[test]
        x, y = x[:, varying(x)], y[:, varying(y)]
        terms = self.row.value(x, y, **self.options)
        ties = repeated(x, y)
        return self._measured(terms, "none", (x, y), len(x), len(x), repeated=ties)

    def of_exact(self, x: np.ndarray, y: np.ndarray, critic: Exact, rng: np.random.Generator) -> Measured:
        """The value with an exact critic or density, of all rows in random order."""
        order = (
            rng.permutation(len(x)) if self.settings.given is None else self.settings.split(len(x), rng)[2]
        )
        size = self.settings.batch(len(order))
        own = self.row.settle(self.options, y, 0.0)
        values = [
            float(self.row.value(exact_scores(critic, x[rows], y[rows]), **own))
            for rows in batches(order, size)
        ]
        return self._measured(values, "exact", (x, y), len(order), size)

    def of_learned(
        self, x: np.ndarray, y: np.ndarray, critic: str | nn.Module | None, rng: np.random.Generator
    ) -> Measured:
        """The value on test rows with a critic or density that others taught."""
        assert self.row.objective is not None
        x, y = x[:, varying(x)], y[:, varying(y)]
        learn, validate, test = self.settings.split(len(x), rng)
        size = self.settings.batch(len(test), len(learn))
        scales = Scale.of(x[learn]), Scale.of(y[learn])
        x, y = scales[0].apply(x), scales[1].apply(y)
        own = self.row.settle(self.options, y, scales[1].log_volume)
        self.row.value(torch.zeros(2, 2), **own)  # refuses bad options before the fit, not after it
        sides = torch.from_numpy(x).float(), torch.from_numpy(y).float()
        name, model = self._model(critic, x.shape[1], y.shape[1])
        bound = self.row.objective(**self.options)
        fit = fit_scores(
            model,
            bound,
            self.row.judge or bound,
            (sides[0][learn], sides[1][learn]),
            (sides[0][validate], sides[1][validate]),
            batch_size=size,
            max_iter=self.settings.max_iter,
            lr=self.settings.lr,
            patience=self.settings.patience,
            seed=int(rng.integers(2**31)),
        )
        with torch.no_grad():
            values = [
                float(self.row.value(model(sides[0][rows], sides[1][rows]).double(), **own))
                for rows in batches(test, size)
            ]
        return self._measured(values, name, (x, y), len(test), size, fit=fit)

    def _model(self, critic: str | nn.Module | None, x_columns: int, y_columns: int) -> tuple[str, nn.Module]:
        """The critic or density to learn, and its name."""
        width = self.settings.width
        if isinstance(critic, nn.Module):
            name, model = type(critic).__name__, copy.deepcopy(critic)
        elif self.row.learns == CRITIC:
            name = critic or "separable"
            model = make_critic(name, x_columns, y_columns, width)
        else:
            name, model = "Gaussian density", GaussianConditional(x_columns, y_columns, width)
        return name, Baselined(model, y_columns, width) if self.row.baseline else model

    def _measured(
        self, values: Any, critic: str, sides: tuple, n_test: int, size: int, **more: Any
    ) -> Measured:
        mean, error = mean_and_error(np.asarray(values))
        return Measured(
            mean, error, critic, n_test, size, sides[0].shape[1], sides[1].shape[1], self.options, **more
        )


def mean_and_error(values: np.ndarray) -> tuple[float, float]:
    """The mean and its standard error; NaN of a single value, or of infinite ones."""
    mean = float(values.mean())
    if len(values) < 2 or not math.isfinite(mean):
        return mean, math.nan
    return mean, float(values.std(ddof=1) / math.sqrt(len(values)))


def batches(rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows in whole batches; what is left over is left out."""
    return np.split(rows[: len(rows) // size * size], len(rows) // size)


def exact_scores(critic: Exact, x: np.ndarray, y: np.ndarray) -> Tensor:
    """What an exact critic says of all pairs, checked."""
    scores = torch.from_numpy(np.array(to_array(critic(x, y), "critic(x, y)"), dtype=np.float64))
    if scores.shape != (len(x), len(y)) or bool(scores.isnan().any()):
        raise InputError(
            f"{OWNER}: critic(x, y) of {len(x)} and {len(y)} rows gave shape {tuple(scores.shape)} with "
            f"{int(scores.isnan().sum())} NaN; a number for every row of x with every row of y is needed, ({len(x)}, "
            f"{len(y)})"
        )
    return scores
