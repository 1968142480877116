"""From images to features on disk: the same whatever the batches and workers, and after a kill at any moment."""

from __future__ import annotations

import errno
import json
import logging
import multiprocessing
import os
import shutil
import signal
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
from pictures import write_images
from PIL import Image
from vision import save_model

import iconlearn.extraction.extract as extract
import iconlearn.features.writer as features_writer
from iconlearn._errors import DiskError, FileFormatError, InputError, OptionError
from iconlearn.cli import main
from iconlearn.extraction import ImageError, ImageSource, extract_features, load_backbone, open_images
from iconlearn.features import open_features

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # worker processes are forked
COUNTS = {"cat": 8, "dög": 6, "eel": 5}


@pytest.fixture(scope="session")
def vit(tmp_path_factory):
    return save_model("vit", tmp_path_factory.mktemp("models") / "vit")


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", COUNTS)


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(extract, "SHARD_ROWS", 4)


def rows(features) -> torch.Tensor:
    """All views of all rows (n, views, d)."""
    index = np.arange(features.n)
    return torch.stack([features.take(index, view) for view in range(features.views)], 1)


def shards(folder: Path) -> dict[str, bytes]:
    """What the extraction wrote, without the note of a check and the lock file of a process that was killed."""
    notes = (".checked", ".lock")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name not in notes}


def damage(images: Path, *names: str) -> None:
    for name in names:
        (images / name).write_bytes((images / name).read_bytes()[:60])


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


def killed_at(image: int, *args, **options) -> None:
    """Run in a process of its own, which is killed once so many images are done."""

    def kill(done: int, total: int) -> None:
        if done >= image:
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(
        target=extract_features, args=args, kwargs={**options, "progress": kill}
    )
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("skip", [0, 4])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_a_killed_run_ends_as_an_unbroken_one(images, vit, tmp_path, size, skip):
    options = {"batch_size": size, "skip_corrupt": skip, "views": 2}
    if skip:
        damage(images, "cat/0.png", "cat/4.png", "cat/5.png", "eel/4.png")
    extract_features(images, vit, tmp_path / "unbroken", **options)
    out = tmp_path / "killed"
    killed_at(3, images, vit, out, **options)
    killed_at(11, images, vit, out, **options)
    assert json.loads((out / "features.json").read_text())["n"] in (4, 8, 12)  # it did not start from 0
    killed_at(15, images, vit, out, **options)
    seen = []
    made = extract_features(images, vit, out, **options, progress=lambda done, total: seen.append(done))
    assert seen[0] >= 8
    assert shards(out) == shards(tmp_path / "unbroken")
    assert made.n == 19 - skip
    again = extract_features(images, vit, out, **options)  # it is finished: nothing to do
    assert (again.digest, shards(out)) == (made.digest, shards(tmp_path / "unbroken"))


def test_a_corrupt_image_is_an_error_with_its_name(images, vit, tmp_path):
    damage(images, "dög/2.png", "eel/1.png")
    with pytest.raises(ImageError, match="dög/2.png: not an image"):
        extract_features(images, vit, tmp_path / "out")
    with pytest.raises(ImageError, match="eel/1.png.*1 were skipped before it"):
        extract_features(images, vit, tmp_path / "out", skip_corrupt=1)
    with pytest.raises(ImageError, match="dög/2.png"):
        extract_features(images, vit, tmp_path / "workers", workers=1)


def test_skipped_images_are_left_out_and_listed(images, vit, tmp_path, caplog):
    whole = extract_features(images, vit, tmp_path / "whole", batch_size=5)
    damage(images, "dög/2.png", "eel/4.png")
    with caplog.at_level(logging.WARNING, "iconlearn"):
        made = extract_features(images, vit, tmp_path / "out", batch_size=5, skip_corrupt=2)
    assert caplog.text.count("skipped: ") == 2
    kept = np.delete(np.arange(19), [10, 18])
    assert [*made.names] == [whole.names[k] for k in kept]
    assert np.array_equal(made.label, whole.label[kept])
    assert torch.allclose(
        rows(made), rows(whole)[kept], atol=2e-2
    )  # same views; batches are smaller, in float16
    listed = json.loads((tmp_path / "out" / "skipped.json").read_text())
    assert [entry["image"] for entry in listed] == [10, 18]
    assert "dög/2.png" in listed[0]["cause"]


def touch(file: Path) -> None:
    """The same bytes, written a moment later."""
    held = file.stat()
    os.utime(file, ns=(held.st_atime_ns, held.st_mtime_ns + 1))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_that_a_damaged_image_stopped_goes_on_once_it_is_mended(images, vit, tmp_path, workers):
    body = (images / "dög/2.png").read_bytes()
    damage(images, "dög/2.png")
    with pytest.raises(ImageError, match="dög/2.png: .*; replace it and go on, or remove it and begin in an"):
        extract_features(images, vit, tmp_path / "out", batch_size=3, workers=workers)
    finished = shards(tmp_path / "out")
    assert json.loads(finished["features.json"])["n"] == 8
    (images / "dög/2.png").write_bytes(body)
    extract_features(images, vit, tmp_path / "out", batch_size=3, workers=workers)
    extract_features(images, vit, tmp_path / "unbroken", batch_size=3)
    made = shards(tmp_path / "out")
    assert made == shards(tmp_path / "unbroken")
    assert all(made[name] == held for name, held in finished.items() if name.startswith("part-"))


@pytest.mark.parametrize("complete", [False, True])
def test_a_finished_image_that_was_changed_is_refused(images, vit, tmp_path, complete):
    out = tmp_path / "out"
    if complete:
        extract_features(images, vit, out, batch_size=3)
    else:
        killed_at(12, images, vit, out, batch_size=3)
        touch(images / "eel/4.png")  # its turn has not come
        killed_at(12, images, vit, out, batch_size=3)
    before = shards(out)
    touch(images / "cat/3.png")
    touch(images / "cat/6.png")
    for _ in range(2):  # being told does not make it good
        with pytest.raises(
            InputError, match="cat/3.png: was changed after its features were made; begin in an empty"
        ):
            extract_features(images, vit, out, batch_size=3)
    assert shards(out) == before


def test_an_image_that_was_skipped_and_mended_does_not_shift_rows(images, vit, tmp_path, caplog):
    bodies = {name: (images / name).read_bytes() for name in ("cat/1.png", "dög/5.png", "eel/4.png")}
    damage(images, *bodies)
    killed_at(15, images, vit, tmp_path / "out", batch_size=3, skip_corrupt=3)
    assert json.loads((tmp_path / "out" / "features.json").read_text())["n"] == 12  # up to dög/4.png
    for name in ("cat/1.png", "dög/5.png"):
        (images / name).write_bytes(bodies[name])
        touch(images / name)
    extract_features(images, vit, tmp_path / "out", batch_size=3, skip_corrupt=3)
    assert "cat/1.png: was changed after it was skipped, and stays left out" in caplog.text
    assert "dög/5.png: was changed" not in caplog.text
    (images / "eel/4.png").write_bytes(bodies["eel/4.png"])  # after the last row of a finished folder
    before = shards(tmp_path / "out")
    made = extract_features(images, vit, tmp_path / "out", batch_size=3, skip_corrupt=3)
    assert "eel/4.png: was changed after it was skipped, and stays left out" in caplog.text
    assert [*made.names] == [
        name for name in open_images(images).names if name not in ("cat/1.png", "eel/4.png")
    ]
    assert shards(tmp_path / "out") == before


def test_removing_an_image_is_another_source(images, vit, tmp_path):
    killed_at(12, images, vit, tmp_path / "out", batch_size=3)
    (images / "eel/4.png").unlink()
    with pytest.raises(OptionError, match="was begun with .*source.* an empty folder to start anew"):
        extract_features(images, vit, tmp_path / "out", batch_size=3)


def test_states_that_are_damaged_are_refused(images, vit, tmp_path):
    killed_at(12, images, vit, tmp_path / "out", batch_size=3)
    (tmp_path / "out" / "images.states").write_bytes(b"x" * 40)
    with pytest.raises(FileFormatError, match=r"images.states: 40 bytes instead of 16 for each of 19 images"):
        extract_features(images, vit, tmp_path / "out", batch_size=3)


def test_a_list_of_skipped_images_that_is_damaged_is_refused(images, vit, tmp_path):
    damage(images, "cat/1.png")
    killed_at(12, images, vit, tmp_path / "out", batch_size=3, skip_corrupt=1)
    (tmp_path / "out" / "skipped.json").write_text("[{")
    with pytest.raises(FileFormatError, match=r"skipped.json: cannot be read"):
        extract_features(images, vit, tmp_path / "out", batch_size=3, skip_corrupt=1)


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
    with pytest.raises(OptionError, match="was begun with"):
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
