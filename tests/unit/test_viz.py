"""The figures and the animation: what they accept, what they refuse, what they show and what they write."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from iconlearn._errors import InputError
from iconlearn.viz import (
    Frame,
    assignment_figure,
    class_colors,
    frame_image,
    loss_figure,
    map_figure,
    p_vs_q_figure,
    save_figure,
    training_gif,
)
from iconlearn.viz._inputs import encode_labels
from iconlearn.viz._names import medoids, separate
from iconlearn.viz._panel import BarPanel, total_variation
from iconlearn.viz.assignment import match_clusters
from iconlearn.viz.frames import smooth_windows
from iconlearn.viz.maps import project
from iconlearn.viz.style import P_COLOR, Q_COLOR, luminance, point_alpha, point_size

RNG = np.random.default_rng(0)
BLOBS = np.concatenate([RNG.normal(size=(30, 2)) + 8 * np.array([np.cos(a), np.sin(a)]) for a in (0, 2, 4)])
LABELS = np.repeat([0, 1, 2], 30)


def words(fig) -> list[str]:
    """Every text that a figure shows."""
    from matplotlib.text import Text

    return [t.get_text() for t in fig.findobj(Text) if t.get_text() and t.get_visible()]


def drawn(fig) -> np.ndarray:
    """The picture of a figure."""
    fig.canvas.draw()
    return np.asarray(fig.canvas.buffer_rgba())[..., :3]


def p_and_q(steps: int = 1, anchors: int = 2, k: int = 6) -> tuple[np.ndarray, list[np.ndarray]]:
    """A target, and learned distributions that move from flat to it."""
    p = 0.5 ** np.arange(1, k + 1) * np.ones((anchors, 1))
    return p, [p * t + (1 - t) * 0.01 for t in np.linspace(0, 1, steps)]


def test_import_does_not_load_matplotlib() -> None:
    code = "import sys, iconlearn.viz; sys.exit('matplotlib' in sys.modules or 'PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_figures_leave_the_global_state_alone() -> None:
    code = (
        "import sys, matplotlib as m; before = m.rcParams.copy(); from iconlearn.viz import map_figure;"
        "map_figure([[0, 0], [1, 1]]).canvas.draw();"
        "sys.exit(dict.items(before) != dict.items(m.rcParams) or 'matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("n_classes", [1, 2, 10, 11, 20, 21, 60])
def test_class_colors_are_distinct_and_readable(n_classes: int) -> None:
    colors = class_colors(n_classes)
    assert len(set(colors)) == n_classes
    assert all(len(c) == 7 and luminance(c) < 0.75 for c in colors)


def test_more_points_are_smaller_and_fainter() -> None:
    sizes = [(point_size(n), point_alpha(n)) for n in (1, 100, 2000, 70_000, 10**7)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1][0] > 0
    assert sizes[-1][1] > 0


@pytest.mark.parametrize(
    ("embedding", "labels"),
    [
        (BLOBS, None),
        (BLOBS, LABELS),
        (BLOBS, np.zeros(90, dtype=int)),
        (BLOBS, np.full(90, -1)),
        (BLOBS, np.arange(90) % 30),
        (BLOBS, np.array(["cat", "dog", "a $5 mouse_x"])[LABELS]),
        (BLOBS[:2], None),
        (BLOBS[:1], [3]),
        (np.zeros((12, 2)), np.arange(12) % 4),
        (np.full((5, 2), 1e6), None),
        (BLOBS * [1, 0], LABELS),
        (BLOBS[:, 0], LABELS),
        (BLOBS[:, :1], np.where(np.arange(90) % 7 == 0, -1, LABELS)),
        (np.zeros((4, 1)), None),
        (BLOBS[:, :1], np.arange(90) % 30),
        (RNG.normal(size=(20, 7)), None),
        (np.zeros((3, 5)), None),
        (RNG.normal(size=(1, 5)), None),
        (BLOBS.astype(np.float32).tolist(), LABELS.astype(float)),
    ],
)
def test_map_figure_draws(embedding, labels) -> None:
    picture = drawn(map_figure(embedding, labels, title="A map", subtitle="of points"))
    assert picture.std() > 0


def test_map_names_its_classes_up_to_twenty() -> None:
    assert {"zero", "one", "two"} <= set(words(map_figure(BLOBS, LABELS, ["zero", "one", "two"])))
    assert "30 classes" in words(map_figure(BLOBS, np.arange(90) % 30))
    assert "7" not in words(map_figure(BLOBS, np.arange(90) % 30))


def test_map_is_equal_in_both_axes_and_holds_every_point() -> None:
    for points in (BLOBS, BLOBS * [5, 1], BLOBS * [1, 9]):
        fig = map_figure(points, LABELS)
        ax = fig.axes[0]
        box = ax.get_window_extent()
        assert np.ptp(ax.get_xlim()) / box.width == pytest.approx(np.ptp(ax.get_ylim()) / box.height)
        assert ax.get_xlim()[0] < points[:, 0].min()
        assert points[:, 0].max() < ax.get_xlim()[1]
        assert ax.get_ylim()[0] < points[:, 1].min()
        assert points[:, 1].max() < ax.get_ylim()[1]


def test_names_and_headings_stay_inside_and_apart() -> None:
    fig = map_figure(
        np.zeros((40, 2)), np.arange(40) % 10, [f"class {k}" for k in range(10)], title="x" * 150
    )
    renderer, width = fig.canvas.get_renderer(), fig.bbox.width
    boxes = [t.get_window_extent(renderer) for t in (*fig.texts, *fig.axes[0].texts)]
    assert len(boxes) == 11
    assert all(box.x0 >= 0 and box.x1 <= width for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_projection_states_the_explained_share() -> None:
    wide = np.concatenate([BLOBS, 0.5 * RNG.normal(size=(90, 3))], axis=1)
    flat, note = project(wide)
    variances = np.sort(np.linalg.eigvalsh(np.cov(wide.T)))[::-1]
    assert f"{variances[:2].sum() / variances.sum():.0%}" in note
    np.testing.assert_allclose(flat.var(axis=0, ddof=1), variances[:2])
    assert note in words(map_figure(wide))


def test_medoid_stays_on_its_class() -> None:
    islands = np.array([[0.0, 0], [0.1, 0], [0.2, 0], [9, 0], [9.1, 0]])
    assert any(np.array_equal(medoids(islands, np.zeros(5, int), 1)[0], point) for point in islands)


def test_separate_leaves_free_boxes_alone() -> None:
    centre = np.array([[10.0, 10], [50, 50]])
    frame = np.array([[0.0, 0], [100, 100]])
    np.testing.assert_array_equal(separate(centre, np.full((2, 2), 4.0), frame), centre)


def test_labels_keep_their_class_when_one_is_absent() -> None:
    codes, names = encode_labels("t", "labels", [2, 0, -1], 3, ["a", "b", "c"])
    assert codes.tolist() == [2, 0, -1]
    assert names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([0], None),
        ([0.5, 1], None),
        ([np.nan, 1], None),
        ([0, 5], ["a", "b"]),
        (["a", "x"], ["a", "b"]),
        (0, None),
    ],
)
def test_labels_refused(labels, classes) -> None:
    with pytest.raises(InputError, match="labels"):
        map_figure(BLOBS[:2], labels, classes)


@pytest.mark.parametrize(
    "bad", [np.array([[np.nan, 0.0]]), np.full((2, 2), np.inf), np.zeros((0, 2)), "text", [[1], [1, 2]], 3.0]
)
def test_arrays_refused(bad) -> None:
    with pytest.raises(InputError):
        map_figure(bad)
    with pytest.raises(InputError):
        assignment_figure(bad, [0])
    with pytest.raises(InputError):
        p_vs_q_figure(bad, bad, bad)
    with pytest.raises(InputError):
        loss_figure([0, 1], bad)


@pytest.mark.parametrize("labels", [None, LABELS, np.array(["x", "y", "z"])[LABELS]])
@pytest.mark.parametrize(
    "assigned", [(LABELS + 1) % 3, np.arange(90) % 30, np.zeros(90, int), np.where(LABELS == 1, -1, LABELS)]
)
def test_assignment_figure_draws(assigned, labels) -> None:
    fig = assignment_figure(BLOBS, assigned, labels, title="k-means")
    assert drawn(fig).std() > 0
    assert len(fig.axes) == 2


def test_assignment_reorders_clusters_to_their_classes() -> None:
    assert match_clusters(np.array([[0, 5, 1], [7, 1, 0], [0, 0, 3], [1, 1, 1]])) == ([1, 0, 2, 3], 15)
    fig = assignment_figure(BLOBS, (LABELS + 1) % 3, LABELS)
    assert "100.0% of the points in matching cells" in words(fig)
    assert [t.get_text() for t in fig.axes[1].get_yticklabels()] == ["1", "2", "0"]


@pytest.mark.parametrize("name", ["3", "three", "a class of which the name is long"])
def test_class_names_below_the_matrix_are_not_cut(name: str) -> None:
    fig = assignment_figure(BLOBS, LABELS, np.array([f"{name} {k}" for k in range(10)])[np.arange(90) % 10])
    fig.canvas.draw()
    renderer = fig.canvas.get_renderer()
    texts = [*fig.axes[1].get_xticklabels(), *fig.axes[1].get_yticklabels(), fig.axes[1].xaxis.label]
    assert all(t.get_window_extent(renderer).y0 >= 0 for t in texts)


def test_p_vs_q_states_the_gap_of_each_panel() -> None:
    p, (before, after) = p_and_q(2)
    fig = p_vs_q_figure(p, before, after, anchors=["a one", 17], title="Meet")
    gaps = [float(w.split()[1]) for w in words(fig) if w.startswith("gap")]
    np.testing.assert_allclose(
        gaps, np.stack([total_variation(p, q) for q in (before, after)]).ravel(), atol=0.005
    )
    assert {"before training", "after training", "a one", "point 17"} <= set(words(fig))
    picture = drawn(fig).reshape(-1, 3)
    for color in (P_COLOR, Q_COLOR):
        assert (picture == [int(color[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=1).sum() > 1000


@pytest.mark.parametrize(
    ("anchors", "k", "rest"), [(1, 1, False), (1, 2, True), (4, 40, True), (3, 10, False)]
)
@pytest.mark.parametrize("shape", [None, (8, 8), (4, 6, 3)])
def test_p_vs_q_draws(anchors: int, k: int, rest: bool, shape) -> None:
    p, (before, after) = p_and_q(2, anchors, k)
    images = None if shape is None else RNG.random((anchors, k + 1, *shape))
    assert drawn(p_vs_q_figure(p, before, after, thumbnails=images, rest=rest)).std() > 0
    assert drawn(p_vs_q_figure(p, None, np.zeros_like(p), thumbnails=images, rest=rest)).std() > 0


def test_bars_meet_where_p_and_q_agree() -> None:
    from iconlearn.viz.style import new_figure

    panel = BarPanel(new_figure(3, 2), (0, 0, 3, 2), np.array([0.4, 0.1]), np.array([0.4, 0.3]), 0.5)
    (p0, p1), (q0, q1) = panel._bars
    assert p0.get_height() == q0.get_height() == 0.4
    assert p0.get_x() + p0.get_width() == pytest.approx(q0.get_x())
    assert q1.get_height() - p1.get_height() == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"p": np.full((5, 2), 0.1)}, "at most 4"),
        ({"q_after": [[0.5]]}, "shape"),
        ({"q_after": [[0.9, 0.9]]}, "sum to at most 1"),
        ({"q_after": [[-0.1, 0.9]]}, "at least 0"),
        ({"q_before": None, "q_after": None}, "at least one"),
        ({"anchors": ["a", "b"]}, "anchors"),
        ({"thumbnails": np.zeros((1, 2, 8, 8))}, "thumbnails"),
        ({"thumbnails": np.full((1, 3, 8, 8), np.nan)}, "thumbnails"),
    ],
)
def test_p_vs_q_refuses(change, match: str) -> None:
    row = [[0.6, 0.3]]
    with pytest.raises(InputError, match=match):
        p_vs_q_figure(**{"p": row, "q_before": row, "q_after": row, **change})


@pytest.mark.parametrize(
    ("loss", "scale"),
    [
        (np.geomspace(1, 1e-6, 9), "log"),
        (np.linspace(4, 1, 9), "linear"),
        (np.linspace(4, -1, 9), "linear"),
        (np.zeros(9), "linear"),
    ],
)
def test_loss_figure_chooses_its_scale(loss, scale: str) -> None:
    fig = loss_figure(np.arange(9), loss, events=[(4, "exaggeration ends"), (4.1, "and more"), (8, "end")])
    assert fig.axes[0].get_yscale() == scale
    assert drawn(fig).std() > 0
    low, high = fig.axes[0].get_ylim()
    assert low <= loss.min()
    assert loss.max() <= high
    boxes = [t.get_window_extent() for t in fig.axes[0].texts]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_loss_figure_names_every_curve() -> None:
    steps, loss = np.arange(5), np.linspace(3, 2, 5)
    fig = loss_figure(
        steps, loss, entropy=1.9, curves={"held out": ([0, 4], [3.1, 2.1])}, name="cross-entropy"
    )
    assert {"cross-entropy", "entropy of p", "held out", "step"} <= set(words(fig))
    assert drawn(loss_figure([3], [0.5], entropy=[0.2])).std() > 0
    with pytest.raises(InputError, match="one value a step"):
        loss_figure(steps, loss[:3])


@pytest.mark.parametrize("name", ["a.png", "b.svg", "c.pdf", "d.JPG"])
def test_save_figure_writes_one_file_of_the_kind_named(tmp_path: Path, name: str) -> None:
    fig = map_figure(BLOBS, LABELS)
    assert save_figure(fig, tmp_path / name) == tmp_path / name
    assert (tmp_path / name).stat().st_size > 1000
    assert [f.name for f in tmp_path.iterdir()] == [name]


def test_the_same_figure_gives_the_same_file(tmp_path: Path) -> None:
    first, second = (save_figure(map_figure(BLOBS, LABELS), tmp_path / f"{k}.png") for k in "ab")
    assert first.read_bytes() == second.read_bytes()


def test_save_figure_refuses(tmp_path: Path) -> None:
    fig = map_figure(BLOBS)
    with pytest.raises(InputError, match=r"\.png"):
        save_figure(fig, tmp_path / "a.xyz")
    with pytest.raises(InputError, match="folder"):
        save_figure(fig, tmp_path / "absent" / "a.png")


def test_a_failed_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "map.png"
    path.write_bytes(b"old")
    fig = map_figure(BLOBS)

    def fail(aside, **_) -> None:
        Path(aside).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(fig, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        save_figure(fig, path)
    assert path.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == ["map.png"]


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
