"""features: rows taken from disk are those of the array that was saved, in any format, order and number of threads."""

from __future__ import annotations

import io
import os
import pickle
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from safetensors.torch import save_file

from iconlearn import FeatureWriter, InputError, open_features
from iconlearn.features import slots as slots_module

TYPES = ["float16", "float32", "float64", "int8", "uint16", "int64", "bool"]
N, D = 700, 5


def numbers(dtype: str, n: int = N, d: int = D) -> np.ndarray:
    return (np.random.default_rng(0).normal(size=(n, d)) * 3).astype(dtype)


def as_npy(path: Path, X: np.ndarray) -> Path:
    np.save(path / "x.npy", X)
    return path / "x.npy"


def as_npz(path: Path, X: np.ndarray) -> Path:
    np.savez(path / "x.npz", before=np.arange(3), X=X, after=np.ones((2, 2)))
    return path / "x.npz"


def as_packed(path: Path, X: np.ndarray) -> Path:
    np.savez_compressed(path / "x.npz", X=X)
    return path / "x.npz"


def as_safetensors(path: Path, X: np.ndarray) -> Path:
    save_file({"odd": torch.ones(3, dtype=torch.uint8), "X": torch.from_numpy(X)}, path / "x.safetensors")
    return path / "x.safetensors"


def as_lists(path: Path, X: np.ndarray) -> Path:
    flat = pa.array(X.ravel())
    table = pa.table({"vector": pa.FixedSizeListArray.from_arrays(flat, X.shape[1])})
    parquet.write_table(table, path / "x.parquet", row_group_size=100)
    return path / "x.parquet"


def as_columns(path: Path, X: np.ndarray) -> Path:
    parquet.write_table(pa.table({f"c{k}": X[:, k] for k in range(X.shape[1])}), path / "x.parquet")
    return path / "x.parquet"


def as_folder(path: Path, X: np.ndarray) -> Path:
    (path / "shards").mkdir()
    for k, start in enumerate(range(0, len(X), 300)):
        np.save(path / "shards" / f"{k}.npy", X[start : start + 300])
    (path / "shards" / "README.md").write_text("not a shard")
    (path / "shards" / ".hidden.npy").write_text("neither")
    return path / "shards"


FORMATS = [as_npy, as_npz, as_packed, as_safetensors, as_lists, as_columns, as_folder]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("save", FORMATS, ids=lambda f: f.__name__)
def test_every_format_and_type_gives_the_array_that_was_saved(save, dtype, tmp_path):
    X = numbers(dtype)
    features = open_features(save(tmp_path, X))
    index = np.random.default_rng(1).integers(N, size=200)
    assert features.shape == X.shape
    assert len(features) == features.n == N
    assert features.views == 1
    taken = features.take(index)
    assert taken.dtype == torch.float32
    assert np.array_equal(taken.numpy(), X.astype(np.float32)[index])
    whole = np.concatenate([rows for _, rows in features.pieces(128)])
    assert [first for first, _ in features.pieces(128)] == list(range(0, N, 128))
    assert np.array_equal(whole, X.astype(np.float32))
    assert whole.dtype == np.float32
    if save not in (as_lists, as_columns):
        assert features.dtype == dtype


@pytest.mark.parametrize(
    "X",
    [
        np.asfortranarray(numbers("float32")),
        numbers("float32").astype(">f4"),
        numbers("float64").astype(">f8"),
        numbers("float32")[:, :1],
        numbers("float32")[:1],
    ],
    ids=["columns first", "big-endian", "big-endian float64", "one column", "one row"],
)
@pytest.mark.parametrize("save", [as_npy, as_npz])
def test_any_memory_order_is_read(save, X, tmp_path):
    features = open_features(save(tmp_path, X))
    index = np.arange(len(X))[::-1]
    assert np.array_equal(features.take(index).numpy(), X.astype(np.float32)[index])
    assert np.array_equal(features.check().take(np.arange(len(X))).numpy(), X.astype(np.float32))


def test_bfloat16_is_read(tmp_path):
    X = torch.from_numpy(numbers("float32")).bfloat16()
    X[0, 0], X[1, 1] = 1e-40, -3e38  # a subnormal, and the far end of its range
    save_file({"X": X}, tmp_path / "x.safetensors")
    features = open_features(tmp_path / "x.safetensors")
    assert features.dtype == "bfloat16"
    assert torch.equal(features.take(np.arange(N)), X.float())


@pytest.fixture(scope="module")
def stores():
    """(features, views of every row as an array (n, views, d)) of several widths, so that reads skip and merge."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for k, (n, views, d, rows) in enumerate([(97, 1, 3, 97), (500, 3, 40, 64), (300, 2, 2048, 100)]):
            X = np.random.default_rng(k).normal(size=(n, views, d)).astype(np.float32)
            with FeatureWriter(
                Path(folder, str(k)), d, views=views, shard_rows=rows, dtype="float32"
            ) as writer:
                writer.add(X)
            found.append((open_features(Path(folder, str(k))), X))
        yield found


@settings(max_examples=60, deadline=None)
@given(data=st.data(), which=st.integers(0, 2), most=st.integers(1, 200))
def test_take_is_fancy_indexing(stores, data, which, most):
    features, X = stores[which]
    numbers = st.integers(0, features.n - 1)
    far, near = st.lists(numbers, max_size=60), st.tuples(numbers, st.integers(0, 60))
    first, count = data.draw(near)
    run = list(range(first, min(first + count, features.n)))
    index = np.array(data.draw(st.permutations([*data.draw(far), *run])), dtype=np.int64)
    view = data.draw(
        st.one_of(
            st.integers(0, features.views - 1),
            st.lists(st.integers(0, features.views - 1), min_size=len(index), max_size=len(index)).map(
                np.array
            ),
        )
    )
    views = np.broadcast_to(np.asarray(view, dtype=np.int64), index.shape)
    held, features.slots.most = features.slots.most, most  # several reads a call
    try:
        assert np.array_equal(features.take(index, view).numpy(), X[index, views])
        assert torch.equal(features.take(torch.from_numpy(index), view), features.take(index.tolist(), view))
    finally:
        features.slots.most = held


@pytest.mark.parametrize("near", [0, 100, 10**7])
def test_rows_are_the_same_whatever_is_read_along(near, stores, monkeypatch):
    monkeypatch.setattr(slots_module, "NEAR", near)
    for features, X in stores:
        index = np.random.default_rng(near).integers(features.n, size=80)
        fresh = open_features(features.path)
        assert np.array_equal(fresh.take(index, features.views - 1).numpy(), X[index, -1])
        whole = np.concatenate([rows for _, rows in fresh.pieces(37, view=features.views - 1)])
        assert np.array_equal(whole, X[:, -1])


def test_threads_and_copies_read_the_same(stores):
    features, X = stores[1]
    copy = pickle.loads(pickle.dumps(features))

    def work(seed: int) -> bool:
        index = np.random.default_rng(seed).integers(features.n, size=300)
        return all(np.array_equal(f.take(index, 1).numpy(), X[index, 1]) for f in (features, copy))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


@pytest.mark.parametrize(
    ("index", "view", "words"),
    [
        ([0, 500], 0, r"index: 500 is out of range, there are 500 rows"),
        ([0, -1], 0, r"index: -1 is out of range"),
        ([0], 3, r"view: 3 is out of range, there are 3 views"),
        ([0, 1], [0, 7], r"view: 7"),
        ([0, 1], [0], r"index of shape \(2,\) and view of shape \(1,\)"),
        ([[0], [1]], 0, r"shape \(2, 1\)"),
        ([0.5], 0, r"index: float64 .* integers"),
        ([True, False], 0, r"index: bool"),
        (["a"], 0, r"integers are needed"),
    ],
)
def test_rows_that_there_are_not_are_refused(stores, index, view, words):
    with pytest.raises(InputError, match=words):
        stores[1][0].take(index, view)


def test_views_and_pieces_that_there_are_not_are_refused(stores):
    features = stores[1][0]
    with pytest.raises(InputError, match="view: 3"):
        next(features.pieces(view=3))
    with pytest.raises(InputError, match="view: -1"):
        next(features.pieces(view=-1))
    with pytest.raises(ValueError, match="rows=0"):
        next(features.pieces(0))
    with pytest.raises(IndexError, match="-1 is out of range"):
        features.take([-1])


def test_two_files_have_two_digests_and_a_copy_has_the_same(tmp_path):
    X = numbers("float32", 3000, 40)
    seen = set()
    for k in range(6):
        (tmp_path / str(k)).mkdir()
        Y = X.copy()
        Y[k * 500 + 7, k] += 1e-3 * (k > 0)
        seen.add(open_features(as_npy(tmp_path / str(k), Y)).digest)
    assert len(seen) == 6
    (tmp_path / "copy").mkdir()
    assert open_features(as_npy(tmp_path / "copy", X)).digest in seen
    for k, Y in enumerate([X[:-1], X.astype(np.float16), X.reshape(6000, 20)]):
        (tmp_path / f"other{k}").mkdir()
        seen.add(open_features(as_npy(tmp_path / f"other{k}", Y)).digest)
    assert len(seen) == 9


@pytest.mark.parametrize("save", FORMATS, ids=lambda f: f.__name__)
def test_a_digest_is_of_every_row(save, tmp_path, monkeypatch):
    monkeypatch.setattr("iconlearn.features.content.BLOCK", 1000)  # many blocks
    X = numbers("float32", 1000, 4)
    seen = set()
    for k in range(4):
        (tmp_path / str(k)).mkdir()
        Y = X.copy()
        Y[[0, 0, 501, 999][k], k] += k > 0
        seen.add(open_features(save(tmp_path / str(k), Y)).digest)
    assert len(seen) == 4
    (tmp_path / "same").mkdir()
    assert open_features(save(tmp_path / "same", X)).digest in seen


@pytest.mark.parametrize("dtype", TYPES)
def test_the_peak_is_that_of_all_rows(dtype, tmp_path, monkeypatch):
    monkeypatch.setattr("iconlearn.features.content.BLOCK", 100)
    for place, sign in (((0, 0), 1), ((N - 1, D - 1), -1)):
        X = numbers(dtype)
        X[place] = np.array(sign * 100).astype(dtype)
        path = as_npy(tmp_path, X)
        for _ in range(2):  # as read, and as noted
            assert open_features(path).peak == np.abs(X.astype(float)).max()


def test_a_digest_sees_what_changes_while_the_features_are_open(tmp_path):
    path = as_npy(tmp_path, numbers("float32"))
    features = open_features(path)
    before, peak = features.digest, features.peak
    with open(path, "r+b") as file:
        file.seek(path.stat().st_size - 4)
        file.write(np.float32(1e20).tobytes())
    os.utime(path, ns=(9, 9))
    assert features.digest != before
    assert (peak < 100, features.peak) == (True, float(np.float32(1e20)))


def test_a_check_reads_every_byte_once(stores, monkeypatch):
    read = []

    class Counted(io.FileIO):
        def readinto(self, buffer):
            read.append(super().readinto(buffer))
            return read[-1]

    monkeypatch.setattr(
        slots_module, "open", lambda path, mode, buffering: Counted(path, mode), raising=False
    )
    features, X = stores[1]
    (features.path / ".checked").unlink(missing_ok=True)
    fresh = open_features(features.path)
    fresh.check()
    assert (fresh.digest, sum(read)) == (features.digest, X.nbytes)
    again = open_features(features.path)
    assert (again.digest, again.peak, sum(read)) == (fresh.digest, float(np.abs(X).max()), X.nbytes)


PASS = """
import sys
import numpy as np
from iconlearn.features import open_features

def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))

features = open_features(sys.argv[1])
features.take(np.arange(0, features.n, 100)[:4096])
before = status("VmRSS")
generator, total = np.random.default_rng(0), 0.0
for _ in range(100):
    total += float(features.take(generator.integers(features.n, size=2048)).sum())
for first, rows in features.pieces(4096):
    total += float(rows[0, 0])
features.check()
features.digest
print((status("VmHWM") - before) / 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_the_file(tmp_path):
    X = np.lib.format.open_memmap(tmp_path / "x.npy", "w+", np.float32, (140_000, 384))  # 215 MB
    X[::50] = 1.0
    X.flush()
    del X
    run = subprocess.run(
        [sys.executable, "-c", PASS, str(tmp_path / "x.npy")], capture_output=True, text=True, check=True
    )
    assert float(run.stdout) < 45
