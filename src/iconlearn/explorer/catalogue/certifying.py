"""The certificate of a method as lines: what is claimed, what was measured, what it must be, and whether it is."""

from __future__ import annotations

import math
import time
from functools import cache
from threading import Lock
from typing import Any

from iconlearn.claim import LIMIT
from iconlearn.methods import Method, method
from iconlearn.verification import Certificate, verify
from iconlearn.verification.certificate import SLOWEST, TOLERANCE

VERIFYING = Lock()  # one at a time: pages can wait, and a run needs the processor


def certificate(name: str) -> dict[str, Any]:
    """The certificate of a method, computed once.

    Parameters
    ----------
    name : str

    Returns
    -------
    dict
        "state" ("done"), "passed", "kind", "statement", "reference", "seconds", and "lines": each has "claim",
        "measured" (None where it is infinite), "words" (the same as text), "bound" and "holds".

    Raises
    ------
    OptionError
        If there is no such method.
    InputError
        If the reference of a method of the user's fails.

    Examples
    --------
    >>> [line["holds"] for line in certificate("sne")["lines"]]
    [True, True]
    """
    return certified(method(name))


@cache
def certified(row: Method) -> dict[str, Any]:
    """The certificate of a row of the table."""
    with VERIFYING:
        began = time.perf_counter()
        found = verify(row.name)
        seconds = time.perf_counter() - began
    return {
        "state": "done",
        "passed": found.passed,
        "kind": found.kind,
        "statement": found.statement,
        "reference": found.reference,
        "lines": lines(found),
        "seconds": seconds,
    }


def lines(found: Certificate) -> list[dict[str, Any]]:
    """What was measured, line by line."""
    told = [
        line("the loss equals the reference: largest relative error", found.value_error, TOLERANCE),
        line("so does its gradient: largest relative error", found.gradient_error, TOLERANCE),
    ]
    if found.rate is not None or found.kind == LIMIT:
        rate = found.rate or 0.0
        words = "reached at once" if math.isinf(rate) else f"{rate:.1f}"
        claim = "the error of the limit falls with every tenfold step, at least by the factor"
        told.append(line(claim, rate, SLOWEST, words, holds=rate >= SLOWEST))
    return told


def line(
    claim: str, measured: float, bound: float, words: str | None = None, *, holds: bool | None = None
) -> dict[str, Any]:
    """One line; without ``holds`` the bound is one from above."""
    return {
        "claim": claim,
        "measured": measured if math.isfinite(measured) else None,
        "words": words or f"{measured:.1e}",
        "bound": bound,
        "holds": bool(measured <= bound if holds is None else holds),
    }
