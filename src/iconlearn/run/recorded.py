"""What comes first in the recording of a run, and what ends it: which method, which data, which points."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from iconlearn._version import __version__
from iconlearn.data.files import Dataset
from iconlearn.intake import TOKENS
from iconlearn.mappers import Prototypes
from iconlearn.pages.equation import equation, mapping, side
from iconlearn.recipes import Recipe
from iconlearn.recording import Audience, Packet, PacketFile, Recorder, Recording
from iconlearn.recording.packets import END, POINTS, RUN, SAMPLES
from iconlearn.run.captions import loss_name
from iconlearn.run.partial import RECORDING
from iconlearn.run.rows import Material, Split
from iconlearn.run.tables import plain
from iconlearn.train.events import Event
from iconlearn.train.options import History

SCHEMA = 1
MOST_SIDE, MOST_BYTES = 32, 16 << 20  # of thumbnails
MOST_FEATURES = 16  # columns of a table that points carry along
CONTEXT = 3  # tokens on either side of the one that a point stands for


@dataclass(frozen=True, eq=False)
class Opening:
    """What a recording says before its first moment.

    Parameters
    ----------
    material : Material
    recipe : Recipe
    shown : Dataset
        The samples as pictures show them, one row a point.
    split : Split
    recorder : Recorder
    parameters, options : mapping
        What was chosen, with defaults.
    chosen : mapping
        What of both, and of the equation, is not as the method has it.
    seed : int
    """

    material: Material
    recipe: Recipe
    shown: Dataset
    split: Split
    recorder: Recorder
    parameters: Mapping[str, Any]
    options: Mapping[str, Any]
    chosen: Mapping[str, Any]
    seed: int

    @property
    def rows(self) -> np.ndarray:
        """Row of the data set of every shown point."""
        at = self.recorder.shown
        return at if self.recorder.data.n == len(self.shown.X) else self.split.train[at]

    @property
    def labels(self) -> np.ndarray | None:
        """Classes of the shown points, -1 where none is known."""
        return None if self.shown.y is None else self.shown.y[self.rows]

    @property
    def probe_rows(self) -> np.ndarray | None:
        """Samples of the map that the probe was made of; of text every sequence gives as many."""
        probe, train = self.recorder.probe, self.split.train
        if probe is None:
            return None
        each = max(1, self.recorder.data.n // len(self.material.dataset.X))
        at = probe.id.cpu().numpy() % (len(train) * each)
        return train[at // each] * each + at % each

    def __call__(self, event: Event) -> Iterable[Packet]:
        """The packets ``run``, ``points`` and ``samples``."""
        yield self.run(event)
        yield self.points()
        if (packet := samples(self.material, self.shown, self.rows)) is not None:
            yield packet

    def run(self, event: Event) -> Packet:
        """Which method, with which options, on which data."""
        row, data, recipe, model = self.material.row, self.shown, self.recipe, event.model
        told = equation(recipe)
        prototypes = isinstance(model.mapper_j, Prototypes)
        columns = "probe" if self.recorder.probe is not None else "points"
        names = None
        if prototypes:
            columns = "clusters" if row.clusters else "classes"
            names = self.prototype_names()
        learned = side(recipe.learned_dist, "q", "z", "z" if recipe.mapper_j is None else "c")
        return Packet(
            RUN,
            plain(
                {
                    "schema": SCHEMA,
                    "version": __version__,
                    "method": row.name,
                    "title": row.title,
                    "family": row.family,
                    "status": row.status,
                    "cell": None if row.status == "off-grid" else [row.target, row.learned],
                    "p": repr(recipe.target_dist),
                    "q": repr(recipe.learned_dist),
                    "mapper": " ".join(mapping(recipe).notes),
                    "equation": list(told.lines),
                    "notes": list(told.notes),
                    "loss_name": loss_name(model, learned.limit),
                    "divergence": model.measure.name,
                    "parameters": dict(self.parameters),
                    "options": dict(self.options),
                    "chosen": dict(self.chosen),
                    "data": {
                        "name": data.name,
                        "n": len(data.X),
                        "d": data.X.shape[1],
                        "classes": data.classes,
                        "kind": data.form,
                    },
                    "rows": self.split.words,
                    "total": event.max_iter,
                    "seed": self.seed,
                    "columns_are": columns,
                    "column_names": names,
                    "layout": "fixed" if row.clusters else "embedding",
                    "layout_words": self.material.layout[1] if row.clusters else "",
                    "drawn_at_a_width": learned.limit,
                }
            ),
        )

    def prototype_names(self) -> list[str] | None:
        """Names of the columns that are learned vectors, one a class that was fitted."""
        data = self.material.dataset
        if data.classes is None:
            return None
        if self.material.row.takes is TOKENS or data.y is None:
            return list(data.classes)
        fitted = data.y[self.split.train]
        return [data.classes[k] for k in np.unique(fitted[fitted >= 0])]

    def points(self) -> Packet:
        """The shown points with what is known of each."""
        data, rows = self.shown, self.rows
        told: list[dict[str, Any]] = []
        arrays: dict[str, np.ndarray] = {"rows": rows.astype(np.uint32)}

        def add(name: str, values: np.ndarray, categories: list[str] | None) -> None:
            kind, dtype = ("number", np.float32) if categories is None else ("category", np.int32)
            while any(column["name"] == name for column in told):
                name += "_"
            arrays[f"column_{len(told)}"] = values.astype(dtype)
            told.append({"name": name, "kind": kind, "categories": categories})

        if data.y is not None:
            add(
                "label",
                data.y[rows],
                data.classes or [str(k) for k in range(int(data.y.max(initial=-1)) + 1)],
            )
        if self.split.test is not None and self.material.row.takes is not TOKENS:
            held = np.isin(rows, self.split.test)
            add("half", held, ["fitted", "held out"])
        if data.image_shape is None and data.X.shape[1] <= MOST_FEATURES:
            for k, name in enumerate(data.column_names):
                add(name, data.X[rows, k], None)
        if self.material.row.clusters:
            arrays["positions"] = self.material.layout[0][rows].astype(np.float32)
        return Packet(POINTS, {"n": len(rows), "columns": told}, arrays)


def samples(material: Material, shown: Dataset, rows: np.ndarray) -> Packet | None:
    """Thumbnails of images, or words with those around them; None where there is nothing to see."""
    data = material.dataset
    if material.row.takes is TOKENS:
        words = np.array(
            data.classes or [str(k) for k in range(int(material.source.max()) + 1)], dtype=object
        )
        return Packet(SAMPLES, {"form": "texts", "texts": [snippet(material.source, words, r) for r in rows]})
    if data.image_shape is None or data.image_shape[0] not in (1, 3):
        return None
    channels, height, width = data.image_shape
    scale = min(1.0, MOST_SIDE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    if len(rows) * channels * size[0] * size[1] > MOST_BYTES:
        return None
    low, high = float(data.X.min()), float(data.X.max())
    images = torch.from_numpy(shown.X[rows].astype(np.float32)).view(-1, channels, height, width)
    small = (interpolate(images, size=size, mode="area") - low) * (255 / (high - low or 1.0))
    pixels = small.round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return Packet(SAMPLES, {"form": "images"}, {"images": pixels[..., 0] if channels == 1 else pixels})


def snippet(tokens: np.ndarray, words: np.ndarray, position: int) -> str:
    """A token in brackets, between those around it."""
    sequence, at = tokens[position // tokens.shape[1]], position % tokens.shape[1]
    near = range(max(0, at - CONTEXT), min(len(sequence), at + CONTEXT + 1))
    return " ".join(f"[{words[sequence[k]]}]" if k == at else str(words[sequence[k]]) for k in near)


def record_run(opening: Opening, file: Path, audience: Audience | None) -> Recording:
    """Have the recorder of a run make its recording, too."""
    recorder = opening.recorder
    recorder.recording = Recording(
        opening,
        PacketFile(file),
        audience,
        labels=opening.labels,
        clusters=opening.material.row.clusters,
        probe_rows=opening.probe_rows,
    )
    return recorder.recording


def finish(
    file: Path,
    folder: Path,
    record: Mapping[str, Any],
    planned: int,
    history: History,
    audience: Audience | None,
) -> None:
    """Put the recording of a run with its results, and end it."""
    steps, words = len(history.losses), ""
    if history.interrupted:
        words = "interrupted; the best state so far is kept"
    elif steps < planned and not history.converged:
        words = "stopped by who watched it"
    fields = {
        "state": "stopped" if words else "finished",
        "message": words,
        "steps": steps,
        "seconds": record["seconds"]["fit"],
        "metrics": plain(record["metrics"]),
    }
    end = Packet(END, fields)
    shutil.copyfile(file, folder / RECORDING)
    PacketFile(folder / RECORDING).append(end)
    if audience is not None:
        audience(end)
