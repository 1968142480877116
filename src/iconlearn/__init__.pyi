"""Written by ``python -m iconlearn.estimators.stubs`` from the table of methods; do not edit."""
# ruff: noqa: I001

from iconlearn._errors import (
    BusyError as BusyError,
    DiskError as DiskError,
    FileFormatError as FileFormatError,
    IConLearnError as IConLearnError,
    InputError as InputError,
    MemoryBudgetError as MemoryBudgetError,
    NonFiniteError as NonFiniteError,
    OptionError as OptionError,
    ProcessError as ProcessError,
)
from iconlearn._version import (
    __version__ as __version__,
)
from iconlearn.bandwidth import (
    KthNeighbor as KthNeighbor,
    Learnable as Learnable,
    Perplexity as Perplexity,
    Spread as Spread,
)
from iconlearn.distributions import (
    DCL as DCL,
    KNN as KNN,
    Augmentation as Augmentation,
    ClusterAgreement as ClusterAgreement,
    Context as Context,
    CrossModal as CrossModal,
    DataLabel as DataLabel,
    DegreeSoftmax as DegreeSoftmax,
    Distribution as Distribution,
    Gaussian as Gaussian,
    Graph as Graph,
    Harmonic as Harmonic,
    Identity as Identity,
    Kernel as Kernel,
    Label as Label,
    LabelKNN as LabelKNN,
    MarginGaussian as MarginGaussian,
    Sparse as Sparse,
    StudentT as StudentT,
    UniformCluster as UniformCluster,
    VarianceCovariance as VarianceCovariance,
)
from iconlearn.divergences import (
    DIVERGENCES as DIVERGENCES,
    Divergence as Divergence,
)
from iconlearn.estimators import (
    AverageMarginCLIP as AverageMarginCLIP,
    AverageMarginSupCon as AverageMarginSupCon,
    CLIP as CLIP,
    CMC as CMC,
    ContrastiveKMeans as ContrastiveKMeans,
    CrossEntropy as CrossEntropy,
    CrossModalClustering as CrossModalClustering,
    DCD as DCD,
    DebiasedContrastiveLoss as DebiasedContrastiveLoss,
    DoublyTSNE as DoublyTSNE,
    DualTSNE as DualTSNE,
    ErrorRate as ErrorRate,
    GaussianToNarrow as GaussianToNarrow,
    GaussianToWide as GaussianToWide,
    GraphSNE as GraphSNE,
    GraphTSNE as GraphTSNE,
    GraphToNarrow as GraphToNarrow,
    GraphToWide as GraphToWide,
    HarmonicLoss as HarmonicLoss,
    IdentityToClusters as IdentityToClusters,
    IdentityToGaussian as IdentityToGaussian,
    IdentityToNarrow as IdentityToNarrow,
    IdentityToStudent as IdentityToStudent,
    InfoNCE as InfoNCE,
    InfoNCEClustering as InfoNCEClustering,
    KMeans as KMeans,
    KNNToNarrow as KNNToNarrow,
    KNNToWide as KNNToWide,
    LGSimCLR as LGSimCLR,
    LabelToClusters as LabelToClusters,
    LabelToWide as LabelToWide,
    MIClustering as MIClustering,
    MaskedLM as MaskedLM,
    MoCoV3 as MoCoV3,
    NextToken as NextToken,
    NormalizedCuts as NormalizedCuts,
    PCA as PCA,
    PMIClustering as PMIClustering,
    ParametricSNE as ParametricSNE,
    ParametricTSNE as ParametricTSNE,
    RowTSNE as RowTSNE,
    SCAN as SCAN,
    SNE as SNE,
    SimCLR as SimCLR,
    SoftKMeans as SoftKMeans,
    SpectralClustering as SpectralClustering,
    StudentToNarrow as StudentToNarrow,
    StudentToWide as StudentToWide,
    SupCon as SupCon,
    SupervisedClustering as SupervisedClustering,
    SymmetricSNE as SymmetricSNE,
    TCLIP as TCLIP,
    TEMI as TEMI,
    TKMeans as TKMeans,
    TSNE as TSNE,
    TSimCLR as TSimCLR,
    TSimCNE as TSimCNE,
    TSupCon as TSupCon,
    Triplet as Triplet,
    TripletCLIP as TripletCLIP,
    TripletSupCon as TripletSupCon,
    UniformSNE as UniformSNE,
    UniformTSNE as UniformTSNE,
    VICReg as VICReg,
    VIReg as VIReg,
    XSample as XSample,
)
from iconlearn.extraction import (
    load_captioned_images as load_captioned_images,
    load_images as load_images,
    stream_images as stream_images,
)
from iconlearn.features import (
    Features as Features,
    FeatureWriter as FeatureWriter,
    open_features as open_features,
)
from iconlearn.mappers import (
    CNN as CNN,
    MLP as MLP,
    Assignments as Assignments,
    Embedding as Embedding,
    Linear as Linear,
    Momentum as Momentum,
    Orthonormal as Orthonormal,
    PerView as PerView,
    Predicted as Predicted,
    Pretrained as Pretrained,
    Prototypes as Prototypes,
    Queue as Queue,
    ResNet18 as ResNet18,
    ResNet34 as ResNet34,
    ResNet50 as ResNet50,
    SoftmaxHead as SoftmaxHead,
    Staged as Staged,
    TokenEncoder as TokenEncoder,
    ViT as ViT,
)
from iconlearn.methods import (
    METHODS as METHODS,
    Method as Method,
    register as register,
)
from iconlearn.model import (
    ICon as ICon,
)
from iconlearn.neighbors import (
    NeighborGraph as NeighborGraph,
)
from iconlearn.persistence import (
    CLASSES as CLASSES,
    load as load,
    save as save,
)
from iconlearn.pretrained import (
    tokenize as tokenize,
)
from iconlearn.train.events import (
    Event as Event,
)
from iconlearn.verification import (
    Certificate as Certificate,
    verify as verify,
)

def estimator_names() -> list[str]: ...
