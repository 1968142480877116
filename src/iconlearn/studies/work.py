"""What studies of all kinds share while they are worked on: what was chosen, the report, words of progress."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from iconlearn._files import write_aside
from iconlearn.studies.plan import Study
from iconlearn.studies.report import Measured, as_json, as_markdown
from iconlearn.train.processes import first_of_job

REPORT, NUMBERS = "report.md", "report.json"


@dataclass(frozen=True)
class StudyOptions:
    """What may be chosen for a study.

    Parameters
    ----------
    images, models : mapping of str to str
        In place of those of the file, by its names.
    backbones : collection of str, default ()
        Models to run; all where none is named. Of the others the tables show what was published.
    device : str, default "cpu"
        For the features.
    workers : int, default 0
        Processes that read images.
    """

    images: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    backbones: Collection[str] = ()
    device: str = "cpu"
    workers: int = 0


def write_report(study: Study, measured: Measured, folder: Path) -> None:
    """Tables and numbers, as far as they are known."""
    write_aside(folder / REPORT, as_markdown(study, measured).encode())
    write_aside(folder / NUMBERS, as_json(study, measured).encode())


def slug(name: str) -> str:
    """A name for a folder."""
    return "".join(c if c.isalnum() or c in "._" else "-" for c in name)


def tell(verbose: bool, words: str) -> None:
    """One line of progress."""
    if verbose and first_of_job():
        print(words, file=sys.stderr)
