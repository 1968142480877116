"""Claims of normalised cuts and of clusterings by neighbours and pairs: DCD, mutual information, InfoNCE."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from iconlearn.claim import EXACT, EXTRA_TERM, UP_TO_ENTROPY, Case, Claim, Rate, Reference
from iconlearn.claims import neighbours
from iconlearn.claims.dense import Part, others, positives
from iconlearn.claims.kmeans import assignment
from iconlearn.published import clusters, kernels, limits, targets

TEMPERATURES = (1e-4, 1e-5, 1e-6)  # well below what separates w_ij/d_j

# ---------------------------------------------------------------- cuts


def cut(case: Case) -> Tensor:
    """The soft normalised cut."""
    return clusters.normalized_cut(neighbours.weights(case), assignment(case))


def cut_by_scipy(case: Case) -> Tensor:
    """The same from scipy's Laplacian: sum_c [phi' L phi + d'(phi - phi^2)] / d'phi."""
    from scipy.sparse.csgraph import laplacian

    matrix, degree = (
        torch.from_numpy(part) for part in laplacian(neighbours.weights(case).numpy(), return_diag=True)
    )
    phi = assignment(case)
    soft = degree @ (phi - phi.square())
    return (((phi * (matrix @ phi)).sum(0) + soft) / (degree @ phi)).sum()


def to_cut(loss: Tensor, case: Case) -> Tensor:
    """m + tau [n L + sum_i H(q_i) - sum_i log Z_i]."""
    w, tau = neighbours.weights(case), case.parameters["temperature"]
    q = kernels.cluster(assignment(case), weight=w.sum(1))
    free = case.n * loss + clusters.row_entropies(q).sum() - limits.cut_log_partition(w, tau)
    return case.z.shape[1] + tau * free


def cut_limit(case: Case) -> Tensor:
    """NCut - m, and what tau log Z tends to."""
    return cut(case) - case.z.shape[1] + limits.heaviest_shares(neighbours.weights(case))


NORMALIZED_CUTS = Claim(
    EXTRA_TERM,
    "tau n L = NCut - m - tau sum_i H(q_i) + tau sum_i log Z_i; tau n L -> NCut - m + sum_i max_j w_ij/d_j as tau -> 0",
    (
        Reference("normalised cut (formula, Shi & Malik 2000)", cut, to_cut),
        Reference("scipy Laplacian", cut_by_scipy, to_cut, "scipy"),
    ),
    Rate(
        lambda case, step: limits.scaled_cut(neighbours.weights(case), assignment(case), step),
        cut_limit,
        TEMPERATURES,
    ),
)

# ---------------------------------------------------------------- neighbours and pairs


class ScipyKL(torch.autograd.Function):
    """sum_ij [p log(p/q) - p + q] by scipy, of which 1 - p/q is the slope."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, p: Tensor) -> Tensor:
        from scipy.special import kl_div

        ctx.save_for_backward(1 - p / q.detach())
        return q.new_tensor(kl_div(p.numpy(), q.detach().numpy()).sum())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.saved_tensors[0], None


def dcd_by_scipy(case: Case) -> Tensor:
    """Generalised KL by scipy, the neighbours by scikit-learn."""
    value = ScipyKL.apply(kernels.cluster(assignment(case)), neighbours.sklearn_knn(case))
    assert isinstance(value, Tensor)
    return value


DCD = Claim(
    EXTRA_TERM,
    "n L = sum_ij [p_ij log(p_ij/q_ij) - p_ij + q_ij] of the row-normalised similarity, q the data-cluster-data walk; "
    "Yang & Oja leave the similarity symmetric and unnormalised, which weighs row i by its mass and adds a term in it",
    (
        Reference(
            "DCD (formula, Yang & Oja 2012)",
            lambda case: clusters.dcd(neighbours.knn(case), assignment(case)),
            lambda loss, case: case.n * loss,
        ),
        Reference(
            "scipy kl_div, scikit-learn neighbours", dcd_by_scipy, lambda loss, case: case.n * loss, "scipy"
        ),
    ),
)


def as_pmi(p: Part) -> Callable[[Tensor, Case], Tensor]:
    """L + H(p) - log N."""
    return lambda loss, case: loss + kernels.entropy(p(case)) - math.log(len(case.z))


def pmi(p: Part) -> Part:
    """The pointwise mutual information loss of pairs drawn from p."""
    return lambda case: clusters.pmi(p(case), assignment(case))


def share_matrix(case: Case) -> Tensor:
    """log of sum_c phi_ic phi_jc / pi_c, in log space by torch."""
    log_phi = case.z.log_softmax(1)
    log_pi = log_phi.logsumexp(0) - math.log(len(case.z))
    return (log_phi[:, None, :] + log_phi[None, :, :] - log_pi).logsumexp(-1)


def pmi_in_logs(p: Part) -> Part:
    """The same from logits, in log space."""
    return lambda case: -(p(case) * share_matrix(case)).sum() / len(case.z)


PMI_CLUSTERING = Claim(
    UP_TO_ENTROPY,
    "L + log k = PMI + log N, PMI = -mean over neighbours (i, j) of log sum_c phi_ic phi_jc/pi_c",
    (
        Reference(
            "PMI (formula, Adaloglou et al. 2023, without exponent and weights)",
            pmi(neighbours.knn),
            as_pmi(neighbours.knn),
        ),
        Reference(
            "torch logsumexp, scikit-learn neighbours",
            pmi_in_logs(neighbours.sklearn_knn),
            as_pmi(neighbours.sklearn_knn),
            "sklearn",
        ),
    ),
)
MI_CLUSTERING = Claim(
    EXACT,
    "L = PMI + log N, PMI = -mean over views (i, i+) of log sum_c phi_ic phi_i+c/pi_c, N rows of all views",
    (
        Reference("PMI (formula, I-Con, theorem 15)", pmi(positives), as_pmi(positives)),
        Reference("torch logsumexp", pmi_in_logs(positives), as_pmi(positives)),
    ),
)


def log_scale(case: Case, balance: float) -> float:
    """log(n / C^(1 - b)), which puts agreements on the scale of a distribution."""
    return math.log(case.n) - (1 - balance) * math.log(case.z.shape[1])


def without_scale(balance: float) -> Callable[[Tensor, Case], Tensor]:
    """L less that constant."""
    return lambda loss, case: loss - log_scale(case, balance)


def teacher(case: Case) -> Tensor:
    """Assignments of the columns."""
    assert case.columns is not None
    return case.columns.softmax(1)


def temi_in_logs(case: Case) -> Tensor:
    """TEMI's pairs one by one, student at i and teacher at j, in log space by torch."""
    p, beta = neighbours.sklearn_knn(case), case.parameters["beta"]
    i, j = p.nonzero().unbind(1)
    assert case.columns is not None
    log_s, log_t = case.z.log_softmax(1), case.columns.log_softmax(1)
    log_pi = log_t.logsumexp(0) - math.log(len(log_t))
    agreement = (beta * (log_s[i] + log_t[j]) - log_pi).logsumexp(1)
    weight = (log_t[i] + log_t[j]).logsumexp(1).exp()
    return -(p[i, j] * weight * agreement).sum() / len(case.z)


TEMI = Claim(
    EXACT,
    "L - log n = -mean over neighbours (i, j) of w_ij log sum_c (phi_ic psi_jc)^beta/pi_c, psi the teacher's, pi their "
    "mean (in training a running one), w_ij = sum_c psi_ic psi_jc; TEMI takes (j, i) along, and many heads at once",
    (
        Reference(
            "TEMI (formula, Adaloglou et al. 2023)",
            lambda case: clusters.temi(
                neighbours.knn(case), assignment(case), teacher(case), case.parameters["beta"]
            ),
            without_scale(1.0),
        ),
        Reference(
            "torch logsumexp pair by pair, scikit-learn neighbours",
            temi_in_logs,
            without_scale(1.0),
            "sklearn",
        ),
    ),
)


def scan_by_torch(case: Case) -> Tensor:
    """SCAN by torch's binary cross entropy of the agreements, as in its code, and its entropy of a categorical."""
    p, phi = neighbours.sklearn_knn(case), assignment(case)
    i, j = p.nonzero().unbind(1)
    agreement = (phi[i] * phi[j]).sum(1)
    consistency = torch.nn.functional.binary_cross_entropy(
        agreement, torch.ones_like(agreement), weight=p[i, j], reduction="sum"
    )
    sizes = torch.distributions.Categorical(probs=phi.mean(0))
    return consistency / len(phi) - case.parameters["entropy"] * sizes.entropy()


SCAN = Claim(
    EXACT,
    "L - log(n/C) = -mean over neighbours (i, j) of log sum_c phi_ic phi_jc + lambda sum_c pi_c log pi_c, pi the mean "
    "of phi",
    (
        Reference(
            "SCAN (formula, Van Gansbeke et al. 2020)",
            lambda case: clusters.scan(neighbours.knn(case), assignment(case), case.parameters["entropy"]),
            without_scale(0.0),
        ),
        Reference(
            "torch binary cross entropy and Categorical, scikit-learn neighbours",
            scan_by_torch,
            without_scale(0.0),
            "sklearn",
        ),
    ),
)


def walked(case: Case) -> Tensor:
    """Mean of the powers of the neighbour graph up to the longest walk; mass that returns is left out."""
    p = targets.walk_rows(neighbours.knn(case), case.parameters["steps"])
    return targets.graph_rows(p * others(case))


def power_of_sizes(case: Case) -> float:
    """``balance``, of which None takes 0.7 here."""
    given = case.parameters["balance"]
    return 0.7 if given is None else given


def infonce(case: Case) -> Tensor:
    """I-Con's loss with sizes to the power of ``balance``."""
    given = case.parameters
    return clusters.balanced_infonce(walked(case), assignment(case), given["alpha"], power_of_sizes(case))


def infonce_in_logs(case: Case) -> Tensor:
    """The same, edge by edge and in log space by torch."""
    p, alpha, balance = walked(case), case.parameters["alpha"], power_of_sizes(case)
    i, j = p.nonzero().unbind(1)
    log_phi = case.z.log_softmax(1)
    log_mass = (log_phi[i] + log_phi[j] - balance * log_phi.logsumexp(0)).logsumexp(1)
    log_mass = log_mass + (balance - 1) * math.log(case.n / case.z.shape[1])
    uniform = torch.full_like(log_mass, alpha / case.n).log()
    return -(p[i, j] * torch.logaddexp(log_mass + math.log1p(-alpha), uniform)).sum() / case.n


INFONCE_CLUSTERING = Claim(
    EXACT,
    "L = -mean_i sum_j p_ij log[(1 - alpha) sum_c phi_ic phi_jc/S_c^b (C/n)^(1 - b) + alpha/n], p walks on neighbours; "
    "b = 1 is I-Con's, whose L is less by H(p)",
    (
        Reference("InfoNCE clustering, q debiased (formula, I-Con, section 4, sizes to a power)", infonce),
        Reference("edge by edge in log space (torch)", infonce_in_logs),
    ),
)


def identity(case: Case) -> Tensor:
    """Each row itself."""
    return targets.identity_rows(case.n, case.z.dtype)


IDENTITY_TO_CLUSTERS = Claim(
    EXACT,
    "L = -mean_i log sum_c phi_ic^2/S_c, S_c = sum_k phi_kc",
    (
        Reference(
            "cluster kernel at the row itself (formula, I-Con, definition 2)",
            lambda case: kernels.cross_entropy(identity(case), kernels.cluster(assignment(case))),
        ),
        Reference("PMI of each row with itself + log N (torch)", pmi_in_logs(identity), as_pmi(identity)),
    ),
)
