"""Fits of features that stay on disk are those of the same rows in memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score

from iconlearn import (
    KNN,
    MLP,
    Augmentation,
    Embedding,
    FeatureWriter,
    Gaussian,
    ICon,
    InfoNCE,
    InputError,
    NeighborGraph,
    OptionError,
    PMIClustering,
    SoftmaxHead,
    StudentT,
    UniformCluster,
    open_features,
)
from iconlearn.train.run import START_ROWS

RNG = np.random.default_rng(0)
CENTRES = 4 * RNG.normal(size=(6, 8))
Y = RNG.integers(0, 6, 900)
X = (CENTRES[Y] + RNG.normal(size=(900, 8))).astype(np.float32)
GRAPH = NeighborGraph.of(X, k=6)
OPTIONS = {"batch_size": 128, "positives": 1, "epochs": 3, "lr": 0.02}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("stored") / "x.npy"
    np.save(path, X)
    return open_features(path)


def test_a_fit_with_a_checkpoint_keeps_the_neighbours_that_it_searched(stored, tmp_path, monkeypatch):
    model = ICon(KNN(6), UniformCluster(), SoftmaxHead(8, 6))
    first = model.fit(stored, checkpoint=tmp_path / "run", **OPTIONS).transform(X)
    (tmp_path / "run").unlink()
    monkeypatch.setattr("iconlearn.neighbors.stored.search_slabs", pytest.fail)
    assert np.array_equal(model.fit(stored, checkpoint=tmp_path / "run", **OPTIONS).transform(X), first)


@pytest.mark.parametrize("restarts", [1, 3])
def test_a_fit_from_disk_has_the_bits_of_one_in_memory(stored, restarts):
    assert len(X) <= START_ROWS
    fits = [
        ICon(KNN(6), UniformCluster(), SoftmaxHead(8, 6)).fit(
            data, neighbors=GRAPH, restarts=restarts, **OPTIONS
        )
        for data in (stored, X)
    ]
    assert fits[0].history.losses == fits[1].history.losses
    found = [model.transform(data) for model, data in zip(fits, (stored, X), strict=True)]
    assert np.array_equal(*found)
    pieces = list(fits[0].transform_pieces(stored))
    assert np.array_equal(np.concatenate(pieces), found[0])


@pytest.mark.parametrize(("scale", "dtype"), [(1e20, np.float32), (1e-20, np.float64)])
def test_extreme_rows_on_disk_give_the_fit_of_those_in_memory(tmp_path, scale, dtype):
    rows = dtype(scale) * X.astype(dtype)
    np.save(tmp_path / "x.npy", rows)
    stored = open_features(tmp_path / "x.npy")
    models = [ICon(KNN(6), UniformCluster(), SoftmaxHead(8, 6)) for _ in range(2)]
    models[0].fit(stored, **OPTIONS)
    models[1].fit(rows, neighbors=NeighborGraph.of(rows, k=6), **OPTIONS)
    assert models[0].unit == models[1].unit != 1
    assert models[0].history.losses == models[1].history.losses
    found = [model.transform(data) for model, data in zip(models, (stored, rows), strict=True)]
    assert np.array_equal(*found)
    assert np.isfinite(found[0]).all()
    assert len(np.unique(found[0].argmax(1))) > 1
    assert np.array_equal(np.concatenate(list(models[1].transform_pieces(stored))), found[0])


def test_rows_on_disk_are_divided_by_the_unit_of_the_fit(stored, tmp_path):
    model = ICon(KNN(6), UniformCluster(), SoftmaxHead(8, 6)).fit(np.float32(1e-20) * X, max_iter=2)
    assert np.array_equal(model.transform(stored), model.transform(X))
    np.save(tmp_path / "far.npy", np.float32(1e30) * X)
    with pytest.raises(InputError, match=r"overflow on the scale of the data that fit was given"):
        model.transform(open_features(tmp_path / "far.npy"))


def test_an_estimator_learns_from_disk_and_predicts_new_rows(stored):
    estimator = PMIClustering(n_clusters=6, n_neighbors=6, epochs=6, batch_size=256)
    found = estimator.fit_predict(stored)
    assert found.shape == (900,)
    assert adjusted_rand_score(Y, found) > 0.8
    assert np.array_equal(estimator.predict(stored), found)
    assert np.array_equal(estimator.predict(X), found)
    assert estimator.predict_proba(X[:7]).shape == (7, 6)
    assert ((estimator.confidence_ > 1 / 6) & (estimator.confidence_ <= 1)).all()
    assert not hasattr(estimator, "assignment_")
    assert hasattr(PMIClustering(n_clusters=6, max_iter=2).fit(X), "assignment_")


def test_batches_of_a_table_are_those_of_rows_on_disk(stored):
    both = [
        PMIClustering(n_clusters=6, batch_size=128, epochs=2).fit(data, neighbors=NeighborGraph.of(X, 10))
        for data in (stored, X)
    ]
    assert np.array_equal(both[0].loss_curve_, both[1].loss_curve_)
    assert np.array_equal(both[0].labels_, both[1].labels_)


def test_stored_views_are_positive_pairs(tmp_path):
    views = np.stack([X + 0.1 * RNG.normal(size=X.shape) for _ in range(4)], 1).astype(np.float32)
    with FeatureWriter(tmp_path / "views", 8, views=4, dtype="float32") as writer:
        writer.add(views)
    stored = open_features(tmp_path / "views")
    seen = []
    model = ICon(Augmentation(2), Gaussian(0.5, "cos"), MLP(8, 4))
    model.fit(stored, batch_size=100, epochs=2, callbacks=(lambda e: e.pair and seen.append(e.pair.rows),))
    assert all(rows.n == 200 for rows in seen)
    assert model.history.losses[-1] < model.history.losses[0]
    mixed = ICon(0.5 * Augmentation(2) + 0.5 * KNN(6), UniformCluster(), SoftmaxHead(8, 6))
    mixed.fit(stored, neighbors=GRAPH, **OPTIONS)
    assert mixed.history.empty_rows == 0
    with pytest.raises(InputError, match="compares 5 views .* has 4"):
        ICon(Augmentation(5), Gaussian(0.5, "cos"), MLP(8, 4)).fit(stored, batch_size=100)


def test_every_view_is_drawn_and_never_twice(tmp_path):
    views = np.stack([np.full((50, 2), k, np.float32) for k in range(3)], 1)
    with FeatureWriter(tmp_path / "views", 2, views=3, dtype="float32") as writer:
        writer.add(views)
    pairs = set()

    class Spy(MLP):
        def forward(self, x):
            if self.training:
                first, second = x[:, 0].reshape(2, -1)
                pairs.update(zip(first.int().tolist(), second.int().tolist(), strict=True))
            return super().forward(x)

    ICon(Augmentation(2), Gaussian(0.5), Spy(2, 2)).fit(
        open_features(tmp_path / "views"), batch_size=25, epochs=4
    )
    assert pairs == {(a, b) for a in range(3) for b in range(3) if a != b}


def test_what_cannot_be_done_from_disk_is_refused_with_words(stored, tmp_path):
    with pytest.raises(OptionError, match="stays on disk and is read a batch at a time; give batch_size="):
        ICon(KNN(6), UniformCluster(), SoftmaxHead(8, 6)).fit(stored)
    with pytest.raises(InputError, match=r"InfoNCE: X is Features.* holds all rows at once.*PMIClustering"):
        InfoNCE().fit(stored)
    fitted = PMIClustering(n_clusters=3, epochs=1, batch_size=64).fit(
        stored, neighbors=NeighborGraph.of(X, 10)
    )
    np.save(tmp_path / "narrow.npy", X[:, :3])
    with pytest.raises(InputError, match="X has 3 features, but PMIClustering is expecting 8"):
        fitted.predict(open_features(tmp_path / "narrow.npy"))
    bad = X.copy()
    bad[77, 2] = np.nan
    np.save(tmp_path / "bad.npy", bad)
    with pytest.raises(InputError, match="row 77"):
        PMIClustering(n_clusters=3).fit(open_features(tmp_path / "bad.npy"))
    np.save(tmp_path / "few.npy", X[:20])
    with pytest.raises(InputError, match=r"neighbors is of 900 rows but the data has 20"):
        PMIClustering(n_clusters=3).fit(open_features(tmp_path / "few.npy"), neighbors=GRAPH)
    with pytest.raises(InputError, match="30 clusters are asked for but there are only 20 rows"):
        PMIClustering(n_clusters=30, n_neighbors=5).fit(open_features(tmp_path / "few.npy"))


def test_a_target_of_two_metrics_is_refused_before_the_search(stored, monkeypatch):
    monkeypatch.setattr(NeighborGraph, "of", None)
    both = 0.5 * KNN(5) + 0.5 * KNN(5, metric="cos")
    with pytest.raises(
        OptionError, match="under cos and euclidean, but rows on disk are searched once; use one"
    ):
        ICon(both, UniformCluster(), SoftmaxHead(8, 6)).fit(stored, **OPTIONS)


def test_a_map_of_stored_rows_needs_only_their_neighbours(stored):
    with pytest.raises(OptionError, match="batch_size"):
        ICon(KNN(6), StudentT(), Embedding(900, 2)).fit(stored)
    model = ICon(KNN(6), StudentT(), Embedding(900, 2, init="random"))
    model.fit({"id": torch.arange(900)}, neighbors=GRAPH, max_iter=20)
    assert model.history.losses[-1] < model.history.losses[0]
