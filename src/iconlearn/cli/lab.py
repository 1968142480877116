"""``iconlearn lab``: experiments on what contrastive learning finds and keeps."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

import typer

from iconlearn.cli.app import app, fail
from iconlearn.cli.options import DEBUG, QUIET
from iconlearn.lab import EXPERIMENTS, Experiment, Findings, run_all, run_experiment
from iconlearn.lab.report import summary_rows
from iconlearn.run.tables import markdown_table

lab = typer.Typer(no_args_is_help=True, help="Experiments on what contrastive learning finds and keeps.")
app.add_typer(lab, name="lab")

FOLDER = Annotated[str | None, typer.Option("--out", "-o", help="Folder for report, figures and numbers.")]
SEEDS = Annotated[int | None, typer.Option(help="How many seeds; the experiment's own number by default.")]
SHARE = Annotated[
    float, typer.Option(help="Share of the steps and samples; below 1 is a first look, claims need not hold.")
]


def command(experiment: Experiment) -> None:
    """Make an experiment a command."""

    @lab.command(experiment.name, help=f"{experiment.title}. {experiment.question}")
    def run(
        out: FOLDER = None,
        seeds: SEEDS = None,
        share: SHARE = 1.0,
        quiet: QUIET = False,
        debug: DEBUG = False,
    ) -> None:
        with kept(out):
            found = run_experiment(experiment, out, seeds=seeds, share=share, tell=None if quiet else tell)
        show([(experiment, found)], quiet)
        if out is not None and not quiet:
            print(f"{out}/{experiment.name}.md")


for row in EXPERIMENTS.values():
    command(row)


@lab.command("all")
def everything(
    out: Annotated[
        str, typer.Option("--out", "-o", help="Folder for the reports, figures and numbers.")
    ] = "lab_out",
    seeds: SEEDS = None,
    share: SHARE = 1.0,
    quiet: QUIET = False,
    debug: DEBUG = False,
) -> None:
    """Run all experiments and write one report; after a kill the same command goes on."""
    with kept(out):
        found = run_all(
            list(EXPERIMENTS.values()), out, seeds=seeds, share=share, tell=None if quiet else tell
        )
    show(found, quiet)
    if not quiet:
        print(f"{out}/index.md")


@contextmanager
def kept(out: str | None) -> Iterator[None]:
    """Ctrl-C says what is left, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        where = "nothing is kept; give --out" if out is None else f"what was measured is kept in {out}"
        fail(f"interrupted; {where}, and the same command goes on from there")
        sys.exit(130)


def tell(words: str) -> None:
    """A line on standard error for every piece."""
    print(words, file=sys.stderr, flush=True)


def show(found: Sequence[tuple[Experiment, Findings]], quiet: bool) -> None:
    """Tables, and after them every claim with its verdict."""
    if quiet:
        return
    for experiment, findings in found:
        print(f"\n{experiment.title}")
        for table in findings.tables:
            print(f"\n{table.title}\n")
            print("\n".join(markdown_table(table.head, table.rows)))
    print()
    print("\n".join(markdown_table(["experiment", "claim", "measured", "holds"], summary_rows(found))))
