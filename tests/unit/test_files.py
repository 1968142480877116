"""data.files: every format round-trips, and every bad file or table gets a typed message with a remedy."""

from __future__ import annotations

import os
import pickle
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

from iconlearn._errors import FileFormatError, InputError
from iconlearn.data import readers
from iconlearn.data.files import load_dataset, load_digits_dataset, load_table

X = np.random.default_rng(0).normal(size=(6, 3)).round(3)
TEXT = ["cat", "dog", "ant", "cat", "dog", "cat"]
CODES = [1, 2, 0, 1, 2, 1]


def write(path: Path, X=X, labels=TEXT, name="kind") -> Path:
    """A file of the kind that `path` says, with a label column or key `name` unless labels is None."""
    if path.suffix == ".npy":
        np.save(path, X)
    elif path.suffix == ".npz":
        np.savez(path, X=X, **({} if labels is None else {name: np.asarray(labels)}))
    elif path.suffix == ".safetensors":  # holds numbers only
        extra = {} if labels is None else {name: np.unique(labels, return_inverse=True)[1]}
        save_file({"X": np.ascontiguousarray(X), **extra}, path)
    else:
        columns = {f"x{i}": X[:, i] for i in range(X.shape[1])}
        table = pa.table(columns | ({} if labels is None else {name: labels}))
        if path.suffix == ".parquet":
            parquet.write_table(table, path)
        else:
            from pyarrow import csv

            csv.write_csv(table, path)
    return path


KINDS = [".npy", ".npz", ".csv", ".parquet", ".safetensors"]
NAMED = KINDS[1:]


@pytest.mark.parametrize("suffix", KINDS)
def test_features_round_trip(tmp_path, suffix):
    data = load_table(str(write(tmp_path / f"table{suffix}", labels=None)))
    assert data.name == "table"
    assert data.X.dtype == np.float64
    assert data.X.flags.c_contiguous
    np.testing.assert_array_equal(data.X, X)
    assert (data.y, data.classes, data.image_shape) == (None, None, None)


@pytest.mark.parametrize("suffix", NAMED)
def test_labels_by_name(tmp_path, suffix):
    data = load_table(write(tmp_path / f"table{suffix}"), labels="kind")
    np.testing.assert_array_equal(data.X, X)
    assert data.y.dtype == np.int64
    assert data.y.tolist() == CODES
    assert data.classes == (["0", "1", "2"] if suffix == ".safetensors" else ["ant", "cat", "dog"])


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_key_y_is_the_label_without_being_asked(tmp_path, suffix):
    data = load_table(write(tmp_path / f"table{suffix}", labels=[7, 10, 3, 7, 10, 7], name="y"))
    assert data.y.tolist() == CODES
    assert data.classes == (["0", "1", "2"] if suffix == ".safetensors" else ["3", "7", "10"])


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("kind", [".npy", ".csv", "headless.csv", "number.csv"])
@pytest.mark.parametrize("as_path", [str, Path])
def test_labels_from_a_file(tmp_path, suffix, kind, as_path):
    path = write(tmp_path / f"table{suffix}", labels=None)
    file = tmp_path / f"labels{kind}"
    if kind == ".npy":
        np.save(file, np.array(TEXT)[:, None])
    else:
        file.write_text("\n".join({".csv": ["kind"], "number.csv": ["0"]}.get(kind, []) + TEXT) + "\n")
    data = load_table(path, labels=as_path(file))
    assert (data.y.tolist(), data.classes) == (CODES, ["ant", "cat", "dog"])


def test_numeric_labels_sort_by_value_and_missing_ones_become_minus_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,k\n1,10\n2,\n3,9\n4,NA\n5,10\n")
    data = load_table(path, labels="k")
    assert (data.y.tolist(), data.classes) == ([1, -1, 0, -1, 1], ["9", "10"])
    np.savez(tmp_path / "a.npz", X=X[:3], y=np.array([1.0, np.nan, -1.0]))
    data = load_table(tmp_path / "a.npz")
    assert (data.y.tolist(), data.classes) == ([1, -1, 0], ["-1", "1"])
    write(tmp_path / "a.parquet", labels=[None, "b", "a", None, "b", "a"])
    data = load_table(tmp_path / "a.parquet", labels="kind")
    assert (data.y.tolist(), data.classes) == ([-1, 1, 0, -1, 1, 0], ["a", "b"])
    write(tmp_path / "a.parquet", labels=pa.nulls(6))
    assert load_table(tmp_path / "a.parquet", labels="kind").y.tolist() == [-1] * 6


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([True, False], ["False", "True"]),
        ([b"x", b"y"], ["x", "y"]),
        ([0.5, 1.5], ["0.5", "1.5"]),
        (np.array(["2024-01-01", "2025-01-01"], dtype="M8[D]"), ["2024-01-01", "2025-01-01"]),
    ],
)
def test_labels_of_many_types(tmp_path, labels, classes):
    np.savez(tmp_path / "a.npz", X=X[:2], y=np.array(labels))
    assert load_table(tmp_path / "a.npz").classes == classes


def test_csv_without_header(tmp_path):
    path = tmp_path / "iris.csv"
    path.write_text("5.1, 3.5,setosa\n4.9,3,virginica\n\n5,3,setosa\n")
    data = load_table(path, labels="f2")
    np.testing.assert_array_equal(data.X, [[5.1, 3.5], [4.9, 3], [5, 3]])
    assert data.y.tolist() == [0, 1, 0]


def test_csv_with_byte_order_mark_quotes_and_windows_lines(tmp_path):
    path = tmp_path / "a.CSV"
    path.write_bytes(b'\xef\xbb\xbf"a, b",c\r\n1,"2"\r\n3,4\r\n')
    np.testing.assert_array_equal(load_table(path).X, [[1, 2], [3, 4]])
    np.testing.assert_array_equal(load_table(path, labels="a, b").X, [[2], [4]])


def test_csv_column_that_turns_from_whole_to_broken_numbers_late(tmp_path):
    path = tmp_path / "a.csv"
    n = 400_000  # beyond the first block, from which types are guessed
    path.write_text("a,b\n" + "1,2\n" * n + "1.5,2\n")
    data = load_table(path)
    assert data.X.shape == (n + 1, 2)
    assert data.X[-1, 0] == 1.5


def test_parquet_with_list_columns_and_several_chunks(tmp_path):
    wide = np.arange(24, dtype=np.float32).reshape(6, 4)
    for value_type in (pa.list_(pa.float32()), pa.list_(pa.float32(), 4), pa.large_list(pa.float32())):
        table = pa.table({"age": [True, False] * 3, "emb": pa.array(wide.tolist(), value_type)})
        table = pa.concat_tables([table.slice(0, 2), table.slice(2)])
        parquet.write_table(table, tmp_path / "a.parquet", row_group_size=2)
        data = load_table(tmp_path / "a.parquet")
        assert data.X.dtype == np.float32
        np.testing.assert_array_equal(data.X, np.column_stack([[1, 0] * 3, wide]))


def test_parquet_decimals_and_half_floats(tmp_path):
    table = pa.table({"d": [Decimal("1.25"), Decimal("2.50")], "h": pa.array([0.5, 1], pa.float16())})
    parquet.write_table(table, tmp_path / "a.parquet")
    np.testing.assert_array_equal(load_table(tmp_path / "a.parquet").X, [[1.25, 0.5], [2.5, 1]])


def test_categories_as_labels(tmp_path):
    write(tmp_path / "a.parquet", labels=pa.array(TEXT).dictionary_encode())
    assert load_table(tmp_path / "a.parquet", labels="kind").y.tolist() == CODES


@pytest.mark.parametrize(
    ("suffix", "save"), [(".npz", lambda p, d: np.savez(p, **d)), (".safetensors", None)]
)
def test_only_two_dimensional_array_is_taken_whatever_its_key(tmp_path, suffix, save):
    path = tmp_path / f"a{suffix}"
    save = save or (lambda p, d: save_file(d, p))
    save(path, {"emb": X, "y": np.arange(6), "mean": np.zeros(3)})
    data = load_table(path)
    np.testing.assert_array_equal(data.X, X)
    assert data.y.tolist() == list(range(6))
    save(path, {"a": X, "b": X})
    with pytest.raises(InputError, match=r"2 arrays could be the features .*a: \(6, 3\).*name one of them X"):
        load_table(path)
    save(path, {"a": X[0]})
    with pytest.raises(InputError, match="0 arrays"):
        load_table(path)


@pytest.mark.parametrize(
    ("shape", "image_shape"),
    [((5, 2, 3), (1, 2, 3)), ((5, 3, 8, 6), (3, 8, 6)), ((5, 1, 4, 3), (1, 4, 3)), ((1, 2), None)],
)
def test_images_are_flattened_and_their_shape_kept(tmp_path, shape, image_shape):
    images = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    np.save(tmp_path / "a.npy", np.asfortranarray(images))
    data = load_table(tmp_path / "a.npy")
    assert data.image_shape == image_shape
    np.testing.assert_array_equal(data.X, images.reshape(shape[0], -1))


def test_an_unneeded_pickled_member_does_no_harm(tmp_path):
    np.savez(tmp_path / "a.npz", X=X, notes=np.array([{"a": 1}], dtype=object))
    assert load_table(tmp_path / "a.npz").X.shape == X.shape


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


def test_digits():
    data = load_digits_dataset()
    assert (data.X.shape, data.X.dtype, data.image_shape) == ((1797, 64), np.float32, (1, 8, 8))
    assert (data.X.min(), data.X.max(), data.y.dtype) == (0, 16, np.int64)
    assert data.classes == list("0123456789")
    assert set(data.y.tolist()) == set(range(10))


def test_load_dataset(tmp_path):
    assert load_dataset("digits").name == "digits"
    assert load_dataset(write(tmp_path / "a.npz"), labels="kind").y.tolist() == CODES
    with pytest.raises(InputError, match="own labels"):
        load_dataset("digits", labels="y")
    with pytest.raises(FileFormatError, match="did you mean 'digits'"):
        load_dataset("digit")
    with pytest.raises(FileFormatError, match="is a directory"):
        load_dataset(tmp_path)
