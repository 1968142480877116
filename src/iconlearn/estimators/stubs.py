"""Type stubs of what is made at run time: ``python -m iconlearn.estimators.stubs`` writes them anew.

Estimators are classes made from the table, which a type checker or an editor does not run. The stubs tell their
signatures and docstrings; ``tests/contracts/test_stubs.py`` compares them with the table.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import iconlearn.estimators
from iconlearn.estimators.describe import describe
from iconlearn.estimators.factory import base_of
from iconlearn.estimators.options import options_of
from iconlearn.methods import METHODS, Method
from iconlearn.methods.registry import BUILT_IN

HEAD = '''"""Written by ``python -m iconlearn.estimators.stubs`` from the table of methods; do not edit."""
# ruff: noqa: I001
'''
OWN = ("iconlearn._late",)  # whose names are no part of a package
FOLDER = Path(iconlearn.estimators.__file__).parent


def stubs() -> dict[Path, str]:
    """The text of every stub, by its file."""
    return {FOLDER / "__init__.pyi": estimators(), FOLDER.parent / "__init__.pyi": package()}


def rows() -> list[Method]:
    """The rows of the library, in the order of their class names."""
    return sorted((METHODS[name] for name in BUILT_IN), key=lambda row: row.estimator)


def estimators() -> str:
    """Stub of ``iconlearn.estimators``: every class with its signature and docstring."""
    source = (FOLDER / "__init__.py").read_text()
    imports = [
        "from collections.abc import Callable, Sequence",
        "from os import PathLike",
        "from typing import Any",
        "",
        "from numpy.random import RandomState",
        "",
        *reexported(source),
        "from iconlearn.metrics import Metric",
    ]
    return text_of([HEAD, *imports, *(line for row in rows() for line in classified(row))])


def package() -> str:
    """Stub of ``iconlearn``: what its ``__init__`` imports, and the estimators."""
    source = (FOLDER.parent / "__init__.py").read_text()
    names = [f"    {row.estimator} as {row.estimator}," for row in rows()]
    lines = [*reexported(source), "from iconlearn.estimators import (", *names, ")"]
    order = sorted(grouped(lines), key=lambda group: group[0].split()[1])
    imports = [line for group in order for line in group]
    return text_of([HEAD, *imports, "", "def estimator_names() -> list[str]: ..."])


def text_of(lines: list[str]) -> str:
    """Lines as the text of a file."""
    return "\n".join(lines) + "\n"


def grouped(lines: list[str]) -> Iterator[list[str]]:
    """Import statements, each a list of its lines."""
    group: list[str] = []
    for line in lines:
        if line.startswith("from") and group:
            yield group
            group = []
        group.append(line)
    yield group


def reexported(source: str) -> Iterator[str]:
    """The imports of the package that a module makes, at once or late, as a stub says that they are public."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").startswith("iconlearn")
            and node.module not in OWN
        ):
            yield f"from {node.module} import ("
            yield from (f"    {alias.name} as {alias.name}," for alias in node.names)
            yield ")"


def classified(row: Method) -> Iterator[str]:
    """Stub of one estimator."""
    signature = inspect.signature(row.build).parameters
    yield from ("", f"class {row.estimator}({base_of(row).__name__}):")
    # What an editor shows beside the signature; the whole text is there at run time.
    first, *rest = describe(row).partition("\n\nAttributes\n")[0].replace("\\", "\\\\").splitlines()
    yield f'    """{first}'
    yield from (f"    {line}".rstrip() for line in rest)
    yield from ('    """', "")
    yield from ("    def __init__(", "        self,", "        *,")
    for name, parameter in signature.items():
        yield f"        {name}: {parameter.annotation} = {literal(parameter.default)},"
    for name, option in options_of(row).items():
        yield f"        {name}: {option.type} = {literal(option.default)},"
    yield "    ) -> None: ..."


def literal(value: object) -> str:
    """A default as code, strings in double quotes as the formatter wants them."""
    return f'"{value}"' if isinstance(value, str) else repr(value)


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text)
