"""The training loop: one for every method, full batch or mini-batches."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from iconlearn._errors import InputError
from iconlearn._parallel import one_thread_each
from iconlearn.conditional import Conditional, MatrixConditional
from iconlearn.engines.plan import DENSE_SHARE, Problem
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective
from iconlearn.train.best import Best
from iconlearn.train.events import Emitter, Event
from iconlearn.train.options import History, Training
from iconlearn.train.run import Run
from iconlearn.train.search import best_seed

log = logging.getLogger("iconlearn")


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
