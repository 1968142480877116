"""Claims of maps: SNE and t-SNE and their variants, each against its dense definition and a library."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import EXACT, Case, Claim, Reference
from iconlearn.claims import neighbours
from iconlearn.claims.dense import Part
from iconlearn.published import kernels, maps, targets

OF_ROWS = "n L = sum_i KL(p_i || q_i), q_ij = {kernel} / sum over k != i, p {target}"
OF_PAIRS = "L = KL(P || Q), Q_ij = {kernel} / sum over all a != b, P = (p + p^T)/2n, p {target}"
NORMAL, CAUCHY = "exp(-D_ij)", "(1 + D_ij)^-1"
PERPLEXITY = "Gaussian of one perplexity over the 3 * perplexity nearest"
NEAREST = "uniform over the k nearest"
GRAPH = "the weights over the degree"
STUDENT = "Student-t, as wide as the distance to the k-th neighbour"


def times_n(loss: Tensor, case: Case) -> Tensor:
    """The sum over the rows, where the library takes their mean."""
    return case.n * loss


def torch_rows(p: Part, z_scores: Part) -> Part:
    """torch's kl_div of dense rows, self left out."""

    def loss(case: Case) -> Tensor:
        keep = kernels.other_rows(case.n)
        scores, target = (full[keep].reshape(case.n, -1) for full in (z_scores(case), p(case)))
        return F.kl_div(scores.log_softmax(1), target, reduction="sum")

    return loss


def torch_pairs(p: Part, z_scores: Part) -> Part:
    """torch's kl_div of one distribution over all pairs."""

    def loss(case: Case) -> Tensor:
        keep = kernels.other_rows(case.n)
        scores, target = z_scores(case)[keep], targets.joint(p(case))[keep]
        return F.kl_div(scores.log_softmax(0), target, reduction="sum")

    return loss


def distances(case: Case) -> Tensor:
    """Squared distances by torch's cdist, (n, n)."""
    return torch.cdist(case.z, case.z, compute_mode="donot_use_mm_for_euclid_dist").square()


def normal_scores(case: Case) -> Tensor:
    """-D."""
    return -distances(case)


def cauchy_scores(case: Case) -> Tensor:
    """-log(1 + D)."""
    return -distances(case).log1p()


class SklearnTSNE(torch.autograd.Function):
    """scikit-learn's t-SNE objective, with scikit-learn's own gradient."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, joint: Tensor) -> Tensor:
        from scipy.spatial.distance import squareform
        from sklearn.manifold._t_sne import _kl_divergence

        pairs = squareform(joint.numpy(), checks=False)
        n, dim = z.shape
        value, gradient = _kl_divergence(z.detach().numpy().ravel(), pairs, 1, n, dim)
        ctx.save_for_backward(torch.from_numpy(gradient).reshape(z.shape))
        return z.new_tensor(value)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.saved_tensors[0], None


def sklearn_tsne(p: Part) -> Part:
    """scikit-learn's objective for the joint target of these rows."""

    def loss(case: Case) -> Tensor:
        value = SklearnTSNE.apply(case.z, targets.joint(p(case)))
        assert isinstance(value, Tensor)
        return value

    return loss


# ---------------------------------------------------------------- by rows


def of_rows(kernel: str, target: str, formula: Reference, torch_reference: Reference) -> Claim:
    """A map whose rows are normalised one by one."""
    return Claim(EXACT, OF_ROWS.format(kernel=kernel, target=target), (formula, torch_reference))


def gaussian_rows(p: Part, target: str, torch_reference: Reference | None = None) -> Claim:
    """SNE with some target."""
    formula = Reference(
        "SNE (formula, Hinton & Roweis 2002)", lambda case: maps.sne(p(case), case.z), times_n
    )
    plain = Reference("torch kl_div", torch_rows(p, normal_scores), times_n)
    return of_rows(NORMAL, target, formula, torch_reference or plain)


SNE = gaussian_rows(neighbours.gaussian, PERPLEXITY)
SNE_UNIFORM = gaussian_rows(
    neighbours.knn,
    NEAREST,
    Reference(
        "torch kl_div, scikit-learn neighbours",
        torch_rows(neighbours.sklearn_knn, normal_scores),
        times_n,
        "sklearn",
    ),
)
SNE_GRAPH = gaussian_rows(neighbours.graph, GRAPH)
DUAL_T_SNE = gaussian_rows(neighbours.student, STUDENT)
T_SNE_ROWS = of_rows(
    CAUCHY,
    PERPLEXITY,
    Reference(
        "t-SNE by rows (formula, I-Con, corollary 1)",
        lambda case: maps.row_tsne(neighbours.gaussian(case), case.z),
        times_n,
    ),
    Reference("torch kl_div", torch_rows(neighbours.gaussian, cauchy_scores), times_n),
)


# ---------------------------------------------------------------- over all pairs


def student_pairs(p: Part, target: str, found: Part | None = None) -> Claim:
    """t-SNE with some target; ``found`` is the same target by the library, where it makes one."""
    formula = Reference(
        "t-SNE (formula, van der Maaten & Hinton 2008)",
        lambda case: maps.tsne(targets.joint(p(case)), case.z),
    )
    library = Reference(
        "scikit-learn TSNE, objective and gradient", sklearn_tsne(found or p), needs="sklearn"
    )
    return Claim(EXACT, OF_PAIRS.format(kernel=CAUCHY, target=target), (formula, library))


T_SNE = student_pairs(neighbours.gaussian, PERPLEXITY)
T_SNE_UNIFORM = student_pairs(neighbours.knn, NEAREST, neighbours.sklearn_knn)
T_SNE_GRAPH = student_pairs(neighbours.graph, GRAPH)
DOUBLY_T_SNE = student_pairs(neighbours.student, STUDENT)
SYMMETRIC_SNE = Claim(
    EXACT,
    OF_PAIRS.format(kernel=NORMAL, target=PERPLEXITY),
    (
        Reference(
            "symmetric SNE (formula, Cook et al. 2007)",
            lambda case: maps.symmetric_sne(targets.joint(neighbours.gaussian(case)), case.z),
        ),
        Reference("torch kl_div", torch_pairs(neighbours.gaussian, normal_scores)),
    ),
)
