"""Studies of encoders that are trained on images, from their YAML."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from iconlearn._errors import IConLearnError, OptionError
from iconlearn.estimators.networks import check_network
from iconlearn.estimators.options import encodes_images
from iconlearn.intake import ROWS
from iconlearn.methods import METHODS, Method, method
from iconlearn.recipes import BACKBONES, VIEWS
from iconlearn.run.job import training_settings
from iconlearn.studies.entries import SHARED, Told, count, read_runs, read_table
from iconlearn.studies.plan import Case, EncoderStudy, ImageSet
from iconlearn.studies.reading import Entry


def widths(entry: Entry) -> tuple[int, ...]:
    """Widths of hidden layers."""
    return tuple(part.integer(1) for part in entry.items())


TRAINING: Mapping[str, Callable[[Entry], Any]] = {
    **dict.fromkeys(("max_iter", "epochs", "batch_size", "accumulate"), count),
    **dict.fromkeys(("lr", "weight_decay", "max_grad_norm"), Entry.number),
    **dict.fromkeys(("optimizer", "precision"), Entry.text),
    "backbone": lambda entry: entry.choice(BACKBONES, "networks"),
    "augment": lambda entry: entry.choice(VIEWS, "views"),
    "projector": widths,
}
SET = ("source", "train", "test", "learn", "labels")
ENTRIES = (*SHARED, "sets", "encoders", "neighbors")
SCORES = ("linear_probe", "knn_accuracy")
NEIGHBORS = 10


def read_encoder_study(whole: Entry) -> EncoderStudy:
    """A study of several encoders; see `read_study`."""
    told = Told(whole, ENTRIES, ("sets", "encoders"))
    sets = {name: read_set(entry) for name, entry in told["sets"].table().items()}
    if not sets:
        raise told["sets"].wrong("is empty", "at least one set of images is needed")
    runs = read_runs(told["runs"], TRAINING)
    encoders = told["encoders"].table(("learn_from", "image_size", "grey"), ("learn_from", "image_size"))
    side = encoders["image_size"].integer(1)
    grey = "grey" in encoders and encoders["grey"].a(bool, "true or false")
    probes = told.given("neighbors", {}).table(("k",))
    study = EncoderStudy(
        told["title"].text(),
        told.given("about", "").text(),
        told.seeds(),
        tuple(
            read_table(title, entry, runs, sets, SCORES)
            for title, entry in told.given("tables", {}).table().items()
        ),
        (),
        sets,
        encoders["learn_from"].choice(sets, "the sets"),
        (1 if grey else 3, side, side),
        probes["k"].integer(1) if "k" in probes else NEIGHBORS,
    )
    names = {case.name: name for name, case in reversed(runs.items())}
    for case in study.cases():
        check_case(case, f"{whole.where}: {names[case.name]}", study)
    return study


def read_set(entry: Entry) -> ImageSet:
    """One set of images."""
    told = {name: part.text() for name, part in entry.table(SET, ("source",)).items()}
    if ("train" in told) != ("test" in told):
        raise entry.wrong("has one of 'train' and 'test'", "both are needed, or none for halves")
    return ImageSet(**told)


def trains(row: Method) -> bool:
    """Does the method train an encoder of images?"""
    return row.takes is ROWS and not row.clusters and encodes_images(row)


def check_case(case: Case, where: str, study: EncoderStudy) -> None:
    """Refuse what cannot be run, before hours of work for other runs."""
    row = method(case.method)
    if not trains(row):
        able = ", ".join(name for name, other in METHODS.items() if trains(other))
        raise OptionError(f"{where}: {row.name} trains no encoder of images; those that do are {able}")
    try:
        chosen = training_settings(row, case.options(0))
        network = {name: chosen.get(name) for name in ("backbone", "projector", "augment")}
        check_network(row.name, study.image_shape, **network)
        row.recipe(**case.parameters)
    except IConLearnError as cause:
        raise OptionError(f"{where}: {cause}") from cause
