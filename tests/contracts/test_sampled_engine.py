"""What the sampled engine promises: estimates without bias, exact pulls, and the bits of its generator."""

from __future__ import annotations

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from zoo import points

from iconlearn import KNN, MLP, Embedding, Gaussian, ICon, Label, StudentT
from iconlearn._errors import OptionError
from iconlearn._parallel import one_thread_each
from iconlearn.conditional import Candidates
from iconlearn.divergences import DIVERGENCES
from iconlearn.door import fit_inputs
from iconlearn.engines import Dense, PlannedEngine, Problem, Sampled, Tiled, plan
from iconlearn.engines.sampled import SampledScores
from iconlearn.points import Points

X = np.random.default_rng(0).normal(size=(90, 5)).astype(np.float32)
KERNELS = {
    "gaussian": lambda **o: Gaussian(1.5, **o),
    "cosines": lambda **o: Gaussian(0.7, "cos", **o),
    "student": lambda **o: StudentT(3, **o),
    "tempered": lambda **o: StudentT(**o).temper(0.5),
    "wide limit": lambda **o: Gaussian(math.inf, **o),
}
each_kernel = pytest.mark.parametrize("kernel", KERNELS)
each_pairs = pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def cloud(n: int = 12, dim: int = 4) -> Points:
    """Points of two views; the zoo's for the usual size."""
    value = torch.randn(n, dim, generator=generator(1), dtype=torch.float64)
    return points(value) if n == 12 else Points.of(value)


def mass(kernel, scores) -> torch.Tensor:
    z = scores.partition()
    return z if kernel.pool == "mean" else z.exp()


@each_pairs
@each_kernel
@pytest.mark.parametrize("columns", [1, 3, 7])
def test_estimates_have_no_bias(kernel, pairs, columns):
    """The mean over many draws is the sum over all columns, within five standard errors, however few are drawn."""
    i, q, draws = cloud(), KERNELS[kernel](pairs=pairs), 300
    engine = Sampled(columns, generator(0))
    every = [engine(q, i, i) for _ in range(draws)]
    for found, exact in (
        (torch.stack([mass(q, s) for s in every]), mass(q, Dense(q, i, i))),
        (torch.stack([s.total() for s in every]), Dense(q, i, i).total()),
    ):
        error = (found.mean(0) - exact).abs()
        assert (error <= 5 * found.std(0) / draws**0.5 + 1e-9).all(), error
        assert found.std(0).max() > 1e-3


def test_the_gradient_has_no_bias():
    """Of sum_i c_i Z_i, which the estimate is linear in; of rows and of drawn columns."""
    weight = torch.linspace(0.5, 1.5, 12, dtype=torch.float64)
    q, base = StudentT(), cloud()

    def slope(engine) -> torch.Tensor:
        z = base.value.clone().requires_grad_()
        i = base.with_value(z)
        return torch.autograd.grad((weight * engine(q, i, i).partition().exp()).sum(), z)[0]

    engine = Sampled(4, generator(0))
    found = torch.stack([slope(engine) for _ in range(500)])
    error = (found.mean(0) - slope(Dense)).abs()
    assert (error <= 5 * found.std(0) / len(found) ** 0.5).all()


def test_the_bias_of_a_logarithm_is_as_documented():
    """Measured as the mean of t - 1 - log t, with t the estimate over the sum, whose mean is 1."""
    i, q, columns, draws = cloud(400), Gaussian(1.5), 60, 500
    engine = Sampled(columns, generator(3))
    found = torch.stack([engine(q, i, i).partition() for _ in range(draws)])
    exact = Dense(q, i, i)
    score = exact.block(None, None)
    score = score[~torch.eye(400, dtype=torch.bool)].reshape(400, 399).exp()
    relative = score.var(-1) / score.mean(-1).square()
    expected = (relative / (2 * columns) * (1 - columns / 399)).mean()
    error = found - exact.partition()
    assert float((error.expm1() - error).mean()) == pytest.approx(float(expected), rel=0.1)


def test_errors_fall_with_the_number_of_columns():
    i, q = cloud(600), StudentT()
    exact = Dense(q, i, i).partition()
    errors = []
    for columns in (16, 64, 256):
        engine = Sampled(columns, generator(0))
        errors.append(
            float(
                torch.stack([engine(q, i, i).partition() - exact for _ in range(40)]).square().mean() ** 0.5
            )
        )
    assert 1.5 < errors[0] / errors[1] < 3
    assert 1.5 < errors[1] / errors[2] < 3.5


@each_pairs
@each_kernel
def test_single_scores_are_exact(kernel, pairs):
    i, q = cloud(), KERNELS[kernel](pairs=pairs)
    scores, exact = Sampled(3)(q, i, i), Dense(q, i, i)
    assert isinstance(scores, SampledScores)
    rows, cols = torch.tensor([3, 3, 11, 0]), torch.tensor([4, 3, 0, 7])
    torch.testing.assert_close(scores.at(rows, cols), exact.at(rows, cols))
    torch.testing.assert_close(scores.block(rows, cols), exact.block(rows, cols))
    torch.testing.assert_close(scores.block(None, None), exact.block(None, None))


@pytest.mark.parametrize("normalize", ["row", "joint"])
@each_kernel
def test_all_columns_give_the_dense_loss_and_gradient(kernel, normalize):
    """Of every permitted sample the one with all columns is exact, by the very code that estimates."""
    if kernel == "wide limit":
        normalize = "row"  # a limit has no joint form
    base = cloud(40)
    p = KNN(5)(base, base, Dense) if normalize == "row" else KNN(5).symmetrize()(base, base, Dense)
    found = []
    for engine in (Dense, lambda k, i, j: SampledScores(k, i, j, torch.arange(40)), Sampled(40)):
        z = base.value.clone().requires_grad_()
        i = base.with_value(z)
        loss = DIVERGENCES["kl"](p, KERNELS[kernel](normalize=normalize)(i, i, engine))
        found.append((loss.detach(), torch.autograd.grad(loss, z)[0]))
    torch.testing.assert_close(found[1], found[0])
    torch.testing.assert_close(found[2], found[0])


def test_rectangular_problems_rows_without_candidates_and_values_of_none():
    x, y = torch.randn(7, 2, requires_grad=True), torch.randn(40, 2, requires_grad=True)
    view = torch.zeros(40, dtype=torch.int64)
    view[0] = 1  # the one candidate of all rows: nearly every sample misses it
    rows, cols = Points.of(x, view=torch.tensor([0] * 6 + [1])), Points.of(y, view=view)
    q = StudentT(pairs="cross_view")
    scores = Sampled(2, generator(0))(q, rows, cols)
    assert len(scores.missed) == 6
    z = scores.partition()
    torch.testing.assert_close(z[:6], Dense(q, rows, cols).partition()[:6])
    z[:6].sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    assert (x.grad[:6] != 0).all()
    assert (y.grad[0] != 0).all()
    assert (y.grad[1:] == 0).all()
    lonely = Sampled(2)(q, Points.of(torch.randn(3, 2)), Points.of(torch.randn(9, 2)))
    assert (lonely.partition() == -math.inf).all()


def test_maxima_and_kernels_with_gaps_are_evaluated_in_full():
    i = points(torch.randn(12, 3, generator=generator(1)))
    for kernel in (Gaussian(0), Label()):
        scores = Sampled(3)(kernel, i, i)
        assert type(scores) is Tiled
        torch.testing.assert_close(scores.partition(), Dense(kernel, i, i).partition())


def test_tiles_change_nothing(monkeypatch):
    from iconlearn.engines import sampled

    found = []
    for tile, tiles in ((1 << 19, 32), (60, 2)):
        monkeypatch.setattr(sampled, "TILE", tile)
        monkeypatch.setattr(sampled, "TILES", tiles)
        z = cloud(50).value.clone().requires_grad_()
        i = cloud(50).with_value(z)
        value = Sampled(20, generator(5))(StudentT(), i, i).partition()
        found.append((value.detach(), torch.autograd.grad(value.square().sum(), z)[0]))
    torch.testing.assert_close(found[1], found[0])


def test_bits_do_not_depend_on_threads():
    base, found = cloud(3000, 6), set()
    for threads in (1, 2, 5):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            with one_thread_each():
                z = base.value.float().requires_grad_()
                i = replace(base, value=z)
                value = Sampled(600, generator(2))(StudentT(), i, i).partition()
                gradient = torch.autograd.grad(value.sum(), z)[0]
                found.add((value.detach().numpy().tobytes(), gradient.numpy().tobytes()))
        finally:
            torch.set_num_threads(before)
    assert len(found) == 1


# In models and runs.


def model(engine="sampled", **options) -> ICon:
    engine = Sampled(columns=20) if engine == "sampled" else engine
    return ICon(KNN(5), StudentT(), Embedding(90, 4), engine=engine, **options)


def test_a_refit_has_the_same_bits_and_another_seed_has_others():
    first = model().fit(X, max_iter=12, lr=0.1)
    again = first.history.losses, first.transform(X)
    first.fit(X, max_iter=12, lr=0.1)
    assert first.history.losses == again[0]
    np.testing.assert_array_equal(first.transform(X), again[1])
    assert model().fit(X, max_iter=12, lr=0.1, random_state=1).history.losses != again[0]


def test_a_resumed_run_has_the_same_bits(tmp_path):
    whole = model().fit(X, max_iter=12, lr=0.1)
    file = tmp_path / "run.safetensors"

    def killed(event):
        if event.kind == "step" and event.step == 6:
            raise RuntimeError("killed")

    stopped = model()
    with pytest.raises(RuntimeError, match="killed"):
        stopped.fit(X, max_iter=12, lr=0.1, checkpoint=file, checkpoint_every=5, callbacks=(killed,))
    resumed = model().fit(X, max_iter=12, lr=0.1, checkpoint=file, checkpoint_every=5)
    assert resumed.history.resumed_from == 5
    assert resumed.history.losses == whole.history.losses
    np.testing.assert_array_equal(resumed.transform(X), whole.transform(X))


def test_a_fit_comes_near_to_the_exact_one():
    exact, sampled = (model(e).fit(X, max_iter=150, lr=0.1) for e in ("auto", "sampled"))
    assert sampled.row_losses().mean() < exact.row_losses().mean() * 1.1
    start = model("auto").fit(X, max_iter=0).row_losses().mean()
    assert sampled.row_losses().mean() < 0.6 * start


def test_only_steps_and_losses_outside_of_runs_are_estimates():
    sampled, exact = model().fit(X, max_iter=3), model("dense")
    exact.load_state_dict(sampled.state_dict())
    inputs = fit_inputs(X, None)
    with torch.no_grad():
        true = float(exact(inputs))
        estimates = [float(sampled(inputs)) for _ in range(3)]
        alone = float(sampled.loss(sampled.pair(inputs)))
    assert len(set(estimates)) == 3  # drawn anew
    assert all(v == pytest.approx(true, rel=0.2) and v != pytest.approx(true, rel=1e-6) for v in estimates)
    assert alone == pytest.approx(true, rel=1e-5)
    assert sampled.row_losses().mean() == pytest.approx(true, rel=1e-5)
    told = sampled.explain(X)
    assert told.figures["kl"] == pytest.approx(true, rel=1e-5)
    assert "A step of fit estimates" in str(told)


def test_targets_are_never_sampled():
    data = fit_inputs(X, None)
    one = ICon(Gaussian(2.0), StudentT(), MLP(5, 4, hidden=(8,)), engine=Sampled(10))
    other = ICon(Gaussian(2.0), StudentT(), MLP(5, 4, hidden=(8,)))
    columns = data.points()
    a, b = one.target_on(columns, columns), other.target_on(columns, columns)
    torch.testing.assert_close(a.block(None), b.block(None))
    one.fit(X, max_iter=2)
    assert np.isfinite(one.history.losses).all()


def test_debiased_learned_sides_estimate_totals():
    sampled = ICon(KNN(5).debias(0.2), StudentT(), Embedding(90, 4), engine=Sampled(30)).fit(
        X, max_iter=40, lr=0.1
    )
    assert np.isfinite(sampled.row_losses()).all()
    i = cloud(40)
    p = KNN(5).debias(0.2)(i, i, Dense)
    assert isinstance(p.floor.candidates, Candidates)
    exact = DIVERGENCES["kl"](p, StudentT()(i, i, Dense))
    found = DIVERGENCES["kl"](p, StudentT()(i, i, Sampled(25)))
    assert float(found) == pytest.approx(float(exact), rel=0.2)


# Plans.


def test_auto_samples_only_beyond_the_bound_and_within_a_run():
    many = Problem(n=100_000, m=100_000, d=16, drawn=1024)
    chosen = plan(many)
    assert chosen.engine == "sampled"
    assert "1024 columns" in str(chosen)
    assert "estimates" in str(chosen)
    assert chosen.bytes < 1 << 30
    assert plan(replace(many, drawn=0)).engine == "tiled"
    assert plan(replace(many, n=30_000)).engine == "tiled"
    assert plan(replace(many, radial=True)).engine == "grid"
    assert "pinned" in str(plan(Problem(n=50, m=50, d=3), "sampled"))


def test_problems_say_where_an_estimate_would_do():
    i = points(torch.randn(12, 3, generator=generator(1)))
    assert Problem.of(i, i, StudentT(), 64).drawn == 64
    assert Problem.of(i, i, StudentT()).drawn == 0
    for kernel in (Label(), Gaussian(0), Gaussian(math.inf)):
        assert Problem.of(i, i, kernel, 64).drawn == 0


def test_a_run_hands_over_its_generator(monkeypatch):
    i = Points.of(torch.randn(90, 5))
    engine = PlannedEngine()
    monkeypatch.setattr(sys.modules[Problem.__module__], "EXACT_PAIRS", 1000)
    assert not isinstance(engine(StudentT(), i, i), SampledScores)
    assert not isinstance(engine.outside_runs()(StudentT(), i, i), SampledScores)
    engine.sampled = Sampled(20)
    drawn = [engine.drawing(generator(4))(StudentT(), i, i) for _ in range(2)]
    assert isinstance(drawn[0], SampledScores)
    assert torch.equal(drawn[0].sample.id, drawn[1].sample.id)
    assert not isinstance(engine(StudentT(), i, i), SampledScores)
    assert not isinstance(PlannedEngine("sampled")(StudentT(), i, i), SampledScores)
    auto = model("auto").fit(X, max_iter=3, lr=0.1)
    assert np.isfinite(auto.history.losses).all()


@pytest.mark.parametrize("columns", [0, -3, 2.5, "many", True])
def test_bad_numbers_of_columns_are_refused(columns):
    with pytest.raises(OptionError, match="Sampled: columns="):
        Sampled(columns=columns)
