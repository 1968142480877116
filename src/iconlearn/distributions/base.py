"""The one abstraction: a distribution is a rule that turns rows and columns into conditional probabilities."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from iconlearn._checks import check_choice
from iconlearn._describe import Described
from iconlearn._errors import OptionError
from iconlearn._numerics import NEG
from iconlearn.conditional import Conditional, KernelConditional, Scores, TableConditional
from iconlearn.metrics import Metric
from iconlearn.points import PAIRS, Pairs, Points, candidate_count, mask_pairs, same_points
from iconlearn.products import ProductForm
from iconlearn.profile import Profile
from iconlearn.support import Support

if TYPE_CHECKING:
    from typing import Literal

Engine = Callable[["Kernel", Points, Points], Scores]


class Distribution(Described, nn.Module, ABC):
    """p(j|i) for any rows i and columns j; knows neither its role (p or q), nor n, nor the engine.

    One method is mandatory, and which one depends on what is easiest to say: a :class:`Kernel` gives the
    log-score of every pair, a :class:`Sparse` one lists the pairs that have mass.
    """

    normalize: Literal["row", "joint"]
    pairs: Pairs
    num_views: int = 1  # how many views of every sample the distribution compares

    def __init__(self, normalize: str, pairs: str) -> None:
        super().__init__()
        owner = type(self).__name__
        self.normalize = check_choice(owner, "normalize", normalize, ("row", "joint"))
        self.pairs = check_choice(owner, "pairs", pairs, PAIRS)

    @abstractmethod
    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        """Apply to points: an immutable conditional over (i.n, j.n) pairs."""

    def __call__(self, i: Points, j: Points, engine: Engine) -> Conditional:
        """:meth:`forward`, noting whether the columns are the rows and whether every candidate has mass."""
        conditional = super().__call__(i, j, engine)
        conditional.square = same_points(i, j)
        conditional.full_support = conditional.full_support or covers(conditional, i, j)
        return conditional

    def prepare(self, data: Points) -> Distribution:
        """What can be computed once for a whole data set (a neighbour graph); itself by default."""
        return self

    def searches(self) -> list[tuple[str | Metric, str, int]]:
        """Metric, pairs and k of every search for the nearest of the points' own values that applying it makes."""
        return [one for part in self.children() if isinstance(part, Distribution) for one in part.searches()]

    def positives(self, ids: Tensor, count: int, generator: torch.Generator) -> Tensor | None:
        """Ids of ``count`` samples for each of ``ids``, drawn without repeats from its row, (n, count).

        What a batch needs beside its samples, where it would hold few of their positives by chance. A row with
        fewer gives the sample itself in their place. None where no graph over all samples says what they are.
        """
        return None

    def per_row(self) -> Distribution:
        """The row-normalised form, used to place new rows against fixed columns; it shares all weights."""
        rows = copy.copy(self)
        rows.normalize = "row"
        return rows

    # Fluent forms of the wrappers. They live in wrappers.py, which registers them here: the base class
    # cannot import its own subclasses.
    def debias(self, alpha: float) -> Distribution:
        """(1 - alpha) * self + alpha * uniform; ``alpha`` is the uniform mass. See :class:`Debiased`."""
        return WRAPPERS["debias"](self, alpha)

    def propagate(self, steps: int, *, uniform: bool = False) -> Distribution:
        """Random walks of up to ``steps`` steps. See :class:`Propagated`."""
        return WRAPPERS["propagate"](self, steps, uniform=uniform)

    def symmetrize(self) -> Distribution:
        """The joint distribution (p(j|i) + p(i|j)) / 2n. See :class:`Symmetrized`."""
        return WRAPPERS["symmetrize"](self)

    def on(self, field: str) -> Distribution:
        """The same distribution over another field of the points. See :class:`On`."""
        return WRAPPERS["on"](self, field)

    def nearest(self, k: int) -> Distribution:
        """Only the k most probable columns of every row. See :class:`Nearest`."""
        return WRAPPERS["nearest"](self, k)

    def temper(self, temperature: float) -> Distribution:
        """The same distribution with its scores divided by ``temperature``. See :class:`Tempered`."""
        return WRAPPERS["temper"](self, temperature)

    def __rmul__(self, weight: float) -> Any:
        return WRAPPERS["weigh"](weight, self)


WRAPPERS: dict[str, Callable[..., Any]] = {}


class Kernel(Distribution):
    """A distribution given by a log-score for every pair; -inf means no mass."""

    full_support: bool = True

    @abstractmethod
    def log_score(self, i: Points, j: Points) -> Tensor:
        """Log of the unnormalised mass, (..., n, m)."""

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        """What a score needs to know of all rows and columns at once (bandwidths, cluster sizes)."""
        return i, j

    @property
    def pool(self) -> str:
        """How scores become a log-partition: "logsumexp", or "mean" / "max" in the limits."""
        return "logsumexp"

    def profile(self, i: Points) -> Profile | None:
        """The score as a function of the squared distance, where it is one that compiled engines know."""
        return None

    def product_form(self, i: Points, j: Points) -> ProductForm | None:
        """The score of calibrated points as a function of inner products, where it is one."""
        return None

    @property
    def improper(self) -> bool:
        """Do rows sum to something else than one, as in the limits?"""
        return self.pool != "logsumexp"

    @property
    def factored(self) -> bool:
        """Is the score of calibrated points log sum_c exp(x_ic + y_jc), with x and y their values?"""
        return False

    def log_partition(self, i: Points, j: Points) -> Tensor | None:
        """Log-partition of every (calibrated) row where it is known in closed form, (n,)."""
        return None

    def masked_score(self, i: Points, j: Points) -> Tensor:
        """Scores with -inf on the pairs that are not candidates."""
        return mask_pairs(self.log_score(i, j), i, j, self.pairs)

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        i, j = self.calibrate(i, j)
        scores, partition = engine(self, i, j), self.log_partition(i, j)
        return KernelConditional(
            scores,
            scores.partition() if partition is None else partition,
            (i.n, j.n),
            self.normalize,
            self.pairs,
            improper=self.improper,
            full=self.full_support,
        )


class Sparse(Distribution):
    """A distribution given by the pairs that have mass."""

    @abstractmethod
    def edges(self, i: Points, j: Points) -> tuple[Support, Tensor]:
        """The support, and the unnormalised log-mass of every entry (E,)."""

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        support, log_mass = self.edges(i, j)
        return TableConditional(support, log_mass, self.normalize, self.pairs)


def require_proper(conditional: Conditional, owner: object) -> None:
    """Refuse rows that do not sum to one where a probability is needed."""
    if conditional.improper:
        raise OptionError(
            f"{owner}: a limit (sigma = 0 or inf), running sizes, ClusterAgreement, VarianceCovariance and DCL are not "
            "probabilities, so they cannot be debiased, mixed, walked or symmetrized; use a finite sigma or "
            "sizes='batch', or debias the target alone"
        )


def covers(conditional: Conditional, i: Points, j: Points) -> bool:
    """Has a listed conditional mass on every candidate, as neighbour graphs of few points have?"""
    support = conditional.support
    if support is None or not len(support):
        return False
    if len(support) < int(candidate_count(i, j, conditional.pairs).sum()):
        return False
    return bool((conditional.at(support.rows, support.cols) > NEG).all())


def candidate_edges(i: Points, j: Points, rows: Tensor, cols: Tensor, pairs: str) -> Tensor:
    """Which of the pairs (rows, cols) are candidates, (E,) bool."""
    flat = torch.zeros(len(rows), 1, 1, device=rows.device)
    a, b = i.bare().take(rows.unsqueeze(-1)), j.bare().take(cols.unsqueeze(-1))
    return mask_pairs(flat, a, b, pairs).flatten() > NEG
