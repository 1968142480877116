"""Certificates: each method of the table against independent formulas of its published loss."""

from iconlearn.verification.certificate import Certificate, certify, verify
from iconlearn.verification.problems import make_case

__all__ = ["Certificate", "certify", "make_case", "verify"]
