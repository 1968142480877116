"""Several starts of one method on the same batches, and a state from which their race goes on."""

from __future__ import annotations

import copy
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
from iconlearn.train.options import Training
from iconlearn.train.run import Run
from iconlearn.train.state import (
    State,
    common_randomness,
    give_batches,
    give_run,
    restore_common,
    take_batches,
    take_run,
    tensors_only,
)

# Successive halving: after this share of the steps, this share of the starts goes on.
ROUNDS = ((1 / 12, 1 / 4), (0.3, 1 / 12), (1.0, 0.0))
SAME = 0.02  # starts that differ on less than this share of the pairs are on their way to one solution
NEAR = math.log(2)  # log q of pairs that count as near
COMPARED = 1 << 16  # pairs on which they are compared


class Race:
    """Starts that see the same batches, of which fewer go on after every round (``ROUNDS``).

    The same batches, so that their losses can be compared and a batch is read once for all of them. Of several that
    are on their way to one solution the best goes on, for the leading ones often are.

    Attributes
    ----------
    runs : dict of int to Run
        Those that are still in it, by their seeds; at first those that have begun.
    losses : dict of int to float
        Of every start, when it was last compared.
    step, round : int
        Steps that each has taken, and rounds that are over.
    """

    def __init__(
        self, model: Objective, data: Inputs, options: Training, seed: int, target: Conditional | None
    ) -> None:
        self.model, self.data, self.options, self.target = model, data, options, target
        source = torch.Generator().manual_seed(seed)
        self.seeds = [int(torch.randint(1 << 62, (), generator=source)) for _ in range(options.restarts)]
        self.batches = Batches(data, options, model.num_views, source, model.prepared)
        self.seen: tuple[Inputs, Conditional | None] = data, target  # the last batch, and p on it
        self.runs: dict[int, Run] = {}
        self.losses: dict[int, float] = {}
        self.step = self.round = self.begun = 0

    @property
    def over(self) -> bool:
        """Is one left?"""
        return self.begun == len(self.seeds) and len(self.runs) == 1

    @property
    def last(self) -> int:
        """Steps after which the present round ends."""
        total = next(iter(self.runs.values())).total
        return min(total, max(self.round + 1, round(ROUNDS[self.round][0] * total)))

    def begin(self) -> None:
        """Bring one more start to where it starts."""
        seed = self.seeds[self.begun]
        self.runs[seed] = self._run(seed).begin()
        self.begun += 1

    def _run(self, seed: int) -> Run:
        return Run(copy.deepcopy(self.model), self.data, self.options, seed, self.target)

    def advance(self) -> float:
        """One step of all starts, and the lowest of their losses."""
        batch, target = next(self.batches), self.target
        if target is None and self.model.target_is_given:  # one for all starts
            points = batch.points()
            target = self.model.target_on(points, points)
        self.seen = batch, target
        self.step += 1
        return min([run.try_step(batch, target) for run in self.runs.values()])

    def settle(self) -> None:
        """Where rounds end with the last step, let the best of the different starts go on."""
        while not self.over and self.step >= self.last:
            own = {seed: run.standing() for seed, run in self.runs.items()}
            solutions = {seed: solution(run, *self.seen) for seed, run in self.runs.items()}
            count = max(1, round(ROUNDS[self.round][1] * self.options.restarts))
            # what the first process has seen
            seen, kept = self.data.across.lead(partial(chosen, self.losses | own, solutions, count))
            self.losses, self.runs = seen, {seed: self.runs[seed] for seed in kept}
            self.round += 1

    def leader(self) -> Run:
        """The best of those that have come farthest."""
        return min(self.runs.values(), key=lambda run: (-run.step, run.standing()))

    def capture(self) -> State:
        """Everything that the next step depends on; between two steps, of which :meth:`settle` is a part."""
        state = State(values={"stage": "race", "runs": list(self.runs), "losses": list(self.losses.items())})
        state.values |= {"step": self.step, "round": self.round, "begun": self.begun}
        state.put("model.", tensors_only(self.model.state_dict()))  # where later starts and the winner begin
        state.put("random.", common_randomness(self.data.id.device))
        take_batches(self.batches, state)
        for seed, run in self.runs.items():
            own = State()
            take_run(run, own)
            state.nest(f"{seed}.", own)
        return state

    def put_back(self, state: State) -> None:
        """Bring a race that has not begun to where another was captured."""
        self.model.load_state_dict(state.get("model."))
        self.step, self.round, self.begun = (int(state.values[name]) for name in ("step", "round", "begun"))
        self.losses = {int(seed): float(loss) for seed, loss in state.values["losses"]}
        give_batches(self.batches, state)
        for seed in map(int, state.values["runs"]):
            self.runs[seed] = self._run(seed)
            give_run(self.runs[seed], state.nested(f"{seed}."))
        restore_common(state.get("random."), self.data.id.device)


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
