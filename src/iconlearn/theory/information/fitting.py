"""Fitting critics and densities, by the loop that fits everything here."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from iconlearn._describe import Described
from iconlearn._errors import NonFiniteError
from iconlearn.conditional import MatrixConditional
from iconlearn.distributions import Distribution, Identity
from iconlearn.distributions.base import Engine
from iconlearn.explain import evaluating
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective, Pair
from iconlearn.points import Points
from iconlearn.train.events import Event
from iconlearn.train.loop import train
from iconlearn.train.options import Training, whole

EVALUATIONS = 40  # of the validation rows in a fit
Bound = Callable[[Tensor], Tensor]


class Sides(Described, nn.Module):
    """A critic as a mapper: rows hold x and y side by side, and the embedding of row i is its scores with all y."""

    def __init__(self, critic: nn.Module, x_features: int) -> None:
        super().__init__()
        self.critic, self.x_features = critic, x_features

    def forward(self, rows: Tensor) -> Tensor:
        """Scores (n, n) of x with y."""
        return self.critic(rows[:, : self.x_features], rows[:, self.x_features :])


class Scored(Distribution):
    """q(j|i), the softmax over y of the scores of row i: its embedding."""

    def __init__(self) -> None:
        super().__init__("row", "all")

    def forward(self, i: Points, j: Points, engine: Engine) -> MatrixConditional:
        assert i.value is not None
        return MatrixConditional(i.value.log_softmax(-1), self.normalize, self.pairs)


class PartnerObjective(Objective):
    r"""p is the partner of each row, q the softmax of its scores, and the loss that of a bound.

    .. math:: D(p \Vert q) = \log n - I_{\mathrm{InfoNCE}}

    so the divergence itself is maximal InfoNCE. The other bounds are functionals of the whole matrix of scores, which
    no divergence of normalised rows can be: NWJ and Jensen-Shannon change when a constant is added to the scores, and
    q does not. Therefore the loss is the negative bound; all else is what every objective has.

    Parameters
    ----------
    mapper : nn.Module
        Scores (n, n) of a batch of pairs: :class:`Sides` of a critic.
    bound : callable
        A scalar to maximise, of the scores. A module may keep a state.
    """

    def __init__(self, mapper: nn.Module, bound: Bound) -> None:
        super().__init__(Identity(), Scored(), mapper)
        self.bound = bound

    def loss(self, pair: Pair) -> Tensor:
        """The negative bound."""
        assert pair.rows.value is not None
        return -self.bound(pair.rows.value)


@dataclass(frozen=True)
class Fit:
    """How a fit went: steps taken, the step whose weights were kept, what the judge made of them."""

    steps: int
    best_step: int
    validation: float
    stopped_early: bool
    diverged: bool


class KeepBest:
    """A callback that keeps the weights that a judge likes best on the validation rows, and stops when none is better.

    The judge is a bound: the one that is maximised, or the one that will be reported.
    """

    def __init__(self, judge: Bound, validation: Tensor, batch_size: int, every: int, patience: int) -> None:
        size = min(batch_size, len(validation))
        self.judge, self.batches = judge, validation.split(size)[: len(validation) // size]
        self.every, self.patience = every, patience
        self.best, self.best_step, self.steps, self.worse = -math.inf, 0, 0, 0
        self.state: dict[str, Tensor] | None = None

    def __call__(self, event: Event) -> bool:
        if event.kind == "step":
            self.steps = event.step + 1
        if event.kind == "end" or self.steps % self.every:
            return True
        value = self.value(event.model)
        if self.state is None or value > self.best:
            self.best, self.best_step, self.worse = value, self.steps, 0
            self.state = copy.deepcopy(event.model.state_dict())
        else:
            self.worse += 1
        return not self.stopped

    @property
    def stopped(self) -> bool:
        """Has nothing got better for as long as patience lasts?"""
        return self.worse >= self.patience

    @torch.no_grad()
    def value(self, model: Objective) -> float:
        """The mean on the validation rows; -inf where it is not a number."""
        with evaluating(model):
            values = [float(self.judge(model.mapper(batch))) for batch in self.batches]
        mean = sum(values) / len(values)
        return mean if math.isfinite(mean) else -math.inf


def fit_scores(
    critic: nn.Module,
    bound: Bound,
    judge: Bound,
    rows: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor],
    *,
    batch_size: int,
    max_iter: int,
    lr: float,
    patience: int,
    seed: int,
) -> Fit:
    """Fit a critic, or a density, in place: Adam on mini-batches of ``rows``, the best weights on ``validation``.

    The loss is the negative ``bound``; the best weights are those with the largest ``judge``, which may be the same.

    Weights are drawn anew from the seed, where the critic has no others of its own. A run that stops being finite ends
    there, with the best weights before.
    """
    model = PartnerObjective(Sides(critic, rows[0].shape[1]), bound)
    keep = KeepBest(judge, torch.cat(validation, 1), batch_size, max(1, max_iter // EVALUATIONS), patience)
    data = Inputs((torch.cat(rows, 1),), torch.arange(len(rows[0])))
    options = Training(max_iter=max_iter, batch_size=batch_size, lr=lr, random_state=seed, callbacks=(keep,))
    try:
        diverged = False
        whole(train(model, data, options))
    except NonFiniteError:
        diverged = True
    if keep.state is not None:
        model.load_state_dict(keep.state)
    critic.eval()
    return Fit(keep.steps, keep.best_step, keep.best, keep.stopped, diverged)
