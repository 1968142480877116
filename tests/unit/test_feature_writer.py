"""features.writer: what was added is what is read, and a run that was killed ends with the bytes of an unbroken one."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from iconlearn import DiskError, FeatureWriter, FileFormatError, InputError, OptionError, open_features
from iconlearn.features import writer as module

N, VIEWS, D = 50, 2, 3
X = np.random.default_rng(0).normal(size=(N, VIEWS, D)).astype(np.float32)
CODES = np.arange(N) % 4 - 1
NAMES = [f"класс/image {k}.png" for k in range(N)]
MADE = {"views": VIEWS, "shard_rows": 16, "classes": ["a", "b", "c"], "about": {"model": "m", "size": [2, 3]}}


def begin(folder: Path, **changes) -> FeatureWriter:
    return FeatureWriter(folder, **{"dim": D, **MADE, **changes})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("batch", [1, 7, 16, 50])
def test_what_was_added_is_read(batch, dtype, tmp_path):
    writer = begin(tmp_path / "a", dtype=dtype)
    for start in range(0, N, batch):
        part = slice(start, start + batch)
        writer.add(torch.from_numpy(X[part]).double(), CODES[part], NAMES[part])
        assert writer.rows == (start + min(batch, N - start)) // 16 * 16
    features = writer.close().check()
    assert (features.shape, features.views, features.dtype) == ((N, D), VIEWS, dtype)
    for view in range(VIEWS):
        assert np.array_equal(features.take(np.arange(N), view), X[:, view].astype(dtype).astype(np.float32))
    assert np.array_equal(features.label, CODES)
    assert features.classes == MADE["classes"]
    assert list(features.names) == NAMES
    assert features.names[-1] == NAMES[-1]
    assert features.names[14:18] == NAMES[14:18]
    with pytest.raises(IndexError):
        features.names[N]
    with begin(tmp_path / "b", dtype=dtype) as other:  # batches do not matter
        other.add(X, CODES, NAMES)
    assert contents(tmp_path / "a") == contents(tmp_path / "b") | {
        ".checked": contents(tmp_path / "a")[".checked"]
    }
    assert other.close().digest == features.digest


def test_labels_and_names_may_be_missing(tmp_path):
    with FeatureWriter(tmp_path / "plain", D, shard_rows=16) as writer:
        writer.add(X[:, 0])
    features = open_features(tmp_path / "plain")
    assert features.label is features.names is features.classes is None
    with FeatureWriter(tmp_path / "some", D, shard_rows=16) as writer:
        writer.add(X[:20, 0])
        writer.add(X[20:, 0], CODES[20:], NAMES[20:])
    features = open_features(tmp_path / "some")
    assert np.array_equal(features.label, np.where(np.arange(N) < 20, -1, CODES))
    assert list(features.names) == [""] * 20 + NAMES[20:]


KILLS = """
import os, signal, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_feature_writer import CODES, N, NAMES, X, begin, contents
import safetensors.numpy  # before forking

root, moment, last = Path(sys.argv[1]), 0, -1

def tick(*_):
    global moment
    if moment == last:
        os.kill(os.getpid(), signal.SIGKILL)
    moment += 1

def around(function):
    def called(*args):
        tick()
        function(*args)
        tick()
    return called

def run(folder, at):
    '''Whether a process that is killed at a moment got to the end.'''
    global last
    if not (child := os.fork()):
        last, os.fsync, os.replace = at, around(os.fsync), around(os.replace)
        writer = begin(folder)
        tick()
        for start in range(writer.rows, N, 7):
            part = slice(start, start + 7)
            writer.add(X[part], CODES[part], NAMES[part])
            tick()
        writer.close()
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0

assert run(root / "unbroken", -1)
at = 0
while not run(root / str(at), at):
    assert run(root / str(at), -1)
    assert contents(root / str(at)) == contents(root / "unbroken"), at
    at += 1
print(at)
kills = 0
while kills < 9 and not run(root / "often", 14):  # 14 moments a time
    kills += 1
print(kills)
assert contents(root / "often") == contents(root / "unbroken")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked processes")
def test_a_run_that_is_killed_at_any_moment_goes_on_to_the_same_bytes(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", KILLS, str(tmp_path), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    moments, kills = map(int, run.stdout.split())
    assert moments > 40
    assert 1 < kills < 9


def test_two_writers_in_one_folder_are_refused(tmp_path):
    first = begin(tmp_path)
    first.add(X[:20])
    with pytest.raises(OptionError, match="another process works in this folder; wait for it"):
        begin(tmp_path)
    first.add(X[20:])
    first.close()
    assert begin(tmp_path).rows == begin(tmp_path).rows == N  # of a finished one any number
    assert not (tmp_path / ".lock").exists()


def test_another_recipe_in_the_same_folder_is_refused(tmp_path):
    begin(tmp_path)
    for changes, words in (
        ({"about": {"model": "n", "size": [2, 3]}}, r"about\['model'\]='m', not 'n'"),
        ({"about": {"model": "m"}}, r"about\['size'\]=\[2, 3\], not None"),
        ({"about": {**MADE["about"], "more": 1}}, r"about\['more'\]=None, not 1"),
        ({"dim": 4}, "dim=3, not 4"),
        ({"views": 1}, "views=2, not 1"),
        ({"dtype": "float32"}, "dtype='float16', not 'float32'"),
        ({"shard_rows": 8}, "shard_rows=16, not 8"),
        ({"classes": None}, "classes="),
    ):
        with pytest.raises(OptionError, match=words):
            begin(tmp_path, **changes)
    begin(tmp_path, about={"size": (2, 3), "model": "m"})  # as JSON it is the same


def test_folders_that_were_not_begun_or_are_finished_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", X[:, 0])
    with pytest.raises(OptionError, match=r"holds 'x.npy' but no features.json"):
        begin(tmp_path)
    with pytest.raises(DiskError, match="cannot be written"):
        begin(tmp_path / "x.npy")
    with begin(tmp_path / "a") as writer:
        writer.add(X)
    again = begin(tmp_path / "a")
    assert again.rows == N
    with pytest.raises(OptionError, match="no rows can be added, it is finished"):
        again.add(X)
    assert again.close().n == N
    with pytest.raises(InputError, match="no rows were added"):
        begin(tmp_path / "b").close()


def test_an_error_inside_leaves_finished_shards_to_go_on_from(tmp_path):
    def interrupted() -> None:
        with begin(tmp_path) as writer:
            writer.add(X[:40])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(FileFormatError, match=r"not finished, 32 rows in 2 shards so far"):
        open_features(tmp_path)
    assert begin(tmp_path).rows == 32


def test_a_shard_that_was_lost_is_named_when_going_on(tmp_path):
    begin(tmp_path).add(X)
    (tmp_path / "part-00001.safetensors").unlink()
    with pytest.raises(FileFormatError, match=r"part-00001.safetensors: the shard is missing"):
        begin(tmp_path)


@pytest.mark.parametrize("at", [1, 2])
def test_a_full_disk_keeps_finished_shards(at, tmp_path, monkeypatch):
    """The second shard, or the manifest after it, finds no room."""
    owner = module if at == 1 else sys.modules["iconlearn.features.manifest"]
    writer = begin(tmp_path)
    writer.add(X[:16])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    held = owner.write_aside
    monkeypatch.setattr(owner, "write_aside", full)
    with pytest.raises(DiskError, match="the disk is full; make room") as error:
        writer.add(X[16:])
    monkeypatch.setattr(owner, "write_aside", held)
    assert isinstance(error.value, OSError)
    assert error.value.errno == errno.ENOSPC
    with pytest.raises(OptionError, match="a shard could not be written; open another writer"):
        writer.add(X)
    assert writer.rows == 16
    with begin(tmp_path) as again:
        assert again.rows == 16
        again.add(X[16:])
    assert np.array_equal(
        open_features(tmp_path).take(np.arange(N), 1), X[:, 1].astype(np.float16).astype(np.float32)
    )


@pytest.mark.parametrize(
    ("rows", "more", "words"),
    [
        (X[:, 0], {}, r"shape \(50, 3\), but \(b, 2, 3\)"),
        (X[:, :, :2], {}, r"shape \(50, 2, 2\)"),
        (X.astype(complex), {}, "complex128, not real numbers"),
        (
            np.where(np.arange(N)[:, None, None] == 9, np.nan, X),
            {},
            r"row 21 over all holds nan.*must be finite",
        ),
        (
            np.where(np.arange(N)[:, None, None] == 9, 1e6, X),
            {},
            r"row 21 .* holds 1e\+06 as float16; use dtype",
        ),
        (X, {"label": CODES[1:]}, r"label is int64 of shape \(49,\), but 50 integers"),
        (X, {"label": CODES + 0.5}, r"label is float64"),
        (X, {"label": CODES + 1}, r"codes 0 to 3, but -1 to 2"),
        (X, {"label": CODES - 1}, r"codes -2 to 1"),
        (X, {"name": NAMES[1:]}, "49 names for 50 rows"),
        (X, {"name": "a" * N}, "50 names for 50 rows"),
    ],
)
def test_rows_that_do_not_fit_are_refused_and_nothing_is_added(rows, more, words, tmp_path):
    writer = begin(tmp_path)
    writer.add(X[:12])
    with pytest.raises(InputError, match=words):
        writer.add(rows, **more)
    assert writer.rows == 0
    assert writer.close().n == 12


def test_options_that_are_none_are_refused(tmp_path):
    for changes, words in (
        ({"dim": 0}, "dim=0"),
        ({"views": 1.5}, "views=1.5"),
        ({"shard_rows": None}, "shard_rows=None"),
        ({"dtype": "float64"}, "dtype='float64'"),
        ({"about": {"model": object()}}, "is no JSON"),
    ):
        with pytest.raises(OptionError, match=words):
            begin(tmp_path / "new", **changes)
    assert not (tmp_path / "new").exists()


def test_damaged_names_are_said(tmp_path):
    with begin(tmp_path) as writer:
        writer.add(X, CODES, NAMES)
    path = tmp_path / "part-00000.safetensors"
    path.write_bytes(
        path.read_bytes().replace(json.dumps(NAMES[3]).encode(), b"7" * len(json.dumps(NAMES[3])))
    )
    features = open_features(tmp_path)
    assert features.names[20] == NAMES[20]
    with pytest.raises(FileFormatError, match="part-00000.safetensors: its names of rows are damaged"):
        features.names[0]
