"""The periodic table as HTML: a grid of links on wide screens, a list of them on narrow ones."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from html import escape

from iconlearn.methods import COLUMNS, FAMILIES, LEARNED, STATUSES, Method
from iconlearn.pages.axes import greek
from iconlearn.viz.periodic import FAMILY_COLORS


def grid(rows: Iterable[Method], linked: Collection[str] = ()) -> str:
    """The table of methods as HTML, coloured by family; its classes begin with ``icon-``.

    Parameters
    ----------
    rows : iterable of Method
        Those that are on the grid stand in their cells, all others below it.
    linked : collection of str, default ()
        Names of methods that have a page beside this one; a link goes to ``<name>.html``.

    Returns
    -------
    str

    Examples
    --------
    >>> from iconlearn import METHODS
    >>> print(grid([METHODS["t-sne"]]).splitlines()[0])
    <div class="icon-scroll"><table class="icon-table">
    """
    held = list(rows)
    on = [row for row in held if on_grid(row)]
    off = [row for row in held if not on_grid(row)]
    heads = "".join(f'<th scope="col">{greek(column)}</th>' for column in COLUMNS)
    corner = "<th><span>what is learned, q</span> <span>what belongs together, p</span></th>"
    lines = [
        '<div class="icon-scroll"><table class="icon-table">',
        f"<thead><tr>{corner}{heads}</tr></thead>",
        "<tbody>",
    ]
    for learned in LEARNED:
        lines.append(f'<tr><th scope="row">{greek(learned)}</th>')
        for target in COLUMNS:
            here = [row for row in on if (row.target, row.learned) == (target, learned)]
            lines.append(
                f'<td data-p="{escape(greek(target))}">{"".join(chip(row, linked) for row in here)}</td>'
            )
        lines.append("</tr>")
    lines += ["</tbody></table></div>"]
    if off:
        lines.append('<p class="icon-heading">Off the grid</p>')
        lines.append(f'<div class="icon-strip">{"".join(chip(row, linked) for row in off)}</div>')
    return "\n".join([*lines, legend(held)])


def on_grid(row: Method) -> bool:
    """Has the method a cell of its own?"""
    return row.status != "off-grid" and row.target in COLUMNS and row.learned in LEARNED


def colored(row_family: str) -> str:
    """The colour of a family, as a style."""
    return f"--icon: {FAMILY_COLORS[FAMILIES.index(row_family) % len(FAMILY_COLORS)]}"


def chip(row: Method, linked: Collection[str]) -> str:
    """One method: its title, its paper, the colour of its family."""
    tag, link = ("a", f' href="{escape(row.name)}.html"') if row.name in linked else ("span", "")
    about = escape(f"{row.paper}; {row.family}; {row.status}")
    title = escape(row.title)
    kind = row.status if row.status in STATUSES else "off-grid"
    look = f'class="icon-chip icon-{kind}" style="{colored(row.family)}" title="{about}"'
    return f"<{tag} {look}{link}>{title}</{tag}>"


def legend(rows: Collection[Method]) -> str:
    """The families by colour and the statuses by border, as far as they occur."""
    families = [family for family in FAMILIES if any(row.family == family for row in rows)]
    parts = [
        f'<span class="icon-key" style="{colored(family)}">{escape(family)}</span>' for family in families
    ]
    meanings = {"named": "published", "gap": "predicted by the paper", "blank": "left empty by the paper"}
    parts += [
        f'<span class="icon-chip icon-{status}">{meaning}</span>'
        for status, meaning in meanings.items()
        if any(row.status == status for row in rows)
    ]
    return f'<p class="icon-legend">{"".join(parts)}</p>'
