"""Recordings of runs: nothing of a run changes, bars are those of the equation, and a cut run goes on."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from recordings import of_kind, told

from iconlearn import KNN, METHODS, Embedding, Gaussian, ICon, Perplexity, StudentT, UniformCluster
from iconlearn.bandwidth import Learnable
from iconlearn.composed import DebiasedConditional
from iconlearn.conditional import MatrixConditional, TableConditional
from iconlearn.data.views import RowJitter
from iconlearn.door import fit_inputs
from iconlearn.engines import PlannedEngine
from iconlearn.estimators import ESTIMATORS
from iconlearn.evaluation import knn_accuracy
from iconlearn.mappers import Assignments, Linear
from iconlearn.points import Points
from iconlearn.recording import Packet, Recorder, Recording, probe_batch
from iconlearn.recording.audience import Budget
from iconlearn.recording.masses import Listed, log_row_mass
from iconlearn.recording.packets import PacketFile
from iconlearn.recording.past import Past
from iconlearn.recording.positions import on_plane
from iconlearn.recording.stats import mean_entropy, vote
from iconlearn.recording.watched import Watched, among_all, among_listed
from iconlearn.support import Support

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], 20)
X = (RNG.normal(size=(60, 5)) + 4 * np.eye(3, 5)[LABELS]).astype(np.float32)


class Crowd:
    """An audience that keeps what it gets, and selects points."""

    def __init__(self, selected: tuple[int, ...] = (), wants: bool = True) -> None:
        self.packets: list[Packet] = []
        self.points, self.eager = list(selected), wants

    def __call__(self, packet: Packet) -> None:
        self.packets.append(packet)

    def wants(self) -> bool:
        return self.eager

    def offer(self, show: Callable[[], None]) -> None:
        self.show = show

    def selected(self) -> list[int]:
        return self.points

    def of(self, kind: str) -> list[Packet]:
        return [packet for packet in self.packets if packet.kind == kind]


def head(event: object) -> list[Packet]:
    return [Packet("run", {"method": "some"})]


def followed(recorder: Recorder, file=None, audience=None, **options) -> Recorder:
    recorder.recording = Recording(head, file, audience, **options)
    recorder.recording.budget = Budget(1.0)  # frames as often as they are wanted
    return recorder


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
    with recorder.observer.look(_end_of(model), 9) as look:
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


def without(name):
    return lambda packet: {"arrays": {k: v for k, v in packet.arrays.items() if k != name}}


def array(name, change):
    return lambda packet: {"arrays": {**packet.arrays, name: change(packet.arrays[name].copy())}}


def field(name, value):
    return lambda packet: {"fields": {**packet.fields, name: value}}


DAMAGES = {
    "no rows": ("watched", without("rows")),
    "rows of other data": ("watched", array("rows", lambda rows: rows + 50)),
    "rows twice": ("watched", array("rows", np.zeros_like)),
    "columns of other data": ("watched", array("places", lambda places: places + 1000)),
    "columns twice": ("watched", array("places", np.zeros_like)),
    "p too narrow": ("watched", array("p", lambda p: p[:, :-1])),
    "numbers for rows": ("watched", array("rows", lambda rows: np.full(len(rows), np.nan, np.float32))),
    "no step": ("moment", lambda packet: {"fields": {"final": None}}),
    "words for a step": ("moment", field("step", "3")),
    "no seconds": ("moment", field("seconds", None)),
    "huge seconds": ("moment", field("seconds", 10**400)),
    "positions of other data": ("moment", array("positions", lambda positions: positions[:-1])),
    "no losses": ("losses", without("loss")),
    "losses of later": ("losses", field("first", 2)),
    "no beginning": ("run", lambda packet: {"kind": "ruin"}),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_recording_is_begun_anew_and_ends_no_run(damage, tmp_path, caplog):
    kind, change = DAMAGES[damage]
    file = PacketFile(tmp_path / "recording.icon")

    def stop(event):
        if event.kind == "step" and event.step == 7:
            raise KeyboardInterrupt

    def fit(*others, audience=None):
        recorder = followed(Recorder(fit_inputs(X, None)), file, audience)
        model = ICon(KNN(5), Gaussian(1), Embedding(60, 3))
        return model.fit(X, max_iter=12, callbacks=(recorder, *others), checkpoint=tmp_path / "run")

    fit(stop)
    packets = file.read()
    file.clear()
    file.append(*(replace(packet, **change(packet)) if packet.kind == kind else packet for packet in packets))
    caplog.clear()
    crowd = Crowd(wants=False)
    model = fit(audience=crowd)
    assert len(model.history.losses) == 12
    # what tells of no step is cut off with all that comes after it, and there is a beginning to go on from
    assert ("begun anew" in caplog.text) == (damage not in ("no step", "no losses"))
    kept = file.read()
    assert [packet.kind for packet in kept] == [packet.kind for packet in crowd.packets]
    assert kept[0].kind == "run"
    assert sum(packet.kind == "run" for packet in kept) == 1
    assert told(file.path)["losses"] == np.array(model.history.losses, np.float32).tolist()
    assert [p.fields["step"] for p in kept if p.kind == "moment"][-1] == 12
    assert len(of_kind(file.path, "watched")) == 1


def test_positions_that_no_map_has_are_not_gone_on_from():
    pair = pair_of(KNN(4), StudentT())
    fields = {"step": 0, "seconds": 1.0}
    for value, taken in ((np.nan, False), (1e38, False), (3.0, True)):
        there = np.full((5, 2), value, np.float32)
        past = Past.of([Packet("moment", fields, {"positions": there})], 5, pair)
        assert (past.positions is not None) == taken


def _end_of(model):
    from iconlearn.train.events import Event

    return Event("end", 9, 9, float("nan"), model)


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


# How masses and columns are found, against whole blocks.


def pair_of(target, learned, n: int = 60):
    model = ICon(target, learned, Embedding(n, 2))
    with torch.no_grad():
        next(model.mapper.parameters()).copy_(torch.from_numpy(X[:n, :2]))
        return model.pair(fit_inputs(X[:n], None))


PAIRS = {
    "sparse joint": lambda: pair_of(Gaussian(Perplexity(6)).symmetrize(), StudentT(normalize="joint")),
    "uniform": lambda: pair_of(KNN(4), StudentT()),
    "debiased": lambda: pair_of(KNN(4).debias(0.2), StudentT().debias(0.1)),
    "dense": lambda: pair_of(Gaussian(1.0), Gaussian(1.0)),
    "debiased joint": lambda: pair_of(
        Gaussian(Perplexity(6)).symmetrize().debias(0.1), StudentT(normalize="joint").debias(0.2)
    ),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_columns_are_sorted_by_p_and_then_by_q(kind):
    pair = PAIRS[kind]()
    rows = np.arange(0, 60, 7)
    watched = Watched.of(pair, rows)
    index = torch.from_numpy(rows)
    p, q = (torch.softmax(of.block(index).double(), 1).numpy() for of in (pair.target, pair.learned))
    for k in range(len(rows)):
        order = sorted(range(60), key=lambda j: (-round(p[k, j] / p[k].max(), 6), -q[k, j]))
        order = [j for j in order if p[k, j] > 0 or q[k, j] > 0]
        assert watched.columns[k].tolist() == order[: watched.columns.shape[1]]


@pytest.mark.parametrize("kind", PAIRS)
def test_masses_are_those_of_whole_rows(kind):
    pair = PAIRS[kind]()
    rows = np.array([40, 3, 17])
    columns = np.array([[1, 2, 59], [0, 5, -1], [-1, -1, -1]])
    for of in (pair.target, pair.learned):
        whole = torch.softmax(of.block(torch.from_numpy(rows)).double(), 1).numpy()
        found = Listed(rows, columns, (60, 60)).masses(of)
        expected = np.where(columns >= 0, np.take_along_axis(whole, columns.clip(0), 1), 0)
        assert np.allclose(found[:, :-1], expected, atol=1e-6)
        assert np.allclose(found.sum(1), 1, atol=1e-6)
        log_mass = of.block(torch.from_numpy(rows)).double().logsumexp(1)
        assert torch.allclose(log_row_mass(of, torch.from_numpy(rows)).double(), log_mass, atol=1e-5)
        entropy = -(whole * np.log(whole, where=whole > 0, out=np.zeros_like(whole))).sum(1).mean()
        assert mean_entropy(of, rows) == pytest.approx(entropy, abs=1e-4)


def test_both_ways_to_choose_columns_agree():
    pair = PAIRS["sparse joint"]()
    rows = np.arange(60)
    assert np.array_equal(among_listed(pair, pair.target.support, rows, 5), among_all(pair, rows, 5))


def test_rows_without_mass_have_nothing_but_a_rest():
    support = Support(torch.tensor([0, 2, 2]), torch.tensor([0, 1]), 3)
    table = TableConditional(support, torch.zeros(2), "row", "all")
    found = Listed(np.array([0, 1]), np.array([[0, 1], [2, 0]]), (2, 3)).masses(table)
    assert np.allclose(found, [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    empty = MatrixConditional(torch.full((2, 3), -torch.inf), "joint", "all")
    assert torch.isneginf(log_row_mass(empty, torch.arange(2))).all()
    points = Points.of(torch.zeros(2, 1))
    joint = TableConditional(
        Support(torch.tensor([0, 2, 2]), torch.tensor([0, 1]), 2), torch.zeros(2), "joint", "all"
    )
    mixed = DebiasedConditional(joint, 0.5, points, points)
    assert log_row_mass(mixed, torch.tensor([0])).exp() == pytest.approx(1.0)
    assert torch.isneginf(log_row_mass(mixed, torch.tensor([1]))).all()


def test_sums_of_a_mesh_are_good_enough():
    z = torch.from_numpy(RNG.normal(size=(3000, 2)).astype(np.float32)) * 8
    z[7] += 500  # far from all others: its own sum is lost in the error of the mesh
    points = Points.of(z)
    with torch.no_grad():
        learned = StudentT(normalize="joint")(points, points, PlannedEngine("grid"))
        rows = np.array([0, 7, 2999])
        columns = np.array([[1, 2], [1, 2], [1, 2]])
        whole = torch.softmax(learned.block(torch.from_numpy(rows)).double(), 1).numpy()
        found = Listed(rows, columns, (3000, 3000)).masses(learned)
    assert np.allclose(found[:, :-1], np.take_along_axis(whole, columns, 1), rtol=0.02)


# Positions and numbers.


def test_positions_follow_without_flips():
    x = RNG.normal(size=(50, 6)) @ np.diag([3, 2, 1, 1, 1, 1])
    before = on_plane(x, False)
    rotation = np.linalg.qr(RNG.normal(size=(6, 6)))[0]
    assert np.allclose(on_plane(x @ rotation, False, before), before, atol=1e-5)
    moved = on_plane(x + 0.01 * RNG.normal(size=x.shape), False, before)
    assert np.abs(moved - before).max() < 0.3
    distances = [np.linalg.norm(m[:, None] - m[None], axis=-1) for m in (moved, on_plane(x, False))]
    assert np.abs(distances[0] - distances[1]).max() < 0.3


def test_positions_of_few_dimensions_and_of_directions():
    x = RNG.normal(size=(10, 1))
    assert np.array_equal(on_plane(x, True), np.hstack([x, np.zeros((10, 1))]).astype(np.float32))
    flat = RNG.normal(size=(10, 2)).astype(np.float32)
    assert np.array_equal(on_plane(flat, True, flat[::-1]), flat)
    deep = RNG.normal(size=(30, 4))
    assert np.allclose(on_plane(deep, True), on_plane(deep * RNG.uniform(1, 9, (30, 1)), True), atol=1e-5)
    assert np.isfinite(on_plane(np.full((5, 4), np.nan), True)).all()


def test_neighbours_vote_as_in_the_evaluation():
    x, y = RNG.normal(size=(80, 3)) + LABELS[:, None].repeat(2, 0)[:80], LABELS.repeat(2)[:80]
    assert vote(x, y) == pytest.approx(knn_accuracy(x, y, 10))
    assert 0 <= vote(np.zeros((30, 2)), LABELS[:30]) <= 1
