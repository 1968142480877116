"""Experiments as runs: a folder, what it keeps, and the report at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

from iconlearn import theory
from iconlearn._checks import check_number
from iconlearn._errors import OptionError
from iconlearn._lock import locked
from iconlearn.lab import trials
from iconlearn.lab.experiment import Bench, Experiment, Findings
from iconlearn.lab.notebook import Notebook
from iconlearn.lab.report import NUMBERS, write_report, write_summary
from iconlearn.run.tables import versions

Tell = Callable[[str], None]


def run_experiment(
    experiment: Experiment,
    out: Path | str | None = None,
    *,
    seeds: int | None = None,
    share: float = 1.0,
    jobs: int = 1,
    tell: Tell | None = None,
) -> Findings:
    """Run an experiment, and leave its page, figures and numbers in a folder.

    Numbers are kept as they come: the same call after a kill goes on, and one with more seeds adds them.

    Parameters
    ----------
    experiment : Experiment
    out : path, optional
        Folder for NAME.md, and NAME/ with figures and numbers; nothing is written without one.
    seeds : int, optional
        How many, from 0; those of the experiment by default.
    share : float in (0, 1], default 1
        Of the steps and samples: for a first look, on which claims need not hold.
    jobs : int, default 1
        Processes that measure at a time; the numbers do not depend on it. A script that asks for more than one needs
        ``if __name__ == "__main__":`` round it.
    tell : callable (str), optional
        Told of every piece that is done.

    Returns
    -------
    Findings

    Examples
    --------
    >>> from iconlearn.lab.experiment import Experiment, Findings, Verdict
    >>> sums = Experiment("sums", "Sums", "Is 1 + 1 two?", "Proven.",
    ...                   lambda bench: Findings([Verdict("1 + 1 = 2", str(1 + 1), 1 + 1 == 2)]))
    >>> run_experiment(sums).hold
    True
    """
    folder = None if out is None else Path(out)
    count = experiment.seeds if seeds is None else check_number("lab", "seeds", seeds, low=1, integer=True)
    share = check_number("lab", "share", share, low=0, open_low=True, high=1)
    own = None if folder is None else folder / experiment.name
    if folder is not None and folder.exists() and not folder.is_dir():
        raise OptionError(
            f"lab: out={str(folder)!r} is a file; give a folder, which is made if it is not there"
        )
    jobs = check_number("lab", "jobs", jobs, low=1, integer=True)
    with nullcontext() if own is None else locked(own):
        book = Notebook(None if own is None else own / NUMBERS, basis(experiment, share), tell, jobs)
        bench = Bench(tuple(range(count)), share, book)
        findings = experiment.run(bench)
        if folder is not None:
            command = command_of(f"{experiment.name} {experiment.arguments}".strip(), seeds, share)
            write_report(folder, experiment, findings, bench, command)
    return findings


def run_all(
    experiments: Sequence[Experiment],
    out: Path | str,
    *,
    seeds: int | None = None,
    share: float = 1.0,
    jobs: int = 1,
    tell: Tell | None = None,
) -> list[tuple[Experiment, Findings]]:
    """Run experiments one after another, and leave index.md beside their pages."""
    found, seconds = [], 0.0
    for experiment in experiments:
        told = None if tell is None else lambda words, name=experiment.name: tell(f"{name}: {words}")
        found.append(
            (experiment, run_experiment(experiment, out, seeds=seeds, share=share, jobs=jobs, tell=told))
        )
        seconds += Notebook(Path(out) / experiment.name / NUMBERS, basis(experiment, share)).total
    write_summary(Path(out), found, seconds, command_of("all", seeds, share))
    return found


def basis(experiment: Experiment, share: float) -> str:
    """What numbers depend on beside the seed: the theory, all trials and code named, versions, the share, the data."""
    folders = (Path(str(theory.__file__)).parent, Path(str(trials.__file__)).parent)
    sources = [path for folder in folders for path in folder.rglob("*.py")]
    total = hashlib.sha256()
    for path in sorted({*sources, *(Path(str(module.__file__)) for module in experiment.code)}):
        total.update(path.read_bytes())
    told = ", ".join(f"{name} {version}" for name, version in versions().items())
    return f"{told}; share {share:g}; code {total.hexdigest()[:16]}; data {experiment.data}"


def command_of(name: str, seeds: int | None, share: float) -> str:
    """The command that does the same."""
    more = "" if seeds is None else f" --seeds {seeds}"
    return f"iconlearn lab {name}{more}" + ("" if share == 1 else f" --share {share:g}")
