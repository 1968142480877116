"""scikit-learn estimators: one class a row of the table."""

from typing import Any

from iconlearn.estimators.base import MethodEstimator
from iconlearn.estimators.factory import ESTIMATORS, make_estimator
from iconlearn.estimators.kinds import ClusterEstimator, FixedMapEstimator, MapEstimator, PrototypeClassifier

__all__ = [
    "ESTIMATORS",
    "ClusterEstimator",
    "FixedMapEstimator",
    "MapEstimator",
    "MethodEstimator",
    "PrototypeClassifier",
    "make_estimator",
]


def __getattr__(name: str) -> Any:
    """The estimator of a row, by its class name."""
    if name in ESTIMATORS:
        return ESTIMATORS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
