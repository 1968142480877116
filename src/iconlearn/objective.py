"""The equation itself as a loss module: L = sum_i w_i D(p(.|i) || q(.|i))."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from iconlearn._describe import Described
from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional, KernelConditional
from iconlearn.distributions import Distribution
from iconlearn.distributions.base import Engine
from iconlearn.divergences import Divergence, as_divergence
from iconlearn.engines import Plan, PlannedEngine, Problem, plan
from iconlearn.inputs import Inputs, as_inputs, as_labels
from iconlearn.mappers import ColumnMapper, Prototypes, embed
from iconlearn.points import Points
from iconlearn.refusals import refuse_infinite


@dataclass(frozen=True, eq=False)
class Pair:
    """The two sides of the equation on one batch, and the embedding behind the learned one."""

    target: Conditional
    learned: Conditional
    rows: Points
    columns: Points


def full_precision(device: torch.device) -> AbstractContextManager[Any]:
    """Outside of autocast: mappers may run in half precision, distributions and divergences never do."""
    return torch.autocast(device.type, enabled=False)


class Held:
    """What belongs to a run and not to the model: copied with it by reference, never saved with it."""

    target: Distribution | None = None

    def __deepcopy__(self, memo: Any) -> Held:
        return self


class Objective(Described, nn.Module):
    """A target distribution, a learned one, a mapper and a divergence: a loss over batches."""

    def __init__(
        self,
        target_dist: Distribution,
        learned_dist: Distribution,
        mapper: nn.Module,
        *,
        mapper_j: nn.Module | None = None,
        divergence: str | Divergence = "kl",
        direction: str = "forward",
        engine: Any = "auto",
    ) -> None:
        super().__init__()
        for name, given in (("target_dist", target_dist), ("learned_dist", learned_dist)):
            if not isinstance(given, Distribution):
                hint = f"; write {given.__name__}(...)" if isinstance(given, type) else ""
                raise OptionError(
                    f"ICon: {name}={given!r} must be a distribution such as Gaussian(sigma=2){hint}"
                )
        for name, module in (("mapper", mapper), ("mapper_j", mapper_j)):
            if not (isinstance(module, nn.Module) or (name == "mapper_j" and module is None)):
                raise OptionError(f"ICon: {name}={module!r} must be an nn.Module, such as Embedding or MLP")
        if target_dist.normalize != learned_dist.normalize:
            raise OptionError(
                f"ICon: target_dist is {target_dist.normalize}-normalised but learned_dist is "
                f"{learned_dist.normalize}-normalised; give both the same normalize= (a symmetrized target "
                "goes with learned_dist(normalize='joint'))"
            )
        self.target_dist, self.learned_dist = target_dist, learned_dist
        self.mapper, self.mapper_j = mapper, mapper_j
        if isinstance(mapper_j, ColumnMapper):
            mapper_j.bind(mapper)
        self.divergence, self.direction, self.engine = divergence, direction, engine
        self.measure = as_divergence(divergence, direction)
        self.evaluate = PlannedEngine(engine)
        self._held = Held()

    @property
    def device(self) -> torch.device:
        """Where the parameters live; the CPU for a model without any."""
        return next((p.device for p in self.parameters()), torch.device("cpu"))

    @property
    def prepared(self) -> Distribution | None:
        """The target as prepared for the data set of the run in progress; None outside of runs."""
        return self._held.target

    def hold(self, target: Distribution | None) -> None:
        """Set :attr:`prepared`; a method, because assigning a module would make it part of the model."""
        self._held = Held()
        self._held.target = target

    @property
    def target_is_given(self) -> bool:
        """Is p on a batch the same whatever the weights are: neither learned nor over columns that are made?"""
        learns = any(p.requires_grad for p in self.target_dist.parameters())
        return not learns and (self.mapper_j is None or getattr(self.mapper_j, "same_points", False))

    @property
    def num_views(self) -> int:
        """Views of every sample that the two distributions compare."""
        return max(self.target_dist.num_views, self.learned_dist.num_views)

    def forward(self, batch: Any, y: Any = None) -> Tensor:
        """The loss on a batch, a scalar.

        Parameters
        ----------
        batch
            A tensor ``X``, ``(X, y)``, ``(view_1, view_2)``, ``(view_1, view_2, y)``, or a dict with "value"
            or "views", "label", "id" and other fields.
        y : array of shape (n,), optional
            Labels, as in ``fit``.
        """
        inputs = as_inputs(batch, self.num_views)
        if y is not None:
            inputs = replace(inputs, label=as_labels(y, inputs.n).to(inputs.id.device))
        return self.loss(self.pair(inputs, engine=self.evaluate.outside_runs()))

    def loss(self, pair: Pair) -> Tensor:
        """The loss of a pair of conditionals that has been built already."""
        for side, dist in ((pair.target, self.target_dist), (pair.learned, self.learned_dist)):
            if bool(side.empty.all()):
                raise InputError(
                    f"no row of the batch has mass under {dist!r} (no positive, no neighbour, no label); "
                    "pass larger batches, more views, or labels that repeat"
                )
        with full_precision(pair.rows.device):  # sums of a pair are formed when they are asked for
            loss = self.measure(pair.target, pair.learned)
            refuse_infinite(self.measure, pair.target, pair.learned, loss)
        return loss

    def pair(
        self,
        inputs: Inputs,
        target: Conditional | None = None,
        learned: Distribution | None = None,
        engine: Engine | None = None,
    ) -> Pair:
        """Both conditionals on a batch; ``target`` and ``learned`` override what the model would build.

        ``engine`` evaluates the learned side, and may draw; without one no sum is an estimate.
        """
        data = inputs.points()
        embedding = embed(self.mapper, inputs)
        if embedding.ndim != 2:
            raise InputError(
                f"the mapper returned shape {tuple(embedding.shape)}; one vector a row is needed, (n, dim)"
            )
        rows = data.with_value(embedding)
        columns, target_columns = self.column_points(inputs, data, rows)
        if columns.value is not None and columns.value.shape[1:] != embedding.shape[1:]:
            raise InputError(
                f"the mapper returns rows of shape {tuple(embedding.shape[1:])}, but the columns of {self.mapper_j!r} "
                f"have {tuple(columns.value.shape[1:])}; give both the same number of dimensions"
            )
        if target is None:
            target = self.target_on(data, target_columns)
        learned_dist = self.learned_dist if learned is None else learned
        use = self.evaluate if engine is None else engine
        with full_precision(embedding.device):
            return Pair(target, learned_dist(rows, columns, use), rows, columns)

    def target_on(self, data: Points, columns: Points) -> Conditional:
        """The target distribution on points; without gradient unless it has parameters of its own."""
        dist = self.target_dist if self.prepared is None else self.prepared
        learns = any(p.requires_grad for p in dist.parameters())
        with torch.set_grad_enabled(learns and torch.is_grad_enabled()), full_precision(data.device):
            return dist(data, columns, self.evaluate)

    def column_points(self, inputs: Inputs, data: Points, rows: Points) -> tuple[Points, Points]:
        """The columns as the learned distribution sees them, and as the target does."""
        if self.mapper_j is None:
            return rows, data
        if not isinstance(self.mapper_j, ColumnMapper):
            return rows.with_value(embed(self.mapper_j, inputs)), data
        columns = self.mapper_j.columns(inputs, rows, self.mapper)
        return columns, data if self.mapper_j.same_points else replace(columns, value=None)

    def attraction(self, pair: Pair) -> Tensor:
        """-sum_i w_i sum_j m_ij score_ij, with m what p has above its floor: what early exaggeration multiplies."""
        p, q = pair.target, pair.learned
        if not (isinstance(q, KernelConditional) and p.support is not None and self.measure.splits):
            raise OptionError(
                "exaggeration needs divergence='kl', a sparse target and a kernel as learned_dist, not "
                f"{self.measure.name!r} and {self.learned_dist!r}; leave exaggeration out"
            )
        if p.edges is None:
            raise OptionError("exaggeration needs a target that is not being learned; leave exaggeration out")
        with full_precision(pair.rows.device):
            pull = -q.pull(p.edges if p.floor is None else p.above_floor)
            return (p.row_weight.to(pull) * pull).sum()

    def learned_over_columns(self, embedding: Tensor) -> Tensor:
        """log q(column|row) for embeddings, where the columns do not depend on a batch (prototypes), (n, m)."""
        if not isinstance(self.mapper_j, Prototypes):
            raise OptionError(f"ICon: mapper_j={self.mapper_j!r} has no fixed columns; Prototypes are needed")
        rows = Points.of(embedding)
        columns = self.mapper_j.points()
        return self.learned_dist(rows, columns, self.evaluate).block(None)

    def plan(self, n: int, m: int | None = None, dim: int = 2) -> Plan:
        """How ``n`` rows and ``m`` columns would be evaluated, on the CPU."""
        memory = Problem.of(Points.of(torch.zeros(1, 1)), Points.of(torch.zeros(1, 1))).memory
        return plan(Problem(n, n if m is None else m, dim, memory=memory), self.engine)
