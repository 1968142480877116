"""Images that stay on disk: a run reads them a batch at a time, and comes to the bits of one that holds them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from iconlearn import (
    CNN,
    KNN,
    TSNE,
    Augmentation,
    Gaussian,
    ICon,
    InputError,
    NeighborGraph,
    OptionError,
    SimCLR,
    SupCon,
    load_images,
    open_features,
    stream_images,
)
from iconlearn.augmentations import image_views
from iconlearn.cli import main
from iconlearn.extraction import ImageError, ImageSource
from iconlearn.run import Stream

SHAPE = (3, 12, 12)
N = 40
FIT = {"batch_size": 12, "epochs": 3, "lr": 1e-3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Photographs of two classes and several sizes."""
    root, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for k in range(N):
        path = root / ("cat", "dog")[k % 2] / f"{k:02d}.png"
        path.parent.mkdir(exist_ok=True)
        size = (12, 12) if k % 3 else (20, 15)
        pixels = rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels // (1 + k % 2)).save(path)
    return root


class Counted(ImageSource):
    """Flat images, and how many were read."""

    kind = "counted"

    def __init__(self, n: int = N, broken: tuple[int, ...] = ()) -> None:
        self.n, self.broken, self.read = n, broken, 0

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int):
        self.read += 1
        if index in self.broken:
            raise ImageError(f"image {index}: is damaged")
        return Image.new("RGB", (12, 12), (index, 0, 0)), -1, f"{index}"


def encoder(seed: int = 0) -> ICon:
    return ICon(Augmentation(2), Gaussian(0.5, "cos"), CNN(SHAPE, 4, input_scale=255.0, seed=seed))


def fitted(X, **options) -> ICon:
    return encoder().fit(X, augment=image_views("small", SHAPE, peak=255), **{**FIT, **options})


def same_bits(one: ICon, other: ICon) -> None:
    assert one.history.losses == other.history.losses
    for mine, theirs in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_rows_are_those_of_images_in_memory(folder):
    held, stream = load_images(folder, SHAPE), stream_images(folder, SHAPE)
    assert stream.shape == held.X.shape == (len(stream), 3 * 12 * 12)
    np.testing.assert_array_equal(stream.take(np.array([5, 0, 5])).numpy(), held.X[[5, 0, 5]])
    np.testing.assert_array_equal(stream.label, held.y)
    assert stream.classes == held.classes == ["cat", "dog"]
    half = stream.subset(np.arange(1, N, 2))
    np.testing.assert_array_equal(half.take(np.arange(3)).numpy(), held.X[[1, 3, 5]])
    np.testing.assert_array_equal(half.label, held.y[1::2])
    np.testing.assert_array_equal(
        stream_images(folder, (1, 12, 12)).take([2]), load_images(folder, (1, 12, 12)).X[[2]]
    )


def test_a_run_comes_to_the_same_bits(folder):
    held, stream = load_images(folder, SHAPE), stream_images(folder, SHAPE)
    same_bits(fitted(stream), fitted(held.X))
    np.testing.assert_array_equal(fitted(stream).transform(stream), fitted(held.X).transform(held.X))


def test_a_stopped_run_goes_on_and_other_images_are_told(folder, tmp_path):
    def stop(event):
        if event.kind == "step" and event.step == 4:
            raise KeyboardInterrupt

    stream = stream_images(folder, SHAPE)
    assert fitted(stream, checkpoint=tmp_path / "run", callbacks=(stop,)).history.interrupted
    with pytest.raises(Exception, match="another run"):
        fitted(stream.subset(np.arange(30)), checkpoint=tmp_path / "run")
    same_bits(fitted(stream_images(folder, SHAPE), checkpoint=tmp_path / "run"), fitted(stream))


def test_only_the_next_batch_is_read_ahead():
    source, steps = Counted(), []
    stream = stream_images(source, SHAPE, threads=2)
    fitted(stream, epochs=1, callbacks=(lambda event: steps.append((event.kind, source.read)),))
    most = dict(steps)["step"]
    start = dict(steps[:1])["start"]
    assert most - start <= 3 * 12  # three steps, none twice
    before = source.read
    stream.expect(np.arange(5))
    stream.take(np.arange(5))
    assert source.read == before + 5
    stream.expect(np.arange(5))
    np.testing.assert_array_equal(stream.take(np.array([9, 8]))[:, 0], [9, 8])  # others than were expected


def test_damaged_images_are_named_or_replaced(caplog):
    with pytest.raises(ImageError, match="image 7: is damaged"):
        fitted(stream_images(Counted(broken=(7,)), SHAPE))
    stream = stream_images(Counted(broken=(7, 39)), SHAPE, skip_corrupt=2)
    assert stream.take(np.array([6, 7, 39]))[:, 0].tolist() == [6, 8, 0]
    told = sorted(record.message for record in caplog.records)
    assert told == ["skipped: image 39: is damaged", "skipped: image 7: is damaged"]
    with pytest.raises(InputError, match="all images that are to be read are damaged"):
        stream_images(Counted(2, (0, 1)), SHAPE, skip_corrupt=2).take(np.array([0]))


def test_what_stands_in_for_a_damaged_image_has_its_label_and_is_not_held_out():
    class Labelled(Counted):
        classes = ("even", "odd")
        labels = np.arange(N) % 2

    half = stream_images(Labelled(broken=(7,)), SHAPE, skip_corrupt=1).subset(np.array([2, 3, 7, 8, 11, 30]))
    assert half.take(np.arange(6))[:, 0].tolist() == [2, 3, 11, 8, 11, 30]
    alone = stream_images(Labelled(broken=(7,)), SHAPE, skip_corrupt=1).subset(np.array([7, 8]))
    with pytest.raises(InputError, match="all images of label 1"):
        alone.take(np.arange(2))


def test_a_batch_is_read_in_the_order_of_the_source():
    class Noted(Counted):
        def __getitem__(self, index: int):
            order.append(index)
            return super().__getitem__(index)

    order: list[int] = []
    pixels = stream_images(Noted(), SHAPE, threads=1).take(np.array([9, 2, 30, 2, 5]))
    assert order == [2, 5, 9, 30]
    assert pixels[:, 0].tolist() == [9, 2, 30, 2, 5]


def test_what_images_on_disk_cannot_be(folder):
    stream = stream_images(folder, SHAPE)
    with pytest.raises(OptionError, match="give batch_size="):
        encoder().fit(stream)
    model = ICon(KNN(3), Gaussian(1.0), CNN(SHAPE, 4))
    with pytest.raises(InputError, match=r"looks for neighbours, but StreamedImages.*NeighborGraph.of"):
        model.fit(stream, **FIT)
    held = load_images(folder, SHAPE)
    assert model.fit(stream, neighbors=NeighborGraph.of(held.X, 3), **FIT).history.losses
    with pytest.raises(InputError, match="TSNE: X is StreamedImages.*holds all rows at once.*SimCLR"):
        TSNE().fit(stream)
    with pytest.raises(OptionError, match=r"image_shape=\(2, 12, 12\) has 2 channels"):
        stream_images(folder, (2, 12, 12))
    with pytest.raises(OptionError, match="threads=0"):
        stream_images(folder, SHAPE, threads=0)


def test_estimators_learn_from_them(folder):
    held, stream = load_images(folder, SHAPE), stream_images(folder, SHAPE)
    options = {"augment": "small", "epochs": 2, "batch_size": 12, "embedding_dim": 3}
    one = SimCLR(**options).fit(stream)
    assert not hasattr(one, "embedding_")
    assert one.transform(stream).shape == (N, 3)
    np.testing.assert_array_equal(one.transform(held.X), one.transform(stream))
    assert list(one.get_feature_names_out()) == ["simclr0", "simclr1", "simclr2"]
    found = SupCon(epochs=2, batch_size=12).fit(stream, stream.label)
    assert found.transform(stream).shape == (N, 64)


def test_they_go_to_other_processes(folder):
    stream = stream_images(folder, SHAPE).subset(np.arange(10))
    stream.expect(np.arange(3))
    back = pickle.loads(pickle.dumps(stream))
    assert (back.digest, back.shape) == (stream.digest, stream.shape)
    np.testing.assert_array_equal(back.take(np.arange(3)), stream.take(np.arange(3)))
    assert stream_images(folder, (3, 8, 8)).digest != stream_images(folder, SHAPE).digest


def test_a_sample_is_held_and_its_half_is_held_out():
    images = stream_images("digits", (1, 8, 8))
    stream = Stream.of(images, "digits", seed=3)
    held = np.arange(0, 1797, 2)
    learnt = stream.without(held, labelled=False)
    assert learnt.n == 1797 - len(held)
    assert not set(learnt.rows.tolist()) & set(stream.rows[held].tolist())


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    return int(end.value.code or 0)


def test_the_command_streams(folder, tmp_path, capsys):
    call = ["train", "simclr", str(folder), "--image-size", "12", "--epochs", "2", "--batch-size", "10", "-q"]
    for name, more in (("held", []), ("stream", ["--stream"])):
        assert command(*call, *more, "--out", str(tmp_path / name)) == 0
    one, other = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("held", "stream"))
    assert one["metrics"] == other["metrics"]
    assert "which stay on disk" in other["rows"]
    np.testing.assert_array_equal(
        *(np.load(tmp_path / name / "embedding.npy") for name in ("held", "stream"))
    )
    assert (
        command("embed", str(tmp_path / "stream"), str(folder), "--images", "--out", str(tmp_path / "f")) == 0
    )
    assert open_features(tmp_path / "f").shape[0] == N
    assert command("train", "simclr", "digits", "--stream", "--out", str(tmp_path / "x")) == 2
    assert "--image-size" in capsys.readouterr().err


def test_the_command_tells_what_images_need(folder, tmp_path, capsys):
    out = ["--out", str(tmp_path / "out"), "-q", "--epochs", "1", "--batch-size", "10"]
    assert command("train", "simclr", str(folder), *out) == 2
    assert "--image-size 32" in capsys.readouterr().err
    assert command("train", "k-means", "digits", *out) == 2
    assert "use `iconlearn fit k-means`" in capsys.readouterr().err
    (folder / "cat" / "99.png").write_bytes(b"no image")
    try:
        size = ["--image-size", "12"]
        for more in ([], ["--stream"]):
            assert command("train", "simclr", str(folder), *size, *more, *out) == 2
            assert "99.png" in capsys.readouterr().err
            skip = ["--skip-corrupt", "1", "--overwrite"]
            assert command("train", "simclr", str(folder), *size, *more, *skip, *out) == 0
    finally:
        (folder / "cat" / "99.png").unlink()


def test_labels_are_read_once():
    source = Counted()
    source.classes = ["one"]
    source.labels = None
    stream = stream_images(source, SHAPE)
    assert source.read == N
    half = pickle.loads(pickle.dumps(stream.subset(np.arange(5))))
    assert source.read == N
    assert half.label.tolist() == [-1] * 5
