"""What contract lines promise of results and fitted models, over every estimator of a table of rows."""

from __future__ import annotations

import random

import numpy as np
import pandas
import pytest
import torch
from scipy.sparse import csr_array
from toys import PLAIN, ROWS, blobs, small

from iconlearn.estimators import ESTIMATORS

X, Y = blobs()
WHOLE = np.round(4 * X).clip(-100, 100)  # exact in every number type
EVERY = pytest.mark.parametrize("row", [row for row in ROWS if row.name in PLAIN], ids=lambda row: row.name)


def fitted(row, data, **changed):
    """An estimator of the row after a few steps."""
    estimator = ESTIMATORS[row.estimator](**{**small(row), "max_iter": 3, "restarts": 1, **changed})
    return estimator.fit(data, Y if row.needs_labels else None)


def output(estimator, data):
    """Embeddings, or soft assignments."""
    return (estimator.predict_proba if estimator.row.clusters else estimator.transform)(data)


@EVERY
def test_the_form_of_the_data_does_not_matter(row):
    plain = output(fitted(row, WHOLE), WHOLE)
    locked = WHOLE.copy()
    locked.flags.writeable = False
    forms = {
        "Fortran order": np.asfortranarray(WHOLE),
        "strided": np.repeat(WHOLE, 2, axis=1)[:, ::2],
        "read-only": locked,
        "float32": WHOLE.astype(np.float32),
        "float16": WHOLE.astype(np.float16),
        "int8": WHOLE.astype(np.int8),
        "list": WHOLE.tolist(),
        "torch": torch.from_numpy(WHOLE),
        "pandas": pandas.DataFrame(WHOLE, columns=list("abcdef")),
        "sparse": csr_array(WHOLE),
    }
    for name, form in forms.items():
        np.testing.assert_array_equal(output(fitted(row, form), form), plain, err_msg=name)


@EVERY
def test_transform_is_pure_and_knows_no_batch_mates(row):
    # The place of a new row is only defined where the map is no longer a heap.
    estimator = fitted(row, X, **({"max_iter": 60} if row.recipe().is_map else {}))
    mixed = np.concatenate([X[:9], X[:9] + 0.05])
    state = {name: tensor.clone() for name, tensor in estimator.model_.state_dict().items()}
    first = output(estimator, mixed)
    np.testing.assert_array_equal(output(estimator, mixed), first)
    assert all(torch.equal(state[k], v) for k, v in estimator.model_.state_dict().items())
    scale = np.abs(first).max()
    for chosen in ([3], [17, 2, 11], list(range(18))[::-1]):
        part = output(estimator, mixed[chosen])
        if (
            estimator.model_.training_data is not None
        ):  # own rows are looked up, new ones placed each by itself
            np.testing.assert_array_equal(part, first[chosen])
        else:  # a product of matrices rounds by its shape; nothing else may differ
            np.testing.assert_allclose(part, first[chosen], rtol=0, atol=2e-5 * scale)


@EVERY
def test_a_fit_leaves_the_world_alone(row):
    data = X.copy()
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    first = output(fitted(row, data), data)
    torch.set_num_threads(2)
    try:
        second = output(fitted(row, data), data)
    finally:
        torch.set_num_threads(1)
    np.testing.assert_array_equal(second, first)  # a refit, with another number of threads
    np.testing.assert_array_equal(data, X)
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]
    assert torch.equal(torch.get_rng_state(), states[2])
    if not row.clusters:
        again = ESTIMATORS[row.estimator](**fitted(row, X).get_params())
        np.testing.assert_array_equal(again.fit_transform(X, Y if row.needs_labels else None), first)


@EVERY
@pytest.mark.parametrize("kind", ["constant", "twins", "huge", "tiny"])
def test_hard_data_gives_finite_results(row, kind):
    data = {
        "constant": np.ones((60, 6)),
        "twins": np.repeat(X[:30], 2, axis=0),
        "huge": 1e30 * X,
        "tiny": 1e-30 * X,
    }[kind]
    estimator = fitted(row, data)
    assert np.isfinite(output(estimator, data)).all()
    assert np.isfinite(estimator.loss_curve_).all()
