"""Studies of clusterings of frozen features, from their YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from iconlearn._errors import IConLearnError, OptionError
from iconlearn.evaluation import ClusteringReport
from iconlearn.methods import method
from iconlearn.metrics import metric_name
from iconlearn.run.job import training_settings
from iconlearn.run.stored import check_streams
from iconlearn.studies.entries import SHARED, Told, as_default, count, read_runs, read_settings, read_table
from iconlearn.studies.plan import Case, ClusterStudy, Sweep
from iconlearn.studies.reading import Entry

TRAINING: Mapping[str, Callable[[Entry], Any]] = {
    **dict.fromkeys(("max_iter", "epochs", "batch_size", "restarts"), count),
    "baseline": Entry.number,
}
FEATURES = ("views", "batch_size", "dtype", "image_size", "pool", "skip_corrupt", "seed", "split", "labels")
NEIGHBORS = ("k", "metric", "recall")
IMAGES = ("train", "test")
ENTRIES = (*SHARED, "images", "backbones", "features", "neighbors", "sweeps", "show")
SCORES = (
    "hungarian_accuracy",
    *(
        name
        for name in ClusteringReport.__dataclass_fields__
        if name not in ("hungarian_accuracy", "reliability", "confidence_counts")
    ),
)


def read_cluster_study(whole: Entry) -> ClusterStudy:
    """A study of several models; see `read_study`."""
    told = Told(whole, ENTRIES, ("images", "backbones", "neighbors"))
    backbones = {name: entry.text() for name, entry in told["backbones"].table().items()}
    if not backbones:
        raise told["backbones"].wrong("is empty", "at least one model is needed")
    runs = read_runs(told["runs"], TRAINING)
    study = ClusterStudy(
        told["title"].text(),
        told.given("about", "").text(),
        told.seeds(),
        tuple(
            read_table(title, entry, runs, backbones, SCORES)
            for title, entry in told.given("tables", {}).table().items()
        ),
        tuple(read_sweep(title, entry, runs) for title, entry in told.given("sweeps", {}).table().items()),
        {name: entry.text() for name, entry in told["images"].table(IMAGES, ("train",)).items()},
        backbones,
        {name: entry.value for name, entry in told.given("features", {}).table(FEATURES).items()},
        {name: entry.value for name, entry in told["neighbors"].table(NEIGHBORS, ("k",)).items()},
        runs[told["show"].choice(runs, "the runs")] if "show" in told else None,
    )
    names = {case.name: name for name, case in reversed(runs.items())}
    for case in study.cases():
        check_case(case, f"{whole.where}: {names.get(case.name, 'a point of a sweep')}", study)
    return study


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


def check_case(case: Case, where: str, study: ClusterStudy) -> None:
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
