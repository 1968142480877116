"""Running sizes of clusters, and agreement with sizes weighed at will."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from iconlearn import (
    KNN,
    Augmentation,
    ClusterAgreement,
    Gaussian,
    ICon,
    InputError,
    Label,
    Linear,
    Momentum,
    OptionError,
    SoftmaxHead,
    UniformCluster,
    load,
    save,
)
from iconlearn.engines import Dense, Factored, Tiled
from iconlearn.points import Points


def blobs(n: int = 60, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 4, generator=generator) + 4 * torch.arange(n)[:, None] % 3


def hard(labels: Tensor, clusters: int) -> Points:
    """Assignments that are as good as hard."""
    return Points.of(60.0 * torch.nn.functional.one_hot(labels, clusters).double())


# ---------------------------------------------------------------- running sizes


def test_the_average_moves_once_a_training_step_and_never_else():
    kernel = UniformCluster(sizes=0.75)
    first, second = (
        Points.of(torch.randn(20, 3, generator=torch.Generator().manual_seed(s))) for s in (0, 1)
    )
    shares = [p.value.softmax(1).mean(0) for p in (first, second)]  # type: ignore[union-attr]
    kernel.eval()(first, first, Dense)
    assert not len(kernel.running.share)
    kernel.train()(first, first, Dense)
    torch.testing.assert_close(kernel.running.share, shares[0])
    q = kernel(second, second, Dense)
    expected = 0.75 * shares[0] + 0.25 * shares[1]
    torch.testing.assert_close(kernel.running.share, expected)
    phi = second.value.softmax(1)  # type: ignore[union-attr]
    torch.testing.assert_close(q.block(None).exp(), (phi / expected) @ phi.T / 20)
    kernel.eval()(first, first, Dense)
    torch.testing.assert_close(kernel.running.share, expected)
    assert q.improper


def test_the_average_is_part_of_the_state_and_a_new_fit_forgets_it(tmp_path):
    x = blobs()
    model = ICon(KNN(3), UniformCluster(sizes=0.9), SoftmaxHead(4, 3))
    model.fit(x, max_iter=5, batch_size=20, random_state=1)
    share = model.state_dict()["learned_dist.running.share"]
    assert share.sum() == pytest.approx(1, abs=1e-5)
    other = ICon(KNN(3), UniformCluster(sizes=0.9), SoftmaxHead(4, 3))
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.learned_dist.running.share, share)
    save(model, tmp_path / "model")
    assert torch.equal(load(tmp_path / "model").learned_dist.running.share, share)
    model.fit(x, max_iter=5, batch_size=20, random_state=1)
    assert torch.equal(model.learned_dist.running.share, share)
    before = model.learned_dist.running.share.clone()
    model.fit(x, max_iter=1, batch_size=20, random_state=2, warm_start=True)
    assert 0 < (model.learned_dist.running.share - before).abs().max() < 0.1


def test_a_run_that_stops_goes_on_with_the_average(tmp_path):
    def fit(steps: int | None) -> Tensor:
        class Stop:
            def __call__(self, event):
                return not (event.kind == "step" and event.step == steps)

        model = ICon(KNN(3), UniformCluster(sizes=0.9), SoftmaxHead(4, 3))
        where = {} if steps == 99 else {"checkpoint": tmp_path / "run"}
        model.fit(
            blobs(), max_iter=8, batch_size=20, random_state=1, callbacks=[Stop()] if steps else [], **where
        )
        return model.learned_dist.running.share

    unbroken = fit(99)
    fit(3)
    assert torch.equal(fit(None), unbroken)


def test_running_sizes_are_no_probability_and_say_so():
    x = blobs(20)
    with pytest.raises(OptionError, match="running sizes.*sizes='batch'"):
        UniformCluster(sizes=0.9).debias(0.1)(Points.of(x), Points.of(x), Dense)
    with pytest.raises(OptionError, match="divergence='tv' needs probabilities.*running sizes"):
        ICon(KNN(3), UniformCluster(sizes=0.9), Linear(4, 3), divergence="tv")(x)
    with pytest.raises(OptionError, match="temperature"):
        UniformCluster(sizes=0.9).temper(2.0)
    for wrong in ({"normalize": "joint"}, {"pairs": "distinct"}, {"weight": "degree"}):
        with pytest.raises(OptionError, match=r"sizes=0.9 is a running average"):
            UniformCluster(sizes=0.9, **wrong)
    for wrong in ("bach", 1.0, -0.1, None):
        with pytest.raises((OptionError, TypeError), match="sizes="):
            UniformCluster(sizes=wrong)
    kernel = UniformCluster(sizes=0.9)
    kernel(Points.of(x), Points.of(x), Dense)
    with pytest.raises(InputError, match="running sizes are of 4 clusters but the assignments have 3"):
        kernel(Points.of(x[:, :3]), Points.of(x[:, :3]), Dense)
    assert repr(kernel) == "UniformCluster(sizes=0.9)"


def test_sizes_of_the_columns_side_are_averaged():
    x = blobs(20)
    model = ICon(KNN(3), UniformCluster(sizes=0.0), Linear(4, 3, seed=0), mapper_j=Momentum(0.5))
    model.train()(x)
    with torch.no_grad():
        teacher = model.mapper_j.teacher(x).softmax(1).mean(0)
    torch.testing.assert_close(model.learned_dist.running.share, teacher)


# ---------------------------------------------------------------- agreement


def brute(z: Tensor, w: Tensor, beta: float, balance: float, entropy: float, r: np.ndarray, weighted: bool):
    """Scores and the constant, pair by pair."""
    phi, psi = z.softmax(1).numpy(), w.softmax(1).numpy()
    pi = psi.mean(0)
    score = np.empty((len(phi), len(psi)))
    for i in range(len(phi)):
        for j in range(len(psi)):
            score[i, j] = math.log(sum((phi[i] * psi[j]) ** beta * (r / pi) ** balance))
            if weighted:
                score[i, j] *= psi[i] @ psi[j]
    return score, entropy * float((pi * np.log(pi / r)).sum())


@pytest.mark.parametrize("engine", [Dense, lambda k, i, j: Tiled(k, i, j, block=3)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("teacher", [False, True])
def test_scores_are_those_of_the_formula(weighted, teacher, engine):
    z = torch.randn(9, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = z.flip(0) * 0.7 if teacher else z
    prior = [4.0, 2.0, 1.0, 1.0]
    kernel = ClusterAgreement(0.6, 0.7, 0.4, prior, weighted=weighted)
    i = Points.of(z)
    q = kernel(i, i.with_value(w) if teacher else i, engine)
    order = np.argsort(np.argsort(-w.softmax(1).sum(0).numpy()))
    score, constant = brute(z, w, 0.6, 0.7, 0.4, (np.array(prior) / 8 * 4)[order], weighted)
    scale = math.log(9) - 0.3 * math.log(4)
    np.testing.assert_allclose(q.block(None).numpy(), score - constant - scale, atol=1e-12)
    if not weighted:
        np.testing.assert_allclose(kernel(i, i, Factored).block(None), kernel(i, i, Dense).block(None))


def test_its_default_is_the_uniform_kernel():
    x = Points.of(blobs().double())
    one, other = (k(x, x, Dense).block(None) for k in (ClusterAgreement(), UniformCluster()))
    torch.testing.assert_close(one, other, atol=1e-12, rtol=0)


@pytest.mark.parametrize(("balance", "entropy"), [(1, 0), (0, 5), (0.3, 0), (0.5, 0.5), (0, 0)])
@pytest.mark.parametrize("prior", [0.0, 1.0, [5.0, 3.0, 1.0]])
def test_of_hard_clusters_the_loss_is_the_divergence_of_sizes_from_the_prior(balance, entropy, prior):
    labels = torch.tensor([0] * 12 + [1] * 30 + [2] * 18)
    kernel = ClusterAgreement(balance=balance, entropy=entropy, prior=prior)
    points = hard(labels, 3)
    points = Points.of(points.value, label=labels)
    p, q = Label()(points, points, Dense), kernel(points, points, Dense)
    loss = -float((p.block(None).exp() * q.block(None).clamp(min=-1e9)).sum(1).mean())
    shares = np.array([30, 18, 12]) / 60
    ranked = np.arange(1, 4.0) ** -prior if isinstance(prior, float) else np.array(prior)
    ranked = ranked / ranked.sum() * 3
    scale = math.log(60) - (1 - balance) * math.log(3)
    divergence = float((shares * np.log(shares / ranked)).sum())
    assert loss == pytest.approx((balance + entropy) * divergence + scale, abs=1e-9)


def test_balance_decides_between_equal_clusters_and_the_prior():
    def loss(kernel: ClusterAgreement, sizes: list[int]) -> float:
        labels = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        points = Points.of(hard(labels, len(sizes)).value, label=labels)
        p, q = Label()(points, points, Dense), kernel(points, points, Dense)
        return -float((p.block(None).exp() * q.block(None).clamp(min=-1e9)).sum(1).mean())

    equal, unequal = [20, 20, 20], [40, 15, 5]
    assert loss(ClusterAgreement(), equal) < loss(ClusterAgreement(), unequal)
    assert loss(ClusterAgreement(prior=[8.0, 3.0, 1.0]), unequal) < loss(
        ClusterAgreement(prior=[8.0, 3.0, 1.0]), equal
    )
    fewer = ClusterAgreement(balance=0)  # has no preference, whatever the number of clusters is
    scales = [loss(fewer, sizes) - math.log(60 / len(sizes)) for sizes in ([60], equal)]
    assert scales == pytest.approx([0.0, 0.0], abs=1e-9)


def test_no_gradient_passes_through_the_weights():
    z = torch.randn(8, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True)
    points = Points.of(z)
    points = points.with_value(z)
    weight = (z.softmax(1) @ z.softmax(1).T).detach()
    weighted = ClusterAgreement(weighted=True)(points, points, Dense).block(None).sum()
    plain = (weight * ClusterAgreement()(points, points, Dense).block(None)).sum()
    mine, theirs = (torch.autograd.grad(k, z, retain_graph=True)[0] for k in (weighted, plain))
    torch.testing.assert_close(mine, theirs)


def test_bad_options_and_points_are_named():
    x = Points.of(blobs(10))
    with pytest.raises(OptionError, match="beta=0 must be"):
        ClusterAgreement(beta=0)
    with pytest.raises(OptionError, match="largest first"):
        ClusterAgreement(prior=[1.0, 2.0])
    with pytest.raises(OptionError, match=r"prior=0.* must be"):
        ClusterAgreement(prior=[1.0, 0.0])
    with pytest.raises(InputError, match="prior of 2 clusters but the assignments have 4"):
        ClusterAgreement(prior=[2.0, 1.0])(x, x, Dense)
    with pytest.raises(InputError, match="columns must be the rows' samples"):
        ClusterAgreement(weighted=True)(x, Points.of(blobs(7)), Dense)
    with pytest.raises(OptionError, match="ClusterAgreement.*UniformCluster"):
        ICon(ClusterAgreement(), Gaussian(), Linear(4, 2))(blobs(10))
    with pytest.raises(OptionError, match="not probabilities"):
        ClusterAgreement().symmetrize()(x, x, Dense)


def test_debiased_agreement_bounds_what_a_pair_costs():
    z = torch.randn(12, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = Points.of(z)
    phi = z.softmax(1)
    size = phi.sum(0)
    mass = (phi * size**-0.6 * (3 / 12) ** 0.4) @ phi.T
    q = ClusterAgreement(balance=0.6).debias(0.2)(x, x, Dense)
    torch.testing.assert_close(q.block(None), (0.8 * mass + 0.2 / 12).log())
    assert q.improper
    far = Points.of(100 * torch.eye(3).double())
    assert float(
        ClusterAgreement(balance=0.6).debias(0.2)(far, far, Dense).block(None).min()
    ) == pytest.approx(math.log(0.2 / 3))


def test_it_is_saved_with_its_options(tmp_path):
    kernel = ClusterAgreement(0.6, 0.5, 0.1, [2.0, 1.0, 1.0], 0.9, True)
    model = ICon(Augmentation(2), kernel, Linear(4, 3, seed=0), mapper_j=Momentum(0.9))
    views = (blobs(20), blobs(20, 1))
    model.train()(views)
    save(model.eval(), tmp_path / "model")
    again = load(tmp_path / "model")
    assert repr(again) == repr(model)
    assert again(views).item() == model(views).item()
