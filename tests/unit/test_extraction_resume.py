"""Extraction that was killed, or that met a damaged image, goes on; what was changed since is refused by name."""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from extracting import damage, rows, shards

from iconlearn._errors import FileFormatError, InputError, OptionError
from iconlearn.extraction import ImageError, extract_features, open_images

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),  # worker processes are forked
    pytest.mark.usefixtures("small_shards"),
]


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
    with pytest.raises(ImageError, match="dög/2.png: .*; replace it and go on, or remove it and begin anew"):
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
