"""The race of the starts goes on after a kill, a Ctrl-C or an error, and ends with the bits that it would have had."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from functools import lru_cache

import pytest
import resuming
import torch
from resuming import RUNS, X, after, fit
from torch import nn

from iconlearn import KNN, ICon, UniformCluster
from iconlearn.inputs import as_inputs
from iconlearn.processes import own_randomness
from iconlearn.train.events import Progress
from iconlearn.train.options import Training
from iconlearn.train.race import Race
from iconlearn.train.run import Run

RACES = ("race", "stored race")


@lru_cache
def unbroken(name):
    return fit(name)


def same_bits(one: ICon, other: ICon) -> None:
    assert one.history.losses == other.history.losses
    assert one.history.restart_losses == other.history.restart_losses
    mine, theirs = one.state_dict(), other.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


class Seen:
    """Steps by kind."""

    def __init__(self):
        self.steps = {"search": [], "step": []}

    def __call__(self, event):
        self.steps.get(event.kind, []).append(event.step)


@pytest.mark.slow
@pytest.mark.parametrize("name", RACES)
def test_a_race_that_was_killed_goes_on(name, tmp_path):
    path = tmp_path / "run"
    run = [sys.executable, resuming.__file__, name, str(path), "17", "search"]
    assert subprocess.run(run, check=False).returncode == -signal.SIGKILL
    seen = Seen()
    resumed = fit(name, checkpoint=path, callbacks=(seen,))
    assert seen.steps["search"][0] == 14  # the last step that seven divides: 14 are done
    assert seen.steps["step"][0] == 0
    assert resumed.history.resumed_from is None
    same_bits(resumed, unbroken(name))


@pytest.mark.parametrize("name", RACES)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_a_race_may_be_broken_at_any_step(name, error, tmp_path):
    def fail():
        raise error

    path, reached = tmp_path / "run", 0
    for step in (0, 2, 3, 11, 12, 20):  # rounds end with the third step and the twelfth or eleventh
        seen = Seen()
        options = {
            "checkpoint": path,
            "checkpoint_every": 1,
            "callbacks": (seen, after(step, fail, "search")),
        }
        if error is KeyboardInterrupt:
            history = fit(name, **options).history
            assert history.interrupted
            assert len(history.losses) == step + 1
            reached = reached if step == 0 else seen.steps["search"][0]
        else:
            with pytest.raises(error):
                fit(name, **options)
        # a Ctrl-C loses no step, an error the one in which it came
        assert seen.steps["search"][0] == reached
        reached = step + (error is KeyboardInterrupt)
    same_bits(fit(name, checkpoint=path), unbroken(name))


def test_a_race_that_a_callback_stopped_goes_on(tmp_path):
    path = tmp_path / "run"
    stopped = fit("race", checkpoint=path, callbacks=(lambda event: event.step < 2,))  # with the first round
    assert stopped.history.interrupted
    assert len(stopped.history.restart_losses) == 18
    same_bits(fit("race", checkpoint=path), unbroken("race"))


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("method", ["begin", "try_step", "loss"])
def test_ctrl_c_waits_until_the_race_is_between_two_steps(method, tmp_path, monkeypatch):
    work, calls = getattr(Run, method), []

    def interrupting(run, *args):
        calls.append(1)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return work(run, *args)

    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Run, method, interrupting)
        cut = fit("race", checkpoint=path)
    assert cut.history.interrupted
    assert len(cut.history.losses) == {"begin": 0, "try_step": 1, "loss": 3}[method]
    same_bits(fit("race", checkpoint=path), unbroken("race"))


def test_weights_of_the_user_are_those_that_the_race_began_with(tmp_path):
    def run(seed, **options):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            network = nn.Sequential(nn.Linear(5, 6), nn.Dropout(0.3), nn.Linear(6, 4))
        model = ICon(KNN(5), UniformCluster(inputs="logits"), network)
        return model.fit(X, restarts=4, max_iter=24, lr=0.01, batch_size=20, **options)

    def stop():
        raise KeyboardInterrupt

    path = tmp_path / "run"
    run(1, checkpoint=path, callbacks=(after(1, stop, "search"),))
    same_bits(run(2, checkpoint=path), run(1))


def test_a_race_goes_on_with_starts_that_have_failed():
    def race(**options):
        model = resuming.a_clustering()
        data = as_inputs(torch.from_numpy(X).float())
        return Race(model, data, Training(restarts=5, max_iter=30, batch_size=20, **options), 3, None)

    with own_randomness(0, torch.device("cpu")):
        one, other = race(), race()
        while one.begun < 5:
            one.begin()
        next(iter(one.runs.values())).failed = True
        one.advance()
        other.put_back(one.capture())
        for _ in range(3):
            assert one.advance() == other.advance()
            one.settle()
            other.settle()
        assert one.losses == other.losses
        assert list(one.runs) == list(other.runs)
    assert math.inf in one.losses.values()


def test_a_progress_bar_may_come_late(tmp_path, capsys):
    path = tmp_path / "run"
    fit("race", checkpoint=path, callbacks=(lambda event: event.step < 5,))
    fit("race", checkpoint=path, callbacks=(Progress("late"), lambda event: event.step < 9))
    assert "late: starts" in capsys.readouterr().err


def test_a_run_of_no_steps_has_a_winner():
    make, options = RUNS["race"]
    model = make().fit(X, **{**options, "max_iter": 0})
    assert model.history.losses == []
    assert len(model.history.restart_losses) == 18
