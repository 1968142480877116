"""Saving and loading models: bit-equal, whatever their parts."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from saving import SMALL, TABLES, X, Y, other_forms
from torch import nn

import iconlearn
from iconlearn import (
    KNN,
    METHODS,
    Augmentation,
    CrossModal,
    Embedding,
    FileFormatError,
    Gaussian,
    Graph,
    ICon,
    KthNeighbor,
    Label,
    Learnable,
    Linear,
    Momentum,
    OptionError,
    PerView,
    Queue,
    StudentT,
    load,
    save,
)
from iconlearn.divergences import alpha, as_divergence
from iconlearn.recipes import Shape


@pytest.mark.parametrize("row", TABLES, ids=lambda row: row.name)
def test_a_loaded_model_gives_the_same_bits(row, tmp_path):
    recipe = row.recipe(**{k: v for k, v in SMALL.items() if k in row.parameters})
    shape = Shape.of(X, n_classes=3)
    options = {**row.fit, "epochs": None, "max_iter": 5, "restarts": 1}
    if recipe.augment is not None:
        options["augment"] = recipe.augment(shape)
    for scale in (1.0, 1e30):
        model = recipe.model(shape).fit(X * scale, Y if row.needs_labels else None, **options)
        path = save(model, tmp_path / "model")
        loaded = load(path)
        assert repr(loaded) == repr(model)
        assert not loaded.training
        new = np.vstack([X[:3], X[:3] + 0.1]) * scale
        for rows in (X * scale, new):
            np.testing.assert_array_equal(loaded.transform(rows), model.transform(rows))
    assert sorted(os.listdir(tmp_path)) == ["model.json", "model.safetensors"]
    for name in ("model", "model.json", "model.safetensors"):
        assert repr(load(tmp_path / name)) == repr(model)


@pytest.mark.parametrize("row", [r for r in METHODS.values() if r not in TABLES], ids=lambda row: row.name)
def test_a_loaded_model_of_another_form_gives_the_same_bits(row, tmp_path):
    parameters = {k: v for k, v in SMALL.items() if k in row.parameters}
    source = other_forms()[row.takes.name]
    estimator = getattr(iconlearn, row.estimator)(max_iter=3, restarts=1, **parameters).fit(source)
    model = estimator.model_
    loaded = load(save(model, tmp_path / "model"))
    for (name, mine), theirs in zip(model.state_dict().items(), loaded.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name
    batch = estimator._batch(row.takes.read(source, "test"))
    np.testing.assert_array_equal(loaded.transform(batch), model.transform(batch))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ICon(Gaussian(KthNeighbor(3)), StudentT(df=2.5), Linear(5, 2), divergence="js"),
        lambda: ICon(
            Graph(np.eye(40)[::-1] + 0.5), Gaussian(Learnable(2.0)), Embedding(40, 2, init=np.ones((40, 2)))
        ),
        lambda: ICon(0.3 * KNN(3).propagate(2) + 0.7 * Label().debias(0.1), Gaussian(1.0), Linear(5, 2)),
        lambda: ICon(KNN(3).on("other"), Gaussian(1.0).nearest(9), Linear(5, 2)),
        lambda: ICon(
            CrossModal(), Gaussian(0.7, "cos", pairs="cross_view"), PerView(Linear(5, 2), Linear(5, 2))
        ),
        lambda: ICon(
            Augmentation(2), Gaussian(0.7, "cos"), Linear(5, 2), mapper_j=Queue(9, keys=Momentum(0.9))
        ),
        lambda: ICon(KNN(3), Gaussian(float("inf")), Linear(5, 2), direction="forward", engine="tiled"),
        lambda: ICon(KNN(3), Gaussian(nn.Parameter(torch.tensor(2.0))), Linear(5, 2)),
    ],
)
def test_parts_survive(make, tmp_path):
    model = make()
    loaded = load(save(model, tmp_path / "part"))
    assert repr(loaded).replace("Tensor", "ndarray") == repr(model)
    for name, tensor in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor), name


def test_a_graph_and_its_loss_survive(tmp_path):
    model = ICon(Graph(np.random.default_rng(1).random((40, 40))), Gaussian(1.0), Linear(5, 2))
    loaded = load(save(model, tmp_path / "graph"))
    assert loaded(X).item() == pytest.approx(model(X).item(), rel=1e-6)


def test_a_started_momentum_teacher_survives(tmp_path):
    for mapper_j in (Momentum(0.9), Queue(50, keys=Momentum(0.9))):
        model = ICon(KNN(3), Gaussian(1.0), Linear(5, 2), mapper_j=mapper_j)
        model.fit(X, max_iter=5, lr=0.1)
        loaded = load(save(model, tmp_path / "teacher"))
        assert any(".teacher." in name for name in model.state_dict())
        for name, tensor in model.state_dict().items():
            assert torch.equal(loaded.state_dict()[name], tensor), name


def test_a_mapper_of_the_users_needs_one_to_load_into(tmp_path):
    network = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2))
    model = ICon(KNN(3), Gaussian(1.0), network).fit(X, max_iter=3)
    path = save(model, tmp_path / "own")
    fresh = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 2))
    np.testing.assert_array_equal(load(path, mapper=fresh).transform(X), model.transform(X))
    with pytest.raises(FileFormatError, match="'Sequential'.*pass one.*mapper="):
        load(path)
    with pytest.raises(FileFormatError, match="does not fit its tensors"):
        load(path, mapper=nn.Linear(5, 2))


OLD = Path(__file__).parents[1] / "data"


def test_files_of_schema_1_still_load():
    held = np.load(OLD / "schema_1" / "expected.npz")
    for name, exact in (("map", True), ("projection", False)):
        model = load(OLD / "schema_1" / name)
        assert isinstance(model, ICon)
        close = np.testing.assert_array_equal if exact else np.testing.assert_allclose
        close(model.transform(held["X"]), held[name])


def test_a_function_cannot_be_saved(tmp_path):
    with pytest.raises(OptionError, match="a file cannot describe"):
        save(ICon(Gaussian(1.0, metric=torch.cdist), Gaussian(1.0), Linear(5, 2)), tmp_path / "m")
    assert os.listdir(tmp_path) == []


def test_a_name_with_dots_keeps_them(tmp_path):
    model = ICon(KNN(3), StudentT(), Linear(5, 2))
    path = save(model, tmp_path / "run.v1")
    assert sorted(os.listdir(tmp_path)) == ["run.v1.json", "run.v1.safetensors"]
    assert repr(load(tmp_path / "run.v1")) == repr(load(path))


class Halved(Gaussian):
    """A kernel of a user's."""


@pytest.mark.parametrize(
    ("part", "make"),
    [
        (
            "mapper.mappers.0=Linear",
            lambda: ICon(CrossModal(), Gaussian(), PerView(nn.Linear(5, 2), nn.Linear(5, 2))),
        ),
        ("target_dist=Halved", lambda: ICon(Halved(1.0), Gaussian(), Linear(5, 2))),
        ("mapper_j=Linear", lambda: ICon(KNN(3), Gaussian(), Linear(5, 2), mapper_j=nn.Linear(5, 2))),
    ],
)
def test_only_the_whole_mapper_may_be_of_a_class_of_the_users(part, make, tmp_path):
    with pytest.raises(OptionError, match=f"save: {part} is of a class.*state_dict"):
        save(make(), tmp_path / "own")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("given", [alpha(0.5), as_divergence("kl"), as_divergence("kl").reversed()])
def test_a_divergence_is_saved_and_shown_by_its_name(given, tmp_path):
    model = ICon(Gaussian(2.0), StudentT(), Linear(5, 2), divergence=given)
    assert f"divergence={given.name!r}" in repr(model)
    loaded = load(save(model, tmp_path / "named"))
    assert loaded.divergence == given.name
    assert loaded(X).item() == model(X).item()


def test_a_divergence_of_the_users_cannot_be_saved(tmp_path):
    for name in ("mine", "kl"):
        own = replace(as_divergence("tv"), name=name)
        with pytest.raises(
            OptionError, match=f"save: divergence='{name}' is a Divergence of your own.*state_dict"
        ):
            save(ICon(KNN(3), StudentT(), Linear(5, 2), divergence=own), tmp_path / "own")
