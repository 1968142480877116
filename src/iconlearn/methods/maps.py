"""Maps: every sample has a position, and neighbourhoods of the data are matched by those of the map."""

from __future__ import annotations

import math

from iconlearn._checks import check_number
from iconlearn.bandwidth import KthNeighbor, Perplexity
from iconlearn.claims import maps
from iconlearn.distributions import KNN, Distribution, Gaussian, Graph, StudentT
from iconlearn.intake import GRAPH
from iconlearn.methods.options import LIGHT_MAP, MAP, NETWORK_MAP
from iconlearn.methods.row import REDUCTION, Method
from iconlearn.metrics import Metric
from iconlearn.recipes import Recipe, embedding, encoder

HALF = math.sqrt(0.5)  # exp(-d^2), the width of SNE's q
CROWDED = "Points of one neighbourhood are crowded together: exp(-d^2) has no room for the moderately far."
COLLAPSE = "A p that is nearly uniform (a large perplexity, coincident rows) is met by one point."
ICON = "Alshammari et al. 2025"


def sne(perplexity: float = 30.0, n_components: int = 2, metric: str | Metric = "euclidean") -> Recipe:
    return Recipe(Gaussian(Perplexity(perplexity), metric), Gaussian(HALF), embedding(n_components))


def symmetric_sne(
    perplexity: float = 30.0, n_components: int = 2, metric: str | Metric = "euclidean"
) -> Recipe:
    target = Gaussian(Perplexity(perplexity), metric).symmetrize()
    return Recipe(target, Gaussian(HALF, normalize="joint"), embedding(n_components))


def t_sne(perplexity: float = 30.0, n_components: int = 2, metric: str | Metric = "euclidean") -> Recipe:
    target = Gaussian(Perplexity(perplexity), metric).symmetrize()
    return Recipe(target, StudentT(normalize="joint"), embedding(n_components))


def t_sne_rows(perplexity: float = 30.0, n_components: int = 2, metric: str | Metric = "euclidean") -> Recipe:
    return Recipe(Gaussian(Perplexity(perplexity), metric), StudentT(), embedding(n_components))


def sne_uniform(n_neighbors: int = 15, n_components: int = 2, metric: str | Metric = "euclidean") -> Recipe:
    return Recipe(KNN(n_neighbors, metric), Gaussian(HALF), embedding(n_components))


def t_sne_uniform(n_neighbors: int = 15, n_components: int = 2, metric: str | Metric = "euclidean") -> Recipe:
    return Recipe(KNN(n_neighbors, metric).symmetrize(), StudentT(normalize="joint"), embedding(n_components))


def sne_graph(n_components: int = 2) -> Recipe:
    return Recipe(lambda shape: Graph(shape.graph), Gaussian(HALF), embedding(n_components, "spectral"))


def t_sne_graph(n_components: int = 2) -> Recipe:
    learned = StudentT(normalize="joint")
    return Recipe(lambda shape: Graph(shape.graph).symmetrize(), learned, embedding(n_components, "spectral"))


def heavy_neighbors(df: float, n_neighbors: int, metric: str | Metric = "euclidean") -> Distribution:
    """Student-t rows as wide as the distance to the k-th neighbour, each over its 3 k nearest."""
    check_number("method", "n_neighbors", n_neighbors, low=1, integer=True)
    return StudentT(df, KthNeighbor(n_neighbors), metric).nearest(3 * n_neighbors)


def dual_t_sne(
    df: float = 1.0, n_neighbors: int = 15, n_components: int = 2, metric: str | Metric = "euclidean"
) -> Recipe:
    return Recipe(heavy_neighbors(df, n_neighbors, metric), Gaussian(HALF), embedding(n_components))


def doubly_t_sne(
    df: float = 1.0, n_neighbors: int = 15, n_components: int = 2, metric: str | Metric = "euclidean"
) -> Recipe:
    target = heavy_neighbors(df, n_neighbors, metric).symmetrize()
    return Recipe(target, StudentT(normalize="joint"), embedding(n_components))


def parametric_sne(
    perplexity: float = 30.0, n_components: int = 2, metric: str | Metric = "euclidean"
) -> Recipe:
    return Recipe(Gaussian(Perplexity(perplexity), metric), Gaussian(HALF), encoder(n_components))


def parametric_t_sne(
    perplexity: float = 30.0, n_components: int = 2, metric: str | Metric = "euclidean"
) -> Recipe:
    target = Gaussian(Perplexity(perplexity), metric).symmetrize()
    return Recipe(target, StudentT(normalize="joint"), encoder(n_components))


METHODS = (
    Method(
        name="sne",
        title="SNE",
        build=sne,
        family=REDUCTION,
        target="Gaussian",
        learned="Gaussian",
        status="named",
        paper="Hinton & Roweis 2002",
        estimator="SNE",
        rewards="Each point keeps its own neighbours, whatever its density: every row counts the same.",
        degenerates=CROWDED,
        fit=LIGHT_MAP,
        claim=maps.SNE,
    ),
    Method(
        name="symmetric-sne",
        title="Symmetric SNE",
        build=symmetric_sne,
        family=REDUCTION,
        target="Gaussian",
        learned="Gaussian",
        status="off-grid",
        paper="Cook et al. 2007",
        estimator="SymmetricSNE",
        rewards="Pairs that are close in both directions end close, as one distribution over all pairs.",
        degenerates=CROWDED,
        fit=LIGHT_MAP,
        claim=maps.SYMMETRIC_SNE,
    ),
    Method(
        name="t-sne",
        title="t-SNE",
        build=t_sne,
        family=REDUCTION,
        target="Gaussian",
        learned="Student-t",
        status="named",
        paper="van der Maaten & Hinton 2008",
        estimator="TSNE",
        rewards="Close pairs end close; the heavy tail of q lets moderately far ones move far apart.",
        degenerates="Distances between separate islands mean little; a small perplexity breaks up true clusters.",
        fit=MAP,
        claim=maps.T_SNE,
    ),
    Method(
        name="t-sne-rows",
        title="t-SNE by rows",
        build=t_sne_rows,
        family=REDUCTION,
        target="Gaussian",
        learned="Student-t",
        status="off-grid",
        paper=ICON,
        estimator="RowTSNE",
        rewards="As t-SNE, but each row is normalised by itself: the form of corollary 1 of I-Con.",
        degenerates="Outliers are drawn in as strongly as everybody else, for each row counts the same.",
        fit=MAP,
        claim=maps.T_SNE_ROWS,
    ),
    Method(
        name="sne-uniform",
        title="SNE with uniform affinities",
        build=sne_uniform,
        family=REDUCTION,
        target="Uniform kNN",
        learned="Gaussian",
        status="named",
        paper=ICON,
        estimator="UniformSNE",
        rewards="The k nearest neighbours stay near, all alike: only ranks of distances matter.",
        degenerates=CROWDED,
        fit=LIGHT_MAP,
        claim=maps.SNE_UNIFORM,
    ),
    Method(
        name="t-sne-uniform",
        title="t-SNE with uniform affinities",
        build=t_sne_uniform,
        family=REDUCTION,
        target="Uniform kNN",
        learned="Student-t",
        status="named",
        paper=ICON,
        estimator="UniformTSNE",
        rewards="The k nearest neighbours stay near, with the heavy tail of t-SNE between clusters.",
        degenerates="A neighbour graph in several pieces says nothing of how the pieces lie to one another.",
        fit=MAP,
        claim=maps.T_SNE_UNIFORM,
    ),
    Method(
        name="sne-graph",
        title="SNE graph embedding",
        build=sne_graph,
        family=REDUCTION,
        target="Graph weights",
        learned="Gaussian",
        status="gap",
        paper=ICON,
        estimator="GraphSNE",
        rewards="Nodes with a heavy edge end close; each node spreads its attention by its own weights.",
        degenerates="Pieces of the graph without an edge between them repel one another without end.",
        fit=LIGHT_MAP,
        takes=GRAPH,
        claim=maps.SNE_GRAPH,
    ),
    Method(
        name="t-sne-graph",
        title="t-SNE graph embedding",
        build=t_sne_graph,
        family=REDUCTION,
        target="Graph weights",
        learned="Student-t",
        status="named",
        paper="Kruiger et al. 2017",
        estimator="GraphTSNE",
        rewards="Nodes with a heavy edge end close; the heavy tail leaves room between communities.",
        degenerates="Only edges attract: nodes two steps apart are treated like strangers.",
        fit=MAP,
        takes=GRAPH,
        claim=maps.T_SNE_GRAPH,
    ),
    Method(
        name="dual-t-sne",
        title="Dual t-SNE",
        build=dual_t_sne,
        family=REDUCTION,
        target="Student-t",
        learned="Gaussian",
        status="gap",
        paper=ICON,
        estimator="DualTSNE",
        rewards="The farther neighbours still count: a heavy-tailed p is matched by a light-tailed q.",
        degenerates=COLLAPSE,
        fit=LIGHT_MAP,
        claim=maps.DUAL_T_SNE,
    ),
    Method(
        name="doubly-t-sne",
        title="Doubly t-SNE",
        build=doubly_t_sne,
        family=REDUCTION,
        target="Student-t",
        learned="Student-t",
        status="gap",
        paper=ICON,
        estimator="DoublyTSNE",
        rewards="Heavy tails on both sides: neighbours count by the ratio of their distances.",
        degenerates=COLLAPSE,
        fit=MAP,
        claim=maps.DOUBLY_T_SNE,
    ),
    Method(
        name="parametric-sne",
        title="Parametric SNE",
        build=parametric_sne,
        family=REDUCTION,
        target="Gaussian",
        learned="Gaussian",
        status="off-grid",
        paper=ICON,
        estimator="ParametricSNE",
        rewards="As SNE, by a network: new rows are mapped without a fit of their own.",
        degenerates="A small network cannot fold the data; in small batches the neighbours are missing.",
        fit=NETWORK_MAP,
        claim=maps.SNE,
    ),
    Method(
        name="parametric-t-sne",
        title="Parametric t-SNE",
        build=parametric_t_sne,
        family=REDUCTION,
        target="Gaussian",
        learned="Student-t",
        status="off-grid",
        paper="van der Maaten 2009",
        estimator="ParametricTSNE",
        rewards="As t-SNE, by a network: new rows are mapped without a fit of their own.",
        degenerates="A small network cannot fold the data; in small batches the neighbours are missing.",
        fit=NETWORK_MAP,
        claim=maps.T_SNE,
    ),
)
