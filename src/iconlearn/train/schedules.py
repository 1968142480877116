"""Schedules: numbers that depend on the step; frozen objects, so a run can be repeated and saved."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from iconlearn._checks import check_number
from iconlearn._errors import OptionError

Schedule = Callable[[int, int], float]  # (step, number of steps) -> value


@dataclass(frozen=True)
class Constant:
    """The same value at every step."""

    value: float

    def __call__(self, step: int, total: int) -> float:
        return self.value


@dataclass(frozen=True)
class Steps:
    """``values[k]`` until the step ``until[k]``, then the next; the last value to the end.

    Parameters
    ----------
    values : tuple of float
        One more than ``until``.
    until : tuple of int or float
        Ascending; a value below 1 is a share of all steps.

    Examples
    --------
    >>> early = Steps((12.0, 1.0), until=(250,))
    >>> early(249, 1000), early(250, 1000)
    (12.0, 1.0)
    """

    values: tuple[float, ...]
    until: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.until) + 1 or list(self.until) != sorted(self.until):
            raise OptionError(
                f"Steps: values={self.values} and until={self.until}; one value more than ascending ends is needed"
            )

    def ends(self, total: int) -> list[int]:
        """The steps at which the value changes."""
        return [round(end * total) if end < 1 else int(end) for end in self.until]

    def __call__(self, step: int, total: int) -> float:
        return self.values[sum(step >= end for end in self.ends(total))]


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up to ``peak``, then half a cosine down to ``end``.

    Parameters
    ----------
    peak : float
    end : float, default 0
    warmup : float, default 0.05
        Share of all steps.

    Examples
    --------
    >>> Cosine(1.0, warmup=0.0)(0, 100), round(Cosine(1.0, warmup=0.0)(50, 100), 3)
    (1.0, 0.5)
    """

    peak: float
    end: float = 0.0
    warmup: float = 0.05

    def __call__(self, step: int, total: int) -> float:
        rising = round(self.warmup * total)
        if step < rising:
            return self.peak * (step + 1) / rising
        share = (step - rising) / max(1, total - rising)
        return self.end + (self.peak - self.end) * 0.5 * (1 + math.cos(math.pi * share))


@dataclass(frozen=True)
class PerSample:
    """A step size for each sample: times the number of samples of the run.

    The gradient of a mean over n rows falls as 1 / n on the row that it belongs to, so steps of maps grow with n.

    Parameters
    ----------
    schedule : float or schedule

    Examples
    --------
    >>> PerSample(Steps((0.02, 1.0), until=(0.25,))).of(1000)(0, 400)
    20.0
    """

    schedule: float | Schedule

    def of(self, n: int) -> Times:
        """The schedule for n samples."""
        return Times(as_schedule("lr", self.schedule), n)


@dataclass(frozen=True)
class Times:
    """A schedule times a number."""

    schedule: Schedule
    factor: float

    def __call__(self, step: int, total: int) -> float:
        return self.factor * self.schedule(step, total)


def as_schedule(name: str, value: float | Schedule) -> Schedule:
    """A number as a constant schedule; a callable as it is."""
    if callable(value):
        return value
    return Constant(check_number("fit", name, value, low=0))
