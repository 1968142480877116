"""What the files of all studies have in common: runs, tables, published numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from iconlearn.methods import METHODS, method
from iconlearn.studies.plan import Case, Published, Row, Table
from iconlearn.studies.reading import Entry

SHARED = ("title", "about", "seeds", "runs", "tables")


def count(entry: Entry) -> int:
    """A whole number."""
    return entry.integer(0)


class Told:
    """The entries of a file, with what stands for those that are left out."""

    def __init__(self, whole: Entry, allowed: Collection[str], needed: Collection[str]) -> None:
        self.whole = whole
        self.entries = whole.table(allowed, ("title", *needed, "runs"))

    def __contains__(self, name: str) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> Entry:
        return self.entries[name]

    def given(self, name: str, default: Any) -> Entry:
        """An entry, or one that holds the default."""
        return self.entries.get(name, Entry(f"{self.whole.where}: {name}", default))

    def seeds(self) -> tuple[int, ...]:
        """Seeds, each a run of its own."""
        return tuple(entry.integer(0) for entry in self.given("seeds", [0]).items())


def read_runs(entry: Entry, training: Mapping[str, Callable[[Entry], Any]]) -> dict[str, Case]:
    """All runs by name; ``training`` reads each option that `train` may name."""
    runs: dict[str, Case] = {}
    for name, held in entry.table().items():
        told = held.table(("method", "like", "set", "train"))
        if ("method" in told) == ("like" in told):
            raise held.wrong("has both 'method' and 'like', or neither", "one of the two is needed")
        if "like" in told:
            base = runs[told["like"].choice(runs, "the runs before it")]
        else:
            base = Case(told["method"].choice(METHODS, "methods"))
        chosen = {} if "train" not in told else told["train"].table(training)
        settings = {} if "set" not in told else read_settings(told["set"], base.method)
        runs[name] = base.also(settings, {key: training[key](part) for key, part in chosen.items()})
    return runs


def read_settings(entry: Entry, name: str) -> dict[str, Any]:
    """Hyper-parameters; a whole number where the default has a fraction means the same with and without one."""
    defaults = method(name).parameters
    return {key: as_default(part.value, defaults[key]) for key, part in entry.table(defaults).items()}


def as_default(value: Any, default: Any) -> Any:
    """An integer as a float, where the default is one."""
    return float(value) if isinstance(default, float) and type(value) is int else value


def read_table(
    title: str, entry: Entry, runs: Mapping[str, Case], columns: Collection[str], scores: Collection[str]
) -> Table:
    """One table of one of some scores, by default the first."""
    told = entry.table(("score", "rows"), ("rows",))
    rows = []
    for name, held in told["rows"].table().items():
        row = held.table(("run", "published"))
        published = {} if "published" not in row else row["published"].table(columns)
        rows.append(
            Row(
                name,
                runs[row["run"].choice(runs, "the runs")] if "run" in row else None,
                {column: read_published(number) for column, number in published.items()},
            )
        )
    score = told["score"].choice(scores, "scores") if "score" in told else next(iter(scores))
    return Table(title, score, tuple(rows))


def read_published(entry: Entry) -> Published:
    """A number, a number and its spread, or words such as "diverges"."""
    if isinstance(entry.value, str):
        return Published(entry.value)
    if not isinstance(entry.value, list):
        return Published(entry.number())
    numbers = [part.number() for part in entry.items()]
    if len(numbers) != 2:
        raise entry.wrong(f"{entry.value!r}", "a number, or [number, spread], is needed")
    return Published(*numbers)
