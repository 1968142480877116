r"""The sampled engine: sums over all columns estimated from a few, drawn anew at every evaluation.

.. math:: \hat Z_i = \frac{N_i}{M_i} \sum_{j \in S,\; j \in C_i} e^{s_{ij}}

S are the drawn columns, C_i the N_i candidates of row i, of which M_i were drawn. Given M_i they are a simple random
sample of C_i, so the estimate has no bias for any M_i > 0, and a row of which no candidate was drawn is summed in full.
A logarithm is concave, so that of the estimate is low on average, by

.. math:: \log Z_i - E \log \hat Z_i = \frac{v_i}{2 M} \Bigl(1 - \frac{M}{N_i}\Bigr) + O(M^{-2}),

with v_i the variance of exp(s_ij) over the candidates in units of their squared mean (Cochran, Sampling Techniques,
1977, sections 2.6 and 2.9). All rows share the columns: one product of n rows with M columns, by any kernel and at
the speed of a product, where columns of its own for every row would be n M gathers. The price is that the errors of
rows are alike and do not average out within a step; they do over steps, which draw anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn.distributions.base import Kernel
from iconlearn.engines.exact import DEFAULT_BLOCK, Tiled
from iconlearn.points import Points, candidate_count

COLUMNS = 1024
TILE = 1 << 19  # scores worked on at once: they stay in the cache
WHOLE = 1 << 22  # scores of full rows worked on at once
TILES = 32  # that share a gradient in their rows; each adds to one of its size


def seeded() -> torch.Generator:
    """A generator that starts alike every time."""
    return torch.Generator().manual_seed(0)


def estimable(kernel: Kernel) -> bool:
    """Can this kernel's sums be estimated? Not a maximum, and not where rows may be without mass: who knows which?"""
    return kernel.full_support and kernel.pool != "max"


@dataclass(frozen=True)
class Sampled:
    """The sampled engine with its number of columns, for very many rows in more than three dimensions.

    Partitions and totals are estimated, with their gradients; single scores, and so the pull of the target, are exact.
    Every evaluation draws from ``generator``: a run gives its own, so that a refit and a resumed run have the same
    bits. Targets, ``row_losses`` and ``explain`` are always exact. Where there are no more columns than are to be
    drawn, and for kernels without mass on some pairs or with a maximum in place of a sum, all columns are taken.

    Parameters
    ----------
    columns : int, default 1024
        M, drawn without replacement and shared by all rows. The error falls as 1 / sqrt(M).
    generator : torch.Generator, optional
        What the columns are drawn from, on the CPU; one that starts from seed 0 when left out.

    Raises
    ------
    OptionError
        If ``columns`` is no whole number of at least 1.

    Examples
    --------
    >>> from iconlearn import StudentT
    >>> from iconlearn.points import Points
    >>> points = Points.of(torch.randn(500, 8, generator=torch.Generator().manual_seed(1)))
    >>> exact, estimate = (e(StudentT(), points, points).partition() for e in (Tiled, Sampled(columns=250)))
    >>> bool((exact - estimate).abs().max() < 0.5)
    True
    """

    columns: int = COLUMNS
    generator: torch.Generator = field(default_factory=seeded, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_number("Sampled", "columns", self.columns, low=1, high=1 << 40, integer=True)

    def __call__(self, kernel: Kernel, i: Points, j: Points) -> Tiled:
        if self.columns >= j.n or not estimable(kernel):
            return Tiled(kernel, i, j, rows_at_once(j.n))
        drawn = torch.randperm(j.n, generator=self.generator)[: self.columns].sort().values
        return SampledScores(kernel, i, j, drawn.to(j.device))

    @classmethod
    def alone(cls, kernel: Kernel, i: Points, j: Points) -> Tiled:
        """The engine with defaults and a new generator: the same columns whenever it is called."""
        return cls()(kernel, i, j)


def rows_at_once(columns: int) -> int:
    """Height of a tile of full rows."""
    return max(1, min(DEFAULT_BLOCK, WHOLE // max(1, columns)))


class SampledScores(Tiled):
    """Scores whose sums over all columns are estimated from some of them; O(n d) memory and a tile."""

    def __init__(self, kernel: Kernel, i: Points, j: Points, drawn: Tensor) -> None:
        super().__init__(kernel, i, j, rows_at_once(j.n))
        self.sample = j.take(drawn)
        candidates = candidate_count(i, j, kernel.pairs)
        seen = candidate_count(i, self.sample, kernel.pairs)
        self.missed = ((seen == 0) & (candidates > 0)).nonzero().flatten()
        self.stands_for = candidates.double() / seen.clamp(min=1)  # candidates, by each that was drawn

    def partition(self) -> Tensor:
        pooled = self._sampled(Tiled.partition)
        if self.kernel.pool == "logsumexp":  # a mean is one already
            pooled = pooled + self.stands_for.log().to(pooled)
        return self._with_missed(pooled, Tiled.partition)

    def total(self) -> Tensor:
        total = self._sampled(Tiled.total)
        return self._with_missed(total * self.stands_for.to(total), Tiled.total)

    def _sampled(self, pool: Callable[[Tiled], Tensor]) -> Tensor:
        """Every row's scores with the drawn columns as one number, (n,)."""
        tile = max(1, TILE // self.sample.n)
        index = torch.arange(self.i.n, device=self.i.device).split(tile * TILES)
        without = replace(self.i, value=None)
        given = self.i.value  # split, so that its gradient is one concatenation
        values = [None] * len(index) if given is None else given.split(tile * TILES)
        parts = [replace(without.take(rows), value=value) for rows, value in zip(index, values, strict=True)]
        return torch.cat([pool(Tiled(self.kernel, part, self.sample, tile)) for part in parts])

    def _with_missed(self, estimate: Tensor, pool: Callable[[Tiled], Tensor]) -> Tensor:
        """The estimate, with the rows of which no candidate was drawn summed in full."""
        if not len(self.missed):
            return estimate
        full = pool(Tiled(self.kernel, self.i.take(self.missed), self.j, self.block_rows))
        return estimate.index_put((self.missed,), full)
