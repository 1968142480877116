"""``iconlearn methods``: the rows of the table with their parts and parameters."""

from __future__ import annotations

import sys
from dataclasses import replace

from iconlearn.cli.app import app
from iconlearn.methods import FAMILIES, METHODS, Method
from iconlearn.recipes import SPECIMEN

COLORS = ("cyan", "green", "magenta", "blue", "yellow", "red")


@app.command()
def methods() -> None:
    """Print the table of methods: p, q, mapper, divergence, family, paper and hyper-parameters."""
    heads = ["method", "p", "q", "mapper", "divergence", "family", "paper", "hyper-parameters"]
    lines = [describe(row) for row in METHODS.values()]
    if not sys.stdout.isatty():
        widths = [max(map(len, column)) for column in zip(heads, *lines, strict=True)]
        for line in (heads, *lines):
            padded = [cell.ljust(width) for cell, width in zip(line, widths, strict=True)]
            print("  ".join(padded).rstrip())
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    # What has to be typed is never cut; a narrow terminal shows fewer columns instead.
    shown = range(len(heads)) if console.width >= 150 else (0, 1, 2, 7)
    table = Table(header_style="bold", show_lines=console.width < 150)
    for k in shown:
        table.add_column(heads[k], no_wrap=k == 0, overflow="fold")
    for row, line in zip(METHODS.values(), lines, strict=True):
        color = COLORS[FAMILIES.index(row.family) % len(COLORS)]
        cells = [f"[bold {color}]{line[0]}[/]", *line[1:5], f"[{color}]{line[5]}[/]", *line[6:]]
        table.add_row(*(cells[k] for k in shown))
    console.print(table)


def describe(row: Method) -> list[str]:
    """The cells of a row of the table."""
    recipe = row.recipe()
    shapes = SPECIMEN, replace(SPECIMEN, d=64, image_shape=(1, 8, 8))
    mappers = dict.fromkeys(type(recipe.mapper(shape)).__name__ for shape in shapes)
    parameters = ", ".join(f"{key}={value}" for key, value in row.parameters.items())
    kind = recipe.divergence.replace("_", " ")
    return [row.name, row.target, row.learned, " / ".join(mappers), kind, row.family, row.paper, parameters]
