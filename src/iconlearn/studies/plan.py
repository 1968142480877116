"""What a study is made of: images, runs, and the tables and sweeps that they fill."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from iconlearn.run import RunOptions
from iconlearn.run.tables import plain


@dataclass(frozen=True)
class Case:
    """A method with its hyper-parameters and training options: one run for every model and seed."""

    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A name for its folder, the same for equal cases."""
        content = json.dumps(plain([self.method, dict(self.parameters), dict(self.training)]), sort_keys=True)
        return f"{self.method}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"

    def options(self, seed: int) -> RunOptions:
        """The options of its run."""
        return replace(RunOptions(dict(self.parameters), seed), **self.training)

    def also(self, parameters: Mapping[str, Any], training: Mapping[str, Any] | None = None) -> Case:
        """The same with some values changed."""
        changed = {**self.training, **(training or {})}
        return replace(self, parameters={**self.parameters, **parameters}, training=changed)


@dataclass(frozen=True)
class Published:
    """A published number as it is printed, or the words in its place, and its spread."""

    value: float | str
    spread: float | None = None


@dataclass(frozen=True)
class Row:
    """A row of a table: a run, where the library has it, and what was published, by model."""

    name: str
    case: Case | None
    published: Mapping[str, Published]


@dataclass(frozen=True)
class Table:
    """A table of one score."""

    title: str
    score: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Sweep:
    """Values of one hyper-parameter, in variants of a run."""

    title: str
    option: str
    values: tuple[float, ...]
    variants: Mapping[str, Case]

    def case(self, variant: str, value: float) -> Case:
        """The run of one point."""
        return self.variants[variant].also({self.option: value})


@dataclass(frozen=True)
class Study(ABC):
    """What studies share: runs for every seed, which fill tables and sweeps; see `read_study` for the file."""

    title: str
    about: str
    seeds: tuple[int, ...]
    tables: tuple[Table, ...]
    sweeps: tuple[Sweep, ...]

    column: ClassVar[str]  # what a column of a table is of

    @property
    @abstractmethod
    def columns(self) -> Collection[str]:
        """Columns of tables, each with what was published beside what was measured."""

    @property
    @abstractmethod
    def sources(self) -> Mapping[str, str]:
        """Where images are, by the names that they have in the file."""

    def cases(self) -> list[Case]:
        """All runs, each once, in the order in which they are met."""
        met = [row.case for table in self.tables for row in table.rows if row.case is not None]
        met += [
            sweep.case(name, value)
            for sweep in self.sweeps
            for value in sweep.values
            for name in sweep.variants
        ]
        return list({case.name: case for case in met}.values())


@dataclass(frozen=True)
class ClusterStudy(Study):
    """Clusterings of frozen features: a column a model."""

    images: Mapping[str, str]
    backbones: Mapping[str, str]
    features: Mapping[str, Any]
    neighbors: Mapping[str, Any]
    show: Case | None

    column = "model"

    @property
    def columns(self) -> Collection[str]:
        return self.backbones

    @property
    def sources(self) -> Mapping[str, str]:
        return self.images

    def cases(self) -> list[Case]:
        met = super().cases() + ([] if self.show is None else [self.show])
        return list({case.name: case for case in met}.values())


@dataclass(frozen=True)
class ImageSet:
    """Images that encoders learn from or are judged on.

    Parameters
    ----------
    source : str
        As for `iconlearn.load_images`.
    train, test : str, optional
        Splits on which probes are trained and judged; without them they are stratified halves.
    learn : str, optional
        Split that an encoder learns from, which needs no labels; ``train`` when left out.
    labels : str, optional
        Column of labels.
    """

    source: str
    train: str | None = None
    test: str | None = None
    learn: str | None = None
    labels: str | None = None


@dataclass(frozen=True)
class EncoderStudy(Study):
    """Encoders that are trained on one set of images and judged by probes on several: a column a set."""

    sets: Mapping[str, ImageSet]
    learn_from: str
    image_shape: tuple[int, int, int]
    neighbors: int

    column = "set"

    @property
    def columns(self) -> Collection[str]:
        return self.sets

    @property
    def sources(self) -> Mapping[str, str]:
        return {name: images.source for name, images in self.sets.items()}
