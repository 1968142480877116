"""The recorder: it keeps the right moments, shows p and q as probabilities, and changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iconlearn import METHODS, Embedding, Gaussian, ICon
from iconlearn._errors import InputError, OptionError
from iconlearn.data.views import RowJitter
from iconlearn.door import fit_inputs
from iconlearn.estimators import ESTIMATORS
from iconlearn.recording import Recorder, probe_batch
from iconlearn.recording.bars import conditional, make_bars
from iconlearn.recording.choice import choose_anchors, snapshot_steps

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], 20)
X = (RNG.normal(size=(60, 5)) + 4 * np.eye(3, 5)[LABELS]).astype(np.float32)


def recorded(name: str, options: dict, **recorder_options) -> tuple[Recorder, object]:
    """A method of the table fitted to the blobs, with the recorder that watched it."""
    row = METHODS[name]
    inputs = fit_inputs(X, LABELS if row.needs_labels else None)
    recipe = row.recipe()
    probe = None
    if "batch_size" in row.fit or recipe.augment is not None:
        augment = RowJitter() if recipe.augment is not None else None
        probe = probe_batch(inputs, recipe.target_dist.num_views, augment)
    recorder = Recorder(inputs, probe=probe, **recorder_options)
    estimator = ESTIMATORS[row.estimator](callbacks=(recorder,), **options)
    return recorder, estimator.fit(X, LABELS)


def test_snapshot_steps_are_dense_early_and_reach_the_end() -> None:
    steps = sorted(snapshot_steps(500, 60))
    assert steps[0] == 0
    assert steps[-1] == 499
    assert 45 <= len(steps) <= 60
    assert len([s for s in steps if s < 50]) > 2 * len([s for s in steps if s >= 450])
    assert snapshot_steps(1, 60) == {0}
    assert snapshot_steps(0, 60) == {0}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("t-sne", {"max_iter": 150, "perplexity": 10.0}),
        ("sne-uniform", {"max_iter": 150}),
        ("pca", {"max_iter": 60}),
        ("simclr", {"max_iter": 60}),
        ("supcon", {"max_iter": 40}),
        ("cross-entropy", {"max_iter": 60}),
    ],
)
def test_p_and_q_are_conditional_and_meet(name: str, options: dict) -> None:
    recorder, _ = recorded(name, options)
    bars = recorder.bars()
    for mass in (bars.p, bars.q):
        assert np.allclose(mass.sum(-1), 1, atol=1e-5)
        assert (mass >= 0).all()
    assert bars.p.shape[:2] == (len(recorder.snapshots), 3)
    assert bars.p.shape[-1] <= 16
    top = bars.p[-1, :, :-1] if bars.rest else bars.p[-1]
    assert (np.diff(top, axis=-1) <= 1e-6).all()
    if recorder.limit:  # the width at which a limit is drawn is no part of its objective
        assert name == "pca"
    else:
        assert bars.gaps[-1] < bars.gaps[0] - 0.05


def test_clusterings_are_shown_by_cluster() -> None:
    recorder, estimator = recorded(
        "infonce-clustering", {"max_iter": 40, "n_clusters": 3, "n_neighbors": 5, "restarts": 2}
    )
    bars = recorder.bars(estimator.labels_)
    assert bars.p.shape[-1] == 3
    assert not bars.rest
    assert bars.gaps[-1] < 0.1
    assert recorder.snapshots[-1].embedding.shape == (60, 3)
    assert np.allclose(np.exp(recorder.snapshots[-1].embedding), estimator.assignment_, atol=1e-5)


def test_columns_of_prototypes_are_classes() -> None:
    recorder, _ = recorded("cross-entropy", {"max_iter": 5})
    assert recorder.by_class
    assert recorder.bars().p.shape[-1] == 3


@pytest.mark.parametrize(("name", "max_iter"), [("t-sne", 30), ("simclr", 12), ("cross-entropy", 12)])
def test_a_recorded_run_equals_an_unrecorded_one(name: str, max_iter: int) -> None:
    _, watched = recorded(name, {"max_iter": max_iter})
    alone = ESTIMATORS[METHODS[name].estimator](max_iter=max_iter).fit(X, LABELS)
    assert np.array_equal(watched.loss_curve_, alone.loss_curve_)
    assert np.array_equal(watched.embedding_, alone.embedding_)


def test_first_and_last_moment_are_the_start_and_the_result() -> None:
    recorder, estimator = recorded("t-sne", {"max_iter": 30})
    steps = [s.step for s in recorder.snapshots]
    assert steps == sorted(set(steps))
    assert steps[0] == 0
    assert steps[-1] == 30
    assert np.array_equal(recorder.snapshots[-1].embedding, estimator.embedding_)
    assert recorder.snapshots[0].loss == pytest.approx(estimator.loss_curve_[0])
    probed, encoder = recorded("simclr", {"max_iter": 10})
    assert [probed.snapshots[0].step, probed.snapshots[-1].step] == [0, 10]
    assert probed.snapshots[0].loss == pytest.approx(encoder.loss_curve_[0])


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_positions_are_two_dimensional_whatever_the_embedding(dim: int) -> None:
    recorder = Recorder(fit_inputs(X, None), snapshots=6)
    ICon(Gaussian(1), Gaussian(1), Embedding(60, dim)).fit(X, max_iter=10, callbacks=(recorder,))
    places = recorder.positions()
    assert places.shape == (len(recorder.snapshots), 60, 2)
    if dim == 2:
        assert np.array_equal(places[-1].astype(np.float32), recorder.snapshots[-1].embedding)


def test_large_data_is_thinned_but_p_and_q_are_not() -> None:
    recorder = Recorder(fit_inputs(X, None), max_points=20)
    ICon(Gaussian(1), Gaussian(1), Embedding(60, 2)).fit(X, max_iter=3, callbacks=(recorder,))
    assert recorder.snapshots[0].embedding.shape == (20, 2)
    assert recorder.snapshots[0].log_q.shape == (3, 60)


def test_a_run_of_no_steps_is_one_moment() -> None:
    recorder, _ = recorded("t-sne", {"max_iter": 0})
    assert len(recorder.snapshots) == 1
    assert np.isfinite(recorder.snapshots[0].loss)


def test_anchors_are_typical_lie_apart_and_stay() -> None:
    inputs = fit_inputs(X, LABELS)
    model = ICon(Gaussian(1), Gaussian(1), Embedding(60, 2))
    with torch.no_grad():
        pair = model.pair(inputs)
    anchors = choose_anchors(inputs, pair)
    assert LABELS[anchors].tolist() == [0, 1, 2]
    assert np.array_equal(anchors, choose_anchors(inputs, pair))
    unlabelled = choose_anchors(fit_inputs(X, None), pair)
    assert len(set(unlabelled.tolist())) == 3
    given = Recorder(inputs, anchors=[5])
    model.fit(X, max_iter=2, callbacks=(given,))
    assert given.snapshots[-1].log_q.shape == (1, 60)


def test_probe_batches_are_small_and_fixed() -> None:
    labelled = probe_batch(fit_inputs(X, LABELS), 1, None)
    assert labelled.n == 16
    assert min(np.unique(labelled.label.numpy(), return_counts=True)[1]) >= 2
    two = [probe_batch(fit_inputs(X, None), 2, RowJitter(), seed=3) for _ in range(2)]
    assert two[0].n == 8
    assert len(two[0].views) == 2
    assert all(torch.equal(a, b) for a, b in zip(two[0].views, two[1].views, strict=True))
    assert not torch.equal(two[0].views[0], two[0].views[1])
    assert probe_batch(fit_inputs(X[:3], None), 1, None).n == 3


def test_bars_of_many_columns_have_a_rest_and_empty_rows_stay_empty() -> None:
    p = np.full((2, 1, 40), 1 / 40)
    bars = make_bars(p, p, None, 15)
    assert bars.rest
    assert np.allclose(bars.p[..., -1], 25 / 40)
    empty = conditional(np.full((1, 4), -np.inf, dtype=np.float32))
    assert np.array_equal(empty, np.zeros((1, 4)))


def test_misuse_is_named() -> None:
    recorder = Recorder(fit_inputs(X, None))
    with pytest.raises(InputError, match="seen no run"):
        recorder.bars()
    with pytest.raises(OptionError, match="snapshots"):
        Recorder(fit_inputs(X, None), snapshots=0)


@pytest.mark.parametrize("probed", [False, True])
def test_a_run_that_goes_on_after_ctrl_c_has_the_moments_of_one_that_was_never_stopped(probed, tmp_path):
    X = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    data = fit_inputs(X, None)
    options = {"max_iter": 120, "optimizer": "adam", "lr": 0.1}

    def stop(event):
        if event.kind == "step" and event.step == 73:
            raise KeyboardInterrupt

    def recorded(folder, *others, **more):
        recorder = Recorder(data, probe=data if probed else None, snapshots=8, folder=folder)
        ICon(Gaussian(1), Gaussian(1), Embedding(30, 2)).fit(
            X, **options, **more, callbacks=(recorder, *others)
        )
        return recorder.snapshots

    whole = recorded(tmp_path / "whole")
    recorded(tmp_path / "parts", stop, checkpoint=tmp_path / "run")
    resumed = recorded(tmp_path / "parts", checkpoint=tmp_path / "run")
    assert [moment.step for moment in resumed] == [moment.step for moment in whole]
    for mine, theirs in zip(resumed, whole, strict=True):
        assert np.array_equal(mine.embedding, theirs.embedding)
