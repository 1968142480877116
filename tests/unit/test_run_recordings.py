"""The recording in a run's folder: what it says of method, data and points, and how it ends."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from recordings import Crowd, of_kind, told

from iconlearn._errors import NonFiniteError
from iconlearn.data.files import Dataset, load_dataset, load_digits_dataset
from iconlearn.explorer.exporting import export_parquet
from iconlearn.methods import METHODS
from iconlearn.recording import read_packets
from iconlearn.run import RunOptions, job, run_method
from iconlearn.run.partial import Partial

DIGITS = load_digits_dataset()
FEW = Dataset("few", DIGITS.X[:90], DIGITS.y[:90], DIGITS.classes, DIGITS.image_shape)


@pytest.fixture(autouse=True)
def undrawn(monkeypatch):
    monkeypatch.setattr(job, "draw", lambda *_: None)
    monkeypatch.setattr(job, "draw_judgement", lambda *_: None)


def run(name: str, data: Dataset, folder: Path, **options: Any) -> Path:
    return run_method(name, data, folder / "out", RunOptions(max_iter=3, **options)).out / "recording.icon"


def test_a_recording_says_what_was_run_on_what(tmp_path):
    crowd = Crowd()
    path = run("t-sne", FEW, tmp_path, parameters={"perplexity": 7.0}, seed=3, audience=crowd)
    packets = list(read_packets(path))
    said = packets[0].fields
    assert said["cell"] == ["Gaussian", "Student-t"]
    assert said["parameters"]["perplexity"] == 7.0
    assert (said["seed"], said["total"], said["options"]["max_iter"]) == (3, 3, 3)
    assert said["data"] == {"name": "few", "n": 90, "d": 64, "classes": list("0123456789"), "kind": "rows"}
    assert any("p_{ij}" in line for line in said["equation"])
    assert "options" in said
    assert said["chosen"] == {"perplexity": 7.0, "seed": 3, "max_iter": 3}
    assert said["columns_are"] == "points"
    points = packets[1]
    assert points.arrays["rows"].tolist() == list(range(90))
    assert points.fields["columns"] == [
        {"name": "label", "kind": "category", "categories": list("0123456789")}
    ]
    assert np.array_equal(points.arrays["column_0"], FEW.y)
    assert packets[-1].fields["state"] == "finished"
    assert packets[-1].fields["metrics"]["knn_accuracy"] > 0.3
    sent = [packet for packet in crowd.packets if packet.kind != "frame"]
    assert [packet.kind for packet in sent] == [packet.kind for packet in packets]
    assert not (tmp_path / "out.partial").exists()


def test_images_are_shown_in_grey_levels_or_colours(tmp_path):
    images = of_kind(run("pca", FEW, tmp_path), "samples")[0].arrays["images"]
    assert images.shape == (90, 8, 8)
    assert np.array_equal(images, np.rint(FEW.X.reshape(90, 8, 8) * (255 / FEW.X.max())).astype(np.uint8))
    colours = np.random.default_rng(0).uniform(size=(40, 3 * 80 * 64)).astype(np.float32)
    photos = Dataset("photos", colours, None, None, (3, 80, 64))
    small = of_kind(run("pca", photos, tmp_path / "photos"), "samples")[0].arrays["images"]
    assert small.shape == (40, 32, 26, 3)
    wide = colours.reshape(40, 3, 80, 64).mean((2, 3))
    assert np.allclose(small.mean((1, 2)) / 255, wide, atol=0.02)


@pytest.mark.parametrize(
    ("name", "same", "other"),
    [
        ("t-sne", {"divergence": "kl", "debias_target": 0.0}, {"divergence": "tv", "debias_target": 0.1}),
        ("simclr", {"divergence": "kl"}, {"accumulate": 2, "precision": "bf16-mixed"}),
        ("infonce-clustering", {"debias_learned": 0.1}, {"debias_learned": 0.0}),
    ],
)
def test_what_a_method_has_by_itself_tells_no_runs_apart(name, same, other):
    assert RunOptions(**same).differing(METHODS[name]) == {}
    assert RunOptions(**other).differing(METHODS[name]) == other


def test_a_table_carries_its_columns_along(tmp_path):
    X = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    path = run("pca", Dataset("table", X, None, None), tmp_path)
    (points,) = of_kind(path, "points")
    assert [column["name"] for column in points.fields["columns"]] == ["x0", "x1", "x2"]
    assert np.array_equal(points.arrays["column_1"], X[:, 1])
    assert not of_kind(path, "samples")
    assert "accuracy" not in of_kind(path, "moment")[-1].fields["stats"]


def test_columns_that_fit_no_longer_or_are_called_as_ours_get_other_names(tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    data = Dataset("table", X, np.arange(30) % 2, ["a", "b"], columns=["label", "age", "label"])
    (points,) = of_kind(run("pca", data, tmp_path), "points")
    assert [column["name"] for column in points.fields["columns"]] == ["label", "label_", "age", "label__"]
    assert replace(data, X=X[:, :2]).column_names == ["x0", "x1"]


def test_columns_of_a_file_keep_their_names_up_to_the_exported_table(tmp_path):
    rng = np.random.default_rng(0)
    age, pulse, kind = rng.uniform(1, 90, 40), rng.normal(size=(40, 2)), ["cat", "dog"] * 20
    pq.write_table(
        pa.table({"age": age, "kind": kind, "pulse": pulse.tolist(), "x": age}), tmp_path / "a.parquet"
    )
    data = load_dataset(tmp_path / "a.parquet", "kind")
    assert data.columns == ["age", "pulse[0]", "pulse[1]", "x"]
    path = run("pca", data, tmp_path)
    (points,) = of_kind(path, "points")
    assert [column["name"] for column in points.fields["columns"]] == ["label", *data.columns]
    assert np.allclose(points.arrays["column_1"], age)
    assert np.allclose(points.arrays["column_3"], pulse[:, 1])
    table = pq.read_table(io.BytesIO(export_parquet(path)))
    assert table.column_names[:8] == ["row", "x", "y", "label", "age", "pulse[0]", "pulse[1]", "x_"]
    assert np.allclose(table["age"], age)
    (tmp_path / "bare.csv").write_text("1.5,2\n3,4\n")
    assert load_dataset(tmp_path / "bare.csv").columns == ["f0", "f1"]
    assert DIGITS.columns is None


def test_an_encoder_shows_all_rows_and_watches_a_probe_of_those_it_learns_from(tmp_path):
    path = run("simclr", FEW, tmp_path)
    (said,), (points,), (watched,) = (of_kind(path, kind) for kind in ("run", "points", "watched"))
    assert said.fields["columns_are"] == "probe"
    assert points.fields["columns"][1]["categories"] == ["fitted", "held out"]
    held = points.arrays["column_1"]
    assert 40 <= held.sum() <= 50
    probe = watched.arrays["probe"]
    assert (held[probe] == 0).all()
    assert np.array_equal(probe[:8], probe[8:])  # two views of every sample
    assert np.array_equal(probe[watched.arrays["rows"]], watched.arrays["points"])
    # the positive of a row is the other view of its sample
    best = watched.arrays["columns"][:, 0]
    assert np.array_equal(probe[best], watched.arrays["points"])
    assert not np.array_equal(best, watched.arrays["rows"])


def test_texts_are_shown_with_the_words_around_them(tmp_path):
    data = load_dataset("sentences")
    few = Dataset("few", data.X[:30], None, data.classes, None, "tokens", data.learns_from[:30])
    path = run("next-token", few, tmp_path)
    (said,), (points,), (texts,), (watched,) = (
        of_kind(path, kind) for kind in ("run", "points", "samples", "watched")
    )
    length = few.learns_from.shape[1]
    assert points.fields["n"] == 30 * length
    words = [few.classes[k] for k in few.learns_from[0]]
    assert texts.fields["texts"][0] == " ".join([f"[{words[0]}]", *words[1:4]])
    assert texts.fields["texts"][length - 1] == " ".join([*words[length - 4 : -1], f"[{words[-1]}]"])
    assert points.arrays["column_0"][:length].tolist() == few.learns_from[0].tolist()
    assert said.fields["columns_are"] == "classes"
    # a position's own token is what is most probable under p
    label = points.arrays["column_0"][watched.arrays["points"]]
    assert np.array_equal(watched.arrays["columns"][:, 0], label)
    assert [said.fields["column_names"][k] for k in label] == [few.classes[k] for k in label]


def test_classes_are_columns_of_a_classifier(tmp_path):
    path = run("cross-entropy", FEW, tmp_path)
    (said,), (points,), (watched,) = (of_kind(path, kind) for kind in ("run", "points", "watched"))
    assert said.fields["columns_are"] == "classes"
    assert said.fields["column_names"] == list("0123456789")
    label = points.arrays["column_0"][watched.arrays["points"]]
    assert np.array_equal(watched.arrays["columns"][:, 0], label)


def test_clusterings_lie_where_their_data_does(tmp_path):
    path = run("k-means", FEW, tmp_path, parameters={"n_clusters": 4})
    (said,), (points,) = (of_kind(path, kind) for kind in ("run", "points"))
    centred = FEW.X - FEW.X.mean(0)
    axes = np.linalg.svd(centred.astype(float), full_matrices=False)[2][:2]
    assert np.allclose(np.abs(points.arrays["positions"]), np.abs(centred @ axes.T), atol=1e-3)
    assert said.fields["layout_words"] == "a PCA of the data"


def test_a_run_that_is_stopped_says_so_and_interrupted_ones_go_on(tmp_path):
    crowd = Crowd(wants=False)
    options = {"callbacks": (lambda event: event.step < 1,), "audience": crowd}
    path = run("t-sne", FEW, tmp_path / "stopped", **options)
    assert of_kind(path, "end")[0].fields["state"] == "stopped"
    assert crowd.of("end")[0].fields["steps"] == 2

    def stop(event):
        if event.kind == "step" and event.step == 1:
            raise KeyboardInterrupt

    whole = told(run("t-sne", FEW, tmp_path / "whole"))
    path = run("t-sne", FEW, tmp_path / "cut", callbacks=(stop,))
    assert of_kind(path, "end")[0].fields["message"].startswith("interrupted")
    assert Partial(tmp_path / "cut" / "out").recording.exists()
    path = run("t-sne", FEW, tmp_path / "cut", overwrite=True)
    assert told(path) == whole
    assert not Partial(tmp_path / "cut" / "out").folder.exists()


@pytest.mark.parametrize("name", ["t-sne", "simclr"])
def test_a_run_of_no_steps_is_one_moment(name, tmp_path):
    path = run_method(name, FEW, tmp_path / "out", RunOptions(max_iter=0)).out / "recording.icon"
    assert [(p.fields["step"], p.fields["final"]) for p in of_kind(path, "moment")] == [(0, True)]
    assert not of_kind(path, "losses")


def test_a_run_that_fails_says_why_and_leaves_what_was_seen(tmp_path):
    crowd = Crowd(wants=False)
    with pytest.raises(NonFiniteError, match="lower lr"):
        run("simclr", FEW, tmp_path, lr=1e30, audience=crowd)
    assert [packet.kind for packet in crowd.packets[:3]] == ["run", "points", "samples"]
    assert Partial(tmp_path / "out").recording.exists()


def test_what_is_cleared_away_is_the_recording_too(tmp_path):
    partial = Partial(tmp_path / "out")
    for clean in (partial.forget, partial.clear):
        partial.folder.mkdir(exist_ok=True)
        partial.recording.write_bytes(b"ICON")
        clean()
        assert not partial.recording.exists()
