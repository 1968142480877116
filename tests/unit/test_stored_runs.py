"""``iconlearn fit`` of features on disk: what it leaves, that kills cost nothing, and what it refuses."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import write_images
from PIL import Image
from pyarrow import parquet
from sklearn.metrics import adjusted_rand_score
from stored_rows import CALL, COUNTS, NAMES, RNG, X, Y, command, write_rows

from iconlearn import FeatureWriter, NeighborGraph, OptionError, load, open_features
from iconlearn.cli.fit import parse_settings
from iconlearn.evaluation import clustering_report, hungarian_accuracy
from iconlearn.extraction import open_images
from iconlearn.features import Features
from iconlearn.methods import METHODS
from iconlearn.run import RunOptions, clusters, run_stored, stored
from iconlearn.run.clusters import judge_clusters, read_clusters
from iconlearn.run.folder import put_in_place
from iconlearn.run.images import RowImages
from iconlearn.run.judged import SHEET
from iconlearn.run.partial import Partial
from iconlearn.train.run import Run

ALL = {
    "clusters.parquet",
    "confusion.png",
    "loss.png",
    "model.json",
    "model.safetensors",
    "reliability.png",
    "run.json",
}


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> Features:
    return write_rows(tmp_path_factory.mktemp("features") / "rows")


def content(folder: Path) -> dict[str, bytes]:
    """Files whose bytes follow from the command."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "run.json"}


def test_a_run_from_disk_leaves_clusters_scores_pictures_and_model(features, tmp_path, capsys):
    out = tmp_path / "out"
    assert command(*CALL[:-1], features.path, "--out", out) == 0
    assert "hungarian_accuracy" in capsys.readouterr().out
    assert {path.name for path in out.iterdir()} == ALL
    assert [path.name for path in tmp_path.iterdir()] == ["out"]

    table = parquet.read_table(out / "clusters.parquet").to_pydict()
    assert list(table) == ["row", "name", "cluster", "confidence", "label"]
    assert table["row"] == list(range(240))
    assert table["name"] == NAMES
    kinds = list(COUNTS)
    assert table["label"] == [None if k % 40 == 0 else kinds[Y[k]] for k in range(240)]
    assert adjusted_rand_score(Y, table["cluster"]) > 0.8

    probability = np.exp(load(out / "model").transform(X))
    assert np.array_equal(probability.argmax(1), table["cluster"])
    assert np.allclose(probability.max(1), table["confidence"], atol=1e-5)
    record = json.loads((out / "run.json").read_text())
    known = np.arange(240) % 40 != 0
    assert record["metrics"]["hungarian_accuracy"] == pytest.approx(
        hungarian_accuracy(Y[known], np.array(table["cluster"])[known])
    )
    assert record["cluster_sizes"] == np.bincount(table["cluster"], minlength=3).tolist()
    assert record["neighbors"] == {"k": 10, "metric": "euclidean", "recall": 1.0}
    assert (record["steps"], record["data"]["labelled"]) == (6 * 3, 234)
    report = judge_clusters(out / "clusters.parquet", 3)
    direct = clustering_report(
        np.array(table["cluster"]), features.label, confidence=np.array(table["confidence"]), n_clusters=3
    )
    assert report.scores == direct.scores


@pytest.mark.parametrize(
    "moment",
    [
        "search:2",
        "step:12",
        *(pytest.param(later, marks=pytest.mark.slow) for later in ("picture:1", "placed:0")),
    ],
)
def test_a_killed_command_run_again_ends_as_an_unbroken_one(features, tmp_path, whole, moment):
    call = [*CALL, str(features.path), "--out", str(tmp_path / "out")]
    program = [sys.executable, str(Path(__file__).with_name("killing.py")), moment, *call]
    assert subprocess.run(program, check=False).returncode == -signal.SIGKILL
    assert (tmp_path / "out.partial").is_dir()
    assert (tmp_path / "out").is_dir() == (moment == "placed:0")
    assert command(*call) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert content(tmp_path / "out") == whole


@pytest.fixture(scope="module")
def whole(features, tmp_path_factory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "out"
    assert command(*CALL, features.path, "--out", out) == 0
    return content(out)


def test_what_is_finished_is_not_done_again_and_never_lost(features, tmp_path, monkeypatch, capsys):
    out = tmp_path / "out"
    call = (*CALL, features.path, "--out", out)
    assert command(*call) == 0
    before = (out / "run.json").stat().st_mtime_ns
    assert command(*call) == 0
    assert (out / "run.json").stat().st_mtime_ns == before
    assert command(*call, "--seed", 1) == 2
    assert "is not empty" in capsys.readouterr().err
    assert command(*call, "--seed", 1, "--overwrite") == 0
    assert json.loads((out / "run.json").read_text())["seed"] == 1
    assert not list(tmp_path.glob("*.partial"))


def test_ctrl_c_keeps_the_state_and_the_same_command_goes_on(features, tmp_path, monkeypatch, capsys, whole):
    advance, calls = Run.advance, []

    def interrupted(self, *given):
        calls.append(self.step)
        if len(calls) == 7:
            raise KeyboardInterrupt
        return advance(self, *given)

    call = (*CALL, features.path, "--out", tmp_path / "out")
    monkeypatch.setattr(Run, "advance", interrupted)
    assert command(*call) == 130
    assert "the same command goes on" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial"]
    monkeypatch.undo()
    assert command(*call) == 0
    assert content(tmp_path / "out") == whole


@pytest.mark.parametrize(("owner", "name"), [(stored, "write_clusters"), (stored.tables, "write_record")])
def test_a_full_disk_is_named_and_the_work_kept(features, tmp_path, monkeypatch, capsys, owner, name, whole):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    call = (*CALL, features.path, "--out", tmp_path / "out")
    monkeypatch.setattr(owner, name, full)
    assert command(*call) == 2
    message = capsys.readouterr().err
    assert "No space left" in message
    assert "goes on from there" in message
    assert {path.name for path in (tmp_path / "out.partial").iterdir()} >= {
        "neighbors",
        "checkpoint.safetensors",
    }
    monkeypatch.undo()
    assert command(*call) == 0
    assert content(tmp_path / "out") == whole


def test_a_file_stays_on_disk_when_asked(tmp_path):
    np.savez(tmp_path / "x.npz", X=X, y=Y)
    assert command(*CALL, tmp_path / "x.npz", "--stored", "--out", tmp_path / "out") == 0
    columns = read_clusters(tmp_path / "out" / "clusters.parquet", "name", "label")
    assert list(columns) == ["label"]
    assert columns["label"].tolist() == [str(y) for y in Y]


def test_the_contact_sheet_shows_the_images_of_the_rows(features, tmp_path, monkeypatch):
    root = write_images(tmp_path / "images", COUNTS)
    assert command(*CALL, features.path, "--out", tmp_path / "named", "--images", root) == 0
    assert (tmp_path / "named" / "contact_sheet.png").exists()
    monkeypatch.chdir(root)  # names of rows are files here
    assert command(*CALL, features.path, "--out", tmp_path / "here") == 0
    assert (tmp_path / "here" / "contact_sheet.png").read_bytes() == (
        tmp_path / "named" / "contact_sheet.png"
    ).read_bytes()


def test_a_finished_run_shows_the_images_it_is_given_now(features, tmp_path):
    root, out = write_images(tmp_path / "images", COUNTS), tmp_path / "out"
    call = (*CALL, features.path, "--out", out)
    assert command(*call, "--images", root) == 0
    clusters, first = (out / "clusters.parquet").stat().st_mtime_ns, (out / SHEET).read_bytes()
    assert command(*call) == 0
    assert (out / SHEET).read_bytes() == first
    for path in root.rglob("*.png"):
        Image.open(path).convert("L").point(lambda value: 255 - value).save(path)
    assert command(*call, "--images", root) == 0
    assert (out / SHEET).read_bytes() != first
    assert (out / "clusters.parquet").stat().st_mtime_ns == clusters


def test_what_the_scores_do_not_tell_is_said(features, tmp_path, capsys):
    far = np.random.default_rng(0).normal(size=(90, 4)) + 50 * np.eye(3, 4)[np.arange(90) % 3]
    np.save(tmp_path / "far.npy", far)
    call = ("fit", "infonce-clustering", tmp_path / "far.npy", "--stored", "--set", "n_clusters=3")
    assert command(*call, "--epochs", 2, "-o", tmp_path / "out") == 0
    assert "k-means was kept" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "run.json").read_text())["kept_baseline"]
    assert command(*call, "--epochs", 2, "-o", tmp_path / "out") == 0
    assert "finished before, and not done again" in capsys.readouterr().out
    assert command(*call, "--epochs", 2, "--baseline", -1, "-o", tmp_path / "trained") == 0
    assert "k-means" not in capsys.readouterr().out


def test_images_are_found_by_name_where_some_were_left_out(tmp_path):
    root = write_images(tmp_path / "images", {"ape": 4, "bee": 3})
    (root / "ape" / "1.png").write_bytes(b"no image")
    names = [f"ape/{k}.png" for k in (0, 2, 3)] + [f"bee/{k}.png" for k in (0, 1)]
    with FeatureWriter(tmp_path / "rows", 2, dtype="float32") as writer:
        writer.add(np.zeros((5, 2)), name=names)
    images = RowImages(open_features(tmp_path / "rows"), open_images(root))
    for row, name in enumerate(names):
        source = open_images(root)
        expected = next(source[k][0] for k in range(7) if k != 1 and source[k][2] == name)
        assert np.array_equal(images[row], np.asarray(expected))


def refused(name: str, folder: Path, features: Features) -> tuple[list[object], str]:
    """A call that must fail, and words that its message must hold."""
    out, bad = folder / "out", folder / "bad.npy"
    np.save(bad, np.where(np.arange(240)[:, None] == 77, np.nan, X))
    np.save(folder / "few.npy", X[:6])
    np.save(folder / "short.npy", Y[:9])
    (folder / "empty").mkdir()
    cases: dict[str, tuple[list[object], str]] = {
        "method": (["fit", "t-sne", features.path, "--stored"], "method that streams: .*pmi-clustering"),
        "NaN": ([*CALL, bad, "--stored"], "row 77"),
        "steps": ([*CALL[:4], features.path, "--max-iter", 0], "max_iter=0 takes no step"),
        "clusters": ([*CALL, features.path, "--set", "n_clusters=500"], "500 clusters are asked for"),
        "labels": ([*CALL, features.path, "--labels", folder / "short.npy"], "9 labels for 240 rows"),
        "empty": ([*CALL, folder / "empty"], "empty"),
        "epochs": ([*CALL, features.path, "--max-iter", 5], "both say how long"),
        "no-epochs": (["fit", "t-sne", "digits", "--epochs", 5], "no option 'epochs'"),
        "images": ([*CALL, "digits", "--images", folder], "--images"),
        "no-data": ([*CALL, "--stored"], "no DATA"),
        "other": ([*CALL, features.path, "--images", write_images(folder / "i", {"a": 3})], "3 images, but"),
    }  # fmt: skip
    call, words = cases[name]
    return [*call, "--out", out], words


@pytest.mark.parametrize(
    "name",
    [
        "method",
        "NaN",
        "steps",
        "clusters",
        "labels",
        "empty",
        "epochs",
        "no-epochs",
        "images",
        "no-data",
        "other",
    ],
)
def test_what_cannot_be_done_is_refused_in_words(features, tmp_path, capsys, name):
    call, words = refused(name, tmp_path, features)
    assert command(*call) == 2
    message = capsys.readouterr().err
    assert re.search(words, message), message
    assert not (tmp_path / "out").exists()


def test_the_work_of_other_options_is_not_gone_on_with(features, tmp_path, monkeypatch, capsys):
    call = (*CALL, features.path, "--out", tmp_path / "out")
    monkeypatch.setattr(stored, "write_clusters", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    assert command(*call) == 2
    monkeypatch.undo()
    assert command(*call, "--seed", 5) == 2
    message = capsys.readouterr().err
    assert "another run" in message
    assert "out.partial" in message


def test_neighbours_found_before_serve_a_run(features, tmp_path, monkeypatch):
    graph = NeighborGraph.of(features, 20)
    monkeypatch.setattr(stored.NeighborGraph, "of", None)
    options = RunOptions({"n_clusters": 3, "n_neighbors": 5}, epochs=2, batch_size=80)
    result = run_stored("pmi-clustering", features, tmp_path / "out", options, neighbors=graph)
    assert result.metrics["hungarian_accuracy"] > 0.8


def test_small_groups_give_the_same_table(features, tmp_path, monkeypatch):
    cluster, sure = RNG.integers(0, 3, 240), RNG.random(240)
    for rows in (37, 1000):
        monkeypatch.setattr(clusters, "ROWS", rows)
        clusters.write_clusters(tmp_path / f"{rows}.parquet", features, cluster, sure)
    few, many = (parquet.read_table(tmp_path / f"{rows}.parquet") for rows in (37, 1000))
    assert few.equals(many)


def test_settings_are_of_the_type_of_their_default():
    row = METHODS["pmi-clustering"]
    assert parse_settings(row, ["n_clusters=5"]) == {"n_clusters": 5}
    with pytest.raises(OptionError, match="is not a whole number"):
        parse_settings(row, ["n_clusters=many"])


def test_a_run_of_other_neighbours_is_another_run(features, tmp_path):
    options = RunOptions({"n_clusters": 3, "n_neighbors": 5}, epochs=1, batch_size=80)
    near, far = (NeighborGraph.of(X, 5, metric) for metric in ("euclidean", "cos"))
    far = NeighborGraph.from_arrays(far.indices, far.distances, "euclidean")
    first = run_stored("pmi-clustering", features, tmp_path / "out", options, neighbors=near)
    assert (
        run_stored("pmi-clustering", features, tmp_path / "out", options, neighbors=near).files == first.files
    )
    with pytest.raises(OptionError, match="is not empty"):
        run_stored("pmi-clustering", features, tmp_path / "out", options, neighbors=far)


def test_two_processes_do_not_share_a_run(features, tmp_path):
    with Partial(tmp_path / "out").working(overwrite=False):
        with pytest.raises(OptionError, match="another process works in this folder"):
            run_stored("pmi-clustering", features, tmp_path / "out", RunOptions({"n_clusters": 3}, epochs=1))
        (tmp_path / "out.partial" / ".checkpoint.safetensors.1.part").write_bytes(b"left by a kill")
    Partial(tmp_path / "out").clear()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("moves", range(4))
def test_results_that_are_replaced_in_part_pass_for_no_run(tmp_path, monkeypatch, moves):
    old, new = tmp_path / "out", tmp_path / "new"
    for folder in (old, new):
        folder.mkdir()
        for name in ("clusters.parquet", "loss.png", "run.json", "training.gif"):
            (folder / name).write_text(folder.name)
    replace, done = os.replace, []

    def killed(*paths):
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(replace(*paths))

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        put_in_place(new, old)
    assert not (old / "run.json").exists()
    monkeypatch.undo()
    put_in_place(new, old)
    assert {path.read_text() for path in old.iterdir()} == {"new"}
