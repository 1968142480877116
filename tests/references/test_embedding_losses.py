"""SNE, t-SNE and their kin against the formulas of the papers and scikit-learn."""

from __future__ import annotations

import math

import formulas as f
import numpy as np
import pytest
import torch
from scipy.spatial.distance import squareform
from sklearn.manifold._t_sne import _kl_divergence
from sklearn.manifold._utils import _binary_search_perplexity

from iconlearn.bandwidth import Perplexity
from iconlearn.distributions import Gaussian, Graph, Harmonic, Identity, StudentT
from iconlearn.divergences import DIVERGENCES, entropy
from iconlearn.engines import Dense, Tiled
from iconlearn.points import Points

KL = DIVERGENCES["kl"]
engines = pytest.mark.parametrize(
    "engine", [Dense, lambda k, i, j: Tiled(k, i, j, block=7)], ids=["dense", "tiled"]
)


@pytest.fixture
def Y(plane):
    return plane.value.clone().requires_grad_()


def masses(conditional):
    return conditional.block(None).detach().exp().numpy()


@engines
@pytest.mark.parametrize("perplexity", [3, 8.5])
def test_sne_value_and_gradient(cloud, Y, perplexity, engine):
    P = f.perplexity_rows(f.squared(cloud.value.numpy(), cloud.value.numpy()), perplexity)
    value, gradient = f.sne(P, Y.detach().numpy())
    p = Gaussian(Perplexity(perplexity, kept=None))(cloud, cloud, engine)
    z = cloud.with_value(Y)
    loss = KL(p, Gaussian(math.sqrt(0.5))(z, z, engine))
    loss.backward()
    assert loss.item() * 20 == pytest.approx(value, rel=1e-9)
    np.testing.assert_allclose(Y.grad.numpy() * 20, gradient, atol=1e-9)


@engines
def test_symmetric_sne(cloud, Y, engine):
    P = f.perplexity_rows(f.squared(cloud.value.numpy(), cloud.value.numpy()), 5)
    P = (P + P.T) / 40
    K = np.exp(-f.squared(Y.detach().numpy(), Y.detach().numpy())) * f.no_self(20)
    z = cloud.with_value(Y)
    p = Gaussian(Perplexity(5, kept=None)).symmetrize()(cloud, cloud, engine)
    loss = KL(p, Gaussian(math.sqrt(0.5), normalize="joint")(z, z, engine))
    assert loss.item() == pytest.approx(f.kl(P, K / K.sum()), rel=1e-9)


@engines
@pytest.mark.parametrize("df", [1, 2.5])
def test_tsne_value_and_gradient_are_those_of_sklearn(cloud, Y, df, engine):
    P = f.perplexity_rows(f.squared(cloud.value.numpy(), cloud.value.numpy()), 5)
    P = (P + P.T) / 40
    flat = Y.detach().numpy().ravel()
    value, gradient = _kl_divergence(flat, squareform(P, checks=False), df, 20, 2)
    p = Gaussian(Perplexity(5, kept=None)).symmetrize()(cloud, cloud, engine)
    z = cloud.with_value(Y)
    loss = KL(p, StudentT(df, normalize="joint")(z, z, engine))
    loss.backward()
    assert loss.item() == pytest.approx(value, rel=1e-9)
    if df == 1:  # for other degrees scikit-learn follows another direction than its own gradient
        np.testing.assert_allclose(Y.grad.numpy().ravel(), gradient, atol=1e-10)
        mine, slope = f.tsne(P, Y.detach().numpy())
        assert loss.item() == pytest.approx(mine, rel=1e-9)
        np.testing.assert_allclose(Y.grad.numpy(), slope, atol=1e-10)


def test_tsne_in_the_row_form_of_the_paper(cloud, Y):
    """Corollary 1: the same target as SNE, rows of the Cauchy kernel."""
    P = f.perplexity_rows(f.squared(cloud.value.numpy(), cloud.value.numpy()), 5)
    Q = f.normalised(f.no_self(20) / (1 + f.squared(Y.detach().numpy(), Y.detach().numpy())))
    z = cloud.with_value(Y)
    p, q = Gaussian(Perplexity(5, kept=None))(cloud, cloud, Dense), StudentT()(z, z, Dense)
    assert KL(p, q).item() == pytest.approx(f.kl(P, Q) / 20, rel=1e-9)
    assert entropy(p).item() == pytest.approx(math.log(5), rel=1e-6)


@pytest.mark.parametrize("value", [2, 5, 12.5])
def test_t29_perplexity_of_every_row(cloud, value):
    """exp H(p_i) is the perplexity, and the rows are those of scikit-learn's own search."""
    P = masses(Gaussian(Perplexity(value, kept=None))(cloud, cloud, Dense))
    reached = [math.exp(f.entropy(row)) for row in P]
    np.testing.assert_allclose(reached, value, rtol=1e-6)
    D = f.squared(cloud.value.numpy(), cloud.value.numpy()).astype(np.float32)
    np.testing.assert_allclose(P, _binary_search_perplexity(D, value, 0), atol=2e-5)


def test_perplexity_over_the_nearest_only(cloud):
    """The truncated form solves the same equation over the candidates that it keeps."""
    P = masses(Gaussian(Perplexity(3))(cloud, cloud, Dense))
    assert ((P > 0).sum(1) == 9).all()
    np.testing.assert_allclose([math.exp(f.entropy(row)) for row in P], 3, rtol=1e-6)
    D = f.squared(cloud.value.numpy(), cloud.value.numpy()) + np.diag([np.inf] * 20)
    assert ((P > 0) == (np.sort(D, 1)[:, [8]] >= D)).all()


def test_graph_target(cloud, Y):
    W = np.random.default_rng(0).uniform(0.1, 1, (20, 20))
    P = f.normalised(W * f.no_self(20))
    Q = f.normalised(np.exp(-f.squared(Y.detach().numpy(), Y.detach().numpy()) / 2) * f.no_self(20))
    z = cloud.with_value(Y)
    assert KL(Graph(W)(cloud, cloud, Dense), Gaussian()(z, z, Dense)).item() == pytest.approx(f.kl(P, Q) / 20)


def test_t27_joint_chain_rule(cloud, plane):
    """KL(P||Q) = KL of the row marginals + sum_i P_i KL(p_i||q_i)."""
    p, q = (
        Gaussian(0.7, normalize="joint")(cloud, cloud, Dense),
        StudentT(normalize="joint")(plane, plane, Dense),
    )
    rows = KL.rows(Gaussian(0.7)(cloud, cloud, Dense), StudentT()(plane, plane, Dense)).numpy()
    mine, theirs = masses(p).sum(1), masses(q).sum(1)
    assert KL(p, q).item() == pytest.approx(f.kl(mine, theirs) + mine @ rows, rel=1e-12)


def test_t02_kl_cross_entropy_and_entropy(cloud, plane):
    p, q = Gaussian(0.7)(cloud, cloud, Dense), StudentT()(plane, plane, Dense)
    P, Q = masses(p), masses(q)
    cross = -(P * np.log(np.where(P > 0, Q, 1))).sum(1).mean()
    assert KL(p, p).item() == pytest.approx(0, abs=1e-14)
    assert cross - KL(p, q).item() == pytest.approx(entropy(p).item(), rel=1e-12)
    self_target = Identity()(plane, plane, Dense)
    q = Gaussian(pairs="all")(plane, plane, Dense)
    assert KL(self_target, q).item() == pytest.approx(-np.log(np.diag(masses(q))).mean(), rel=1e-12)


# Wide and narrow limits.


def wide_gap(cloud, plane, s):
    """s (CE - log(n - 1)) for a Gaussian of 2 sigma^2 = s."""
    p = Gaussian(0.7)(cloud, cloud, Dense)
    cross = KL(p, Gaussian(math.sqrt(s / 2))(plane, plane, Dense)) + entropy(p)
    return s * (cross.item() - math.log(19))


def test_t09_t11_wide_limit(cloud, plane):
    """The scaled cross entropy falls to the mean-pooled loss, the gap tenfold a decade."""
    D, P = f.squared(plane.value.numpy(), plane.value.numpy()), masses(Gaussian(0.7)(cloud, cloud, Dense))
    exact = (P * D).sum(1).mean() - D.sum() / (20 * 19)
    gaps = [wide_gap(cloud, plane, s) - exact for s in (1e2, 1e3, 1e4)]
    assert all(gap > 0 for gap in gaps)
    assert 8 < gaps[0] / gaps[1] < 11
    assert 9 < gaps[1] / gaps[2] < 11
    loss = KL(Gaussian(0.7)(cloud, cloud, Dense), Gaussian(math.inf)(plane, plane, Dense))
    assert loss.item() == pytest.approx(exact, rel=1e-12)
    for s in (0.1, 1.0, 10.0):  # Jensen
        assert wide_gap(cloud, plane, s) >= exact


def test_t10_pca_limit(plane):
    """Identity against the wide Gaussian with self as a candidate is -2 Var."""
    variance = plane.value.numpy().var(0).sum()
    p = Identity()(plane, plane, Dense)
    loss = KL(p, Gaussian(math.inf, pairs="all")(plane, plane, Dense)).item()
    assert loss == pytest.approx(-2 * variance, rel=1e-12)
    gaps = []
    for s in (1e3, 1e4, 1e5):
        finite = KL(p, Gaussian(math.sqrt(s / 2), pairs="all")(plane, plane, Dense)).item()
        gaps.append(s * (finite - math.log(20)) + 2 * variance)
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=2e-2)
    assert gaps[1] / gaps[2] == pytest.approx(10, rel=2e-2)


def test_t28_wide_on_both_sides_is_stress(cloud, plane):
    """2 s^2 KL -> mean_i Var_j(Dx - Dy), the error tenfold smaller per tenfold step of s."""
    gap = f.squared(cloud.value.numpy(), cloud.value.numpy()) - f.squared(
        plane.value.numpy(), plane.value.numpy()
    )
    stress = np.mean([gap[i, np.arange(20) != i].var() for i in range(20)])
    misses = []
    for s in (1e3, 1e4, 1e5):
        dist = Gaussian(math.sqrt(s / 2))
        loss = 2 * s**2 * KL(dist(cloud, cloud, Dense), dist(plane, plane, Dense)).item()
        misses.append(abs(loss / stress - 1))
    assert misses[0] < 1e-2
    assert misses[0] / misses[1] == pytest.approx(10, rel=5e-2)
    assert misses[1] / misses[2] == pytest.approx(10, rel=5e-2)


def test_t15_student_t_tends_to_the_gaussian(plane):
    K = f.normalised(np.exp(-f.squared(plane.value.numpy(), plane.value.numpy()) / 2) * f.no_self(20))
    misses = [np.abs(masses(StudentT(df)(plane, plane, Dense)) - K).max() for df in (1e4, 1e5, 1e6)]
    assert misses[2] < 1e-6
    assert misses[0] / misses[1] == pytest.approx(10, rel=1e-2)
    assert misses[1] / misses[2] == pytest.approx(10, rel=1e-2)
    np.testing.assert_allclose(masses(StudentT(math.inf)(plane, plane, Dense)), K, atol=1e-14)


@pytest.mark.parametrize("n", [1, 2.5])
def test_t14_narrow_student_t_is_harmonic(plane, n):
    """nu = 2 n - 1 and a width of 1e-3 of the smallest distance; the error falls tenfold per step of sigma^2."""
    D = f.squared(plane.value.numpy(), plane.value.numpy()) + np.eye(20) * 1e3
    K, closest = f.normalised(D**-n * f.no_self(20)), math.sqrt(D.min())
    misses = []
    for width in (1e-4, 1e-5, 1e-6):  # sigma^2, in units of the smallest squared distance
        q = StudentT(2 * n - 1, math.sqrt(width) * closest)(plane, plane, Dense)
        misses.append(np.abs(masses(q) - K).max())
    assert misses[2] < 1e-6
    assert misses[0] / misses[1] == pytest.approx(10, rel=1e-2)
    assert misses[1] / misses[2] == pytest.approx(10, rel=1e-2)
    np.testing.assert_allclose(masses(Harmonic(n)(plane, plane, Dense)), K, atol=1e-12)
    scaled = Points.of(plane.value * 37)
    np.testing.assert_allclose(masses(Harmonic(n)(scaled, scaled, Dense)), K, atol=1e-12)


def test_student_t_kernel_by_hand(plane):
    D = f.squared(plane.value.numpy(), plane.value.numpy())
    K = f.normalised((1 + D / (5 * 0.49)) ** -3.0 * f.no_self(20))
    np.testing.assert_allclose(masses(StudentT(5, 0.7)(plane, plane, Dense)), K, atol=1e-14)


def test_dtype_and_device_follow_the_points(plane):
    assert StudentT()(plane, plane, Dense).block(None).dtype == torch.float64
