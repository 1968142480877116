"""Idx files: MNIST's images and labels as written; headers that lie are refused before anything is allocated."""

from __future__ import annotations

import gzip
import os
import pickle
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from idx_files import idx_bytes, write_split

import iconlearn.extraction.memory as memory
from iconlearn import FileFormatError, MemoryBudgetError, OptionError
from iconlearn.extraction import Augmentation, open_images
from iconlearn.extraction.idx import read_idx
from iconlearn.extraction.preprocessing import CentralCrop
from iconlearn.extraction.views import Views

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 7, 6), dtype=np.uint8)
LABELS = [4, 0, 9, 4, 1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.booleans(), st.integers(0, 99))
def test_arrays_of_any_size_come_back(shape, packed, seed):
    array = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "array.gz" if packed else "array")
        file.write_bytes(gzip.compress(idx_bytes(array)) if packed else idx_bytes(array))
        found = read_idx(file, array.ndim)
        assert (found.dtype, found.shape) == (np.uint8, array.shape)
        assert np.array_equal(found, array)


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("dot", ["-", "."])
def test_images_labels_and_names_of_both_splits(tmp_path, dot, end):
    write_split(tmp_path, IMAGES, LABELS, "train", dot, end)
    write_split(tmp_path, IMAGES[::-1], LABELS[::-1], "t10k", dot, end)
    for split, turn in ((None, 1), ("train", 1), ("test", -1)):
        source = open_images(tmp_path, split)
        again = pickle.loads(pickle.dumps(source))  # as worker processes get it
        for k in range(5):
            image, label, name = source[k]
            assert (image.mode, image.size, label) == ("L", (6, 7), LABELS[::turn][k])
            assert np.array_equal(image, IMAGES[::turn][k])
            assert name == f"{source.files[0].name}/{k}"
            assert np.array_equal(again[k][0], image)
    assert (len(source), source.classes) == (5, [str(k) for k in range(10)])
    with pytest.raises(OptionError, match="split='t10k' is unknown; allowed: 'test', 'train'"):
        open_images(tmp_path, "t10k")
    with pytest.raises(OptionError, match="labels='kind' is unknown; allowed: 'label'"):
        open_images(tmp_path, labels="kind")


def test_unpacked_files_come_before_packed_ones(tmp_path):
    write_split(tmp_path, IMAGES[:1], LABELS[:1], end=".gz")
    write_split(tmp_path, IMAGES, LABELS)
    assert len(open_images(tmp_path)) == 5


def test_fingerprints_tell_labels_and_replaced_files_apart(tmp_path):
    seen = []
    for labels, time in ((LABELS, 5), (LABELS, 5), (LABELS[::-1], 5), (LABELS[::-1], 6)):
        for file in write_split(tmp_path, IMAGES, labels):
            os.utime(file, ns=(time, time))
        seen.append(open_images(tmp_path).fingerprint())
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3


def test_models_see_grey_images_as_rgb(tmp_path):
    write_split(tmp_path, IMAGES, LABELS)
    image = open_images(tmp_path)[0][0]
    views = Views(CentralCrop(8), 2, 0, Augmentation())(image, 0)
    assert views.shape == (2, 3, 8, 8)
    assert (views[0] == views[0, :1]).all()


HUGE = np.array([2**32 - 1] * 3, ">u4").tobytes()  # 2^96 bytes
GOOD = idx_bytes(IMAGES)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "begins with nothing, but idx3 files of bytes begin with 00000803"),
        (GOOD[:10], "10 bytes, but the header alone has 16"),
        (GOOD[:-1], "header says that 210 bytes follow, but 209 follow"),
        (GOOD + b"x", "header says that 210 bytes follow, but (211|more) follow"),
        (idx_bytes(IMAGES[0]), "begins with 00000802.*00000803"),
        (GOOD.replace(b"\x08", b"\x0d", 1), "begins with 00000d03"),
        (b"\x89PNG" + GOOD[4:], "begins with 89504e47"),
        (idx_bytes(IMAGES[:0]), r"sizes \(0, 7, 6\), but none may be 0"),
        (idx_bytes(IMAGES[:, :0]), r"sizes \(5, 0, 6\)"),
        (GOOD[:4] + HUGE + GOOD[16:], f"header says that {(2**32 - 1) ** 3} bytes follow"),
    ],
)
@pytest.mark.parametrize("end", ["", ".gz"])
def test_damaged_files_and_headers_that_lie_are_refused_by_name(tmp_path, body, message, end):
    file, _ = write_split(tmp_path, IMAGES, LABELS, end=end)
    file.write_bytes(gzip.compress(body) if end else body)
    tracemalloc.start()
    with pytest.raises(FileFormatError, match=f"train-images-idx3-ubyte{end}: .*{message}"):
        open_images(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()


def test_packed_files_that_end_early_or_are_changed_are_refused(tmp_path):
    file, _ = write_split(tmp_path, IMAGES, LABELS, end=".gz")
    body = file.read_bytes()
    changed = bytearray(body)
    changed[-8] ^= 1  # of the checksum
    for wrong in (body[:-50], body[:-1], bytes(changed), b"no gzip", body + b"tail"):
        file.write_bytes(wrong)
        with pytest.raises(FileFormatError, match=r"train-images-idx3-ubyte.gz: cannot be unpacked by gzip"):
            open_images(tmp_path)


def test_packed_bombs_are_read_no_further_than_their_header_says(tmp_path, monkeypatch):
    file, _ = write_split(tmp_path, IMAGES, LABELS, end=".gz")
    file.write_bytes(gzip.compress(GOOD + bytes(1 << 26)))
    tracemalloc.start()
    with pytest.raises(FileFormatError, match="210 bytes follow, but more follow"):
        open_images(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < 5e6
    tracemalloc.stop()
    file.write_bytes(gzip.compress(idx_bytes(np.zeros((1 << 16, 16, 16), np.uint8))))
    monkeypatch.setattr(memory, "free_memory", lambda device: (1 << 24) - 1)
    with pytest.raises(MemoryBudgetError, match=r"idx3-ubyte.gz: .* are free; unpack the file"):
        open_images(tmp_path)


def test_labels_must_be_there_and_as_many_as_images(tmp_path):
    _, file = write_split(tmp_path, IMAGES, LABELS)
    file.write_bytes(idx_bytes(np.array(LABELS[:4], np.uint8)))
    with pytest.raises(FileFormatError, match="labels-idx1-ubyte: 4 labels, but train-images.* has 5 images"):
        open_images(tmp_path)
    file.write_bytes(GOOD)
    with pytest.raises(FileFormatError, match="train-labels-idx1-ubyte: begins with 00000803"):
        open_images(tmp_path)
    file.unlink()
    with pytest.raises(
        FileFormatError, match="train-labels-idx1-ubyte: does not exist, nor does 'train-labels.idx1"
    ):
        open_images(tmp_path)
    with pytest.raises(FileFormatError, match="t10k-images-idx3-ubyte: does not exist"):
        open_images(tmp_path, "test")
