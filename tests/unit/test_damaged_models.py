"""Saved files that are damaged, truncated, hostile, newer or half written: a typed error each."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from saving import X, change

import iconlearn
from iconlearn import (
    KNN,
    Embedding,
    FileFormatError,
    ICon,
    Linear,
    StudentT,
    load,
    save,
)
from iconlearn.persistence.files import MAX_JSON, write_aside


@pytest.fixture
def saved(tmp_path):
    return save(ICon(KNN(3), StudentT(), Embedding(40, 2)).fit(X, max_iter=3), tmp_path / "model")


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


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_kill_between_renames_leaves_the_old_model_or_the_new_one(renames, saved, monkeypatch):
    old, new = load(saved), ICon(KNN(4), StudentT(), Linear(5, 2)).fit(X, max_iter=2)
    left, rename = [renames], os.replace

    def killed(source, target):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        rename(source, target)

    monkeypatch.setattr("os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        save(new, saved)
    monkeypatch.undo()
    found, meant = load(saved), new if renames == 2 else old
    assert repr(found) == repr(meant)
    np.testing.assert_array_equal(found.transform(X), meant.transform(X))
    save(new, saved)
    assert sorted(os.listdir(saved.parent)) == ["model.json", "model.safetensors"]
    assert repr(load(saved)) == repr(new)


def test_a_full_disk_leaves_the_old_model_alone(saved, monkeypatch):
    before = {path: (saved.parent / path).read_bytes() for path in os.listdir(saved.parent)}
    flushes, flush = [], os.fsync

    def full(descriptor):
        flushes.append(descriptor)
        if len(flushes) == 2:
            raise OSError(28, "No space left on device")
        flush(descriptor)

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(ICon(KNN(3), StudentT(), Linear(5, 2)), saved)
    assert {path: (saved.parent / path).read_bytes() for path in os.listdir(saved.parent)} == before


def test_no_code_is_run_from_a_file():
    folder = Path(iconlearn.__path__[0]) / "persistence"
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    for word in ("import pickle", "torch.load", " eval(", " exec(", "import_module"):
        assert word not in text
