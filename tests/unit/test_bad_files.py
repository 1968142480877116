"""data.files: every bad file or table gets a typed message with a remedy."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from safetensors.torch import save_file as save_torch
from table_files import KINDS, NAMED, TEXT, X, write

from iconlearn._errors import FileFormatError, InputError
from iconlearn.data import readers
from iconlearn.data.files import load_dataset, load_table


@pytest.mark.parametrize(
    ("suffix", "keep"),
    [
        (suffix, keep)
        for suffix in KINDS
        for keep in (0, 1, 5, 0.5, 0.98, "noise")
        if suffix != ".csv" or not isinstance(keep, float)
    ],  # part of a text file may be a table
)
def test_damaged_files(tmp_path, suffix, keep):
    path = write(
        tmp_path / f"table{suffix}", X=np.arange(3000).reshape(-1, 3) / 7, labels=TEXT * 166 + TEXT[:4]
    )
    whole = path.read_bytes()
    if keep == "noise":
        path.write_bytes(np.random.default_rng(1).bytes(len(whole)))
    else:
        path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
    with pytest.raises((FileFormatError, InputError), match=f"table{suffix}") as caught:
        load_table(path, labels=None if suffix == ".npy" else "kind")
    if suffix != ".csv":
        assert caught.type is FileFormatError
        assert "empty" in str(caught.value) or "damaged" in str(caught.value)


@pytest.mark.parametrize("suffix", [s for s in KINDS if s != ".csv"])
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_flipped_bytes_never_give_a_raw_error(tmp_path_factory, suffix, seed):
    path = write(tmp_path_factory.mktemp("flip") / f"table{suffix}")
    rng = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    for place in rng.integers(0, len(content), 3):
        content[place] = rng.integers(256)
    path.write_bytes(bytes(content))
    try:
        assert np.isfinite(load_table(path, labels=None if suffix == ".npy" else "kind").X).all()
    except (FileFormatError, InputError) as error:
        assert path.name in str(error)


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_a_file_of_another_kind(tmp_path, suffix, other):
    if suffix == other:
        return
    path = tmp_path / f"a{suffix}"
    write(tmp_path / f"b{other}").rename(path)
    with pytest.raises((FileFormatError, InputError), match=f"a{suffix}"):
        load_table(path)


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_pickles_are_never_loaded(tmp_path, suffix):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    array = np.array([[Trap()]], dtype=object)
    (np.save if suffix == ".npy" else np.savez)(tmp_path / f"a{suffix}", array)
    with pytest.raises(FileFormatError, match=r"pickled.*never loaded.*save plain numbers"):
        load_table(tmp_path / f"a{suffix}")
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(FileFormatError, match="damaged"):
        load_table(tmp_path / "raw.npy")
    assert not (tmp_path / "sprung").exists()


def test_paths_that_are_no_data_file(tmp_path):
    for path, words in (
        (tmp_path / "none.csv", "does not exist"),
        (tmp_path / "none.txt", "does not exist"),
        (tmp_path, "is a directory"),
        (Path("/dev/null"), "is no file"),
    ):
        with pytest.raises(FileFormatError, match=words):
            load_table(path)
    (tmp_path / "a.txt").write_text("1 2\n")
    with pytest.raises(
        FileFormatError, match=r"'\.txt' is not known; use one of \.npy, \.npz, \.csv, \.parquet"
    ):
        load_table(tmp_path / "a.txt")
    (tmp_path / "a").write_text("1 2\n")
    with pytest.raises(FileFormatError, match="no extension"):
        load_table(tmp_path / "a")
    for load in (load_table, load_dataset):
        with pytest.raises(InputError, match=r"ndarray.*pass str or Path"):
            load(X)


def test_a_file_without_permission(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(readers, "open", refuse, raising=False)  # chmod would not stop root
    with pytest.raises(FileFormatError, match="no permission"):
        load_table(write(tmp_path / "a.npy"))


@pytest.mark.parametrize("suffix", NAMED)
def test_missing_label_column_names_the_nearest(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}")
    with pytest.raises(InputError, match=r"'kinds'.*it has .*'kind'.*did you mean 'kind'"):
        load_table(path, labels="kinds")


def test_labels_that_do_not_fit(tmp_path):
    path = write(tmp_path / "a.npy")
    with pytest.raises(InputError, match="no columns; give a label file"):
        load_table(path, labels="kind")
    np.save(tmp_path / "y.npy", np.arange(5))
    with pytest.raises(InputError, match=r"y\.npy: 5 labels for 6 rows"):
        load_table(path, labels=tmp_path / "y.npy")
    np.save(tmp_path / "y.npy", np.eye(6))
    with pytest.raises(InputError, match="one-hot use argmax"):
        load_table(path, labels=tmp_path / "y.npy")
    (tmp_path / "y.csv").write_text("a\nb\n")
    with pytest.raises(InputError, match="2 labels for 6 rows"):
        load_table(path, labels=tmp_path / "y.csv")
    (tmp_path / "y.csv").write_text("a,b\n" * 6)
    with pytest.raises(InputError, match="2 columns, but a label file has one"):
        load_table(path, labels=tmp_path / "y.csv")
    with pytest.raises(FileFormatError, match="does not exist"):
        load_table(path, labels="gone.npy")
    with pytest.raises(FileFormatError, match=r"must end in \.npy or \.csv"):
        load_table(path, labels=Path("y.txt"))
    with pytest.raises(InputError, match="labels: a int"):
        load_table(path, labels=3)
    np.savez(tmp_path / "a.npz", X=X, y=np.arange(7))
    with pytest.raises(InputError, match="7 labels for 6 rows"):
        load_table(tmp_path / "a.npz")
    write(tmp_path / "a.parquet", labels=[[1]] * 6)
    with pytest.raises(InputError, match="labels of type list"):
        load_table(tmp_path / "a.parquet", labels="kind")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_columns_that_are_not_numbers(tmp_path, suffix):
    path = write(tmp_path / f"a{suffix}")
    with pytest.raises(InputError, match=r"kind: string.*--labels kind"):
        load_table(path)
    from pyarrow import csv

    table = pa.table({"a": ["u", "v"], "b": ["w", "x"], "c": [1, 2]})
    (csv.write_csv if suffix == ".csv" else parquet.write_table)(table, path)
    with pytest.raises(InputError, match=r"a: string.*b: string.*or pick one as labels"):
        load_table(path)
    with pytest.raises(InputError, match="b: string"):
        load_table(path, labels="a")
    (csv.write_csv if suffix == ".csv" else parquet.write_table)(table.select(["a"]), path)
    with pytest.raises(InputError, match="no feature columns"):
        load_table(path, labels="a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1;2\n3;4\n", "only commas separate columns"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n3\n", "Expected 2 columns, got 1"),
        ("0,1,2\n3,4,5\n", "column names as pandas numbers them"),
        (",a,b\n0,1,2\n", "saved row index"),
        ("a,b\n1,2\n,4\n5,\n", r"in 2 of 6 values, first at row 1, column 0 \('a'\)"),
        ("a,b\n1,2\n3,inf\n", r"first at row 1, column 1 \('b'\)"),
        ("a,b\n1,\n3,\n", r"in 2 of 4 values"),
    ],
)
def test_csv_that_cannot_be_used(tmp_path, text, words):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises((InputError, FileFormatError), match=words):
        load_table(tmp_path / "a.csv")


def test_csv_that_is_not_utf8(tmp_path):
    (tmp_path / "a.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(FileFormatError, match="utf-8"):
        load_table(tmp_path / "a.csv")


def test_lists_that_cannot_be_features(tmp_path):
    path = tmp_path / "a.parquet"
    for values, words in (
        (pa.array([[1.0], [1.0, 2.0]]), r"lengths \[1, 2\]"),
        (pa.array([[1.0], None]), r"lengths \[1, None\]"),
        (pa.array([None, [1.0, 2.0]], pa.list_(pa.float64(), 2)), "lengths"),
        (pa.array([[], []], pa.list_(pa.float64())), "not empty"),
        (pa.array([[1.0, 2.0], [1.0, None]]), r"row 1, column 1 \('e\[1\]'\)"),
        (pa.array([["a"], ["b"]]), "not numbers.*e: list"),
    ):
        parquet.write_table(pa.table({"e": values}), path)
        with pytest.raises(InputError, match=words):
            load_table(path)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros(4), r"shape \(4,\).*reshape\(-1, 1\)"),
        (np.float64(3), r"shape \(\)"),
        (np.zeros((0, 3)), r"shape \(0, 3\)"),
        (np.zeros((3, 0)), r"shape \(3, 0\)"),
        (np.zeros((2, 1, 2, 2, 2)), "for images"),
        (np.zeros((5, 32, 32, 3)), r"channels last; save X\.transpose\(0, 3, 1, 2\)"),
        (np.ones((2, 2)) * 1j, "complex"),
        (np.array([["a", "b"]]), "does not hold numbers"),
        (np.zeros((2, 2), dtype="M8[s]"), "does not hold numbers"),
        (np.array([[1, np.nan], [np.inf, 2]]), "in 2 of 4 values, first at row 0, column 1"),
    ],
)
def test_arrays_that_cannot_be_features(tmp_path, array, words):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(InputError, match=rf"a\.npy: .*{words}"):
        load_table(tmp_path / "a.npy")


def test_bfloat16_safetensors_say_what_is_wrong(tmp_path):
    save_torch({"X": torch.ones(2, 2, dtype=torch.bfloat16)}, tmp_path / "a.safetensors")
    with pytest.raises(FileFormatError, match="bfloat16"):
        load_table(tmp_path / "a.safetensors")
