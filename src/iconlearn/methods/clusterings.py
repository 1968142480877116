"""Clusterings: q is uniform on clusters, and the mapper gives soft assignments."""

from __future__ import annotations

from functools import partial
from typing import Any

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import OptionError
from iconlearn.bandwidth import Spread
from iconlearn.claims import clusters
from iconlearn.claims import kmeans as kmeans_claims
from iconlearn.data.graphs import degrees
from iconlearn.distributions import (
    KNN,
    Augmentation,
    ClusterAgreement,
    DegreeSoftmax,
    Distribution,
    Gaussian,
    Identity,
    StudentT,
    UniformCluster,
)
from iconlearn.divergences import as_divergence
from iconlearn.intake import GRAPH
from iconlearn.methods.options import HEAD, RACE, SOLUTIONS, STREAMED, TABLE
from iconlearn.methods.row import CLUSTERING, Method
from iconlearn.recipes import Recipe, head, jitter, momentum, table, temperature_width
from iconlearn.spectral import spectral_coordinates

ICON = "Alshammari et al. 2025"
LEARNED, TARGET, BOTH = LEARNED, TARGET, BOTH = SIDES = ("learned", "target", "both")
BALANCE = (
    0.7  # leaves unequal classes whole; but not what holds clusters apart that alpha in p draws together
)
ENTROPY = "The bonus -H(q) favours large and unequal clusters; it vanishes with the width."


def kmeans(n_clusters: int = 8, share: float = 0.1) -> Recipe:
    target = Gaussian(Spread(share), pairs="all")
    return Recipe(target, UniformCluster(), table(n_clusters), divergence="reverse_kl")


def soft_kmeans(n_clusters: int = 8, share: float = 0.3) -> Recipe:
    return kmeans(n_clusters, share)


def contrastive_kmeans(n_clusters: int = 8, temperature: float = 0.02) -> Recipe:
    target = Gaussian(temperature_width(temperature), metric="cos", pairs="all")
    return Recipe(target, UniformCluster(), table(n_clusters), divergence="reverse_kl")


def t_kmeans(n_clusters: int = 8, df: float = 1.0, share: float = 0.1) -> Recipe:
    target = StudentT(df, Spread(share), pairs="all")
    return Recipe(target, UniformCluster(), table(n_clusters), divergence="reverse_kl")


def spectral_rows(graph: Any, n_clusters: int) -> dict[str, Any]:
    """Nodes in spectral coordinates, and their degrees."""
    return {"value": spectral_coordinates(graph, n_clusters), "degree": degrees(graph)}


def spectral_clustering(n_clusters: int = 8, share: float = 0.1) -> Recipe:
    target = Gaussian(Spread(share), pairs="all")
    present = partial(spectral_rows, n_clusters=n_clusters)
    return Recipe(target, UniformCluster(), table(n_clusters), divergence="reverse_kl", present=present)


def normalized_cuts(n_clusters: int = 8, temperature: float = 1e-4) -> Recipe:
    return Recipe(
        lambda shape: DegreeSoftmax(shape.graph, temperature),
        UniformCluster(weight="degree"),
        table(n_clusters),
        divergence="reverse_kl",
        present=partial(spectral_rows, n_clusters=n_clusters),
    )


def dcd(n_clusters: int = 8, n_neighbors: int = 10) -> Recipe:
    return Recipe(KNN(n_neighbors), UniformCluster(), table(n_clusters))


def pmi_clustering(n_clusters: int = 8, n_neighbors: int = 10) -> Recipe:
    return Recipe(KNN(n_neighbors), UniformCluster(), head(n_clusters))


def mi_clustering(n_clusters: int = 8) -> Recipe:
    return Recipe(Augmentation(2), UniformCluster(), head(n_clusters), augment=jitter)


def infonce_clustering(
    n_clusters: int = 8,
    n_neighbors: int = 10,
    steps: int = 1,
    metric: str = "euclidean",
    views: int = 1,
    alpha: float = 0.1,
    debias: str = "learned",
    balance: float | None = None,
    divergence: str = "kl",
    hidden: int = 0,
    teacher: float = 0.0,
) -> Recipe:
    check_choice("infonce-clustering", "debias", debias, SIDES)
    as_divergence(divergence)
    if balance is None:
        balance = BALANCE if divergence == "kl" and debias != TARGET else 1.0
    if divergence != "kl" and balance != 1:
        raise OptionError(
            f"infonce-clustering: divergence={divergence!r} needs probabilities, but with balance={balance} cluster "
            "sizes weigh otherwise than in one; give balance=1, or divergence='kl'"
        )
    target = positives(n_neighbors, steps, metric, views)
    learned: Distribution = UniformCluster() if balance == 1 else ClusterAgreement(balance=balance)
    return Recipe(
        target.debias(alpha) if debias in (TARGET, BOTH) else target,
        learned.debias(alpha) if debias in (LEARNED, BOTH) else learned,
        head(n_clusters, "mixed" if n_neighbors else "k-means", hidden),
        momentum(teacher) if teacher else None,
        divergence,
        augment=jitter if views > 1 else None,
    )


def positives(n_neighbors: int, steps: int, metric: str, views: int) -> Distribution:
    """The other views of a sample, its neighbours, or half of each."""
    check_number("infonce-clustering", "views", views, low=1, integer=True)
    if n_neighbors == 0:
        if views == 1 or steps != 1:
            raise OptionError(
                "infonce-clustering: n_neighbors=0 leaves the other views of a sample as its positives, but "
                f"views={views} and steps={steps}; give views=2 and steps=1, or n_neighbors=10"
            )
        return Augmentation(views)
    target: Distribution = KNN(n_neighbors, metric)
    target = target if steps == 1 else target.propagate(steps)
    return target if views == 1 else 0.5 * Augmentation(views) + 0.5 * target


def identity_to_clusters(n_clusters: int = 8) -> Recipe:
    return Recipe(Identity(), UniformCluster(), head(n_clusters))


row = partial(Method, family=CLUSTERING, learned="Uniform on clusters")

METHODS = (
    row(
        name="k-means",
        title="k-means",
        build=kmeans,
        target="Gaussian",
        status="named",
        paper="MacQueen 1967",
        estimator="KMeans",
        rewards="Small squared distances to the cluster means: exact k-means as the width goes to 0.",
        degenerates=ENTROPY,
        fit=SOLUTIONS,
        claim=kmeans_claims.KMEANS,
    ),
    row(
        name="soft-k-means",
        title="Soft k-means",
        build=soft_kmeans,
        target="Gaussian",
        status="off-grid",
        paper=ICON,
        estimator="SoftKMeans",
        rewards="As k-means at a wider p: assignments may stay undecided between clusters.",
        degenerates="At a width near the spread of the data the entropy wins, and all clusters become one.",
        fit=SOLUTIONS,
        claim=kmeans_claims.KMEANS,
    ),
    row(
        name="contrastive-k-means",
        title="Contrastive k-means",
        build=contrastive_kmeans,
        target="Gaussian",
        status="off-grid",
        paper=ICON,
        estimator="ContrastiveKMeans",
        rewards="Large cosines within clusters: k-means on the sphere, without its centres.",
        degenerates="Data all in one direction has cosines near 1 everywhere; centre it first. " + ENTROPY,
        fit=SOLUTIONS,
        claim=kmeans_claims.CONTRASTIVE_KMEANS,
    ),
    row(
        name="spectral-clustering",
        title="Spectral clustering",
        build=spectral_clustering,
        target="Gaussian",
        status="off-grid",
        paper="Ng et al. 2001",
        estimator="SpectralClustering",
        rewards="k-means in the coordinates of the leading eigenvectors: clusters of any shape, if connected.",
        degenerates="A graph in more pieces than clusters has coordinates that only tell the pieces.",
        fit=SOLUTIONS,
        takes=GRAPH,
        claim=kmeans_claims.SPECTRAL_CLUSTERING,
    ),
    row(
        name="t-k-means",
        title="t k-means",
        build=t_kmeans,
        target="Student-t",
        status="gap",
        paper=ICON,
        estimator="TKMeans",
        rewards="Small log(1 + d^2) within clusters: a far point costs little, so means resist outliers.",
        degenerates="A heavy tail makes p nearly uniform, and the entropy bonus merges clusters.",
        fit=SOLUTIONS,
        claim=kmeans_claims.T_KMEANS,
    ),
    row(
        name="normalized-cuts",
        title="Normalised cuts",
        build=normalized_cuts,
        target="Graph weights",
        status="named",
        paper="Shi & Malik 2000",
        estimator="NormalizedCuts",
        rewards="Little weight cut, in proportion to the volume of the parts.",
        degenerates=ENTROPY,
        fit=SOLUTIONS,
        takes=GRAPH,
        claim=clusters.NORMALIZED_CUTS,
    ),
    row(
        name="dcd",
        title="DCD",
        build=dcd,
        target="Uniform kNN",
        status="named",
        paper="Yang & Oja 2012",
        estimator="DCD",
        rewards="A walk over a shared cluster leads to the neighbours: the free assignment, undebiased.",
        degenerates="An edge between hard clusters costs infinitely much, so assignments stay soft there.",
        fit=TABLE,
        claim=clusters.DCD,
    ),
    row(
        name="pmi-clustering",
        title="PMI clustering",
        build=pmi_clustering,
        target="Uniform kNN",
        status="off-grid",
        paper="Adaloglou et al. 2023",
        estimator="PMIClustering",
        rewards="Neighbours share a cluster more often than by chance: pointwise mutual information.",
        degenerates="A linear head cannot follow curved clusters; an edge between hard clusters costs much.",
        fit=HEAD,
        streamed=STREAMED,
        claim=clusters.PMI_CLUSTERING,
    ),
    row(
        name="mi-clustering",
        title="Mutual-information clustering",
        build=mi_clustering,
        target="Positive pairs",
        status="off-grid",
        paper=ICON,
        estimator="MIClustering",
        rewards="Both views of a sample get the same cluster, and clusters are evenly filled.",
        degenerates="Any even partition that the augmentation does not cross is optimal.",
        fit=HEAD,
        claim=clusters.MI_CLUSTERING,
    ),
    row(
        name="infonce-clustering",
        title="InfoNCE clustering",
        build=infonce_clustering,
        target="Positive pairs",
        status="named",
        paper=ICON,
        estimator="InfoNCEClustering",
        rewards="Positives, here the k nearest rows, share a cluster, and clusters are about evenly filled.",
        degenerates="balance=1 cuts large classes and merges small ones; near 0, one cluster takes all.",
        fit=RACE,
        streamed=STREAMED,
        claim=clusters.INFONCE_CLUSTERING,
    ),
    row(
        name="identity-to-clusters",
        title="Identity | Uniform on clusters",
        build=identity_to_clusters,
        target="Identity",
        status="blank",
        paper="blank in Alshammari et al. 2025",
        estimator="IdentityToClusters",
        rewards="Decided and evenly filled clusters, by a linear head: each point back to itself.",
        degenerates="Any even partition is optimal; that of a linear head started at k-means stays near it.",
        fit=HEAD,
        claim=clusters.IDENTITY_TO_CLUSTERS,
    ),
)
