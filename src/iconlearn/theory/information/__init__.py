"""How much two things share: estimators of mutual information, their limits, and data of which it is known. In nats.

The bounds themselves are in ``bounds`` (of the scores of a critic) and ``density_bounds`` (of a conditional density).
"""

from iconlearn.theory.information.bounds import (
    donsker_varadhan,
    infonce,
    interpolated,
    jensen_shannon,
    nwj,
    smile,
    tuba,
)
from iconlearn.theory.information.channels import (
    flip,
    flip_information,
    flip_probability,
    reroll,
    reroll_information,
    reroll_probability,
)
from iconlearn.theory.information.classes import (
    class_log_ratio,
    expected_infonce,
    label_entropy,
    same_class_information,
)
from iconlearn.theory.information.classifier import class_information
from iconlearn.theory.information.consistency import Consistency, self_consistency
from iconlearn.theory.information.critics import CRITICS, Bilinear, Joint, Separable
from iconlearn.theory.information.densities import GaussianConditional
from iconlearn.theory.information.density_bounds import barber_agakov, club, leave_one_out
from iconlearn.theory.information.estimate import Estimate, mutual_information
from iconlearn.theory.information.estimators import ESTIMATORS, Estimator
from iconlearn.theory.information.gaussian import cca_information
from iconlearn.theory.information.gaussians import (
    correlated_gaussian,
    dense_gaussian,
    gaussian_pair,
    independent,
    sparse_gaussian,
)
from iconlearn.theory.information.images import ColourDigitPosition, DigitViews
from iconlearn.theory.information.known import TASKS
from iconlearn.theory.information.neighbours import ksg
from iconlearn.theory.information.posteriors import ClassInformation
from iconlearn.theory.information.student import student_t
from iconlearn.theory.information.task import KnownInformation
from iconlearn.theory.information.transforms import TRANSFORMS, transformed
from iconlearn.theory.information.uniforms import additive_uniform, discrete_uniform

__all__ = [
    "CRITICS",
    "ESTIMATORS",
    "TASKS",
    "TRANSFORMS",
    "Bilinear",
    "ClassInformation",
    "ColourDigitPosition",
    "Consistency",
    "DigitViews",
    "Estimate",
    "Estimator",
    "GaussianConditional",
    "Joint",
    "KnownInformation",
    "Separable",
    "additive_uniform",
    "barber_agakov",
    "cca_information",
    "class_information",
    "class_log_ratio",
    "club",
    "correlated_gaussian",
    "dense_gaussian",
    "discrete_uniform",
    "donsker_varadhan",
    "expected_infonce",
    "flip",
    "flip_information",
    "flip_probability",
    "gaussian_pair",
    "independent",
    "infonce",
    "interpolated",
    "jensen_shannon",
    "ksg",
    "label_entropy",
    "leave_one_out",
    "mutual_information",
    "nwj",
    "reroll",
    "reroll_information",
    "reroll_probability",
    "same_class_information",
    "self_consistency",
    "smile",
    "sparse_gaussian",
    "student_t",
    "transformed",
    "tuba",
]
