"""The training loop: one for every method, full batch or mini-batches."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from functools import partial

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional, MatrixConditional
from iconlearn.engines.plan import DENSE_SHARE, Problem
from iconlearn.inputs import Inputs
from iconlearn.mappers import ColumnMapper, Momentum, Table
from iconlearn.mappers.threads import threads_of
from iconlearn.objective import Objective
from iconlearn.processes import own_randomness
from iconlearn.train.baseline import check_baseline, keep_baseline
from iconlearn.train.batches import by_class
from iconlearn.train.best import Best
from iconlearn.train.budget import check_budget
from iconlearn.train.checkpoint import Checkpoint, Saved
from iconlearn.train.events import Emitter, Event
from iconlearn.train.fingerprint import fingerprint
from iconlearn.train.interrupt import between_steps
from iconlearn.train.options import History, Training
from iconlearn.train.race import Race
from iconlearn.train.run import Run, stages
from iconlearn.train.search import best_seed
from iconlearn.train.state import capture, put_back
from iconlearn.train.suggestions import applicable

log = logging.getLogger("iconlearn")
MOST_EMPTY = 0.5


def train(model: Objective, data: Inputs, options: Training) -> History:
    """Optimise ``model`` on ``data``; the model is left in its final (or, interrupted, best) state.

    Raises
    ------
    NonFiniteError
        If a loss stops being finite; names step, tensor and rows.
    InputError
        If the target needs views, labels or fields that the data does not have.
    MemoryBudgetError
        If the estimated peak is more than the free memory.
    """
    if data.num_views < model.num_views and options.augment is None:
        raise InputError(
            f"{model.target_dist!r} compares {model.num_views} views of every sample but the data has "
            f"{data.num_views}; pass a tuple of views, or augment= (a function (x, generator) -> view)"
        )
    check_baseline(model, options.baseline)
    check_batch(model, options)
    classes = by_class(data, options)  # refuses labels that it cannot draw from
    check_pieces(model, data, options, None if classes is None else classes.fewest)
    check_stages(model, options)
    data = replace(data, pieces=options.accumulate)
    file = Checkpoint.of(model, data, options)
    saved = None if file is None else file.read()
    across, history, device = data.across, History(), data.id.device
    across.same({} if across.size == 1 else common_facts(model, data, options, saved))
    if not across.first:  # the first process writes, and calls back
        file, options = None, replace(options, callbacks=())
    seed = across.lead(options.seed) if saved is None else int(saved.start["seed"])
    model.train()
    try:
        with threads_of(model.mapper), own_randomness(seed, device):
            target = None
            if saved is None or not saved.finished:
                check_budget(model, data, options)
                model.hold(model.target_dist.prepare(data.points()))
                target = fixed_target(model, data, options)
                options = applicable(options, model, target)
                check_comparable(options, target)
            racing = options.restarts > 1 if saved is None else saved.racing
            if racing:
                race = Race(model, data, options, seed, target)
                if file is not None:
                    file.start = {"seed": seed}
                if saved is not None:
                    saved.resume(race.put_back)
                seed = best_seed(race, history, file)
            elif saved is not None:
                history.restart_losses = saved.start["restart_losses"]
            if history.interrupted:
                Emitter(options.callbacks)(
                    Event("end", 0, 0, history.losses[-1] if history.losses else math.nan, model)
                )
                return history
            run, best = Run(model, data, options, seed, target), Best(model)
            if saved is None or racing:
                run.begin()
            else:
                saved.resume(partial(put_back, run, best))
                history.resumed_from = run.step
            if file is not None:
                file.start = {"seed": seed, "restart_losses": history.restart_losses}
                if racing:
                    file.write(capture(run, best))  # the search is not to be done again
            follow(run, best, history, file)
            across.level(model)
    finally:
        model.hold(None)
        model.evaluate.forget()
        for part in stages(model):
            part.at(1.0)  # wherever the run was, a warm start goes on with the whole
        model.eval()
    return history


def common_facts(model: Objective, data: Inputs, options: Training, saved: Saved | None) -> dict[str, str]:
    """What has to be the same in all processes; seeds and weights are those of the first anyway."""
    facts = fingerprint(model, data, options)
    for name in ("model", "the arrays of the model", "random_state"):
        del facts[name]
    return facts | {"the checkpoint": "none" if saved is None else saved.sha256}


def check_comparable(options: Training, target: Conditional | None) -> None:
    """Refuse a convergence test where the losses of two steps are not of the same thing."""
    if options.tol is not None and target is None:
        raise OptionError(
            f"fit: tol={options.tol} compares the losses of steps, but those of this run are not of one target on all "
            "rows; leave out batch_size=, augment=, mapper_j= and learnable widths of the target, or leave out tol"
        )


def check_batch(model: Objective, options: Training) -> None:
    """Refuse batches of one sample where the columns are the samples: there is nothing to tell it from."""
    others = isinstance(model.mapper_j, ColumnMapper) and not model.mapper_j.same_points
    if options.batch_size == 1 and not others:
        raise OptionError(
            "fit: batch_size=1 leaves a sample no others to be compared with, so nothing would be learnt; give a "
            "batch_size of at least 2, better hundreds, or columns of another kind, such as mapper_j=Queue()"
        )


def check_stages(model: Objective, options: Training) -> None:
    """Refuse columns that have one width while that of the rows changes from stage to stage."""
    columns = model.mapper_j
    fixed = isinstance(columns, ColumnMapper) and not isinstance(columns, Momentum)
    if fixed and stages(model) and not options.warm_start:
        raise OptionError(
            f"fit: {model.mapper!r} changes the width of embeddings from stage to stage, but the columns of "
            f"{columns!r} keep theirs; leave mapper_j out, or make it Momentum()"
        )


def check_pieces(model: Objective, data: Inputs, options: Training, fewest: int | None) -> None:
    """Refuse pieces of a batch that would be empty, and to save memory where there is no network to save it of."""
    table = any(isinstance(part, Table) for part in model.mapper.modules())
    for name, plain in (("accumulate", 1), ("precision", "32-true")):
        if table and (value := getattr(options, name)) != plain:
            raise OptionError(
                f"fit: {name}={value!r} is about the activations of a network, but {model.mapper!r} is a table, which "
                f"has none; leave {name} out"
            )
    if options.accumulate == 1:
        return
    size = min(data.n, options.batch_size or data.n)
    drawn = max(1, size // (1 + options.positives)) if fewest is None else fewest
    least = (
        2 if any(isinstance(part, _BatchNorm) for part in model.mapper.modules()) else 1
    )  # to have a spread
    most = drawn // (least * data.across.size)
    if options.accumulate > most:
        raise OptionError(
            f"fit: accumulate={options.accumulate} pieces of a batch of {drawn} samples, which {data.across.size} "
            f"process(es) share, would have fewer than {least}; give accumulate of at most {most}"
        )


def follow(run: Run, best: Best, history: History, file: Checkpoint | None) -> None:
    """Take a run to its end, with its events; Ctrl-C leaves the model in the best state seen."""
    model, emit = run.model, Emitter(run.options.callbacks)
    history.losses = run.losses
    whole = True  # is the run between two steps?
    across = run.data.across
    with between_steps(file is not None, across) as answer:
        try:
            goes_on = emit(Event("start", run.step, run.total, math.nan, model, losses=tuple(run.losses)))
            while across.all(goes_on and not run.done):
                whole = False
                event = run.advance()
                best.see(event, whole=run.target is not None and run.step >= run.whole_from)
                whole = True
                goes_on = emit(event)
                answer()
                if file is not None and not run.done and file.due(run.step):
                    file.write(capture(run, best))
            if not run.finished:
                whole = False
                conclude(run)
                whole = True
                if file is not None:
                    file.write(capture(run, best))
            history.loss = run.left
            if across.first:
                tell_divergence(history, run.whole_from)
            answer()  # to a Ctrl-C that came after the last step
        except KeyboardInterrupt:
            history.interrupted = True
            if file is not None and whole and not run.finished:
                file.write(capture(run, best))
            if not (run.finished or run.kept_baseline):
                best.restore()
                log.warning(
                    "interrupted at step %d of %d; the best state so far is kept", run.step, run.total
                )
        finally:
            history.kept_baseline = run.kept_baseline
            history.converged = run.converged
            history.empty_rows = run.empty_rows / max(1, run.step)
            if across.first:
                tell_empty_rows(history, run.options)
            emit(Event("end", run.step, run.total, run.losses[-1] if run.losses else math.nan, model))


def conclude(run: Run) -> None:
    """What comes after the last step: k-means may be kept, and the loss is that of what is left.

    A run that a callback has stopped keeps the weights that its next step would start from.
    """
    if run.done:
        run.kept_baseline = keep_baseline(run)
    if run.target is not None:
        run.left = run.loss()
    run.finished = run.done


def tell_divergence(history: History, since: int = 0) -> None:
    """Warn of a run that ended far above where it had been since a step."""
    if history.loss is None or not history.losses[since:]:
        return
    lowest = min(history.losses[since:])
    if history.loss > 2 * abs(lowest) + lowest + 1:
        log.warning(
            "the loss ended at %.4g after it had been at %.4g: the steps are too large; lower lr=, or "
            'name an optimizer= that scales them ("adam")',
            history.loss,
            lowest,
        )


def tell_empty_rows(history: History, options: Training) -> None:
    """Warn of rows that took no part in the loss; among positives that were drawn some always lack their own."""
    if history.empty_rows > (MOST_EMPTY if options.positives else 0):
        log.warning(
            "%.1f %% of the rows had no mass under the target (no positive, no neighbour in the batch, no label) "
            "and were left out of the mean",
            100 * history.empty_rows,
        )


def fixed_target(model: Objective, data: Inputs, options: Training) -> Conditional | None:
    """The target on the whole data, when it is the same at every step; else None."""
    if options.batch_size is not None or options.augment is not None or not model.target_is_given:
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
