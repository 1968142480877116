"""From images to features on disk: the same whatever the batches and workers."""

from __future__ import annotations

import errno
import json
import shutil
from collections import namedtuple

import numpy as np
import pytest
import torch
from extracting import damage, rows, shards
from pictures import write_images
from PIL import Image

import iconlearn.features.writer as features_writer
from iconlearn._errors import DiskError, FileFormatError, InputError, OptionError
from iconlearn.cli import main
from iconlearn.extraction import ImageSource, extract_features, load_backbone, open_images
from iconlearn.features import open_features

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),  # worker processes are forked
    pytest.mark.usefixtures("small_shards"),
]


def test_rows_are_the_features_of_the_images_in_order(images, vit, tmp_path):
    seen = []
    made = extract_features(
        images,
        vit,
        tmp_path / "out",
        views=2,
        dtype="float32",
        batch_size=5,
        progress=lambda *at: seen.append(at),
    )
    assert (made.n, made.d, made.views) == (19, 32, 2)
    assert (made.classes, made.label.tolist()) == (["cat", "dög", "eel"], [0] * 8 + [1] * 6 + [2] * 5)
    assert [*made.names][:2] == ["cat/0.png", "cat/1.png"]
    assert seen == [(5, 19), (10, 19), (15, 19), (19, 19)]
    backbone, source = load_backbone(vit), open_images(images)
    direct = backbone(torch.stack([backbone.prepare(source[k][0]) for k in range(19)]))
    assert torch.allclose(rows(made)[:, 0], direct, atol=1e-4, rtol=1e-4)
    assert (rows(made)[:, 1] - direct).abs().amax(1).min() > 0.01
    about = json.loads((tmp_path / "out" / "features.json").read_text())["about"]
    assert about["model"] | {"digest": ""} == {
        "name": "vit",
        "class": "ViTModel",
        "pool": "pooler",
        "digest": "",
    }
    assert about["transforms"]["preprocessing"]["size"] == {"height": 32, "width": 32}


def test_batches_and_workers_do_not_matter(images, vit, tmp_path):
    state = torch.get_rng_state()
    made = {
        (size, workers): rows(
            extract_features(
                images, vit, tmp_path / f"{size}-{workers}", batch_size=size, workers=workers, dtype="float32"
            )
        )
        for size, workers in ((1, 0), (7, 0), (7, 2))
    }
    assert torch.allclose(made[1, 0], made[7, 0], atol=1e-4, rtol=1e-4)
    assert torch.equal(made[7, 0], made[7, 2])
    assert torch.equal(torch.get_rng_state(), state)


def test_seeds_change_all_views_but_the_first(images, vit, tmp_path):
    one, two = (rows(extract_features(images, vit, tmp_path / str(s), seed=s)) for s in (0, 1))
    assert torch.equal(one[:, 0], two[:, 0])
    assert (one[:, 1:] - two[:, 1:]).abs().amax((1, 2)).min() > 0


def test_all_images_damaged(tmp_path, vit):
    images = write_images(tmp_path / "images", {".": 2})
    damage(images, "0.png", "1.png")
    with pytest.raises(InputError, match="no rows were added"):
        extract_features(images, vit, tmp_path / "out", skip_corrupt=9)


def test_a_full_disk_keeps_what_is_finished(images, vit, tmp_path, monkeypatch):
    write = features_writer.write_aside

    def full(path, body):
        if path.name == "part-00002.safetensors":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, body)

    monkeypatch.setattr(features_writer, "write_aside", full)
    with pytest.raises(DiskError, match=r"part-00002.safetensors: cannot be written, the disk is full"):
        extract_features(images, vit, tmp_path / "out", batch_size=3)
    assert json.loads((tmp_path / "out" / "features.json").read_text())["n"] == 8
    monkeypatch.setattr(features_writer, "write_aside", write)
    extract_features(images, vit, tmp_path / "out", batch_size=3)
    extract_features(images, vit, tmp_path / "unbroken", batch_size=3)
    assert shards(tmp_path / "out") == shards(tmp_path / "unbroken")


def test_too_little_room_is_said_before_the_start(images, vit, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")(10**4, 0, 19 * 3 * 32 * 2 - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DiskError, match="0.00 GB are free; make room"):
        extract_features(images, vit, tmp_path / "out")


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"views": 2}, {"image_size": 40}, {"dtype": "float32"}, {"pool": "cls"}], ids=str
)
def test_a_folder_of_other_features_is_refused(images, vit, tmp_path, change):
    extract_features(images, vit, tmp_path / "out")
    before = shards(tmp_path / "out")
    ((name, value),) = change.items()
    told = {"image_size": "'height'.=32, not 40", "seed": "=0, not 1"}.get(name, f"not {value!r}")
    with pytest.raises(OptionError, match=f"was begun with [^;]*{told}"):
        extract_features(images, vit, tmp_path / "out", **change)
    assert shards(tmp_path / "out") == before


def test_other_images_or_weights_are_refused(images, vit, tmp_path):
    extract_features(images, vit, tmp_path / "out")
    (images / "cat" / "0.png").rename(images / "cat" / "00.png")
    with pytest.raises(OptionError, match="was begun with"):
        extract_features(images, vit, tmp_path / "out")


@pytest.mark.parametrize("workers", [0, 1])
def test_files_that_vanish_are_never_skipped(images, vit, tmp_path, monkeypatch, workers):
    source = open_images(images)
    (images / "cat" / "3.png").unlink()
    with pytest.raises(FileFormatError, match="^[^\\n]*cat/3.png: the file cannot be read[^\\n]*$"):
        extract_features(source, vit, tmp_path / "out", skip_corrupt=9, workers=workers)


class Stated(ImageSource):
    """Two greys in states of any kind."""

    kind = "greys"

    def __init__(self, states) -> None:
        self.given = states

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index):
        return Image.new("RGB", (32, 32), (index, 9, 9)), -1, str(index)

    def states(self):
        return self.given


def test_sources_of_ones_own_may_tell_states(vit, tmp_path):
    extract_features(Stated(None), vit, tmp_path / "none")
    assert not (tmp_path / "none" / "images.states").exists()
    now, later = np.arange(4).reshape(2, 2), np.array([[0, 1], [2, 4]])
    extract_features(Stated(now), vit, tmp_path / "out")
    with pytest.raises(InputError, match="^image 1: was changed"):
        extract_features(Stated(later), vit, tmp_path / "out")
    for wrong in (now[:1], now.astype(float), now.ravel()):
        with pytest.raises(InputError, match=r"greys: states\(\) gives .* int64 of shape \(2, 2\) is needed"):
            extract_features(Stated(wrong), vit, tmp_path / "wrong")
    assert not (tmp_path / "wrong").exists()


class Nothing(ImageSource):
    def __len__(self) -> int:
        return 0

    def __getitem__(self, index):
        raise IndexError(index)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"views": 0}, OptionError, "views=0"),
        ({"batch_size": 0}, OptionError, "batch_size=0"),
        ({"workers": -1}, OptionError, "workers=-1"),
        ({"skip_corrupt": -1}, OptionError, "skip_corrupt=-1"),
        ({"seed": -1}, OptionError, "seed=-1"),
        ({"dtype": "float8"}, OptionError, "dtype='float8' is unknown"),
        ({"source": Nothing()}, InputError, "without images"),
    ],
)
def test_wrong_options_are_refused_at_the_door(images, vit, tmp_path, options, error, words):
    with pytest.raises(error, match=words):
        extract_features(**{"source": images, "model": vit, "out": tmp_path / "out", **options})
    assert not (tmp_path / "out").exists()


def command(*args: object) -> int:
    """Run the command in this process; its exit code."""
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in args])
    return int(stop.value.code or 0)


def test_command(images, vit, tmp_path, capsys):
    args = ["features", images, "--model", vit, "--out", tmp_path / "out", "--views", 2, "--dtype", "float32"]
    assert command(*args, "--batch-size", 4) == 0
    printed = capsys.readouterr()
    assert "19 rows of 32 numbers, 2 views each, 3 classes" in printed.out
    assert "19/19 images" in printed.err
    made = extract_features(images, vit, tmp_path / "python", views=2, dtype="float32", batch_size=4)
    assert torch.equal(rows(open_features(tmp_path / "out")), rows(made))
    assert command(*args, "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_command_fails_with_words(images, vit, tmp_path, capsys, monkeypatch):
    damage(images, "cat/3.png")
    assert command("features", images, "--model", vit, "--out", tmp_path / "out") == 2
    assert "cat/3.png: not an image" in capsys.readouterr().err
    assert command("features", images, "--out", tmp_path / "out") == 2
    assert "--model" in capsys.readouterr().err

    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("iconlearn.cli.features.extract_features", interrupt)
    assert command("features", images, "--model", vit, "--out", tmp_path / "out") == 130
    assert "the same command goes on from there" in capsys.readouterr().err
