"""features: checks are remembered, copies of rows are laid out once, and files that change in use are named."""

from __future__ import annotations

import fcntl
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from feature_files import X, cut, saved

from iconlearn import DiskError, FileFormatError, open_features
from iconlearn.features import content, layout, slots


def test_a_check_is_remembered_until_a_file_changes(tmp_path, monkeypatch):
    path = saved(tmp_path / "x.npy")
    assert open_features(path).check() is not None
    passes, read = [], content.read_content
    monkeypatch.setattr(
        "iconlearn.features.store.read_content", lambda held: passes.append(path) or read(held)
    )
    open_features(path).check()
    assert not passes
    os.utime(path, ns=(1, 1))
    features = open_features(path)
    assert features.check().check() is features
    assert passes == [path]
    for damaged in (b"", b"[]", b"{", json.dumps({"state": 1, "digest": "", "peak": None}).encode()):
        (tmp_path / ".x.npy.checked").write_bytes(damaged)
        assert open_features(path).digest == features.digest
    assert len(passes) == 5


def test_a_check_needs_no_room(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr("iconlearn.features.content.write_aside", refuse)
    features = open_features(saved(tmp_path / "x.npy"))
    assert features.check() is features
    assert os.listdir(tmp_path) == ["x.npy"]


def test_rows_are_laid_out_once_and_anew_when_the_file_changes(tmp_path, caplog):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, X=X)
    for _ in range(2):
        assert np.array_equal(open_features(path).take(np.arange(60)), X)
    assert [str(path) in record.getMessage() for record in caplog.records] == [True]
    np.savez_compressed(path, X=2 * X)
    os.utime(path, ns=(5, 5))
    assert np.array_equal(open_features(path).take(np.arange(60)), 2 * X)
    assert len(os.listdir(tmp_path)) == 2  # the older copy is gone


def test_rows_are_laid_out_in_the_cache_where_nothing_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "data" / "x.npz"
    path.parent.mkdir()
    np.savez_compressed(path, X=X)
    monkeypatch.setattr(layout.os, "access", lambda folder, _: folder != path.parent)
    for _ in range(2):
        assert np.array_equal(open_features(path).take(np.arange(60)), X)
    assert os.listdir(path.parent) == ["x.npz"]
    assert len(list((tmp_path / "cache" / "iconlearn").rglob("*.npy"))) == 1


def test_files_of_one_name_and_state_do_not_share_a_copy(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(layout.os, "access", lambda folder, _: tmp_path / "cache" in Path(folder).parents)
    paths = [tmp_path / name / "x.npy" for name in "ab"]
    for k, path in enumerate(paths):
        path.parent.mkdir()
        np.save(path, np.asfortranarray(X + k))
        os.utime(path, ns=(5, 5))
    for _ in range(2):  # neither takes the other's copy away
        opened = [open_features(path) for path in paths]
        for k, features in enumerate(opened):
            assert np.array_equal(features.take(np.arange(60)), X + k)
    assert len(list((tmp_path / "cache").rglob("*.rows.npy"))) == 2


def test_what_a_killed_layout_left_is_removed_and_what_is_being_written_stays(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.asfortranarray(X))
    target = laid_out_of(open_features(path))
    body = target.read_bytes()
    target.unlink()
    left, busy, other = (
        tmp_path / f".{target.name.replace('x.npy', name)}.{pid}.part"
        for name, pid in (("x.npy", 1), ("x.npy", 2), ("y.npy", 1))
    )
    for part in (left, busy, other):
        part.write_bytes(body[:500])
    with open(busy, "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert laid_out_of(open_features(path)).read_bytes() == body
    assert (left.exists(), busy.exists(), other.exists()) == (False, True, True)


def laid_out_of(features) -> Path:
    (shard,) = features.slots.shards
    return shard.path


def test_no_room_to_lay_rows_out_is_said(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "x.npz", X=X)
    usage = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(layout.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskError, match=r"the disk is full"):
        open_features(tmp_path / "x.npz")
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_file_that_is_cut_or_taken_away_while_in_use_is_named(tmp_path):
    path = saved(tmp_path / "x.npy")
    features = open_features(path)
    cut(path, 500)
    assert features.take([0]).shape == (1, 4)
    with pytest.raises(FileFormatError, match=r"x.npy: ends before row 59 of 60"):
        features.take([59])
    path.unlink()
    with pytest.raises(FileFormatError, match=r"x.npy: cannot be read any more"):
        features.take([0])


def test_reads_that_end_early_go_on(tmp_path, monkeypatch):
    class Slow(io.FileIO):
        def readinto(self, buffer):
            return super().readinto(memoryview(buffer)[:7])

    path = saved(tmp_path / "x.npy")
    monkeypatch.setattr(slots, "open", lambda path, mode, buffering: Slow(path, mode), raising=False)
    features = open_features(path)
    assert np.array_equal(features.take(np.arange(60)[::-1]), X[::-1])
    cut(path, path.stat().st_size - 3)
    with pytest.raises(FileFormatError, match=r"x.npy: ends before row 59 of 60"):
        features.take([59])
