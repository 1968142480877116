"""data.files: every format of tables round-trips, with its labels."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from safetensors.numpy import save_file
from table_files import CODES, KINDS, NAMED, TEXT, X, write

from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.files import load_dataset, load_table


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


def test_load_dataset(tmp_path):
    assert load_dataset("digits").name == "digits"
    assert load_dataset(write(tmp_path / "a.npz"), labels="kind").y.tolist() == CODES
    with pytest.raises(InputError, match="own labels"):
        load_dataset("digits", labels="y")
    with pytest.raises(FileFormatError, match="did you mean 'digits'"):
        load_dataset("digit")
    with pytest.raises(FileFormatError, match="is a directory"):
        load_dataset(tmp_path)
