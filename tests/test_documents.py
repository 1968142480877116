"""Every example in the docstrings, the README, CONTRIBUTING and the guides runs, and what they name is there."""

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
from pathlib import Path

import pytest

import iconlearn
from test_layers import LAYER

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(iconlearn.__path__, "iconlearn.") if "__main__" not in m.name
)


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    outcome = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert outcome.failed == 0


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", "docs/features.md"]
)  # guides: unit/test_pages.py
def test_code_blocks_run_in_order(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert blocks
    names: dict = {"__name__": page}
    with contextlib.redirect_stdout(io.StringIO()):
        for block in blocks:
            exec(compile(block, page, "exec"), names)


def test_contributing_names_every_module():
    named = {name.rstrip("/") for name in re.findall(r"`(\w+/?)`", (ROOT / "CONTRIBUTING.md").read_text())}
    missing = set(LAYER) - named
    assert not missing, f"CONTRIBUTING.md: add to the table of layers: {sorted(missing)}"


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("docs/guide/*.md")], ids=lambda p: p.stem
)
def test_pictures_are_there(path):
    pictures = re.findall(r"!\[[^\]]*\]\((?!_generated)([^)]+)\)", path.read_text())
    assert not [name for name in pictures if not (path.parent / name).exists()]
