"""A study of encoders: each is trained, and judged by probes on every set of images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from iconlearn._errors import FileFormatError, InputError, OptionError
from iconlearn._files import write_aside
from iconlearn.methods import method
from iconlearn.monitoring import Monitor
from iconlearn.run import probe_sets, run_method
from iconlearn.run.finished import read_record
from iconlearn.run.partial import Partial
from iconlearn.studies.gallery import Gallery
from iconlearn.studies.plan import Case, EncoderStudy
from iconlearn.studies.report import Turn
from iconlearn.studies.work import StudyOptions, slug, tell, write_report
from iconlearn.train.processes import join


@dataclass(frozen=True)
class Probes:
    """Accuracies on one set of images."""

    scores: Mapping[str, float]


def train_encoders(study: EncoderStudy, folder: Path, options: StudyOptions, verbose: bool) -> None:
    """Everything, seed by seed; Ctrl-C keeps what is done.

    Raises
    ------
    OptionError
        If options are chosen that a study of encoders does not have.
    InputError
        If images are missing, or have no labels where they are needed.
    """
    check_options(options)
    across = join(None, torch.device("cpu"))
    tell(verbose, f"reading images of {', '.join(study.sets)}")
    gallery = Gallery(study, {**study.sources, **options.images}, options.workers)
    check_labels(study, gallery)
    across.lead(lambda: gallery.compare(folder))
    measured: dict[Turn, Probes] = {}
    turns = [(seed, case) for seed in study.seeds for case in study.cases()]
    for done, (seed, case) in enumerate(turns):
        tell(verbose, f"run {done + 1} of {len(turns)}, {case.name}, seed {seed}")
        run = folder / "runs" / f"{case.name}-seed{seed}"
        state = across.lead(lambda run=run: state_of(run))
        if state != "finished":
            more = {
                "overwrite": state == "interrupted",
                "device": None if options.device == "cpu" else options.device,
            }
            train(case, seed, gallery, run, verbose=verbose, **more)
        for name in study.sets:
            tell(verbose, f"{run.name}: probes of {name}")
            told = across.lead(lambda run=run, name=name: judged(study, gallery, run, name, folder))
            measured[name, case.name, seed] = Probes(told)
        if across.first:
            write_report(study, measured, folder)


def check_options(options: StudyOptions) -> None:
    """Refuse what only studies of frozen features have."""
    for name, given in (("--model", options.models), ("--backbone", options.backbones)):
        if given:
            raise OptionError(
                f"{name}: is for studies of frozen features; this one trains its encoders: leave it out"
            )


def check_labels(study: EncoderStudy, gallery: Gallery) -> None:
    """Refuse methods that compare labels where there are none, before others are trained for hours."""
    y = gallery.learned.y
    for case in study.cases():
        if method(case.method).needs_labels and (y is None or not (y >= 0).any()):
            raise InputError(
                f"{study.title}: {case.method} compares labels, but what encoders learn from "
                f"({study.learn_from}) has none; choose another split as learn:, or leave the run out"
            )


def state_of(run: Path) -> str:
    """How far a run is: "new", "interrupted" by Ctrl-C, or "finished"."""
    try:
        record, _ = read_record(run)
    except FileFormatError:
        return "new"
    if record["interrupted"]:
        return "interrupted"
    Partial(run).clear()  # of a process that was killed when all was in place
    return "finished"


def train(case: Case, seed: int, gallery: Gallery, run: Path, *, verbose: bool, **more: Any) -> None:
    """Train one encoder, or go on with it; ``more`` are options of the run.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, with the state of the training kept.
    """
    chosen = replace(case.options(seed), all_rows=True, callbacks=(Monitor(),), **more)
    if run_method(case.method, gallery.learned, run, chosen, verbose=verbose).interrupted:
        raise KeyboardInterrupt


def judged(study: EncoderStudy, gallery: Gallery, run: Path, name: str, folder: Path) -> dict[str, float]:
    """Accuracies of probes on a set, as they were found before or anew."""
    path = folder / "probes" / f"{run.name}-{slug(name)}.json"
    if path.exists():
        try:
            told = json.loads(path.read_text("utf-8"))
            if told["neighbors"] == study.neighbors:
                return {kind: float(score) for kind, score in told["scores"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            raise FileFormatError(
                f"{path}: holds no scores ({cause!r}); remove it, and they are found anew"
            ) from cause
    scores = probe_sets(run, *gallery.parts[name], neighbors=study.neighbors)
    path.parent.mkdir(exist_ok=True)
    write_aside(
        path, (json.dumps({"neighbors": study.neighbors, "scores": scores}, indent=1) + "\n").encode()
    )
    return scores
