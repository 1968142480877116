"""The periodic table as JSON: axes, families, cells, and what they show of the methods in them."""

from __future__ import annotations

from typing import Any

from iconlearn.explorer.catalogue.spans import formula
from iconlearn.methods import COLUMNS, FAMILIES, LEARNED, METHODS, Method
from iconlearn.pages.axes import KERNELS, TARGETS, greek
from iconlearn.viz.periodic import FAMILY_COLORS

NOBODY = {
    "gap": "Nobody has named it: the I-Con paper predicts it, and it is made here.",
    "blank": "Nobody has named it: the I-Con paper leaves its cell empty, and it is made here.",
}


def table() -> dict[str, Any]:
    """The whole table, as ``api/table`` of the explorer sends it; every value is one of JSON.

    Returns
    -------
    dict
        "columns" and "rows" (name, symbol, formula), "families" (name, color), "cells" (column, row, methods) and
        "methods", those that users have registered too.

    Examples
    --------
    >>> found = table()
    >>> len(found["columns"]), len(found["rows"]), len(found["cells"])
    (9, 5, 45)
    """
    return {
        "columns": [axis(name, TARGETS[name]) for name in COLUMNS],
        "rows": [axis(name, KERNELS[name]) for name in LEARNED],
        "families": [
            {"name": name, "color": color} for name, color in zip(FAMILIES, FAMILY_COLORS, strict=True)
        ],
        "cells": [cell(column, learned) for learned in LEARNED for column in COLUMNS],
        "methods": [head(row) for row in METHODS.values()],
    }


def axis(name: str, mathtext: str) -> dict[str, str]:
    """A column or row of the table."""
    latex = " ".join(mathtext.replace("$", "").split())
    return {"name": name, "symbol": greek(name), "latex": latex, "formula": formula(latex)}


def on_grid(row: Method) -> bool:
    """Has the method a cell of its own?"""
    return row.status != "off-grid" and row.target in COLUMNS and row.learned in LEARNED


def cell(column: str, learned: str) -> dict[str, Any]:
    """The methods of one cell of the grid, those that somebody has named first."""
    here = [
        row for row in METHODS.values() if on_grid(row) and (row.target, row.learned) == (column, learned)
    ]
    named = any(row.status not in NOBODY for row in here)
    return {"column": column, "row": learned, "methods": [row.name for row in here], "named": named}


def head(row: Method) -> dict[str, Any]:
    """What the table shows of a method."""
    return {
        "name": row.name,
        "title": row.title,
        "family": row.family,
        "status": row.status,
        "named": row.status not in NOBODY,
        "column": row.target,
        "row": row.learned,
        "on_grid": on_grid(row),
        "paper": row.paper,
    }
