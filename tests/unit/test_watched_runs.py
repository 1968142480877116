"""Recordings of runs: nothing of a run changes, frames are shown to who wants them, and a cut run goes on."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from recordings import LABELS, Crowd, X, followed, of_kind, told

from iconlearn import KNN, METHODS, Embedding, Gaussian, ICon, Perplexity, StudentT, UniformCluster
from iconlearn.bandwidth import Learnable
from iconlearn.data.views import RowJitter
from iconlearn.door import fit_inputs
from iconlearn.estimators import ESTIMATORS
from iconlearn.mappers import Assignments, Linear
from iconlearn.recording import Recorder, probe_batch
from iconlearn.recording.audience import Budget
from iconlearn.recording.packets import PacketFile
from iconlearn.train.events import Event


def watch(name: str, options: dict, audience: Crowd | None = None, file: PacketFile | None = None) -> object:
    row = METHODS[name]
    inputs = fit_inputs(X, LABELS if row.needs_labels else None)
    recipe, probe = row.recipe(), None
    if "batch_size" in row.fit or recipe.augment is not None:
        probe = probe_batch(inputs, recipe.target_dist.num_views, RowJitter() if recipe.augment else None)
    recorder = followed(Recorder(inputs, probe=probe), file, audience, labels=LABELS, clusters=row.clusters)
    return ESTIMATORS[row.estimator](callbacks=(recorder,), **options).fit(X, LABELS)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("t-sne", {"max_iter": 30, "perplexity": 10.0}),
        ("simclr", {"max_iter": 12}),
        ("moco-v3", {"max_iter": 6}),
        ("cross-entropy", {"max_iter": 12}),
        ("dcd", {"max_iter": 8, "n_clusters": 3, "n_neighbors": 5, "restarts": 2}),
    ],
)
def test_a_watched_run_equals_one_that_nobody_sees(name, options, tmp_path):
    crowd = Crowd((0, 7))
    seen = watch(name, options, crowd, PacketFile(tmp_path / "recording.icon"))
    with torch.random.fork_rng():
        after = []
        for fit in (
            lambda: watch(name, options, crowd),
            lambda: ESTIMATORS[METHODS[name].estimator](**options).fit(X, LABELS),
        ):
            random.seed(0)
            np.random.seed(0)
            torch.manual_seed(0)
            alone = fit()
            after.append((random.random(), np.random.random(), float(torch.rand(1))))
    assert after[0] == after[1]
    assert np.array_equal(seen.loss_curve_, alone.loss_curve_)
    for mine, theirs in zip(seen.model_.parameters(), alone.model_.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert len(crowd.of("frame")) == 2 * options["max_iter"]


def test_a_look_leaves_modes_and_gradients_alone():
    model = ICon(Gaussian(1), Gaussian(1), Embedding(60, 2))
    crowd = Crowd((3,))
    recorder = followed(Recorder(fit_inputs(X, None)), None, crowd)
    grads = []

    def around(event):
        if event.kind == "step":
            parameter = next(event.model.parameters())
            held = parameter.grad.clone()
            modes = [module.training for module in event.model.modules()]
            recorder(event)
            grads.append(torch.equal(parameter.grad, held))
            assert modes == [module.training for module in event.model.modules()]
            assert event.pair.rows.value.requires_grad
        else:
            recorder(event)

    model.fit(X, max_iter=4, callbacks=(around,))
    assert grads == [True] * 4
    assert len(crowd.of("frame")) == 4


class Drawing(Linear):
    """A mapper that draws from torch's own generator, in evaluation mode too."""

    def forward(self, x):
        return super().forward(x) + 0.1 * torch.randn(len(x), 2)


@pytest.mark.parametrize("probed", [False, True])
def test_a_look_draws_nothing_from_the_run(probed):
    losses, crowd = [], Crowd((3,))
    data = fit_inputs(X, None)
    for watched in (False, True):
        recorder = followed(
            Recorder(data, probe=data.take(torch.arange(16)) if probed else None), None, crowd
        )
        model = ICon(KNN(5), StudentT(), Drawing(5, 2, seed=0))
        model.fit(X, max_iter=6, callbacks=(recorder,) if watched else ())
        losses.append(model.history.losses)
    assert len(crowd.of("frame")) == 6
    assert losses[0] == losses[1]


def test_frames_carry_the_bars_of_what_is_selected():
    crowd = Crowd((5, 59, 1000, -3))
    recorder = followed(Recorder(fit_inputs(X, None)), None, crowd)
    ICon(Gaussian(1), Gaussian(1), Embedding(60, 2)).fit(X, max_iter=6, callbacks=(recorder,))
    frames = crowd.of("frame")
    watched = crowd.of("watched")
    assert [packet.kind for packet in crowd.packets[:2]] == ["run", "watched"]
    for frame in frames:
        assert watched[0].arrays["points"][frame.arrays["selected"]].tolist() == [5, 59]
        assert np.allclose(frame.arrays["q"].sum(1), 1, atol=1e-5)
        assert frame.arrays["positions"].shape == (60, 2)
    moment = crowd.of("moment")[1]
    same = frames[moment.fields["step"]]
    assert np.array_equal(same.arrays["q"], moment.arrays["q"][same.arrays["selected"]])
    assert np.array_equal(same.arrays["positions"], moment.arrays["positions"])


def test_rows_that_are_selected_later_are_watched_from_then_on(tmp_path, monkeypatch):
    monkeypatch.setattr("iconlearn.recording.watched.ALL_WATCHED", 10)
    monkeypatch.setattr("iconlearn.recording.watched.MOST_WATCHED", 8)
    crowd, file = Crowd(), PacketFile(tmp_path / "recording.icon")
    recorder = followed(Recorder(fit_inputs(X, None)), file, crowd)

    def select(event):
        crowd.points = [1, 2] if event.step >= 3 else []

    model = ICon(KNN(5), Gaussian(1), Embedding(60, 2))
    model.fit(X, max_iter=8, callbacks=(select, recorder))
    first, second = of_kind(file.path, "watched")
    assert first.arrays["points"].tolist() == np.linspace(0, 59, 8).round().tolist()
    assert (second.fields["first"], second.arrays["points"].tolist()) == (8, [1, 2])
    widths = [len(packet.arrays["q"]) for packet in of_kind(file.path, "moment")]
    assert widths == [8, 8, 8, *[10] * 6]
    assert second.arrays["p"].shape == (2, first.arrays["p"].shape[1])
    crowd.points = list(range(60))
    with recorder.observer.look(Event("end", 9, 9, float("nan"), model), 9) as look:
        assert recorder.recording is not None
        assert len(recorder.recording._selected(look)) == 50


FEW_WATCHED = {
    "neighbours": lambda: ICon(KNN(5), Gaussian(1), Embedding(60, 2)),
    "joint": lambda: ICon(
        Gaussian(Perplexity(6)).symmetrize(), StudentT(normalize="joint"), Embedding(60, 2)
    ),
    "learned": lambda: ICon(Gaussian(Learnable(1.0)), StudentT(), Embedding(60, 2)),
    "a limit": lambda: ICon(
        METHODS["pca"].recipe().target_dist, METHODS["pca"].recipe().learned_dist, Linear(5, 2)
    ),
}


@pytest.mark.parametrize("kind", FEW_WATCHED)
def test_numbers_of_moments_do_not_depend_on_who_selects_points(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("iconlearn.recording.watched.ALL_WATCHED", 10)
    monkeypatch.setattr("iconlearn.recording.watched.MOST_WATCHED", 8)

    def recorded(name, *others, audience=None, **more):
        model = FEW_WATCHED[kind]()
        recorder = followed(
            Recorder(fit_inputs(X, None)), PacketFile(tmp_path / name), audience, labels=LABELS
        )
        model.fit(X, max_iter=12, lr=0.1, callbacks=(recorder, *others), **more)
        moments = of_kind(tmp_path / name, "moment")
        return [moment.fields["stats"] for moment in moments], [moment.arrays["q"] for moment in moments]

    def stop(event):
        if event.kind == "step" and event.step == 7:
            raise KeyboardInterrupt

    alone, q = recorded("alone")
    crowd = Crowd((1, 2, 40, 59))
    seen, more = recorded("seen", audience=crowd)
    assert len(crowd.of("watched")) == 2
    assert len(more[-1]) == len(q[-1]) + 3  # 59 is watched anyway
    assert seen == alone
    assert all(np.array_equal(mine[:8], theirs) for mine, theirs in zip(more, q, strict=True))
    recorded("cut", stop, audience=Crowd((1, 2)), checkpoint=tmp_path / "run")
    again, _ = recorded("cut", audience=Crowd((1, 2, 40, 41)), checkpoint=tmp_path / "run")
    assert again == alone


def test_continuations_watch_no_more_rows_than_one_run(tmp_path, monkeypatch):
    monkeypatch.setattr("iconlearn.recording.watched.ALL_WATCHED", 10)
    monkeypatch.setattr("iconlearn.recording.watched.MOST_WATCHED", 8)
    monkeypatch.setattr("iconlearn.recording.recording.MOST_ADDED", 6)
    file = PacketFile(tmp_path / "recording.icon")
    for end, points in ((3, (1, 2, 3, 4)), (6, (5, 6, 7, 9)), (99, (10, 11, 12))):

        def stop(event, end=end):
            if event.kind == "step" and event.step == end:
                raise KeyboardInterrupt

        recorder = followed(Recorder(fit_inputs(X, None)), file, Crowd(points))
        ICon(KNN(5), Gaussian(1), Embedding(60, 2)).fit(
            X, max_iter=10, callbacks=(recorder, stop), checkpoint=tmp_path / "run"
        )
    assert [packet.arrays["points"].tolist() for packet in of_kind(file.path, "watched")[1:]] == [
        [1, 2, 3, 4],
        [5, 6],
    ]
    assert len(of_kind(file.path, "moment")[-1].arrays["q"]) == 14


def test_nobody_is_shown_frames_that_were_not_wanted():
    crowd = Crowd(wants=False)
    recorder = followed(Recorder(fit_inputs(X, None)), None, crowd)
    ICon(Gaussian(1), Gaussian(1), Embedding(60, 2)).fit(X, max_iter=6, callbacks=(recorder,))
    assert not crowd.of("frame")
    assert len(crowd.of("moment")) == 7


def test_what_frames_cost_is_a_share_of_the_time():
    now = [0.0]
    budget, spent = Budget(0.03, clock=lambda: now[0]), 0.0
    for _ in range(1000):
        now[0] += 0.5  # a step
        if budget.left:
            with budget:
                now[0] += 0.2
            spent += 0.2
    assert 0.02 < spent / now[0] <= 0.03 + 1e-3


@pytest.mark.parametrize("probed", [False, True])
def test_a_run_that_goes_on_has_the_recording_of_one_that_was_never_cut(probed, tmp_path):
    data = fit_inputs(X, None)
    options = {"max_iter": 120, "optimizer": "adam", "lr": 0.1}

    def stop(event):
        if event.kind == "step" and event.step == 73:
            raise KeyboardInterrupt

    def record(name, *others, audience=None, **more):
        file = PacketFile(tmp_path / name)
        recorder = Recorder(data, probe=data if probed else None)
        followed(recorder, file, audience, labels=LABELS)
        model = ICon(Gaussian(1), Gaussian(1), Embedding(60, 3))
        model.fit(X, **options, **more, callbacks=(recorder, *others))
        return told(file.path)

    whole = record("whole")
    record("parts", stop, checkpoint=tmp_path / "run")
    crowd = Crowd(wants=False)
    resumed = record("parts", audience=crowd, checkpoint=tmp_path / "run")
    assert resumed["losses"] == whole["losses"]
    assert resumed["others"] == whole["others"]
    assert [p.fields["step"] for p in crowd.of("moment")] == [
        fields["step"] for kind, fields, _ in whole["others"] if kind == "moment"
    ]
    record("parts", stop, checkpoint=tmp_path / "again")
    (tmp_path / "parts").write_bytes(b"lost")
    late = record("parts", checkpoint=tmp_path / "again")
    assert late["losses"] == whole["losses"]
    assert late["others"][0] == whole["others"][0]
    assert late["others"][-1][1]["step"] == 120


def test_a_new_run_does_not_add_to_the_recording_of_an_old_one(tmp_path):
    file = PacketFile(tmp_path / "recording.icon")
    model = ICon(Gaussian(1), Gaussian(1), Embedding(60, 2))
    for _ in range(2):
        model.fit(X, max_iter=3, callbacks=(followed(Recorder(fit_inputs(X, None)), file),))
    assert len(of_kind(file.path, "run")) == 1


def test_a_short_run_keeps_every_look_and_a_long_one_some_sixty():
    for steps, few, many in ((15, 16, 16), (300, 18, 22), (1200, 55, 61)):
        crowd = Crowd(wants=False)
        recorder = followed(Recorder(fit_inputs(X[:12], None)), None, crowd)
        ICon(Gaussian(1), Gaussian(1), Embedding(12, 2)).fit(X[:12], max_iter=steps, callbacks=(recorder,))
        moments = [packet.fields["step"] for packet in crowd.of("moment")]
        assert few <= len(moments) <= many
        assert [moments[0], moments[-1]] == [0, steps]
        assert crowd.of("moment")[-1].fields["final"]


def test_points_that_are_not_shown_are_said_to_be():
    crowd = Crowd(wants=False)
    recorder = followed(Recorder(fit_inputs(X, None), max_points=20), None, crowd)
    ICon(KNN(5), StudentT(), Embedding(60, 2)).fit(X, max_iter=2, callbacks=(recorder,))
    watched, moment = crowd.of("watched")[0], crowd.of("moment")[0]
    assert moment.arrays["positions"].shape == (20, 2)
    assert watched.arrays["points"].tolist() == list(range(20))
    assert np.array_equal(watched.arrays["rows"], recorder.shown)
    shown = {row: k for k, row in enumerate(recorder.shown.tolist())}
    expected = np.vectorize(lambda column: shown.get(column, -1))(watched.arrays["places"])
    assert np.array_equal(watched.arrays["columns"], expected)
    assert (expected == -1).any()


def test_clusterings_colour_points_that_do_not_move():
    crowd = Crowd()
    recorder = followed(Recorder(fit_inputs(X, None)), None, crowd, labels=LABELS, clusters=True)
    model = ICon(KNN(5), UniformCluster(), Assignments(60, 3))
    model.fit(X, max_iter=20, callbacks=(recorder,))
    moment = crowd.of("moment")[-1]
    probability = torch.softmax(torch.from_numpy(model.transform(X)), 1).numpy()
    assert "positions" not in moment.arrays
    assert np.array_equal(moment.arrays["cluster"], probability.argmax(1))
    assert np.abs(moment.arrays["confidence"] / 255 - probability.max(1)).max() < 0.01
    assert {"clusters", "nmi"} <= set(moment.fields["stats"])
    assert "cluster" in crowd.of("frame")[0].arrays
