"""What users of other libraries try first, and what they are told."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import pdist, squareform

import iconlearn
from iconlearn import KNN, METHODS, TSNE, Gaussian, InputError, NeighborGraph, OptionError
from iconlearn.estimators.starts import FARTHEST

X = np.random.default_rng(0).normal(size=(30, 4))
D = squareform(pdist(X))


def tsne(**options):
    return TSNE(perplexity=4, max_iter=5, random_state=options.pop("random_state", 0), **options)


def test_a_generator_as_random_state():
    with pytest.raises(OptionError, match="random_state=Generator.*pass an int or RandomState"):
        tsne(random_state=np.random.default_rng(0)).fit(X)


@pytest.mark.parametrize(("wrong", "right"), [("tsne", "t-sne"), ("symmetric_sne", "symmetric-sne")])
def test_a_method_by_almost_its_name(wrong, right):
    with pytest.raises(KeyError, match=f"no method '{wrong}'.*did you mean '{right}'"):
        METHODS[wrong]
    assert wrong not in METHODS
    assert METHODS.get(wrong) is None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("cosine", "cos"), ("l1", "manhattan"), ("cityblock", "manhattan"), ("sqeuclidean", "euclidean")],
)
def test_metrics_by_the_names_of_other_libraries(theirs, ours):
    message = rf"metric='{theirs}' is unknown; allowed: .*; did you mean '{ours}'\? That is its name here"
    for make in (
        lambda: KNN(3, metric=theirs),
        lambda: Gaussian(1.0, theirs),
        lambda: NeighborGraph.of(X, 3, theirs),
    ):
        with pytest.raises(OptionError, match=message):
            make()
    KNN(3, metric=ours)


def test_precomputed_distances_have_a_door_of_their_own():
    for make in (lambda: KNN(3, metric="precomputed"), lambda: NeighborGraph.of(D, 3, "precomputed")):
        with pytest.raises(OptionError, match=r"'precomputed' is no metric here.*from_distances\(D\)"):
            make()


def test_a_condensed_matrix_of_distances():
    with pytest.raises(InputError, match=r"shape \(435,\).*squareform\(D\)"):
        NeighborGraph.from_distances(pdist(X), 3)


def test_distances_that_differ_the_other_way():
    plain = NeighborGraph.from_distances(D, 5)
    rounded = D * (1 + 1e-5 * np.random.default_rng(1).normal(size=D.shape))
    np.testing.assert_array_equal(NeighborGraph.from_distances(rounded, 5).indices, plain.indices)
    skew = D.copy()
    skew[3, 17] *= 2
    for given in (skew, sparse.csr_array(skew), np.round(100 * skew).astype(int)):
        with pytest.raises(InputError, match=r"D is not symmetric: a distance is .* one way"):
            NeighborGraph.from_distances(given, 5)


def test_sparse_distances_may_be_stored_one_way_only():
    near = np.argsort(D, 1)[:, 1:6]
    rows = np.repeat(np.arange(30), 5)
    one_way = sparse.csr_array((D[rows, near.ravel()], (rows, near.ravel())), shape=D.shape)
    assert (one_way.toarray() != one_way.toarray().T).any()
    np.testing.assert_array_equal(NeighborGraph.from_distances(one_way, 5).indices, near)
    unsigned = sparse.csr_array(np.round(100 * D).astype(np.uint16))
    assert NeighborGraph.from_distances(unsigned, 5).k == 5


def test_a_start_that_leads_nowhere():
    with pytest.raises(OptionError, match=r"TSNE: init puts all 30 rows at \[0.0, 0.0\].*add noise"):
        tsne(init=np.zeros((30, 2))).fit(X)
    with pytest.raises(OptionError, match="TSNE: init has coordinates up to .*e.05.*scale it down"):
        tsne(init=X[:, :2] * 1e5).fit(X)
    start = X[:, :2] * (0.9 * FARTHEST / np.abs(X).max())
    assert np.isfinite(tsne(init=start).fit(X).embedding_).all()
    with pytest.raises(OptionError, match="finite numbers of shape"):
        tsne(init=np.full((30, 2), np.inf)).fit(X)


def test_a_callback_can_name_the_type_that_it_is_given():
    seen = []
    tsne(callbacks=(seen.append,)).fit(X)
    assert {type(event) for event in seen} == {iconlearn.Event}
