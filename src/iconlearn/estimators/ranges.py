"""What values hyper-parameters may have, for those who offer them: the bounds of the library's own checks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import OptionError
from iconlearn.divergences import DIVERGENCES
from iconlearn.methods import Method
from iconlearn.methods.clusterings import SIDES
from iconlearn.metrics import METRICS

WHOLE, NUMBER, SWITCH, CHOICE, TEXT = KINDS = ("int", "float", "bool", "choice", "text")
LARGEST = 2.0**53  # whole numbers beyond are not the same in every language


@dataclass(frozen=True)
class Range:
    """The values of one option.

    Attributes
    ----------
    kind : str
        One of ``KINDS``.
    low, high : float
        Bounds, which belong to the range, but for ``low`` with ``open_low``.
    open_low : bool
    optional : bool
        Whether None is a value too.
    choices : tuple of str
        Of a choice.
    most : float
        More is allowed, but needs more memory than a page should ask for.
    """

    kind: str
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    optional: bool = False
    choices: tuple[str, ...] = ()
    most: float = math.inf

    def check(self, owner: str, name: str, value: Any) -> Any:
        """The value, of the type of the range.

        Raises
        ------
        OptionError
            If it is of another type, or outside.

        Examples
        --------
        >>> Range(NUMBER, low=0, high=1).check("t-sne", "alpha", 1)
        1.0
        """
        if value is None and self.optional:
            return None
        if self.kind == SWITCH:
            return check_switch(owner, name, value)
        if self.kind in (WHOLE, NUMBER):
            if isinstance(value, str) or (self.kind == WHOLE and isinstance(value, float)):
                need = "a whole number" if self.kind == WHOLE else "a number"
                raise OptionError(
                    f"{owner}: {name}={value!r} must be {need}; write it without quotes or point"
                )
            high = min(self.high, self.most, LARGEST if self.kind == WHOLE else math.inf)
            whole = self.kind == WHOLE
            return check_number(
                owner, name, value, low=self.low, high=high, open_low=self.open_low, integer=whole
            )
        if not isinstance(value, str):
            raise OptionError(f"{owner}: {name}={value!r} must be text; put it into quotes")
        return check_choice(owner, name, value, self.choices) if self.kind == CHOICE else value


def check_switch(owner: str, name: str, value: Any) -> bool:
    """A value that is true or false."""
    if not isinstance(value, bool):
        raise OptionError(f"{owner}: {name}={value!r} must be true or false; give one of them")
    return value


def whole(low: int, most: float) -> Range:
    """Whole numbers from ``low`` on."""
    return Range(WHOLE, low=low, most=most)


def positive(high: float = math.inf) -> Range:
    """Numbers above 0."""
    return Range(NUMBER, low=0, open_low=True, high=high)


def between(low: float, high: float) -> Range:
    """Numbers from ``low`` to ``high``."""
    return Range(NUMBER, low=low, high=high)


SHARE, WEIGHT = between(0, 1), between(0, 1e30)
RANGES: Mapping[str, Range] = {
    "alpha": SHARE,
    "beta": positive(100),
    "balance": replace(between(0, 1e6), optional=True),
    "context": whole(1, 1024),
    "covariance": WEIGHT,
    "debias": Range(CHOICE, choices=SIDES),
    "df": positive(),
    "divergence": Range(CHOICE, choices=tuple(DIVERGENCES)),
    "embedding_dim": whole(1, 4096),
    "entropy": between(0, 1e6),
    "exponent": positive(1e6),
    "hidden": whole(0, 8192),
    "invariance": WEIGHT,
    "margin": WEIGHT,
    "metric": Range(CHOICE, choices=tuple(METRICS)),
    "negatives": Range(CHOICE, choices=("all", "semi-hard")),
    "n_clusters": whole(1, 10_000),
    "n_components": whole(1, 1024),
    "n_neighbors": whole(1, 10_000),
    "num_views": whole(2, 32),
    "perplexity": Range(NUMBER, low=1, open_low=True, high=1e9),
    "pretraining": between(0, 0.9),
    "rate": SHARE,
    "share": positive(1e9),
    "sigma": between(0, 1e3),
    "sizes": between(0, 1 - 1e-9),
    "steps": whole(1, 100),
    "tau_plus": between(0, 1 - 1e-6),
    "target_temperature": positive(1e6),
    "teacher": SHARE,
    "temperature": positive(1e6),
    "variance": WEIGHT,
    "views": whole(1, 32),
}
# Where a method takes other values than its name says.
OWN: Mapping[tuple[str, str], Range] = {
    ("infonce-clustering", "n_neighbors"): whole(0, 10_000),
    ("normalized-cuts", "temperature"): positive(1e30),
}


def range_of(row: Method, name: str) -> Range:
    """The values that a hyper-parameter may have; of one of the user's, those of the type of its default.

    Examples
    --------
    >>> from iconlearn import METHODS
    >>> range_of(METHODS["t-sne"], "perplexity").low
    1
    """
    default = row.parameters[name]
    found = OWN.get((row.name, name), RANGES.get(name))
    if found is not None and holds(found, default):
        return found
    kinds = {bool: SWITCH, int: WHOLE, float: NUMBER}
    return Range(kinds.get(type(default), TEXT), optional=default is None)


def holds(values: Range, default: Any) -> bool:
    """Is this a value of the range?"""
    try:
        values.check("", "", default)
    except OptionError:
        return False
    return True
