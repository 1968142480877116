"""Certificates: every method, compared with what it claims to equal, in value, gradient and rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from typing import overload

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.claim import LIMIT, NOT_CLAIMED, Case, Claim, Rate, Reference
from iconlearn.conditional import Conditional
from iconlearn.methods import METHODS, Method, method
from iconlearn.verification.problems import SIZES, Ours, float64, make_case

TOLERANCE = 1e-10
SLOWEST = 9.0  # tenfold for each tenfold step, but for what is left of the next order
ROUNDING = 1e-12  # errors of a limit below this are not told from rounding

UNCLAIMED = Claim(NOT_CLAIMED, "p and q sum to one, and the tiled engine equals the dense one")


@dataclass(frozen=True)
class Certificate:
    """What became of a claim.

    Attributes
    ----------
    method, cell, kind, reference : str
        Row of the table, its column and row, one of ``iconlearn.claim.KINDS``, and what it was compared with.
    value_error, gradient_error : float
        Largest over all problems, engines and references: of the value relative to max(1, value), of the
        gradient's entries relative to max(1, largest entry).
    rate : float or None
        Least factor by which the error of a limit fell with a tenfold step, of the published sequence and of the
        library's own kernels at finite widths.
    passed : bool
        Errors of at most 1e-10 and, of a limit, a rate of at least 9.
    statement : str
        The equation.
    """

    method: str
    cell: str
    kind: str
    reference: str
    value_error: float
    gradient_error: float
    rate: float | None
    passed: bool
    statement: str

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        rate = "" if self.rate is None else f", rate {self.rate:.1f}"
        errors = f"value {self.value_error:.1e}, gradient {self.gradient_error:.1e}{rate}"
        return f"{self.method}: {verdict}, {self.kind}, {errors}: {self.statement} [{self.reference}]"


@overload
def verify(name: str, /) -> Certificate: ...
@overload
def verify(*names: str) -> list[Certificate]: ...
def verify(*names: str) -> Certificate | list[Certificate]:
    """Compare methods with independent formulas of their published losses, in float64.

    For each method the library's own loss and the reference are evaluated on random problems of several sizes
    and dimensions, with default and other widths, by the dense and by the tiled engine, and their values and
    gradients are compared. A limit is compared at the limit itself, and its rate is measured. A method that
    claims nothing is held to this: p and q sum to one, and the engines agree.

    Parameters
    ----------
    *names : str
        Rows of the table, registered ones too; all of them when left out.

    Returns
    -------
    Certificate, or list of Certificate
        One for a single name.

    Raises
    ------
    OptionError
        If a name is not in the table.

    Examples
    --------
    >>> from iconlearn import verify
    >>> certificate = verify("sne")
    >>> certificate.passed, certificate.kind
    (True, 'exact')
    """
    rows = [method(name) for name in names or METHODS]
    certificates = [certify(row) for row in rows]
    return certificates[0] if len(names) == 1 else certificates


def certify(row: Method) -> Certificate:
    """The certificate of a row of the table."""
    claim = row.claim or UNCLAIMED
    with float64():
        problems = [make_case(row, n, dim, seed) for seed, (n, dim) in enumerate(SIZES)]
        there, missing = installed(claim.references)
        errors = [compare(ours("tiled"), ours("dense"), case) for case, ours in problems]
        for reference in there:
            errors += against(reference, problems)
        if claim.kind == NOT_CLAIMED:
            errors += [(normalisation_error(ours), 0.0) for _, ours in problems]
        value, gradient = (max(column) for column in zip(*errors, strict=True))
        rate = None if claim.rate is None else least_rate(claim.rate, problems)
    needs_rate = claim.kind == LIMIT or claim.rate is not None
    proven = bool(there) or claim.kind == NOT_CLAIMED
    exact = value <= TOLERANCE and gradient <= TOLERANCE
    falls = not needs_rate or (rate is not None and rate >= SLOWEST)
    names = "; ".join(r.name for r in there) or "the dense engine"
    if missing:
        names += f" (not installed: {'; '.join(r.name for r in missing)})"
    return Certificate(
        row.name,
        row.cell,
        claim.kind,
        names,
        value,
        gradient,
        rate,
        proven and exact and falls,
        claim.statement,
    )


def installed(references: Sequence[Reference]) -> tuple[list[Reference], list[Reference]]:
    """The references that can be evaluated here, and those whose library is missing."""
    there = [r for r in references if not r.needs or find_spec(r.needs) is not None]
    return there, [r for r in references if r not in there]


def against(reference: Reference, problems: Sequence[tuple[Case, Ours]]) -> list[tuple[float, float]]:
    """Errors of value and gradient of our loss against a reference, infinite if it fits no problem.

    A reference that says nothing of a case (a loss of two modalities, where there are three) raises
    NotImplementedError and is left out there.
    """
    errors = []
    for case, ours in problems:
        try:
            theirs = reference.loss(case)
        except NotImplementedError:
            continue
        except Exception as cause:
            raise InputError(
                f"the reference {reference.name!r} fails on a random problem of {case.n} rows, dimension "
                f"{case.z.shape[1]} and hyper-parameters {dict(case.parameters)}: {cause}; mend the formula, or raise "
                "NotImplementedError in it for problems that it does not cover"
            ) from cause
        errors.append(compare(reference.relate(ours(), case), theirs, case))
    return errors or [(math.inf, math.inf)]


def compare(mine: Tensor, theirs: Tensor, case: Case) -> tuple[float, float]:
    """Relative errors of the value and of the gradient in embeddings and learned columns."""
    leaves = [leaf for leaf in (case.z, case.columns) if leaf is not None and leaf.requires_grad]
    got, expected = mine.item(), theirs.item()
    value = abs(got - expected) / max(1.0, abs(expected))
    pairs = list(zip(gradients(mine, leaves), gradients(theirs, leaves), strict=True))
    scale = max(1.0, *(b.abs().max().item() for _, b in pairs))
    gradient = max((a - b).abs().max().item() for a, b in pairs) / scale
    return known(value), known(gradient)


def gradients(loss: Tensor, leaves: Sequence[Tensor]) -> list[Tensor]:
    """The gradient in every leaf, zeros where the loss does not depend on it."""
    if not loss.requires_grad:
        return [torch.zeros_like(leaf) for leaf in leaves]
    found = torch.autograd.grad(loss, list(leaves), allow_unused=True)
    return [torch.zeros_like(leaf) if g is None else g for leaf, g in zip(leaves, found, strict=True)]


def known(error: float) -> float:
    """The error, infinite where it is not a number."""
    return math.inf if math.isnan(error) else error


@torch.no_grad()
def normalisation_error(ours: Ours) -> float:
    """How far the rows of p and q, or the sums of joint ones, are from one."""
    pair = ours.model.pair(ours.batch)
    return max(total_error(side) for side in (pair.target, pair.learned))


def total_error(side: Conditional) -> float:
    """Largest distance of a sum from one; limits and other scores that are no probabilities have none."""
    if side.improper:
        return 0.0
    mass = side.block(None).exp()
    sums = mass.sum() if side.normalize == "joint" else mass.sum(1)[~side.empty]
    return known(float((sums - 1).abs().max()))


def least_rate(rate: Rate, problems: Sequence[tuple[Case, Ours]]) -> float:
    """The rate of the published sequence, or that of the library's own kernels at those widths if it is less."""
    factors = [slowest(rate, [case for case, _ in problems])]
    for case, ours in problems:
        if ours.is_limit:
            own = Rate(lambda _, step, ours=ours: ours.finite(step), lambda _, ours=ours: ours(), rate.steps)
            factors.append(slowest(own, [case]))
    return min(factors)


@torch.no_grad()
def slowest(rate: Rate, cases: Sequence[Case]) -> float:
    """Least factor by which the error falls from one step to the next, over all cases.

    Errors below ``ROUNDING`` count as that, and a step from an error that is within ten times of it tells nothing;
    so a limit that is reached at once has the rate infinity.
    """
    factors = [math.inf]
    for case in cases:
        limit = float(rate.limit(case))
        floor = ROUNDING * max(1.0, abs(limit))
        errors = [abs(float(rate.finite(case, step)) - limit) for step in rate.steps]
        if not all(map(math.isfinite, errors)):
            return 0.0
        errors = [max(error, floor) for error in errors]
        factors += [a / b for a, b in pairwise(errors) if a > 10 * floor]
    return min(factors)
