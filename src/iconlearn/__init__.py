"""iconlearn: representation learning as one equation."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from iconlearn._errors import (
    BusyError,
    DiskError,
    FileFormatError,
    IConLearnError,
    InputError,
    MemoryBudgetError,
    NonFiniteError,
    OptionError,
    ProcessError,
)
from iconlearn._late import late
from iconlearn._version import __version__
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity, Spread
from iconlearn.distributions import (
    DCL,
    KNN,
    Augmentation,
    ClusterAgreement,
    Context,
    CrossModal,
    DataLabel,
    DegreeSoftmax,
    Distribution,
    Gaussian,
    Graph,
    Harmonic,
    Identity,
    Kernel,
    Label,
    LabelKNN,
    MarginGaussian,
    Sparse,
    StudentT,
    UniformCluster,
    VarianceCovariance,
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
    Predicted,
    Pretrained,
    Prototypes,
    Queue,
    ResNet18,
    ResNet34,
    ResNet50,
    SoftmaxHead,
    Staged,
    TokenEncoder,
    ViT,
)
from iconlearn.methods import METHODS, Method, register
from iconlearn.model import ICon
from iconlearn.neighbors import NeighborGraph
from iconlearn.persistence import CLASSES, load, save
from iconlearn.train.events import Event
from iconlearn.verification import Certificate, verify

if TYPE_CHECKING:
    from iconlearn.extraction import load_captioned_images, load_images, stream_images
    from iconlearn.features import Features, FeatureWriter, open_features
    from iconlearn.pretrained import tokenize

__all__ = [
    "CNN",
    "DCL",
    "DIVERGENCES",
    "KNN",
    "METHODS",
    "MLP",
    "Assignments",
    "Augmentation",
    "BusyError",
    "Certificate",
    "ClusterAgreement",
    "Context",
    "CrossModal",
    "DataLabel",
    "DegreeSoftmax",
    "DiskError",
    "Distribution",
    "Divergence",
    "Embedding",
    "Event",
    "FeatureWriter",
    "Features",
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
    "LabelKNN",
    "Learnable",
    "Linear",
    "MarginGaussian",
    "MemoryBudgetError",
    "Method",
    "Momentum",
    "NeighborGraph",
    "NonFiniteError",
    "OptionError",
    "Orthonormal",
    "PerView",
    "Perplexity",
    "Predicted",
    "Pretrained",
    "ProcessError",
    "Prototypes",
    "Queue",
    "ResNet18",
    "ResNet34",
    "ResNet50",
    "SoftmaxHead",
    "Sparse",
    "Spread",
    "Staged",
    "StudentT",
    "TokenEncoder",
    "UniformCluster",
    "VarianceCovariance",
    "ViT",
    "__version__",
    "load",
    "load_captioned_images",
    "load_images",
    "open_features",
    "register",
    "save",
    "stream_images",
    "tokenize",
    "verify",
]


def estimator_names() -> list[str]:
    """Names of the scikit-learn classes, one a row of the table."""
    return [row.estimator for row in METHODS.values()]


def estimator(name: str) -> Any:
    """The scikit-learn class of this name, or None; they need scikit-learn, the rest of the library does not."""
    return import_module("iconlearn.estimators").ESTIMATORS[name] if name in estimator_names() else None


CLASSES["estimator"] = estimator  # files name the class of an estimator


# Estimators are made, and files of features and images read about, when first asked for.
__getattr__ = late(
    __name__,
    {
        **dict.fromkeys(("Features", "FeatureWriter", "open_features"), "iconlearn.features"),
        "load_captioned_images": "iconlearn.extraction",
        "load_images": "iconlearn.extraction",
        "tokenize": "iconlearn.pretrained",
        "stream_images": "iconlearn.extraction",
    },
    estimator,
)


def __dir__() -> list[str]:
    return sorted([*__all__, *estimator_names()])
