"""What users are promised of results (the contract's first part), held for ICon.fit."""

from __future__ import annotations

import copy
import random
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse
import torch
from torch import nn
from toys import CHOSEN, NAMED, WHOLE, X, Y, blobs, model_of, run

from iconlearn import (
    KNN,
    METHODS,
    MLP,
    Augmentation,
    Embedding,
    Gaussian,
    Graph,
    ICon,
    InputError,
    Linear,
    Momentum,
    Queue,
    StudentT,
    UniformCluster,
)


def memmap(tmp_path):
    held = np.memmap(tmp_path / "x.bin", dtype=np.float64, mode="w+", shape=WHOLE.shape)
    held[:] = WHOLE
    return np.memmap(tmp_path / "x.bin", dtype=np.float64, mode="r", shape=WHOLE.shape)


def read_only():
    held = WHOLE.copy()
    held.flags.writeable = False
    return held


def frame():
    import pandas

    return pandas.DataFrame(WHOLE)


FORMS = {
    "fortran": lambda: np.asfortranarray(WHOLE),
    "strided": lambda: np.repeat(WHOLE, 2, 1)[:, ::2],
    "reversed": lambda: WHOLE[::-1].copy()[::-1],
    "read-only": read_only,
    "big-endian": lambda: WHOLE.astype(">f8"),
    "float32": lambda: WHOLE.astype(np.float32),
    "float16": lambda: WHOLE.astype(np.float16),
    "long double": lambda: WHOLE.astype(np.longdouble),
    "int8": lambda: WHOLE.astype(np.int8),
    "int64": lambda: WHOLE.astype(np.int64),
    "object": lambda: WHOLE.astype(object),
    "list": lambda: WHOLE.tolist(),
    "pandas": frame,
    "torch": lambda: torch.from_numpy(WHOLE),
    "torch half": lambda: torch.from_numpy(WHOLE).half(),
    "torch bfloat16": lambda: torch.from_numpy(WHOLE).bfloat16(),
    "torch int": lambda: torch.from_numpy(WHOLE).int(),
    "sparse": lambda: scipy.sparse.csr_matrix(WHOLE),
    "sparse array": lambda: scipy.sparse.coo_array(WHOLE),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_the_form_of_the_data_does_not_matter(name, tmp_path):
    expected = run(name, WHOLE.copy(), max_iter=6)
    assert np.isfinite(expected).all()
    for form, make in {**FORMS, "memmap": lambda: memmap(tmp_path)}.items():
        np.testing.assert_array_equal(run(name, make(), max_iter=6), expected, err_msg=form)


@pytest.mark.parametrize("name", CHOSEN)
def test_booleans_are_zeros_and_ones(name):
    flags = blobs(60, 12, seed=3)[0] > 0
    row = METHODS[name]
    results = []
    for data in (flags, flags.astype(float), torch.from_numpy(flags)):
        model, options = model_of(row, flags.astype(float), Y)
        results.append(model.fit(data, Y if row.needs_labels else None, **options).transform(data))
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.parametrize("name", CHOSEN)
def test_labels_may_have_any_form(name):
    row = METHODS[name]
    if not row.needs_labels:
        pytest.skip("compares no labels")
    expected = run(name, WHOLE, Y)
    import pandas

    letters = np.array(["a", "b", "c", "d"])
    for form in (Y.tolist(), torch.from_numpy(Y), Y.astype(float), pandas.Series(Y), Y.astype(np.uint8)):
        np.testing.assert_array_equal(run(name, WHOLE, np.asarray(form)), expected)
    for form in (letters[Y], letters[Y].astype(object), letters[Y].tolist()):
        model, options = model_of(row, WHOLE, Y)
        np.testing.assert_array_equal(model.fit(WHOLE, form, **options).transform(WHOLE), expected)


def directions(embedding):
    """The embedding up to its unit of length."""
    embedding = embedding.astype(float)
    return embedding / np.abs(embedding).max()


@pytest.mark.parametrize("scale", [2.0**90, 2.0**-90, 1e30, 1e-30, 1e300, 1e-300])
@pytest.mark.parametrize("name", CHOSEN)
def test_scale_does_not_matter_where_the_target_is_free_of_scale(name, scale):
    row = METHODS[name]
    results = []
    for data in (X, X * scale):
        model, options = model_of(row, data, Y)
        results.append(model.fit(data, Y if row.needs_labels else None, **options).transform(data))
    if name == "pca":  # a linear map keeps the unit of the data
        results = [directions(r) for r in results]
    tolerance = 1e-3 * np.abs(results[0]).max()
    np.testing.assert_allclose(results[1], results[0], atol=tolerance)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_absolute_widths_follow_the_scale(scale):
    p = Gaussian(sigma=2.0 * scale)
    model = ICon(p, StudentT(), Embedding(60, 2))
    plain = ICon(Gaussian(sigma=2.0), StudentT(), Embedding(60, 2))
    got = model.fit(X * scale, max_iter=10, lr=0.1).transform(X * scale)
    np.testing.assert_allclose(got, plain.fit(X, max_iter=10, lr=0.1).transform(X), atol=1e-3)


@pytest.mark.parametrize("name", NAMED)
def test_a_seed_gives_the_same_bits(name):
    row = METHODS[name]
    y = Y if row.needs_labels else None
    model, options = model_of(row, X, Y)
    first = model.fit(X, y, **options).transform(X)
    losses = model.history.losses
    _ = torch.randn(1000), np.random.default_rng().normal(size=10), [MLP(9, 9) for _ in range(3)]
    again = model.fit(X, y, **options)
    np.testing.assert_array_equal(again.transform(X), first)
    assert again.history.losses == losses
    other, options = model_of(row, X, Y)
    np.testing.assert_array_equal(other.fit(X, y, **options).transform(X), first)
    changed = other.fit(X, y, **{**options, "random_state": 1})
    assert not np.array_equal(changed.transform(X), first)


def test_random_state_none_draws_a_seed():
    results = [
        ICon(KNN(5), UniformCluster(), MLP(6, 3)).fit(X, max_iter=3, random_state=None).transform(X)
        for _ in range(2)
    ]
    assert not np.array_equal(*results)


@pytest.mark.parametrize("name", CHOSEN)
def test_the_number_of_threads_does_not_matter(name):
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            results.append(run(name, X, max_iter=6))
        finally:
            torch.set_num_threads(1)
    np.testing.assert_array_equal(results[1], results[0])


def states():
    return np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes(), random.getstate()


@pytest.mark.parametrize("name", NAMED)
def test_global_random_states_and_the_callers_arrays_stay(name):
    before, held, labels = states(), X.copy(), Y.copy()
    row = METHODS[name]
    model, options = model_of(row, held, labels)
    model.fit(held, labels if row.needs_labels else None, **options).transform(held)
    model.transform(held + 0.01)
    model.explain()
    assert states() == before
    np.testing.assert_array_equal(held, X)
    np.testing.assert_array_equal(labels, Y)
    tensor = torch.from_numpy(X.copy())
    model.fit(tensor, labels if row.needs_labels else None, **options).transform(tensor)
    assert torch.equal(tensor, torch.from_numpy(X))


def test_dropout_and_views_of_the_users_are_seeded_and_leave_the_global_state():
    def fit():
        first, last = Linear(6, 16), Linear(16, 4)
        network = nn.Sequential(first, nn.Dropout(0.5), last)
        model = ICon(Augmentation(), Gaussian(0.7, "cos"), network)
        augment = lambda x, generator: x + 0.1 * torch.randn_like(x)  # noqa: E731
        return model.fit(X, max_iter=5, augment=augment).transform(X)

    before = states()
    first = fit()
    assert states() == before
    torch.randn(7)
    np.testing.assert_array_equal(fit(), first)


def test_importing_leaves_global_random_states():
    code = (
        "import random, numpy as np, torch\n"
        "s = lambda: (np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes(), random.getstate())\n"
        "a = s(); import iconlearn; iconlearn.TSNE; print(a == s())"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "True"


@pytest.mark.parametrize("name", ["t-sne", "k-means", "pca", "infonce-clustering", "simclr"])
def test_transform_is_pure_and_independent_of_batch_mates(name):
    row = METHODS[name]
    model, options = model_of(row, X, Y)
    model.fit(X, **options)
    weights = {k: v.clone() for k, v in model.state_dict().items()}
    fresh = np.vstack([X[:10], X[:10] + 0.03])
    out = model.transform(fresh)
    np.testing.assert_array_equal(model.transform(fresh), out)
    assert all(torch.equal(v, weights[k]) for k, v in model.state_dict().items())
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    order = np.random.default_rng(0).permutation(20)
    spread = np.abs(out).max()
    np.testing.assert_allclose(model.transform(fresh[order]), out[order], atol=1e-3 * spread)
    np.testing.assert_allclose(model.transform(fresh[13:14]), out[13:14], atol=1e-3 * spread)
    np.testing.assert_array_equal(model.transform(X)[:10], out[:10]) if name in ("t-sne", "k-means") else None
    with torch.no_grad():
        np.testing.assert_array_equal(model.transform(fresh), out)


def test_explain_leaves_the_model_as_it_was():
    frozen = nn.BatchNorm1d(6).eval()
    network = nn.Sequential(frozen, nn.BatchNorm1d(6), nn.Dropout(0.5), Linear(6, 4))
    model = ICon(Augmentation(), Gaussian(0.7, "cos"), network, mapper_j=Queue(50, keys=Momentum(0.9)))
    model((X, X))
    with torch.no_grad():
        network[3].net.weight.add_(1.0)  # the teacher would follow
    held, state, before = model.mapper_j.held, copy.deepcopy(model.state_dict()), states()
    assert model.explain((X, X)).figures == model.explain((X, X)).figures
    assert model.mapper_j.held is held
    assert states() == before
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert model.training
    assert not frozen.training


def test_ids_alone_are_enough_for_a_table():
    ids = np.arange(40)
    weights = (np.abs(ids[:, None] - ids) == 1) + 0.0
    model = ICon(Graph(weights), Gaussian(), Embedding(40, 2, init="random")).fit({"id": ids}, max_iter=20)
    table = model.mapper.weight.detach().numpy()
    np.testing.assert_array_equal(model.transform({"id": ids}), table)
    np.testing.assert_array_equal(model.transform({"id": [7, 3]}), table[[7, 3]])
    with pytest.raises(InputError, match="id: 40 is not among the samples"):
        model.transform({"id": [40]})
    with pytest.raises(InputError, match="fit was given ids alone"):
        model.transform(X)


def test_minus_zero_is_zero_when_rows_are_found_again():
    data = X.copy()
    data[0, 0] = 0.0
    model = ICon(KNN(5), StudentT(), Embedding(len(X), 2)).fit(data, max_iter=5)
    expected = model.transform(data)
    data[0, 0] = -0.0
    np.testing.assert_array_equal(model.transform(data), expected)
