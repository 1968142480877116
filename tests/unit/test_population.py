"""Population losses: closed forms against sums and differences, and where their minimisers lie."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss

from iconlearn._errors import InputError, OptionError
from iconlearn.theory.mixtures import (
    Mixture,
    PopulationInfoNCE,
    canonical_correlations,
    fisher_subspace,
    isotropic_mixture,
    learned_subspace,
    mean_subspace,
    pancake_mixture,
    principal_angles,
    spectral_contrastive,
    tilted_mixture,
)

FAMILIES = {"isotropic": isotropic_mixture, "pancake": pancake_mixture, "tilted": tilted_mixture}


def uneven(seed: int = 0, d: int = 4, k: int = 3) -> Mixture:
    """Uneven weights, a mean that is not 0 and a covariance of no special kind."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(d, d))
    return Mixture(rng.normal(size=(k, d)) * 2 + 3, root @ root.T + np.eye(d), rng.dirichlet([3.0] * k))


def strength(mixture: Mixture, A: np.ndarray) -> np.ndarray:
    """Singular values in whitened coordinates, largest first."""
    return np.linalg.svd(mixture.root @ A, compute_uv=False)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), quality=st.floats(0, 1), r=st.integers(1, 5))
def test_gradient_is_that_of_finite_differences(seed, quality, r):
    mixture, rng = uneven(seed), np.random.default_rng(seed)
    loss = PopulationInfoNCE.sampled(mixture, quality, n=50, random_state=seed)
    A, move = rng.normal(size=(2, 4, r)) * 0.2
    slope = (loss.loss(A + 1e-5 * move) - loss.loss(A - 1e-5 * move)) / 2e-5
    assert np.sum(loss.gradient(A) * move) == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("quality", [1.0, 0.6])
def test_loss_is_the_limit_of_infonce_with_many_negatives(quality):
    flat, rng = pancake_mixture(4, 3, 6.0, weights=[0.5, 0.3, 0.2]), np.random.default_rng(1)
    mixture = Mixture(flat.means + 3, flat.covariance, flat.weights)
    loss = PopulationInfoNCE.sampled(mixture, quality, 40_000)
    A = loss.minimise(2)
    x, positive, _, _ = mixture.pairs(10_000, quality, rng)
    others = mixture.sample(2000, rng)[0]
    z, z_positive, z_others = ((rows - mixture.mean) @ A for rows in (x, positive, others))
    terms = -(z * z_positive).sum(1) + np.log(np.exp(z @ z_others.T).mean(1))
    expected, error = terms.mean(), terms.std() / 2000**0.5  # that of so few negatives too
    assert abs(expected) > 10 * error  # so the comparison tells something
    assert abs(loss.loss(A) - expected) < 4 * error


def test_quadrature_is_exact():
    mixture, rng = uneven(d=2), np.random.default_rng(0)
    A = mixture.whitening @ rng.normal(size=(2, 2)) * 0.5
    exact = PopulationInfoNCE.quadrature(mixture, 0.6)
    assert exact.loss(A) == pytest.approx(
        PopulationInfoNCE.quadrature(mixture, 0.6, nodes=50).loss(A), abs=1e-9
    )
    assert exact.loss(A) == pytest.approx(PopulationInfoNCE.sampled(mixture, 0.6, 400_000).loss(A), abs=5e-3)
    moment = (exact.anchors.T * exact.weights) @ exact.anchors
    assert moment == pytest.approx(mixture.total + np.outer(mixture.mean, mixture.mean))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), quality=st.floats(0.05, 1))
def test_loss_is_convex_and_falls_from_zero(seed, quality):
    mixture, rng = uneven(seed), np.random.default_rng(seed)
    loss = PopulationInfoNCE.sampled(mixture, quality, n=200)
    A, B = rng.normal(size=(2, 4, 4)) * 0.3
    values, vectors = np.linalg.eigh((A @ A.T + B @ B.T) / 2)  # halfway in M
    assert loss.loss(vectors * np.sqrt(values.clip(0))) <= (loss.loss(A) + loss.loss(B)) / 2 + 1e-12
    assert loss.loss(np.zeros((4, 1))) == pytest.approx(0, abs=1e-12)
    # D2: to first order in M it is -delta <M, S_B>
    exact = PopulationInfoNCE.quadrature(uneven(seed, d=2), quality, nodes=10)
    a = 1e-4 * rng.normal(size=(2, 1))
    slope = -quality * (a.T @ exact.mixture.between @ a).item()
    assert exact.loss(a) == pytest.approx(slope, rel=1e-3, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), quality=st.floats(0.1, 1), r=st.integers(1, 4))
def test_what_is_off_the_fisher_subspace_only_adds_to_the_loss(seed, quality, r):
    """D1, at any projection and without a minimiser: P A in place of A, in whitened coordinates."""
    mixture, rng = uneven(seed, d=3, k=2), np.random.default_rng(seed)
    loss = PopulationInfoNCE.quadrature(mixture, quality, nodes=14)
    white = mixture.root @ fisher_subspace(mixture)
    basis = np.linalg.qr(white)[0]
    B = rng.normal(size=(3, r)) * 0.3
    kept = loss.loss(mixture.whitening @ (basis @ basis.T @ B))
    assert kept < loss.loss(mixture.whitening @ B) - 1e-9


@pytest.mark.parametrize("quality", [1.0, 0.3])
@pytest.mark.parametrize("r", [1, 2, 3, 5])
def test_every_minimiser_is_in_the_fisher_subspace(quality, r):
    mixture = tilted_mixture(3, 3, 2.0, condition=100.0, random_state=4)
    loss = PopulationInfoNCE.quadrature(mixture, quality, nodes=16)
    A = loss.minimise(r)
    assert np.abs(loss.gradient(A)).max() < 1e-6
    found = learned_subspace(A, min(r, 2), mixture.covariance)
    assert principal_angles(found, fisher_subspace(mixture), mixture.covariance)[0] < 0.01
    assert principal_angles(mean_subspace(mixture), fisher_subspace(mixture))[0] > 20  # another subspace
    spread = strength(mixture, A)
    assert (spread[2:] < 2e-3 * spread[0]).all()  # the loss is flat there: it grows as the 4th power
    assert spread[min(r, 2) - 1] > 0.1


D4 = {
    1.0: (1.07e-3, 7.4e-2),
    0.7: (1.8e-5, 4.9e-2),
    0.5: (0, 3.3e-2),
    0.3: (0, 2.1e-2),
    0.1: (1.1e-4, 8.2e-3),
}


@pytest.mark.parametrize("quality", D4)
def test_noisy_pairs_may_lose_a_direction(quality):
    """D4: with these weights and means the minimiser has rank one at quality 0.5 and 0.3, and two at 1."""
    means = [(2.015, -0.1622), (-3.7211, 0.2874), (14.3678, -0.7014)]
    mixture = Mixture(means, np.eye(2), [0.6172, 0.3728, 0.0100])
    loss = PopulationInfoNCE.quadrature(mixture, quality)
    A = loss.minimise(2)
    weak, strong = np.linalg.eigvalsh(A @ A.T)
    assert (weak, strong) == pytest.approx(D4[quality], rel=0.02, abs=1e-12)
    n = np.linalg.eigh(A @ A.T)[1][:, 0]
    slope = (loss.loss(np.hstack([A, 1e-4 * n[:, None]])) - loss.loss(A)) / 1e-8  # of a step n n^T of M
    if weak > 1e-12:
        assert slope == pytest.approx(0, abs=1e-6)
        return
    # D3: it is a^T D (Q - delta) a with a_k = n^T mu_k, and above 0, so the lost direction does not come back
    points, mass = hermegauss(30)
    grid = np.stack(np.meshgrid(points, points), axis=-1).reshape(-1, 2)
    share = np.outer(mass, mass).ravel() / mass.sum() ** 2
    centred = mixture.means - mixture.weights @ mixture.means
    a, Q = centred @ n, np.empty((3, 3))
    for k, mean in enumerate(centred):
        odds = mixture.weights * np.exp((mean + grid) @ A @ A.T @ centred.T)
        Q[k] = share @ (odds / odds.sum(1, keepdims=True))
    cost = (a * mixture.weights) @ (Q - quality * np.eye(3)) @ a
    assert cost > 1e-5
    assert slope == pytest.approx(cost, rel=0.02)


def test_minimiser_shrinks_with_the_quality_and_keeps_its_subspace():
    mixture = isotropic_mixture(8, 4, 2.0, means="random")
    strong = [
        strength(mixture, PopulationInfoNCE.sampled(mixture, q, 4000).minimise(4))[0] for q in (1.0, 0.5, 0.2)
    ]
    assert strong[1] / strong[0] == pytest.approx(0.5**0.5, rel=0.05)  # D5: 0.342 / 0.485
    assert strong[2] / strong[0] == pytest.approx(0.2**0.5, rel=0.05)  # 0.216 / 0.485


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("quality", [1.0, 0.1])
def test_spectral_contrastive_minimiser_is_exact(family, quality):
    mixture = FAMILIES[family]()
    M = spectral_contrastive(mixture, quality)
    assert principal_angles(learned_subspace(M, 4), fisher_subspace(mixture))[0] < 1e-9  # D6

    def loss(at: np.ndarray) -> float:
        square = np.trace(at @ mixture.total @ at @ mixture.total)
        return float(-2 * quality * np.sum(at * mixture.between) + square)

    rng = np.random.default_rng(0)
    for _ in range(10):
        move = rng.normal(size=M.shape) * np.abs(M).max() * 0.1
        assert loss(M) < loss(M + move + move.T)
    assert pytest.approx(M.T, abs=1e-12) == M


@pytest.mark.parametrize("quality", [1.0, 0.5])
def test_canonical_correlations_are_those_of_pairs(quality):
    from sklearn.cross_decomposition import CCA

    mixture, n = tilted_mixture(6, 3, 3.0), 40_000
    expected = canonical_correlations(mixture, quality)
    x, positive, _, _ = mixture.pairs(n, quality)
    u, v = CCA(3).fit_transform(x @ mixture.whitening, positive @ mixture.whitening)
    found = [np.corrcoef(u[:, k], v[:, k])[0, 1] for k in range(3)]
    assert found == pytest.approx(expected[:3], abs=4 * (6 / n) ** 0.5)
    assert (expected[2:] < 1e-12).all()
    assert expected[1] > 0.1


def test_infonce_is_equivariant():
    """D8: x -> G^T x moves the minimiser to G^-1 A; principal components have no such law."""
    rng = np.random.default_rng(0)
    turn, mixture = rng.normal(size=(4, 4)), uneven()
    x = mixture.sample(500)[0]
    moved = Mixture(mixture.means @ turn + 5, turn.T @ mixture.covariance @ turn, mixture.weights)
    loss = PopulationInfoNCE(mixture, 0.7, anchors=x)
    other = PopulationInfoNCE(moved, 0.7, anchors=x @ turn + 5)
    A = rng.normal(size=(4, 2)) * 0.2
    assert other.loss(np.linalg.solve(turn, A)) == pytest.approx(loss.loss(A), rel=1e-9)
    A, B = loss.minimise(4), other.minimise(4)
    assert turn @ B @ B.T @ turn.T == pytest.approx(A @ A.T, abs=1e-4)


def recipe(family, separation, quality, means="simplex"):
    """Recipe A with 20 000 anchors: the angle in degrees, the ratio at the gap, the least kept strength."""
    mixture = family(20, 5, separation, means=means)
    A = PopulationInfoNCE.sampled(mixture, quality).minimise(10)
    found, S = learned_subspace(A, 4, mixture.covariance), fisher_subspace(mixture)
    angles = principal_angles(found, S)[0], principal_angles(found, S, mixture.covariance)[0]
    spread = strength(mixture, A)
    return max(angles), spread[4] / spread[3], spread[3]


FAST = {("tilted", 2.0, 1.0, "simplex"), ("tilted", 2.0, 0.2, "simplex"), ("pancake", 2.0, 0.5, "random")}
SETTINGS = [
    pytest.param(*setting, marks=() if setting in FAST else pytest.mark.slow)
    for setting in product(FAMILIES, (2.0, 4.0), (1.0, 0.5, 0.2), ("simplex", "random"))
]


@pytest.mark.parametrize(("family", "separation", "quality", "means"), SETTINGS)
def test_minimiser_spans_the_fisher_subspace(family, separation, quality, means):
    angle, ratio, least = recipe(FAMILIES[family], separation, quality, means)
    assert angle < 3
    assert ratio < 0.05
    assert least > 0.1


def test_what_is_no_loss_is_refused():
    mixture = uneven()
    for options, message in (
        ({"anchors": np.zeros((5, 3))}, "3 columns"),
        ({"anchors": np.full((5, 4), np.nan)}, "NaN"),
        ({"anchors": np.zeros((5, 4)), "weights": [0.5, 0.5]}, r"\(5,\)"),
        ({"anchors": np.zeros((2, 4)), "weights": [1.5, -0.5]}, "above 0"),
    ):
        with pytest.raises(InputError, match=message):
            PopulationInfoNCE(mixture, **options)
    with pytest.raises(OptionError, match="quality"):
        PopulationInfoNCE(mixture, 2.0, anchors=np.zeros((5, 4)))
    with pytest.raises(OptionError, match="at most 3"):
        PopulationInfoNCE.quadrature(mixture)
    with pytest.raises(InputError, match="A has 3 rows"):
        PopulationInfoNCE.sampled(mixture, n=10).loss(np.zeros((3, 2)))
    with pytest.raises(OptionError, match="dim"):
        PopulationInfoNCE.sampled(mixture, n=10).minimise(0)
