"""Several starts of one method, of which the best by its own loss is trained to the end."""

from __future__ import annotations

import copy
import logging
import math
from functools import partial

import torch
from torch import Tensor

from iconlearn._numerics import NEG
from iconlearn.conditional import Conditional
from iconlearn.explain import evaluating
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective
from iconlearn.train.batches import Batches
from iconlearn.train.events import Emitter, Event
from iconlearn.train.options import History, Training
from iconlearn.train.run import Run

log = logging.getLogger("iconlearn")

# Successive halving: after this share of the steps, this share of the starts goes on.
ROUNDS = ((1 / 12, 1 / 4), (0.3, 1 / 12), (1.0, 0.0))
SAME = 0.02  # starts that differ on less than this share of the pairs are on their way to one solution
NEAR = math.log(2)  # log q of pairs that count as near
COMPARED = 1 << 16  # pairs on which they are compared


def best_seed(
    model: Objective, data: Inputs, options: Training, seed: int, target: Conditional | None, history: History
) -> int:
    """The seed of the best of several starts by its own loss, found by successive halving (``ROUNDS``).

    The starts see the same batches, so that their losses can be compared and a batch is read once for all of them.
    Of several that are on their way to one solution the best goes on, for the leading ones often are.
    The winner is run again from its seed by the caller, so callbacks see one unbroken run. Ctrl-C ends the
    search and leaves the model in the state of the best start so far.
    """
    source = torch.Generator().manual_seed(seed)
    seeds = [int(torch.randint(1 << 62, (), generator=source)) for _ in range(options.restarts)]
    batches = Batches(data, options, model.num_views, source, model.prepared)
    emit = Emitter(options.callbacks)
    runs: dict[int, Run] = {}
    losses: dict[int, float] = {}  # of every start, when it was last compared
    try:
        for s in seeds:
            runs[s] = Run(copy.deepcopy(model), data, options, s, target).begin()
        for number, (share, kept) in enumerate(ROUNDS):
            if len(runs) == 1:
                break
            first = next(iter(runs.values()))
            last = min(first.total, max(number + 1, round(share * first.total)))
            batch, common = data, target
            for step in range(max(run.step for run in runs.values()), last):
                batch = next(batches)
                common = target_of(model, batch) if target is None and model.target_is_given else target
                seen = [run.try_step(batch, common) for run in runs.values()]
                event = Event("search", step, last, min(seen), model, notes={"round": number})
                if not data.across.all(emit(event)):
                    raise KeyboardInterrupt
            losses |= {s: run.loss() for s, run in runs.items()}
            solutions = {s: solution(run, batch, common) for s, run in runs.items()}
            count = max(1, round(kept * options.restarts))
            # what the first process has seen
            losses, going_on = data.across.lead(partial(chosen, losses, solutions, count))
            history.restart_losses = sorted(losses.values())
            runs = {s: runs[s] for s in going_on}
    except KeyboardInterrupt:
        if not runs:
            raise
        history.interrupted = True
        ahead = min(runs.values(), key=lambda run: (-run.step, run.loss()))
        history.losses = ahead.losses
        model.load_state_dict(ahead.model.state_dict())
        log.warning("interrupted during the search; the best of %d starts so far is kept", len(runs))
    return next(iter(runs))


def target_of(model: Objective, batch: Inputs) -> Conditional:
    """The target on a batch, which all starts share."""
    points = batch.points()
    return model.target_on(points, points)


@torch.no_grad()
def solution(run: Run, batch: Inputs, target: Conditional | None) -> Tensor | None:
    """What tells solutions apart: which pairs of p are near the most probable one of their row under q.

    It is the same however decided q is yet, as long as it is on its way to one solution. None where p lists no pairs.
    """
    if run.failed or target is None or (support := target.support) is None or not len(support):
        return None
    every = max(1, len(support) // COMPARED)
    owner, entry = support.take_rows(torch.arange(0, support.n, every, device=support.cols.device))
    with evaluating(run.model):
        learned = run.model.pair(batch, target=target).learned
    log_q = learned.at(support.rows[entry], support.cols[entry])
    most = log_q.new_full((support.n,), NEG).scatter_reduce(0, owner, log_q, "amax")
    return log_q > most[owner] - NEAR


def chosen(
    losses: dict[int, float], solutions: dict[int, Tensor | None], count: int
) -> tuple[dict[int, float], list[int]]:
    """The losses, and the starts that go on: so many of the best that are different solutions."""
    kept: list[int] = []
    for s in sorted(solutions, key=lambda s: losses[s]):
        if len(kept) < count and not any(alike(solutions[s], solutions[other]) for other in kept):
            kept.append(s)
    return losses, kept


def alike(one: Tensor | None, other: Tensor | None) -> bool:
    """Are these the same solution, or nearly? Where all pairs are near as yet, nothing is decided."""
    if one is None or other is None or bool(one.double().mean() > 1 - SAME):
        return False
    return bool((one != other).double().mean() < SAME)
