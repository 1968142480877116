"""k-means is kept where a head finds hardly more of the graph than it, and only there."""

import networkx as nx
import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs, make_circles

from iconlearn import (
    KNN,
    MLP,
    SCAN,
    ICon,
    InfoNCEClustering,
    Momentum,
    OptionError,
    SoftmaxHead,
    UniformCluster,
)
from iconlearn.inputs import as_inputs
from iconlearn.train.baseline import modularity

ROUND = make_blobs(400, centers=[[0, 0], [2.2, 0], [1.1, 2]], random_state=0)
RINGS, RING = make_circles(400, factor=0.4, noise=0.05, random_state=0)
RINGS = np.c_[RINGS, (RINGS**2).sum(1)]
HEAD = {"max_iter": 40, "lr": 0.05, "restarts": 8}


def test_modularity_is_that_of_networkx():
    X = ROUND[0]
    points = as_inputs(torch.from_numpy(X)).points()
    target = KNN(6)(points, points, None)
    labels = torch.from_numpy(ROUND[1])
    mass = target.block(None).exp().double().numpy()
    graph = nx.from_numpy_array((mass + mass.T) / 2)
    parts = [set(np.flatnonzero(ROUND[1] == c).tolist()) for c in range(3)]
    expected = nx.community.modularity(graph, parts)
    assert modularity(target, labels, 3) == pytest.approx(expected, rel=1e-9)


def fitted(X, k, gain):
    head = SoftmaxHead(X.shape[1], k, init="mixed")
    return ICon(KNN(8), UniformCluster().debias(0.1), head).fit(X, baseline=gain, **HEAD)


def test_overlapping_round_classes_keep_k_means():
    X = ROUND[0]
    model = fitted(X, 3, 0.2)
    assert model.history.kept_baseline
    best = KMeans(3, n_init=10, random_state=0).fit(X)
    found = model.transform(X).argmax(1)
    table = np.zeros((3, 3))
    np.add.at(table, (best.labels_, found), 1)
    assert table.max(1).sum() >= 0.99 * len(X)
    assert model.history.loss == pytest.approx(model(X).item(), rel=1e-4)


def test_what_was_trained_is_a_start_of_k_means_too():
    rng = np.random.default_rng(0)
    centres = np.repeat(
        20 * rng.normal(size=(8, 6)), 2, 0
    )  # in near pairs, of which a k-means start splits too few
    centres[::2, 0] += 3
    part = torch.arange(16).repeat_interleave(25)
    rows = torch.from_numpy(centres[part] + 0.5 * rng.normal(size=(400, 6))).float()
    head = SoftmaxHead(6, 16)

    def pure(near):
        head.start_by_kmeans(rows, torch.Generator().manual_seed(0), 1, near)
        table = torch.zeros(16, 16).index_put_(
            (head(rows).argmax(-1), part), torch.ones(400), accumulate=True
        )
        return table.max(1).values.sum() == 400 and bool((table.sum(1) > 0).all())

    assert not pure(None)
    assert pure(part)
    assert not pure(part.clamp(max=14))  # a partition with an empty part is no start


def test_rings_are_worth_leaving_k_means():
    model = fitted(RINGS, 2, 0.04)
    assert not model.history.kept_baseline
    assert model.history.loss < fitted(RINGS, 2, 100.0).history.loss


def test_a_gain_of_minus_one_never_keeps_it():
    assert not fitted(ROUND[0], 3, -1.0).history.kept_baseline
    assert fitted(ROUND[0], 3, 100.0).history.kept_baseline


def test_the_choice_is_part_of_the_checkpoint(tmp_path):
    X = ROUND[0]
    options = {"baseline": 100.0, "checkpoint": tmp_path / "run", "checkpoint_every": 1, **HEAD}
    fits = []
    for _ in range(2):
        head = SoftmaxHead(2, 3, init="mixed")
        fits.append(ICon(KNN(8), UniformCluster(), head).fit(X, **options))
    assert fits[1].history.resumed_from == 40
    assert all(model.history.kept_baseline for model in fits)
    assert np.array_equal(fits[0].transform(X), fits[1].transform(X))


def test_what_followed_the_trained_head_starts_anew():
    X = ROUND[0]
    model = ICon(KNN(8), UniformCluster(sizes=0.9), SoftmaxHead(2, 3), mapper_j=Momentum(0.9))
    model.fit(X, baseline=100.0, max_iter=20, lr=0.05)
    assert model.history.kept_baseline
    kept, teacher = model.mapper.state_dict(), model.mapper_j.teacher.state_dict()
    assert all(torch.equal(kept[name], teacher[name]) for name in kept)
    assert len(model.learned_dist.running.share) == 0
    assert model.history.loss == pytest.approx(model(X).item(), rel=1e-5)


def test_what_was_kept_is_told():
    told = [
        InfoNCEClustering(n_clusters=3, baseline=gain, max_iter=10, restarts=2).fit(ROUND[0]).kept_baseline_
        for gain in (100.0, -1.0)
    ]
    assert told == [True, False]
    assert "kept_baseline_ : bool" in InfoNCEClustering.__doc__
    assert "kept_baseline_" not in SCAN.__doc__


def test_an_estimator_has_the_option_and_others_refuse_it():
    estimator = InfoNCEClustering(n_clusters=3, baseline=100.0, max_iter=20, restarts=4).fit(ROUND[0])
    assert estimator.model_.history.kept_baseline
    with pytest.raises(OptionError, match=r"baseline=0.1 compares with k-means.*SoftmaxHead.*MLP"):
        ICon(KNN(8), UniformCluster(), MLP(2, 3)).fit(ROUND[0], baseline=0.1)
    with pytest.raises(OptionError, match="baseline"):
        fitted(ROUND[0], 3, -2)
