"""Imports point down the layers, run in no cycle, hide in no function, and load nothing heavy."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from pathlib import Path

import iconlearn

ROOT = Path(iconlearn.__file__).parent
LAYERS: tuple[str, ...] = (
    "_errors _checks _numerics _describe _version",
    "points support metrics bandwidth neighbors data",
    "conditional distributions registry",
    "divergences engines",
    "mappers inputs",
    "core explain objective",
    "train evaluation viz model",
    "methods recording persistence",
    "estimators",
    "cli run",
)
LAYER = {name: layer for layer, names in enumerate(LAYERS) for name in names.split()}
FILES = {".".join(p.relative_to(ROOT).with_suffix("").parts): p for p in ROOT.rglob("*.py")}
MODULES = {name.removesuffix(".__init__"): p for name, p in FILES.items() if name != "__init__"}


def own_imports(node: ast.AST, *, inside: bool = False) -> list[tuple[str, bool]]:
    """(module of this package, is it inside a function?) for every import that runs."""
    found: list[tuple[str, bool]] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"relative import at line {child.lineno}"
            names = [f"{child.module}.{alias.name}" for alias in child.names]
        else:
            names = [alias.name for alias in child.names] if isinstance(child, ast.Import) else []
        for name in (n.removeprefix("iconlearn.") for n in names if n.startswith("iconlearn.")):
            found.append((name if name in MODULES else name.rpartition(".")[0] or "__init__", inside))
        found += own_imports(child, inside=inside or isinstance(child, (ast.FunctionDef, ast.Lambda)))
    return found


def layer(name: str) -> int:
    """Layer of a module by the first part of its path; the package itself is above all."""
    return LAYER.get(name.split(".")[0], len(LAYERS))


GRAPH = {name: own_imports(ast.parse(path.read_text())) for name, path in MODULES.items()}


def test_every_module_has_a_layer():
    assert len(GRAPH) > 10, "the table below is empty"
    unknown = {name.split(".")[0] for name in GRAPH} - set(LAYER)
    assert not unknown, f"give these modules a layer in tests/test_layers.py: {sorted(unknown)}"


def test_imports_point_down_and_never_hide_in_functions():
    for name, imports in GRAPH.items():
        for other, inside in imports:
            assert not inside, f"{name} imports {other} inside a function"
            assert layer(other) <= layer(name), f"{name} imports {other} upwards"


def test_imports_have_no_cycle():
    list(graphlib.TopologicalSorter({k: {o for o, _ in v} for k, v in GRAPH.items()}).static_order())


def test_import_loads_nothing_heavy():
    heavy = ["matplotlib", "faiss", "pandas", "pyarrow", "typer", "rich", "sklearn"]
    code = f"import sys, iconlearn; print([m for m in {heavy} if m in sys.modules])"
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert seen.strip() == "[]", f"import iconlearn loads {seen}"
