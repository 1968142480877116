"""What an experiment is: a question, numbers that are kept as they come, and verdicts on claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from iconlearn.lab.notebook import Notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Verdict:
    """A claim beside what was measured of it.

    Parameters
    ----------
    claim : str
        What should be true, with its threshold.
    measured : str
        The figures.
    holds : bool
    """

    claim: str
    measured: str
    holds: bool


@dataclass(frozen=True)
class Table:
    """Words in rows and columns under a title."""

    title: str
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Picture:
    """A figure, the stem of its file, and the sentence under it."""

    name: str
    caption: str
    figure: Figure


@dataclass(frozen=True)
class Findings:
    """What an experiment ends with."""

    verdicts: Sequence[Verdict]
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    notes: Sequence[str] = ()

    @property
    def hold(self) -> bool:
        """Do all claims hold?"""
        return all(verdict.holds for verdict in self.verdicts)


@dataclass(frozen=True)
class Bench:
    """Where an experiment runs: its seeds, how long it may train, and the notebook of its numbers.

    Parameters
    ----------
    seeds : tuple of int
    share : float in (0, 1]
        Of the steps and samples that the experiment has by default.
    notebook : Notebook
    """

    seeds: tuple[int, ...]
    share: float = 1.0
    notebook: Notebook = field(default_factory=Notebook)

    def measure(self, tasks: Mapping[str, tuple[Any, ...]]) -> dict[str, dict[str, Any]]:
        """The pieces of these names: of each the function and its arguments, which it gets behind a bench.

        Examples
        --------
        >>> Bench((0, 1)).measure({f"seed {seed}": (lambda bench, k: {"square": k * k}, seed) for seed in (0, 1)})
        {'seed 0': {'square': 0}, 'seed 1': {'square': 1}}
        """
        away = replace(self, notebook=Notebook())  # what is measured elsewhere writes nothing down
        return self.notebook.keep(
            {name: partial(function, away, *given) for name, (function, *given) in tasks.items()}
        )

    def by_seed(self, function: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
        """A piece for every seed."""
        return list(self.measure({f"seed {seed}": (function, seed) for seed in self.seeds}).values())

    def of(self, count: int, least: int = 1) -> int:
        """The share of a number of steps or samples, at least ``least``.

        Examples
        --------
        >>> Bench((0,), share=0.1).of(2000)
        200
        """
        return max(min(count, least), round(self.share * count))


@dataclass(frozen=True)
class Experiment:
    """A row of the laboratory.

    Parameters
    ----------
    name : str
        Of the command ``iconlearn lab NAME``.
    title, question : str
        What is asked, in a line and in a paragraph.
    source : str
        Where the claims come from, and how sure that is: proven, measured, or a reconstruction.
    run : callable (Bench) -> Findings
    seeds : int
        How many seeds it takes by default.
    code : tuple of modules
        What measures: numbers that an earlier version of it has left are not used.
    arguments : str
        What the command has behind its name, where the experiment is of somebody's own data.
    data : str
        A digest of that data.
    """

    name: str
    title: str
    question: str
    source: str
    run: Callable[[Bench], Findings]
    seeds: int = 3
    code: tuple[ModuleType, ...] = ()
    arguments: str = ""
    data: str = ""


def spread(values: Sequence[float] | np.ndarray, digits: int = 2) -> str:
    """Mean and range of some numbers, as one cell of a table.

    Examples
    --------
    >>> spread([0.5, 0.7, 0.6])
    '0.60 (0.50 to 0.70)'
    """
    held = np.asarray(values, dtype=np.float64)
    if len(held) == 1:
        return f"{held[0]:.{digits}f}"
    return f"{held.mean():.{digits}f} ({held.min():.{digits}f} to {held.max():.{digits}f})"


def column(pieces: Sequence[Mapping[str, float]], name: str) -> np.ndarray:
    """One number of every piece."""
    return np.array([piece[name] for piece in pieces], dtype=np.float64)
