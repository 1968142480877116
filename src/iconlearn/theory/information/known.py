"""Pairs of variables of known information by name, from easy to hard."""

from __future__ import annotations

import numpy as np

from iconlearn.theory.information.canonical import dense_covariance, pair_covariance
from iconlearn.theory.information.gaussians import (
    correlated_gaussian,
    dense_gaussian,
    independent,
    sparse_gaussian,
)
from iconlearn.theory.information.student import student_t
from iconlearn.theory.information.task import KnownInformation
from iconlearn.theory.information.transforms import transformed
from iconlearn.theory.information.uniforms import additive_uniform, discrete_uniform

_BIT = float(np.log(2))

_LINE, _PLANE = correlated_gaussian(correlation=0.75), correlated_gaussian(2, nats=1)
_CAUCHY = student_t(np.eye(2), 1, 1, name="student-1x1-dof1")

_ALL = [
    independent(1, 1),
    independent(5, 5),
    _LINE,
    correlated_gaussian(nats=2),
    _PLANE,
    correlated_gaussian(5, nats=2),
    *(correlated_gaussian(10, nats=bits * _BIT) for bits in (2, 4, 6, 8, 10)),
    *(correlated_gaussian(20, nats=nats) for nats in (2, 4, 6, 8, 10)),
    *(dense_gaussian(dim) for dim in (2, 3, 5, 25, 50)),
    *(sparse_gaussian(dim) for dim in (2, 3, 5, 25)),
    _CAUCHY,
    *(
        student_t(np.eye(2 * dim), dim, dof, name=f"student-{dim}x{dim}-dof{dof}")
        for dim, dof in ((2, 1), (2, 2), (3, 2), (3, 3), (5, 2), (5, 3))
    ),
    student_t(
        dense_covariance(5),
        5,
        5,
        name="dense-student-5x5-dof5",
        title="Student-t with 5 degrees of freedom, 10 coordinates, all correlated 0.5",
    ),
    student_t(
        pair_covariance(5, 2, 0.8),
        5,
        5,
        name="2-pair-student-5x5-dof5",
        title="Student-t with 5 degrees of freedom, 2 of 5 pairs of coordinates correlated 0.8",
    ),
    additive_uniform(0.1),
    additive_uniform(0.75),
    discrete_uniform(2),
    discrete_uniform(5),
    *(transformed(_LINE, how) for how in ("cubic", "half-cube", "cdf", "wiggly")),
    transformed(_CAUCHY, "asinh"),
    transformed(_LINE, "swiss-roll", "x"),
    transformed(_PLANE, "spiral"),
    *(transformed(sparse_gaussian(dim), "spiral") for dim in (3, 5, 25)),
    transformed(dense_gaussian(5), "half-cube"),
]

#: Pairs of known information by name.
TASKS: dict[str, KnownInformation] = {task.name: task for task in _ALL}
