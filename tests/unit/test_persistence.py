"""Saving and loading: bit-equal, and every damaged, hostile or newer file a typed error."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
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
from iconlearn.intake import ROWS
from iconlearn.persistence.files import MAX_JSON, write_aside
from iconlearn.recipes import Shape

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 5)) + 3 * (np.arange(40) % 3)[:, None]
Y = np.arange(40) % 3
SMALL = {"perplexity": 5.0, "n_neighbors": 4, "n_clusters": 3, "embedding_dim": 4}


TABLES = [row for row in METHODS.values() if row.takes is ROWS]


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


def other_forms():
    """A batch for every method that learns from something else than rows, by the name of its form."""
    graph = np.exp(-np.square(X[:, None] - X[None]).sum(-1) / 20) * (1 - np.eye(40))
    return {
        "graph": graph,
        "modalities": (X, X[:, ::-1] ** 2),
        "captioned rows": (X, X[:, :2]),
        "tokens": (np.arange(40)[:, None] + np.arange(6)) % 7,
    }


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
    model = ICon(Graph(rng.random((40, 40))), Gaussian(1.0), Linear(5, 2))
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


@pytest.fixture
def saved(tmp_path):
    return save(ICon(KNN(3), StudentT(), Embedding(40, 2)).fit(X, max_iter=3), tmp_path / "model")


def change(path, **parts):
    path.write_text(json.dumps({**json.loads(path.read_text()), **parts}))


def test_a_truncated_or_flipped_tensor_file(saved):
    tensors = saved.with_suffix(".safetensors")
    body = tensors.read_bytes()
    for bad in (body[:-1], body[: len(body) // 2], b"", body[:100] + bytes([body[100] ^ 1]) + body[101:]):
        tensors.write_bytes(bad)
        with pytest.raises(FileFormatError, match="damaged"):
            load(saved)


def test_a_truncated_or_flipped_description(saved):
    body = saved.read_bytes()
    for bad in (body[:-20], b"", b"\xff\xfe", b"[1, 2]", b"3", b'"x"', b"[" * 100_000):
        saved.write_bytes(bad)
        with pytest.raises(FileFormatError, match=r"is not (JSON|a saved model)"):
            load(saved)


def test_missing_files(saved, tmp_path):
    with pytest.raises(FileFormatError, match="cannot be read"):
        load(tmp_path / "nothing")
    saved.with_suffix(".safetensors").unlink()
    with pytest.raises(FileFormatError, match="cannot be read.*beside the JSON"):
        load(saved)
    with pytest.raises(FileFormatError, match="cannot be read"):
        load(tmp_path)


def test_newer_and_hostile_descriptions(saved):
    held = json.loads(saved.read_text())
    model = held["model"]
    cases = {
        "schema 99": {"schema": 99},
        "schema None": {"schema": None},
        "unknown part 'os.system'": {"model": {"type": "os.system", "args": {"command": "true"}}},
        "does not fit its": {"model": {"type": ["x"], "args": {}}},
        "describes a": {"model": {"type": "KNN", "args": {}}},
        "describes a ": {"model": 3},
        "no argument": {"model": {**model, "args": {**model["args"], "extra": 1}}},
        "does not fit": {"model": {"args": {}}},
        "fit its tensors or this version": {"unit": "x"},
        "does not fit its tensors": {"training_data": {"views": 3, "fields": [], "unit": 1.0}},
        "damaged": {"sha256": "0" * 64},
        "damaged or": {"sha256": 5},
    }
    for message, parts in cases.items():
        saved.write_text(json.dumps({**held, **parts}))
        with pytest.raises(FileFormatError, match=message.strip()):
            load(saved)
    for name, sizes in {
        "Embedding": {"num_embeddings": 10**9},
        "Assignments": {"num_embeddings": 10**6, "num_clusters": 10**6},
        "Linear": {"in_features": 10**5, "out_features": 10**5},
        "Orthonormal": {"in_features": 10**5, "out_features": 10**4},
        "SoftmaxHead": {"in_features": 10**6, "num_clusters": 10**5},
        "MLP": {"in_features": 10**5, "out_features": 2, "hidden": [10**5]},
        "CNN": {"image_shape": [1, 10**5, 10**5]},
        "Prototypes": {"num_prototypes": 10**9, "dim": 10},
    }.items():
        huge = {**model["args"], "mapper": {"type": name, "args": sizes}}
        saved.write_text(json.dumps({**held, "model": {"type": "ICon", "args": huge}}))
        with pytest.raises(FileFormatError, match=f"{name} is described with .* numbers"):
            load(saved)
    graph = {**model["args"], "target_dist": {"type": "Graph", "args": {}, "graph": ["x", 10**10, 10**10]}}
    saved.write_text(json.dumps({**held, "model": {"type": "ICon", "args": graph}}))
    with pytest.raises(FileFormatError, match="Graph is described with"):
        load(saved)
    deep = {"type": "ICon", "args": {}}
    for _ in range(400):
        deep = {"type": "Debiased", "args": {"base": deep, "alpha": 0.1}}
    saved.write_text(json.dumps({**held, "model": deep}))
    with pytest.raises(FileFormatError):
        load(saved)
    with open(saved, "wb") as file:
        file.truncate(MAX_JSON + 1)
    with pytest.raises(FileFormatError, match="larger than 64 MiB"):
        load(saved)


def test_a_safetensors_file_that_is_none(saved):
    import hashlib

    body = b"\xff" * 64
    saved.with_suffix(".safetensors").write_bytes(body)
    change(saved, sha256=hashlib.sha256(body).hexdigest())
    with pytest.raises(FileFormatError, match="not a safetensors file"):
        load(saved)


def test_a_kill_while_writing_leaves_the_last_good_file(saved, monkeypatch):
    before = {path: (saved.parent / path).read_bytes() for path in os.listdir(saved.parent)}

    def killed(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", killed)
    with pytest.raises(KeyboardInterrupt):
        write_aside(saved, b"new")
    with pytest.raises(KeyboardInterrupt):
        save(ICon(KNN(3), StudentT(), Linear(5, 2)), saved)
    assert {path: (saved.parent / path).read_bytes() for path in os.listdir(saved.parent)} == before
    monkeypatch.undo()
    assert load(saved).transform(X).shape == (40, 2)


def test_no_code_is_run_from_a_file():
    folder = Path(iconlearn.__path__[0]) / "persistence"
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    for word in ("import pickle", "torch.load", " eval(", " exec(", "import_module"):
        assert word not in text


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


def fitted(**options):
    frame = pandas.DataFrame(X, columns=list("abcde"))
    names = np.array(["x", "y", "z"], dtype=object)[Y]
    return iconlearn.TSNE(perplexity=4, max_iter=5, label_weight=0.4, **options).fit(frame, names)


@pytest.mark.parametrize("row", METHODS.values(), ids=lambda row: row.name)
def test_a_loaded_estimator_is_the_one_that_was_saved(row, tmp_path):
    parameters = {k: v for k, v in SMALL.items() if k in row.parameters}
    source = X if row in TABLES else other_forms()[row.takes.name]
    estimator = getattr(iconlearn, row.estimator)(max_iter=3, restarts=1, **parameters)
    estimator.fit(source, Y if row.needs_labels else None)
    loaded = load(save(estimator, tmp_path / "estimator"))
    assert type(loaded) is type(estimator)
    assert loaded.get_params() == estimator.get_params()
    mine, theirs = ({k: v for k, v in vars(e).items() if k != "model_"} for e in (estimator, loaded))
    assert mine.keys() == theirs.keys()
    np.testing.assert_equal(theirs, mine)
    read = "predict_proba" if hasattr(estimator, "predict_proba") else "transform"
    if row.takes.places_new:
        for mine, theirs in zip(getattr(estimator, read)(source), getattr(loaded, read)(source), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    path = save(loaded, tmp_path / "again")
    assert path.read_bytes() == (tmp_path / "estimator.json").read_bytes()


def test_parameters_of_every_kind_come_back(tmp_path):
    given = {"init": rng.normal(size=(40, 2)), "image_shape": (1, 1, 5), "random_state": np.int64(7)}
    estimator = fitted(**given, callbacks=(lambda event: None,))
    loaded = load(save(estimator, tmp_path / "map"))
    np.testing.assert_array_equal(loaded.init, given["init"])
    assert loaded.image_shape == (1, 1, 5)
    assert loaded.random_state == 7
    assert loaded.callbacks == ()
    assert list(loaded.feature_names_in_) == list("abcde")
    assert list(loaded.classes_) == ["x", "y", "z"]
    assert loaded.classes_.dtype == estimator.classes_.dtype
    assert loaded.feature_names_in_.dtype == estimator.feature_names_in_.dtype
    new = pandas.DataFrame(X[:3] + 0.1, columns=list("abcde"))
    np.testing.assert_array_equal(loaded.transform(new), estimator.transform(new))
    again = loaded.fit(pandas.DataFrame(X, columns=list("abcde")))
    assert not hasattr(again, "classes_")
    with pytest.raises(OptionError, match="random_state=RandomState.*a file cannot describe"):
        save(fitted(random_state=np.random.RandomState(0)), tmp_path / "bad")
    with pytest.raises(OptionError, match="TSNE is neither an ICon nor a fitted estimator"):
        save(iconlearn.TSNE(), tmp_path / "bad")


def test_hostile_descriptions_of_estimators(tmp_path):
    path = save(fitted(), tmp_path / "map")
    held = json.loads(path.read_text())
    told = held["estimator"]
    cases = {
        "unknown estimator 'os.system'": {**told, "name": "os.system"},
        "unknown estimator 'load'": {**told, "name": "load"},
        r"unknown estimator \['TSNE'\]": {**told, "name": ["TSNE"]},
        "attribute 'model_'": {**told, "fitted": {"model_": 3}},
        "attribute 'diagnostics_'": {**told, "fitted": {"diagnostics_": 3}},
        "attribute 'transform'": {**told, "fitted": {"transform": 3}},
        "attribute '__dict__'": {**told, "fitted": {"__dict__": 3}},
        "no option 'perplexities'": {**told, "params": {"perplexities": 3}},
        "does not fit its tensors": {**told, "params": {"init": {"array": "nothing"}}},
        "does not fit its tensors or": {**told, "fitted": {"classes_": {"object": [1]}}},
        "does not fit its tensors or this": {**told, "fitted": {"classes_": {"list": [], "tuple": []}}},
        "does not fit its tensors or this version": {**told, "fitted": 3},
        "does not fit": [told],
    }
    for message, described in cases.items():
        change(path, estimator=described)
        with pytest.raises(FileFormatError, match=message):
            load(path)
