"""Argument checks; every message has the form «owner: argument=value, what is allowed; what to do»."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable
from typing import Any

from iconlearn._errors import OptionError

MOST_LISTED = 20  # names in a message


def nearest_name(name: str, allowed: Iterable[str]) -> str:
    """A « (did you mean ...?)» for a misspelt name, or nothing."""
    close = difflib.get_close_matches(str(name), list(allowed), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def check_choice(owner: object, argument: str, value: Any, allowed: Collection[str]) -> Any:
    """Refuse a value that is not one of ``allowed``, naming the nearest."""
    if value not in allowed:
        names = f"allowed: {', '.join(map(repr, sorted(allowed)))}"
        if len(allowed) > MOST_LISTED:
            close = difflib.get_close_matches(str(value), list(allowed), n=5, cutoff=0.3)
            names = f"the nearest of {len(allowed)} are {', '.join(map(repr, close)) or 'none'}"
        raise OptionError(f"{owner}: {argument}={value!r} is unknown; {names}{nearest_name(value, allowed)}")
    return value


def check_names(owner: object, given: Iterable[str], allowed: Collection[str]) -> None:
    """Refuse option names outside ``allowed``, naming the nearest."""
    for name in given:
        if name not in allowed:
            names = ", ".join(sorted(allowed)) or "none"
            raise OptionError(
                f"{owner} has no option {name!r}; options: {names}{nearest_name(name, allowed)}"
            )


def check_number(
    owner: object,
    argument: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    integer: bool = False,
    hint: str = "",
) -> Any:
    """Refuse anything but a number in [low, high] (or (low, high] with ``open_low``)."""
    kind = "an integer" if integer else "a number"
    good_type = not isinstance(value, bool) and hasattr(value, "__int__" if integer else "__float__")
    try:
        number = float(value) if good_type else math.nan
    except (TypeError, ValueError, RuntimeError, OverflowError):  # an array, a number too long
        number = math.nan
    if integer and not number.is_integer():
        number = math.nan
    if not ((low < number if open_low else low <= number) and number <= high):
        bounds = f"{'(' if open_low else '['}{low:g}, {high:g}]"
        raise OptionError(
            f"{owner}: {argument}={value!r} must be {kind} in {bounds}{'; ' + hint if hint else ''}"
        )
    return int(value) if integer else float(value)
