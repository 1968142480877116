"""What maps can be told beside their hyper-parameters: labels, where to start, what to hold, when to stop."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import silhouette_score
from toys import ROWS, blobs, small, source_of

import iconlearn
from iconlearn import TSNE, InputError, OptionError
from iconlearn.estimators import ESTIMATORS
from iconlearn.estimators.options import OPTIONS
from iconlearn.mappers import Table

X, Y = blobs()


def having(option):
    """Rows whose estimators have the option."""
    return [row for row in ROWS if OPTIONS[option].belongs(row)]


def quick(row, **changed):
    """An estimator of the row for sixty points."""
    return ESTIMATORS[row.estimator](**{**small(row), "max_iter": 5, "restarts": 1, **changed})


def each(option):
    return pytest.mark.parametrize("row", having(option), ids=lambda row: row.name)


@pytest.fixture(scope="module")
def digits():
    """300 digits of which 60 are labelled, and maps of them by the weight of the labels."""
    D, y = (part[:300] for part in load_digits(return_X_y=True))
    known = np.random.default_rng(0).permutation(300) < 60
    partial = np.where(known, y, -1)

    def fit(weight, labels=partial):
        return TSNE(perplexity=10, max_iter=150, label_weight=weight).fit(D, labels)

    maps = {weight: fit(weight) for weight in (0.0, 0.5)}
    return SimpleNamespace(X=D, y=y, known=known, partial=partial, fit=fit, maps=maps)


def test_partial_labels_draw_classes_together(digits):
    def score(weight, rows):
        return silhouette_score(digits.maps[weight].embedding_[rows], digits.y[rows])

    assert score(0.5, digits.known) > score(0.0, digits.known) + 0.1
    assert score(0.5, ~digits.known) > score(0.0, ~digits.known) - 0.02
    new = digits.maps[0.5].transform(digits.X[:7] + 0.01)  # new rows have no label, and are placed by p alone
    assert np.isfinite(new).all()
    np.testing.assert_array_equal(digits.maps[0.5].transform(digits.X[:7]), digits.maps[0.5].embedding_[:7])


@each("label_weight")
def test_labels_that_say_nothing_leave_the_bits(row):
    plain = quick(row).fit(X).embedding_
    steered = quick(row, label_weight=0.5).fit(X, Y)
    assert list(steered.classes_) == [0, 1, 2, 3]
    assert not np.array_equal(steered.embedding_, plain)
    np.testing.assert_array_equal(quick(row, label_weight=0.5).fit(X, Y).embedding_, steered.embedding_)
    nobody, alone = np.full(60, -1), np.where(np.arange(60) < 4, Y, -1)
    for weight, labels in ((0.0, Y), (0.0, Y + 0.5), (0.5, nobody), (0.5, alone)):
        np.testing.assert_array_equal(
            quick(row, label_weight=weight).fit(X, labels).embedding_, plain, err_msg=f"{labels}"
        )
    with pytest.warns(UserWarning, match=r"label_weight=0.5, but no y is passed.*call fit\(X, y\)"):
        np.testing.assert_array_equal(quick(row, label_weight=0.5).fit(X).embedding_, plain)
    assert not hasattr(steered.set_params(label_weight=0).fit(X, Y), "classes_")


def test_every_way_to_leave_a_label_out_is_the_same():
    row = next(row for row in ROWS if row.name == "sne-uniform")
    left_out = np.arange(60) % 3 == 0
    names = np.array(["ant", "bee", "cat", "dog"], dtype=object)[Y]
    forms = [
        np.where(left_out, -1, Y),
        np.where(left_out, np.nan, Y),
        np.where(left_out, None, Y),
        np.where(left_out, None, names),
        np.where(left_out, math.nan, names),
        np.where(left_out, -1, names),
        list(np.where(left_out, None, names)),
        pandas.Series(np.where(left_out, pandas.NA, names)),
        pandas.Series(np.where(left_out, None, Y), dtype="Int64"),
        pandas.Series(np.where(left_out, None, names)).astype("category"),
    ]
    first, *others = [quick(row, label_weight=0.3).fit(X, labels) for labels in forms]
    for other in others:
        np.testing.assert_array_equal(other.embedding_, first.embedding_)
        assert len(other.classes_) == 4


def test_bad_labels_and_weights_are_typed_errors():
    row = next(row for row in ROWS if row.name == "t-sne")
    cases = {"fractions": Y + 0.5, r"shape \(59,\)": Y[1:], "codes or names": [0, "a", *[1] * 58]}
    for message, labels in cases.items():
        with pytest.raises(InputError, match=message):
            quick(row, label_weight=0.5).fit(X, np.array(labels, dtype=object))
    for weight in (-0.1, 1.0, "x", math.nan):
        with pytest.raises(OptionError, match="label_weight=.* must be a number"):
            quick(row, label_weight=weight).fit(X, Y)


@each("init")
def test_maps_start_where_they_are_told(row):
    source = source_of(row, blobs(k=1)[0])  # a graph in one piece, else "spectral" is "pca"
    positions = np.random.default_rng(0).normal(size=(60, row.parameters["n_components"]))
    start = quick(row, init=positions, max_iter=0).fit(source).embedding_
    np.testing.assert_array_equal(start, positions.astype(np.float32))
    starts = {"pca": None, "spectral": None, "random": None}
    for name in starts:
        if name == "pca" and row.takes.name == "graph":
            continue
        starts[name] = quick(row, init=name, max_iter=0).fit(source).embedding_.tobytes()
    assert len(set(starts.values())) == 3
    own = "spectral" if row.recipe().mapper(row_shape(row)).init == "spectral" else None
    if own:
        assert quick(row, max_iter=0).fit(source).embedding_.tobytes() == starts["spectral"]
    with pytest.raises(OptionError, match="init='nowhere' is unknown"):
        quick(row, init="nowhere").fit(source)
    with pytest.raises(OptionError, match=r"init.* has shape \(3, 2\)"):
        quick(row, init=np.zeros((3, 2))).fit(source)


def row_shape(row):
    return row.takes.shape(row.takes.read(source_of(row, blobs(k=1)[0]), "test"))


@each("anchors")
def test_anchored_rows_stay(row):
    source, dim = source_of(row, X), row.parameters["n_components"]
    ids, positions = [3, 8], np.random.default_rng(0).normal(size=(2, dim))
    plain = quick(row).fit(source).embedding_
    held = quick(row, anchors=(ids, positions)).fit(source)
    np.testing.assert_array_equal(held.embedding_[ids], positions.astype(np.float32))
    assert not np.array_equal(np.delete(held.embedding_, ids, 0), np.delete(plain, ids, 0))
    with pytest.raises(OptionError, match="anchors"):
        quick(row, anchors=([99], positions[:1])).fit(source)


@each("tol")
def test_a_fit_ends_when_the_loss_stands_still(row):
    source = source_of(row, X)
    assert quick(row, max_iter=200, tol=1e9).fit(source).n_iter_ < 200
    assert quick(row, max_iter=70, tol=0).fit(source).n_iter_ == 70
    with pytest.raises(OptionError, match="tol=-1"):
        quick(row, tol=-1).fit(source)


PLAIN = [row for row in ROWS if row.takes.name == "rows"]


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.name)
def test_a_warm_start_goes_on(row):
    labels = Y if row.needs_labels else None
    first = quick(row, max_iter=30).fit(X, labels)
    read = "assignment_" if row.clusters else "embedding_"
    found = getattr(first, read)
    still = first.set_params(warm_start=True, max_iter=0).fit(X, labels)
    np.testing.assert_array_equal(getattr(still, read), found)
    assert still.n_iter_ == 0
    moved = still.set_params(max_iter=5).fit(X, labels)
    assert moved.n_iter_ == 5
    if OPTIONS["tol"].belongs(row):  # the losses are of one target on all rows
        assert moved.loss_curve_[0] <= first.loss_curve_[0]
    cold = moved.set_params(warm_start=False, max_iter=30).fit(X, labels)
    np.testing.assert_array_equal(getattr(cold, read), found)


def test_a_warm_start_needs_the_same_shape():
    estimator = TSNE(perplexity=5, max_iter=3, warm_start=True).fit(X)
    with pytest.raises(OptionError, match=r"warm_start=True, but the fitted Embedding.*60.*50"):
        estimator.fit(X[:50])
    with pytest.raises(OptionError, match="warm_start='yes'"):
        TSNE(perplexity=5, warm_start="yes").fit(X)


class Killed(BaseException):
    """In place of a signal."""


@pytest.mark.parametrize("name", ["t-sne", "simclr", "k-means", "cross-entropy"])
def test_a_killed_fit_goes_on_to_the_same_bits(name, tmp_path):
    row = next(row for row in ROWS if row.name == name)
    labels = Y if row.needs_labels else None
    read = "assignment_" if row.clusters else "embedding_"
    whole = getattr(quick(row, max_iter=12).fit(X, labels), read)
    file = tmp_path / "run"

    def kill(event):
        if event.kind == "step" and event.step == 7:
            raise Killed

    with pytest.raises(Killed):
        quick(row, max_iter=12, checkpoint=file, callbacks=(kill,)).fit(X, labels)
    for _ in range(2):
        resumed = quick(row, max_iter=12, checkpoint=file).fit(X, labels)
        np.testing.assert_array_equal(getattr(resumed, read), whole)
        assert resumed.n_iter_ == 12


def test_options_that_a_method_has_no_use_for_are_refused():
    for name, option in (
        ("PCA", "label_weight"),
        ("SimCLR", "anchors"),
        ("KMeans", "init"),
        ("SimCLR", "tol"),
    ):
        with pytest.raises(OptionError, match=f"{name} has no option '{option}'"):
            getattr(iconlearn, name)(**{option: 0.5})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_diagnostics_tell_where_a_map_fits_badly(row):
    source, labels = source_of(row, X), Y if row.needs_labels else None
    estimator = quick(row)
    with pytest.raises(NotFittedError):
        estimator.diagnostics_  # noqa: B018
    estimator.fit(source, labels)
    if not isinstance(estimator.model_.mapper, Table):
        assert not hasattr(estimator, "diagnostics_")
        return
    rows = estimator.diagnostics_
    assert rows.shape == (60,)
    batch = estimator._batch(estimator._source(source, reset=False))
    loss = estimator.model_(batch).item()
    whole = rows.sum() if estimator.model_.learned_dist.normalize == "joint" else rows.mean()
    assert whole == pytest.approx(loss, rel=1e-4, abs=1e-6)
