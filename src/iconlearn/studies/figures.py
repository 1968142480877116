"""The figures of a study, for one model: sweeps, their calibration, and what one run looks like."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._files import write_aside
from iconlearn.bandwidth import Perplexity
from iconlearn.distributions import Gaussian, StudentT
from iconlearn.evaluation import ClusteringReport
from iconlearn.features import Features
from iconlearn.mappers import Embedding
from iconlearn.model import ICon
from iconlearn.run.clusters import read_clusters
from iconlearn.studies.plan import ClusterStudy, Sweep
from iconlearn.studies.report import WORDS, Found, Turn
from iconlearn.viz import map_figure, reliability_figure, save_figure, sweep_figure

Clusterings = Mapping[Turn, ClusteringReport]
SAMPLE = 2000  # rows of a map
MOST_CLUSTERS = 20  # that a map can name
MOST_CURVES = 10  # that a picture of calibration holds
COPIED = ("contact_sheet.png", "confusion.png")


def draw_figures(
    study: ClusterStudy,
    model: str,
    features: Features,
    measured: Clusterings,
    shown: Path | None,
    folder: Path,
) -> None:
    """All figures; a map, which takes longer, only where it is not there yet."""
    for number, sweep in enumerate(study.sweeps):
        end = "" if len(study.sweeps) == 1 else f"-{number + 1}"
        draw_sweep(study, model, measured, sweep, folder / f"sweep{end}.png")
        draw_calibration(study, model, measured, sweep, folder / f"reliability{end}.png")
    if shown is not None:
        for name in COPIED:
            if (shown / name).exists():
                shutil.copyfile(shown / name, folder / name)
        draw_map(study, model, features, shown, folder)


def draw_sweep(study: ClusterStudy, model: str, measured: Clusterings, sweep: Sweep, path: Path) -> None:
    """Accuracy against the option, a line a variant."""
    score = "hungarian_accuracy"
    scores = {
        name: [
            Found.of(study, measured, model, sweep.case(name, value), score).values for value in sweep.values
        ]
        for name in sweep.variants
    }
    if not all(row for rows in scores.values() for row in rows):
        return  # the images have no labels
    title = f"{sweep.title} · {model}"
    words = f"{WORDS[score]}, %"
    save_figure(sweep_figure(sweep.values, scores, option=sweep.option, score=words, title=title), path)


def draw_calibration(
    study: ClusterStudy, model: str, measured: Clusterings, sweep: Sweep, path: Path
) -> None:
    """Reliability at the values of the last variant, of many at some of them, of the first seed."""
    variant = list(sweep.variants)[-1]
    spaced = np.linspace(0, len(sweep.values) - 1, min(MOST_CURVES, len(sweep.values)))
    curves = {
        f"{sweep.option} {value:g}": measured[
            model, sweep.case(variant, value).name, study.seeds[0]
        ].reliability
        for value in (sweep.values[k] for k in spaced.round().astype(int))
    }
    known = {name: curve for name, curve in curves.items() if curve is not None}
    if known:
        title = f"Calibration, {variant} · {model}"
        save_figure(reliability_figure(known, title), path)


def draw_map(study: ClusterStudy, model: str, features: Features, run: Path, folder: Path) -> None:
    """A t-SNE of a sample of rows, coloured by cluster: those of the largest clusters, where there are many."""
    made_of = json.dumps(
        [run.name, hashlib.sha256((run / "clusters.parquet").read_bytes()).hexdigest()]
    ).encode()
    path, told = folder / "map.png", folder / ".map.json"
    if path.exists() and told.exists() and told.read_bytes() == made_of:
        return
    table = read_clusters(run / "clusters.parquet", "cluster", "label")
    cluster = table["cluster"]
    largest = np.argsort(-np.bincount(cluster), kind="stable")[:MOST_CLUSTERS]
    rows = np.flatnonzero(np.isin(cluster, largest))
    some = np.sort(np.random.default_rng(0).choice(rows, min(SAMPLE, len(rows)), replace=False))
    perplexity = Perplexity(min(30, max(1, (len(some) - 1) // 3)))
    joint = StudentT(normalize="joint")
    tsne = ICon(Gaussian(perplexity).symmetrize(), joint, Embedding(len(some), dim=2))
    places = tsne.fit(features.take(some), processes=1).transform(features.take(some))
    names = cluster_names(table)
    labels = [names[k] for k in cluster[some].tolist()]
    count, drawn = len(np.unique(cluster)), len(np.unique(cluster[some]))
    of_what = f"{count} clusters" if drawn == count else f"the {drawn} largest of {count} clusters"
    words = f"t-SNE of {len(some):,} of {features.n:,} images  ·  {of_what}"
    save_figure(map_figure(places, labels, title=f"{study.title} · {model}", subtitle=words), path)
    write_aside(told, made_of)


def cluster_names(table: Mapping[str, Any]) -> dict[int, str]:
    """The number of every cluster, and the label that most of its rows have."""
    clusters, labels = table["cluster"], table.get("label")
    names = {}
    for k in np.unique(clusters).tolist():
        held = [] if labels is None else [label for label in labels[clusters == k] if label is not None]
        values, counts = np.unique(np.array(held, dtype=str), return_counts=True)
        names[k] = f"{k}  {values[counts.argmax()]}" if len(values) else str(k)
    return names
