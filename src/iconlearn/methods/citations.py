"""Titles of the papers that the rows of this package cite."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "Adaloglou et al. 2023": "Exploring the Limits of Deep Image Clustering using Pretrained Models",
    "Alshammari et al. 2025": "I-Con: A Unifying Framework for Representation Learning",
    "Bachman et al. 2019": "Learning Representations by Maximizing Mutual Information Across Views",
    "Baek et al. 2025": "Harmonic Loss Trains Interpretable AI Models",
    "Bardes et al. 2021": "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning",
    "Bardes et al. 2022": "VICReg: Variance-Invariance-Covariance Regularization for Self-Supervised Learning",
    "Bengio et al. 2003": "A Neural Probabilistic Language Model",
    "Böhm et al. 2023": "Unsupervised visualization of image datasets using contrastive learning",
    "Chen et al. 2020": "A Simple Framework for Contrastive Learning of Visual Representations",
    "Chen et al. 2021": "An Empirical Study of Training Self-Supervised Vision Transformers",
    "Chuang et al. 2020": "Debiased Contrastive Learning",
    "Cook et al. 2007": "Visualizing Similarity Data with a Mixture of Maps",
    "Devlin et al. 2019": "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding",
    "El Banani et al. 2023": "Learning Visual Representations via Language-Guided Sampling",
    "Good 1963": (
        "Maximum Entropy for Hypothesis Formulation, Especially for Multidimensional Contingency Tables"
    ),
    "Hinton & Roweis 2002": "Stochastic Neighbor Embedding",
    "Hu et al. 2023": "Your Contrastive Learning Is Secretly Doing Stochastic Neighbor Embedding",
    "Khosla et al. 2020": "Supervised Contrastive Learning",
    "Kruiger et al. 2017": "Graph Layouts by t-SNE",
    "MacQueen 1967": "Some Methods for Classification and Analysis of Multivariate Observations",
    "Ng et al. 2001": "On Spectral Clustering: Analysis and an Algorithm",
    "Pearson 1901": "On Lines and Planes of Closest Fit to Systems of Points in Space",
    "Radford et al. 2021": "Learning Transferable Visual Models From Natural Language Supervision",
    "Schroff et al. 2015": "FaceNet: A Unified Embedding for Face Recognition and Clustering",
    "Shi & Malik 2000": "Normalized Cuts and Image Segmentation",
    "Sobal et al. 2025": (
        "X-Sample Contrastive Loss: Improving Contrastive Learning with Sample Similarity Graphs"
    ),
    "Tian et al. 2020": "Contrastive Multiview Coding",
    "Van Gansbeke et al. 2020": "SCAN: Learning to Classify Images without Labels",
    "Yang & Oja 2012": "Clustering by Low-Rank Doubly Stochastic Matrix Decomposition",
    "van der Maaten & Hinton 2008": "Visualizing Data using t-SNE",
    "van der Maaten 2009": "Learning a Parametric Embedding by Preserving Local Structure",
}
