"""A study of clusterings: features of every model, neighbours, heads for every seed, and figures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from iconlearn._checks import check_names
from iconlearn.evaluation import ClusteringReport
from iconlearn.extraction import ImageSource, extract_features, open_images
from iconlearn.features import Features, open_features
from iconlearn.neighbors import NeighborGraph
from iconlearn.run import predict_stored, run_stored
from iconlearn.run.clusters import judge_clusters
from iconlearn.studies.figures import draw_figures
from iconlearn.studies.plan import Case, ClusterStudy
from iconlearn.studies.report import Turn
from iconlearn.studies.work import StudyOptions, slug, tell, write_report
from iconlearn.train.processes import first_of_job, join


@dataclass(frozen=True, eq=False)
class Material:
    """What all runs on the features of one model share."""

    name: str
    folder: Path
    train: Features
    test: Features | None
    neighbors: NeighborGraph
    images: ImageSource


def cluster(study: ClusterStudy, folder: Path, options: StudyOptions, verbose: bool) -> None:
    """Everything, one model after another.

    Raises
    ------
    OptionError
        If models are named that the study does not have.
    """
    for names in (options.models, options.backbones):
        check_names("study", names, study.backbones)
    measured: dict[Turn, ClusteringReport] = {}
    for name in study.backbones:
        if name in options.backbones or not options.backbones:
            follow(study, prepare(study, name, folder, options, verbose), measured, folder, verbose)


def prepare(study: ClusterStudy, name: str, folder: Path, options: StudyOptions, verbose: bool) -> Material:
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


def follow(
    study: ClusterStudy,
    material: Material,
    measured: dict[Turn, ClusteringReport],
    folder: Path,
    verbose: bool,
) -> None:
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
