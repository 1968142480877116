"""Neighbours that were found already: beside the rows, in place of them, from distances, in a file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import pdist, squareform
from toys import PLAIN, ROWS, blobs, small

import iconlearn
from iconlearn import TSNE, FileFormatError, InputError, NeighborGraph, OptionError, load, save
from iconlearn.estimators import ESTIMATORS

X, Y = blobs(k=1)
X = X.astype(np.float32)
SEARCHING = [row for row in ROWS if row.name in PLAIN and row.recipe().target_dist.searches()]
MAPS = [row for row in SEARCHING if row.recipe().is_map]
GRAPH = NeighborGraph.of(X, k=40)


def quick(row, **changed):
    """An estimator of the row for sixty points."""
    return ESTIMATORS[row.estimator](**{**small(row), "max_iter": 5, "restarts": 1, **changed})


@pytest.mark.parametrize("row", SEARCHING, ids=lambda row: row.name)
def test_neighbours_found_already_give_the_same_bits(row):
    labels = Y if row.needs_labels else None
    read = "assignment_" if row.clusters else "embedding_"
    plain = quick(row).fit(X, labels)
    given = quick(row).fit(X, labels, neighbors=GRAPH)
    np.testing.assert_array_equal(getattr(given, read), getattr(plain, read))
    new = X[:5] + np.float32(0.01)
    for estimator in (plain, given):
        estimator.new = (estimator.predict_proba if row.clusters else estimator.transform)(new)
    np.testing.assert_array_equal(given.new, plain.new)


@pytest.mark.parametrize("scale", [2.0**-100, 2.0**100])
@pytest.mark.parametrize(
    "make",
    [
        lambda D, scale: NeighborGraph.of(X.astype(float) * scale, k=15),
        lambda D, scale: NeighborGraph.from_distances(D * scale, k=15),
        lambda D, scale: NeighborGraph.from_distances((D * scale).astype(np.float32), k=15),
        lambda D, scale: NeighborGraph.from_distances(sparse.csr_array(D * scale), k=15),
        lambda D, scale: NeighborGraph.from_arrays(np.argsort(D, 1)[:, :16], np.sort(D * scale, 1)[:, :16]),
    ],
    ids=["rows", "distances", "float32 distances", "listed distances", "arrays"],
)
def test_the_scale_of_a_graph_does_not_matter(make, scale):
    D = squareform(pdist(X.astype(float)))
    here, there = make(D, 1.0), make(D, scale)
    np.testing.assert_allclose(there.distances.astype(float) / scale, here.distances, rtol=1e-5)
    maps = [TSNE(perplexity=5, max_iter=20).fit_transform(graph) for graph in (here, there)]
    np.testing.assert_allclose(maps[1], maps[0], rtol=1e-3, atol=1e-3)


def test_maps_by_neighbours_are_there():
    names = {row.name for row in MAPS}
    assert {
        "sne",
        "symmetric-sne",
        "t-sne",
        "sne-uniform",
        "t-sne-uniform",
        "dual-t-sne",
        "doubly-t-sne",
    } <= names


@pytest.mark.parametrize("row", MAPS, ids=lambda row: row.name)
def test_a_graph_stands_for_its_rows(row, tmp_path):
    estimator = quick(row, max_iter=20).fit(GRAPH)
    assert np.isfinite(estimator.embedding_).all()
    assert estimator.n_features_in_ == 60
    start = quick(row, max_iter=0, init="spectral")
    np.testing.assert_array_equal(
        start.fit(X).embedding_, quick(row, max_iter=0).fit(GRAPH).embedding_
    )  # both start from the eigenvectors of the same target
    np.testing.assert_array_equal(estimator.transform(GRAPH), estimator.embedding_)
    np.testing.assert_array_equal(quick(row, max_iter=20).fit_transform(GRAPH), estimator.embedding_)
    loaded = load(save(estimator, tmp_path / "map"))
    np.testing.assert_array_equal(loaded.transform(GRAPH), estimator.embedding_)
    np.testing.assert_array_equal(loaded.diagnostics_, estimator.diagnostics_)
    with pytest.raises(InputError, match=r"X is a table .* but fit was given a NeighborGraph"):
        estimator.transform(X)
    with pytest.raises(InputError, match="X is a NeighborGraph, but fit was given rows"):
        quick(row).fit(X).transform(GRAPH)


def test_distances_and_other_searches():
    D = squareform(pdist(X.astype(float)))
    found = NeighborGraph.from_distances(D, 40)
    row = next(row for row in MAPS if row.name == "t-sne")
    plain = quick(row, init="spectral").fit(X).embedding_
    by_distances = quick(row).fit(found).embedding_
    np.testing.assert_allclose(by_distances, plain, rtol=1e-2, atol=1e-4 * np.abs(plain).max())
    arrays = NeighborGraph.from_arrays(GRAPH.indices, GRAPH.distances)
    assert np.isfinite(quick(row).fit(arrays).embedding_).all()


def test_graphs_that_do_not_suit_are_refused():
    row = next(row for row in MAPS if row.name == "t-sne")
    with pytest.raises(InputError, match="60 rows but the data has 50"):
        quick(row).fit(X[:50], neighbors=GRAPH)
    with pytest.raises(OptionError, match="neighbors=ndarray must be a NeighborGraph"):
        quick(row).fit(X, neighbors=X)
    with pytest.raises((InputError, OptionError), match="k"):
        TSNE(perplexity=15, max_iter=3).fit(NeighborGraph.of(X, k=10))
    with pytest.raises((InputError, OptionError), match="cos"):
        TSNE(perplexity=8, metric="cos", max_iter=3).fit(X, neighbors=GRAPH)
    with pytest.raises(InputError, match=r"call fit\(X, y, neighbors=graph\)"):
        quick(row, label_weight=0.5).fit(GRAPH, np.arange(60) % 2)
    with pytest.raises(OptionError, match="looks for no neighbours"):
        iconlearn.PCA().fit(X, neighbors=GRAPH)
    with pytest.raises(InputError, match="X is a NeighborGraph, but this method learns from a table"):
        iconlearn.ParametricTSNE().fit(GRAPH)
    labelled = quick(row, label_weight=0.5).fit(X, np.arange(60) % 2, neighbors=GRAPH)
    np.testing.assert_array_equal(
        labelled.embedding_, quick(row, label_weight=0.5).fit(X, np.arange(60) % 2).embedding_
    )


def test_a_hostile_file_of_neighbours(tmp_path):
    row = next(row for row in MAPS if row.name == "sne-uniform")
    path = save(quick(row).fit(GRAPH), tmp_path / "map")
    held = json.loads(path.read_text())
    for changed in (3, {"metric": "euclidean"}, {**held["training_data"]["neighbors"], "unit": "x"}):
        held["training_data"]["neighbors"] = changed
        path.write_text(json.dumps(held))
        with pytest.raises(FileFormatError, match="does not fit its tensors"):
            load(path)
