"""iconlearn: representation learning as one equation."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from iconlearn._errors import (
    FileFormatError,
    IConLearnError,
    InputError,
    MemoryBudgetError,
    NonFiniteError,
    OptionError,
)
from iconlearn._version import __version__
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity, Spread
from iconlearn.distributions import (
    KNN,
    Augmentation,
    Context,
    CrossModal,
    DataLabel,
    Distribution,
    Gaussian,
    Graph,
    Harmonic,
    Identity,
    Kernel,
    Label,
    Sparse,
    StudentT,
    UniformCluster,
)
from iconlearn.divergences import DIVERGENCES, Divergence
from iconlearn.mappers import (
    CNN,
    MLP,
    Assignments,
    Embedding,
    Linear,
    Momentum,
    Orthonormal,
    PerView,
    Prototypes,
    Queue,
    SoftmaxHead,
)
from iconlearn.methods import METHODS, Method
from iconlearn.model import ICon
from iconlearn.persistence import load, save

if TYPE_CHECKING:
    from iconlearn.estimators import *  # noqa: F403

__all__ = [
    "CNN",
    "DIVERGENCES",
    "KNN",
    "METHODS",
    "MLP",
    "Assignments",
    "Augmentation",
    "Context",
    "CrossModal",
    "DataLabel",
    "Distribution",
    "Divergence",
    "Embedding",
    "FileFormatError",
    "Gaussian",
    "Graph",
    "Harmonic",
    "ICon",
    "IConLearnError",
    "Identity",
    "InputError",
    "Kernel",
    "KthNeighbor",
    "Label",
    "Learnable",
    "Linear",
    "MemoryBudgetError",
    "Method",
    "Momentum",
    "NonFiniteError",
    "OptionError",
    "Orthonormal",
    "PerView",
    "Perplexity",
    "Prototypes",
    "Queue",
    "SoftmaxHead",
    "Sparse",
    "Spread",
    "StudentT",
    "UniformCluster",
    "__version__",
    "load",
    "save",
]

ESTIMATOR_NAMES = tuple(row.estimator for row in METHODS.values())


def __getattr__(name: str) -> Any:
    """Estimators are made when first asked for: they need scikit-learn, the rest of the library does not."""
    if name in ESTIMATOR_NAMES:
        return import_module("iconlearn.estimators").ESTIMATORS[name]
    raise AttributeError(f"module 'iconlearn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *ESTIMATOR_NAMES])
