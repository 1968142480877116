"""Positives and defaults of InfoNCE clustering."""

from __future__ import annotations

import numpy as np
import pytest

from iconlearn import FeatureWriter, InfoNCEClustering, OptionError, open_features
from iconlearn.evaluation import hungarian_accuracy

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 5, 500)
X = (4 * RNG.normal(size=(5, 8))[Y] + RNG.normal(size=(500, 8))).astype(np.float32)
SHORT = {"n_clusters": 5, "restarts": 2, "max_iter": 20, "baseline": -1.0}


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("features") / "views"
    views = X[:, None] + 0.3 * RNG.normal(size=(500, 3, 8)).astype(np.float32)
    with FeatureWriter(folder, dim=8, views=3, dtype="float32") as writer:
        writer.add(views)
    return open_features(folder)


@pytest.mark.parametrize("on_disk", [False, True])
@pytest.mark.parametrize("n_neighbors", [0, 5])
def test_views_are_positives_with_and_without_neighbours(stored, on_disk, n_neighbors):
    model = InfoNCEClustering(n_neighbors=n_neighbors, views=2, **SHORT).fit(stored if on_disk else X)
    assert ("KNN" in repr(model.model_.target_dist)) == (n_neighbors > 0)
    assert "Augmentation" in repr(model.model_.target_dist)
    assert hungarian_accuracy(Y, model.labels_) > 0.9


@pytest.mark.parametrize("given", [{}, {"views": 2, "steps": 2}])
def test_without_neighbours_there_must_be_views_and_no_walks(given):
    with pytest.raises(OptionError, match="n_neighbors=0.*views=2"):
        InfoNCEClustering(n_neighbors=0, **SHORT, **given).fit(X)


def test_sizes_weigh_less_where_that_holds():
    row = InfoNCEClustering.row
    assert "balance=0.7" in repr(row.recipe().learned_dist)
    assert "balance=0.7" in repr(row.recipe(debias="both").learned_dist)
    for given in ({"debias": "target"}, {"divergence": "tv"}, {"balance": 1.0}):
        assert "balance" not in repr(row.recipe(**given).learned_dist)


def test_uniform_mass_on_the_target_leaves_clusters_apart():
    model = InfoNCEClustering(debias="target", alpha=0.6, **{**SHORT, "max_iter": 150}).fit(X)
    assert hungarian_accuracy(Y, model.labels_) > 0.9
