"""Claims: what a method says it equals, and the random problems on which a certificate compares the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from iconlearn._checks import check_choice
from iconlearn._errors import OptionError

EXACT, UP_TO_ENTROPY, EXTRA_TERM, LIMIT, NOT_CLAIMED = KINDS = (
    "exact",
    "exact up to H(p)",
    "exact with a stated extra term",
    "limit",
    "not claimed",
)


@dataclass(frozen=True, eq=False)
class Case:
    """One random problem in float64: all that a published loss may look at.

    Attributes
    ----------
    n : int
        Samples.
    parameters : mapping
        Hyper-parameters of the method.
    x : Tensor of shape (n, d), or None
        Data.
    z : Tensor of shape (views * n, dim)
        Embeddings, views below one another, or logits of clusters; what gradients are taken in.
    views : int
        Views or modalities of every sample.
    columns : Tensor of shape (m, dim), or None
        Prototypes, keys or a second table, where the columns are not the rows.
    labels, graph, caption, tokens : Tensor or None
        Class codes (n,), weights (n, n), captions (n, d'), target tokens (n, 1).
    """

    n: int
    parameters: Mapping[str, Any]
    x: Tensor | None
    z: Tensor
    views: int = 1
    columns: Tensor | None = None
    labels: Tensor | None = None
    graph: Tensor | None = None
    caption: Tensor | None = None
    tokens: Tensor | None = None

    def view(self, k: int) -> Tensor:
        """Embeddings of one view, (n, dim)."""
        return self.z[k * self.n : (k + 1) * self.n]

    @property
    def all_labels(self) -> Tensor:
        """Labels of all views, (views * n,)."""
        assert self.labels is not None
        return self.labels.repeat(self.views)


def same(loss: Tensor, case: Case) -> Tensor:
    """The loss as it is."""
    return loss


@dataclass(frozen=True, eq=False)
class Reference:
    """A published loss: a function of a case, and where it comes from.

    Parameters
    ----------
    name : str
        Formula and citation, or library and function.
    loss : callable (Case) -> Tensor
        A differentiable scalar.
    relate : callable (our loss, Case) -> Tensor
        What our loss has to become to equal it: a factor n, an entropy, a stated extra term.
    needs : str
        Import name of a library that only tests install; without it the reference is left out.
    """

    name: str
    loss: Callable[[Case], Tensor]
    relate: Callable[[Tensor, Case], Tensor] = same
    needs: str = ""


@dataclass(frozen=True, eq=False)
class Rate:
    """A limit as a sequence: ``finite(case, step)`` tends to ``limit(case)`` as the step goes to 0.

    The error has to fall at least tenfold, up to its leading order, with every tenfold smaller step.
    """

    finite: Callable[[Case, float], Tensor]
    limit: Callable[[Case], Tensor]
    steps: tuple[float, ...] = (1e-1, 1e-2, 1e-3)


@dataclass(frozen=True, eq=False)
class Claim:
    """What a method claims to equal.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    statement : str
        The equation, in one line.
    references : tuple of Reference
    rate : Rate, optional
        For limits.
    """

    kind: str
    statement: str
    references: tuple[Reference, ...] = field(default_factory=tuple)
    rate: Rate | None = None

    def __post_init__(self) -> None:
        check_choice("Claim", "kind", self.kind, KINDS)
        if self.kind == LIMIT and self.rate is None:
            raise OptionError(
                "Claim: kind='limit' shows its rate; give rate=Rate(finite, limit), or claim kind='exact'"
            )
