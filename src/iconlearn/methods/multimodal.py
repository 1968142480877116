"""Modalities: the same sample, seen in several ways, is its own positive."""

from __future__ import annotations

import math
from functools import partial

from iconlearn.bandwidth import Learnable
from iconlearn.claims import multimodal as claims
from iconlearn.distributions import CrossModal, Gaussian, MarginGaussian, StudentT, UniformCluster
from iconlearn.intake import MODALITIES
from iconlearn.methods.options import ENCODER
from iconlearn.methods.row import CLUSTERING, MULTIMODAL, Method
from iconlearn.recipes import Recipe, Shape, heads, narrow, temperature_width, towers

SMALLEST = 0.1  # a logit scale of 100, CLIP's cap
ICON = "Alshammari et al. 2025"


def pairs(shape: Shape) -> CrossModal:
    """Every sample of every modality is matched with itself in the others."""
    return CrossModal(len(shape.towers))


def clip(temperature: float = 0.07, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    width = Learnable(max(temperature_width(temperature), SMALLEST), at_least=SMALLEST)
    learned = Gaussian(width, metric="cos", pairs="cross_view")
    return Recipe(lambda shape: pairs(shape).debias(alpha), learned, towers(embedding_dim))


def cmc(temperature: float = 0.07, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos", pairs="cross_view")
    return Recipe(lambda shape: pairs(shape).debias(alpha), learned, towers(embedding_dim))


def average_margin_clip(embedding_dim: int = 64) -> Recipe:
    learned = Gaussian(math.inf, metric="cos", pairs="cross_view")
    return Recipe(pairs, learned, towers(embedding_dim))


def triplet_clip(margin: float = 0.2, sigma: float = 0.0, embedding_dim: int = 64) -> Recipe:
    return Recipe(pairs, MarginGaussian(narrow(sigma), margin, pairs="cross_view"), towers(embedding_dim))


def t_clip(df: float = 2.0, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = StudentT(df, pairs="cross_view")
    return Recipe(lambda shape: pairs(shape).debias(alpha), learned, towers(embedding_dim))


def crossmodal_to_clusters(n_clusters: int = 8, alpha: float = 0.0) -> Recipe:
    learned = UniformCluster(pairs="cross_view")
    return Recipe(lambda shape: pairs(shape).debias(alpha), learned, heads(n_clusters))


row = partial(Method, target="Cross-modal pairs", fit=ENCODER, takes=MODALITIES)

METHODS = (
    row(
        name="clip",
        title="CLIP",
        build=clip,
        family=MULTIMODAL,
        learned="Gaussian",
        status="named",
        paper="Radford et al. 2021",
        estimator="CLIP",
        rewards="An image finds its text and a text its image; the temperature is learned.",
        degenerates="What only one modality shows is thrown away; both need not meet on the sphere (a gap stays).",
        claim=claims.CLIP,
    ),
    row(
        name="cmc",
        title="CMC",
        build=cmc,
        family=MULTIMODAL,
        learned="Gaussian",
        status="named",
        paper="Tian et al. 2020",
        estimator="CMC",
        rewards="A sample finds itself in every other modality, any number of them at once.",
        degenerates="Only what all pairs of modalities share is kept.",
        claim=claims.CMC,
    ),
    row(
        name="average-margin-clip",
        title="Average-margin CLIP",
        build=average_margin_clip,
        family=MULTIMODAL,
        learned="Gaussian, sigma -> inf",
        status="gap",
        paper=ICON,
        estimator="AverageMarginCLIP",
        rewards="Pairs nearer than the average of all pairs; no negative is harder than another.",
        degenerates="Two opposite heaps, matched across the modalities, are optimal.",
        claim=claims.AVERAGE_MARGIN_CLIP,
    ),
    row(
        name="triplet-clip",
        title="Triplet CLIP",
        build=triplet_clip,
        family=MULTIMODAL,
        learned="Gaussian, sigma -> 0",
        status="gap",
        paper=ICON,
        estimator="TripletCLIP",
        rewards="A sample's other modality nearer than the hardest impostor by a margin.",
        degenerates="Hardest impostors may collapse fresh networks to one place; sigma=0.4 is soft.",
        claim=claims.TRIPLET_CLIP,
    ),
    row(
        name="t-clip",
        title="t-CLIP",
        build=t_clip,
        family=MULTIMODAL,
        learned="Student-t",
        status="gap",
        paper=ICON,
        estimator="TCLIP",
        rewards="As CLIP in plain space with a heavy tail: badly matched pairs are forgiven.",
        degenerates="Norms are free: features may grow for as long as that separates the pairs.",
        claim=claims.T_CLIP,
    ),
    row(
        name="crossmodal-to-clusters",
        title="Cross-modal pairs | Uniform on clusters",
        build=crossmodal_to_clusters,
        family=CLUSTERING,
        learned="Uniform on clusters",
        status="blank",
        paper="blank in Alshammari et al. 2025",
        estimator="CrossModalClustering",
        rewards="Both modalities put a sample into the same cluster, and clusters are evenly filled.",
        degenerates="Any even partition that both modalities can tell is as good as any other.",
        claim=claims.CROSSMODAL_TO_CLUSTERS,
    ),
)
