"""When a run has converged: its loss stands still, and nothing that drives it is still to change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iconlearn.train.schedules import Schedule

WINDOW = 50  # steps over which the movement is taken


class Convergence:
    """Has the loss moved by no more than the share ``tol`` of itself over the last ``WINDOW`` steps?

    Where it falls, that is what it has improved by; a loss that rises or swings, as after a long step, is on its
    way and not at its end. Asked only of steps at which every schedule has its final value, so a plateau before
    the end of the exaggeration is none.

    Parameters
    ----------
    tol : float
    schedules : iterable of schedules
    total : int
        Steps of the run.
    whole_from : int, default 0
        Losses of earlier steps are of another embedding, as those of the first stages of a network are.

    Examples
    --------
    >>> test = Convergence(0.01, [], total=100)
    >>> test.reached([1.0] * 50), test.reached([1.0] * 51), test.reached([1.0] * 50 + [0.9])
    (False, True, False)
    """

    def __init__(self, tol: float, schedules: Iterable[Schedule], total: int, whole_from: int = 0) -> None:
        self.tol = tol
        self.settled = max([whole_from, *(settled_from(schedule, total) for schedule in schedules)])

    def reached(self, losses: Sequence[float]) -> bool:
        """Do the losses of all steps so far stand still?"""
        if len(losses) - WINDOW <= self.settled:
            return False
        last = losses[-WINDOW - 1 :]
        return max(last) - min(last) <= self.tol * abs(last[0])


def settled_from(schedule: Schedule, total: int) -> int:
    """The step from which a schedule has the value that it ends with."""
    if not total:
        return 0
    final, step = schedule(total - 1, total), total - 1
    while step and schedule(step - 1, total) == final:
        step -= 1
    return step
