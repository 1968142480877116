"""Encoders trained on positive pairs: augmentations, caption neighbours, caption similarities."""

from __future__ import annotations

import math

from iconlearn.claims import captions
from iconlearn.claims import contrastive as claims
from iconlearn.distributions import (
    DCL,
    KNN,
    Augmentation,
    Gaussian,
    MarginGaussian,
    StudentT,
    VarianceCovariance,
)
from iconlearn.intake import CAPTIONED
from iconlearn.methods.options import ENCODER, WHOLE
from iconlearn.methods.row import CONTRASTIVE, REDUCTION, Method
from iconlearn.recipes import Recipe, encoder, jitter, momentum, narrow, predictor, staged, temperature_width

PAIRS = "Positive pairs"
AUGMENTED = "What the augmentations change is thrown away, whether it mattered or not."


def infonce(
    temperature: float = 0.1, num_views: int = 2, embedding_dim: int = 64, alpha: float = 0.0
) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos", pairs="cross_view")
    target = Augmentation(num_views, pairs="cross_view").debias(alpha)
    return Recipe(target, learned, encoder(embedding_dim), augment=jitter)


def simclr(temperature: float = 0.1, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos")
    return Recipe(Augmentation(2).debias(alpha), learned, encoder(embedding_dim), augment=jitter)


def dcl(temperature: float = 0.5, tau_plus: float = 0.1, embedding_dim: int = 64) -> Recipe:
    learned = DCL(temperature_width(temperature), tau_plus)
    return Recipe(Augmentation(2), learned, encoder(embedding_dim), augment=jitter)


def moco_v3(
    temperature: float = 0.2, rate: float = 0.99, embedding_dim: int = 64, alpha: float = 0.0
) -> Recipe:
    learned = Gaussian(temperature_width(temperature), metric="cos", pairs="cross_view")
    target = Augmentation(2, pairs="cross_view").debias(alpha)
    return Recipe(target, learned, predictor(embedding_dim), mapper_j=momentum(rate), augment=jitter)


def t_simclr(df: float = 2.0, embedding_dim: int = 64, alpha: float = 0.0) -> Recipe:
    return Recipe(Augmentation(2).debias(alpha), StudentT(df), encoder(embedding_dim), augment=jitter)


def t_simcne(n_components: int = 2, pretraining: float = 0.3) -> Recipe:
    return Recipe(Augmentation(2), StudentT(), staged(n_components, pretraining), augment=jitter)


def vi_reg(embedding_dim: int = 64) -> Recipe:
    learned = Gaussian(math.inf, metric="cos", pairs="all")
    return Recipe(Augmentation(2), learned, encoder(embedding_dim), augment=jitter)


def vicreg(
    invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0, embedding_dim: int = 64
) -> Recipe:
    learned = VarianceCovariance(invariance, variance, covariance)
    return Recipe(Augmentation(2), learned, encoder(embedding_dim), augment=jitter)


def triplet(
    margin: float = 0.2, sigma: float = 0.0, negatives: str = "all", embedding_dim: int = 64
) -> Recipe:
    learned = MarginGaussian(narrow(sigma), margin, negatives=negatives)
    return Recipe(Augmentation(2), learned, encoder(embedding_dim), augment=jitter)


def x_sample(
    temperature: float = 0.1, target_temperature: float = 0.1, embedding_dim: int = 64, alpha: float = 0.0
) -> Recipe:
    target = Gaussian(temperature_width(target_temperature), metric="cos").on("caption")
    learned = Gaussian(temperature_width(temperature), metric="cos")
    return Recipe(target.debias(alpha), learned, encoder(embedding_dim))


def lgsimclr(
    n_neighbors: int = 1, temperature: float = 0.1, embedding_dim: int = 64, alpha: float = 0.0
) -> Recipe:
    target = KNN(n_neighbors, metric="cos").on("caption")
    learned = Gaussian(temperature_width(temperature), metric="cos")
    return Recipe(target.debias(alpha), learned, encoder(embedding_dim))


METHODS = (
    Method(
        name="infonce",
        title="InfoNCE",
        build=infonce,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="Gaussian",
        status="named",
        paper="Bachman et al. 2019",
        estimator="InfoNCE",
        rewards="Each view finds the other views of its sample among the other views of all samples.",
        degenerates=AUGMENTED,
        fit=ENCODER,
        claim=claims.INFONCE,
    ),
    Method(
        name="simclr",
        title="SimCLR",
        build=simclr,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="Gaussian",
        status="named",
        paper="Chen et al. 2020",
        estimator="SimCLR",
        rewards="Two views of a sample lie close on the sphere, and everything else spreads out.",
        degenerates="Samples of one class repel like any others; a small batch knows few negatives.",
        fit=ENCODER,
        claim=claims.SIMCLR,
    ),
    Method(
        name="dcl",
        title="DCL",
        build=dcl,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="DCL (not a distribution)",
        status="off-grid",
        paper="Chuang et al. 2020",
        estimator="DebiasedContrastiveLoss",
        rewards="As SimCLR, with the expected share of false negatives taken off the denominator.",
        degenerates="A baseline: its q does not sum to one, and its clamp presumes cosines.",
        fit=ENCODER,
        claim=claims.DCL,
    ),
    Method(
        name="moco-v3",
        title="MoCo v3",
        build=moco_v3,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="Gaussian",
        status="named",
        paper="Chen et al. 2021",
        estimator="MoCoV3",
        rewards="A predicted view finds the key of the other view, keys being made by a slow teacher.",
        degenerates="A teacher that follows at once (rate 0) gives moving targets; at rate 1 it never learns.",
        fit=ENCODER,
        claim=claims.MOCO_V3,
    ),
    Method(
        name="t-simclr",
        title="t-SimCLR",
        build=t_simclr,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="Student-t",
        status="named",
        paper="Hu et al. 2023",
        estimator="TSimCLR",
        rewards="As SimCLR in plain space, with a heavy tail that tolerates outliers.",
        degenerates="Norms are free: features may grow for as long as that separates the views.",
        fit=ENCODER,
        claim=claims.T_SIMCLR,
    ),
    Method(
        name="t-simcne",
        title="t-SimCNE",
        build=t_simcne,
        family=REDUCTION,
        target=PAIRS,
        learned="Student-t",
        status="named",
        paper="Böhm et al. 2023",
        estimator="TSimCNE",
        rewards="A plane in which views of a sample coincide and unlike samples spread out.",
        degenerates="Trained in two dimensions from the start (pretraining=0) it may stay in a poor optimum.",
        fit=ENCODER,
        claim=claims.T_SIMCNE,
    ),
    Method(
        name="vi-reg",
        title="VI-Reg",
        build=vi_reg,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="Gaussian, sigma -> inf",
        status="named",
        paper="Bardes et al. 2021",
        estimator="VIReg",
        rewards="Invariance to the augmentation and variance over the data, in the ratio of one to two.",
        degenerates="Two opposite heaps have all the variance there is: dimensions may collapse unseen.",
        fit=ENCODER,
        claim=claims.VI_REG,
    ),
    Method(
        name="vicreg",
        title="VICReg",
        build=vicreg,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="VICReg's terms (not a distribution)",
        status="off-grid",
        paper="Bardes et al. 2022",
        estimator="VICReg",
        rewards="Views coincide, every dimension has a spread of one or more, and no two tell the same.",
        degenerates="A baseline: its q does not sum to one. Dimensions may be independent and yet tell nothing.",
        fit=ENCODER,
        claim=claims.VICREG,
    ),
    Method(
        name="triplet",
        title="Triplet loss",
        build=triplet,
        family=CONTRASTIVE,
        target=PAIRS,
        learned="Gaussian, sigma -> 0",
        status="named",
        paper="Schroff et al. 2015",
        estimator="Triplet",
        rewards="The other view nearer than the hardest negative by a margin.",
        degenerates="Hardest negatives may collapse a fresh network; sigma=0.4 or semi-hard ones are softer.",
        fit=ENCODER,
        claim=claims.TRIPLET,
    ),
    Method(
        name="x-sample",
        title="X-Sample contrastive",
        build=x_sample,
        family=CONTRASTIVE,
        target="Gaussian",
        learned="Gaussian",
        status="named",
        paper="Sobal et al. 2025",
        estimator="XSample",
        rewards="Similarity of embeddings follows similarity of captions, in degrees and not only yes or no.",
        degenerates="Captions that are all alike make p uniform, and one point meets it.",
        fit=ENCODER,
        takes=CAPTIONED,
        claim=captions.X_SAMPLE,
    ),
    Method(
        name="lgsimclr",
        title="LGSimCLR",
        build=lgsimclr,
        family=CONTRASTIVE,
        target="Uniform kNN",
        learned="Gaussian",
        status="named",
        paper="El Banani et al. 2023",
        estimator="LGSimCLR",
        rewards="Rows with the nearest captions lie close: language chooses the positives.",
        degenerates="Identical captions make arbitrary neighbours; positives outside the batch do not count.",
        fit=WHOLE,
        takes=CAPTIONED,
        claim=captions.LGSIMCLR,
    ),
)
