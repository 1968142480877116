"""Figures: what they accept, what they refuse, what they show and what they write."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawing import BLOBS, LABELS, RNG, drawn, words

from iconlearn._errors import InputError
from iconlearn.viz import assignment_figure, class_colors, loss_figure, map_figure, p_vs_q_figure, save_figure
from iconlearn.viz._inputs import encode_labels
from iconlearn.viz._names import medoids, separate
from iconlearn.viz.maps import project
from iconlearn.viz.style import luminance, point_alpha, point_size


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
