"""Imports point down the layers, run in no cycle, hide in no function, and load nothing heavy."""

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import iconlearn

LAYERS = (
    "_errors _checks _parallel _compile _rows _widths _numerics _describe _late _version published _files _lock",
    "points support profile products edges metrics bandwidth neighbors data features spectral initializable pretrained",
    "conditional composed distributions",
    "divergences refusals engines",
    "processes mappers inputs door",
    "objective explain",
    "train evaluation viz extraction augmentations",
    "model recipes intake claim claims methods recording monitoring persistence",
    "estimators verification theory",
    "run pages studies lab",
    "explorer",
    "cli __main__",
)
LAYER = {name: layer for layer, names in enumerate(LAYERS) for name in names.split()}
ROOT = Path(iconlearn.__file__).parent
FILES = {
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
    for p in ROOT.rglob("*.py")
}


def own_imports(node: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """(module of this package, is it inside a function?) for every import that runs."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        if isinstance(child, (ast.ImportFrom, ast.Import)):
            start = f"{'.' * child.level}{child.module}." if isinstance(child, ast.ImportFrom) else ""
            for name in (f"{start}{alias.name}" for alias in child.names):
                if name.startswith((".", "iconlearn.")):
                    name = name.removeprefix("iconlearn.")
                    yield (name if name in FILES else name.rpartition(".")[0] or "__init__"), inside
        yield from own_imports(child, inside or isinstance(child, (ast.FunctionDef, ast.Lambda)))


GRAPH = {k: dict(own_imports(ast.parse(p.read_text()))) for k, p in FILES.items() if k != "__init__"}


def test_imports_point_down_in_no_cycle_and_never_hide_in_functions():
    unknown = {name.split(".")[0] for name in GRAPH} - set(LAYER)
    assert not unknown, f"give these modules a layer in tests/test_layers.py: {sorted(unknown)}"
    for name, other, inside in ((a, b, hides) for a, found in GRAPH.items() for b, hides in found.items()):
        assert not inside, f"{name} imports {other} inside a function"
        above = LAYER.get(other.split(".")[0], len(LAYERS)) > LAYER[name.split(".")[0]]
        assert not above, f"{name} imports {other}, which is above it"
    assert len(list(graphlib.TopologicalSorter(GRAPH).static_order())) >= len(GRAPH) > 10


def test_import_loads_nothing_heavy():
    heavy = ["matplotlib", "faiss", "numba", "pandas", "pyarrow", "typer", "rich", "sklearn"]
    code = f"import sys, iconlearn; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
