"""New rows in a fitted map: each by itself, to the bit, and where its own divergence is smallest."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from toys import blobs

from iconlearn import (
    KNN,
    Assignments,
    Embedding,
    Gaussian,
    Harmonic,
    ICon,
    InputError,
    Perplexity,
    StudentT,
    UniformCluster,
)
from iconlearn.bandwidth import Spread
from iconlearn.door import fit_inputs
from iconlearn.engines.fixed import FEW
from iconlearn.persistence import load, save
from iconlearn.points import Points
from iconlearn.train.placing import OwnRows, general, own, place

X, Y = blobs(n=90, d=7)
NEW = blobs(n=71, d=7, seed=0)[0] + np.random.default_rng(1).normal(scale=0.7, size=(71, 7))
TSNE = Gaussian(Perplexity(8)).symmetrize()
MAPS = {
    "t-SNE": lambda: ICon(TSNE, StudentT(normalize="joint"), Embedding(90, 2)),
    "SNE, one axis": lambda: ICon(Gaussian(Perplexity(8)), Gaussian(), Embedding(90, 1)),
    "three axes": lambda: ICon(KNN(6, "cos"), StudentT(df=3), Embedding(90, 3)),
    "walks": lambda: ICon(KNN(4).propagate(2), StudentT(), Embedding(90, 2)),
    "five axes": lambda: ICon(KNN(6), StudentT(), Embedding(90, 5)),
    "eight axes": lambda: ICon(KNN(6), StudentT(), Embedding(90, 8)),
    "cosines in nine axes": lambda: ICon(KNN(6), Gaussian(0.5, "cos"), Embedding(90, 9)),
    "debiased": lambda: ICon(TSNE.debias(0.1), StudentT(normalize="joint"), Embedding(90, 2)),
    "debiased q": lambda: ICon(KNN(6), StudentT().debias(0.1), Embedding(90, 2)),
    "dense p": lambda: ICon(Gaussian(Perplexity(8, kept=None)), StudentT(), Embedding(90, 2)),
    "dense walks": lambda: ICon(Gaussian(3.0).propagate(2), StudentT(), Embedding(90, 2)),
    "mixed": lambda: ICon(0.5 * KNN(5) + 0.5 * Gaussian(3.0), StudentT(), Embedding(90, 2)),
    "total variation": lambda: ICon(KNN(6), StudentT(), Embedding(90, 2), divergence="tv"),
    "no profile": lambda: ICon(KNN(6), Harmonic(eps=1e-2), Embedding(90, 2)),
    "clusters": lambda: ICon(KNN(6), UniformCluster().debias(0.1), Assignments(90, 5)),
    "tiled": lambda: ICon(KNN(6), StudentT(), Embedding(90, 4), engine="tiled"),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_row_is_placed_alike_in_any_company_order_and_number_of_threads(name):
    model, before = MAPS[name]().fit(X, max_iter=40), torch.get_num_threads()
    mixed = np.concatenate([NEW, X[:5]])
    whole = model.transform(mixed)
    assert np.isfinite(whole).all()
    rng = np.random.default_rng(2)
    try:
        for threads, count in ((8, 45), (2, 5), (1, 1)):
            torch.set_num_threads(threads)
            some = rng.permutation(len(mixed))[:count]
            np.testing.assert_array_equal(model.transform(mixed[some]), whole[some])
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(whole[71:], model.transform(X)[:5])


def divergences(model: ICon, positions: np.ndarray, data: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Every new row's divergence at a position, in float64."""
    columns = Points.of(torch.tensor(data, dtype=torch.float64))
    rows = Points.of(torch.tensor(new, dtype=torch.float64), id=-1 - torch.arange(len(new)))
    target, learned = model.target_dist.per_row(), model.learned_dist.per_row()
    anchors = columns.with_value(torch.from_numpy(model.transform(data)).double())
    p = target(rows, columns, model.evaluate)
    q = learned(rows.with_value(torch.tensor(positions, dtype=torch.float64)), anchors, model.evaluate)
    return model.measure.rows(p, q).numpy()


@pytest.mark.parametrize("name", ["t-SNE", "SNE, one axis", "three axes", "walks"])
def test_compiled_places_are_minima_and_no_worse_than_the_general_ones(name, monkeypatch):
    model = MAPS[name]().fit(X, max_iter=150)
    quick = model.transform(NEW)
    mine = divergences(model, quick, X, NEW)
    for seed in range(8):
        step = np.random.default_rng(seed).normal(scale=0.1, size=quick.shape)
        assert (divergences(model, quick + step, X, NEW) > mine - 1e-3).all()
    monkeypatch.setattr(sys.modules[place.__module__], "placing_profile", lambda *_: None)
    slow = model.transform(NEW)
    assert not np.array_equal(slow, quick)
    theirs = divergences(model, slow, X, NEW)
    assert mine.mean() <= theirs.mean() + 1e-4
    assert np.mean(mine <= theirs + 1e-3) > 0.95


def test_places_in_a_map_on_a_mesh_are_as_good_as_exact_ones(monkeypatch):
    n = FEW + 400
    rng = np.random.default_rng(3)
    data = rng.normal(size=(n, 4)).astype(np.float32)
    new = rng.normal(size=(40, 4)).astype(np.float32)
    model = ICon(KNN(20), StudentT(), Embedding(n, 2, init=20 * data[:, :2]))
    model.training_data = fit_inputs(data, None)
    on_mesh = model.transform(new)
    np.testing.assert_array_equal(model.transform(new[[31, 4]]), on_mesh[[31, 4]])
    monkeypatch.setattr("iconlearn.engines.fixed.FEW", n)
    directly = model.transform(new)
    a, b = (divergences(model, at, data, new) for at in (on_mesh, directly))
    assert np.quantile(np.abs(a - b), 0.9) < 2e-3
    assert abs(a.mean() - b.mean()) < 5e-3


def test_slabs_are_for_the_bits_alone(monkeypatch):
    assert len(NEW) > general.SLAB
    assert [general.copies(Points.of(torch.zeros(1, dim))) for dim in (1, 2, 3, 4, 5, 8)] == [
        4,
        2,
        4,
        2,
        4,
        2,
    ]
    model = MAPS["eight axes"]().fit(X, max_iter=40)
    whole = model.transform(NEW)
    monkeypatch.setattr(general, "SLAB", len(NEW))
    monkeypatch.setattr(general, "copies", lambda _: 1)
    np.testing.assert_allclose(model.transform(NEW), whole, rtol=1e-2, atol=1e-2)


def test_a_model_from_a_file_places_alike(tmp_path):
    model = MAPS["t-SNE"]().fit(X, max_iter=40)
    save(model, tmp_path / "map")
    np.testing.assert_array_equal(load(tmp_path / "map").transform(NEW), model.transform(NEW))


@pytest.mark.parametrize("metric", ["euclidean", "cos", "correlation"])
def test_a_shared_width_is_that_of_the_fitted_rows_on_any_scale(metric):
    def placed(scale: float) -> np.ndarray:
        model = ICon(Gaussian(Spread(0.3), metric).nearest(9), StudentT(), Embedding(90, 2))
        return model.fit(scale * X, max_iter=40).transform(scale * NEW)

    np.testing.assert_allclose(placed(2.0**40), placed(1.0), rtol=1e-3, atol=1e-3)


def test_a_model_in_float64_places_new_rows_too():
    X, _ = blobs(k=2)
    model = ICon(
        Gaussian(Perplexity(5)).symmetrize(), StudentT(normalize="joint"), Embedding(len(X), 2)
    ).double()
    places = model.fit(X, max_iter=20).transform(X[:5] + 0.01)
    assert places.shape == (5, 2)
    assert np.isfinite(places).all()


def test_rows_as_far_from_one_as_from_another_are_placed():
    X, _ = blobs(k=2)
    far = np.full((2, X.shape[1]), [[1e12], [-1e13]])
    model = ICon(Gaussian(Perplexity(5)), StudentT(), Embedding(len(X), 2)).fit(X, max_iter=20)
    assert np.isfinite(model.transform(far)).all()


def test_own_rows_are_found_by_content_the_first_of_several():
    data = X.astype(np.float32)
    data[20] = data[3]
    data[30, 0] = 0.0
    fitted = fit_inputs(data, None)
    asked = np.concatenate([data[[20, 5, 30]], NEW[:2]])
    asked[2, 0] = -0.0
    found = OwnRows.of(fitted).find(fit_inputs(asked, None))
    assert found.tolist() == [3, 5, 30, -1, -1]
    assert OwnRows.of(fitted) is OwnRows.of(fitted)
    assert OwnRows.of(fitted).find(fit_inputs(np.zeros((3, 4)), None)).tolist() == [-1, -1, -1]


def test_rows_with_equal_hashes_are_told_apart(monkeypatch):
    monkeypatch.setattr(own, "hashes", lambda rows: np.zeros(len(rows), np.uint64))
    asked = np.concatenate([NEW[:3], X[[7, 0, 89]]])
    found = OwnRows(fit_inputs(X, None)).find(fit_inputs(asked, None))
    assert found.tolist() == [-1, -1, -1, 7, 0, 89]


def test_a_kept_index_goes_with_its_data():
    fitted = fit_inputs(X, None)
    OwnRows.of(fitted)
    count = len(own._KEPT)
    del fitted
    assert len(own._KEPT) == count - 1


def test_unknown_ids_are_refused_by_name():
    fitted = fit_inputs({"id": np.arange(4)}, None)
    assert OwnRows.of(fitted).find(fit_inputs({"id": [3, 0]}, None)).tolist() == [3, 0]
    with pytest.raises(InputError, match="id: 9 is not among"):
        OwnRows.of(fitted).find(fit_inputs({"id": [3, 9]}, None))


def test_placing_does_not_load_the_compiler_of_torch():
    code = (
        "import sys, numpy as np\n"
        "from iconlearn import KNN, ICon, Embedding, StudentT, Harmonic\n"
        "from iconlearn.door import fit_inputs\n"
        "X = np.random.default_rng(0).normal(size=(40, 3))\n"
        "for q in (StudentT(), Harmonic()):\n"
        "    model = ICon(KNN(5), q, Embedding(40, 2, init=X[:, :2]))\n"
        "    model.training_data = fit_inputs(X, None)\n"
        "    model.transform(X + 0.1)\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
