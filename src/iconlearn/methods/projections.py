"""Linear projections: the limits of a wide and of a narrow Gaussian, on the directions of an orthonormal map."""

from __future__ import annotations

import math

from iconlearn.bandwidth import Perplexity
from iconlearn.claims import projections
from iconlearn.distributions import KNN, Distribution, Gaussian, Graph, Identity, StudentT
from iconlearn.intake import GRAPH
from iconlearn.methods.maps import heavy_neighbors
from iconlearn.methods.options import LINEAR, SPHERE
from iconlearn.methods.row import REDUCTION, Method
from iconlearn.recipes import Recipe, embedding, encoder, orthonormal, table_of, temperature_width

WIDE, NARROW = "Gaussian, sigma -> inf", "Gaussian, sigma -> 0"
BLANK = "blank in Alshammari et al. 2025"


def wide(target: Distribution, n_components: int) -> Recipe:
    """Any target against a wide Gaussian of a linear projection."""
    return Recipe(target, Gaussian(math.inf, pairs="all"), orthonormal(n_components))


def narrow(target: Distribution, n_components: int) -> Recipe:
    """Any target against a narrow Gaussian of a linear projection."""
    return Recipe(target, Gaussian(0), orthonormal(n_components))


def pca(n_components: int = 2) -> Recipe:
    return wide(Identity(), n_components)


def gaussian_to_wide(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
    return wide(Gaussian(Perplexity(perplexity)), n_components)


def student_to_wide(df: float = 1.0, n_neighbors: int = 15, n_components: int = 2) -> Recipe:
    return wide(heavy_neighbors(df, n_neighbors), n_components)


def knn_to_wide(n_neighbors: int = 15, n_components: int = 2) -> Recipe:
    return wide(KNN(n_neighbors), n_components)


def graph_to_wide(n_components: int = 3) -> Recipe:
    learned = Gaussian(math.inf, metric="cos", pairs="all")
    return Recipe(lambda shape: Graph(shape.graph), learned, embedding(n_components, "spectral", 1.0))


def gaussian_to_narrow(perplexity: float = 30.0, n_components: int = 2) -> Recipe:
    return narrow(Gaussian(Perplexity(perplexity)), n_components)


def student_to_narrow(df: float = 1.0, n_neighbors: int = 15, n_components: int = 2) -> Recipe:
    return narrow(heavy_neighbors(df, n_neighbors), n_components)


def knn_to_narrow(n_neighbors: int = 15, n_components: int = 2) -> Recipe:
    return narrow(KNN(n_neighbors), n_components)


def graph_to_narrow(n_components: int = 3) -> Recipe:
    learned = Gaussian(0, metric="cos")
    return Recipe(lambda shape: Graph(shape.graph), learned, embedding(n_components, "random", 1.0))


def identity_to_gaussian(temperature: float = 0.5, embedding_dim: int = 3) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos", pairs="all")
    return Recipe(Identity(), learned, encoder(embedding_dim))


def identity_to_narrow(embedding_dim: int = 16) -> Recipe:
    learned = Gaussian(0, metric="cos", pairs="all")
    return Recipe(Identity(), learned, encoder(embedding_dim), mapper_j=table_of(embedding_dim))


def identity_to_student(df: float = 1.0, embedding_dim: int = 3) -> Recipe:
    return Recipe(Identity(), StudentT(df, metric="cos", pairs="all"), encoder(embedding_dim))


METHODS = (
    Method(
        name="pca",
        title="PCA",
        build=pca,
        family=REDUCTION,
        target="Identity",
        learned=WIDE,
        status="named",
        paper="Pearson 1901",
        estimator="PCA",
        rewards="The largest variance after an orthonormal projection: nothing but spread counts.",
        degenerates="Without the orthonormal constraint it has no bound; equal eigenvalues leave a rotation free.",
        fit=LINEAR,
        claim=projections.PCA,
    ),
    Method(
        name="gaussian-to-wide",
        title="Gaussian | Gaussian, σ → ∞",
        build=gaussian_to_wide,
        family=REDUCTION,
        target="Gaussian",
        learned=WIDE,
        status="blank",
        paper=BLANK,
        estimator="GaussianToWide",
        rewards="Large variance and short neighbour distances together: PCA minus a local scatter.",
        degenerates="Neighbour distances are far below the variance in most data, so it is nearly PCA.",
        fit=LINEAR,
        claim=projections.GAUSSIAN_TO_WIDE,
    ),
    Method(
        name="student-to-wide",
        title="Student-t | Gaussian, σ → ∞",
        build=student_to_wide,
        family=REDUCTION,
        target="Student-t",
        learned=WIDE,
        status="blank",
        paper=BLANK,
        estimator="StudentToWide",
        rewards="Large variance, less a scatter of heavy-tailed neighbourhoods.",
        degenerates="Neighbour distances are far below the variance in most data, so it is nearly PCA.",
        fit=LINEAR,
        claim=projections.STUDENT_TO_WIDE,
    ),
    Method(
        name="knn-to-wide",
        title="Uniform kNN | Gaussian, σ → ∞",
        build=knn_to_wide,
        family=REDUCTION,
        target="Uniform kNN",
        learned=WIDE,
        status="blank",
        paper=BLANK,
        estimator="KNNToWide",
        rewards="Large variance and short edges of the neighbour graph: kin of locality preserving projections.",
        degenerates="Edges are far shorter than the spread in most data, so it is nearly PCA.",
        fit=LINEAR,
        claim=projections.KNN_TO_WIDE,
    ),
    Method(
        name="graph-to-wide",
        title="Graph weights | Gaussian, σ → ∞",
        build=graph_to_wide,
        family=REDUCTION,
        target="Graph weights",
        learned=WIDE,
        status="blank",
        paper=BLANK,
        estimator="GraphToWide",
        rewards="Short edges on a sphere whose points balance: a spectral layout with positions of equal length.",
        degenerates="Only mean and edges count, so two tight heaps at opposite poles can be optimal.",
        fit=SPHERE,
        takes=GRAPH,
        claim=projections.GRAPH_TO_WIDE,
    ),
    Method(
        name="gaussian-to-narrow",
        title="Gaussian | Gaussian, σ → 0",
        build=gaussian_to_narrow,
        family=REDUCTION,
        target="Gaussian",
        learned=NARROW,
        status="blank",
        paper=BLANK,
        estimator="GaussianToNarrow",
        rewards="Neighbours no farther than the nearest impostor: a projection with a neighbour margin of zero.",
        degenerates="Shrinking lowers it, but for the orthonormal map; p on more than one point cannot reach 0.",
        fit=LINEAR,
        claim=projections.GAUSSIAN_TO_NARROW,
    ),
    Method(
        name="student-to-narrow",
        title="Student-t | Gaussian, σ → 0",
        build=student_to_narrow,
        family=REDUCTION,
        target="Student-t",
        learned=NARROW,
        status="blank",
        paper=BLANK,
        estimator="StudentToNarrow",
        rewards="A small mean distance under a heavy-tailed p against that to the nearest point.",
        degenerates="Shrinking lowers it, so directions of least variance are favoured.",
        fit=LINEAR,
        claim=projections.STUDENT_TO_NARROW,
    ),
    Method(
        name="knn-to-narrow",
        title="Uniform kNN | Gaussian, σ → 0",
        build=knn_to_narrow,
        family=REDUCTION,
        target="Uniform kNN",
        learned=NARROW,
        status="blank",
        paper=BLANK,
        estimator="KNNToNarrow",
        rewards="The k neighbours as near as the nearest impostor, in a linear projection.",
        degenerates="Shrinking lowers it, so directions of least variance are favoured.",
        fit=LINEAR,
        claim=projections.KNN_TO_NARROW,
    ),
    Method(
        name="graph-to-narrow",
        title="Graph weights | Gaussian, σ → 0",
        build=graph_to_narrow,
        family=REDUCTION,
        target="Graph weights",
        learned=NARROW,
        status="blank",
        paper=BLANK,
        estimator="GraphToNarrow",
        rewards="No node nearer than the nodes that it has edges to.",
        degenerates="All nodes in one place reach 0: there is no repulsion beyond the nearest impostor.",
        fit=SPHERE,
        takes=GRAPH,
        claim=projections.GRAPH_TO_NARROW,
    ),
    Method(
        name="identity-to-gaussian",
        title="Identity | Gaussian",
        build=identity_to_gaussian,
        family=REDUCTION,
        target="Identity",
        learned="Gaussian",
        status="blank",
        paper=BLANK,
        estimator="IdentityToGaussian",
        rewards="Points spread evenly over the sphere: the uniformity term of contrastive learning, alone.",
        degenerates="Nothing attracts: what lies next to what is left to the smoothness of the network.",
        fit={**LINEAR, "lr": 3e-3},
        claim=projections.IDENTITY_TO_GAUSSIAN,
    ),
    Method(
        name="identity-to-narrow",
        title="Identity | Gaussian, σ → 0",
        build=identity_to_narrow,
        family=REDUCTION,
        target="Identity",
        learned=NARROW,
        status="blank",
        paper=BLANK,
        estimator="IdentityToNarrow",
        rewards="Each row nearest to its own entry of a learned table: instance classification by margin zero.",
        degenerates="All rows and entries in one place reach 0; within one table it would be 0 everywhere.",
        fit={**LINEAR, "lr": 3e-3},
        claim=projections.IDENTITY_TO_NARROW,
    ),
    Method(
        name="identity-to-student",
        title="Identity | Student-t",
        build=identity_to_student,
        family=REDUCTION,
        target="Identity",
        learned="Student-t",
        status="blank",
        paper=BLANK,
        estimator="IdentityToStudent",
        rewards="Points spread evenly over the sphere, with a repulsion that reaches far.",
        degenerates="Nothing attracts: what lies next to what is left to the smoothness of the network.",
        fit={**LINEAR, "lr": 3e-3},
        claim=projections.IDENTITY_TO_STUDENT,
    ),
)
