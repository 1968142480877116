"""The animation of a training: its file, its frames, and what it refuses."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from drawing import BLOBS, LABELS, RNG, p_and_q

from iconlearn._errors import InputError
from iconlearn.viz import Frame, frame_image, training_gif
from iconlearn.viz._panel import total_variation
from iconlearn.viz.frames import smooth_windows
from iconlearn.viz.style import Q_COLOR


def training(n_frames: int = 8) -> list[Frame]:
    """Frames in which blobs grow out of a point and q comes to meet p."""
    p, qs = p_and_q(n_frames, anchors=2)
    scales = np.geomspace(1e-4, 10, n_frames)
    return [Frame(10 * k, 3.0 - 0.2 * k, scales[k] * BLOBS, p, qs[k]) for k in range(n_frames)]


def test_training_gif(tmp_path: Path) -> None:
    from PIL import Image

    frames = training()
    images = RNG.random((2, 7, 8, 8))
    path = training_gif(
        tmp_path / "t.gif", frames, LABELS, anchors=[3, 70], thumbnails=images, title="A training"
    )
    assert [f.name for f in tmp_path.iterdir()] == ["t.gif"]
    with Image.open(path) as gif:
        assert gif.n_frames == len(frames)
        assert gif.size == (900, 480)
        assert gif.info["loop"] == 0
        durations = []
        for k in range(gif.n_frames):
            gif.seek(k)
            durations.append(gif.info["duration"])
    assert durations == [80] * 7 + [2000]
    # The orange of q grows as it comes to meet p; the gap itself decreases.
    orange = np.array([int(Q_COLOR[i : i + 2], 16) for i in (1, 3, 5)])
    bars = [
        (np.abs(frame_image(path, k)[:, 540:].astype(int) - orange).max(axis=2) < 8).sum() for k in range(8)
    ]
    assert all(a < b for a, b in itertools.pairwise(bars))
    gaps = [total_variation(f.p, f.q).mean() for f in frames]
    assert gaps[-1] < 1e-9
    assert all(a > b for a, b in itertools.pairwise(gaps))


def test_gif_frames_match_the_figure(tmp_path: Path) -> None:
    from iconlearn.viz._scene import Scene

    frames = training(5)
    path = training_gif(tmp_path / "t.gif", frames)
    scene = Scene(frames, None, [], None, None, False, ("", ""), "divergence", (900, 480))
    for k in (3, 0, 4):
        difference = np.abs(frame_image(path, k).astype(int) - scene.draw(k))
        assert difference.mean() < 1.0
        assert np.quantile(difference, 0.999) < 60


def test_gif_of_bars_alone_of_a_map_alone_and_of_one_frame(tmp_path: Path) -> None:
    frames = training(3)
    bars = [{"step": f.step, "loss": f.loss, "p": f.p, "q": f.q} for f in frames]
    maps = [{"step": f.step, "loss": f.loss, "embedding": f.embedding} for f in frames]
    for k, given in enumerate((bars, maps, frames[:1], [Frame(0, 0.0, np.zeros((4, 2)))])):
        path = training_gif(tmp_path / f"{k}.gif", given, size=(500, 300), rest=k == 0)
        assert frame_image(path, -1).std() > 0


def test_gif_gives_up_colours_for_size(tmp_path: Path) -> None:
    frames = training(3)
    big = training_gif(tmp_path / "big.gif", frames, LABELS)
    small = training_gif(tmp_path / "small.gif", frames, LABELS, max_bytes=1)
    assert small.stat().st_size < big.stat().st_size


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"frames": []}, "empty"),
        ({"frames": [Frame(0, 1.0)]}, "give an embedding"),
        ({"frames": [{"step": 0}]}, "not a Frame"),
        ({"frames": [Frame(0, float("nan"), BLOBS)]}, "finite"),
        ({"frames": [Frame(0, 1.0, BLOBS * np.nan)]}, "NaN"),
        ({"frames": [Frame(0, 1.0, BLOBS), Frame(1, 1.0, BLOBS[:5])]}, "shapes"),
        ({"frames": [Frame(0, 1.0, np.zeros((4, 3)))]}, "two|needs"),
        ({"path": "t.png"}, "gif"),
        ({"path": "absent/t.gif"}, "folder"),
        ({"fps": 0}, "fps"),
        ({"size": (10, 480)}, "size"),
        ({"anchors": [0, 900]}, "rows"),
        ({"labels": [1, 2]}, "labels"),
    ],
)
def test_training_gif_refuses_and_leaves_nothing(tmp_path: Path, change, match: str) -> None:
    options = {"path": "t.gif", "frames": training(2), **change}
    path = tmp_path / options.pop("path")
    with pytest.raises(InputError, match=match):
        training_gif(path, options.pop("frames"), **options)
    assert list(tmp_path.iterdir()) == []


def test_windows_hold_the_data_and_do_not_jump() -> None:
    steady = [(1 + 0.05 * k) * BLOBS + 0.1 * k for k in range(40)]
    centres, halves = smooth_windows(steady)
    assert all((np.abs(e - c) <= h).all() for e, c, h in zip(steady, centres, halves, strict=True))
    assert np.abs(np.diff(np.log(halves))).max() < 0.1
    # A window that trembles with the data would make the whole map tremble.
    shaken = [BLOBS * (1 + 0.1 * (k % 2)) for k in range(40)]
    moves = np.abs(np.diff(np.log(smooth_windows(shaken)[1])))
    assert moves.mean() < 0.06
