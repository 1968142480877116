"""iconlearn: representation learning as one equation."""

from iconlearn._errors import (
    FileFormatError,
    IConLearnError,
    InputError,
    MemoryBudgetError,
    NonFiniteError,
    OptionError,
)
from iconlearn._version import __version__
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity
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
from iconlearn.model import ICon
