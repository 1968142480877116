"""Claims of the methods that compare samples with one prototype a class."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn.claim import EXACT, LIMIT, Case, Claim, Rate, Reference
from iconlearn.claims import dense, limits
from iconlearn.published import kernels, margins, supervised

CROSS_ENTROPY_TORCH = "torch cross_entropy with label_smoothing"


def temperature(case: Case) -> float:
    """tau."""
    return case.parameters["temperature"]


def smoothed(logits: Tensor, case: Case) -> Tensor:
    """torch's cross entropy with label smoothing."""
    return F.cross_entropy(logits, case.all_labels, label_smoothing=dense.alpha_of(case))


def label_smoothing(case: Case) -> Tensor:
    """The formula of the same."""
    w = dense.columns_of(case)
    return supervised.label_smoothing(case.z, w, case.all_labels, dense.alpha_of(case))


def linear_q(case: Case) -> Tensor:
    """Softmax of inner products."""
    return kernels.dot(case.z, dense.columns_of(case))


LINEAR_SIDES = dense.Dense(dense.own_class, linear_q, dense.all_columns)
CROSS_ENTROPY = Claim(
    EXACT,
    "L = cross entropy of softmax(z . w_c); with alpha, L + H(p~) = cross entropy with label smoothing alpha",
    (
        Reference(
            "label smoothing (formula, Good 1963; Szegedy et al. 2016)",
            label_smoothing,
            LINEAR_SIDES.add_entropy,
        ),
        Reference(
            CROSS_ENTROPY_TORCH,
            lambda case: smoothed(case.z @ dense.columns_of(case).T, case),
            LINEAR_SIDES.add_entropy,
        ),
    ),
)


def exponent(case: Case) -> float:
    """n_h of Baek et al., on unsquared distances."""
    return case.parameters["exponent"]


def harmonic_q(case: Case) -> Tensor:
    """d^(-n_h), normalised."""
    return kernels.harmonic(case.z, dense.columns_of(case), exponent(case) / 2)


HARMONIC_SIDES = dense.Dense(dense.own_class, harmonic_q, dense.all_columns)


def harmonic_published(case: Case) -> Tensor:
    """Baek's loss for any alpha."""
    loss = supervised.harmonic_loss
    return HARMONIC_SIDES.debiased(
        lambda case: loss(case.z, dense.columns_of(case), case.all_labels, exponent(case))
    )(case)


def harmonic_torch(case: Case) -> Tensor:
    """Logits -n_h log d."""
    d = torch.linalg.vector_norm(case.z[:, None] - dense.columns_of(case)[None], dim=2)
    return smoothed(-exponent(case) * d.log(), case)


def narrow_student(case: Case, step: float) -> Tensor:
    """The Student-t with n_h - 1 degrees of freedom, its width ``step`` times the smallest distance."""
    w = dense.columns_of(case)
    width = step * float(kernels.squared_distances(case.z, w).min().sqrt())

    def q(case: Case) -> Tensor:
        return kernels.student(case.z, w, df=exponent(case) - 1, width=width)

    return dense.Dense(dense.own_class, q, dense.all_columns).cross_entropy(case)


HARMONIC = Claim(
    EXACT,
    "L = -log(d_y^(-n_h) / sum_c d_c^(-n_h)), d unsquared, n_h = exponent; the limit of a Student-t with n_h - 1 "
    "degrees of freedom as its width -> 0; with alpha, L + H(p~) with label smoothing",
    (
        Reference(
            "harmonic loss (formula, Baek et al. 2025)", harmonic_published, HARMONIC_SIDES.add_entropy
        ),
        Reference(CROSS_ENTROPY_TORCH, harmonic_torch, HARMONIC_SIDES.add_entropy),
    ),
    Rate(narrow_student, harmonic_published),
)


def soft_error(case: Case, tau: float) -> Tensor:
    """1 - q(y|x) at the temperature tau."""
    q = kernels.cosine(case.z, dense.columns_of(case), temperature=tau)
    return margins.soft_error(q, case.all_labels)


def soft_error_torch(case: Case) -> Tensor:
    """The same by torch's softmax."""
    logits = F.normalize(case.z) @ F.normalize(dense.columns_of(case)).T / temperature(case)
    return 1 - F.softmax(logits, 1).gather(1, case.all_labels[:, None]).mean()


def cold_error(case: Case, step: float) -> Tensor:
    """At a temperature of ``step`` times the closest decision: the error falls with exp(-1/step)."""
    lead = margins.smallest_lead(case.z, dense.columns_of(case), case.all_labels)
    return soft_error(case, step * float(lead))


def error_rate(case: Case) -> Tensor:
    """The share of rows whose nearest prototype on the sphere is not their own."""
    return supervised.error_rate(kernels.unit(case.z), kernels.unit(dense.columns_of(case)), case.all_labels)


ERROR_RATE = Claim(
    LIMIT,
    "L = TV(onehot, q) = mean 1 - q(y|x), q a softmax of cosines / tau; it tends to the 0/1 error of the nearest "
    "prototype as tau -> 0",
    (
        Reference(
            "1 - q(y|x) (formula, a gap of I-Con's table)", lambda case: soft_error(case, temperature(case))
        ),
        Reference("torch softmax", soft_error_torch),
    ),
    Rate(cold_error, error_rate),
)


def own_less_mean_cosine(case: Case) -> Tensor:
    """2 mean cos to all prototypes less 2 mean cos to the own."""
    cosines = F.cosine_similarity(case.z[:, None], dense.columns_of(case)[None], dim=2)
    return 2 * cosines.mean() - 2 * cosines.gather(1, case.all_labels[:, None]).mean()


LABEL_TO_WIDE = Claim(
    LIMIT,
    f"{limits.WIDE}; 2 mean cos(all prototypes) - 2 cos(own prototype)",
    (
        Reference(
            "average margin (formula, I-Con, proposition 1)",
            limits.average_margin(dense.own_class, dense.all_columns),
        ),
        Reference("torch cosine_similarity", own_less_mean_cosine),
    ),
    limits.wide_rate(dense.own_class, dense.prototype_chords, dense.all_columns),
)


def class_clusters(case: Case) -> Tensor:
    """The cluster kernel from samples to classes."""
    return kernels.cluster(case.z.softmax(1), dense.columns_of(case).softmax(1))


BOTTLENECK_SIDES = dense.Dense(dense.own_class, class_clusters, dense.all_columns)


def bottleneck(case: Case) -> Tensor:
    """torch's negative log likelihood of p(class) = sum_c p(c|x) p(class|c)."""
    memberships = F.softmax(dense.columns_of(case), 1)
    q = F.softmax(case.z, 1) @ F.normalize(memberships, p=1, dim=0).T
    return F.cross_entropy(q.log(), case.all_labels, label_smoothing=dense.alpha_of(case))


LABEL_TO_CLUSTERS = Claim(
    EXACT,
    "L = -log sum_c phi_ic psi_yc / S_c, S_c = sum over classes of psi: a mixture of clusters as a classifier"
    + dense.with_alpha("this"),
    (
        Reference(
            "cluster kernel (formula, I-Con, definition 2)",
            BOTTLENECK_SIDES.cross_entropy,
            BOTTLENECK_SIDES.add_entropy,
        ),
        Reference(CROSS_ENTROPY_TORCH, bottleneck, BOTTLENECK_SIDES.add_entropy),
    ),
)
