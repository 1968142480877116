"""Checkpoints: a run that is killed or stopped goes on to the bits that it would have had, or says why not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import resuming
import torch
from resuming import RUNS, X, after, fit
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from iconlearn import (
    KNN,
    Embedding,
    FileFormatError,
    Gaussian,
    ICon,
    Learnable,
    Linear,
    OptionError,
    StudentT,
)
from iconlearn.train import checkpoint as checkpoints
from iconlearn.train import loop
from iconlearn.train.baseline import keep_baseline
from iconlearn.train.fingerprint import digest
from iconlearn.train.optimizers import OPTIMIZERS

KILLED_AFTER = {"map": 38, "encoder": 38, "restarts": 30, "stored": 22}


def stop():
    raise KeyboardInterrupt


def same_bits(one: ICon, other: ICon) -> None:
    assert (one.history.losses, one.history.loss) == (other.history.losses, other.history.loss)
    mine, theirs = one.state_dict(), other.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert one.history.empty_rows == other.history.empty_rows
    assert one.history.restart_losses == other.history.restart_losses


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The files that killed runs leave, by name."""
    folder = tmp_path_factory.mktemp("killed")
    runs = {
        name: subprocess.Popen(
            [sys.executable, resuming.__file__, name, str(folder / name), str(step), "step"]
        )
        for name, step in KILLED_AFTER.items()
    }
    assert {name: run.wait() for name, run in runs.items()} == dict.fromkeys(runs, -signal.SIGKILL)
    return {name: folder / name for name in runs}


@pytest.mark.parametrize("name", list(KILLED_AFTER))
def test_a_killed_run_goes_on_to_the_same_bits(name, killed):
    events = []
    resumed = fit(name, checkpoint=killed[name], callbacks=(events.append,))
    same_bits(resumed, fit(name))
    at = (KILLED_AFTER[name] + 1) // 7 * 7
    assert resumed.history.resumed_from == at
    assert [event.kind for event in events[:2]] == ["start", "step"]
    assert [event.step for event in events[:2]] == [at, at]
    assert not resumed.history.interrupted


@pytest.mark.parametrize("name", [name for name in RUNS if "race" not in name])
def test_a_run_may_be_stopped_after_every_few_steps(name, tmp_path):
    path, model = tmp_path / "run", None
    for step in (0, 1, 17, 29):
        model = fit(name, checkpoint=path, callbacks=(after(step, stop),))
        assert model.history.interrupted
        assert len(model.history.losses) == step + 1
    same_bits(fit(name, checkpoint=path), fit(name))
    assert os.listdir(tmp_path) == ["run"]


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_every_optimiser_goes_on(optimizer, tmp_path):
    def run(**options):
        model = ICon(KNN(5), Gaussian(Learnable(0.5)), Linear(5, 2))
        return model.fit(X, optimizer=optimizer, max_iter=20, checkpoint=options.pop("path", None), **options)

    run(path=tmp_path / "run", callbacks=(after(8, stop),))
    same_bits(run(path=tmp_path / "run"), run())


def test_float64_state_stays_float64(tmp_path, float64):
    def run(**options):
        return ICon(KNN(5), StudentT(), Linear(5, 2)).fit(X, max_iter=20, **options)

    run(checkpoint=tmp_path / "run", callbacks=(after(8, stop),))
    same_bits(run(checkpoint=tmp_path / "run"), run())


def test_a_checkpoint_changes_no_bit_and_is_written_as_asked(tmp_path, monkeypatch):
    same_bits(fit("encoder", checkpoint=tmp_path / "one", checkpoint_every=1), fit("encoder"))
    written = []
    write = checkpoints.Checkpoint.write
    monkeypatch.setattr(
        checkpoints.Checkpoint,
        "write",
        lambda self, state: written.append(state.values["step"]) or write(self, state),
    )
    fit("map", checkpoint=tmp_path / "two", checkpoint_every=25)
    assert written == [25, 50, 60]
    written.clear()
    fit("map", checkpoint=tmp_path / "three")  # far less than a minute
    assert written == [60]
    written.clear()
    clock = iter(range(0, 10000, 25))
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: next(clock))
    fit("map", checkpoint=tmp_path / "four")  # 25 seconds a look
    assert len(written) > 10


def test_a_finished_run_is_returned_at_once(tmp_path):
    path, events = tmp_path / "deep" / "run", []
    first = fit("restarts", checkpoint=path)
    before = path.read_bytes()
    second = fit("restarts", checkpoint=path, callbacks=(events.append,))
    same_bits(second, first)
    assert [event.kind for event in events] == ["start", "end"]
    assert second.history.resumed_from == 40
    assert path.read_bytes() == before
    np.testing.assert_array_equal(second.transform(X), first.transform(X))
    model = resuming.a_map()
    again = [model.fit(X, **resuming.MAP, checkpoint=tmp_path / "map").transform(X) for _ in range(2)]
    np.testing.assert_array_equal(*again)


def test_a_run_that_a_callback_stopped_goes_on(tmp_path):
    path = tmp_path / "run"
    first = fit("map", checkpoint=path, callbacks=(lambda event: event.step < 9,))
    assert len(first.history.losses) == 10
    same_bits(fit("map", checkpoint=path), fit("map"))


def test_the_best_state_is_known_across_a_resume(tmp_path):
    def worse(k, total):
        return 0.1 if k < 20 else 30.0

    def run(model, stop_at, path=None):
        return model.fit(
            X, max_iter=50, lr=worse, optimizer="adam", checkpoint=path, callbacks=(after(stop_at, stop),)
        )

    def model():
        return ICon(KNN(5), Gaussian(1.0), Embedding(50, 2))

    whole = run(model(), 40)
    run(model(), 30, tmp_path / "run")
    halves = run(model(), 40, tmp_path / "run")
    same_bits(halves, whole)
    assert model().fit(X, max_iter=0).history.losses == []
    assert halves(X).item() == pytest.approx(min(whole.history.losses), rel=1e-3)


def test_a_seed_that_was_drawn_is_kept(tmp_path):
    path = tmp_path / "run"
    fit("map", checkpoint=path, random_state=None, callbacks=(after(3, stop),))
    held = tmp_path / "copy"
    held.write_bytes(path.read_bytes())
    same_bits(*(fit("map", checkpoint=p, random_state=None) for p in (path, held)))


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_waits_for_the_end_of_the_step(tmp_path):
    calls = []

    def interrupting(x, generator):
        calls.append(1)
        if len(calls) == 7:  # in the fourth step: two views a step
            os.kill(os.getpid(), signal.SIGINT)
        return resuming.noisy(x, generator)

    interrupting.__qualname__ = resuming.noisy.__qualname__
    path = tmp_path / "run"
    model = fit("encoder", checkpoint=path, augment=interrupting)
    assert model.history.interrupted
    assert len(model.history.losses) == 4
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    same_bits(fit("encoder", checkpoint=path), fit("encoder"))
    calls.clear()
    assert len(fit("encoder", augment=interrupting).history.losses) == 3  # without a file nothing waits


@pytest.mark.usefixtures("interruptible")
def test_a_second_ctrl_c_does_not_wait_and_leaves_the_last_good_file(tmp_path):
    calls = []

    def interrupting(x, generator):
        calls.append(1)
        if len(calls) == 15:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return resuming.noisy(x, generator)

    interrupting.__qualname__ = resuming.noisy.__qualname__
    path = tmp_path / "run"
    model = fit("encoder", checkpoint=path, checkpoint_every=5, augment=interrupting)
    assert model.history.interrupted
    assert len(model.history.losses) == 7
    resumed = fit("encoder", checkpoint=path)
    assert resumed.history.resumed_from == 5
    same_bits(resumed, fit("encoder"))


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_at_the_last_step_leaves_the_baseline_to_the_resumed_run(tmp_path):
    def interrupt():
        os.kill(os.getpid(), signal.SIGINT)

    def run(**options):
        return resuming.a_head().fit(X, max_iter=5, baseline=50.0, **options)

    path = tmp_path / "run"
    cut = run(checkpoint=path, callbacks=(after(4, interrupt),))
    assert cut.history.interrupted
    assert len(cut.history.losses) == 5
    assert not cut.history.kept_baseline
    resumed, whole = run(checkpoint=path), run()
    assert resumed.history.kept_baseline
    assert whole.history.kept_baseline
    assert not resumed.history.interrupted
    same_bits(resumed, whole)
    same_bits(run(checkpoint=path), whole)  # and now it is finished


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_in_the_baseline_waits_for_it_once(times, tmp_path, monkeypatch):
    def interrupting(run):
        kept = keep_baseline(run)
        for _ in range(times):
            os.kill(os.getpid(), signal.SIGINT)
        return kept

    def run(**options):
        return resuming.a_head().fit(X, max_iter=8, baseline=50.0, **options)

    path = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(loop, "keep_baseline", interrupting)
        cut = run(checkpoint=path, checkpoint_every=5)
    assert cut.history.interrupted
    assert cut.history.kept_baseline == (times == 1)
    resumed = run(checkpoint=path)
    assert resumed.history.resumed_from == (8 if times == 1 else 5)
    same_bits(resumed, run())


@pytest.mark.parametrize("step", [0, 2])
def test_a_run_that_a_callback_stopped_is_not_given_the_baseline(step, tmp_path):
    def run(**options):
        return resuming.a_head().fit(X, max_iter=6, baseline=50.0, **options)

    path = tmp_path / "run"
    first = run(checkpoint=path, callbacks=(lambda event: event.kind != "step" or event.step < step,))
    assert len(first.history.losses) == step + 1
    assert not first.history.kept_baseline
    assert first.history.loss == pytest.approx(first(X).item(), rel=1e-5)
    resumed, whole = run(checkpoint=path), run()
    assert resumed.history.kept_baseline
    same_bits(resumed, whole)


START = np.random.default_rng(1).normal(size=(50, 2))
OTHERS = {
    "X differs": lambda: (X + 1e-3, {}, {}),
    "y differs": lambda: ((X, np.arange(50)), {}, {}),
    r"max_iter was 10 and is 20": lambda: (X, {"max_iter": 20}, {}),
    r"lr was None and is 0\.5": lambda: (X, {"lr": 0.5}, {}),
    r"random_state was 0 and is 1": lambda: (X, {"random_state": 1}, {}),
    r"exaggeration was None and is Steps": lambda: (X, {"exaggeration": resuming.MAP["exaggeration"]}, {}),
    r"model was .*KNN\(k=5\).* and is .*KNN\(k=6\)": lambda: (X, {}, {"k": 6}),
    "the arrays of the model differ": lambda: (X, {}, {"init": START + 1e-3}),
}


@pytest.mark.parametrize("message", list(OTHERS))
def test_the_checkpoint_of_another_run_is_refused(message, tmp_path):
    def run(data, options, parts):
        mapper = Embedding(50, 2, init=parts.get("init", START))
        model = ICon(KNN(parts.get("k", 5)), StudentT(), mapper)
        return model.fit(
            data, **{"max_iter": 10, "optimizer": "adam", **options}, checkpoint=tmp_path / "run"
        )

    run(X, {}, {})
    before = (tmp_path / "run").read_bytes()
    with pytest.raises(FileFormatError, match=rf"run: is the checkpoint of another run \({message}"):
        run(*OTHERS[message]())
    assert (tmp_path / "run").read_bytes() == before
    run(X.tolist(), {"callbacks": (lambda event: None,), "checkpoint_every": 3}, {})


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "run"
    fit("map", checkpoint=path, max_iter=8)
    return path


def refused(path: Path) -> FileFormatError:
    with pytest.raises(FileFormatError) as caught:
        fit("map", checkpoint=path, max_iter=8)
    assert str(path) in str(caught.value)
    return caught.value


def test_a_damaged_file_is_refused(file, tmp_path):
    body, path = file.read_bytes(), tmp_path / "run"
    places = np.random.default_rng(0).integers(0, len(body), 40).tolist()
    for place in [*range(0, 12), *places]:
        path.write_bytes(body[:place] + bytes([body[place] ^ 4]) + body[place + 1 :])
        refused(path)
    for length in (0, 1, 8, 100, len(body) // 2, len(body) - 1):
        path.write_bytes(body[:length])
        refused(path)
    for other in (b"not a checkpoint at all", body + b"0", b"\xff" * 200):
        path.write_bytes(other)
        refused(path)


def rewrite(source: Path, path: Path, change) -> None:
    """The file with a changed document, and checksums that fit it."""
    with safe_open(source, "pt") as file:
        document = json.loads(file.metadata()["iconlearn.checkpoint"])
    tensors = load_file(source)
    change(document, tensors)
    document["sha256"] = digest(dict(sorted(tensors.items())))
    text = json.dumps(document)
    save_file(tensors, path, {"iconlearn.checkpoint": text, "sha256": digest(text)})


def test_a_newer_or_foreign_file_is_refused(file, tmp_path):
    path = tmp_path / "run"
    rewrite(file, path, lambda document, tensors: document.update(schema=3, iconlearn="9.0"))
    assert "has schema 3 but this version reads 2; it was written by iconlearn 9.0" in str(refused(path))
    rewrite(file, path, lambda document, tensors: tensors.pop("model.mapper.weight"))
    assert "does not fit the run" in str(refused(path))
    rewrite(file, path, lambda document, tensors: document["values"].pop("optimizer"))
    assert "does not fit the run" in str(refused(path))
    save_file({"weight": torch.zeros(3)}, path)
    assert "is not the checkpoint of a run" in str(refused(path))
    rewrite(file, path, lambda document, tensors: None)
    assert fit("map", checkpoint=path, max_iter=8).history.resumed_from == 8


def test_a_path_that_cannot_be_written_is_refused_at_the_door(tmp_path):
    (tmp_path / "file").write_text("")
    for path, why in ((tmp_path, "it is a folder"), (tmp_path / "file" / "run", "cannot be written")):
        with pytest.raises(OptionError, match=why):
            fit("map", checkpoint=path)
    for options, message in (
        ({"checkpoint": 3}, "checkpoint=3 must be the path"),
        ({"checkpoint_every": 3}, "checkpoint_every=3 but there is no file"),
        ({"checkpoint": tmp_path / "run", "checkpoint_every": 0}, "checkpoint_every=0"),
    ):
        with pytest.raises(OptionError, match=message):
            fit("map", **options)


def test_a_full_disk_ends_no_run(tmp_path, monkeypatch, caplog):
    def full(path, body):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_aside", full)
    same_bits(fit("map", checkpoint=tmp_path / "run", checkpoint_every=30), fit("map"))
    assert caplog.text.count("could not be written (No space left on device)") == 2


def test_state_that_no_file_can_keep_is_refused(tmp_path):
    class Odd(torch.nn.Linear):
        def get_extra_state(self):
            return {"calls": 3}

        def set_extra_state(self, state):
            pass

    model = ICon(KNN(5), Gaussian(1.0), Odd(5, 2))
    with pytest.raises(OptionError, match="_extra_state' of the model's state is a dict"):
        model.fit(X, max_iter=3, checkpoint=tmp_path / "run")
