"""Where a run starts and when it ends: warm starts, anchored rows, the convergence test, given neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace as with_graph

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from iconlearn import (
    KNN,
    MLP,
    Assignments,
    Augmentation,
    Embedding,
    Gaussian,
    ICon,
    InputError,
    Label,
    Linear,
    Momentum,
    OptionError,
    Perplexity,
    Prototypes,
    Queue,
    StudentT,
    UniformCluster,
    load,
    save,
)
from iconlearn.door import fit_inputs
from iconlearn.inputs import as_inputs
from iconlearn.train.convergence import WINDOW, Convergence, settled_from
from iconlearn.train.optimizers import OPTIMIZERS
from iconlearn.train.schedules import Constant, Cosine, Steps

X = np.random.default_rng(0).normal(size=(50, 5)) + 4 * (np.arange(50) % 2)[:, None]
Y = np.arange(50) % 2
IDS, PLACES = np.array([3, 40, 7]), np.array([[5.0, 0.1], [-3.0, 2.0], [1 / 3, -4.0]], dtype=np.float32)


def a_map(**given) -> ICon:
    joint = StudentT(normalize="joint")
    return ICon(Gaussian(Perplexity(6)).symmetrize(), joint, Embedding(50, 2, **given))


# --- anchors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("init", ["pca", "spectral", "random", np.zeros((50, 2))], ids=str)
@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_anchors_stay_to_the_bit_and_the_others_move(optimizer, init):
    seen = []

    def look(event):
        if event.kind != "search":
            seen.append(event.model.mapper.weight.detach()[IDS].numpy().copy())

    model = a_map(init=init, anchors=(IDS, PLACES))
    momentum = {"momentum": 0.9} if OPTIMIZERS[optimizer].has_momentum else {}
    before = model.mapper(torch.arange(50)).detach().numpy()
    embedding = model.fit_transform(X, max_iter=8, optimizer=optimizer, lr=0.5, callbacks=(look,), **momentum)
    assert len(seen) == 10
    for rows in (*seen, before[IDS], embedding[IDS], model.transform(X[IDS])):
        np.testing.assert_array_equal(rows, PLACES)
    free = np.setdiff1d(np.arange(50), IDS)
    assert (embedding[free] != before[free]).any(1).all()


def test_no_gradient_reaches_an_anchor_in_anybodys_loop():
    """Weight decay of a loop that knows nothing of anchors moves the weight; the rows that come out stay."""
    model = a_map(init="random", scale=1.0, anchors=(IDS, PLACES))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        model(X).backward()
        gradient = model.mapper.weight.grad
        assert not gradient[IDS].any()
        assert gradient[np.setdiff1d(np.arange(50), IDS)].any(1).all()
        optimizer.step()
    for ids in (torch.arange(50), torch.arange(49, -1, -1)):
        rows = model.mapper(ids).detach()[ids.argsort()]
        np.testing.assert_array_equal(rows[IDS].numpy(), PLACES)


def test_other_rows_meet_the_anchors():
    """Two groups, one row of each anchored: every row goes to its own group's anchor."""
    places = np.array([[-10.0, 0.0], [10.0, 0.0]])
    model = ICon(KNN(8), StudentT(), Embedding(50, 2, anchors=([0, 1], places)))
    embedding = model.fit_transform(X, max_iter=300, lr=0.3)
    nearest = np.linalg.norm(embedding[:, None] - places, axis=-1).argmin(1)
    np.testing.assert_array_equal(nearest, Y)


def test_anchors_are_told_saved_and_kept_apart_from_the_callers_arrays(tmp_path):
    ids, places = IDS.copy(), PLACES.copy()
    table = Embedding(50, 2, anchors=(ids, places))
    assert repr(table) == "Embedding(num_embeddings=50, anchors=(<ndarray (3,)>, <ndarray (3, 2)>))"
    assert list(table.state_dict()) == ["weight"]
    ids[:], places[:] = 0, 9.0
    model = ICon(KNN(5), StudentT(), table).fit(X, max_iter=5)
    loaded = load(save(model, tmp_path / "model"))
    assert repr(loaded) == repr(model)
    np.testing.assert_array_equal(loaded.transform(X), model.transform(X))
    again = loaded.fit_transform(X, max_iter=5)
    np.testing.assert_array_equal(again, model.transform(X))
    np.testing.assert_array_equal(again[IDS], PLACES)
    twice = Embedding(50, 2, anchors=(IDS, PLACES)).double()
    assert twice(torch.arange(50)).dtype == torch.float64


@pytest.mark.parametrize(
    ("anchors", "message"),
    [
        (([0],), r"must be \(ids, positions\), of shapes \(k,\) and \(k, 2\)"),
        ("pca", "anchors='pca' must be"),
        (([0, 50], np.zeros((2, 2))), "run from 0 to 50; those of 50 samples are 0 to 49"),
        (([-1], np.zeros((1, 2))), "run from -1 to -1"),
        (([3, 4, 3], np.zeros((3, 2))), "name id 3 2 times"),
        (([0.5], np.zeros((1, 2))), "type float64; whole numbers"),
        (([], np.zeros((0, 2))), "at least one"),
        (([[1]], np.zeros((1, 2))), r"shape \(1, 1\)"),
        (([1], np.zeros((1, 3))), r"anchors\[1\] has shape \(1, 3\).* \(1, 2\) are needed"),
        (([1], [[np.nan, 0.0]]), "finite numbers"),
    ],
)
def test_bad_anchors_are_refused(anchors, message):
    with pytest.raises(OptionError, match=f"Embedding: .*{message}"):
        Embedding(50, 2, anchors=anchors)


# --- warm start ----------------------------------------------------------------------------------------------


def test_a_warm_start_goes_on_from_where_the_map_is():
    model = a_map()
    first = model.fit_transform(X, max_iter=30, lr=1.0)
    model.fit(X, max_iter=0, warm_start=True)
    np.testing.assert_array_equal(model.transform(X), first)
    model.fit(X, max_iter=30, lr=1.0, warm_start=True)
    assert model.history.losses[0] < a_map().fit(X, max_iter=1).history.losses[0]
    assert (model.transform(X) != first).any()
    model.fit(X, max_iter=30, lr=1.0)  # and cold again
    np.testing.assert_array_equal(model.transform(X), first)


@pytest.mark.parametrize(
    ("make", "y"),
    [
        (lambda: ICon(KNN(5), UniformCluster(), MLP(5, 3)), None),
        (lambda: ICon(KNN(5), UniformCluster(), Assignments(50, 3)), None),
        (lambda: ICon(KNN(5), Gaussian(1.0), Linear(5, 2), mapper_j=Momentum(0.9)), None),
        (lambda: ICon(Label(), Gaussian(1.0), MLP(5, 3)), Y),
    ],
    ids=["MLP", "Assignments", "Momentum", "labels"],
)
def test_a_warm_start_keeps_all_weights(make, y):
    model = make().fit(X, y, max_iter=5, lr=0.1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.fit(X, y, max_iter=0, warm_start=True)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    model.fit(X, y, max_iter=0)
    assert not all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_a_warm_start_forgets_the_points_of_a_queue_and_keeps_the_unit():
    def noisy(x, generator):
        return x + 0.1 * torch.randn(x.shape, generator=generator)

    queued = ICon(Augmentation(2), Gaussian(0.7, "cos"), Linear(5, 3), mapper_j=Queue(30))
    queued.fit(X, max_iter=3, augment=noisy, batch_size=10)
    assert queued.mapper_j.held is not None
    queued.fit(X, max_iter=0, augment=noisy, batch_size=10, warm_start=True)
    assert queued.mapper_j.held is None
    model = ICon(KNN(5), StudentT(), Linear(5, 2)).fit(1e20 * X, max_iter=3)
    unit, before = model.unit, model.transform(1e20 * X)
    assert unit > 1
    model.fit(1e17 * X, max_iter=0, warm_start=True)
    assert model.unit == unit
    np.testing.assert_array_equal(model.transform(1e20 * X), before)


def test_what_a_warm_start_cannot_do_is_refused():
    with pytest.raises(OptionError, match="warm_start=True goes on from one state, so restarts=3"):
        a_map().fit(X, warm_start=True, restarts=3)
    with pytest.raises(OptionError, match="warm_start='yes' must be True or False"):
        a_map().fit(X, warm_start="yes")
    with pytest.raises(InputError, match="50 rows but the data has 40 samples"):
        a_map().fit(X[:40], warm_start=True)
    moved = a_map(anchors=(IDS, PLACES))
    with torch.no_grad():
        moved.mapper.weight.fill_(1.0)
    moved.fit(X, max_iter=0, warm_start=True)
    np.testing.assert_array_equal(moved.mapper.weight.detach()[IDS].numpy(), PLACES)


# --- convergence ---------------------------------------------------------------------------------------------


def test_a_run_stops_when_its_loss_stands_still():
    whole = a_map().fit(X, max_iter=250, lr=2.0).history
    model = a_map().fit(X, max_iter=250, lr=2.0, tol=0.03)
    losses = model.history.losses
    assert model.history.converged
    assert not whole.converged
    assert WINDOW < len(losses) < 150
    assert losses == whole.losses[: len(losses)]

    def still(taken):
        last = np.array(taken[-WINDOW - 1 :])
        return np.ptp(last) <= 0.03 * last[0]

    assert still(losses)
    assert not any(still(losses[:k]) for k in range(WINDOW + 1, len(losses)))
    longer = a_map().fit(X, max_iter=250, lr=2.0, tol=0.01).history.losses
    assert len(longer) > len(losses)
    short = a_map().fit(X, max_iter=20, lr=2.0, tol=10.0).history
    assert len(short.losses) == 20
    assert not short.converged


def test_a_loss_that_rises_or_swings_has_not_converged():
    test = Convergence(0.1, [], total=1000)
    assert not test.reached([1.0, *np.linspace(1.5, 3.0, WINDOW)])
    assert not test.reached([1.0 + 0.2 * (k % 2) for k in range(WINDOW + 1)])
    assert test.reached([1.0 + 0.05 * (k % 2) for k in range(WINDOW + 1)])


@pytest.mark.parametrize("name", ["exaggeration", "lr", "temperature"])
def test_no_run_converges_before_its_schedules_have_ended(name):
    schedule = Steps((2.0, 1.0), until=(70,))
    options = {"lr": 0.0, "optimizer": "sgd", "max_iter": 200, "tol": 0.5}
    alone = a_map().fit(X, **options).history
    assert len(alone.losses) == WINDOW + 1
    if name == "lr":
        schedule = lambda k, total: 0.0 if k < 70 else 1e-30  # noqa: E731
    waits = a_map().fit(X, **{**options, name: schedule}).history
    assert waits.converged
    assert len(waits.losses) == 70 + WINDOW + 1
    always = a_map().fit(X, **{**options, name: Cosine(1e-6)}).history
    assert not always.converged
    assert len(always.losses) == 200


def test_the_step_from_which_a_schedule_rests():
    for schedule, total in (
        (Constant(2.0), 100),
        (Steps((12.0, 1.0), until=(0.25,)), 100),
        (Steps((1.0, 1.0), until=(30,)), 100),
        (Cosine(1.0), 100),
        (Steps((3.0, 1.0), until=(500,)), 100),
    ):
        values = [schedule(k, total) for k in range(total)]
        expected = next(k for k in range(total) if len(set(values[k:])) == 1)
        assert settled_from(schedule, total) == expected
    assert settled_from(Cosine(1.0), 0) == 0


@given(
    st.lists(st.floats(1e-3, 10) | st.just(0.0), min_size=WINDOW + 1, max_size=WINDOW + 20), st.floats(0, 1)
)
def test_convergence_is_a_matter_of_shares(losses, tol):
    test = Convergence(tol, [], total=1000)
    if test.reached(losses):
        assert Convergence(2 * tol, [], total=1000).reached(losses)
        assert test.reached([8 * loss for loss in losses])
    assert not test.reached(losses[:WINDOW])
    assert test.reached([3.0] * (WINDOW + 1))
    assert test.reached([0.0] * (WINDOW + 1))
    assert Convergence(tol, [], total=1000).reached([-1.0] * (WINDOW + 1))


def test_a_convergence_test_of_what_cannot_be_compared_is_refused():
    prototypes = ICon(Label(), Gaussian(1.0), Linear(5, 2), mapper_j=Prototypes(2, 2))
    with pytest.raises(OptionError, match=r"tol=0.1 compares .* not of one target on all rows"):
        ICon(KNN(5), StudentT(), MLP(5, 2)).fit(X, batch_size=20, tol=0.1)
    with pytest.raises(OptionError, match="tol=-1"):
        a_map().fit(X, tol=-1)
    with pytest.raises(OptionError, match="leave out"):
        ICon(KNN(5), StudentT(), MLP(5, 2)).fit(X, augment=lambda x, generator: x, tol=0.1)
    with pytest.raises(OptionError, match="leave out batch_size=, augment=, mapper_j="):
        prototypes.fit(X, Y, tol=0.1)


def test_a_resumed_run_converges_at_the_same_step(tmp_path):
    def stop(event):
        if event.kind == "step" and event.step == 60:
            raise KeyboardInterrupt

    options = {"max_iter": 250, "lr": 2.0, "tol": 0.03, "checkpoint": tmp_path / "run"}
    a_map().fit(X, **options, callbacks=(stop,))
    resumed = a_map().fit(X, **options).history
    assert resumed.resumed_from == 61
    assert resumed.converged
    assert resumed.losses == a_map().fit(X, max_iter=250, lr=2.0, tol=0.03).history.losses
    done = a_map().fit(X, **options).history
    assert done.converged
    assert done.losses == resumed.losses


# --- losses of rows ------------------------------------------------------------------------------------------


def test_the_losses_of_rows_make_the_loss():
    joint = a_map().fit(X, max_iter=10)
    assert joint.row_losses().sum() == pytest.approx(joint(X).item(), rel=1e-5)
    rowwise = ICon(Gaussian(Perplexity(6)), StudentT(), Embedding(50, 2)).fit(X, max_iter=10, lr=0.1)
    found = rowwise.row_losses()
    assert found.shape == (50,)
    assert found.dtype == np.float64
    assert found.mean() == pytest.approx(rowwise(X).item(), rel=1e-5)
    pair = rowwise.pair(as_inputs(X.astype(np.float32)))
    p, q = pair.target.block(None).exp().double(), pair.learned.block(None).exp().double()
    expected = torch.where(p > 0, p * (p / q).log(), 0.0).sum(1).detach().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert rowwise.prepared is None
    for engine in ("dense", "tiled"):
        model = ICon(Gaussian(Perplexity(6)), StudentT(), Embedding(50, 2), engine=engine)
        model.load_state_dict(rowwise.state_dict())
        np.testing.assert_allclose(model.row_losses(X), found, rtol=1e-5, atol=1e-7)


def test_rows_that_are_left_out_have_no_loss():
    y = np.where(np.arange(50) == 4, -1, Y)
    model = ICon(Label(), Gaussian(1.0), MLP(5, 2)).fit(X, y, max_iter=5)
    found = model.row_losses(X, y)
    assert np.isnan(found).tolist() == (np.arange(50) == 4).tolist()
    assert np.nanmean(found) == pytest.approx(model(X, y).item(), rel=1e-5)


def test_losses_of_rows_do_not_change_the_model():
    network = nn.Sequential(nn.Linear(5, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    model = ICon(KNN(5), StudentT(), network, mapper_j=Momentum(0.5)).fit(X, max_iter=5)
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    first, second = model.row_losses(X), model.row_losses(X)
    np.testing.assert_array_equal(first, second)
    assert model.training
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    with pytest.raises(InputError, match="row_losses: the model keeps no data"):
        model.row_losses()
    with pytest.raises(InputError, match="50 rows but the data has 20"):
        a_map().row_losses(X[:20])


# --- neighbours found already --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Graph:
    """Stands for a graph of neighbours; only its number of rows is looked at."""

    n: int


def test_a_graph_of_neighbours_is_of_the_same_rows():
    model = ICon(KNN(5), StudentT(), Linear(5, 2))
    with pytest.raises(InputError, match="neighbors is of 40 rows but the data has 50 samples"):
        model.fit(X, neighbors=Graph(40))
    with pytest.raises(InputError, match="neighbors is a ndarray but the data has 50 samples"):
        model.fit(X, neighbors=X)


def test_a_graph_of_neighbours_reaches_the_points_of_all_rows_only(monkeypatch):
    handed = []
    monkeypatch.setattr(
        "iconlearn.inputs.replace", lambda thing, **given: handed.append((type(thing).__name__, given))
    )
    data, graph = fit_inputs(X, None), Graph(50)
    data.points()
    assert handed == []
    data = with_graph(data, neighbors=graph)
    data.points()
    assert handed == [("Points", {"neighbors": graph})]
    handed.clear()
    data.take(torch.arange(3))
    ((kind, given),) = handed
    assert kind == "Inputs"
    assert given["neighbors"] is None
