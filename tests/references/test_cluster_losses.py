"""The cluster kernel and the clustering methods against closed forms; propagation and debiasing."""

from __future__ import annotations

import math

import formulas as f
import numpy as np
import pytest
import torch
from torch import Tensor

from iconlearn.distributions import KNN, Augmentation, Gaussian, Graph, Label, StudentT, UniformCluster
from iconlearn.divergences import DIVERGENCES, entropy
from iconlearn.engines import Dense, Tiled
from iconlearn.points import Points

KL, REVERSE = DIVERGENCES["kl"], DIVERGENCES["reverse_kl"]
N, M = 20, 4
engines = pytest.mark.parametrize(
    "engine", [Dense, lambda k, i, j: Tiled(k, i, j, block=6)], ids=["dense", "tiled"]
)


def masses(conditional):
    return conditional.block(None).detach().exp().numpy()


@pytest.fixture
def logits(generator) -> Tensor:
    return torch.randn(N, M, generator=generator, dtype=torch.float64) * 2


@pytest.fixture
def hard() -> Tensor:
    """Clusters of 9, 6, 4 and 1 points."""
    return torch.eye(M, dtype=torch.float64)[[0] * 9 + [1] * 6 + [2] * 4 + [3]]


def soft_points(cloud: Points, values: Tensor) -> Points:
    return cloud.with_value(values)


@engines
def test_t16_the_kernel_by_hand(cloud, logits, engine):
    """Symmetric, doubly stochastic, of rank m."""
    i, phi = soft_points(cloud, logits), logits.softmax(-1)
    Q = masses(UniformCluster()(i, i, engine))
    np.testing.assert_allclose(Q, f.cluster_kernel(phi.numpy()), atol=1e-14)
    np.testing.assert_allclose(Q, Q.T, atol=1e-14)
    np.testing.assert_allclose(Q.sum(0), 1, atol=1e-12)
    np.testing.assert_allclose(Q.sum(1), 1, atol=1e-12)
    assert np.linalg.matrix_rank(Q) <= M
    assert np.linalg.eigvalsh(Q).min() > -1e-12
    i = soft_points(cloud, phi)
    np.testing.assert_allclose(masses(UniformCluster("probabilities")(i, i, engine)), Q, atol=1e-14)
    i = soft_points(cloud, logits.log_softmax(-1))
    np.testing.assert_allclose(masses(UniformCluster()(i, i, engine)), Q, atol=1e-14)


@engines
def test_t16_two_views_are_normalised_by_the_columns(cloud, logits, generator, engine):
    psi = torch.randn(7, M, generator=generator, dtype=torch.float64)
    i, j = soft_points(cloud, logits), Points.of(psi, view=torch.ones(7, dtype=torch.int64))
    phi, psi = logits.softmax(-1).numpy(), psi.softmax(-1).numpy()
    Q = masses(UniformCluster()(i, j, engine))
    np.testing.assert_allclose(Q, phi / psi.sum(0) @ psi.T, atol=1e-14)
    np.testing.assert_allclose(Q.sum(1), 1, atol=1e-12)


def test_leaving_self_out_renormalises(cloud, logits):
    i = soft_points(cloud, logits)
    K = f.cluster_kernel(logits.softmax(-1).numpy())
    expected = K * f.no_self(N) / (1 - np.diag(K))[:, None]
    np.testing.assert_allclose(masses(UniformCluster(pairs="distinct")(i, i, Dense)), expected, atol=1e-14)


def test_saturated_assignments_keep_a_finite_log(cloud):
    logits = torch.randn(N, M, generator=torch.Generator().manual_seed(1)) * 60  # float32
    exact = logits.double().log_softmax(-1)
    size = exact.logsumexp(0)
    expected = (exact[:, None] + exact[None] - size).logsumexp(-1)
    i = soft_points(cloud, logits)
    log_q = UniformCluster()(i, i, Dense).block(None)
    assert log_q.dtype == torch.float32
    assert log_q.isfinite().all()
    assert (expected < -104).any()  # below the smallest float32
    torch.testing.assert_close(log_q.double(), expected, rtol=1e-5, atol=1e-4)
    rows, cols = (k.flatten() for k in torch.meshgrid(torch.arange(N), torch.arange(N), indexing="ij"))
    torch.testing.assert_close(
        UniformCluster()(i, i, Dense).at(rows, cols).view(N, N), log_q, rtol=1e-5, atol=1e-4
    )


def test_t17_k_means_identities(cloud, logits):
    """With L the k-means cost: sum q x.x = sum |x|^2 - L; sum q D = 2 L."""
    X, i = cloud.value.numpy(), soft_points(cloud, logits)
    Q, cost = (
        masses(UniformCluster()(i, i, Dense)),
        f.kmeans_cost(cloud.value.numpy(), logits.softmax(-1).numpy()),
    )
    assert (Q * (X @ X.T)).sum() == pytest.approx((X**2).sum() - cost, rel=1e-12)
    assert (Q * f.squared(X, X)).sum() == pytest.approx(2 * cost, rel=1e-12)


@engines
@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_t18_reverse_kl_is_k_means_with_an_entropy_bonus(cloud, logits, sigma, engine):
    X, i = cloud.value.numpy(), soft_points(cloud, logits)
    Q = f.cluster_kernel(logits.softmax(-1).numpy())
    log_z = np.log(np.exp(-f.squared(X, X) / (2 * sigma**2)).sum(1))
    expected = f.kmeans_cost(X, logits.softmax(-1).numpy()) / sigma**2 - f.entropy(Q) + log_z.sum()
    loss = REVERSE(Gaussian(sigma, pairs="all")(cloud, cloud, engine), UniformCluster()(i, i, engine))
    assert loss.item() * N == pytest.approx(expected, rel=1e-10)


def test_t19_k_means_is_the_narrow_limit(cloud, hard):
    """The gap is at most sigma^2 n log n, and falls tenfold per tenfold step of sigma^2."""
    cost, i = f.kmeans_cost(cloud.value.numpy(), hard.numpy()), soft_points(cloud, hard)
    q = UniformCluster("probabilities")(i, i, Dense)
    gaps = []
    for width in (1.0, 1e-1, 1e-3, 1e-4, 1e-5):  # sigma^2
        p = Gaussian(math.sqrt(width), pairs="all")(cloud, cloud, Dense)
        gaps.append(abs(width * N * REVERSE(p, q).item() - cost))
        assert gaps[-1] <= width * N * math.log(N)
    assert gaps[2] / gaps[3] == pytest.approx(10, rel=1e-2)
    assert gaps[3] / gaps[4] == pytest.approx(10, rel=1e-2)


@pytest.mark.parametrize("tau", [0.02, 1.0])
def test_t20_normalised_cuts(generator, logits, tau):
    """The kernel weighted by degrees, p = softmax_j(w_ij / (tau d_j)), reverse KL."""
    W = torch.rand(N, N, generator=generator, dtype=torch.float64)
    W = W + W.T
    d = W.sum(1)
    affinity = W / (tau * d)
    ids = Points.of(torch.eye(N, dtype=torch.float64))
    p = Gaussian(1, lambda x, y: -2 * x @ affinity @ y.mT, pairs="all")(ids, ids, Dense)
    i = Points.of(logits, fields={"degree": d.unsqueeze(-1)})
    q = UniformCluster(weight="degree")(i, i, Dense)
    phi, Q = logits.softmax(-1).numpy(), masses(q)
    np.testing.assert_allclose(Q, (phi / (phi.T @ d.numpy())) @ (phi * d.numpy()[:, None]).T, atol=1e-14)
    cut = f.normalised_cut(W.numpy(), phi)
    assert (Q * (W / d).numpy()).sum() == pytest.approx(M - cut, rel=1e-12)
    expected = (cut - M) / tau - f.entropy(Q) + affinity.logsumexp(1).sum().item()
    assert REVERSE(p, q).item() * N == pytest.approx(expected, rel=1e-10)
    stationary = d.numpy() / d.numpy().sum()
    np.testing.assert_allclose(stationary @ Q, stationary, atol=1e-12)


def test_t21_pmi_clustering(cloud, logits):
    """CE = mean over neighbour pairs of -log sum_c phi_ic phi_jc / pi_c, plus log N."""
    phi, i = logits.softmax(-1).numpy(), soft_points(cloud, logits)
    p = KNN(3)(cloud, cloud, Dense)
    P, pi = masses(p), phi.mean(0)
    pmi = np.mean([-np.log((phi[a] * phi[b] / pi).sum()) for a in range(N) for b in range(N) if P[a, b] > 0])
    cross = KL(p, UniformCluster()(i, i, Dense)) + entropy(p)
    assert cross.item() == pytest.approx(pmi + math.log(N), rel=1e-12)


def test_t22_hard_clusters_with_positives_inside(cloud, hard):
    """CE = log N - H(cluster sizes)."""
    i = Points.of(hard, label=hard.argmax(-1))
    p = Label(pairs="all")(i, i, Dense)
    cross = KL(p, UniformCluster("probabilities")(i, i, Dense)) + entropy(p)
    sizes = hard.sum(0).numpy() / N
    assert cross.item() == pytest.approx(math.log(N) - f.entropy(sizes), rel=1e-12)


# Propagation.


@pytest.mark.parametrize("pairs", ["all", "distinct"])
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_t23_propagation(cloud, steps, pairs):
    """The mean of the powers, and uniform over everything within reach."""
    W = np.random.default_rng(1).uniform(size=(N, N)) * (np.random.default_rng(2).uniform(size=(N, N)) < 0.15)
    W[np.arange(N), (np.arange(N) + 1) % N] += 0.1
    base = Graph(W, pairs=pairs)
    P = masses(base(cloud, cloud, Dense))
    powers = sum(np.linalg.matrix_power(P, t) for t in range(1, steps + 1)) / steps
    candidates = np.ones((N, N)) if pairs == "all" else f.no_self(N)
    walked = base.propagate(steps)(cloud, cloud, Dense)
    np.testing.assert_allclose(masses(walked), f.normalised(powers * candidates), atol=1e-12)
    reach = (powers > 0) * candidates
    np.testing.assert_allclose(
        masses(base.propagate(steps, uniform=True)(cloud, cloud, Dense)), f.normalised(reach), atol=1e-12
    )
    if steps == 1:
        np.testing.assert_allclose(masses(walked), P, atol=1e-14)


def test_propagation_of_a_dense_base(cloud):
    P = masses(Gaussian(0.5)(cloud, cloud, Dense))
    expected = f.normalised((P + P @ P + P @ P @ P) * f.no_self(N))
    np.testing.assert_allclose(masses(Gaussian(0.5).propagate(3)(cloud, cloud, Dense)), expected, atol=1e-12)


# Debiasing.


@engines
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("base", [KNN(4), Gaussian(0.6)], ids=repr)
def test_t24_debiasing_the_target(cloud, plane, base, alpha, engine):
    """CE(p~, q) = (1 - a) CE(p, q) + a mean_j(-log q_j); alpha = 1 is uniform."""
    p, smooth = base(cloud, cloud, engine), base.debias(alpha)(cloud, cloud, engine)
    P, n = masses(p), N - 1
    np.testing.assert_allclose(masses(smooth), ((1 - alpha) * P + alpha / n) * f.no_self(N), atol=1e-14)
    q = StudentT()(plane, plane, engine)
    log_q = np.where(f.no_self(N), np.log(masses(q) + np.eye(N)), 0)
    expected = (1 - alpha) * -(P * log_q).sum(1).mean() - alpha * (log_q.sum(1) / n).mean()
    assert (KL(smooth, q) + entropy(smooth)).item() == pytest.approx(expected, rel=1e-12)


def test_t24_debiased_logit_gradient(cloud, generator):
    """q - (1 - a) p - a / N for a softmax q."""
    s = torch.randn(N, 6, generator=generator, dtype=torch.float64, requires_grad=True)
    codes = torch.arange(6)
    i = Points.of(s, label=torch.arange(N) % 6)
    j = Points.of(torch.eye(6, dtype=torch.float64), id=codes, view=codes - 10, label=codes)
    p = Label(pairs="all").debias(0.3)(i, j, Dense)
    KL(p, Gaussian(1, "dot", pairs="all")(i, j, Dense)).backward()
    one_hot = np.eye(6)[np.arange(N) % 6]
    expected = (s.detach().softmax(-1).numpy() - 0.7 * one_hot - 0.3 / 6) / N
    np.testing.assert_allclose(s.grad.numpy(), expected, atol=1e-14)


def test_t24_debiasing_both_sides_bounds_the_loss(views):
    """-log q~ <= log(N / alpha), even for hard clusters against the positives."""
    worst = torch.eye(16, dtype=torch.float64)
    i = views.with_value(worst)
    p = Augmentation()(views, views, Dense)
    assert KL(p, UniformCluster("probabilities")(i, i, Dense)).item() == math.inf
    bounded = KL(p, UniformCluster("probabilities").debias(0.4)(i, i, Dense)).item()
    assert bounded == pytest.approx(math.log(16 / 0.4), rel=1e-12)
