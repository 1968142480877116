"""Supervision: the same class, or the class itself."""

from __future__ import annotations

import math

from iconlearn._checks import check_number
from iconlearn.claims import prototypes
from iconlearn.claims import supervised as claims
from iconlearn.distributions import (
    DataLabel,
    Gaussian,
    Harmonic,
    Label,
    MarginGaussian,
    StudentT,
    UniformCluster,
)
from iconlearn.methods.options import ENCODER
from iconlearn.methods.row import CLUSTERING, SUPERVISED, Method
from iconlearn.recipes import Recipe, classes, encoder, head, narrow, temperature_width
from iconlearn.train.schedules import Cosine

CLASSES, PAIRS = "Uniform over classes", "Data-label pairs"
ICON, BLANK = "Alshammari et al. 2025", "blank in Alshammari et al. 2025"
WITHIN = "Differences within a class are thrown away; a class of one member teaches nothing."


def supcon(temperature: float = 0.1, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos")
    return Recipe(Label().debias(alpha), learned, encoder(embedding_dim))


def t_supcon(df: float = 2.0, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    return Recipe(Label().debias(alpha), StudentT(df), encoder(embedding_dim))


def average_margin_supcon(embedding_dim: int = 64) -> Recipe:
    return Recipe(Label(), Gaussian(math.inf, metric="cos"), encoder(embedding_dim))


def triplet_supcon(margin: float = 0.2, sigma: float = 0.0, embedding_dim: int = 64) -> Recipe:
    return Recipe(Label(), MarginGaussian(narrow(sigma), margin, key="label"), encoder(embedding_dim))


def supervised_clustering(n_clusters: int = 10, alpha: float = 0.0) -> Recipe:
    return Recipe(Label(pairs="all").debias(alpha), UniformCluster(), head(n_clusters))


def cross_entropy(embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = Gaussian(1.0, metric="dot", pairs="all")
    return Recipe(DataLabel().debias(alpha), learned, encoder(embedding_dim), mapper_j=classes(embedding_dim))


def harmonic(exponent: float = 8.0, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    exponent = check_number("method", "exponent", exponent, low=0, open_low=True, high=1e6)
    learned = Harmonic(exponent / 2, pairs="all")
    return Recipe(DataLabel().debias(alpha), learned, encoder(embedding_dim), mapper_j=classes(embedding_dim))


def error_rate(temperature: float = 0.1, embedding_dim: int = 64) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos", pairs="all")
    columns = classes(embedding_dim)
    return Recipe(DataLabel(), learned, encoder(embedding_dim), mapper_j=columns, divergence="tv")


def label_to_wide(embedding_dim: int = 64) -> Recipe:
    learned = Gaussian(math.inf, metric="cos", pairs="all")
    return Recipe(DataLabel(), learned, encoder(embedding_dim), mapper_j=classes(embedding_dim))


def label_to_clusters(n_clusters: int = 16, alpha: float = 0.0) -> Recipe:
    target = DataLabel().debias(alpha)
    return Recipe(target, UniformCluster(), encoder(n_clusters), mapper_j=classes(n_clusters))


METHODS = (
    Method(
        name="supcon",
        title="SupCon",
        build=supcon,
        family=SUPERVISED,
        target=CLASSES,
        learned="Gaussian",
        status="named",
        paper="Khosla et al. 2020",
        estimator="SupCon",
        rewards="Samples of one class lie close on the sphere, the classes apart.",
        degenerates=WITHIN,
        fit=ENCODER,
        claim=claims.SUPCON,
    ),
    Method(
        name="t-supcon",
        title="t-SupCon",
        build=t_supcon,
        family=SUPERVISED,
        target=CLASSES,
        learned="Student-t",
        status="gap",
        paper=ICON,
        estimator="TSupCon",
        rewards="As SupCon in plain space, with a heavy tail that forgives wrong labels.",
        degenerates=WITHIN,
        fit=ENCODER,
        claim=claims.T_SUPCON,
    ),
    Method(
        name="average-margin-supcon",
        title="Average-margin SupCon",
        build=average_margin_supcon,
        family=SUPERVISED,
        target=CLASSES,
        learned="Gaussian, sigma -> inf",
        status="gap",
        paper=ICON,
        estimator="AverageMarginSupCon",
        rewards="Distances within a class below the average of all distances.",
        degenerates="Classes may share a pole: two heaps have all the spread that the loss can see.",
        fit=ENCODER,
        claim=claims.AVERAGE_MARGIN_SUPCON,
    ),
    Method(
        name="triplet-supcon",
        title="Triplet SupCon",
        build=triplet_supcon,
        family=SUPERVISED,
        target=CLASSES,
        learned="Gaussian, sigma -> 0",
        status="gap",
        paper=ICON,
        estimator="TripletSupCon",
        rewards="The class all equally near, and nearer than the hardest impostor by a margin.",
        degenerates="One place for everything costs no more than the margin, and early training may stay there.",
        fit=ENCODER,
        claim=claims.TRIPLET_SUPCON,
    ),
    Method(
        name="supervised-clustering",
        title="Supervised clustering",
        build=supervised_clustering,
        family=CLUSTERING,
        target=CLASSES,
        learned="Uniform on clusters",
        status="gap",
        paper=ICON,
        estimator="SupervisedClustering",
        rewards="A linear head whose clusters are the classes.",
        degenerates="With fewer clusters than classes some must share; with more, a class may spread over several.",
        fit=ENCODER,
        claim=claims.SUPERVISED_CLUSTERING,
    ),
    Method(
        name="cross-entropy",
        title="Cross entropy",
        build=cross_entropy,
        family=SUPERVISED,
        target=PAIRS,
        learned="Gaussian",
        status="named",
        paper="Good 1963",
        estimator="CrossEntropy",
        rewards="The prototype of the right class wins the softmax.",
        degenerates="On separable data the logits grow without end; alpha > 0 (label smoothing) bounds them.",
        fit=ENCODER,
        claim=prototypes.CROSS_ENTROPY,
    ),
    Method(
        name="harmonic",
        title="Harmonic loss",
        build=harmonic,
        family=SUPERVISED,
        target=PAIRS,
        learned="Student-t",
        status="named",
        paper="Baek et al. 2025",
        estimator="HarmonicLoss",
        rewards="The nearest prototype is that of the class, in ratio of distances: the scale is free.",
        degenerates="A sample on top of its prototype has an infinite slope; squared distances are floored.",
        fit=ENCODER,
        claim=prototypes.HARMONIC,
    ),
    Method(
        name="error-rate",
        title="Error rate",
        build=error_rate,
        family=SUPERVISED,
        target=PAIRS,
        learned="Gaussian, sigma -> 0",
        status="gap",
        paper=ICON,
        estimator="ErrorRate",
        rewards="The share of samples whose nearest prototype is right: total variation at a small width.",
        degenerates="Far from the boundary the slope is zero, so a hopeless sample stays so at a small temperature.",
        fit=ENCODER,
        claim=prototypes.ERROR_RATE,
    ),
    Method(
        name="label-to-wide",
        title="Data-label pairs | Gaussian, σ → ∞",
        build=label_to_wide,
        family=SUPERVISED,
        target=PAIRS,
        learned="Gaussian, sigma -> inf",
        status="blank",
        paper=BLANK,
        estimator="LabelToWide",
        rewards="The own prototype nearer than the prototypes on average.",
        degenerates="No competition between classes: one class may sit on another's prototype unpunished.",
        fit=ENCODER,
        claim=prototypes.LABEL_TO_WIDE,
    ),
    Method(
        name="label-to-clusters",
        title="Data-label pairs | Uniform on clusters",
        build=label_to_clusters,
        family=SUPERVISED,
        target=PAIRS,
        learned="Uniform on clusters",
        status="blank",
        paper=BLANK,
        estimator="LabelToClusters",
        rewards="Samples choose clusters and clusters choose classes: a classifier with a bottleneck of clusters.",
        degenerates="With fewer clusters than classes the loss stays above zero: q has no rank for every class.",
        fit={**ENCODER, "lr": Cosine(1e-2)},
        claim=prototypes.LABEL_TO_CLUSTERS,
    ),
)
