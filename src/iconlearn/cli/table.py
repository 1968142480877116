"""``iconlearn table``: the periodic table of methods, in the terminal or as a picture."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from iconlearn._errors import OptionError
from iconlearn.cli.app import app
from iconlearn.cli.methods import COLORS
from iconlearn.methods import COLUMNS, FAMILIES, LEARNED, METHODS, Method
from iconlearn.pages.axes import KERNELS, TARGETS, greek
from iconlearn.viz.periodic import Element, counts, periodic_figure, save_periodic

if TYPE_CHECKING:
    from rich.table import Table

ENDINGS = (".svg", ".png", ".pdf")
STYLES = {"named": "bold {}", "gap": "italic {}", "blank": "dim", "off-grid": "{}"}


@app.command()
def table(
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help=f"Draw it instead, into a file that ends with {', '.join(ENDINGS)}."
        ),
    ] = None,
) -> None:
    """Print the periodic table of methods: what belongs together across, what is learned down."""
    if figure is not None:
        print(f"wrote {draw(figure)}")
    elif sys.stdout.isatty():
        show()
    else:
        print("\n".join(plain()))


def draw(path: Path) -> Path:
    """Write the table as a picture.

    Raises
    ------
    OptionError
        If the name has another ending.
    InputError
        If the folder does not exist.
    """
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(f"table: --figure {path.name!r} must end with one of {', '.join(ENDINGS)}")
    rows = {greek(name): KERNELS[name] for name in LEARNED}
    columns = {greek(name): TARGETS[name] for name in COLUMNS}
    elements = [element(row) for row in METHODS.values()]
    return save_periodic(periodic_figure(elements, rows, columns, FAMILIES), path)


def element(row: Method) -> Element:
    """What the picture says of a method; divergences other than KL(p || q) are named."""
    kind = row.recipe().divergence
    said = {"kl": "", "reverse_kl": "reverse KL", "tv": "total variation"}
    note = said.get(kind, kind.replace("_", " "))
    return Element(row.title, row.paper, row.family, row.status, greek(row.learned), greek(row.target), note)


def short(name: str) -> str:
    """The name without the blanks at which a limit would be broken."""
    return name.replace(" → ", "→")


def summary() -> str:
    """How many methods there are of each status."""
    found = counts([element(row) for row in METHODS.values()])
    return (
        f"{found['named'][0]} named in {found['named'][1]} cells, {found['gap'][0]} predicted, "
        f"{found['blank'][0]} blank, {found['off-grid'][0]} off the grid"
    )


def plain() -> list[str]:
    """The table as aligned text, one line for each method, for pipes."""
    cells = [("q (learned)", "p (target)", "status", "family", "method", "title", "paper")]
    cells += [(r.learned, r.target, r.status, r.family, r.name, r.title, r.paper) for r in METHODS.values()]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(w.ljust(n) for w, n in zip(line, widths, strict=True)).rstrip() for line in cells]


def show() -> None:
    """The table in colours: the grid if the terminal is wide enough for its longest words, else a list."""
    from rich.console import Console
    from rich.text import Text

    console = Console()
    inside = [row for row in METHODS.values() if row.status != "off-grid"]
    console.print(grid(inside, console.width) or listing(inside, console.width))
    console.print(Text("Off the grid", style="bold underline"))
    outside = [row for row in METHODS.values() if row.status == "off-grid"]
    console.print(listing(outside, console.width))
    key = [Text(f"■ {name}", style=color) for name, color in zip(FAMILIES, COLORS, strict=True)]
    console.print(Text("   ").join(key))
    console.print(Text(summary()))


def grid(rows: Sequence[Method], width: int) -> Table | None:
    """Targets across, learned distributions down, a cell of titles for every pair; None if words would be cut."""
    from rich.table import Table
    from rich.text import Text

    columns = [[Text("q, below"), *(Text(short(greek(learned))) for learned in LEARNED)]]
    for target in COLUMNS:
        columns.append([Text(greek(target))])
        for learned in LEARNED:
            here = [row for row in rows if (row.learned, row.target) == (learned, target)]
            titles = [Text(short(row.title).replace(" | ", "\n"), look(row)) for row in here]
            columns[-1].append(Text("\n").join(titles))
    needed = [longest_word(text.plain for text in column) for column in columns]
    spare = width - 1 - sum(need + 3 for need in needed)  # a column has two blanks and a border
    if spare < 0:
        return None
    across = Table(header_style="bold", show_lines=True)
    for column, need in zip(columns, needed, strict=True):
        whole = max(len(line) for text in column for line in text.plain.split("\n"))
        across.add_column(column[0], width=min(whole, need + spare // len(columns)))
    for line in list(zip(*columns, strict=True))[1:]:
        across.add_row(*line)
    return across


def longest_word(texts: Iterable[str]) -> int:
    """Letters of the longest word, so that a column of the terminal's table never cuts one."""
    return max(len(word) for text in texts for word in text.split())


def listing(rows: Sequence[Method], width: int) -> Table:
    """One line for each method under the name of its row; a narrow terminal gets the names to type only."""
    from rich.table import Table
    from rich.text import Text

    down = Table(header_style="bold", box=None, padding=(0, 2, 0, 0))
    down.add_column("p", overflow="fold", min_width=longest_word(row.target for row in rows))
    down.add_column("iconlearn fit ...", no_wrap=True)
    if width >= 80:
        down.add_column("title", overflow="fold")
    for learned in dict.fromkeys(row.learned for row in rows):
        down.add_row()
        down.add_row(Text(f"q: {greek(learned)}", "bold"))
        for row in rows:
            if row.learned == learned:
                title = Text("blank" if row.status == "blank" else row.title, look(row))
                down.add_row(greek(row.target), Text(row.name, look(row)), *([title] if width >= 80 else []))
    down.add_row()
    return down


def look(row: Method) -> str:
    """Style of a method's title: its family's colour in the manner of its status."""
    return STYLES[row.status].format(COLORS[FAMILIES.index(row.family) % len(COLORS)])
