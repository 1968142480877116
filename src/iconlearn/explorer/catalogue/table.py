"""The periodic table as JSON: axes, families, cells, and every method with all that its cell shows."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from iconlearn._describe import show
from iconlearn.data.builtin import EXAMPLES
from iconlearn.explorer.catalogue.choices import options, parameters
from iconlearn.explorer.catalogue.spans import formula, spans
from iconlearn.intake import CAPTIONED, INTAKES, ROWS
from iconlearn.methods import COLUMNS, FAMILIES, LEARNED, METHODS, Method
from iconlearn.pages.axes import KERNELS, TARGETS, greek
from iconlearn.pages.cite import bibtex, paper_title
from iconlearn.pages.code import estimator_code, icon_code, shown
from iconlearn.pages.equation import equation
from iconlearn.pages.page import IMAGE, STATUS, example_shape
from iconlearn.recipes import SPECIMEN
from iconlearn.viz.periodic import FAMILY_COLORS

FOREIGN = "{} learns from {}, which the explorer cannot read; fit its estimator in Python"
NOBODY = {
    "gap": "Nobody has named it: the I-Con paper predicts it, and it is made here.",
    "blank": "Nobody has named it: the I-Con paper leaves its cell empty, and it is made here.",
}
SHAPES = (SPECIMEN, IMAGE)  # what mappers are asked for: images may get another one


def table(names: Collection[str] | None = None) -> dict[str, Any]:
    """The whole table, as ``api/table`` of the explorer sends it; every value is one of JSON.

    Parameters
    ----------
    names : collection of str, optional
        Only these are among "methods", as in an exported page.

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
        "methods": [entry(row) for row in METHODS.values() if names is None or row.name in names],
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


def sentence(words: str) -> str:
    """Words with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."


@cache
def entry(row: Method) -> dict[str, Any]:
    """All that the page says of a method."""
    recipe = row.recipe()
    told = equation(recipe, SHAPES)
    return {
        "name": row.name,
        "title": row.title,
        "family": row.family,
        "status": row.status,
        "status_words": NOBODY.get(row.status) or sentence(STATUS[row.status]),
        "named": row.status not in NOBODY,
        "column": row.target,
        "row": row.learned,
        "on_grid": on_grid(row),
        "paper": row.paper,
        "takes": row.takes.name,
        "takes_words": row.takes.words,
        "needs_labels": row.needs_labels,
        "clusters": row.clusters,
        "latex": list(told.lines),
        "equation": [formula(line, block=True) for line in told.lines],
        "notes": [spans(note) for note in told.notes],
        "p": shown(repr(recipe.target_dist)),
        "q": shown(repr(recipe.learned_dist)),
        "divergence": recipe.divergence,
        "mapper": [spans(note) for note in told.notes if note.startswith(("$z_i$:", "$c_j$:"))],
        **code(row),
        "citation": bibtex(row.paper, paper_title(row)),
        "rewards": spans(row.rewards),
        "degenerates": spans(row.degenerates),
        "training": {name: show(value) for name, value in row.fit.items()},
        "parameters": parameters(row),
        "options": options(row),
        "example": EXAMPLES.get(row.takes.name),
        "runnable": row.takes.name in INTAKES,
        "why_not": None if row.takes.name in INTAKES else FOREIGN.format(row.name, row.takes.words),
    }


def code(row: Method) -> dict[str, str]:
    """The method as code, by its parts and as an estimator; none of a form that no built-in data set has."""
    if row.takes.name not in EXAMPLES:
        return {"code": "", "estimator_code": ""}
    shape = example_shape(EXAMPLES[row.takes.name], row.needs_labels, row.takes in (ROWS, CAPTIONED))
    return {"code": icon_code(row, shape), "estimator_code": estimator_code(row, shape)}
