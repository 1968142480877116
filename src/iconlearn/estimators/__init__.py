"""scikit-learn estimators: one class a row of the table."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

# Where each is: they need scikit-learn, what is said of their options and parameters does not.
LATE = {
    "MethodEstimator": "base",
    **dict.fromkeys(("ESTIMATORS", "make_estimator"), "factory"),
    **dict.fromkeys(
        ("ClusterEstimator", "FixedMapEstimator", "MapEstimator", "PrototypeClassifier"), "kinds"
    ),
}


def __getattr__(name: str) -> Any:
    """What the package offers, imported when first asked for; and the estimator of a row, by its class name."""
    if name in LATE:
        return getattr(import_module(f"{__name__}.{LATE[name]}"), name)
    if name[0].isupper() and name in (
        found := import_module(f"{__name__}.factory").ESTIMATORS
    ):  # modules are not
        return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
