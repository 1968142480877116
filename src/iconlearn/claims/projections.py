"""Claims of projections and of other wide, narrow and identity cells: limits, against what they tend to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import EXACT, LIMIT, Case, Claim, Rate, Reference
from iconlearn.claims import neighbours
from iconlearn.claims.dense import Part, all_columns, columns_of, others, rows
from iconlearn.published import contrastive, kernels, maps, margins, supervised, targets

WIDE_STEPS = (1e-2, 1e-3, 1e-4)  # 1 / (2 sigma^2), where squared distances are of order ten
NARROW_STEPS = (1.0, 1e-1, 1e-2)  # 2 sigma^2


def plain(z: Tensor) -> Tensor:
    """Positions as they are."""
    return z


Where = Callable[[Tensor], Tensor]  # plain, or kernels.unit


def squared(where: Where) -> Part:
    """Squared distances between the rows, in the plane or on the sphere."""
    return lambda case: kernels.squared_distances(where(case.z), where(case.z))


# ---------------------------------------------------------------- wide


def laplacian_margin(p: Part, where: Where) -> Part:
    """(2/n) tr Z'LZ - 2 Var(Z), L scipy's Laplacian of (p + p')/2: edges against the variance."""

    def loss(case: Case) -> Tensor:
        from scipy.sparse.csgraph import laplacian

        target = p(case)
        edges = torch.from_numpy(laplacian(((target + target.T) / 2).numpy()))
        z = where(case.z)
        return 2 / case.n * (z * (edges @ z)).sum() - 2 * z.var(0, correction=0).sum()

    return loss


def wide_rate(p: Part, where: Where) -> Rate:
    """s (CE - log n), s = 1/step, self a candidate."""
    d = squared(where)
    return Rate(
        lambda case, step: margins.wide_cross_entropy(p(case), d(case), 1 / step, rows(case)),
        lambda case: contrastive.average_margin(p(case), where(case.z), candidates=rows(case)),
        WIDE_STEPS,
    )


def wide(p: Part, where: Where = plain, found: Part | None = None) -> Claim:
    """Any target against a wide Gaussian; ``found`` is the same target by a library."""
    formula = Reference(
        "average margin (formula, I-Con, proposition 1)",
        lambda case: contrastive.average_margin(p(case), where(case.z), candidates=rows(case)),
    )
    library = Reference("scipy Laplacian: edges - 2 Var", laplacian_margin(found or p, where), needs="scipy")
    place = " of positions on the sphere" if where is kernels.unit else ""
    statement = (
        f"L = mean_i sum_j p_ij D_ij - 2 Var{place}, the limit of s (CE - log n), s = 2 sigma^2 -> inf"
    )
    return Claim(LIMIT, statement, (formula, library), wide_rate(p, where))


def identity(case: Case) -> Tensor:
    """Each row itself."""
    return targets.identity_rows(len(case.z), case.z.dtype)


class SklearnPCA(torch.autograd.Function):
    """Variance that scikit-learn's PCA explains with all components, and its slope along them."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        from sklearn.decomposition import PCA

        n = len(z)
        fitted = PCA(svd_solver="full").fit(z.detach().numpy())
        along = torch.from_numpy(fitted.transform(z.detach().numpy()) @ fitted.components_)
        ctx.save_for_backward(2 / n * along)
        return z.new_tensor(fitted.explained_variance_.sum() * (n - 1) / n)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0] * ctx.saved_tensors[0]


def sklearn_variance(case: Case) -> Tensor:
    """-2 times the variance that PCA finds in the projection."""
    value = SklearnPCA.apply(case.z)
    assert isinstance(value, Tensor)
    return -2 * value


PCA = Claim(
    LIMIT,
    "L = -2 Var(Wx), the limit of s (CE - log n), s = 2 sigma^2 -> inf, self a candidate",
    (
        Reference("-2 Var (formula, Hotelling 1933)", lambda case: -2 * maps.projected_variance(case.z)),
        Reference("scikit-learn PCA, explained variance", sklearn_variance, needs="sklearn"),
    ),
    wide_rate(identity, plain),
)
GAUSSIAN_TO_WIDE = wide(neighbours.gaussian)
STUDENT_TO_WIDE = wide(neighbours.student)
KNN_TO_WIDE = wide(neighbours.knn, found=neighbours.sklearn_knn)
GRAPH_TO_WIDE = wide(neighbours.graph, kernels.unit)


# ---------------------------------------------------------------- narrow


def nearest_by_sklearn(z: Tensor, columns: Tensor | None = None) -> Tensor:
    """One-hot at the nearest column, or the nearest other row."""
    from sklearn.neighbors import NearestNeighbors

    known = z if columns is None else columns
    search = NearestNeighbors(n_neighbors=1).fit(known.detach().numpy())
    query = None if columns is None else z.detach().numpy()
    return torch.from_numpy(search.kneighbors_graph(query).toarray())


def narrow(p: Part, where: Where = plain, found: Part | None = None) -> Claim:
    """Any target against a narrow Gaussian; ``found`` is the same target by a library."""
    d = squared(where)

    def limit(case: Case) -> Tensor:
        return contrastive.hardest_margin(p(case), where(case.z))

    def finite(case: Case, step: float) -> Tensor:
        return margins.margin_cross_entropy(p(case), d(case), 0.0, step, others(case))

    def library(case: Case) -> Tensor:
        return (((found or p)(case) - nearest_by_sklearn(where(case.z))) * d(case)).sum() / case.n

    return Claim(
        LIMIT,
        "L = mean_i [sum_j p_ij D_ij - min over k != i of D_ik], the limit of s CE, s = 2 sigma^2 -> 0",
        (
            Reference("hardest margin (formula, I-Con, theorem 5)", limit),
            Reference("scikit-learn NearestNeighbors, distance to the nearest", library, needs="sklearn"),
        ),
        Rate(finite, limit, NARROW_STEPS),
    )


GAUSSIAN_TO_NARROW = narrow(neighbours.gaussian)
STUDENT_TO_NARROW = narrow(neighbours.student)
KNN_TO_NARROW = narrow(neighbours.knn, found=neighbours.sklearn_knn)
GRAPH_TO_NARROW = narrow(neighbours.graph, kernels.unit)


# ---------------------------------------------------------------- identity


def own_entry(case: Case) -> Tensor:
    """The number of each row, which is its entry of the table too."""
    return torch.arange(len(case.z))


def entry_margin(case: Case) -> Tensor:
    """Chord to the own entry less that to the nearest."""
    u, w = kernels.unit(case.z), kernels.unit(columns_of(case))
    return supervised.margin_to_nearest_prototype(u, w, own_entry(case))


def entry_margin_by_sklearn(case: Case) -> Tensor:
    """The same, the nearest found by scikit-learn."""
    u, w = kernels.unit(case.z), kernels.unit(columns_of(case))
    lead = identity(case) - nearest_by_sklearn(u, w)
    return (lead * kernels.squared_distances(u, w)).sum() / len(u)


def entry_cross_entropy(case: Case, step: float) -> Tensor:
    """s CE of the rows with their entries, s = step."""
    d = kernels.squared_chords(case.z, columns_of(case))
    return margins.margin_cross_entropy(identity(case), d, 0.0, step, all_columns(case))


IDENTITY_TO_NARROW = Claim(
    LIMIT,
    "L = mean_i [D_ii - min_k D_ik], D squared chords to the entries of a table, the limit of s CE, s = 2 sigma^2 -> 0",
    (
        Reference("margin to the nearest entry (formula, multiclass perceptron)", entry_margin),
        Reference("scikit-learn NearestNeighbors, nearest entry", entry_margin_by_sklearn, needs="sklearn"),
    ),
    Rate(entry_cross_entropy, entry_margin, NARROW_STEPS),
)


def cosine_identity(case: Case) -> Tensor:
    """Mean of -log softmax of cosines at the row itself."""
    q = kernels.cosine(case.z, temperature=case.parameters["temperature"], self_included=True)
    return kernels.cross_entropy(identity(case), q)


def cosine_identity_torch(case: Case) -> Tensor:
    """torch's cross entropy with each row as a class of its own."""
    u = F.normalize(case.z)
    return F.cross_entropy(u @ u.T / case.parameters["temperature"], own_entry(case))


IDENTITY_TO_GAUSSIAN = Claim(
    EXACT,
    "L = mean_i -log [e^(1/tau) / sum_k e^(cos_ik/tau)], self a candidate",
    (
        Reference("instance discrimination (formula, I-Con, equation 1)", cosine_identity),
        Reference("torch cross_entropy", cosine_identity_torch),
    ),
)


def student_identity(case: Case) -> Tensor:
    """Mean of -log of the Student-t kernel of chords at the row itself."""
    q = kernels.student(kernels.unit(case.z), df=case.parameters["df"], self_included=True)
    return kernels.cross_entropy(identity(case), q)


def student_identity_torch(case: Case) -> Tensor:
    """torch's cross entropy of the logits -(nu + 1)/2 log(1 + (2 - 2 cos)/nu)."""
    u, df = F.normalize(case.z), case.parameters["df"]
    return F.cross_entropy(-(df + 1) / 2 * ((2 - 2 * u @ u.T) / df).log1p(), own_entry(case))


IDENTITY_TO_STUDENT = Claim(
    EXACT,
    "L = mean_i log sum_k (1 + D_ik/nu)^(-(nu + 1)/2), D squared chords, self a candidate",
    (
        Reference("instance discrimination (formula, I-Con, equation 1)", student_identity),
        Reference("torch cross_entropy", student_identity_torch),
    ),
)
