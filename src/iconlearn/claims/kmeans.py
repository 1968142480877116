"""Claims of k-means in all its forms, with the entropies that come on top of the inertia."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import EXTRA_TERM, Case, Claim, Rate, Reference
from iconlearn.claims import neighbours
from iconlearn.claims.dense import Part
from iconlearn.published import clusters, kernels, limits

Variance = Callable[[Case], float]
VARIANCES = (1e-4, 1e-5, 1e-6)  # well below the squared distances


def assignment(case: Case) -> Tensor:
    """Probabilities of clusters; the embedding holds their logits."""
    return case.z.softmax(1)


def hard(case: Case) -> Tensor:
    """The most probable cluster as one-hot rows."""
    return F.one_hot(case.z.argmax(1), case.z.shape[1]).to(case.z.dtype)


def bonus(case: Case) -> Tensor:
    """sum_i H(q_i)."""
    return clusters.row_entropies(kernels.cluster(assignment(case))).sum()


# ---------------------------------------------------------------- k-means


class SklearnInertia(torch.autograd.Function):
    """Soft inertia: one k-means of a single centre a cluster, with the assignments as weights.

    Centres are optimal, so the slope in an assignment is the squared distance to its centre.
    """

    @staticmethod
    def forward(ctx: Any, phi: Tensor, x: Tensor) -> Tensor:
        from sklearn.cluster import KMeans

        rows, share = x.numpy(), phi.detach().numpy()
        fits = [KMeans(1, random_state=0).fit(rows, sample_weight=column) for column in share.T]
        squared = torch.stack([torch.from_numpy(fit.transform(rows)[:, 0]).square() for fit in fits], 1)
        ctx.save_for_backward(squared)
        costs = [-fit.score(rows, sample_weight=w) for fit, w in zip(fits, share.T, strict=True)]
        return phi.new_tensor(sum(costs))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.saved_tensors[0], None


def sklearn_inertia(x: Part) -> Part:
    """scikit-learn's inertia of the soft assignments."""

    def loss(case: Case) -> Tensor:
        value = SklearnInertia.apply(assignment(case), x(case))
        assert isinstance(value, Tensor)
        return value

    return loss


def without_entropies(x: Part, variance: Variance) -> Callable[[Tensor, Case], Tensor]:
    """sigma^2 [n L + sum_i H(q_i) - sum_i log Z_i]."""

    def relate(loss: Tensor, case: Case) -> Tensor:
        partition = clusters.gaussian_log_partition(x(case), math.sqrt(variance(case)))
        return variance(case) * (case.n * loss + bonus(case) - partition)

    return relate


def inertia(x: Part) -> Part:
    """Soft inertia of the points x."""
    return lambda case: clusters.kmeans_inertia(x(case), assignment(case))


def kmeans(x: Part, variance: Variance, where: str = "", *more: Reference) -> Claim:
    """k-means of the points x with a Gaussian target of this variance."""
    relate = without_entropies(x, variance)
    return Claim(
        EXTRA_TERM,
        f"n L = inertia/sigma^2 - sum_i H(q_i) + sum_i log Z_i{where}; sigma^2 n L -> inertia as sigma -> 0",
        (
            Reference("k-means (formula, MacQueen 1967)", inertia(x), relate),
            Reference(
                "contrastive k-means (formula, I-Con, theorem 12)",
                lambda case: clusters.contrastive_kmeans(x(case), assignment(case)),
                relate,
            ),
            Reference("scikit-learn KMeans, weighted inertia", sklearn_inertia(x), relate, "sklearn"),
            *more,
        ),
        Rate(
            lambda case, step: limits.scaled_kmeans(x(case), hard(case), step),
            lambda case: clusters.kmeans_inertia(x(case), hard(case)),
            VARIANCES,
        ),
    )


def spread_variance(x: Part) -> Variance:
    """sigma^2, sigma a share of the root mean square distance."""
    return lambda case: limits.spread(x(case), case.parameters["share"]) ** 2


def on_sphere(case: Case) -> Tensor:
    """The data as unit vectors."""
    return kernels.unit(neighbours.data(case))


def spectral(case: Case) -> Tensor:
    """Ng's coordinates."""
    return clusters.spectral_embedding(neighbours.weights(case), case.parameters["n_clusters"])


def sklearn_spectral(case: Case) -> Tensor:
    """scikit-learn's spectral embedding, rows scaled to length one."""
    from sklearn.manifold import spectral_embedding

    w, m = neighbours.weights(case).numpy(), case.parameters["n_clusters"]
    return kernels.unit(
        torch.from_numpy(spectral_embedding(w, n_components=m, random_state=0, drop_first=False))
    )


KMEANS = kmeans(neighbours.data, spread_variance(neighbours.data))
CONTRASTIVE_KMEANS = kmeans(
    on_sphere, lambda case: case.parameters["temperature"], ", x on the sphere, sigma^2 = tau"
)
SPECTRAL_CLUSTERING = kmeans(
    spectral,
    spread_variance(spectral),
    ", x unit rows of the leading eigenvectors (Ng et al. 2002)",
    Reference(
        "k-means on scikit-learn's spectral_embedding",
        inertia(sklearn_spectral),
        without_entropies(sklearn_spectral, spread_variance(sklearn_spectral)),
        "sklearn",
    ),
)


def t_width(case: Case) -> float:
    """Width of the Student-t target."""
    return limits.spread(neighbours.data(case), case.parameters["share"])


def t_cost(case: Case) -> Tensor:
    """Pairwise cost within clusters."""
    return clusters.t_kmeans_cost(
        neighbours.data(case), assignment(case), case.parameters["df"], t_width(case)
    )


def t_cost_by_scipy(case: Case) -> Tensor:
    """The same from the density of scipy's Student-t, which has the kernel up to a constant."""
    from scipy.spatial.distance import cdist
    from scipy.stats import t

    x, df = neighbours.data(case).numpy(), case.parameters["df"]
    scaled = cdist(x, x) / t_width(case)
    cost = torch.from_numpy(t.logpdf(0.0, df) - t.logpdf(scaled, df))
    return (kernels.cluster(assignment(case)) * cost).sum()


def without_t_entropies(loss: Tensor, case: Case) -> Tensor:
    """n L + sum_i H(q_i) - sum_i log Z_i."""
    x = neighbours.data(case)
    partition = clusters.student_log_partition(x, case.parameters["df"], t_width(case))
    return case.n * loss + bonus(case) - partition


T_KMEANS = Claim(
    EXTRA_TERM,
    "n L = sum_ij q_ij (nu + 1)/2 log(1 + D_ij/(nu w^2)) - sum_i H(q_i) + sum_i log Z_i",
    (
        Reference("t k-means (formula, I-Con, open cell)", t_cost, without_t_entropies),
        Reference("scipy Student-t density", t_cost_by_scipy, without_t_entropies, "scipy"),
    ),
)
