"""scikit-learn estimators: one class a row of the table."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from iconlearn._late import late

if TYPE_CHECKING:
    from iconlearn.estimators.base import MethodEstimator
    from iconlearn.estimators.factory import ESTIMATORS, make_estimator
    from iconlearn.estimators.kinds import (
        ClusterEstimator,
        FixedMapEstimator,
        MapEstimator,
        PrototypeClassifier,
    )

__all__ = [
    "ESTIMATORS",
    "ClusterEstimator",
    "FixedMapEstimator",
    "MapEstimator",
    "MethodEstimator",
    "PrototypeClassifier",
    "make_estimator",
]

FACTORY = "iconlearn.estimators.factory"


def of_row(name: str) -> Any:
    """The estimator of a row, by its class name, or None; no module has a capital."""
    return import_module(FACTORY).ESTIMATORS.get(name) if name[:1].isupper() else None


# They need scikit-learn; what is said of their options and parameters does not.
__getattr__ = late(
    __name__,
    {
        "MethodEstimator": "iconlearn.estimators.base",
        **dict.fromkeys(("ESTIMATORS", "make_estimator"), FACTORY),
        **dict.fromkeys(
            ("ClusterEstimator", "FixedMapEstimator", "MapEstimator", "PrototypeClassifier"),
            "iconlearn.estimators.kinds",
        ),
    },
    of_row,
)


def __dir__() -> list[str]:
    return sorted([*__all__, *import_module(FACTORY).ESTIMATORS])
