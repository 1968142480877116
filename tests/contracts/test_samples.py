"""Samples are known by id: neighbours, new rows, labels and rows without mass, whatever the batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from toys import X

from iconlearn import (
    KNN,
    Assignments,
    Augmentation,
    DataLabel,
    Embedding,
    Gaussian,
    ICon,
    InputError,
    Label,
    Linear,
    Prototypes,
    Queue,
    StudentT,
    UniformCluster,
)
from iconlearn.door import fit_inputs
from iconlearn.inputs import as_inputs


def test_custom_ids_keep_their_neighbours():
    """A permuted numbering of the same rows gives the same map, row by row."""
    order = np.random.default_rng(5).permutation(60)
    target = KNN(5).symmetrize()

    def fit(ids):
        model = ICon(target, StudentT(normalize="joint"), Embedding(60, 2))
        model.fit({"value": X.astype(np.float32), "id": ids}, max_iter=30, optimizer="delta-bar-delta")
        return model.mapper.weight.detach()[ids].numpy()

    np.testing.assert_allclose(fit(order), fit(np.arange(60)), atol=1e-5)


def test_float32_neighbours_of_far_apart_groups():
    from sklearn.neighbors import NearestNeighbors

    generator = np.random.default_rng(6)
    x = generator.normal(size=(80, 5)).astype(np.float32)
    x[40:] += 1e4
    data = fit_inputs(x, None).points()
    mine = KNN(10)(data, data, None).support.cols.reshape(80, 10).numpy()
    theirs = NearestNeighbors(n_neighbors=11, algorithm="brute").fit(x.astype(np.float64))
    theirs = theirs.kneighbors(x, return_distance=False)[:, 1:]
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(mine, theirs, strict=True)]) > 0.99


def test_walks_place_new_rows_whatever_their_number():
    model = ICon(KNN(5).propagate(2).debias(0.1), UniformCluster(), Assignments(60, 3, init="k-means"))
    model.fit(X, max_iter=20, lr=0.3)
    new = X + 0.01
    whole, part = model.transform(new), model.transform(new[:7])
    np.testing.assert_allclose(whole[:7], part, atol=1e-3)
    assert (whole.argmax(1) == model.transform(X).argmax(1)).mean() > 0.9


def test_labels_need_a_prototype_and_any_batch_size_is_a_batch():
    model = ICon(DataLabel(), Gaussian(1.0, "dot"), Linear(6, 3), mapper_j=Prototypes(10, 3))
    rows = torch.tensor(X[:10], dtype=torch.float32)
    assert bool(model((rows, torch.arange(10))).isfinite())  # as many rows as columns
    with pytest.raises(InputError, match="label 10 has no column among the 10 prototypes"):
        model((rows, torch.arange(10) + 1))


def test_rows_left_out_are_counted_and_told(caplog):
    labels = np.arange(60) % 20
    labels[:6] = -1
    model = ICon(Label(), Gaussian(0.5, "cos"), Linear(6, 3)).fit(X, labels, max_iter=3)
    assert model.history.empty_rows == pytest.approx(0.1)
    assert "10.0 % of the rows had no mass under the target" in caplog.text


def test_a_queue_makes_no_positives_of_strangers():
    model = ICon(Augmentation(2), Gaussian(0.7, "cos"), Linear(6, 3), mapper_j=Queue(100))
    for batch in torch.tensor(X, dtype=torch.float32).split(20):
        pair = model.pair(as_inputs((batch, batch + 0.1), 2))
        assert pair.target.support.lengths.tolist() == [1] * 40
    named = {"views": (batch, batch + 0.1), "id": torch.arange(20)}
    model.pair(as_inputs(named, 2))
    assert model.pair(as_inputs(named, 2)).target.support.lengths.tolist() == [2] * 40
