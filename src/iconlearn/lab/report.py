"""Findings as Markdown pages with their figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iconlearn._files import write_aside
from iconlearn.lab.experiment import Bench, Experiment, Findings
from iconlearn.run.tables import markdown_table, versions

YES, NO = "yes", "**no**"
NUMBERS = "numbers.json"


def write_report(
    folder: Path, experiment: Experiment, findings: Findings, bench: Bench, command: str
) -> Path:
    """NAME.md in the folder, its figures in a folder NAME beside it."""
    pictures = folder / experiment.name
    pictures.mkdir(parents=True, exist_ok=True)
    for picture in findings.pictures:
        picture.figure.savefig(pictures / f"{picture.name}.png")
    page = folder / f"{experiment.name}.md"
    write_aside(page, "\n".join(lines_of(experiment, findings, bench, command)).encode())
    return page


def lines_of(experiment: Experiment, findings: Findings, bench: Bench, command: str) -> list[str]:
    """The page, line by line."""
    lines = [f"# {experiment.title}", "", experiment.question, ""]
    if bench.share < 1:
        lines += [
            f"**A first look, with {bench.share:.0%} of the steps and samples: claims need not hold.**",
            "",
        ]
    if findings.verdicts:
        lines += ["## Does it hold?", "", *verdict_lines(findings), ""]
    for picture in findings.pictures:
        lines += [
            f"![{picture.caption}]({experiment.name}/{picture.name}.png)",
            "",
            f"*{picture.caption}*",
            "",
        ]
    for table in findings.tables:
        lines += [f"## {table.title}", "", *markdown_table(table.head, table.rows), ""]
    if findings.notes:
        lines += ["## Notes", "", *(f"- {note}" for note in findings.notes), ""]
    lines += ["## Where this comes from", "", experiment.source, ""]
    lines += [made(command, bench.notebook.total, bench.seeds), ""]
    return lines


def verdict_lines(findings: Findings) -> list[str]:
    """A row for every claim."""
    rows = [[v.claim, v.measured, YES if v.holds else NO] for v in findings.verdicts]
    return markdown_table(["claim", "measured", "holds"], rows)


def write_summary(
    folder: Path, found: Sequence[tuple[Experiment, Findings]], seconds: float, command: str
) -> Path:
    """index.md: every claim of every experiment."""
    rows = summary_rows(found)
    head = ["experiment", "claim", "measured", "holds"]
    linked = [[f"[{row[0]}]({row[0]}.md)", *row[1:]] for row in rows]
    held = sum(row[3] == YES for row in rows)
    lines = [
        "# The theory laboratory",
        "",
        f"{held} of {len(rows)} claims hold. Each has a page with figures, tables, and how sure its source is.",
        "",
        *markdown_table(head, linked),
        "",
        made(command, seconds),
        "",
    ]
    page = folder / "index.md"
    write_aside(page, "\n".join(lines).encode())
    return page


def summary_rows(found: Sequence[tuple[Experiment, Findings]]) -> list[list[str]]:
    """Experiment, claim, measured, holds."""
    return [
        [experiment.name, verdict.claim, verdict.measured, YES if verdict.holds else NO]
        for experiment, findings in found
        for verdict in findings.verdicts
    ]


def made(command: str, seconds: float, seeds: Sequence[int] | None = None) -> str:
    """By which command, how long it took, and with what."""
    told = ", ".join(f"{name} {version}" for name, version in versions().items())
    with_seeds = "" if seeds is None else f", seeds {', '.join(map(str, seeds))}"
    minutes = f"{seconds / 60:.1f} processor minutes"
    return f"Made by `{command}`{with_seeds}: {minutes} of measuring ({told})."
