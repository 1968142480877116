"""Images in memory: what `load_images` makes of every kind of source."""

from __future__ import annotations

import io
import logging

import numpy as np
import pyarrow as pa
import pytest
from idx_files import write_split
from pictures import picture, pixels, planes, write_images
from PIL import Image
from pyarrow import parquet

import iconlearn.extraction.memory as memory
from iconlearn import FileFormatError, InputError, MemoryBudgetError, OptionError, load_images
from iconlearn.data.builtin import load_digits_dataset
from iconlearn.extraction import ImageError, ImageSource

NAMES = [f"class {k}" for k in range(10)]


class Pictures(ImageSource):
    """Images that are given."""

    kind = "pictures"

    def __init__(self, *images: Image.Image) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index):
        return self.images[index], -1, str(index)


def test_cifar_is_taken_to_the_bit_split_by_split(tmp_path):
    (tmp_path / "batches.meta.txt").write_text("\n".join(NAMES))
    images, labels = pixels(12, 32), np.arange(12, dtype=np.uint8)[:, None] % 10
    rows = np.concatenate([labels, planes(images)], 1)
    for k in range(5):
        (tmp_path / f"data_batch_{k + 1}.bin").write_bytes(rows[2 * k : 2 * k + 2].tobytes())
    (tmp_path / "test_batch.bin").write_bytes(rows[10:].tobytes())
    for split, part in ((None, slice(0, 10)), ("train", slice(0, 10)), ("test", slice(10, 12))):
        data = load_images(tmp_path, split=split)
        assert (data.X.dtype, data.y.dtype, data.image_shape) == (np.float32, np.int64, (3, 32, 32))
        assert data.X.flags["C_CONTIGUOUS"]
        assert np.array_equal(data.X, planes(images[part]))
        assert np.array_equal(data.y, labels[part, 0])
        assert (data.classes, data.name, data.form) == (NAMES, tmp_path.name, "rows")
    with pytest.raises(OptionError, match="split='val' is unknown"):
        load_images(tmp_path, split="val")


def test_stl10_has_unlabelled_images(tmp_path):
    (tmp_path / "class_names.txt").write_text("\n".join(NAMES))
    for seed, split in enumerate(("train", "test", "unlabeled")):
        body = pixels(2, 96, seed).transpose(0, 3, 2, 1).tobytes()
        (tmp_path / f"{split}_X.bin").write_bytes(body)
    for split in ("train", "test"):
        (tmp_path / f"{split}_y.bin").write_bytes(bytes([3, 10]))
    for seed, (split, y) in enumerate({"train": [2, 9], "test": [2, 9], "unlabeled": [-1, -1]}.items()):
        data = load_images(tmp_path, (3, 96, 96), split=split)
        assert np.array_equal(data.X, planes(pixels(2, 96, seed)))
        assert data.y.tolist() == y


@pytest.mark.parametrize("split", ["train", "test"])
def test_mnist_is_grey_and_can_be_made_rgb(tmp_path, split):
    images = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
    write_split(tmp_path, images, [3, 1, 0, 3], {"train": "train", "test": "t10k"}[split])
    data = load_images(tmp_path, (1, 28, 28), split=split)
    assert np.array_equal(data.X, images.reshape(4, -1))
    assert (data.y.tolist(), data.classes) == ([3, 1, 0, 3], ["0", "1", "2", "3"])
    colour = load_images(tmp_path, (3, 28, 28), split=split)
    assert np.array_equal(colour.X, np.tile(images.reshape(4, -1), 3))


def test_two_labels_of_cifar100(tmp_path):
    codes = np.array([[0, 5], [1, 7]], dtype=np.uint8)
    (tmp_path / "train.bin").write_bytes(np.concatenate([codes, planes(pixels(2, 32))], 1).tobytes())
    (tmp_path / "fine_label_names.txt").write_text("\n".join("abcdefgh"))
    (tmp_path / "coarse_label_names.txt").write_text("sea\nland")
    assert load_images(tmp_path).y.tolist() == [5, 7]
    coarse = load_images(tmp_path, labels="coarse_label")
    assert (coarse.y.tolist(), coarse.classes) == ([0, 1], ["sea", "land"])


def test_class_folders_splits_and_folders_without_labels(tmp_path):
    write_images(tmp_path, {"train/dog": 2, "train/cat": 1, "test/cat": 1})
    data = load_images(tmp_path, (3, 8, 8), split="train")
    assert (data.y.tolist(), data.classes) == ([0, 1, 1], ["cat", "dog"])
    flat = load_images(tmp_path / "train" / "dog", (3, 8, 8))
    assert (flat.y, flat.classes) == (None, None)
    assert np.array_equal(flat.X, data.X[1:])  # in the order of names


def test_parquet_files(tmp_path):
    bodies = []
    for k in range(3):
        bodies.append(io.BytesIO())
        picture(k, (16, 16)).save(bodies[-1], "PNG")
    table = pa.table({"image": [body.getvalue() for body in bodies], "label": ["b", None, "a"]})
    parquet.write_table(table, tmp_path / "few.parquet")
    data = load_images(tmp_path / "few.parquet", (3, 16, 16))
    assert np.array_equal(data.X, planes(np.stack([np.asarray(picture(k, (16, 16))) for k in range(3)])))
    assert (data.y.tolist(), data.classes, data.name) == ([1, -1, 0], ["a", "b"], "few.parquet")


def test_colours_become_grey_as_pillow_makes_them():
    images = [picture(k, (16, 12)) for k in range(3)]
    data = load_images(Pictures(*images), (1, 12, 16))
    assert np.array_equal(data.X, [np.asarray(image.convert("L")).ravel() for image in images])
    assert (data.y, data.name) == (None, "pictures")


@pytest.mark.parametrize("size", [(44, 36), (36, 44), (8, 9), (200, 31), (12, 10), (1, 100), (24, 20)])
def test_resizing_is_pillows_by_the_shorter_side_about_the_centre(size):
    height, width = 10, 12
    image = picture(1, size)
    got = load_images(Pictures(image), (3, height, width)).X.reshape(3, height, width)
    scale = min(size[0] / width, size[1] / height)  # pixels of the image in one of the result
    middle = [side / 2 for side in size]
    box = [middle[k] + sign * scale * (width, height)[k] / 2 for sign in (-1, 1) for k in range(2)]
    want = image.resize((width, height), Image.Resampling.BILINEAR, box=tuple(np.clip(box, 0, size * 2)))
    assert np.abs(got.transpose(1, 2, 0) - np.asarray(want).astype(int)).max() <= 1


def test_shrinking_is_antialiased():
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    X = load_images(Pictures(Image.fromarray(stripes)), (1, 16, 16)).X
    assert np.abs(X - 127.5).max() < 10


def test_what_does_not_fit_in_memory_is_refused_unread(monkeypatch):
    class Unread(Pictures):
        def __getitem__(self, index):
            raise AssertionError("read")

    source = Unread(*[Image.new("L", (4, 4))] * 10)
    needed = 10 * 3 * 8 * 8 * 4
    monkeypatch.setattr(memory, "free_memory", lambda device: needed - 1)
    with pytest.raises(
        MemoryBudgetError, match=r"10 images of image_shape=\(3, 8, 8\) need .* are free; give a"
    ):
        load_images(source, (3, 8, 8))
    monkeypatch.setattr(memory, "free_memory", lambda device: needed)
    assert load_images(Pictures(*source.images), (3, 8, 8)).X.nbytes == needed
    monkeypatch.undo()
    with pytest.raises(MemoryBudgetError):
        load_images(source, (3, 2**30, 2**30))


@pytest.mark.parametrize("workers", [0, 1])
def test_damaged_images_are_named_or_left_out(tmp_path, caplog, workers):
    write_images(tmp_path, {"cat": 3, "dog": 3})
    whole = load_images(tmp_path, (3, 8, 8))
    for name in ("cat/1.png", "dog/2.png"):
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:100])
    with pytest.raises(ImageError, match="cat/1.png: not an image that can be decoded.*skip_corrupt=N"):
        load_images(tmp_path, (3, 8, 8), workers=workers)
    with pytest.raises(ImageError, match="dog/2.png: .*1 were skipped before it"):
        load_images(tmp_path, (3, 8, 8), skip_corrupt=1, workers=workers)
    with caplog.at_level(logging.WARNING, "iconlearn"):
        caplog.clear()
        data = load_images(tmp_path, (3, 8, 8), skip_corrupt=2, workers=workers)
    assert [record.getMessage().split(": ")[0] for record in caplog.records] == ["skipped", "skipped"]
    kept = [0, 2, 3, 4]
    assert np.array_equal(data.X, whole.X[kept])
    assert np.array_equal(data.y, whole.y[kept])


def test_a_source_of_damaged_images_only_is_refused(tmp_path):
    (tmp_path / "0.png").write_bytes(b"no image")
    with pytest.raises(InputError, match="all 1 images are damaged"):
        load_images(tmp_path, skip_corrupt=1)
    with pytest.raises(InputError, match="pictures without images"):
        load_images(Pictures())


def test_a_file_that_cannot_be_read_is_not_skipped(tmp_path):
    write_images(tmp_path, {".": 2})
    (tmp_path / "2.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(FileFormatError, match="2.png: the file cannot be read"):
        load_images(tmp_path, skip_corrupt=9)


def test_order_and_bits_do_not_depend_on_workers_and_progress_is_told():
    images = [Image.new("L", (4, 4), k % 251) for k in range(600)]
    seen = []
    data = load_images(Pictures(*images), (1, 2, 2), progress=lambda done, of: seen.append((done, of)))
    assert np.array_equal(data.X, np.repeat(np.arange(600) % 251, 4).reshape(600, 4))
    assert seen[-1] == (600, 600)
    assert sorted(seen) == seen
    assert len(seen) > 1
    assert np.array_equal(load_images(Pictures(*images), (1, 2, 2), workers=2).X, data.X)


def test_digits_come_as_they_are_or_larger():
    table = load_digits_dataset()
    small = load_images("digits", (1, 8, 8))
    assert np.array_equal(small.X, np.rint(table.X * 255 / 16))
    assert np.array_equal(small.y, table.y)
    assert (small.classes, small.name) == (table.classes, "digits")
    large = load_images("digits", image_shape=(1, 32, 32))
    image = Image.fromarray(small.X[7].reshape(8, 8).astype(np.uint8))
    want = np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR))
    assert np.array_equal(large.X[7].reshape(32, 32), want)
    assert (large.X.min(), large.X.max()) == (0, 255)
    with pytest.raises(OptionError, match="split='test'.*no splits"):
        load_images("digits", split="test")


def test_a_folder_called_digits_comes_before_the_built_in_ones(tmp_path, monkeypatch):
    write_images(tmp_path, {"digits": 1})
    monkeypatch.chdir(tmp_path)
    assert len(load_images("digits").X) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_shape": (2, 8, 8)}, "2 channels, not 1 or 3"),
        ({"image_shape": (3, 0, 8)}, "image_shape=0"),
        ({"image_shape": 32}, "image_shape=32 must be"),
        ({"skip_corrupt": -1}, "skip_corrupt=-1"),
        ({"workers": -1}, "workers=-1"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(OptionError, match=message):
        load_images("digits", **options)
