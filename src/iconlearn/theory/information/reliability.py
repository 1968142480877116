"""When not to trust an estimate: each function looks for one reason, and says it in a sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEW_ROWS = 200
NEAR_CEILING = 0.5  # nats
LARGE_ERROR = 0.1  # nats
MANY_COLUMNS = 5  # of x and y together


@dataclass(frozen=True)
class Outcome:
    """An estimate and what it was made of."""

    nats: float
    ceiling: float
    n_test: int
    batch_size: int
    x_columns: int
    y_columns: int
    repeated: int  # rows of x or of y, whichever are more, that are equal to one before
    options: Mapping[str, Any]

    @property
    def saturated(self) -> bool:
        """Is it so near its ceiling that the information may as well be far more?"""
        return self.nats > self.ceiling - NEAR_CEILING


def near_the_ceiling(seen: Outcome) -> str | None:
    """Bounds that cannot exceed a number."""
    if not seen.saturated:
        return None
    return (
        f"saturated: {seen.nats:.2f} nats are within {NEAR_CEILING} of the ceiling {seen.ceiling:.2f} of "
        f"{seen.batch_size} rows at a time, so the information may be far more; evaluate larger batches"
    )


def few_rows(seen: Outcome) -> str | None:
    """What is measured on few rows."""
    if seen.n_test >= FEW_ROWS:
        return None
    return f"only {seen.n_test} test rows, of which fewer than {FEW_ROWS} are too few for a standard error"


def heavy_tail(seen: Outcome) -> str | None:
    """Means of e^s: with the exact critic their variance is at least (e^I - 1) over the number of pairs."""
    terms = max(1, seen.n_test // seen.batch_size) * seen.batch_size * (seen.batch_size - 1)
    error = math.sqrt(math.expm1(min(max(seen.nats, 0.0), 700.0)) / terms)
    if error < LARGE_ERROR:
        return None
    return (
        f"at {seen.nats:.2f} nats the mean of e^s over {terms} pairs has a standard error of at least {error:.2g} even "
        "with the exact critic (Song and Ermon 2020); the spread between batches does not show it"
    )


def plug_in(seen: Outcome) -> str | None:
    """Logs of means over a batch."""
    return "the log of a mean over a batch errs upwards: on mini-batches this is neither a lower nor an upper bound"


def clipped(seen: Outcome) -> str | None:
    """SMILE."""
    return (
        f"clipping at tau={seen.options['tau']:g} errs upwards where the information is large: this is neither a lower "
        "nor an upper bound"
    )


def misspecified(seen: Outcome) -> str | None:
    """Differences of a density that was learned."""
    return "bounds the information only as far as q(y|x) is right: a Gaussian with independent columns was fitted"


def gaussian_entropy(seen: Outcome) -> str | None:
    """Barber and Agakov's bound without the entropy of y."""
    if seen.options["entropy"] != "gaussian":
        return None
    return (
        "the entropy of y was taken to be that of a Gaussian with the same covariance, which is the most it can be: a "
        "lower bound only where y is Gaussian; give entropy= where it is known"
    )


def linear_only(seen: Outcome) -> str | None:
    """Canonical correlations."""
    bias = seen.x_columns * seen.y_columns / (2 * seen.n_test)
    if math.isinf(seen.nats):
        return "infinite, because a linear function of x is one of y"
    return (
        f"assumes jointly Gaussian x and y, and errs upwards by about {bias:.2g} nats (columns of x times columns of y "
        "over twice the rows)"
    )


def many_dimensions(seen: Outcome) -> str | None:
    """Neighbours in many dimensions."""
    total = seen.x_columns + seen.y_columns
    if total < MANY_COLUMNS:
        return None
    return (
        f"unreliable: x and y have {total} columns together, and from {MANY_COLUMNS} on neighbours miss much of the "
        "information (of two times five columns at 5 nats a third, of two times twenty at 10 four fifths)"
    )


def repeated_rows(seen: Outcome) -> str | None:
    """Neighbours at distance 0."""
    if not seen.repeated:
        return None
    return f"{seen.repeated} rows repeat others, but neighbours assume a density: discrete data break the estimate"
