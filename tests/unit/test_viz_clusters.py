"""Figures of clusterings: clusters and classes, confusion, reliability, sweeps and contact sheets."""

from __future__ import annotations

import numpy as np
import pytest
from drawing import BLOBS, LABELS, RNG, drawn, words

from iconlearn._errors import InputError, OptionError
from iconlearn.evaluation import hungarian_accuracy, match_clusters, reliability_curve
from iconlearn.viz import (
    assignment_figure,
    confusion_figure,
    contact_sheet_figure,
    reliability_figure,
    sweep_figure,
)
from iconlearn.viz.style import Q_COLOR


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


def test_a_thousand_clusters_leave_a_diagonal_to_be_seen() -> None:
    y = np.arange(4000) % 1000
    fig = assignment_figure(RNG.normal(size=(4000, 2)), (7 * y) % 1000, y)
    picture = drawn(fig).astype(int)
    frame = fig.axes[1].get_window_extent()
    height = picture.shape[0]
    middle = [
        (round(height - frame.y1 + t * frame.height), round(frame.x0 + t * frame.width)) for t in (0.3, 0.7)
    ]
    for row, column in middle:
        assert picture[row - 3 : row + 4, column - 3 : column + 4].min() < 120
        assert picture[row - 3 : row + 4, column + 30 : column + 37].min() > 200


@pytest.mark.parametrize("n_classes", [1, 12, 120])
@pytest.mark.parametrize("n_clusters", [1, 4, 30])
def test_confusion_figure_draws_any_shape(n_clusters: int, n_classes: int) -> None:
    assigned, labels = np.arange(900) % n_clusters, np.arange(900) // 7 % n_classes
    fig = confusion_figure(assigned, labels, title="Any shape")
    assert drawn(fig).std() > 0
    accuracy = f"Hungarian accuracy {hungarian_accuracy(labels, assigned):.1%}, 900 points"
    assert accuracy in words(fig)


def test_confusion_figure_names_the_largest_confusions_and_leaves_out_what_is_unknown() -> None:
    labels = np.repeat(["ant", "bee", "cat"], [20, 20, 20])
    assigned = np.repeat([5, 3, 5, 8], [20, 13, 7, 20])
    shown = words(confusion_figure(assigned, labels))
    assert {"bee in the cluster of ant", "7", "13"} <= set(shown)
    assert not [w for w in shown if w.startswith(("ant in", "cat in"))]
    hidden = np.where(assigned == 8, -1, assigned)
    assert "Hungarian accuracy 82.5%, 40 points" in words(confusion_figure(hidden, labels))
    spare = words(confusion_figure([0, 0, 1, 2], ["a", "a", "a", "b"]))
    assert "a in spare cluster 1" in spare
    assert "most often confused" not in words(confusion_figure([0, 1], [1, 0]))


def test_confusion_figure_keeps_every_word_inside() -> None:
    names = [f"a class with a long name, number {k}" for k in range(30)]
    fig = confusion_figure(RNG.integers(0, 40, 900), RNG.integers(0, 30, 900), names, title="x" * 90)
    fig.canvas.draw()
    renderer, box = fig.canvas.get_renderer(), fig.bbox
    texts = [
        *fig.texts,
        *fig.axes[0].texts,
        *fig.axes[1].texts,
        fig.axes[0].xaxis.label,
        fig.axes[0].yaxis.label,
    ]
    for text in [*texts, *fig.axes[0].get_xticklabels(), *fig.axes[0].get_yticklabels()]:
        extent = text.get_window_extent(renderer)
        assert extent.x0 >= 0, text
        assert extent.y0 >= 0, text
        assert extent.x1 <= box.width, text


def probabilities(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and probabilities that are right of most."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(3) / 2, 300)
    return np.where(rng.random(300) < 0.8, p.argmax(1), rng.integers(0, 3, 300)), p


@pytest.mark.parametrize("binning", ["width", "mass"])
def test_reliability_figure_states_the_error_of_each_curve(binning: str) -> None:
    curve = reliability_curve(*probabilities(), 10, binning)
    fig = reliability_figure(curve, "A clustering")
    assert {f"ECE {curve.expected_error:.3f}, 300 points", "accuracy", "mean confidence"} <= set(words(fig))
    assert drawn(fig).std() > 0
    other = reliability_curve(*probabilities(1), 10, binning)
    shown = words(reliability_figure({"alpha 0": curve, "alpha 0.4": other}))
    assert f"alpha 0.4  ECE {other.expected_error:.3f}" in shown


def test_reliability_figure_of_a_clustering_that_is_sure_of_everything() -> None:
    for binning in ("width", "mass"):
        assert drawn(reliability_figure(reliability_curve([0, 1], np.eye(2), binning=binning))).std() > 0


def test_reliability_figure_refuses() -> None:
    curve = reliability_curve(*probabilities())
    for curves in ({}, dict.fromkeys(range(11), curve), {"a": 3}, [0.1, 0.2]):
        with pytest.raises(InputError, match="curve"):
            reliability_figure(curves)


def test_sweep_figure_draws_means_seeds_and_names() -> None:
    scores = {"target only": RNG.random((5, 3)), "both sides": np.full((5, 2), 0.5)}
    scores["target only"][2, 1] = np.nan
    fig = sweep_figure(
        [0, 0.2, 0.4, 0.6, 0.8], scores, score="ECE", baselines={"k-means": 0.3}, title="Debiasing"
    )
    assert {"target only", "both sides", "k-means", "alpha", "ECE", "0.2"} <= set(words(fig))
    drawn(fig)
    lines = [line for line in fig.axes[0].lines if line.get_linewidth() == 2]
    np.testing.assert_allclose(lines[0].get_ydata(), np.nanmean(scores["target only"], axis=1))
    band = fig.axes[0].collections[0].get_paths()[0].vertices
    expected = np.nanmean(scores["target only"], axis=1) + np.nanstd(scores["target only"], axis=1, ddof=1)
    assert all(np.isclose(band[:, 1], value).any() for value in expected)
    assert drawn(sweep_figure([3], {"one": [0.5]}, option="k")).std() > 0


@pytest.mark.parametrize(
    ("values", "scores", "match"),
    [
        ([0, 0], {"a": [1, 2]}, "increase"),
        ([0, 1], {}, "empty"),
        ([0, 1], {"a": [1, 2, 3]}, r"shape \(3,\)"),
        ([0, 1], {"a": [1, np.inf]}, "infinite"),
        ([0, 1], {"a": [[1, 1], [np.nan, np.nan]]}, "no score"),
        ([0, 1], {"a": "text"}, "numbers"),
    ],
)
def test_sweep_figure_refuses(values, scores, match: str) -> None:
    with pytest.raises(InputError, match=match):
        sweep_figure(values, scores)


def orange(fig) -> int:
    """Pixels in the colour of frames."""
    return int((drawn(fig) == [int(Q_COLOR[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=2).sum())


def test_contact_sheet_shows_the_closest_images_first_and_says_what_they_are() -> None:
    read: list[int] = []

    class Folder:
        """Images that are read when asked for."""

        def __len__(self) -> int:
            return 60

        def __getitem__(self, k: int) -> np.ndarray:
            read.append(k)
            return np.full((6 + k % 3, 8, 3), 4 * k, dtype=np.uint8)

    assigned, closeness = np.arange(60) % 3, (np.arange(60) * 7) % 60
    labels = np.where(np.arange(60) < 51, assigned, -1)
    fig = contact_sheet_figure(Folder(), assigned, closeness, labels, ["a", "b", "c"], n_images=4)
    best = [sorted(range(k, 60, 3), key=lambda i: -closeness[i])[:4] for k in range(3)]
    assert read == [i for row in best for i in row]
    assert {"cluster 0", "20 images", "100% are b"} <= set(words(fig))
    assert orange(fig) == 0
    assert (
        orange(contact_sheet_figure(Folder(), assigned, closeness, (assigned + (closeness > 57)) % 3)) > 100
    )


def test_contact_sheet_claims_an_order_and_explains_frames_only_where_they_are() -> None:
    images, assigned, ranked = RNG.random((6, 5, 5)), [0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    bare, full = (words(contact_sheet_figure(images, assigned, *rest)) for rest in ((), (ranked, assigned)))
    assert "2 clusters" in bare
    assert (
        "2 clusters, the most typical images first, orange where most of the cluster are of another class"
        in full
    )


def test_contact_sheet_chooses_the_largest_clusters_or_those_named() -> None:
    images = RNG.random((200, 5, 5))
    assigned = np.concatenate([np.arange(25), np.arange(175) % 22])
    shown = words(contact_sheet_figure(images, assigned))
    assert "20 of 25 clusters" in shown
    assert "cluster 24" not in shown
    shown = words(contact_sheet_figure(images, assigned, clusters=[24, 3]))
    assert [w for w in shown if w.startswith("cluster")] == ["cluster 24", "cluster 3"]


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"clusters": [7]}, InputError, "'7', which has no image"),
        ({"clusters": []}, InputError, "empty"),
        ({"assigned": [-1, -1]}, InputError, "no image into a cluster"),
        ({"assigned": [0]}, InputError, "assigned"),
        ({"closeness": [1.0]}, InputError, "closeness has 1"),
        ({"closeness": [1.0, np.nan]}, InputError, "closeness"),
        ({"labels": [0]}, InputError, "labels"),
        ({"images": np.zeros((2, 4, 4, 2))}, InputError, "image 0 has shape"),
        ({"images": np.full((2, 4, 4), np.nan)}, InputError, "NaN"),
        ({"images": [["a"], ["b"]]}, InputError, "image 0"),
        ({"n_images": 0}, OptionError, "n_images"),
    ],
)
def test_contact_sheet_refuses(change, error, match: str) -> None:
    with pytest.raises(error, match=match):
        contact_sheet_figure(**{"images": np.zeros((2, 4, 4)), "assigned": [0, 1], **change})
