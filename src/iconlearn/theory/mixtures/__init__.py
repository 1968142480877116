"""Contrastive learning in Gaussian mixtures: what it finds, against what there is to find.

A mixture of Gaussians with one covariance is the model in which the subspace that tells the components apart, that of
Fisher, is known; a positive pair is two draws of one component, or with a lower ``quality`` of any two.

How sure the statements are is said where they are made. Those called proven have a derivation; those called measured
have numbers, with seeds, in the tests. The papers (Bansal, Kavis & Sanghavi) were read in abstracts and summaries only,
so what is said of their theorems and experiments is a reconstruction.
"""

from iconlearn.theory.mixtures.encoders import LinearEncoder
from iconlearn.theory.mixtures.estimated import lda_subspace, paired_subspace, pca_subspace
from iconlearn.theory.mixtures.families import (
    isotropic_mixture,
    pancake_mixture,
    simplex_means,
    tilted_mixture,
)
from iconlearn.theory.mixtures.learned import linear_clip, linear_infonce, linear_simsiam
from iconlearn.theory.mixtures.mixture import Mixture
from iconlearn.theory.mixtures.paired import PairedMixture
from iconlearn.theory.mixtures.population import (
    PopulationInfoNCE,
    canonical_correlations,
    spectral_contrastive,
)
from iconlearn.theory.mixtures.sphering import Sphering
from iconlearn.theory.mixtures.subspaces import (
    fisher_subspace,
    learned_subspace,
    mean_subspace,
    principal_angles,
)

__all__ = [
    "LinearEncoder",
    "Mixture",
    "PairedMixture",
    "PopulationInfoNCE",
    "Sphering",
    "canonical_correlations",
    "fisher_subspace",
    "isotropic_mixture",
    "lda_subspace",
    "learned_subspace",
    "linear_clip",
    "linear_infonce",
    "linear_simsiam",
    "mean_subspace",
    "paired_subspace",
    "pancake_mixture",
    "pca_subspace",
    "principal_angles",
    "simplex_means",
    "spectral_contrastive",
    "tilted_mixture",
]
