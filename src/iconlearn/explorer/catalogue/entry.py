"""All that a cell shows of its method, as JSON."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from iconlearn._describe import show
from iconlearn.data.builtin import EXAMPLES
from iconlearn.explorer.catalogue.choices import options, parameters
from iconlearn.explorer.catalogue.spans import formula, spans
from iconlearn.explorer.catalogue.table import NOBODY, head, table
from iconlearn.intake import CAPTIONED, INTAKES, ROWS
from iconlearn.methods import METHODS, Method
from iconlearn.pages.cite import bibtex, paper_title
from iconlearn.pages.code import estimator_code, icon_code, shown
from iconlearn.pages.equation import equation
from iconlearn.pages.page import IMAGE, STATUS, example_shape
from iconlearn.recipes import SPECIMEN

FOREIGN = "{} learns from {}, which the explorer cannot read; fit its estimator in Python"
SHAPES = (SPECIMEN, IMAGE)  # what mappers are asked for: images may get another one


@cache
def entry(row: Method) -> dict[str, Any]:
    """All that the page says of a method."""
    recipe = row.recipe()
    told = equation(recipe, SHAPES)
    return {
        **head(row),
        "status_words": NOBODY.get(row.status) or sentence(STATUS[row.status]),
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


def sentence(words: str) -> str:
    """Words with a capital and a full stop."""
    return f"{words[:1].upper()}{words[1:]}."


def exported(names: Collection[str]) -> dict[str, Any]:
    """The table for an exported page: all axes, and whole entries of a few methods."""
    return {**table(), "methods": [entry(row) for row in METHODS.values() if row.name in names]}


def prepare() -> None:
    """Load what the code of every cell is written for; the first time, scikit-learn is imported for it."""
    for name in EXAMPLES.values():
        example_shape(name, False, False)
