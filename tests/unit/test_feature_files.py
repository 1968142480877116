"""features: files and folders that cannot be used are refused by name, and labels are found."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from feature_files import X, cut, saved
from pyarrow import parquet
from safetensors.numpy import save_file

from iconlearn import FeatureWriter, FileFormatError, InputError, open_features

KINDS = np.array(["cat", "dog", "owl"])[np.arange(60) % 3]


def tensors(path: Path, header: dict | bytes, body: bytes = b"", length: int | None = None) -> Path:
    """A .safetensors with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes((len(text) if length is None else length).to_bytes(8, "little") + text + body)
    return path


def entry(shape, size: int, dtype="F32", start: int = 0) -> dict:
    return {"X": {"dtype": dtype, "shape": shape, "data_offsets": [start, size]}}


def header_of(path: Path, shape: tuple, descr: str = "<f4") -> Path:
    with open(path, "wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
        file.write(b"\0" * 64)
    return path


def test_damaged_and_hostile_files_are_refused_before_they_are_read(tmp_path):
    p, huge = tmp_path, 1 << 40
    save_file({"X": X}, p / "whole.safetensors")
    parquet.write_table(pa.table({"a": X[:, 0]}), p / "whole.parquet")
    saved(p / "whole.npz")
    twice = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}
    with zipfile.ZipFile(p / "lying.npz", "w") as archive:  # a member that promises more than it is
        archive.write(header_of(p / "head", (huge, 4)), "X.npy")
    bad = {
        "does not exist": p / "none.npy",
        r"extension '.txt' is none of .npy, .npz": saved(p / "x.npy").rename(p / "x.txt"),
        r"empty \(0 bytes\)": cut(saved(p / "empty.npy"), 0),
        r"promises \(60, 4\) of float32, 960 bytes, but holds 872": cut(saved(p / "cut.npy"), 1000),
        r"promises \(1099511627776, 4\)": header_of(p / "huge.npy", (huge, 4)),
        r"promises a shape of \(-5, 3\), which no array has": header_of(p / "negative.npy", (-5, 3)),
        "cannot be read as .npy": cut(saved(p / "magic.npy"), 3),
        "pickled": saved(p / "pickled.npy", np.array([[{}]], dtype=object)),
        "cannot be read as .npz": cut(p / "whole.npz", 600),
        r"lying.npz \('X'\): promises \(1099511627776, 4\)": p / "lying.npz",
        "cannot be read as .parquet": cut(p / "whole.parquet", 200),
        r"promises \(60, 4\) of float32, 960 bytes at 0 to 960, but the file holds": cut(p / "whole.safetensors", 700),
        r"promises a header of 1099511627776 bytes in a file of 10": tensors(p / "a.safetensors", b"{}", length=huge),
        r"promises a header of 0 bytes": tensors(p / "b.safetensors", b"{}", length=0),
        r"promises .* 17592186044416 bytes at 0 to 16": tensors(p / "c.safetensors", entry([huge, 4], 16), b"\0" * 16),
        r"but the file holds 16": tensors(p / "d.safetensors", entry([huge, 4], huge * 16), b"\0" * 16),
        r"header entry .* is none": tensors(p / "e.safetensors", entry([-1, 4], -16), b"\0" * 16),
        r"'X'\): its header entry": tensors(p / "f.safetensors", entry([2, 2.0], 16), b"\0" * 16),
        r"'Y'\): its header entry 7": tensors(p / "g.safetensors", {"Y": 7}),
        r"'Z'\): its header entry": tensors(p / "h.safetensors", {"Z": {**twice, "dtype": ["F32"]}}, b"\0" * 16),
        "no table of arrays": tensors(p / "i.safetensors", b"[1]"),
        "JSONDecodeError": tensors(p / "j.safetensors", b"{nonsense"),
        r"RecursionError|header": tensors(p / "k.safetensors", b"[" * 100_000),
    }  # fmt: skip
    for words, path in bad.items():
        with pytest.raises(FileFormatError, match=words) as error:
            open_features(path)
        assert str(path) in str(error.value)


def spoiled(path: Path, start: int, stop: int) -> Path:
    body = bytearray(path.read_bytes())
    body[start:stop] = b"\xff" * (stop - start)
    path.write_bytes(body)
    return path


def test_files_that_are_damaged_within_are_refused_when_rows_are_laid_out(tmp_path):
    parquet.write_table(pa.table({"a": np.arange(9000.0)}), tmp_path / "x.parquet", use_dictionary=False)
    np.savez_compressed(tmp_path / "x.npz", X=X)
    for path, where in ((tmp_path / "x.parquet", (4, 60)), (tmp_path / "x.npz", (400, 420))):
        with pytest.raises(FileFormatError, match=f"{path}: cannot be read"):
            open_features(spoiled(path, *where))
    assert sorted(os.listdir(tmp_path)) == ["x.npz", "x.parquet"]


def test_what_is_no_table_of_numbers_is_refused(tmp_path):
    p = tmp_path
    parquet.write_table(pa.table({"a": X[:, 0], "name": KINDS}), p / "text.parquet")
    parquet.write_table(pa.table({"a": pa.array([], pa.float32())}), p / "none.parquet")
    parquet.write_table(pa.table({"a": pa.array([[1.0], [1.0, 2.0]])}), p / "ragged.parquet")
    parquet.write_table(pa.table({"source": [0, 1], "target": [1, 2]}), p / "edges.parquet")
    lengths = [[1.0]] * 4096 + [[1.0, 2.0]]  # of equal length in every batch
    parquet.write_table(pa.table({"a": pa.array(lengths)}), p / "uneven.parquet")
    parquet.write_table(pa.table({"a": np.array([1.0, 1e300])}), p / "far.parquet")
    save_file({"tokens": np.ones((5, 3), dtype=np.int64)}, p / "tokens.safetensors")
    tensors(p / "f8.safetensors", entry([4, 4], 16, "F8_E4M3"), b"\0" * 16)
    np.savez(p / "two.npz", a=X, b=X)
    np.savez(p / "flat.npz", a=X[:, 0])
    np.savez_compressed(p / "columns.npz", X=np.asfortranarray(X))
    bad = {
        r"shape \(60,\), but \(n, d\)": saved(p / "flat.npy", X[:, 0]),
        r"shape \(6, 10, 4\)": saved(p / "deep.npy", X.reshape(6, 10, 4)),
        r"shape \(0, 4\)": saved(p / "empty.npy", X[:0]),
        r"shape \(60, 0\)": saved(p / "thin.npy", X[:, :0]),
        "holds complex64": saved(p / "complex.npy", X.astype(np.complex64)),
        "holds str": saved(p / "text.npy", KINDS[:, None]),
        "not numbers: 'name: string'": p / "text.parquet",
        r"columns \('a'\) but no rows": p / "none.parquet",
        "lists of lengths": p / "ragged.parquet",
        "row 4096 has 2 numbers": p / "uneven.parquet",
        "row 1: .*1e.?300.* beyond float32": p / "far.parquet",
        "holds a graph": p / "edges.parquet",
        "holds a tokens": p / "tokens.safetensors",
        "holds F8_E4M3": p / "f8.safetensors",
        "2 arrays could be the features": p / "two.npz",
        r"0 arrays could be the features \(a: \(60,\)\)": p / "flat.npz",
        "column by column": p / "columns.npz",
    }
    for words, path in bad.items():
        with pytest.raises((InputError, FileFormatError), match=words) as error:
            open_features(path)
        assert str(path) in str(error.value)
    assert not [name for name in os.listdir(p) if name.endswith((".part", ".rows.npy"))]  # nothing half done


def test_keys_choose_among_arrays_and_columns(tmp_path):
    np.savez(tmp_path / "two.npz", a=X, b=2 * X, y=KINDS)
    assert np.array_equal(open_features(tmp_path / "two.npz", key="b").take(np.arange(60)), 2 * X)
    with pytest.raises(InputError, match=r"no single array or column 'c'; it has 'a', 'b'"):
        open_features(tmp_path / "two.npz", key="c")
    with pytest.raises(InputError, match="'y'"):
        open_features(tmp_path / "two.npz", key="y")
    columns = {"id": np.arange(60), "vector": list(X), "kind": KINDS}
    parquet.write_table(pa.table(columns), tmp_path / "x.parquet")
    features = open_features(tmp_path / "x.parquet", key="vector", labels="kind")
    assert np.array_equal(features.take(np.arange(60)), X)
    assert features.classes == ["cat", "dog", "owl"]
    assert open_features(tmp_path / "x.parquet", labels="kind").d == 5
    with pytest.raises(InputError, match=r"no single array or column 'vectors'.*did you mean 'vector'"):
        open_features(tmp_path / "x.parquet", key="vectors")
    with pytest.raises(InputError, match="key='a'"):
        open_features(saved(tmp_path / "x.npy"), key="a")


def test_a_column_y_holds_the_labels_without_being_named(tmp_path):
    table = pa.table({"a": X[:, 0], "y": np.arange(60) % 3, "b": X[:, 1], "vector": list(X)})
    parquet.write_table(table.drop(["vector"]), tmp_path / "x.parquet")
    features = open_features(tmp_path / "x.parquet")
    assert np.array_equal(features.take(np.arange(60)), X[:, :2])
    assert np.array_equal(features.label, np.arange(60) % 3)
    assert np.array_equal(open_features(tmp_path / "x.parquet", labels=KINDS).take([3]), X[[3], :2])
    named = open_features(tmp_path / "x.parquet", labels="b")
    assert np.array_equal(named.take(np.arange(60))[:, 1], np.arange(60) % 3)
    assert open_features(tmp_path / "x.parquet", key="y").label is None
    parquet.write_table(table, tmp_path / "keyed.parquet")
    keyed = open_features(tmp_path / "keyed.parquet", key="vector")
    assert np.array_equal(keyed.take(np.arange(60)), X)
    assert np.array_equal(keyed.label, np.arange(60) % 3)
    parquet.write_table(table.select(["y"]), tmp_path / "alone.parquet")
    with pytest.raises(InputError, match=r"no column but the labels 'y'; add features, or say key='y'"):
        open_features(tmp_path / "alone.parquet")
    assert open_features(tmp_path / "alone.parquet", key="y").shape == (60, 1)


def test_a_column_that_looks_like_a_label_is_pointed_out(tmp_path, caplog):
    kinds = pa.array(np.arange(60) % 3)
    parquet.write_table(pa.table({"a": X[:, 0], "kind": kinds, "b": X[:, 1]}), tmp_path / "one.parquet")
    parquet.write_table(pa.table({"a": kinds, "b": kinds}), tmp_path / "all.parquet")
    assert open_features(tmp_path / "all.parquet").d == 2
    assert open_features(tmp_path / "one.parquet", labels="kind").d == 2
    assert "whole numbers" not in caplog.text
    assert open_features(tmp_path / "one.parquet").d == 3
    assert "column 'kind', the only one of whole numbers, is taken as a feature" in caplog.text


def test_labels_are_found_beside_features_or_given(tmp_path):
    p = tmp_path
    saved(p / "x.npy")
    np.savez(p / "x.npz", X=X, y=np.arange(60) % 3, kind=KINDS)
    save_file({"X": X, "y": (np.arange(60) % 3).astype(np.float32)[:, None]}, p / "x.safetensors")
    np.save(p / "kinds.npy", KINDS)
    (p / "kinds.csv").write_text("kind\n" + "\n".join(KINDS) + "\n")
    codes = np.arange(60) % 3
    for path, labels, classes in (
        (p / "x.npy", p / "kinds.npy", ["cat", "dog", "owl"]),
        (p / "x.npy", str(p / "kinds.csv"), ["cat", "dog", "owl"]),
        (p / "x.npy", list(KINDS), ["cat", "dog", "owl"]),
        (p / "x.npy", torch.arange(60) % 3, ["0", "1", "2"]),
        (p / "x.npz", None, ["0", "1", "2"]),
        (p / "x.npz", "kind", ["cat", "dog", "owl"]),
        (p / "x.safetensors", None, ["0", "1", "2"]),
    ):
        features = open_features(path, labels=labels)
        assert np.array_equal(features.label, codes)
        assert features.label.dtype == np.int64
        assert features.classes == classes
    assert open_features(p / "x.npy", labels=[np.nan, *codes[1:]]).label[0] == -1
    plain = open_features(p / "x.npy")
    assert plain.label is plain.classes is plain.names is None


@pytest.mark.parametrize("count", [59, 61])
def test_labels_of_another_number_are_refused(count, tmp_path):
    labels = np.arange(count)
    saved(tmp_path / "x.npy")
    np.save(tmp_path / "y.npy", labels)
    saved(tmp_path / "x.npz", y=labels)
    for path, given in (
        (tmp_path / "x.npy", labels),
        (tmp_path / "x.npy", tmp_path / "y.npy"),
        (tmp_path / "x.npz", None),
    ):
        with pytest.raises(InputError, match=f"{count}.* for 60 rows"):
            open_features(path, labels=given)


def test_labels_that_are_none_are_refused(tmp_path):
    saved(tmp_path / "x.npy")
    saved(tmp_path / "x.npz", y=np.array([{}] * 60, dtype=object))
    for labels, words in (
        ("kind", "no columns|without a name"),
        (Path("y.txt"), "must end in .npy or .csv"),
        (X, r"shape \(60, 4\)"),
    ):
        with pytest.raises((InputError, FileFormatError), match=words):
            open_features(tmp_path / "x.npy", labels=labels)
    with pytest.raises(FileFormatError, match="pickled"):
        open_features(tmp_path / "x.npz")
    with pytest.raises(InputError, match="path: a int"):
        open_features(3)  # type: ignore[arg-type]


def test_folders_whose_shards_do_not_go_together_are_refused(tmp_path):
    def folder(name: str, **arrays) -> Path:
        (tmp_path / name).mkdir()
        for file, array in arrays.items():
            np.save(tmp_path / name / f"{file}.npy", array)
        return tmp_path / name

    with pytest.raises(FileFormatError, match=r"no shards .* holds nothing"):
        open_features(folder("empty"))
    (folder("other") / "notes.txt").write_text("")
    with pytest.raises(FileFormatError, match=r"holds 'notes.txt'"):
        open_features(tmp_path / "other")
    with pytest.raises(InputError, match=r"widths.b.npy: width 3, but .*widths.a.npy has width 4"):
        open_features(folder("widths", a=X, b=X[:, :3]))
    with pytest.raises(InputError, match=r"b.npy: type float16, but .*a.npy has type float32"):
        open_features(folder("types", a=X, b=X.astype(np.float16)))
    mixed = folder("mixed", a=X, b=X)
    save_file({"X": X}, mixed / "c.safetensors")
    with pytest.raises(FileFormatError, match=r"mixed formats, such as a.npy and c.safetensors"):
        open_features(mixed)
    some = tmp_path / "labels"
    some.mkdir()
    np.savez(some / "a.npz", X=X, y=np.arange(60))
    np.savez(some / "b.npz", X=X)
    with pytest.raises(InputError, match=r"b.npz: has no labels where other shards have"):
        open_features(some)
    good = folder("good", a=X, b=2 * X, labels=np.arange(120))
    assert open_features(good, labels=good / "labels.npy").shape == (120, 4)


def test_nan_is_named_by_shard_and_row(tmp_path):
    for k in range(3):
        Y = X.copy()
        if k == 1:
            Y[17, 2] = np.nan
        np.save(tmp_path / f"{k}.npy", Y)
    features = open_features(tmp_path)
    with pytest.raises(
        InputError, match=r"1.npy: row 17 of the shard, 77 over all: NaN or infinite in column 2"
    ):
        features.check()
    with pytest.raises(InputError, match="row 17"):
        open_features(tmp_path).check()  # a failure is not remembered as a pass
    alone = saved(tmp_path / "alone.npy", np.full((3, 2), np.inf))
    with pytest.raises(InputError, match=r"alone.npy: row 0: NaN or infinite"):
        open_features(alone).check()


def test_float64_beyond_float32_is_refused_by_row(tmp_path):
    Y = X.astype(np.float64)
    Y[40, 1] = -1e200
    features = open_features(saved(tmp_path / "x.npy", Y))
    assert features.take([39, 41]).isfinite().all()
    for read in (lambda: features.take([1, 40, 2]), features.check):
        with pytest.raises(InputError, match=r"row 40: column 1 holds .*-1e\+200.* beyond float32"):
            read()


def test_a_folder_that_was_written_is_read_as_its_manifest_says(tmp_path):
    def written(name: str) -> Path:
        with FeatureWriter(tmp_path / name, 4, shard_rows=25, about={"model": "m"}) as writer:
            writer.add(X, label=np.arange(60) % 3)
        return tmp_path / name

    def manifest(name: str, **changes) -> Path:
        path = written(name) / "features.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
        return path.parent

    missing, short, other, swapped = map(written, ("missing", "short", "other", "swapped"))
    (missing / "part-00001.safetensors").unlink()
    cut(short / "part-00002.safetensors", 100)
    (other / "features.json").write_text('{"kind": "recipe"}')
    body = (swapped / "part-00000.safetensors").read_bytes()
    (swapped / "part-00001.safetensors").write_bytes(body)
    parts = json.loads((swapped / "features.json").read_text())["shards"]
    outside = [{**parts[0], "name": "../missing/part-00000.safetensors"}, *parts[1:]]
    bad = {
        "part-00001.safetensors: the shard is missing; .* 25 rows in it and 60 in 3 shards": missing,
        "part-00002.safetensors: 100 bytes instead of": short,
        "features.json: is no description of features": other,
        "schema 99, this version reads 1": manifest("newer", schema=99),
        "not finished, 60 rows in 3 shards so far": manifest("unfinished", complete=False),
        "features.json: is damaged": manifest("sums", n=61),
        "is damaged .*shard '../missing": manifest("outside", shards=outside),
        "is damaged .*unexpected keyword": manifest("keys", extra=1),
        r"holds \(25, 1, 4, 'float16'\).* not \(25, 1, 5, 'float16'\)": manifest("width", d=5),
        "is damaged .*dtype 'int8'": manifest("dtype", dtype="int8"),
        "label codes 0 to 2 for 2 classes": manifest("classes", classes=["a", "b"]),
    }
    for words, folder in bad.items():
        with pytest.raises(FileFormatError, match=words):
            open_features(folder)
    with pytest.raises(
        FileFormatError, match=r"part-00001.safetensors: its content does not match its checksum"
    ):
        open_features(swapped).check()
    (written("nonsense") / "features.json").write_text("{")
    with pytest.raises(FileFormatError, match=r"features.json: is damaged"):
        open_features(tmp_path / "nonsense")
    with pytest.raises(InputError, match=r"neither keys nor columns"):
        open_features(written("fine"), key="features")
    assert open_features(tmp_path / "fine", labels=KINDS).classes == ["cat", "dog", "owl"]
    assert open_features(tmp_path / "fine" / "part-00002.safetensors").shape == (10, 4)
