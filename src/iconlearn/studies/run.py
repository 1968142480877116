"""A study from images to tables; whatever is there already is not done again."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from iconlearn._checks import check_names
from iconlearn._errors import DiskError, IConLearnError
from iconlearn._files import write_aside
from iconlearn.evaluation import ClusteringReport
from iconlearn.extraction import ImageSource, extract_features, open_images
from iconlearn.features import Features, open_features
from iconlearn.neighbors import NeighborGraph
from iconlearn.run import predict_stored, run_stored
from iconlearn.run.clusters import judge_clusters
from iconlearn.studies.figures import draw_figures
from iconlearn.studies.plan import Case, Study
from iconlearn.studies.report import Measured, as_json, as_markdown
from iconlearn.train.processes import first_of_job, join

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


@dataclass(frozen=True, eq=False)
class Material:
    """What all runs on the features of one model share."""

    name: str
    folder: Path
    train: Features
    test: Features | None
    neighbors: NeighborGraph
    images: ImageSource


def run_study(
    study: Study, out: str | os.PathLike[str], options: StudyOptions | None = None, *, verbose: bool = False
) -> Path:
    """Make the features, find the neighbours, run everything for every seed, and write tables and figures.

    ``OUT/report.md`` and ``report.json`` are written anew after every run. ``OUT/MODEL/`` holds the features, the
    neighbours, a folder for every run, and the figures. What is there is not made again, so a study that was killed
    goes on where it was.

    Parameters
    ----------
    study : Study
    out : path
    options : StudyOptions, optional
    verbose : bool, default False
        Say on standard error what is done, with progress bars.

    Returns
    -------
    Path
        Of the report.

    Raises
    ------
    OptionError
        If images or models are named that the study does not have.
    InputError, FileFormatError
        Of images, models or features.
    DiskError
        If the disk is full; what is done is kept.
    """
    options = options or StudyOptions()
    check_names("study", options.images, study.images)
    for names in (options.models, options.backbones):
        check_names("study", names, study.backbones)
    folder = Path(os.path.abspath(os.path.expanduser(out)))
    chosen = [name for name in study.backbones if name in options.backbones or not options.backbones]
    measured: Measured = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in chosen:
            follow(study, prepare(study, name, folder, options, verbose), measured, folder, verbose)
    except OSError as cause:
        if isinstance(cause, IConLearnError):
            raise
        raise DiskError(
            cause.errno,
            f"{folder} cannot be written ({cause.strerror or cause}); make room: what is done is kept",
        ) from cause
    return folder / REPORT


def prepare(study: Study, name: str, folder: Path, options: StudyOptions, verbose: bool) -> Material:
    """Features of one model, and neighbours."""
    images = {**study.images, **options.images}
    model = {**study.backbones, **options.models}[name]
    place = folder / slug(name)
    across = join(None, torch.device("cpu"))

    def extract(part: str, **changed: Any) -> Features:
        tell(verbose, f"{name}: features of {images[part]}")
        making = {**study.features, **changed, "device": options.device, "workers": options.workers}
        across.lead(lambda: str(extract_features(images[part], model, place / part, **making).path))
        return open_features(place / part)

    train = extract("train")
    test = extract("test", views=1) if "test" in images else None
    tell(verbose, f"{name}: neighbours")
    graph = across.lead(
        lambda: NeighborGraph.of(
            train.check(), **study.neighbors, checkpoint=place / "neighbors", verbose=int(verbose)
        )
    )
    source = open_images(images["train"], study.features.get("split"), study.features.get("labels"))
    return Material(name, place, train, test, graph, source)


def follow(study: Study, material: Material, measured: Measured, folder: Path, verbose: bool) -> None:
    """All runs on one model's features, seed by seed, and its figures."""
    across = join(None, torch.device("cpu"))
    turns = [(seed, case) for seed in study.seeds for case in study.cases()]
    for done, (seed, case) in enumerate(turns):
        tell(verbose, f"{material.name}: run {done + 1} of {len(turns)}, {case.name}, seed {seed}")
        result = run_stored(
            case.method,
            material.train,
            run_folder(material, case, seed),
            case.options(seed),
            neighbors=material.neighbors,
            images=material.images,
            verbose=verbose,
        )
        measured[material.name, case.name, seed] = across.lead(lambda out=result.out: judge(material, out))
        if across.first:
            write_report(study, measured, folder)
    if first_of_job():
        tell(verbose, f"{material.name}: figures")
        shown = None if study.show is None else run_folder(material, study.show, study.seeds[0])
        draw_figures(study, material.name, material.train, measured, shown, material.folder)


def run_folder(material: Material, case: Case, seed: int) -> Path:
    """Where a run is."""
    return material.folder / "runs" / f"{case.name}-seed{seed}"


def judge(material: Material, run: Path) -> ClusteringReport:
    """Scores of a run: on the test images where there are any."""
    if material.test is None:
        return judge_clusters(run / "clusters.parquet", n_clusters_of(run))
    path = run / "test.parquet"
    return (
        judge_clusters(path, n_clusters_of(run))
        if path.exists()
        else predict_stored(run, material.test, path)
    )


def n_clusters_of(run: Path) -> int:
    """Clusters of a finished run, the empty ones included."""
    return len(json.loads((run / "run.json").read_text("utf-8"))["cluster_sizes"])


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
