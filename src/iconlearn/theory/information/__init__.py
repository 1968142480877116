"""Mutual information: of what it is known exactly, and what of it an encoder keeps."""

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
from iconlearn.theory.information.posteriors import ClassInformation

__all__ = [
    "ClassInformation",
    "class_information",
    "class_log_ratio",
    "expected_infonce",
    "flip",
    "flip_information",
    "flip_probability",
    "label_entropy",
    "reroll",
    "reroll_information",
    "reroll_probability",
    "same_class_information",
]
