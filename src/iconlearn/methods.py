"""The periodic table as data: one row a method. Nothing else in the library knows a method's name."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from iconlearn._checks import check_choice, check_names
from iconlearn.bandwidth import Perplexity, Spread
from iconlearn.distributions import (
    KNN,
    Augmentation,
    DataLabel,
    Gaussian,
    Identity,
    Label,
    StudentT,
    UniformCluster,
)
from iconlearn.recipes import (
    Recipe,
    classes,
    embedding,
    encoder,
    head,
    jitter,
    orthonormal,
    table,
    temperature_width,
)
from iconlearn.train.schedules import Cosine, Steps


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Parameters
    ----------
    name : str
        Published name, lower case with hyphens.
    build : callable -> Recipe
        Its signature is the method's hyper-parameters and their defaults.
    family : {"dimension reduction", "clustering", "contrastive", "supervised"}
    target, learned : str
        Column and row of the periodic table.
    paper : str
        Citation.
    estimator : str
        Name of the scikit-learn class.
    fit : mapping
        Training options that differ from those of :meth:`ICon.fit`.
    """

    name: str
    build: Callable[..., Recipe]
    family: str
    target: str
    learned: str
    paper: str
    estimator: str
    fit: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Hyper-parameters and their defaults."""
        signature = inspect.signature(self.build)
        return MappingProxyType({name: p.default for name, p in signature.parameters.items()})

    @property
    def needs_labels(self) -> bool:
        """Does the target compare labels?"""
        return any(getattr(part, "key", "") == "label" for part in self.recipe().target_dist.modules())

    def recipe(self, **parameters: Any) -> Recipe:
        """The recipe for these hyper-parameters; unknown names are refused."""
        check_names(self.name, parameters, set(self.parameters))
        return self.build(**parameters)


def _sne(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
    return Recipe(Gaussian(Perplexity(perplexity)), Gaussian(math.sqrt(0.5)), embedding(n_components))


def _symmetric_sne(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
    target = Gaussian(Perplexity(perplexity)).symmetrize()
    return Recipe(target, Gaussian(math.sqrt(0.5), normalize="joint"), embedding(n_components))


def _t_sne(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
    target = Gaussian(Perplexity(perplexity)).symmetrize()
    return Recipe(target, StudentT(normalize="joint"), embedding(n_components))


def _t_sne_rows(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
    return Recipe(Gaussian(Perplexity(perplexity)), StudentT(), embedding(n_components))


def _sne_uniform(n_neighbors: int = 15, n_components: int = 2) -> Recipe:
    return Recipe(KNN(n_neighbors), Gaussian(math.sqrt(0.5)), embedding(n_components))


def _t_sne_uniform(n_neighbors: int = 15, n_components: int = 2) -> Recipe:
    return Recipe(KNN(n_neighbors).symmetrize(), StudentT(normalize="joint"), embedding(n_components))


def _pca(n_components: int = 2) -> Recipe:
    return Recipe(Identity(), Gaussian(math.inf, pairs="all"), orthonormal(n_components))


def _simclr(temperature: float = 0.1, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos")
    return Recipe(Augmentation(2).debias(alpha), learned, encoder(embedding_dim), augment=jitter)


def _t_simclr(df: float = 2.0, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    return Recipe(Augmentation(2).debias(alpha), StudentT(df), encoder(embedding_dim), augment=jitter)


def _supcon(temperature: float = 0.1, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos")
    return Recipe(Label().debias(alpha), learned, encoder(embedding_dim))


def _cross_entropy(embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = Gaussian(1.0, metric="dot", pairs="all")
    return Recipe(DataLabel().debias(alpha), learned, encoder(embedding_dim), mapper_j=classes(embedding_dim))


def _kmeans(n_clusters: int = 8, share: float = 0.1) -> Recipe:
    target = Gaussian(Spread(share), pairs="all")
    return Recipe(target, UniformCluster(), table(n_clusters), divergence="reverse_kl")


def _pmi_clustering(n_clusters: int = 8, n_neighbors: int = 10) -> Recipe:
    return Recipe(KNN(n_neighbors), UniformCluster(), head(n_clusters))


def _infonce_clustering(
    n_clusters: int = 8, n_neighbors: int = 10, steps: int = 1, alpha: float = 0.1
) -> Recipe:
    target = KNN(n_neighbors)
    walked = target if steps == 1 else target.propagate(steps)
    return Recipe(walked.debias(alpha), UniformCluster(), table(n_clusters))


MAP: Mapping[str, Any] = {
    "optimizer": "delta-bar-delta",
    "max_iter": 500,
    "exaggeration": Steps((12.0, 1.0), until=(0.25,)),
    "momentum": Steps((0.5, 0.8), until=(0.25,)),
}
ENCODER: Mapping[str, Any] = {
    "optimizer": "adamw",
    "epochs": 100,
    "batch_size": 128,
    "lr": Cosine(3e-3),
}
HEAD: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 120,
    "lr": Cosine(0.02, warmup=0.0),
    "restarts": 16,
}
SOLUTIONS: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 60,
    "lr": Cosine(0.3, warmup=0.0),
    "restarts": 4,
}
TABLE: Mapping[str, Any] = {
    "optimizer": "adam",
    "max_iter": 120,
    "lr": Cosine(0.3, warmup=0.0),
    "restarts": 48,
}
LINEAR: Mapping[str, Any] = {"optimizer": "adam", "max_iter": 300, "lr": Cosine(0.05)}

REDUCTION, CLUSTERING, CONTRASTIVE, SUPERVISED = FAMILIES = (
    "dimension reduction",
    "clustering",
    "contrastive",
    "supervised",
)

METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method("sne", _sne, REDUCTION, "Gaussian", "Gaussian", "Hinton & Roweis 2002", "SNE", MAP),
        Method(
            "symmetric-sne",
            _symmetric_sne,
            REDUCTION,
            "Gaussian",
            "Gaussian",
            "Cook et al. 2007",
            "SymmetricSNE",
            MAP,
        ),
        Method(
            "t-sne", _t_sne, REDUCTION, "Gaussian", "Student-t", "van der Maaten & Hinton 2008", "TSNE", MAP
        ),
        Method(
            "t-sne-rows",
            _t_sne_rows,
            REDUCTION,
            "Gaussian",
            "Student-t",
            "Alshammari et al. 2025",
            "RowTSNE",
            MAP,
        ),
        Method(
            "sne-uniform",
            _sne_uniform,
            REDUCTION,
            "Uniform kNN",
            "Gaussian",
            "Alshammari et al. 2025",
            "UniformSNE",
            MAP,
        ),
        Method(
            "t-sne-uniform",
            _t_sne_uniform,
            REDUCTION,
            "Uniform kNN",
            "Student-t",
            "Alshammari et al. 2025",
            "UniformTSNE",
            MAP,
        ),
        Method("pca", _pca, REDUCTION, "Identity", "Gaussian, sigma -> inf", "Pearson 1901", "PCA", LINEAR),
        Method(
            "simclr",
            _simclr,
            CONTRASTIVE,
            "Positive pairs",
            "Gaussian",
            "Chen et al. 2020",
            "SimCLR",
            ENCODER,
        ),
        Method(
            "t-simclr",
            _t_simclr,
            CONTRASTIVE,
            "Positive pairs",
            "Student-t",
            "Hu et al. 2023",
            "TSimCLR",
            ENCODER,
        ),
        Method(
            "supcon",
            _supcon,
            SUPERVISED,
            "Uniform over classes",
            "Gaussian",
            "Khosla et al. 2020",
            "SupCon",
            ENCODER,
        ),
        Method(
            "cross-entropy",
            _cross_entropy,
            SUPERVISED,
            "Data-label pairs",
            "Gaussian",
            "Good 1963",
            "CrossEntropy",
            ENCODER,
        ),
        Method(
            "k-means",
            _kmeans,
            CLUSTERING,
            "Gaussian",
            "Uniform on clusters",
            "MacQueen 1967",
            "KMeans",
            SOLUTIONS,
        ),
        Method(
            "pmi-clustering",
            _pmi_clustering,
            CLUSTERING,
            "Uniform kNN",
            "Uniform on clusters",
            "Adaloglou et al. 2023",
            "PMIClustering",
            HEAD,
        ),
        Method(
            "infonce-clustering",
            _infonce_clustering,
            CLUSTERING,
            "Uniform kNN",
            "Uniform on clusters",
            "Alshammari et al. 2025",
            "InfoNCEClustering",
            TABLE,
        ),
    )
}


def method(name: str) -> Method:
    """The row of the table with this name.

    Raises
    ------
    OptionError
        If there is none; names the nearest.

    Examples
    --------
    >>> method("t-sne").paper
    'van der Maaten & Hinton 2008'
    """
    check_choice("iconlearn", "method", name, METHODS)
    return METHODS[name]
