"""What a row of the table of methods says, and the axes of the periodic table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from iconlearn._checks import check_choice, check_names
from iconlearn.claim import Claim
from iconlearn.distributions.clusters import ClusterKernel
from iconlearn.intake import ROWS, Intake
from iconlearn.mappers import Table
from iconlearn.recipes import SPECIMEN, Recipe

COLUMNS = (
    "Gaussian",
    "Student-t",
    "Identity",
    "Graph weights",
    "Uniform kNN",
    "Positive pairs",
    "Cross-modal pairs",
    "Uniform over classes",
    "Data-label pairs",
)
LEARNED = (
    "Gaussian",
    "Gaussian, sigma -> inf",
    "Gaussian, sigma -> 0",
    "Student-t",
    "Uniform on clusters",
)
STATUSES = ("named", "gap", "blank", "off-grid")
REDUCTION, CLUSTERING, CONTRASTIVE, MULTIMODAL, SUPERVISED, LANGUAGE = FAMILIES = (
    "dimension reduction",
    "clustering",
    "contrastive",
    "multimodal",
    "supervised",
    "language",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """One row of the table.

    Parameters
    ----------
    name : str
        Published name, lower case with hyphens.
    title : str
        The name as its authors write it.
    build : callable -> Recipe
        Its signature is the method's hyper-parameters and their defaults.
    family : str
        One of ``FAMILIES``.
    target, learned : str
        Column and row of the periodic table: one of ``COLUMNS`` and one of ``LEARNED``; an off-grid method may
        name other things.
    status : {"named", "gap", "blank", "off-grid"}
        Published in its cell, predicted by the I-Con paper, left blank there, or outside of the grid.
    paper : str
        Citation.
    estimator : str
        Name of the scikit-learn class.
    rewards, degenerates : str
        What the loss rewards, and when it has a useless optimum or none; one sentence each.
    fit : mapping
        Training options that differ from those of :meth:`ICon.fit`.
    streamed : mapping
        Training options on rows that stay on disk, in place of those of ``fit``; empty where a method cannot.
    takes : Intake
        What the method learns from: rows, a graph, modalities, captioned rows or tokens.
    claim : Claim, optional
        What its certificate compares it with.
    """

    name: str
    title: str
    build: Callable[..., Recipe]
    family: str
    target: str
    learned: str
    status: str
    paper: str
    estimator: str
    rewards: str
    degenerates: str
    fit: Mapping[str, Any] = field(default_factory=dict)
    streamed: Mapping[str, Any] = field(default_factory=dict)
    takes: Intake = ROWS
    claim: Claim | None = None

    def __post_init__(self) -> None:
        check_choice(self.name, "family", self.family, FAMILIES)
        check_choice(self.name, "status", self.status, STATUSES)

    @property
    def cell(self) -> str:
        """Its place: column and row of the table."""
        return f"{self.target} | {self.learned}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Hyper-parameters and their defaults."""
        signature = inspect.signature(self.build)
        return MappingProxyType({name: p.default for name, p in signature.parameters.items()})

    @property
    def needs_labels(self) -> bool:
        """Does the target compare labels?"""
        return any(getattr(part, "key", "") == "label" for part in self.recipe().target_dist.modules())

    @property
    def clusters(self) -> bool:
        """Is the embedding an assignment to clusters?"""
        recipe = self.recipe()
        kernel = any(isinstance(part, ClusterKernel) for part in recipe.learned_dist.modules())
        columns = None if recipe.mapper_j is None else recipe.mapper_j(SPECIMEN)
        return kernel and getattr(columns, "same_points", columns is None)

    @property
    def encodes(self) -> bool:
        """Does the method train an encoder, which is judged on rows that it has not seen?"""
        if isinstance(self.recipe().mapper(SPECIMEN), Table):
            return False
        return self.needs_labels or self.family in (CONTRASTIVE, MULTIMODAL, SUPERVISED, LANGUAGE)

    @property
    def streams_images(self) -> bool:
        """Can its encoder learn from images that are read a batch at a time?"""
        return self.encodes and self.takes is ROWS and "batch_size" in self.fit

    def recipe(self, **parameters: Any) -> Recipe:
        """The recipe for these hyper-parameters; unknown names are refused."""
        check_names(self.name, parameters, set(self.parameters))
        return self.build(**parameters)
