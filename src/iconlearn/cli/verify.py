"""``iconlearn verify``: the certificates of the methods."""

from __future__ import annotations

import json
import math
import sys
from typing import Annotated, Any

import typer

from iconlearn.claim import KINDS
from iconlearn.cli.app import app
from iconlearn.methods import METHODS, Method, method
from iconlearn.verification import Certificate, certify

KEYS = ("method", "cell", "kind", "reference", "value_error", "gradient_error", "rate", "passed")
HEADS = ("method", "cell", "kind", "value", "gradient", "rate", "verdict", "reference")


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[METHOD]...", help="Rows of `iconlearn methods`; all by default."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects instead.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Compare each METHOD with independent formulas of its published loss, in value, gradient and rate.

    Exits with 1 if a certificate fails.
    """
    rows = [method(name) for name in names or METHODS]
    certificates = [certify(row) for row in rows] if as_json else show(rows)
    if as_json:
        print(json.dumps([as_object(c) for c in certificates], indent=2, allow_nan=False))
    if not all(c.passed for c in certificates):
        raise typer.Exit(1)


def show(rows: list[Method]) -> list[Certificate]:
    """One line a method, each as soon as it is known, and the counts."""
    widths = [
        max(map(len, (HEADS[0], *(row.name for row in rows)))),
        max(map(len, (HEADS[1], *(row.cell for row in rows)))),
        max(map(len, KINDS)),
        *(len("1.0e-16"), len("gradient"), len("9999.9"), len("verdict"), 0),
    ]
    line(HEADS, widths, "bold")
    certificates = []
    for row in rows:
        certificates.append(certify(row))
        line(cells(certificates[-1]), widths, "green" if certificates[-1].passed else "bold red")
    failed = sum(not c.passed for c in certificates)
    kinds = [(kind, sum(c.kind == kind for c in certificates)) for kind in KINDS]
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds if count)
    print(f"{len(certificates) - failed} passed, {failed} failed: {counts}")
    return certificates


def cells(c: Certificate) -> tuple[str, ...]:
    """What is printed of a certificate."""
    rate = "-" if c.rate is None else f"{c.rate:.1f}" if c.rate < 1e4 else f"{c.rate:.0e}"
    errors = f"{c.value_error:.1e}", f"{c.gradient_error:.1e}"
    return c.method, c.cell, c.kind, *errors, rate, "passed" if c.passed else "FAILED", c.reference


def line(texts: tuple[str, ...], widths: list[int], style: str) -> None:
    """An aligned line; on a terminal the method and the verdict are coloured and nothing is cut."""
    padded = [text.ljust(width) for text, width in zip(texts, widths, strict=True)]
    if not sys.stdout.isatty():
        print("  ".join(padded).rstrip(), flush=True)
        return
    from rich.console import Console
    from rich.text import Text

    parts = [Text(text, style if k in (0, 6) else "") for k, text in enumerate(padded)]
    Console(highlight=False).print(Text("  ").join(parts), soft_wrap=True)


def as_object(c: Certificate) -> dict[str, Any]:
    """A certificate in JSON; what is not a finite number is null."""
    found = {key: getattr(c, key) for key in KEYS}
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in found.items()}
