"""Monitors, probes and logs: right numbers at the right steps, and a run that is the same with and without them."""

from __future__ import annotations

import csv
import json
import logging
import math
import shutil
from dataclasses import replace

import numpy as np
import pytest
import resuming
import torch
from lightning_fabric.loggers import CSVLogger, TensorBoardLogger
from resuming import X, after, fit
from torch import nn

from iconlearn import (
    KNN,
    MLP,
    Embedding,
    FileFormatError,
    Gaussian,
    ICon,
    InputError,
    Linear,
    OptionError,
    PerView,
    Predicted,
    ResNet18,
)
from iconlearn import evaluation as ev
from iconlearn.monitoring import JSONLines, Monitor, OnlineProbe, RunLog

Y = np.arange(50) % 2


def probe(**options) -> OnlineProbe:
    return OnlineProbe(**{"train": (X[:30], Y[:30]), "test": (X[30:], Y[30:]), "k": 5, **options})


# ---- monitors


def test_a_monitor_measures_the_embeddings_of_the_step():
    seen, monitor = {}, Monitor(every="2 epochs")

    def keep(event):
        if event.kind == "step":
            rows = event.pair.rows
            seen[event.step + 1] = rows.value.detach().double().numpy(), rows.id.numpy(), dict(event.notes)

    fit("encoder", callbacks=(monitor, keep))  # four batches an epoch, twelve epochs
    assert [(finding.step, finding.epoch) for finding in monitor.history] == [
        (8 * k, 2 * k) for k in range(1, 7)
    ]
    for finding in monitor.history:
        embeddings, ids, notes = seen[finding.step]
        assert len(embeddings) == 24
        mean, least = ev.dimension_spread(embeddings)
        assert finding.values == {
            "effective_rank": ev.effective_rank(embeddings),
            "mean_spread": mean,
            "least_spread": least,
            "alignment": ev.alignment(embeddings, ids),
            "uniformity": ev.uniformity(embeddings),
        }
        assert {f"embedding/{k}": v for k, v in finding.values.items()}.items() <= notes.items()
        assert {type(value) for value in json.loads(json.dumps(finding.values)).values()} == {float}
    assert "embedding/uniformity" not in seen[7][2]


def test_a_monitor_looks_at_the_first_samples_of_a_large_batch_in_all_views():
    seen = []
    monitor = Monitor(every=1, measures=["alignment"], max_samples=3)
    fit("encoder", epochs=1, callbacks=(monitor, lambda event: seen.append(event.pair)))
    rows = seen[1].rows
    kept = [0, 1, 2, 12, 13, 14]
    expected = ev.alignment(rows.value.detach().double()[kept], rows.id[kept])
    assert monitor.history[0].values == {"alignment": pytest.approx(expected)}


@pytest.mark.parametrize(
    ("every", "steps"), [(7, [7, 14, 20]), ("epoch", [*range(1, 21)]), ("6 epochs", [6, 12, 18, 20])]
)
def test_moments_of_a_run_without_batches(every, steps):
    monitor = Monitor(every, measures="uniformity")
    model = ICon(KNN(5), Gaussian(0.7), Linear(5, 2))
    for _ in range(2):  # a new run empties the history
        model.fit(X, max_iter=20, callbacks=(monitor,))
        assert [finding.step for finding in monitor.history] == steps
        assert set(monitor.history[0].values) == {"uniformity"}


class Narrow(nn.Module):
    """Embeddings that hardly differ; from the given call on."""

    def __init__(self, dim: int, calls: int = 0, width: float = 1e-5) -> None:
        super().__init__()
        self.layer, self.calls, self.width = nn.Linear(5, dim), calls, width

    def forward(self, x):
        self.calls -= 1
        return self.layer(x) if self.calls >= 0 else 1 + self.width * self.layer(x)


def warnings_of(mapper: nn.Module, caplog, **options) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.WARNING, "iconlearn"):
        ICon(KNN(5), Gaussian(1.0), mapper).fit(
            X, max_iter=30, callbacks=(Monitor(**{"every": 1, **options}),)
        )
    return [record.getMessage() for record in caplog.records]


def test_a_collapse_is_told_once_with_what_to_do(caplog):
    (message,) = warnings_of(Narrow(8), caplog)
    assert message.startswith(
        "step 4: the embeddings have collapsed (an effective rank of 1 in 8 dimensions)"
    )
    assert "lower lr=" in message
    (message,) = warnings_of(Narrow(8), caplog, measures=["dimension_spread"])
    assert "a mean spread of" in message
    (message,) = warnings_of(Narrow(8, calls=20), caplog)
    assert message.startswith("step 21: ")


def test_what_is_no_collapse_is_not_told(caplog):
    assert not warnings_of(nn.Linear(5, 8), caplog)
    assert not warnings_of(Narrow(2), caplog)  # a plane has an effective rank of 2 at most
    assert not warnings_of(Narrow(8), caplog, measures=["uniformity"])


def test_what_is_not_finite_is_noted_as_nan():
    monitor = Monitor(every=1)
    seen = []
    ICon(KNN(5), Gaussian(0.7), Linear(5, 3)).fit(X, max_iter=1, callbacks=(seen.append,))
    seen[1].pair.rows.value.data[0] = math.nan
    monitor(seen[1])
    assert all(math.isnan(value) for value in monitor.history[0].values.values())


# ---- probes


@pytest.mark.parametrize("name", ["encoder", "queue", "restarts"])
def test_watching_changes_no_bit_of_a_run(name, tmp_path):
    watching = Monitor(every=3), probe(every=3), RunLog(JSONLines(tmp_path / "log"))
    watched, alone = fit(name, callbacks=watching), fit(name)
    assert watched.history.losses == alone.history.losses
    mine, theirs = watched.state_dict(), alone.state_dict()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[key], theirs[key]) for key in mine)  # averages of batch normalisation too
    assert not any(part.training for part in watched.modules())


def test_a_probe_leaves_modes_and_random_states_alone():
    seen = []

    def look(event):
        if event.kind == "step":
            modes = [module.training for module in event.model.modules()]
            seen.append((modes, torch.get_rng_state(), np.random.get_state()[1].tolist()))

    def frozen(event):
        if event.kind == "start":
            event.model.mapper[1].eval()

    fit("encoder", epochs=1, callbacks=(frozen, look, probe(every=1), look))
    for before, after_it in zip(seen[::2], seen[1::2], strict=True):
        assert before[0] == after_it[0]
        assert torch.equal(before[1], after_it[1])
        assert before[2] == after_it[2]
    assert True in seen[0][0]
    assert False in seen[0][0]


@pytest.mark.parametrize("factor", [1.0, 1e20])
@pytest.mark.parametrize("predicted", [False, True])
def test_a_probe_scores_what_transform_gives(factor, predicted):
    mapper = Predicted(MLP(5, 3), MLP(3, 3)) if predicted else MLP(5, 3)
    rows, labels = X * factor, np.where(Y == 1, "odd", "even")
    watch = probe(train=(rows[:30], labels[:30]), test=(rows[30:], labels[30:]), every=8, name="mine")
    seen = []
    model = ICon(KNN(5), Gaussian(0.7), mapper)
    model.fit(rows, max_iter=20, callbacks=(watch, seen.append))
    sets = model.transform(rows[:30]), Y[:30], model.transform(rows[30:]), Y[30:]
    assert [finding.step for finding in watch.history] == [8, 16, 20]
    assert watch.history[-1].values == {"knn": ev.knn_probe(*sets, k=5), "linear": ev.linear_probe(*sets)}
    assert watch.history[-1].values["knn"] > 0.9
    assert seen[8].notes["mine/knn"] == watch.history[0].values["knn"]


def test_a_probe_takes_the_features_of_an_encoder(monkeypatch):
    encoder = ResNet18(5, (1, 8, 8))
    images = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    watch = probe(train=(images, Y[:20]), test=(images[:7], Y[:7]))
    model = ICon(KNN(3), Gaussian(0.7), encoder)
    monkeypatch.setattr("iconlearn.monitoring.probe.PIECE", 8)
    found = watch.features(model, watch.train)
    with torch.no_grad():
        expected = encoder.eval().features(images)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found.shape == (20, 512)


def test_features_that_are_a_layer_are_not_taken_for_those_of_an_encoder():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.features, self.head = nn.Linear(5, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.head(self.features(x))

    watch = probe()
    assert watch.features(ICon(KNN(3), Gaussian(), Net()), watch.test).shape == (20, 2)


def test_one_mapper_of_several_can_be_probed():
    mapper = PerView(MLP(5, 3), MLP(4, 3))
    watch = probe(encoder=mapper.mappers[0])
    model = ICon(resuming.a_queue().target_dist, Gaussian(0.7), mapper)
    model.fit((X, X[:, :4]), max_iter=2, callbacks=(watch,))
    assert len(watch.history) == 2
    with pytest.raises(OptionError, match="encoder= one of its mappers"):
        model.fit((X, X[:, :4]), max_iter=2, callbacks=(probe(),))


def test_features_that_are_not_finite_are_noted_as_nan():
    watch, model = probe(), ICon(KNN(5), Gaussian(), Linear(5, 2))
    for parameter in model.mapper.parameters():
        parameter.data.fill_(math.nan)
    seen = []
    ICon(KNN(5), Gaussian(0.7), Linear(5, 3)).fit(X, max_iter=1, callbacks=(seen.append,))
    watch(replace(seen[1], model=model))
    assert all(map(math.isnan, watch.history[0].values.values()))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Monitor(every=0), "Monitor: every=0 must be an integer"),
        (lambda: Monitor(every="week"), "every='week' must be a number of steps"),
        (lambda: Monitor(every="0 epochs"), "every=0 must be"),
        (lambda: Monitor(measures=["rank"]), "measures='rank' is unknown"),
        (lambda: Monitor(max_samples=0), "max_samples=0"),
        (lambda: Monitor(name=""), "name='' must be a text"),
        (lambda: probe(train=X), "train is a ndarray; give a tuple"),
        (lambda: probe(train=(X, Y[:9])), "train has 50 rows and labels of shape"),
        (lambda: probe(test=((X, X), Y)), "test has 2 views"),
        (lambda: probe(test=(X * math.nan, Y)), "NaN"),
        (lambda: probe(train=(X, Y * math.nan)), "train labels: 50 of 50 labels are NaN"),
        (lambda: probe(train=(X, Y * 0)), "train has one class, 0"),
        (lambda: probe(k=31), "train has 30 rows, but k=31"),
        (lambda: probe(encoder=3), "encoder=3 must be an nn.Module"),
        (lambda: fit("map", callbacks=(probe(),)), "is a table, which has no features of other rows"),
        (lambda: RunLog(print), "has no method log_metrics"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises((InputError, OptionError), match=message):
        make()


# ---- logs


def test_a_log_has_the_numbers_of_every_step(tmp_path):
    file, table, board = (
        JSONLines(tmp_path / "a" / "log"),
        CSVLogger(tmp_path, "csv"),
        TensorBoardLogger(tmp_path),
    )
    monitor, watch = Monitor(), probe(every="3 epochs")
    model = fit("encoder", callbacks=(monitor, watch, RunLog(file, table, board)))
    lines = file.lines()
    assert [line["step"] for line in lines] == [*range(1, 49)]
    assert [line["loss"] for line in lines] == model.history.losses
    schedule = resuming.VIEWS["lr"]
    assert [line["lr"] for line in lines] == [schedule(k, 48) for k in range(48)]
    assert [line["epoch"] for line in lines] == [k / 4 for k in range(1, 49)]
    for name, history in (("embedding", monitor.history), ("probe", watch.history)):
        for key in history[0].values:
            found = {line["step"]: line[f"{name}/{key}"] for line in lines if f"{name}/{key}" in line}
            assert found == {finding.step: finding.values[key] for finding in history}
    with open(f"{table.log_dir}/metrics.csv") as csv_file:
        rows = list(csv.DictReader(csv_file))
    assert [{k: float(v) for k, v in row.items() if v} for row in rows] == lines
    scalars = shown(board)
    assert [s.step for s in scalars.Scalars("loss")] == [*range(1, 49)]
    assert [s.step for s in scalars.Scalars("probe/linear")] == [12, 24, 36, 48]
    assert scalars.Scalars("loss")[7].value == pytest.approx(lines[7]["loss"])


def shown(board: TensorBoardLogger):
    """What TensorBoard shows of a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(board.log_dir).Reload()


class Kept:
    """A logger that only keeps."""

    def __init__(self):
        self.sent = []

    def log_metrics(self, numbers, step):
        self.sent.append((step, numbers["loss"]))


def test_a_log_goes_on_where_a_killed_run_left_the_checkpoint(tmp_path):
    def loggers():
        return JSONLines(tmp_path / "log"), TensorBoardLogger(tmp_path, "board", version="run")

    kept = Kept()
    same = RunLog(kept)  # in one process
    monitor = Monitor(every=2)
    path, copy = tmp_path / "run", tmp_path / "copy"

    def killed():  # the file as it was, with some steps behind it in the log
        shutil.copy(path, copy)
        raise KeyboardInterrupt

    options = {"checkpoint_every": 7}
    fit(
        "encoder",
        checkpoint=path,
        callbacks=(monitor, RunLog(*loggers()), same, after(38, killed)),
        **options,
    )
    with open(tmp_path / "log", "a") as file:
        file.write('{"step": 40, "lo')  # a line that the kill has cut short
    assert [line["step"] for line in loggers()[0].lines()] == [*range(1, 40)]
    file, board = loggers()
    model = fit("encoder", checkpoint=copy, callbacks=(monitor, RunLog(file, board), same), **options)
    assert model.history.resumed_from == 35
    assert [finding.step for finding in monitor.history] == [*range(2, 49, 2)]
    assert [(line["step"], line["loss"]) for line in file.lines()] == [*enumerate(model.history.losses, 1)]
    assert kept.sent == [*enumerate(model.history.losses, 1)]
    assert [s.step for s in shown(board).Scalars("loss")] == [*range(1, 49)]
    fit("encoder", checkpoint=copy, callbacks=(RunLog(file), same), **options)  # it is finished
    assert len(file.lines()) == len(kept.sent) == 48


def test_a_run_that_starts_anew_moves_the_older_file_aside(tmp_path):
    path = tmp_path / "log"
    for steps in (3, 2):
        fit("map", max_iter=steps, callbacks=(RunLog(JSONLines(path)),))
        assert len(JSONLines(path).lines()) == steps
    assert len(JSONLines(tmp_path / "log.before").lines()) == 3


def test_a_log_that_cannot_be_written_ends_no_run(tmp_path, caplog):
    file = JSONLines(tmp_path / "folder" / "log")
    (tmp_path / "folder").rmdir()
    model = fit("map", max_iter=5, callbacks=(RunLog(file),))
    assert len(model.history.losses) == 5
    assert caplog.text.count("could not be written (No such file or directory)") == 1


def test_a_file_that_is_no_log_is_refused(tmp_path):
    path = tmp_path / "log"
    for body in ("loss,step\n1,2\n", "3\n", '{"loss": 1}\n'):
        path.write_text(body)
        with pytest.raises(FileFormatError, match="is not a log of JSON lines"):
            JSONLines(path).drop_after(3)
        assert path.read_text() == body
    with pytest.raises(OptionError, match="is a folder"):
        JSONLines(tmp_path)
    with pytest.raises(OptionError, match="cannot be written"):
        JSONLines(path / "log")


def test_a_map_can_be_watched_too():
    monitor = Monitor(every=20)
    ICon(KNN(5), Gaussian(1.0), Embedding(50, 2)).fit(X, max_iter=40, callbacks=(monitor,))
    assert [finding.step for finding in monitor.history] == [20, 40]
