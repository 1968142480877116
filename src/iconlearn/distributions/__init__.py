"""Distributions over pairs, and the wrappers that make new ones of them."""

from iconlearn.distributions.agreement import ClusterAgreement
from iconlearn.distributions.base import Distribution, Kernel, Sparse
from iconlearn.distributions.classes import Context, DataLabel
from iconlearn.distributions.clusters import UniformCluster
from iconlearn.distributions.contrasts import DCL, MarginGaussian
from iconlearn.distributions.cuts import DegreeSoftmax
from iconlearn.distributions.graphs import KNN, Graph
from iconlearn.distributions.kernels import Gaussian, Harmonic, StudentT
from iconlearn.distributions.labels import LabelKNN
from iconlearn.distributions.matches import Augmentation, CrossModal, Identity, Label
from iconlearn.distributions.mixtures import Mixture
from iconlearn.distributions.regularized import VarianceCovariance
from iconlearn.distributions.wrappers import (
    Debiased,
    Nearest,
    On,
    Propagated,
    Symmetrized,
    Tempered,
)

DISTRIBUTIONS: dict[str, type[Distribution]] = {
    cls.__name__: cls
    for cls in (
        Gaussian,
        StudentT,
        Harmonic,
        KNN,
        Graph,
        Identity,
        Label,
        LabelKNN,
        Augmentation,
        CrossModal,
        DataLabel,
        Context,
        UniformCluster,
        ClusterAgreement,
        DegreeSoftmax,
        MarginGaussian,
        DCL,
        VarianceCovariance,
    )
}

__all__ = [
    "DCL",
    "DISTRIBUTIONS",
    "KNN",
    "Augmentation",
    "ClusterAgreement",
    "Context",
    "CrossModal",
    "DataLabel",
    "Debiased",
    "DegreeSoftmax",
    "Distribution",
    "Gaussian",
    "Graph",
    "Harmonic",
    "Identity",
    "Kernel",
    "Label",
    "LabelKNN",
    "MarginGaussian",
    "Mixture",
    "Nearest",
    "On",
    "Propagated",
    "Sparse",
    "StudentT",
    "Symmetrized",
    "Tempered",
    "UniformCluster",
    "VarianceCovariance",
]
