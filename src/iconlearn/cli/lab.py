"""``iconlearn lab``: experiments on what contrastive learning finds and keeps."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from iconlearn.cli.app import app, fail
from iconlearn.cli.options import DEBUG, QUIET
from iconlearn.lab import EXPERIMENTS, Experiment, Findings, run_all, run_experiment
from iconlearn.lab.own import information_of, subspace_of
from iconlearn.lab.report import summary_rows
from iconlearn.run.tables import markdown_table

lab = typer.Typer(no_args_is_help=True, help="Experiments on what contrastive learning finds and keeps.")
app.add_typer(lab, name="lab")

FOLDER = Annotated[str | None, typer.Option("--out", "-o", help="Folder for report, figures and numbers.")]
SEEDS = Annotated[int | None, typer.Option(help="How many seeds; the experiment's own number by default.")]
FEATURES = Annotated[
    str, typer.Option("--features", "-f", help="A built-in set, a file of rows, or a folder of features.")
]
LABELS = Annotated[str | None, typer.Option(help="Label column or key, or a .npy or .csv file of labels.")]
JOBS = Annotated[
    int | None, typer.Option(help="Processes that measure at a time; one for each processor by default.")
]
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
        jobs: JOBS = None,
        quiet: QUIET = False,
        debug: DEBUG = False,
    ) -> None:
        run_one(experiment, out, seeds, share, jobs, quiet)


for row in EXPERIMENTS.values():
    command(row)


@lab.command("all")
def everything(
    out: Annotated[
        str, typer.Option("--out", "-o", help="Folder for the reports, figures and numbers.")
    ] = "lab_out",
    seeds: SEEDS = None,
    share: SHARE = 1.0,
    jobs: JOBS = None,
    quiet: QUIET = False,
    debug: DEBUG = False,
) -> None:
    """Run all experiments and write one report; after a kill the same command goes on."""
    with kept(out):
        found = run_all(list(EXPERIMENTS.values()), out, seeds=seeds, share=share, **how(jobs, quiet))
    show(found, quiet)
    if not quiet:
        print(f"{out}/index.md")


@lab.command()
def mi(
    features: FEATURES,
    second: Annotated[
        str | None,
        typer.Option(help="Features of another view or modality of the same samples, in the same order."),
    ] = None,
    labels: LABELS = None,
    out: FOLDER = None,
    seeds: SEEDS = None,
    share: SHARE = 1.0,
    jobs: JOBS = None,
    quiet: QUIET = False,
    debug: DEBUG = False,
) -> None:
    """What an encoder's features share: two views of a sample, or two samples of a class, by every estimator.

    Two views are those of --features and --second, or the modalities of one file; classes need labels.
    """
    run_one(information_of(features, second=second, labels=labels), out, seeds, share, jobs, quiet)


@lab.command()
def subspace(
    features: FEATURES,
    labels: LABELS = None,
    projection: Annotated[
        str | None,
        typer.Option(
            help="A .npy file (d, r) of x -> A^T x; by default one is trained on pairs of one class."
        ),
    ] = None,
    out: FOLDER = None,
    seeds: SEEDS = None,
    share: SHARE = 1.0,
    jobs: JOBS = None,
    quiet: QUIET = False,
    debug: DEBUG = False,
) -> None:
    """Compare a learned linear projection of labelled features with LDA and PCA, on rows held out."""
    run_one(subspace_of(features, labels=labels, projection=projection), out, seeds, share, jobs, quiet)


def run_one(
    experiment: Experiment, out: str | None, seeds: int | None, share: float, jobs: int | None, quiet: bool
) -> None:
    """Run an experiment, print what it found, and say where the report is."""
    with kept(out):
        found = run_experiment(experiment, out, seeds=seeds, share=share, **how(jobs, quiet))
    show([(experiment, found)], quiet)
    if out is not None and not quiet:
        print(f"{out}/{experiment.name}.md")


@contextmanager
def kept(out: str | None) -> Iterator[None]:
    """Ctrl-C says what is left, and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        where = "nothing is kept; give --out" if out is None else f"what was measured is kept in {out}"
        fail(f"interrupted; {where}, and the same command goes on from there")
        sys.exit(130)


def how(jobs: int | None, quiet: bool) -> dict[str, Any]:
    """In how many processes, and whom to tell."""
    return {"jobs": os.cpu_count() or 1 if jobs is None else jobs, "tell": None if quiet else tell}


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
        for note in findings.notes:
            print(f"\n- {note}")
    if rows := summary_rows(found):
        print()
        print("\n".join(markdown_table(["experiment", "claim", "measured", "holds"], rows)))
