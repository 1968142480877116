"""Several starts of one method, of which the best by its own loss is trained to the end."""

from __future__ import annotations

import logging

from iconlearn.train.checkpoint import Checkpoint
from iconlearn.train.events import Emitter, Event
from iconlearn.train.interrupt import between_steps, stop_unless
from iconlearn.train.options import History
from iconlearn.train.race import Race

log = logging.getLogger("iconlearn")


def best_seed(race: Race, history: History, file: Checkpoint | None) -> int:
    """The seed of the best of several starts by its own loss, found by successive halving.

    The winner is run again from its seed by the caller, so callbacks see one unbroken run. Ctrl-C ends the
    search and leaves the model in the state of the best start so far; the file keeps all that are still in it.
    """
    emit, across = Emitter(race.options.callbacks), race.data.across
    whole = False  # is the race between two steps?
    with between_steps(file is not None, across) as answer:
        try:
            while not race.over:
                whole = False
                if race.begun < len(race.seeds):
                    race.begin()
                    event = None
                else:
                    event = forward(race)
                whole = True
                stop_unless(across.all(event is None or emit(event)))
                answer()
                if file is not None and not race.over and file.due(race.step):
                    file.write(race.capture())
        except KeyboardInterrupt:
            if not race.runs:
                raise
            history.interrupted = True
            if file is not None and whole:
                file.write(race.capture())
            ahead = race.leader()
            history.losses = ahead.losses
            race.model.load_state_dict(ahead.model.state_dict())
            across.level(race.model)
            log.warning("interrupted during the search; the best of %d starts so far is kept", len(race.runs))
    history.restart_losses = sorted(race.losses.values())
    return next(iter(race.runs))


def forward(race: Race) -> Event | None:
    """A step of the race, and the end of the rounds that it ends; of a run without steps the end alone."""
    number, last = race.round, race.last
    loss = race.advance() if race.step < last else None
    race.settle()
    if loss is None:
        return None
    return Event("search", race.step - 1, last, loss, race.model, notes={"round": number})
