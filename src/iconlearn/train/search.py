"""Several starts of one method, of which the best by its own loss is trained to the end."""

from __future__ import annotations

import copy
import logging

import torch

from iconlearn.conditional import Conditional
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective
from iconlearn.train.batches import Batches
from iconlearn.train.events import Emitter, Event
from iconlearn.train.options import History, Training
from iconlearn.train.run import Run

log = logging.getLogger("iconlearn")

# Successive halving: after this share of the steps, this share of the starts goes on.
ROUNDS = ((1 / 8, 1 / 8), (3 / 8, 0.0))


def best_seed(
    model: Objective, data: Inputs, options: Training, seed: int, target: Conditional | None, history: History
) -> int:
    """The seed of the best of several starts by its own loss, found by successive halving (``ROUNDS``).

    The starts see the same batches, so that their losses can be compared and a batch is read once for all of them.
    The winner is run again from its seed by the caller, so callbacks see one unbroken run. Ctrl-C ends the
    search and leaves the model in the state of the best start so far.
    """
    source = torch.Generator().manual_seed(seed)
    seeds = [int(torch.randint(1 << 62, (), generator=source)) for _ in range(options.restarts)]
    batches = Batches(data, options, model.num_views, source, model.prepared)
    emit = Emitter(options.callbacks)
    runs: dict[int, Run] = {}
    try:
        for s in seeds:
            runs[s] = Run(copy.deepcopy(model), data, options, s, target).begin()
        for number, (share, kept) in enumerate(ROUNDS):
            first = next(iter(runs.values()))
            last = round(share * first.total)
            for step in range(max(run.step for run in runs.values()), last):
                batch = next(batches)
                common = target_of(model, batch) if target is None and model.target_is_given else None
                losses = [run.try_step(batch, common) for run in runs.values()]
                event = Event("search", step, last, min(losses), model, notes={"round": number})
                if not data.across.all(emit(event)):
                    raise KeyboardInterrupt
            losses = data.across.lead(
                {s: run.loss() for s, run in runs.items()}.copy
            )  # what the first has seen
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


def target_of(model: Objective, batch: Inputs) -> Conditional:
    """The target on a batch, which all starts share."""
    points = batch.points()
    return model.target_on(points, points)
