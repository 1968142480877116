"""The training loop: one for every method, full batch or mini-batches."""

from __future__ import annotations

import copy
import logging
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from iconlearn._checks import check_choice, check_names, check_number
from iconlearn._errors import InputError, NonFiniteError, OptionError
from iconlearn._parallel import one_thread_each
from iconlearn.conditional import Conditional, MatrixConditional
from iconlearn.engines.plan import DENSE_SHARE, Problem
from iconlearn.inputs import Inputs
from iconlearn.mappers import Initializable
from iconlearn.objective import Objective, Pair
from iconlearn.train.events import Callback, Event
from iconlearn.train.optimizers import OPTIMIZERS
from iconlearn.train.schedules import Schedule, as_schedule

log = logging.getLogger("iconlearn")
Augment = Callable[[Tensor, torch.Generator], Tensor]


@dataclass(frozen=True)
class Training:
    """Options of a run; see :meth:`iconlearn.ICon.fit` for their meaning."""

    max_iter: int = 500
    epochs: int | None = None
    batch_size: int | None = None
    optimizer: str = "adam"
    lr: float | Schedule | None = None
    momentum: float | Schedule | None = None
    exaggeration: float | Schedule | None = None
    temperature: float | Schedule | None = None
    augment: Augment | None = None
    restarts: int = 1
    random_state: int | None = 0
    callbacks: tuple[Callback, ...] = ()

    def __post_init__(self) -> None:
        check_number("fit", "max_iter", self.max_iter, low=0, integer=True)
        check_number("fit", "restarts", self.restarts, low=1, integer=True)
        check_choice("fit", "optimizer", self.optimizer, OPTIMIZERS)
        for name in ("epochs", "batch_size"):
            if getattr(self, name) is not None:
                check_number("fit", name, getattr(self, name), low=1, integer=True)
        for name in ("lr", "momentum", "exaggeration", "temperature"):
            if (value := getattr(self, name)) is not None:
                as_schedule(name, value)
        if self.momentum is not None and not OPTIMIZERS[self.optimizer].has_momentum:
            able = ", ".join(sorted(n for n, o in OPTIMIZERS.items() if o.has_momentum))
            raise OptionError(f"fit: optimizer={self.optimizer!r} takes no momentum; those that do: {able}")
        if self.augment is not None and not callable(self.augment):
            raise OptionError(f"fit: augment={self.augment!r} must be a function (x, generator) -> view of x")
        if self.random_state is not None:
            check_number("fit", "random_state", self.random_state, low=0, high=2**63 - 1, integer=True)
        if not (isinstance(self.callbacks, (tuple, list)) and all(map(callable, self.callbacks))):
            raise OptionError(f"fit: callbacks={self.callbacks!r} must be a tuple of functions of an Event")

    def seed(self) -> int:
        """The seed of the run; drawn from the system when random_state is None."""
        if self.random_state is None:
            return int.from_bytes(os.urandom(7), "big")
        return int(self.random_state)


@dataclass
class History:
    """What a run leaves behind.

    The loss of every step, whether it was cut short, the losses of the restarts when they were last compared,
    and the share of rows that had no mass under the target and were left out (the mean over the steps).
    """

    losses: list[float] = field(default_factory=list)
    interrupted: bool = False
    restart_losses: list[float] = field(default_factory=list)
    empty_rows: float = 0.0


class Run:
    """One optimisation of a model on data, a step at a time."""

    def __init__(
        self, model: Objective, data: Inputs, options: Training, seed: int, target: Conditional | None
    ) -> None:
        self.model, self.data, self.options, self.target = model, data, options, target
        self.generator = torch.Generator().manual_seed(seed)
        for module in model.modules():
            if isinstance(module, Initializable):
                module.initialize(data.points(), target, self.generator)
        self.batches = self._batches()
        per_epoch = 1 if not options.batch_size else max(1, data.n // options.batch_size)
        self.total = options.max_iter if options.epochs is None else options.epochs * per_epoch
        choice = OPTIMIZERS[options.optimizer]
        lr = choice.lr(data.n) if options.lr is None else options.lr
        self.lr = as_schedule("lr", lr)
        trained = [p for p in model.parameters() if p.requires_grad]
        if not trained:
            raise OptionError("fit: the model has no trainable parameter; the mapper is fixed")
        self.optimizer = choice.make(trained, lr=self.lr(0, self.total))
        self.step = 0
        self.losses: list[float] = []
        self.empty_rows = 0.0  # summed over the steps
        self.failed = False

    def _batches(self) -> Iterator[Inputs]:
        """Batches for ever: the data itself, or a fresh permutation an epoch; the short last one is dropped."""
        size, n = self.options.batch_size, self.data.n
        while True:
            if size is None or size >= n:
                yield self._views(self.data)
                continue
            order = torch.randperm(n, generator=self.generator).to(self.data.id.device)
            for index in order[: n - n % size].split(size):
                yield self._views(self.data.take(index))

    def _views(self, batch: Inputs) -> Inputs:
        augment = self.options.augment
        if augment is None:
            return batch
        x = batch.stacked()
        return batch.with_views(*(augment(x, self.generator) for _ in range(self.model.num_views)))

    def advance(self) -> Event:
        """One step: loss, gradient, update."""
        model, k, options = self.model, self.step, self.options
        batch = next(self.batches)
        learned = None
        if options.temperature is not None:
            learned = model.learned_dist.temper(
                as_schedule("temperature", options.temperature)(k, self.total)
            )
        pair = model.pair(batch, target=self.target if batch is self.data else None, learned=learned)
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
        driven.backward()
        self.optimizer.step()
        self.step += 1
        self.losses.append(value)
        empty = float(pair.target.empty.double().mean())
        self.empty_rows += empty
        return Event("step", k, self.total, value, model, pair, notes={"empty_rows": empty})

    def advance_to(self, step: int) -> float:
        """Steps up to ``step``, and the last loss; a start that stops being finite ends there with inf."""
        try:
            while self.step < step and not self.failed:
                self.advance()
        except NonFiniteError:
            self.failed = True
            self.losses.append(math.inf)
        return self.losses[-1] if self.losses else math.nan

    @torch.no_grad()
    def loss(self) -> float:
        """The loss as it stands: of the whole data where the target is fixed, else of the last batch."""
        if self.failed:
            return math.inf
        if self.target is None:
            return self.losses[-1] if self.losses else 0.0
        return float(self.model.loss(self.model.pair(self.data, target=self.target)))

    def _tune(self, k: int) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.lr(k, self.total)
            if self.options.momentum is not None:
                group["momentum"] = as_schedule("momentum", self.options.momentum)(k, self.total)

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


def train(model: Objective, data: Inputs, options: Training) -> History:
    """Optimise ``model`` on ``data``; the model is left in its final (or, interrupted, best) state.

    Raises
    ------
    NonFiniteError
        If a loss stops being finite; names step, tensor and rows.
    InputError
        If the target needs views, labels or fields that the data does not have.
    """
    if max(1, len(data.views)) < model.num_views and options.augment is None:
        raise InputError(
            f"{model.target_dist!r} compares {model.num_views} views of every sample but the data has "
            f"{len(data.views)}; pass a tuple of views, or augment= (a function (x, generator) -> view)"
        )
    seed, history = options.seed(), History()
    model.hold(model.target_dist.prepare(data.points()))
    model.train()
    try:
        with one_thread_each(), own_randomness(seed, data.id.device):
            target = fixed_target(model, data, options)
            if options.restarts > 1:
                seed = best_seed(model, data, options, seed, target, history)
            if history.interrupted:
                Emitter(options.callbacks)(
                    Event("end", 0, 0, history.losses[-1] if history.losses else math.nan, model)
                )
            else:
                follow(Run(model, data, options, seed, target), history)
    finally:
        model.hold(None)
        model.eval()
    return history


@contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seed what draws from torch's global state (dropout), and put that state back afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def follow(run: Run, history: History) -> None:
    """Take a run to its end, with its events; Ctrl-C leaves the model in the best state seen."""
    model, best, emit = run.model, Best(run.model), Emitter(run.options.callbacks)
    history.losses = run.losses
    try:
        goes_on = emit(Event("start", 0, run.total, math.nan, model))
        while goes_on and run.step < run.total:
            event = run.advance()
            best.see(event, whole=run.target is not None)
            goes_on = emit(event)
    except KeyboardInterrupt:
        history.interrupted = True
        best.restore()
        log.warning("interrupted at step %d of %d; the best state so far is kept", run.step, run.total)
    finally:
        history.empty_rows = run.empty_rows / max(1, run.step)
        if history.empty_rows > 0:
            log.warning(
                "%.1f %% of the rows had no mass under the target (no positive, no neighbour in the batch, no label) "
                "and were left out of the mean",
                100 * history.empty_rows,
            )
        emit(Event("end", run.step, run.total, run.losses[-1] if run.losses else math.nan, model))


def fixed_target(model: Objective, data: Inputs, options: Training) -> Conditional | None:
    """The target on the whole data, when it is the same at every step; else None."""
    learns = any(p.requires_grad for p in model.target_dist.parameters())
    if options.batch_size is not None or options.augment is not None or learns:
        return None
    if model.mapper_j is not None and not getattr(model.mapper_j, "same_points", False):
        return None
    with torch.no_grad():
        points = data.points()
        target = model.target_on(points, points)
        if target.support is None and fits(Problem.of(points, points)):
            whole = MatrixConditional(
                target.block(None), target.normalize, target.pairs, full=target.full_support
            )
            whole.square = target.square
            return whole
        return target


def fits(problem: Problem) -> bool:
    """May the whole target matrix be held for the run?"""
    return problem.dense_bytes <= DENSE_SHARE * problem.memory


# Successive halving: after this share of the steps, this share of the starts goes on.
ROUNDS = ((1 / 8, 1 / 8), (3 / 8, 0.0))


def best_seed(
    model: Objective, data: Inputs, options: Training, seed: int, target: Conditional | None, history: History
) -> int:
    """The seed of the best of several starts by its own loss, found by successive halving (``ROUNDS``).

    The winner is run again from its seed by the caller, so callbacks see one unbroken run. Ctrl-C ends the
    search and leaves the model in the state of the best start so far.
    """
    source = torch.Generator().manual_seed(seed)
    seeds = [int(torch.randint(1 << 62, (), generator=source)) for _ in range(options.restarts)]
    emit = Emitter(options.callbacks)
    runs: dict[int, Run] = {}
    try:
        for s in seeds:
            runs[s] = Run(copy.deepcopy(model), data, options, s, target)
        for number, (share, kept) in enumerate(ROUNDS):
            for k, run in enumerate(runs.values()):
                last = run.advance_to(round(share * run.total))
                if not emit(Event("search", k, len(runs), last, model, notes={"round": number})):
                    raise KeyboardInterrupt
            losses = {s: run.loss() for s, run in runs.items()}
            history.restart_losses = sorted(losses.values())
            ranked = sorted(losses, key=lambda s: losses[s])
            runs = {s: runs[s] for s in ranked[: max(1, round(kept * options.restarts))]}
    except KeyboardInterrupt:
        if not runs:
            raise
        history.interrupted = True
        ahead = min(runs.values(), key=lambda run: (-run.step, run.loss()))
        history.losses = ahead.losses
        model.load_state_dict(ahead.model.state_dict())
        log.warning("interrupted during the search; the best of %d starts so far is kept", len(runs))
    return next(iter(runs))


class Emitter:
    """Passes events on; a callback that returns False asks to stop."""

    def __init__(self, callbacks: tuple[Callback, ...]) -> None:
        self.callbacks = callbacks

    def __call__(self, event: Event) -> bool:
        answers = [callback(event) for callback in self.callbacks]
        return not any(answer is False for answer in answers)


class Best:
    """The state with the lowest loss seen, kept so that an interrupted run can return it.

    A step tells the loss of the state before it, so a state is kept until the next step has judged it.
    """

    def __init__(self, model: Objective) -> None:
        self.model = model
        self.loss, self.last, self.state = math.inf, math.inf, None
        self.waiting: dict[str, Tensor] | None = None

    def see(self, event: Event, *, whole: bool) -> None:
        """Remember the state if it is the best; only losses of the whole data can be compared."""
        self.last = event.loss
        if self.waiting is not None and event.loss < self.loss:
            self.loss, self.state = event.loss, self.waiting
        spaced = event.step % max(1, event.max_iter // 50) == 0
        self.waiting = copy.deepcopy(self.model.state_dict()) if whole and spaced else None

    def restore(self) -> None:
        """Put the best state back, unless the present one is better."""
        if self.state is not None and self.loss < self.last:
            self.model.load_state_dict(self.state)


def training_options(owner: str, options: dict[str, Any]) -> Training:
    """Options by name, with unknown names refused."""
    check_names(owner, options, {f.name for f in fields(Training)})
    return Training(**options)
