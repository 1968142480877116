"""Partitions that heads start from."""

import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.datasets import make_circles
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from iconlearn import KNN, ICon, OptionError, SoftmaxHead, UniformCluster
from iconlearn.inputs import as_inputs
from iconlearn.mappers._linkage import merge_parts
from iconlearn.mappers.partitions import kmeans, linked, ridge_head


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [1, 3, 7])
def test_average_linkage_is_that_of_scipy(seed, count):
    rng = np.random.default_rng(seed)
    similar = rng.random((12, 12))
    similar = similar + similar.T
    np.fill_diagonal(similar, 0)
    owner = np.zeros(12, np.int64)
    merge_parts(similar.copy(), np.ones(12), 1.0, count, owner)
    assert len(np.unique(owner)) == count
    tree = linkage((10 - similar)[np.triu_indices(12, 1)], "average")
    assert adjusted_rand_score(fcluster(tree, count, "maxclust"), owner) == 1


def test_parts_on_a_graph_find_what_is_not_round():
    X, y = make_circles(600, factor=0.4, noise=0.05, random_state=0)
    points = as_inputs(torch.from_numpy(X).float()).points()
    target = KNN(8)(points, points, None)
    found = [linked(points.value, target, 2, seeded(seed)).numpy() for seed in range(8)]
    assert max(adjusted_rand_score(y, labels) for labels in found) == 1  # where there are parts enough
    _, labels, _ = kmeans(points.value, 2, seeded())
    assert adjusted_rand_score(y, labels.numpy()) < 0.1


@pytest.mark.parametrize("rows", [3000, 90_000])  # in float64, and the large ones in float32
def test_k_means_has_the_same_bits_on_any_number_of_threads(rows):
    x = torch.randn(rows, 48, generator=seeded())
    found = []
    for threads in (1, 2, 8):
        with threadpool_limits(threads):
            found.append(kmeans(x, 12, seeded())[0])
    assert all(torch.equal(found[0], other) for other in found[1:])


def test_a_ridge_head_is_ridge_regression():
    from sklearn.linear_model import Ridge

    z = torch.randn(200, 5, generator=seeded(), dtype=torch.float64)
    z -= z.mean(0)
    labels = torch.randint(3, (200,), generator=seeded(1))
    member = torch.nn.functional.one_hot(labels, 3).double().numpy()
    strength = 0.01 * float(z.double().square().sum() / 5)
    expected = 6 * Ridge(strength).fit(z.double().numpy(), member).coef_
    np.testing.assert_allclose(ridge_head(z, labels, 3).numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("init", ["k-means", "linkage", "mixed", "random"])
@pytest.mark.parametrize("hidden", [(), (16,)])
def test_heads_start_as_they_say(init, hidden):
    X, y = make_circles(300, factor=0.4, noise=0.05, random_state=0)
    rows = np.c_[X, (X**2).sum(1)]  # a linear head can tell the circles apart by the third column
    head = SoftmaxHead(3, 2, init=init, hidden=hidden)
    model = ICon(KNN(8), UniformCluster(), head)
    model.fit(rows, max_iter=0)
    start = model.transform(rows).argmax(1)
    if init == "linkage":
        assert adjusted_rand_score(y, start) > 0.95
    model.fit(rows, max_iter=30, lr=0.05, restarts=4)
    assert model.history.losses[-1] < model.history.losses[0]
    assert len(list(head.parameters())) == (2 if not hidden else 5)


def test_a_start_by_linkage_in_batches_sees_the_graph():
    X, y = make_circles(600, factor=0.4, noise=0.05, random_state=0)
    rows = np.c_[X, (X**2).sum(1)]
    model = ICon(KNN(8), UniformCluster(), SoftmaxHead(3, 2, init="linkage"))
    model.fit(rows, max_iter=0, batch_size=100, positives=1)
    assert adjusted_rand_score(y, model.transform(rows).argmax(1)) > 0.95


def test_unknown_starts_and_widths_are_refused():
    with pytest.raises(OptionError, match=r"init='kmeans'.*'k-means'"):
        SoftmaxHead(3, 2, init="kmeans")
    with pytest.raises(OptionError, match="hidden=0"):
        SoftmaxHead(3, 2, hidden=(0,))
