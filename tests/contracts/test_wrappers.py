"""What the wrappers, mixtures and graphs do to masses, against arithmetic on the matrices."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from zoo import (
    FORMS,
    manhattan,
    matrix,
    points,
    sides,
    values,
)

from iconlearn import conditional
from iconlearn.bandwidth import Learnable
from iconlearn.distributions import (
    DISTRIBUTIONS,
    KNN,
    Augmentation,
    Gaussian,
    Graph,
    Label,
    Mixture,
    StudentT,
)
from iconlearn.engines import Dense
from iconlearn.points import Points

pytestmark = pytest.mark.usefixtures("float64")


def test_mixture_weights_are_relative_and_flat_sums_are_kept():
    i = points(values(FORMS[0], 0))
    a, b, c = (matrix(d(i, i, Dense)) for d in (KNN(2), Augmentation(), StudentT()))
    dist = 1 * KNN(2) + 2 * Augmentation() + 5 * StudentT()
    assert isinstance(dist, Mixture)
    assert len(dist.terms()) == 3
    np.testing.assert_allclose(matrix(dist(i, i, Dense)), (a + 2 * b + 5 * c) / 8, atol=1e-14)


def test_mixture_shares_the_weight_of_a_component_without_mass():
    i = points(values(FORMS[0], 0))
    label, knn = (matrix(d(i, i, Dense)) for d in (Label(), KNN(3)))
    P = matrix((0.25 * Label() + 0.75 * KNN(3))(i, i, Dense))
    alone = label.sum(1) == 0
    np.testing.assert_allclose(P[alone], knn[alone], atol=1e-14)
    np.testing.assert_allclose(P[~alone], (0.25 * label + 0.75 * knn)[~alone], atol=1e-14)
    bare = Points.of(i.value, label=torch.arange(12))
    P = matrix((0.5 * Label(normalize="joint") + 0.5 * KNN(3, normalize="joint"))(bare, bare, Dense))
    assert P.sum() == pytest.approx(1)


def test_on_reads_the_field():
    i = points(values(FORMS[0], 0))
    seen = Points.of(i.fields["caption"], id=i.id, view=i.view)
    assert torch.equal(
        Gaussian(2).on("caption")(i, i, Dense).block(None), Gaussian(2)(seen, seen, Dense).block(None)
    )


def test_nearest_keeps_the_largest_masses():
    i = points(values(FORMS[0], 0))
    P, Q = (matrix(d(i, i, Dense)) for d in (StudentT(), StudentT().nearest(4)))
    kept = np.sort(P, 1)[:, [-4]] <= P
    np.testing.assert_allclose(Q, P * kept / (P * kept).sum(1, keepdims=True), atol=1e-14)


def test_temper_is_a_power():
    i = points(values(FORMS[0], 0))
    P, Q = (matrix(d(i, i, Dense)) for d in (StudentT(), StudentT().temper(3)))
    root = P ** (1 / 3) * (P > 0)
    np.testing.assert_allclose(Q, root / root.sum(1, keepdims=True), atol=1e-14)
    with pytest.raises(ValueError, match="no scores"):
        KNN(3).temper(2)


def test_symmetrize_halves_both_directions():
    i = points(values(FORMS[0], 0))
    P = matrix(Gaussian(0.5)(i, i, Dense))
    np.testing.assert_allclose(matrix(Gaussian(0.5).symmetrize()(i, i, Dense)), (P + P.T) / 24, atol=1e-14)
    J = matrix(KNN(3, normalize="joint")(i, i, Dense))
    np.testing.assert_allclose(
        matrix(KNN(3, normalize="joint").symmetrize()(i, i, Dense)), (J + J.T) / 2, atol=1e-14
    )


def test_graph_reads_every_kind_of_matrix():
    from scipy import sparse

    W = np.random.default_rng(0).uniform(size=(12, 12)) * (
        np.random.default_rng(1).uniform(size=(12, 12)) < 0.4
    )
    W[:, 0] += 0.1
    i = Points.of(torch.zeros(12, 1))
    expected = W * (1 - np.eye(12))
    expected = expected / np.maximum(expected.sum(1, keepdims=True), 1e-300)
    tensor = torch.from_numpy(W)
    for weights in (W, tensor, tensor.to_sparse(), sparse.csr_array(W), sparse.coo_matrix(W), W.tolist()):
        np.testing.assert_allclose(matrix(Graph(weights)(i, i, Dense)), expected, atol=1e-14)


def test_scale_free_width_in_the_users_units(cloud):
    """Data divided by a power of two at the door give the same distribution."""
    small = Points.of(cloud.value / 1024, unit=1024.0)
    for make in (lambda: Gaussian(1.5), lambda: StudentT(2, 1.5), lambda: Gaussian(Learnable(0.5))):
        torch.testing.assert_close(
            make()(small, small, Dense).block(None), make()(cloud, cloud, Dense).block(None)
        )
    cosine = Gaussian(0.5, "cos")
    torch.testing.assert_close(
        cosine(small, small, Dense).block(None), cosine(cloud, cloud, Dense).block(None)
    )


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_debiased_masses_of_a_whole_support_are_those_of_its_pairs(monkeypatch, cloud, piece):
    monkeypatch.setattr(conditional, "PIECE", piece)
    own = torch.eye(20) + torch.eye(20).roll(1, 0)
    cloud = replace(cloud, label=torch.arange(-1, 19) // 3)  # the first row has no label, and no mass
    for base in (KNN(4), Graph(own, pairs="all"), Label(), KNN(4).debias(0.2), KNN(4).symmetrize()):
        p = base.debias(0.3)(cloud, cloud, Dense)
        expected = p.at(p.support.rows, p.support.cols)
        assert torch.equal(p.on(p.support), expected)
        np.testing.assert_allclose(p.edges.mass, expected.exp(), rtol=1e-14)
        above = p.edges.mass - p.floor.log_mass.exp()[p.support.rows].masked_fill(p.empty[p.support.rows], 0)
        np.testing.assert_allclose(p.above_floor.mass, above, rtol=1e-14)


def test_own_metric_matches_scipy(cloud):
    from scipy.spatial.distance import cdist

    d = cdist(cloud.value, cloud.value, "cityblock")
    assert np.allclose(manhattan(cloud.value, cloud.value), d)
    score = np.exp(-d / 2) * (1 - np.eye(20))
    P = matrix(Gaussian(1.0, manhattan)(cloud, cloud, Dense))
    np.testing.assert_allclose(P, score / score.sum(1, keepdims=True), atol=1e-14)


def test_all_pairs_of_registered_classes_are_distinct():
    """Every class says something else: no two registered classes give the same matrix."""
    seen = {}
    for name in set(DISTRIBUTIONS) - {"DCL", "ClusterAgreement", "VarianceCovariance"}:
        form = next(f for f in FORMS if f.name == name)
        i, j = sides(form, 0)
        seen[name] = matrix(form.make("row")(i, j, Dense))
    for a, b in itertools.combinations(seen, 2):
        if seen[a].shape == seen[b].shape and {a, b} != {"Augmentation", "CrossModal"}:
            assert not np.allclose(seen[a], seen[b]), (a, b)


@pytest.mark.parametrize(
    "base", [KNN(4), KNN(4, pairs="all"), KNN(3).propagate(2), KNN(4, normalize="joint")]
)
def test_a_prepared_graph_gives_a_whole_data_set_what_it_gives_its_parts(cloud, base):
    numbers = torch.arange(20) * 3 + 1  # samples need not be numbered from 0
    cloud = replace(cloud, id=numbers)
    whole = base.prepare(cloud)(cloud, cloud, Dense)
    np.testing.assert_allclose(matrix(whole), matrix(base(cloud, cloud, Dense)), atol=1e-14)
    mixed = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    turned = base.prepare(cloud)(cloud.take(mixed), cloud.take(mixed), Dense)
    np.testing.assert_allclose(matrix(turned), matrix(whole)[mixed][:, mixed], atol=1e-14)


def test_weights_of_a_sample_with_itself_are_left_out_of_distinct_pairs(cloud):
    weights = torch.eye(20) * 5 + torch.eye(20).roll(1, 0)
    alone = matrix(Graph(weights)(cloud, cloud, Dense))
    np.testing.assert_array_equal(alone, torch.eye(20).roll(1, 0))
    both = matrix(Graph(weights, pairs="all")(cloud, cloud, Dense))
    np.testing.assert_allclose(both, weights / 6, rtol=1e-14)
