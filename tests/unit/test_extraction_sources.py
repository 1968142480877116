"""Sources of images: folders, binary files and tables give the pictures, labels and names that were written."""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from pictures import picture, pixels, planes, write_images
from PIL import Image
from pyarrow import parquet

from iconlearn import FileFormatError, InputError, OptionError
from iconlearn.extraction import ImageError, open_images
from iconlearn.extraction.source import Names


def all_of(source):
    """Pixels, labels and names of every image."""
    got = [source[k] for k in range(len(source))]
    return [np.asarray(image) for image, _, _ in got], [y for _, y, _ in got], [name for *_, name in got]


def png(image: Image.Image) -> bytes:
    body = io.BytesIO()
    image.save(body, "PNG")
    return body.getvalue()


def test_class_folders_are_sorted_nested_and_lazy(tmp_path):
    write_images(tmp_path, {"n02/deep/er": 1, "n01": 2, "b c": 1, "b": 1, "empty": 0})
    (tmp_path / "n01" / "notes.txt").write_text("no image")
    (tmp_path / "n01" / "._0.png").write_bytes(b"what another system leaves")
    (tmp_path / ".cache").mkdir()
    picture(0).save(tmp_path / ".cache" / "0.png")
    (tmp_path / "n01" / "9.JPEG").write_bytes(b"damaged, which nobody sees before it is read")
    source = open_images(tmp_path)
    assert source.classes == ["b", "b c", "n01", "n02"]
    assert [source.names[k] for k in range(len(source))] == [
        "b/0.png",
        "b c/0.png",
        "n01/0.png",
        "n01/1.png",
        "n01/9.JPEG",
        "n02/deep/er/0.png",
    ]
    assert source.labels.tolist() == [0, 1, 2, 2, 2, 3]
    image, label, name = source[5]
    assert (image.size, label, name) == ((40, 36), 3, "n02/deep/er/0.png")
    with pytest.raises(ImageError, match="n01/9.JPEG"):
        source[4]


def test_a_flat_folder_has_no_labels(tmp_path):
    write_images(tmp_path, {".": 3})
    source = open_images(str(tmp_path))
    assert source.classes is None
    assert all_of(source)[1:] == ([-1, -1, -1], ["0.png", "1.png", "2.png"])


def test_names_in_any_script_and_bytes_that_are_no_text(tmp_path):
    write_images(tmp_path, {"köttur": 1, "猫": 1})
    odd = os.fsencode(tmp_path) + b"/\xff\xfe"
    os.mkdir(odd)
    picture(0).save(os.fsdecode(odd + b"/x.png"))
    source = open_images(tmp_path)
    assert sorted(source.classes) == sorted(["köttur", "猫", "\ufffd\ufffd"])
    assert all(image.size for image, *_ in map(source.__getitem__, range(3)))
    json.dumps([name.encode("utf-8").decode() for *_, name in map(source.__getitem__, range(3))])


def test_links_are_followed_and_rings_of_links_end(tmp_path):
    write_images(tmp_path / "elsewhere", {".": 2})
    (tmp_path / "root" / "a").mkdir(parents=True)
    picture(5).save(tmp_path / "root" / "a" / "x.png")
    (tmp_path / "root" / "b").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "root" / "a" / "ring").symlink_to(tmp_path / "root")
    source = open_images(tmp_path / "root")
    assert {"a/x.png", "b/0.png", "b/1.png"} <= set(source.names)
    assert source.classes == ["a", "b"]


def test_splits_are_asked_for_and_not_taken_for_classes(tmp_path):
    write_images(tmp_path, {"train/cat": 1, "train/dog": 1, "val/cat": 1})
    with pytest.raises(InputError, match="splits and no classes.*--split train"):
        open_images(tmp_path)
    assert open_images(tmp_path, split="train").classes == ["cat", "dog"]
    with pytest.raises(InputError, match="split='vl'.*did you mean 'val'"):
        open_images(tmp_path, split="vl")


def test_folders_that_cannot_be_sources(tmp_path):
    with pytest.raises(InputError, match="no images below it"):
        open_images(tmp_path)
    write_images(tmp_path, {"cat": 1, ".": 1})
    with pytest.raises(InputError, match="'0.png' lies beside the class folders"):
        open_images(tmp_path)
    with pytest.raises(OptionError, match="labels='kind'"):
        open_images(tmp_path, labels="kind")
    with pytest.raises(FileFormatError, match="does not exist"):
        open_images(tmp_path / "none")
    (tmp_path / "x.tar").write_bytes(b"x")
    with pytest.raises(FileFormatError, match="unpack archives first"):
        open_images(tmp_path / "x.tar")
    with pytest.raises(InputError, match="a int"):
        open_images(3)


def test_fingerprints_tell_sources_apart(tmp_path):
    write_images(tmp_path / "a", {"x": 2, "y": 1})
    write_images(tmp_path / "b", {"x": 1, "y": 2})
    prints = [open_images(tmp_path / name).fingerprint() for name in "aba"]
    assert prints[0] == prints[2] != prints[1]
    assert Names(["ab", "c"]).digest() != Names(["a", "bc"]).digest()


def test_states_tell_replaced_images_apart(tmp_path):
    write_images(tmp_path / "a", {"x": 2, "y": 1})
    source, file = open_images(tmp_path / "a"), tmp_path / "a" / "x" / "1.png"
    seen, made = [source.states()], source.fingerprint()
    assert np.array_equal(seen[0], open_images(tmp_path / "a").states())
    held = file.stat()
    assert (seen[0].dtype, seen[0][1].tolist()) == (np.int64, [held.st_size, held.st_mtime_ns])
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=(held.st_atime_ns, held.st_mtime_ns + 1))  # of the same size
    seen.append(source.states())
    file.write_bytes(file.read_bytes() + b"x")
    os.utime(file, ns=(held.st_atime_ns, held.st_mtime_ns + 1))  # of the same time
    seen.append(source.states())
    for before, now in pairwise(seen):
        assert (before != now).any(1).tolist() == [False, True, False]
    assert source.fingerprint() == made  # which is of the names
    assert source.name_of(1) == str(file)
    file.unlink()
    with pytest.raises(FileFormatError, match=r"x/1.png: the file cannot be read"):
        source.states()


def test_fingerprints_tell_replaced_records_and_labels_apart(tmp_path):
    body, seen = pixels(3, 96).tobytes(), []
    (tmp_path / "class_names.txt").write_text("\n".join(f"class {k}" for k in range(10)))
    for labels, time in (([1, 2, 3], 5), ([1, 2, 3], 5), ([1, 2, 4], 5), ([1, 2, 4], 6)):
        (tmp_path / "train_X.bin").write_bytes(body)
        (tmp_path / "train_y.bin").write_bytes(bytes(labels))
        os.utime(tmp_path / "train_X.bin", ns=(time, time))
        seen.append(open_images(tmp_path).fingerprint())
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_cifar10(tmp_path):
    (tmp_path / "batches.meta.txt").write_text("\n".join(f"class {k}" for k in range(10)) + "\n\n")
    labels = np.arange(17, dtype=np.uint8) % 10
    images = pixels(17, 32)
    for k in range(5):
        part = slice(3 * k, 3 * k + 3)
        body = np.concatenate([labels[part, None], planes(images[part])], 1)
        (tmp_path / f"data_batch_{k + 1}.bin").write_bytes(body.tobytes())
    body = np.concatenate([labels[15:, None], planes(images[15:])], 1)
    (tmp_path / "test_batch.bin").write_bytes(body.tobytes())
    for split, part in ((None, slice(0, 15)), ("test", slice(15, 17))):
        found, y, names = all_of(open_images(tmp_path, split))
        assert np.array_equal(found, images[part])
        assert y == labels[part].tolist()
        assert len(set(names)) == len(names)
    source = open_images(tmp_path)
    assert (source.classes[1], source[4][2]) == ("class 1", "data_batch_2.bin/1")
    (tmp_path / "data_batch_3.bin").write_bytes(body.tobytes()[:-1])
    with pytest.raises(FileFormatError, match="data_batch_3.bin: 6145 bytes.*3073"):
        open_images(tmp_path)
    (tmp_path / "data_batch_3.bin").unlink()
    with pytest.raises(FileFormatError, match="data_batch_3.bin: does not exist"):
        open_images(tmp_path)
    (tmp_path / "batches.meta.txt").write_text("one\ntwo")
    with pytest.raises(FileFormatError, match="label 6, but batches.meta.txt names 2 classes"):
        open_images(tmp_path, "test")


def test_cifar100_has_two_labels(tmp_path):
    images = pixels(4, 32)
    codes = np.array([[0, 5], [1, 7], [1, 6], [0, 5]], dtype=np.uint8)
    (tmp_path / "train.bin").write_bytes(np.concatenate([codes, planes(images)], 1).tobytes())
    (tmp_path / "fine_label_names.txt").write_text("\n".join("abcdefgh"))
    (tmp_path / "coarse_label_names.txt").write_text("\n".join(["sea", "land"]))
    found, y, _ = all_of(open_images(tmp_path))
    assert np.array_equal(found, images)
    assert y == [5, 7, 6, 5]
    coarse = open_images(tmp_path, labels="coarse_label")
    assert (coarse.labels.tolist(), coarse.classes) == ([0, 1, 1, 0], ["sea", "land"])
    with pytest.raises(OptionError, match="split='val' is unknown"):
        open_images(tmp_path, "val")


def test_stl10_stores_columns(tmp_path):
    images = pixels(3, 96)
    body = images.transpose(0, 3, 2, 1).tobytes()
    (tmp_path / "train_X.bin").write_bytes(body)
    (tmp_path / "train_y.bin").write_bytes(bytes([10, 1, 2]))
    (tmp_path / "unlabeled_X.bin").write_bytes(body)
    (tmp_path / "class_names.txt").write_text("\n".join(f"class {k}" for k in range(10)))
    found, y, _ = all_of(open_images(tmp_path))
    assert np.array_equal(found, images)
    assert y == [9, 0, 1]
    assert all_of(open_images(tmp_path, "unlabeled"))[1] == [-1, -1, -1]
    (tmp_path / "train_y.bin").write_bytes(bytes([10, 1]))
    with pytest.raises(FileFormatError, match="2 labels for 3 images"):
        open_images(tmp_path)


@pytest.mark.parametrize("names", [("data_batch_1", "test_batch"), ("train", "test", "meta")])
def test_pickled_cifar_is_refused_unread(tmp_path, names):
    for name in names:
        (tmp_path / name).write_bytes(pickle.dumps({"data": 1}))
    with pytest.raises(OptionError, match="never loaded"):
        open_images(tmp_path)


def images_column(count: int, first: int = 0) -> list[dict]:
    return [{"bytes": png(picture(first + k)), "path": f"{first + k}.png"} for k in range(count)]


def hub_schema(names: list[str]) -> pa.Schema:
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    return pa.schema(
        [("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("label", pa.int64())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )


def test_parquet_as_the_hub_writes_it(tmp_path):
    (tmp_path / "data").mkdir()
    for k, name in enumerate(("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001")):
        table = pa.table(
            {"image": images_column(5, 5 * k), "label": [0, 1, None, 1, 0]}, schema=hub_schema(["cat", "dog"])
        )
        parquet.write_table(table, tmp_path / "data" / f"{name}.parquet", row_group_size=2)
    source = open_images(tmp_path)
    found, y, names = all_of(source)
    assert y == [0, 1, -1, 1, 0] * 2
    assert names == [f"{k}.png" for k in range(10)]
    assert all(np.array_equal(image, picture(k)) for k, image in enumerate(found))
    assert source.classes == ["cat", "dog"]
    again = pickle.loads(pickle.dumps(source))  # as worker processes get it
    for k in (9, 0, 4, 5):
        assert np.array_equal(again[k][0], picture(k))
    assert all_of(open_images(tmp_path, "test"))[2][0] == "10.png"
    with pytest.raises(OptionError, match="split='val'.*'test', 'train'"):
        open_images(tmp_path, "val")
    file = tmp_path / "data" / "train-00001-of-00002.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(FileFormatError, match="train-00001-of-00002.parquet: cannot be read as parquet"):
        open_images(tmp_path)


def test_fingerprints_tell_replaced_parquet_files_apart(tmp_path):
    path, seen = tmp_path / "few.parquet", []
    for body, time in ((b"x", 5), (b"x", 5), (b"x", 6), (b"xy" * 99, 6)):
        parquet.write_table(pa.table({"image": [body]}), path)
        os.utime(path, ns=(time, time))
        seen.append(open_images(path).fingerprint())
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_parquet_of_plain_bytes_and_text_labels(tmp_path):
    path = tmp_path / "few.parquet"
    rows = {
        "kind": ["b", "a", None],
        "class": ["dog", "cat", "dog"],
        "jpg": [png(picture(0)), None, b"no image"],
    }
    parquet.write_table(pa.table(rows), path)
    source = open_images(path)
    assert (source.classes, source.labels.tolist()) == (["cat", "dog"], [1, 0, 1])
    assert open_images(path, labels="kind").labels.tolist() == [1, 0, -1]
    assert np.array_equal(source[0][0], picture(0))
    with pytest.raises(ImageError, match="row 1 .*holds no image"):
        source[1]
    with pytest.raises(ImageError, match="few.parquet/2: not an image"):
        source[2]
    with pytest.raises(InputError, match="labels='kin' is no column.*did you mean 'kind'"):
        open_images(path, labels="kin")
    parquet.write_table(pa.table({"x": [1.0]}), path)
    with pytest.raises(InputError, match="no column of encoded images.*x: double"):
        open_images(path)


def test_parquet_files_must_have_the_same_columns(tmp_path):
    parquet.write_table(pa.table({"image": [b"x"]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table({"image": [b"x"], "more": [1]}), tmp_path / "b.parquet")
    with pytest.raises(
        FileFormatError, match=r"b.parquet: columns 'image', 'more', but .*a.parquet has 'image'"
    ):
        open_images(tmp_path)


class Feature:
    """What a `datasets.Dataset` says of a column."""

    def __init__(self, decode: bool = True) -> None:
        self.decode = decode


ImageFeature = type("Image", (Feature,), {})
ClassLabel = type("ClassLabel", (Feature,), {"names": ["cat", "dog"]})


class FakeDataset:
    """The part of `datasets.Dataset` that is used: columns by name, rows by number, and decoding."""

    column_names = ("picture", "label")

    def __init__(self, cells: list, decode: bool = True) -> None:
        self.cells, self.features = cells, {"picture": ImageFeature(decode), "label": ClassLabel()}
        self._fingerprint = "0123"

    def __len__(self) -> int:
        return len(self.cells)

    def __getitem__(self, key):
        if isinstance(key, str):
            return [k % 2 for k in range(len(self))]
        return {"picture": self.cells[key], "label": key % 2}

    def cast_column(self, name, feature):
        assert (name, feature.decode) == ("picture", False)
        return FakeDataset(self.cells, decode=False)


def test_datasets_objects(tmp_path):
    picture(2).save(tmp_path / "2.png")
    cells = [
        {"bytes": png(picture(0)), "path": "a/0.png"},
        {"bytes": None, "path": str(tmp_path / "2.png")},
        picture(3).convert("L"),
        {"bytes": b"x", "path": None},
        {"bytes": None, "path": None},
    ]
    source = open_images(FakeDataset(cells))
    assert (len(source), source.classes, source[1][1]) == (5, ["cat", "dog"], 1)
    assert [source[k][2] for k in range(3)] == ["0.png", "2.png", "2"]
    assert np.array_equal(source[1][0], picture(2))
    assert source[2][0].mode == "RGB"
    for k in (3, 4):
        with pytest.raises(ImageError):
            source[k]
    assert len(open_images({"train": FakeDataset(cells)})) == 5
    with pytest.raises(OptionError, match="'train'"):
        open_images({"train": FakeDataset(cells)}, "test")
    streamed = type("IterableDataset", (), {"features": {}, "column_names": []})()
    with pytest.raises(InputError, match="streamed"):
        open_images(streamed)


def test_hub_names_need_the_datasets_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(InputError, match="pip install datasets"):
        open_images("uoft-cs/cifar10")
