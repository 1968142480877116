"""scikit-learn estimators, made from the rows of the table; none is written by hand."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from iconlearn._checks import check_names
from iconlearn.estimators.base import MethodEstimator
from iconlearn.estimators.describe import describe
from iconlearn.estimators.kinds import (
    ClusterEstimator,
    FixedMapEstimator,
    MapEstimator,
    PrototypeClassifier,
)
from iconlearn.estimators.options import options_of
from iconlearn.methods import METHODS, Method

MODULE = "iconlearn.estimators"  # where pickles look for the classes


def base_of(row: Method) -> type[MethodEstimator]:
    """Which kind of estimator a row becomes: read off its kernel and its columns."""
    if row.clusters:
        return ClusterEstimator
    if not row.takes.places_new:
        return FixedMapEstimator
    return PrototypeClassifier if row.needs_labels and row.recipe().mapper_j is not None else MapEstimator


def make_estimator(row: Method) -> type[MethodEstimator]:
    """A scikit-learn class whose signature is the row's hyper-parameters and the options that it has."""
    defaults = {**row.parameters, **{name: option.default for name, option in options_of(row).items()}}

    def initialize(self: MethodEstimator, **options: Any) -> None:
        check_names(row.estimator, options, set(defaults))
        self.__dict__.update({**defaults, **options})

    kinds = inspect.Parameter
    signature = [kinds("self", kinds.POSITIONAL_OR_KEYWORD)]
    signature += [kinds(name, kinds.KEYWORD_ONLY, default=value) for name, value in defaults.items()]
    initialize.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
    body = {"__init__": initialize, "__doc__": describe(row), "__module__": MODULE, "row": row}
    return type(row.estimator, (base_of(row),), body)


class Estimators(Mapping[str, type[MethodEstimator]]):
    """The estimator of every row by its name, made when first asked for; rows added later are there too."""

    def __init__(self) -> None:
        self.made: dict[Method, type[MethodEstimator]] = {}

    def __getitem__(self, name: str) -> type[MethodEstimator]:
        row = next((row for row in METHODS.values() if row.estimator == name), None)
        if row is None:
            raise KeyError(name)
        if row not in self.made:
            self.made[row] = make_estimator(row)
        return self.made[row]

    def __iter__(self) -> Iterator[str]:
        return (row.estimator for row in METHODS.values())

    def __len__(self) -> int:
        return len(METHODS)


ESTIMATORS = Estimators()


def estimator_of(row: Method) -> type[MethodEstimator]:
    """The estimator of a row, of a variation of one too."""
    return ESTIMATORS[row.estimator] if METHODS.get(row.name) is row else make_estimator(row)
