"""Data, options and moments that go wrong: a finite result or a typed error, and an interrupted run is of use."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from toys import CHOSEN, NAMED, X, Y, model_of, run

from iconlearn import (
    KNN,
    METHODS,
    MLP,
    DataLabel,
    Embedding,
    Gaussian,
    ICon,
    IConLearnError,
    InputError,
    Label,
    Linear,
    NonFiniteError,
    OptionError,
    Perplexity,
    Prototypes,
    StudentT,
    UniformCluster,
)
from iconlearn.inputs import as_inputs

BAD = {
    "NaN.*row 2, column 1": np.where(np.arange(360).reshape(60, 6) == 13, np.nan, X),
    "infinite.*row 2, column 1": np.where(np.arange(360).reshape(60, 6) == 13, np.inf, X),
    r"0 sample\(s\)": np.empty((0, 6)),
    r"1 sample\(s\)": X[:1],
    r"0 feature\(s\)": np.empty((60, 0)),
    r"Reshape your data: X.reshape\(1, -1\) if it is one row, X.reshape\(-1, 1\)": X[:, 0],
    "give an array": 3.0,
    "row 0, column 0 holds 'a'": np.full((60, 6), "a", dtype=object),
    "does not hold numbers": np.full((60, 6), "a"),
    "Complex data not supported": X + 1j,
    "rows of equal length": [[1.0, 2.0], [3.0]],
    "None": None,
    "str": "digits",
}


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize("message", BAD)
def test_data_that_cannot_be_used_is_a_typed_error(name, message):
    with pytest.raises(InputError, match=message):
        run(name, BAD[message])


def kinds_of_hard_data():
    rng = np.random.default_rng(1)
    return {
        "constant": np.full((60, 6), 3.0),
        "zeros": np.zeros((60, 6)),
        "two distinct": np.repeat(X[:2], 30, 0),
        "duplicates": np.repeat(X[:20], 3, 0),
        "one column": X[:, :1],
        "one constant column": np.column_stack([X, np.ones(60)]),
        "an outlier": np.vstack([X[:-1], 1e8 * X[-1:]]),
        "a huge outlier": np.vstack([X[:-1], 1e30 * X[-1:]]),
        "far from zero": X + 1e6,
        "huge": np.full((60, 6), 1.7e308) * rng.choice([-1, 1], (60, 6)),
        "tiny": rng.normal(size=(60, 6)) * 5e-324 * 1000,
        "mixed scales": X * np.array([1e-30, 1e-10, 1, 1e10, 1e20, 1e30]),
        "zero vectors": np.vstack([np.zeros((5, 6)), X[5:]]),
    }


@pytest.mark.parametrize("kind", list(kinds_of_hard_data()))
@pytest.mark.parametrize("name", NAMED)
def test_every_finite_input_gives_a_finite_result_or_a_typed_error(name, kind):
    data = kinds_of_hard_data()[kind]
    row = METHODS[name]
    try:
        model, options = model_of(row, data, Y)
    except InputError as error:
        assert kind == "one column"
        assert "n_components" in str(error)
        return
    try:
        out = model.fit(data, Y if row.needs_labels else None, **{**options, "max_iter": 10}).transform(data)
    except IConLearnError as error:
        assert len(str(error)) > 40
        assert kind not in {"constant", "zeros", "duplicates", "two distinct", "one column"}, str(error)
        return
    assert np.isfinite(out).all()
    assert np.isfinite(model.history.losses).all()


@pytest.mark.parametrize("name", NAMED)
def test_two_rows_are_enough_or_refused(name):
    row = METHODS[name]
    try:
        model, options = model_of(row, X[:2], Y[:2])
        out = model.fit(X[:2], Y[:2] if row.needs_labels else None, **options).transform(X[:2])
    except InputError as error:
        assert "row" in str(error)
        return
    assert np.isfinite(out).all()


def test_coincident_points_have_finite_gradients():
    for learned in (Gaussian(1.0), StudentT(), Gaussian(1.0, "cos"), Gaussian(1.0, "dot")):
        mapper = Embedding(60, 2, init=np.zeros((60, 2)))
        model = ICon(Gaussian(Perplexity(8)), learned, mapper)
        model(np.zeros((60, 6))).backward()
        assert bool(mapper.weight.grad.isfinite().all())


def test_zero_vectors_under_the_cosine_metric_are_defined():
    data = X.copy()
    data[:3] = 0
    model = ICon(Gaussian(0.5, "cos"), Gaussian(0.5, "cos"), Linear(6, 3, bias=False))
    assert np.isfinite(model.fit(data, max_iter=10).history.losses).all()


@pytest.mark.parametrize("size", [1.0, 1e2, 1e4])
def test_losses_stay_finite_with_large_logits(size, generator):
    logits = size * torch.randn(60, 4, generator=generator).sign()
    for learned in (
        UniformCluster(),
        Gaussian(1.0, "dot"),
        Gaussian(1.0),
        StudentT(),
        UniformCluster().debias(0.1),
    ):
        model = ICon(KNN(5), learned, Embedding(60, 4, init=logits.numpy()))
        loss = model(X)
        loss.backward()
        assert bool(loss.isfinite()), learned
        assert bool(model.mapper.weight.grad.isfinite().all()), learned


def test_rows_without_support_are_left_out_counted_and_reported():
    labels = np.array([0, 0, 1, 1, 2, -1])
    model = ICon(Label(), Gaussian(1.0), Linear(6, 3))
    whole, few = model((X[:6], labels)), model.explain(X[:6], labels)
    pair = model.pair(as_inputs((X[:6], labels)))
    by_row = model.measure.rows(pair.target, pair.learned)
    assert torch.allclose(whole, by_row[:4].mean())
    assert by_row[4:].tolist() == [0, 0]
    assert few.figures["empty_rows"] == 2
    assert "2 rows without mass are left out" in str(few)
    assert model.explain(X[:6], labels).figures["empty_rows"] == 2
    with pytest.raises(InputError, match="no row of the batch has mass"):
        model((X[:6], np.arange(6)))
    with pytest.raises(InputError, match="no row of the batch has mass"):
        model.fit(X[:6], np.arange(6))


def test_labels_of_the_wrong_kind_are_typed_errors():
    model = ICon(Label(), Gaussian(1.0), Linear(6, 3))
    for message, labels in {
        r"shape \(59,\) but there are 60": Y[:-1],
        "fractions": Y + 0.5,
        "NaN": np.where(Y == 0, np.nan, 1.0),
        "complex": Y + 1j,
    }.items():
        with pytest.raises(InputError, match=message):
            model.fit(X, labels)
    with pytest.raises(InputError, match="label 7.*4 prototypes|no row|prototype"):
        ICon(DataLabel(), Gaussian(1.0, "dot", pairs="all"), Linear(6, 3), mapper_j=Prototypes(4, 3)).fit(
            X, np.full(60, 7)
        )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max_itr": 3}, "did you mean 'max_iter'"),
        ({"max_iter": -1}, "max_iter=-1"),
        ({"max_iter": 2.5}, "max_iter=2.5"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"epochs": "ten"}, "epochs='ten'"),
        ({"lr": -1.0}, "lr=-1.0"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"momentum": 0.5}, "takes no momentum"),
        ({"restarts": 0}, "restarts=0"),
        ({"random_state": -3}, "random_state=-3"),
        ({"callbacks": print}, "callbacks="),
        ({"callbacks": (1,)}, "callbacks="),
        ({"augment": 3}, "augment=3"),
        ({"exaggeration": "x"}, "exaggeration='x'"),
        ({"temperature": -2}, "temperature=-2"),
    ],
)
def test_unknown_and_impossible_options_are_errors(given, message):
    model = ICon(KNN(5), StudentT(), Linear(6, 2))
    with pytest.raises(OptionError, match=message):
        model.fit(X, **given)


def test_ctrl_c_returns_the_best_state():
    def stop(event):
        if event.kind == "step" and event.step == 30:
            raise KeyboardInterrupt

    model = ICon(Gaussian(Perplexity(8)), StudentT(), Embedding(60, 2))
    model.fit(X, max_iter=100, lr=0.1, callbacks=(stop,))
    assert model.history.interrupted
    assert len(model.history.losses) == 31
    assert not model.training
    assert model(X).item() <= min(model.history.losses) + 1e-3
    assert model.transform(X).shape == (60, 2)
    # A run that gets worse goes back to where it was best.
    worse = ICon(Gaussian(Perplexity(8)), Gaussian(1.0), Embedding(60, 2))
    worse.fit(
        X, max_iter=50, lr=lambda k, total: 0.1 if k < 20 else 30.0, optimizer="adam", callbacks=(stop,)
    )
    assert worse.history.losses[-1] > 2 * min(worse.history.losses)
    assert worse(X).item() == pytest.approx(min(worse.history.losses), rel=1e-3)


def test_ctrl_c_during_the_search_for_a_start_returns_the_best_start():
    calls = []

    def stop(event):
        calls.append(event.kind)
        if len(calls) == 3:
            raise KeyboardInterrupt

    model = ICon(KNN(5), UniformCluster(), MLP(6, 4))
    model.fit(X, max_iter=60, restarts=5, callbacks=(stop,))
    assert calls == ["search"] * 3 + ["end"]
    assert model.history.interrupted
    assert model.prepared is None
    assert np.isfinite(model.transform(X)).all()


def test_a_callback_that_returns_false_stops():
    model = ICon(KNN(5), StudentT(), Embedding(60, 2))
    model.fit(X, max_iter=100, callbacks=(lambda event: event.step < 4, lambda event: None))
    assert len(model.history.losses) == 5
    assert not model.history.interrupted


@pytest.mark.parametrize("mapper", [Embedding(60, 2), MLP(6, 2)], ids=lambda m: type(m).__name__)
def test_a_loss_that_is_not_finite_names_step_and_rows(mapper):
    model = ICon(KNN(5), Gaussian(1.0), mapper)
    with pytest.raises(NonFiniteError, match=r"step 1: .* rows \[0.*lower lr="):
        model.fit(X, max_iter=10, lr=1e30, optimizer="sgd")
    assert model.prepared is None
    assert not model.training


def test_half_precision_is_for_mappers_only(generator):
    x = torch.from_numpy(X)
    for dtype in (torch.float16, torch.bfloat16):
        network = nn.Linear(6, 4).to(dtype)
        loss = ICon(KNN(5), Gaussian(1.0), network)(x.to(dtype))
        assert loss.dtype == torch.float32
        loss.backward()
        assert bool(network.weight.grad.isfinite().all())
    model = ICon(KNN(5), Gaussian(1.0), Linear(6, 4))
    plain = model(x.float()).item()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = model(x.float())
        assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(plain, rel=0.05)
    loss.backward()
    exact = ICon(KNN(5), Gaussian(1.0), nn.Identity())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert exact(x.float()).item() == exact(x.float()).item()
        inside = exact(x.float()).item()
    assert inside == exact(x.float()).item()
