"""Clusterings that are no distributions, for comparison: they learn by agreement, and keep sizes even otherwise."""

from __future__ import annotations

from functools import partial

from iconlearn.claims import clusters
from iconlearn.distributions import KNN, ClusterAgreement
from iconlearn.methods.options import HEAD, STREAMED
from iconlearn.methods.row import CLUSTERING, Method
from iconlearn.recipes import Recipe, head, momentum


def temi(
    n_clusters: int = 8, n_neighbors: int = 25, beta: float = 0.6, sizes: float = 0.9, rate: float = 0.9
) -> Recipe:
    learned = ClusterAgreement(beta, sizes=sizes, weighted=True)
    return Recipe(KNN(n_neighbors), learned, head(n_clusters), mapper_j=momentum(rate))


def scan(n_clusters: int = 8, n_neighbors: int = 20, entropy: float = 5.0) -> Recipe:
    return Recipe(KNN(n_neighbors), ClusterAgreement(balance=0.0, entropy=entropy), head(n_clusters))


row = partial(
    Method,
    family=CLUSTERING,
    target="Uniform kNN",
    learned="Cluster agreement",
    status="off-grid",
    fit=HEAD,
    streamed=STREAMED,
)

METHODS = (
    row(
        name="temi",
        title="TEMI",
        build=temi,
        paper="Adaloglou et al. 2023",
        estimator="TEMI",
        rewards="Neighbours agree on a cluster with the teacher, small clusters count more; q is no probability.",
        degenerates="Pairs weigh as much as the teacher agrees on them, so it may settle on what it started with.",
        claim=clusters.TEMI,
    ),
    row(
        name="scan",
        title="SCAN",
        build=scan,
        paper="Van Gansbeke et al. 2020",
        estimator="SCAN",
        rewards="Neighbours agree on a cluster, and the mean assignment has a large entropy; q is no probability.",
        degenerates="With a small weight of the entropy one cluster takes all; with a large one sizes are equal.",
        claim=clusters.SCAN,
    ),
)
