"""The search for a start: successive halving on the method's own loss."""

from __future__ import annotations

import copy
import logging

import torch

from iconlearn.conditional import Conditional
from iconlearn.inputs import Inputs
from iconlearn.objective import Objective
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

    The winner is run again from its seed by the caller, so callbacks see one unbroken run. Ctrl-C ends the
    search and leaves the model in the state of the best start so far.
    """
    source = torch.Generator().manual_seed(seed)
    seeds = [int(torch.randint(1 << 62, (), generator=source)) for _ in range(options.restarts)]
    emit = Emitter(options.callbacks)
    runs: dict[int, Run] = {}
    try:
        for s in seeds:
            runs[s] = Run(copy.deepcopy(model), data, options, s, target).begin()
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
