"""The images of a study of encoders, all of them opened and read before anything is trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import IConLearnError, InputError, OptionError
from iconlearn._files import write_aside
from iconlearn.data.dataset import Dataset
from iconlearn.extraction import load_images, open_images
from iconlearn.run.rows import halves
from iconlearn.studies.plan import EncoderStudy, ImageSet

NOTE = "images.json"
SEED = 0  # of halves, for all runs the same


class Gallery:
    """Sets of images in memory: what encoders learn from, and what probes are trained and judged on.

    Parameters
    ----------
    study : EncoderStudy
    sources : mapping of str to str
        Where the images of each set are.
    workers : int, default 0
        Processes that read images.

    Raises
    ------
    InputError
        If images are missing or have no labels to judge by; names every such set, and how to say where it is.
    """

    def __init__(self, study: EncoderStudy, sources: Mapping[str, str], workers: int = 0) -> None:
        self.study, self.sources, self.workers = study, sources, workers
        self.check()
        self.read: dict[tuple[str, str | None], Dataset] = {}
        self.parts = {name: self.judged(name, images) for name, images in study.sets.items()}
        self.learned = self.learnt()
        self.read.clear()  # of a set in halves it held everything twice

    def check(self) -> None:
        """Refuse what cannot be opened, all of it at once."""
        wrong: dict[tuple[str, str], list[str]] = {}
        for name, images in self.study.sets.items():
            also = (images.learn,) if name == self.study.learn_from and images.learn else ()
            for split in dict.fromkeys((images.train, images.test, *also)):
                try:
                    opened = open_images(self.sources[name], split, images.labels)
                except IConLearnError as cause:
                    wrong.setdefault((name, str(cause)), []).append(split or "all")
                    continue
                if opened.classes is None and split not in also:
                    why = f"{self.sources[name]} ({opened.kind}) has no labels, by which probes judge"
                    wrong.setdefault((name, why), []).append(split or "all")
        if wrong:
            told = "; ".join(f"{name} ({', '.join(splits)}): {why}" for (name, why), splits in wrong.items())
            hint = " ".join(f"--data {name}=PATH" for name in dict.fromkeys(name for name, _ in wrong))
            raise InputError(f"{self.study.title}: images are missing. {told}. Say where they are: {hint}")

    def split(self, name: str, split: str | None) -> Dataset:
        """All images of a split, read once."""
        if (name, split) not in self.read:
            self.read[name, split] = load_images(
                self.sources[name],
                self.study.image_shape,
                split=split,
                labels=self.study.sets[name].labels,
                workers=self.workers,
            )
        return self.read[name, split]

    def judged(self, name: str, images: ImageSet) -> tuple[Dataset, Dataset]:
        """What probes are trained on, and what they are judged on: labelled images."""
        if images.train is None:
            both = self.halved(name)
        else:
            both = self.split(name, images.train), self.split(name, images.test)
        train, test = (taken(part, np.flatnonzero(labels_of(part) >= 0)) for part in both)
        known = len(np.unique(labels_of(train)))
        if known < 2 or not len(test.X):
            raise InputError(
                f"{self.study.title}: {name}: {self.sources[name]} has labels of {known} classes to train a probe on "
                f"and {len(test.X)} labelled images to judge it on; two classes or more are needed, and an image"
            )
        if len(train.X) < self.study.neighbors:
            raise InputError(
                f"{self.study.title}: {name}: has {len(train.X)} labelled images to compare with, but neighbors: k: "
                f"is {self.study.neighbors}; lower it"
            )
        return train, test

    def halved(self, name: str) -> tuple[Dataset, Dataset]:
        """Stratified halves of a set without splits."""
        whole = self.split(name, None)
        rows = halves(whole.y, SEED)
        if rows is None:
            raise InputError(
                f"{self.study.title}: {name}: {self.sources[name]} has no halves with two classes each; name its "
                "splits, as train: and test:"
            )
        return taken(whole, rows[0]), taken(whole, rows[1])

    def learnt(self) -> Dataset:
        """What encoders learn from; of a set without splits the half that probes are trained on."""
        name = self.study.learn_from
        images = self.study.sets[name]
        split = images.learn or images.train
        return self.split(name, split) if split is not None else self.parts[name][0]

    def compare(self, folder: Path) -> None:
        """Note what the images are, and refuse others than those that the folder's runs were made of.

        Raises
        ------
        OptionError
            If a set has changed.
        """
        path = folder / NOTE
        noted: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        found = {name: digest(*parts) for name, parts in self.parts.items()}
        found[f"{self.study.learn_from}, learnt from"] = digest(self.learned)
        for name, value in found.items():
            if noted.get(name, value) != value:
                raise OptionError(
                    f"{folder}: its runs are of other images of {name} than those of {self.sources[name.split(',')[0]]}"
                    ", or of another size; name another --out, or the same images"
                )
        write_aside(path, (json.dumps({**noted, **found}, indent=1) + "\n").encode())


def labels_of(dataset: Dataset) -> np.ndarray:
    """Codes of labels, which judged sets have."""
    assert dataset.y is not None
    return dataset.y


def taken(dataset: Dataset, rows: np.ndarray) -> Dataset:
    """Some rows; the same object where they are all."""
    if len(rows) == len(dataset.X):
        return dataset
    return Dataset(
        dataset.name, dataset.X[rows], labels_of(dataset)[rows], dataset.classes, dataset.image_shape
    )


def digest(*parts: Dataset) -> str:
    """Of pixels and labels."""
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        for array in (part.X, part.y):
            total.update(b"" if array is None else np.ascontiguousarray(array).data)
    return total.hexdigest()
