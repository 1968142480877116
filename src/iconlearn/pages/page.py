"""The page of one method, written from its row, its certificate and a run: nothing about a method is typed here."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iconlearn._describe import show
from iconlearn._errors import FileFormatError
from iconlearn.data.builtin import EXAMPLES
from iconlearn.data.files import load_dataset
from iconlearn.intake import CAPTIONED, ROWS
from iconlearn.methods import METHODS, Method
from iconlearn.pages.cite import bibtex, paper_title
from iconlearn.pages.code import argument, estimator_code, icon_code, shown
from iconlearn.pages.equation import Formula, equation
from iconlearn.recipes import SPECIMEN, Shape

if TYPE_CHECKING:
    from iconlearn.verification import Certificate

IMAGE = replace(SPECIMEN, d=64, image_shape=(1, 8, 8))
STATUS = {
    "named": "named: published, and placed here by the I-Con paper",
    "gap": "gap: predicted by the I-Con paper, made here",
    "blank": "blank: left empty by the I-Con paper, made here",
    "off-grid": "off the grid",
}
PICTURES = {
    "map.png": "What was learned",
    "p_vs_q.png": "p against q for a few points, before and after",
    "loss.png": "The loss of every step",
    "training.gif": "The training",
}
METRICS = {
    "knn_accuracy": "10-NN accuracy",
    "nmi": "NMI",
    "ari": "ARI",
    "hungarian_accuracy": "matched accuracy",
}


def page(
    row: Method,
    certificate: Certificate | None = None,
    run: str | os.PathLike[str] | None = None,
    *,
    pictures: str = "",
    linked: Collection[str] = (),
) -> str:
    """The page of a method in Markdown (MyST): equation, run, code, options, certificate, neighbours, citation.

    Parameters
    ----------
    row : Method
        Of the library or registered by a user.
    certificate : Certificate, optional
        Of :func:`iconlearn.verify`.
    run : path, optional
        A folder that ``iconlearn fit`` or :func:`iconlearn.run.run_method` has left.
    pictures : str, default ""
        Where the pictures of the run are, seen from the page, ending in "/"; beside it by default.
    linked : collection of str, default ()
        Names of methods that have a page beside this one, and are linked to it.

    Returns
    -------
    str

    Raises
    ------
    FileFormatError
        If ``run`` holds no record of a run of this method.

    Examples
    --------
    >>> from iconlearn import METHODS
    >>> print(page(METHODS["t-sne"]).partition(chr(10))[0])
    # t-SNE
    """
    parts = [
        *head(row),
        *section("The equation", formula(equation(row.recipe(), (SPECIMEN, IMAGE)))),
        *section("A run", [] if run is None else pictured(row, Path(run), pictures)),
        *section("In code", code(row)),
        *section("Hyper-parameters", parameters(row)),
        *section("Certificate", certified(certificate)),
        *section("Neighbours in the table", neighbours(row, linked)),
        *section("Citation", cited(row)),
    ]
    return "\n".join(parts).rstrip() + "\n"


def section(title: str, lines: Iterable[str]) -> list[str]:
    """A section, unless it would be empty."""
    held = list(lines)
    return ["", f"## {title}", "", *held] if held else []


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A table."""
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {line} |" for line in lines)]


def fence(language: str, code: str) -> list[str]:
    """A block of code."""
    return [f"```{language}", code, "```"]


def head(row: Method) -> list[str]:
    """Title, place and character."""
    recipe = row.recipe()
    facts = {
        "name": f"`{row.name}`, estimator `iconlearn.{row.estimator}`",
        "p, what belongs together": f"{row.target}: `{shown(repr(recipe.target_dist))}`",
        "q, what is learned": f"{row.learned}: `{shown(repr(recipe.learned_dist))}`",
        "divergence": f"`{recipe.divergence}`",
        "status": STATUS[row.status],
        "family": row.family,
        "learns from": f"{row.takes.name}: {row.takes.words}"
        + (", and labels y" if row.needs_labels else ""),
        "paper": row.paper,
    }
    return [
        f"# {row.title}",
        "",
        f"**Rewards.** {row.rewards}",
        "",
        f"**Degenerates.** {row.degenerates}",
        "",
        *table(("", ""), facts.items()),
    ]


def formula(told: Formula) -> list[str]:
    """Equations, aligned, and the words that go with them."""
    aligned = [f"  {align(line)}" for line in told.lines]
    equations = ["$$", r"\begin{aligned}", " \\\\\n".join(aligned), r"\end{aligned}", "$$"]
    return [*equations, "", *(f"- {note}" for note in told.notes)]


def align(line: str) -> str:
    """An equation with the mark at its first relation.

    Examples
    --------
    >>> align(r"p(j|i) \\propto a = b")
    'p(j|i) &\\\\propto a = b'
    """
    places = {sign: line.find(f" {sign} ") for sign in ("=", r"\propto")}
    first = min((place for place in places.values() if place >= 0), default=-1)
    return line if first < 0 else f"{line[: first + 1]}&{line[first + 1 :]}"


def read_record(row: Method, folder: Path) -> dict[str, Any]:
    """The record of a run of the method."""
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise FileFormatError(
            f"page: run={str(folder)!r} holds no record of a run ({cause}); make one with "
            f"'iconlearn fit {row.name} --out {folder}'"
        ) from cause
    if record.get("method") != row.name:
        raise FileFormatError(
            f"page: run={str(folder)!r} holds a run of {record.get('method')!r}, but the page is of {row.name!r}; "
            "name the folder of its own run"
        )
    return record


def pictured(row: Method, folder: Path, prefix: str) -> list[str]:
    """The pictures of a run, its options and its metrics."""
    record = read_record(row, folder)
    name, gap = record["data"]["name"], record["gap"]
    words = [
        f"`{row.name}` on **{name}**: {record['rows']}; {record['steps']} steps, seed {record['seed']}.",
        f"Mean total variation between p and q of the points below: {gap['before']:.3f} before, "
        f"{gap['after']:.3f} after.",
    ]
    lines = [" ".join(words), ""]
    lines += table(
        ("metric", "value"), ((METRICS.get(k, k.replace("_", " ")), number(v)) for k, v in figures(record))
    )
    for file, caption in PICTURES.items():
        if (folder / file).exists():
            lines += ["", f"![{caption}: {row.title} on {name}]({prefix}{file})"]
    return lines


def figures(record: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """What was measured."""
    yield "final loss", record["final_loss"]
    yield from record["metrics"].items()


def number(value: Any) -> str:
    """A figure, to four digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@cache
def example_shape(name: str, labelled: bool, pictures: bool) -> Shape:
    """The shape of a built-in data set, as a method of its form sees it."""
    data = load_dataset(name)
    takes = next(row.takes for row in METHODS.values() if row.takes.name == data.form)
    classes = None if data.y is None or not labelled else len(data.classes or ())
    image = data.image_shape if pictures else None
    return takes.shape(takes.read(data.learns_from, name), image_shape=image, n_classes=classes)


def code(row: Method) -> list[str]:
    """The estimator, and the same by its parts; nothing of a form that no built-in data set has."""
    if row.takes.name not in EXAMPLES:
        return []
    pictures = row.takes in (ROWS, CAPTIONED)
    shape = example_shape(EXAMPLES[row.takes.name], row.needs_labels, pictures)
    return [
        "As a scikit-learn estimator:",
        "",
        *fence("python", estimator_code(row, shape)),
        "",
        "The same by its parts, each of which can be exchanged:",
        "",
        *fence("python", icon_code(row, shape)),
    ]


def parameters(row: Method) -> list[str]:
    """Hyper-parameters and training options with their defaults."""
    chosen = [(f"`{name}`", f"`{show(value)}`") for name, value in row.parameters.items()]
    training = [(f"`{name}`", f"`{argument(value)}`") for name, value in row.fit.items()]
    return [
        *(table(("hyper-parameter", "default"), chosen) if chosen else ["It has none."]),
        "",
        "Training options that differ from those of `ICon.fit`; the estimator takes `max_iter`, `restarts` and "
        "`random_state`:",
        "",
        *(table(("option", "value"), training) if training else ["none."]),
    ]


def certified(certificate: Certificate | None) -> list[str]:
    """The figures of a certificate."""
    if certificate is None:
        return ["No certificate."]
    verdict = "**passed**" if certificate.passed else "**failed**"
    facts = {
        "verdict": verdict,
        "kind": certificate.kind,
        "statement": f"`{certificate.statement}`",
        "compared with": certificate.reference,
        "value error": f"{certificate.value_error:.1e}",
        "gradient error": f"{certificate.gradient_error:.1e}",
    }
    if certificate.rate is not None:
        facts["rate"] = f"the error of the limit falls {certificate.rate:.1f}-fold with every tenfold step"
    return table(("", ""), facts.items())


def cited(row: Method) -> list[str]:
    """The paper, and as BibTeX."""
    paper, title = row.paper, paper_title(row)
    entry, words = bibtex(paper, title), f": *{title}*" if title else ""
    return [f"{paper[:1].upper()}{paper[1:]}{words}.", *(["", *fence("bibtex", entry)] if entry else [])]


def neighbours(row: Method, linked: Collection[str]) -> list[str]:
    """Methods of the same cell, the same p and the same q."""
    others = [other for other in METHODS.values() if other.name != row.name]
    same_p = [other for other in others if other.target == row.target]
    same_q = [other for other in others if other.learned == row.learned]
    here = [other for other in same_p if other in same_q]
    found = {
        f"the same cell ({row.target}, {row.learned})": here,
        f"the same p ({row.target})": [other for other in same_p if other not in here],
        f"the same q ({row.learned})": [other for other in same_q if other not in here],
    }
    return [
        f"- {words}: {', '.join(link(other, linked) for other in methods)}"
        for words, methods in found.items()
        if methods
    ]


def link(row: Method, linked: Collection[str]) -> str:
    """The title of a method, with a link to its page where there is one."""
    title = row.title.replace("|", "\\|")
    return f"[{title}]({row.name}.md)" if row.name in linked else title
