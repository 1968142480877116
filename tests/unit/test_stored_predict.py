"""``iconlearn predict`` of features on disk by a finished run."""

from __future__ import annotations

import numpy as np
import pytest
from stored_rows import CALL, X, Y, command, write_rows

from iconlearn.features import Features
from iconlearn.run.clusters import read_clusters


@pytest.fixture(scope="module")
def features(tmp_path_factory) -> Features:
    return write_rows(tmp_path_factory.mktemp("features") / "rows")


def test_predict_streams_the_clusters_of_new_rows(features, tmp_path, capsys):
    out = tmp_path / "out"
    command(*CALL, features.path, "--out", out)
    np.savez(tmp_path / "new.npz", X=X[::3], y=Y[::3])
    assert command("predict", out, tmp_path / "new.npz", "--out", tmp_path / "new.parquet") == 0
    assert "Hungarian accuracy" in capsys.readouterr().out
    fitted = read_clusters(out / "clusters.parquet", "cluster")["cluster"]
    found = read_clusters(tmp_path / "new.parquet", "cluster", "confidence")
    assert np.array_equal(found["cluster"], fitted[::3])
    assert (found["confidence"] > 1 / 3).all()


def test_predict_serves_tables_of_assignments_too(tmp_path, capsys):
    np.save(tmp_path / "x.npy", X)
    assert (
        command(
            "fit",
            "dcd",
            tmp_path / "x.npy",
            "-q",
            "--set",
            "n_clusters=3",
            "--max-iter",
            20,
            "-o",
            tmp_path / "run",
        )
        == 0
    )
    assert command("predict", tmp_path / "run", tmp_path / "x.npy", "-o", tmp_path / "new.parquet", "-q") == 0
    found = read_clusters(tmp_path / "new.parquet", "cluster")["cluster"]
    assert np.array_equal(found, np.load(tmp_path / "run" / "assignment.npy"))


def test_a_damaged_run_cannot_predict(features, tmp_path, capsys):
    np.save(tmp_path / "x.npy", X)
    assert command("predict", tmp_path, tmp_path / "x.npy", "-o", tmp_path / "new.parquet") == 2
    assert "holds no finished run" in capsys.readouterr().err
    command(*CALL, features.path, "--out", tmp_path / "out")
    assert command("predict", tmp_path / "out", tmp_path / "x.npy", "-o", tmp_path / "new.csv") == 2
    assert ".parquet" in capsys.readouterr().err
    np.save(tmp_path / "narrow.npy", X[:, :3])
    assert command("predict", tmp_path / "out", tmp_path / "narrow.npy", "-o", tmp_path / "new.parquet") == 2
    assert "3" in capsys.readouterr().err
    assert not (tmp_path / "new.parquet").exists()


def test_predict_names_the_row_and_spares_the_features(features, tmp_path, capsys):
    command(*CALL, features.path, "--out", tmp_path / "out")
    bad = np.where(np.arange(240)[:, None] == 177, np.nan, X)
    np.save(tmp_path / "bad.npy", bad)
    assert command("predict", tmp_path / "out", tmp_path / "bad.npy", "-o", tmp_path / "new.parquet") == 2
    assert "row 177" in capsys.readouterr().err
    before = {path: path.read_bytes() for path in features.path.iterdir() if path.suffix != ".checked"}
    assert command("predict", tmp_path / "out", features.path, "-o", features.path / "new.parquet") == 2
    assert "belongs to the features" in capsys.readouterr().err
    assert before.items() <= {path: path.read_bytes() for path in features.path.iterdir()}.items()
    assert not (features.path / "new.parquet").exists()
