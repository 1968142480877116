"""What an estimator says of itself: every parameter told, every example run, every attribute there."""

from __future__ import annotations

import doctest
import inspect
import re

import pytest
from toys import NAMES, ROWS

from iconlearn.estimators import ESTIMATORS
from iconlearn.estimators.glossary import PARAMETERS, UNKNOWN
from iconlearn.estimators.options import OPTIONS, options_of

ESTIMATOR_OF = {row.name: ESTIMATORS[row.estimator] for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_the_docstring_tells_the_truth(row):
    cls = ESTIMATOR_OF[row.name]
    text = cls.__doc__
    assert UNKNOWN not in text
    assert max(map(len, text.splitlines())) <= 110
    told = re.findall(r"^(\w+) : .*, default (.+)$", text, re.MULTILINE)
    signature = inspect.signature(cls).parameters
    assert [(name, repr(p.default)) for name, p in signature.items()] == told
    names: dict = {}
    (example,) = doctest.DocTestFinder(recurse=False).find(cls, row.estimator, module=False, globs=names)
    assert len(example.examples) >= 5
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE, verbose=False)
    assert runner.run(example, clear_globs=False).failed == 0
    attributes = re.findall(r"^(\w+_) : ", text, re.MULTILINE)
    optional = {"feature_names_in_", "diagnostics_"} | (set() if row.needs_labels else {"classes_"})
    estimator = example.globs["estimator"]
    for name in set(attributes) - optional:
        assert hasattr(estimator, name), name
    public = {name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")}
    assert public <= set(attributes)


def test_the_glossary_and_the_options_are_of_use():
    used = {name for row in ROWS for name in row.parameters}
    assert set(PARAMETERS) == used
    assert {name for row in ROWS for name in options_of(row)} == set(OPTIONS)
    assert not set(OPTIONS) & used
