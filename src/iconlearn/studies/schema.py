"""Studies from YAML files, every entry checked before anything is run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from iconlearn._errors import IConLearnError, OptionError
from iconlearn.evaluation import ClusteringReport
from iconlearn.methods import METHODS, method
from iconlearn.metrics import metric_name
from iconlearn.run.job import training_settings
from iconlearn.run.stored import check_streams
from iconlearn.studies.plan import Case, Published, Row, Study, Sweep, Table
from iconlearn.studies.reading import Entry, read_yaml

TRAINING = ("max_iter", "epochs", "batch_size", "restarts", "baseline")
FEATURES = ("views", "batch_size", "dtype", "image_size", "pool", "skip_corrupt", "seed", "split", "labels")
NEIGHBORS = ("k", "metric", "recall")
IMAGES = ("train", "test")
ENTRIES = (
    "title", "about", "images", "backbones", "features", "neighbors", "seeds", "runs", "tables", "sweeps", "show",
)  # fmt: skip
SCORES = tuple(
    name for name in ClusteringReport.__dataclass_fields__ if name not in ("reliability", "confidence_counts")
)
DEFAULT = "hungarian_accuracy"


def read_study(path: str | os.PathLike[str]) -> Study:
    """Read and check a study.

    The file is YAML:

    ===========  ==========================================================================================
    title        text; ``about`` adds some
    images       ``train`` and, where scores are to be of other images, ``test``: sources as for `features`
    backbones    names, and a folder or hub name of a model for each
    features     options of `extract_features`: views, batch_size, dtype, image_size, pool, ...
    neighbors    ``k``, ``metric``, ``recall`` of the search that all runs share
    seeds        a list of whole numbers
    runs         names, and for each ``method`` (or ``like``: an earlier run), ``set``: hyper-parameters, ``train``:
                 epochs, batch_size, restarts, max_iter, baseline
    tables       titles, and for each ``score`` (hungarian_accuracy by default) and ``rows``: names, and for each
                 the ``run``, if there is one, and what was ``published``: a number or [number, spread] for each model
    sweeps       titles, and for each a ``run``, an ``option``, its ``values``, and ``variants``: names, and
                 hyper-parameters for each
    show         a run whose clusters are drawn
    ===========  ==========================================================================================

    Parameters
    ----------
    path : path

    Returns
    -------
    Study

    Raises
    ------
    FileFormatError
        If it is no such file; says where and what is allowed.
    OptionError
        If a method, a hyper-parameter or an option is unknown or out of range; says of which run.

    Examples
    --------
    >>> import tempfile
    >>> text = '''
    ... title: two heads
    ... images: {train: photos/}
    ... backbones: {base: facebook/dinov2-base}
    ... neighbors: {k: 10}
    ... runs:
    ...   few: {method: pmi-clustering, set: {n_clusters: 5}}
    ...   many: {like: few, set: {n_clusters: 50}}
    ... tables:
    ...   Heads: {score: nmi, rows: {5: {run: few}, 50: {run: many, published: {base: [61.2, 0.3]}}}}
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "heads.yaml").write_text(text)
    ...     study = read_study(f"{folder}/heads.yaml")
    >>> [case.parameters["n_clusters"] for case in study.cases()], study.tables[0].rows[1].published
    ([5, 50], {'base': Published(value=61.2, spread=0.3)})
    """
    whole = read_yaml(Path(path))
    told = whole.table(ENTRIES, ("title", "images", "backbones", "neighbors", "runs"))

    def given(name: str, default: Any) -> Entry:
        return told.get(name, Entry(f"{whole.where}: {name}", default))

    backbones = {name: entry.text() for name, entry in told["backbones"].table().items()}
    if not backbones:
        raise told["backbones"].wrong("is empty", "at least one model is needed")
    runs = read_runs(told["runs"])
    study = Study(
        told["title"].text(),
        given("about", "").text(),
        {name: entry.text() for name, entry in told["images"].table(IMAGES, ("train",)).items()},
        backbones,
        {name: entry.value for name, entry in given("features", {}).table(FEATURES).items()},
        {name: entry.value for name, entry in told["neighbors"].table(NEIGHBORS, ("k",)).items()},
        tuple(entry.integer(0) for entry in given("seeds", [0]).items()),
        tuple(
            read_table(title, entry, runs, backbones) for title, entry in given("tables", {}).table().items()
        ),
        tuple(read_sweep(title, entry, runs) for title, entry in given("sweeps", {}).table().items()),
        runs[told["show"].choice(runs, "the runs")] if "show" in told else None,
    )
    names = {case.name: name for name, case in reversed(runs.items())}
    for case in study.cases():
        check_case(case, f"{whole.where}: {names.get(case.name, 'a point of a sweep')}", study)
    return study


def read_runs(entry: Entry) -> dict[str, Case]:
    """All runs by name."""
    runs: dict[str, Case] = {}
    for name, held in entry.table().items():
        told = held.table(("method", "like", "set", "train"))
        if ("method" in told) == ("like" in told):
            raise held.wrong("has both 'method' and 'like', or neither", "one of the two is needed")
        if "like" in told:
            base = runs[told["like"].choice(runs, "the runs before it")]
        else:
            base = Case(told["method"].choice(METHODS, "methods"))
        training = {} if "train" not in told else told["train"].table(TRAINING)
        settings = {} if "set" not in told else read_settings(told["set"], base.method)
        runs[name] = base.also(
            settings,
            {key: part.number() if key == "baseline" else part.integer(0) for key, part in training.items()},
        )
    return runs


def read_settings(entry: Entry, name: str) -> dict[str, Any]:
    """Hyper-parameters; a whole number where the default has a fraction means the same with and without one."""
    defaults = method(name).parameters
    return {key: as_default(part.value, defaults[key]) for key, part in entry.table(defaults).items()}


def as_default(value: Any, default: Any) -> Any:
    """An integer as a float, where the default is one."""
    return float(value) if isinstance(default, float) and type(value) is int else value


def read_table(title: str, entry: Entry, runs: Mapping[str, Case], backbones: Mapping[str, str]) -> Table:
    """One table."""
    told = entry.table(("score", "rows"), ("rows",))
    rows = []
    for name, held in told["rows"].table().items():
        row = held.table(("run", "published"))
        published = {} if "published" not in row else row["published"].table(backbones)
        rows.append(
            Row(
                name,
                runs[row["run"].choice(runs, "the runs")] if "run" in row else None,
                {backbone: read_published(number) for backbone, number in published.items()},
            )
        )
    return Table(title, told["score"].choice(SCORES, "scores") if "score" in told else DEFAULT, tuple(rows))


def read_published(entry: Entry) -> Published:
    """A number, or a number and its spread."""
    if not isinstance(entry.value, list):
        return Published(entry.number())
    numbers = [part.number() for part in entry.items()]
    if len(numbers) != 2:
        raise entry.wrong(f"{entry.value!r}", "a number, or [number, spread], is needed")
    return Published(*numbers)


def read_sweep(title: str, entry: Entry, runs: Mapping[str, Case]) -> Sweep:
    """One sweep."""
    told = entry.table(("run", "option", "values", "variants"), ("run", "option", "values"))
    base = runs[told["run"].choice(runs, "the runs")]
    parameters = method(base.method).parameters
    option = told["option"].choice(parameters, "the hyper-parameters")
    numbers = [part.a((int, float), "a number") for part in told["values"].items()]
    if sorted(set(numbers)) != numbers:
        raise told["values"].wrong(f"{numbers}", "values that increase are needed")
    values = tuple(as_default(value, parameters[option]) for value in numbers)
    variants = {base.method: base}
    if "variants" in told:
        variants = {
            name: base.also(read_settings(part, base.method))
            for name, part in told["variants"].table().items()
        }
    return Sweep(title, option, values, variants)


def check_case(case: Case, where: str, study: Study) -> None:
    """Refuse what cannot be run, before hours of work for other runs."""
    try:
        row = method(case.method)
        check_streams(row)
        training_settings(row, case.options(0))
        searches = row.recipe(**case.parameters).target_dist.searches()
    except IConLearnError as cause:
        raise OptionError(f"{where}: {cause}") from cause
    metric = study.neighbors.get("metric", "euclidean")
    for wanted, _, k in searches:
        if k > study.neighbors["k"] or metric_name(wanted) != metric:
            raise OptionError(
                f"{where}: looks for {k} neighbours by {metric_name(wanted)!r}, but the study's neighbors: are "
                f"{study.neighbors['k']} by {metric!r}; change one of them"
            )
