"""One optimisation of a model on data, a step at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import nn

from iconlearn._errors import NonFiniteError, OptionError
from iconlearn.conditional import Conditional
from iconlearn.explain import evaluating
from iconlearn.inputs import Inputs
from iconlearn.mappers import Initializable, Queue, Staged, Table
from iconlearn.objective import Objective, Pair
from iconlearn.points import Points
from iconlearn.train.batches import Batches
from iconlearn.train.convergence import Convergence
from iconlearn.train.events import Event
from iconlearn.train.optimizers import OPTIMIZERS
from iconlearn.train.options import OF_OPTIMIZERS, Training
from iconlearn.train.precision import Precision
from iconlearn.train.schedules import PerSample, as_schedule

# What has to have its final value before a run may be called converged; a change of momentum only settles it.
SCHEDULED = ("gain", "exaggeration", "temperature")
START_NUMBERS = 1 << 26  # of stored rows, so many numbers are read for the start of a mapper
START_ROWS = 1 << 16  # and so many rows at most
RECENT = 0.25  # the loss of a run in batches is the mean over this share of its steps, the last ones


class Run:
    """One optimisation of a model on data, a step at a time."""

    def __init__(
        self, model: Objective, data: Inputs, options: Training, seed: int, target: Conditional | None
    ) -> None:
        self.model, self.data, self.options, self.target = model, data, options, target
        self.generator = torch.Generator().manual_seed(seed)
        self.engine = model.evaluate.drawing(self.generator)
        self.batches = Batches(data, options, model.num_views, self.generator, model.prepared)
        self.total = options.max_iter if options.epochs is None else options.epochs * self.batches.per_epoch
        choice = OPTIMIZERS[options.optimizer]
        lr = choice.lr(data.n) if options.lr is None else options.lr
        self.lr = lr.of(data.n) if isinstance(lr, PerSample) else as_schedule("lr", lr)
        self.trained = [p for p in model.parameters() if p.requires_grad]
        if not self.trained:
            raise OptionError("fit: the model has no trainable parameter; the mapper is fixed")
        self.tables = [part for part in model.modules() if isinstance(part, Table)]
        self.staged = [] if options.warm_start else stages(model)
        # the first step at which the loss is of the embedding that is left, and can be compared with later ones
        self.whole_from = max([0, *(math.ceil(part.until[-1] * self.total) for part in self.staged)])
        self.shared = shared_parameters(model, data)
        self.optimizer = choice.make(self.trained, lr=self.lr(0, self.total))
        self.precision = Precision(options.precision, model.device)
        self.step = 0
        self.losses: list[float] = []
        self.empty_rows = 0.0  # summed over the steps
        self.failed = False
        self.left: float | None = None  # the loss of the state at the end
        self.kept_baseline = False
        self.finished = False  # is what comes after the last step done, too?
        self.convergence = self._convergence()

    @property
    def converged(self) -> bool:
        """Has the loss stood still, as ``tol`` asks?"""
        return self.convergence is not None and self.convergence.reached(self.losses)

    @property
    def done(self) -> bool:
        """Are all steps taken, or is there no need for more?"""
        return self.step >= self.total or self.converged

    def begin(self) -> Run:
        """Bring the mappers to their start; a warm start keeps all weights, and a queue forgets its points."""
        points, target = self.start_from()
        for module in starting(self.model):
            if isinstance(module, Initializable) and (
                isinstance(module, Queue) or not self.options.warm_start
            ):
                module.initialize(points, target, self.generator)
            elif isinstance(module, Table):
                module.check_rows(points)
                module.hold_anchors()
        self.data.across.level(self.model)
        return self

    def start_from(self) -> tuple[Points, Conditional | None]:
        """What mappers take their start from: all points, or some of those that stay on disk, and p on them."""
        if self.target is not None or self.tables:
            return self.data.points(), self.target
        stored = self.data.stored
        few = START_ROWS if stored is None else min(START_ROWS, max(1, START_NUMBERS // stored.d))
        points = self.batches.some(few).points()
        wanted = any(getattr(module, "starts_from_target", False) for module in self.model.modules())
        shared = wanted and self.model.target_is_given
        return points, self.model.target_on(points, points) if shared else None

    def _convergence(self) -> Convergence | None:
        options = self.options
        if options.tol is None:
            return None
        given = {name: getattr(options, name) for name in SCHEDULED}
        schedules = [as_schedule(name, value) for name, value in given.items() if value is not None]
        schedules.append(self.lr)
        return Convergence(options.tol, schedules, self.total, self.whole_from)

    def advance(self, batch: Inputs | None = None, target: Conditional | None = None) -> Event:
        """One step: loss, gradient, update; on the run's next batch, or on one that is shared with others."""
        model, k, options = self.model, self.step, self.options
        batch = next(self.batches) if batch is None else batch
        learned = None
        if options.temperature is not None:
            learned = model.learned_dist.temper(
                as_schedule("temperature", options.temperature)(k, self.total)
            )
        target = self.target if batch is self.data else target
        for part in self.staged:
            part.at(k / self.total)
        with self.precision.networks():
            pair = model.pair(batch, target=target, learned=learned, engine=self.engine)
        loss = model.loss(pair)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise NonFiniteError(self._where(pair, value))
        driven = loss
        if options.exaggeration is not None:
            factor = as_schedule("exaggeration", options.exaggeration)(k, self.total)
            driven = loss if factor == 1 else loss + (factor - 1) * model.attraction(pair)
        if not driven.requires_grad:
            raise OptionError(
                f"fit: learned_dist={model.learned_dist!r} does not depend on the embedding, so there is nothing to "
                "learn; use a kernel such as Gaussian() or StudentT()"
            )
        self._tune(k)
        self.optimizer.zero_grad(set_to_none=True)
        self.precision.backward(driven)
        self.data.across.average(self.shared)
        self.precision.unscale(self.optimizer)
        clipped = self._clip()
        self.precision.step(self.optimizer)
        for table in self.tables:
            table.hold_anchors()  # momentum and weight decay move what has no gradient
        self.step += 1
        self.losses.append(value)
        empty = float(pair.target.empty.double().mean())
        self.empty_rows += empty
        notes = {
            "empty_rows": empty,
            "lr": float(self.lr(k, self.total)),
            "epoch": self.step / self.batches.per_epoch,
            **clipped,
        }
        return Event("step", k, self.total, value, model, pair, notes)

    def try_step(self, batch: Inputs, target: Conditional | None) -> float:
        """One step and its loss; a start that stops being finite ends there with inf."""
        try:
            return math.inf if self.failed else self.advance(batch, target).loss
        except NonFiniteError:
            self.failed = True
            self.losses.append(math.inf)
            return math.inf

    @torch.no_grad()
    def loss(self) -> float:
        """The loss as it stands: of the whole data where the target is fixed, else the mean of the last batches.

        It is inf where the last update left weights or a loss that are not finite.
        """
        if self.failed or not all(bool(p.isfinite().all()) for p in self.model.parameters()):
            return math.inf
        if self.target is None:
            return self.recent()
        with evaluating(self.model):  # a teacher must not follow, nor a running mean
            value = float(self.model.loss(self.model.pair(self.data, target=self.target)))
        return value if math.isfinite(value) else math.inf

    def standing(self) -> float:
        """The loss by which starts are compared: in the first stages that which a step sees, not the head's."""
        return self.loss() if self.failed or self.step >= self.whole_from else self.recent()

    def recent(self) -> float:
        """The mean loss of the last steps."""
        recent = self.losses[-max(1, round(RECENT * self.step)) :]
        return sum(recent) / len(recent) if recent else 0.0

    def _clip(self) -> dict[str, float]:
        """Bring a gradient that is too long to the length that is allowed; what it was, as a note."""
        if self.options.max_grad_norm is None:
            return {}
        return {"grad_norm": float(nn.utils.clip_grad_norm_(self.trained, float(self.options.max_grad_norm)))}

    def _tune(self, k: int) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr(k, self.total)
            for name in OF_OPTIMIZERS:
                if (value := getattr(self.options, name)) is not None:
                    group[name] = as_schedule(name, value)(k, self.total)

    def _where(self, pair: Pair, value: float) -> str:
        """Which tensor and rows are not finite."""
        z = pair.rows.value
        if z is not None and not bool(z.isfinite().all()):
            rows = (~z.isfinite()).any(-1).nonzero().flatten()[:5].tolist()
            what, fix = f"the embedding of rows {rows}", "lower lr="
        else:
            per_row = self.model.measure.rows(pair.target, pair.learned).detach()
            rows = (~per_row.isfinite()).nonzero().flatten()[:5].tolist()
            what = f"the divergence of rows {rows}"
            fix = "lower lr=, widen the kernel, or give q mass everywhere with learned_dist.debias(0.01)"
        return f"step {self.step}: the loss is {value} because {what} is not finite; {fix}"


def stages(model: nn.Module) -> list[Staged]:
    """The parts of a model that are trained in stages."""
    return [part for part in model.modules() if isinstance(part, Staged)]


def starting(module: nn.Module, seen: set[int] | None = None) -> Iterator[nn.Module]:
    """A module and those inside it, each once, without those that another brings to their start."""
    seen = set() if seen is None else seen
    if id(module) in seen:
        return
    seen.add(id(module))
    yield module
    if not getattr(module, "starts_children", False):
        for child in module.children():
            yield from starting(child, seen)


def shared_parameters(model: Objective, data: Inputs) -> list[nn.Parameter]:
    """Those of which each process has only the gradient through its own piece of a batch."""
    parts = [
        part
        for part in (model.mapper, model.mapper_j)
        if part is not None and data.across.shares(part, data.n)
    ]
    named = {id(p): p for part in parts for p in part.parameters() if p.requires_grad}
    return list(named.values())
