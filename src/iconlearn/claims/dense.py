"""p and q of a case as dense matrices: what alpha and the entropy of the target do to a published loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from iconlearn.claim import Case
from iconlearn.published import kernels, margins, targets

Part = Callable[[Case], Tensor]


def alpha_of(case: Case) -> float:
    """The uniform mass; 0 where the method has none."""
    return case.parameters.get("alpha", 0.0)


def with_alpha(name: str) -> str:
    """How a statement goes on where alpha > 0."""
    return f"; with alpha, L + H(p~) = (1 - alpha) {name} + alpha mean_k(-log q_k)"


@dataclass(frozen=True, eq=False)
class Dense:
    """Target p without alpha, learned q and the candidate pairs, each a function of the case to (n, m)."""

    p: Part
    q: Part
    candidates: Part

    def add_entropy(self, loss: Tensor, case: Case) -> Tensor:
        """L + H(p~), the cross entropy."""
        p = targets.debias(self.p(case), alpha_of(case), self.candidates(case))
        return loss + kernels.entropy(p)

    def debiased(self, published: Part) -> Part:
        """The published loss for any alpha."""

        def loss(case: Case) -> Tensor:
            parts = self.p(case), self.q(case), alpha_of(case), self.candidates(case)
            return margins.debiased(published(case), *parts)

        return loss

    def cross_entropy(self, case: Case) -> Tensor:
        """CE(p~, q) itself, where there is no published loss."""
        p = targets.debias(self.p(case), alpha_of(case), self.candidates(case))
        return kernels.cross_entropy(p, self.q(case))


# ---------------------------------------------------------------- candidates


def others(case: Case) -> Tensor:
    """All rows but the row itself."""
    return kernels.other_rows(len(case.z))


def other_views(case: Case) -> Tensor:
    """The rows of other views or modalities."""
    return kernels.other_views(case.n, case.views)


def rows(case: Case) -> Tensor:
    """All rows, self included."""
    return torch.ones(len(case.z), len(case.z), dtype=torch.bool)


def columns_of(case: Case) -> Tensor:
    """The columns: prototypes, tokens or keys, (m, dim)."""
    assert case.columns is not None
    return case.columns


def all_columns(case: Case) -> Tensor:
    """All columns."""
    return torch.ones(len(case.z), len(columns_of(case)), dtype=torch.bool)


# ---------------------------------------------------------------- targets


def positives(case: Case) -> Tensor:
    """Uniform over the other views of the same sample."""
    return targets.positive_rows(case.n, case.views, case.z.dtype)


def same_class(case: Case) -> Tensor:
    """Uniform over the others of the class."""
    return targets.same_class_rows(case.all_labels, case.z.dtype)


def own_class(case: Case) -> Tensor:
    """One-hot at the class."""
    return targets.class_rows(case.all_labels, len(columns_of(case)), case.z.dtype)


# ---------------------------------------------------------------- learned


def cosine(temperature: Callable[[Case], float] | None = None, candidates: Part | None = None) -> Part:
    """Softmax of cosines between rows."""

    def q(case: Case) -> Tensor:
        t = case.parameters["temperature"] if temperature is None else temperature(case)
        mask = None if candidates is None else candidates(case)
        return kernels.cosine(case.z, temperature=t, candidates=mask)

    return q


def student(candidates: Part | None = None) -> Part:
    """Student-t kernel between rows, of width 1."""

    def q(case: Case) -> Tensor:
        mask = None if candidates is None else candidates(case)
        return kernels.student(case.z, df=case.parameters.get("df", 1.0), candidates=mask)

    return q


def chords(case: Case) -> Tensor:
    """Squared chords between rows."""
    return kernels.squared_chords(case.z, case.z)


def prototype_chords(case: Case) -> Tensor:
    """Squared chords from rows to columns."""
    return kernels.squared_chords(case.z, columns_of(case))
