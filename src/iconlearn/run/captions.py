"""A run in words: what the pictures say, and the record of what was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from iconlearn.data.files import Dataset
from iconlearn.methods import Method
from iconlearn.model import ICon
from iconlearn.objective import Objective
from iconlearn.recording import Recorder
from iconlearn.run.pictures import Album
from iconlearn.train.schedules import Steps


def cell(row: Method) -> str:
    """The method's place in the periodic table."""
    return f"p: {row.target}  ·  q: {row.learned}"


def loss_name(model: Objective, limit: bool) -> str:
    """What the loss is called; that of a limit of kernels is rescaled, and not a number of nats."""
    name = model.measure.name.replace("_", " ").replace("kl", "KL")
    return f"{name} (rescaled limit)" if limit else name


def headline(metrics: Mapping[str, Any]) -> str:
    """The scores in one line."""
    names = {
        "trustworthiness": "trustworthiness {:.3f}",
        "knn_accuracy": "10-NN accuracy {:.3f}",
        "retrieval": "retrieval {:.3f}",
        "accuracy": "accuracy {:.3f}",
        "linear_probe": "linear probe {:.3f}",
        "linear_probe_untrained": "untrained {:.3f}",
        "hungarian_accuracy": "matched accuracy {:.3f}",
        "nmi": "NMI {:.3f}",
    }
    return "  ·  ".join(words.format(metrics[key]) for key, words in names.items() if key in metrics)


def bars(row: Method, recorder: Recorder) -> str:
    """What the bars stand for."""
    if row.clusters and recorder.probe is None:
        return "mass on each cluster"
    if recorder.by_class:
        return "mass on each class"
    if (probe := recorder.probe) is not None:
        views = f" in {len(probe.views)} views" if len(probe.views) > 1 else ""
        return f"a probe batch of {probe.n} rows{views}"
    return "the most probable neighbours" + (", q drawn at a finite width" if recorder.limit else "")


def schedule_marks(options: Mapping[str, Any], planned: int, done: int) -> list[tuple[float, str]]:
    """Steps at which a stepwise schedule changed, of ``planned`` steps of which ``done`` were taken, in words."""
    return [
        (float(end), f"{name} {before:g} → {after:g}")
        for name, schedule in options.items()
        if isinstance(schedule, Steps)
        for end, before, after in zip(
            schedule.ends(planned), schedule.values, schedule.values[1:], strict=False
        )
        if 0 < end < done
    ]


def record(
    row: Method, options: Mapping[str, Any], dataset: Dataset, model: ICon, album: Album
) -> dict[str, Any]:
    """What was done, and the numbers of the equation; metrics, rows, times and versions are added to it."""
    recorder, history = album.recorder, model.history
    assert history is not None
    told = model.explain(recorder.data if recorder.probe is None else recorder.probe)
    rows = min(row.fit.get("batch_size") or recorder.data.n, recorder.data.n)
    gaps = album.bars().gaps
    return {
        "method": row.name,
        "family": row.family,
        "paper": row.paper,
        "options": dict(options),
        "data": {
            "name": dataset.name,
            "shape": list(dataset.X.shape),
            "image_shape": dataset.image_shape,
            "classes": dataset.classes,
            "labelled": 0 if dataset.y is None else int(np.sum(dataset.y >= 0)),
        },
        "steps": len(history.losses),
        "interrupted": history.interrupted,
        "kept_baseline": history.kept_baseline,
        "divergence": model.measure.name,
        "final_loss": recorder.snapshots[-1].loss,
        "restart_losses": list(history.restart_losses),
        "target_entropy": told.figures["target_entropy"],
        "target_entropy_of": "all rows"
        if recorder.probe is None
        else f"a probe batch of {recorder.probe.n} rows",
        "gap": {"before": float(gaps[0]), "after": float(gaps[-1])},
        "plan": str(model.plan(rows * model.num_views)),
        "equation": list(told.lines),
    }


def clustering_title(title: str, kept_baseline: bool) -> str:
    """The heading of a clustering, which says where it is not that of the training."""
    return f"{title}: k-means was kept" if kept_baseline else title


def notes(record: Mapping[str, Any]) -> tuple[str, ...]:
    """What the scores of a run do not tell."""
    if not record.get("kept_baseline"):
        return ()
    return (
        "k-means was kept: training found no more of the neighbour graph; --baseline -1 takes the trained head",
    )
