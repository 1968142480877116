"""Targets whose columns are prototypes: of classes, or of tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.conditional import Conditional
from iconlearn.distributions.base import Engine, Sparse
from iconlearn.distributions.matches import Match
from iconlearn.points import UNLABELLED, Points
from iconlearn.support import Support, join


class DataLabel(Match):
    """1 on the row's own class, where the columns are classes (``mapper_j=Prototypes(...)``).

    References
    ----------
    I-Con, theorem 9 (cross entropy); Baek et al. 2025 (harmonic loss).

    Examples
    --------
    >>> from iconlearn import DataLabel
    >>> DataLabel().debias(0.1)  # label smoothing
    DataLabel().debias(0.1)
    """

    key = "label"

    def __init__(self, *, normalize: str = "row") -> None:
        super().__init__(normalize, "all")

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        mine = self.keys(i)
        refuse_unknown("label", mine[mine != UNLABELLED], self.keys(j), "class")
        return super().forward(i, j, engine)


class Context(Sparse):
    """Empirical token counts: p(j|i) = count of token j in context i, over all counts of i.

    Columns are tokens (``mapper_j=Prototypes(vocabulary, dim)``), found by id.

    Parameters
    ----------
    field : str, default "tokens"
        Field of the rows with the token ids of every context, (n, t) int64; -1 is padding. One token a row
        is masked or next-token prediction.

    References
    ----------
    I-Con, theorem 11.

    Examples
    --------
    >>> from iconlearn import Context
    >>> Context()
    Context()
    """

    def __init__(self, field: str = "tokens", *, normalize: str = "row") -> None:
        super().__init__(normalize, "all")
        self.field = field

    def edges(self, i: Points, j: Points) -> tuple[Support, Tensor]:
        tokens = i.fields.get(self.field)
        if tokens is None:
            there = ", ".join(sorted(i.fields)) or "none"
            raise InputError(f"{self!r}: the rows have no field {self.field!r} (fields: {there})")
        tokens = tokens.long().reshape(i.n, -1)
        rows, place = (tokens >= 0).nonzero().unbind(-1)
        refuse_unknown("token", tokens[rows, place], j.id, "token")
        hit, cols = join(tokens[rows, place], j.id)
        keys, count = (rows[hit] * j.n + cols).unique(return_counts=True)
        support = Support.from_sorted(keys // j.n, keys % j.n, i.n, j.n)
        return support, count.to(torch.get_default_dtype()).log()


def refuse_unknown(what: str, wanted: Tensor, known: Tensor, kind: str) -> None:
    """Refuse labels or tokens that no column stands for."""
    missing = wanted[~torch.isin(wanted, known)]
    if len(missing):
        raise InputError(
            f"{what} {int(missing[0])} has no column among the {len(known)} prototypes; give one a {kind}: "
            f"mapper_j=Prototypes({int(wanted.max()) + 1}, dim)"
        )
