"""The page of misprints: corrected forms are what the library computes, printed forms are not."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"
COUNT = 17


@pytest.fixture(scope="module")
def misprints() -> ModuleType:
    spec = importlib.util.spec_from_file_location("misprints", DOCS / "misprints.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_the_correct_form_is_the_library_and_the_printed_one_is_not(misprints, number):
    entry = misprints.misprint(number)
    assert entry.id == number
    assert all((entry.title, entry.printed, entry.correct, entry.why, entry.figures))
    for figure in entry.figures:
        assert math.isfinite(figure.correct), figure.what
        assert figure.printed != pytest.approx(figure.correct, rel=1e-2, abs=1e-2), figure.what
        if number == 16:  # of the paper's own table alone
            assert figure.library is None
        else:
            assert figure.library == pytest.approx(figure.correct, rel=1e-9), figure.what


def test_the_gains_are_those_of_the_table_of_the_paper(misprints):
    """Table 2: ViT-B 64.75 against TEMI's 58.62, ViT-L 67.52 against SCAN's 60.15."""
    assert [f.correct for f in misprints.misprint(16).figures] == pytest.approx([6.13, 7.37])


def test_the_page_is_what_the_module_prints(misprints, capsys):
    assert len(misprints.ENTRIES) == len(misprints.TEXTS) == COUNT
    misprints.main()
    assert capsys.readouterr().out == (DOCS / "misprints.md").read_text(encoding="utf-8")
