"""Subspaces: what each one spans, by definitions written anew, and what is refused or regularised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn._errors import InputError, OptionError
from iconlearn.theory.mixtures import (
    Mixture,
    fisher_subspace,
    isotropic_mixture,
    lda_subspace,
    learned_subspace,
    mean_subspace,
    paired_subspace,
    pancake_mixture,
    pca_subspace,
    principal_angles,
    tilted_mixture,
)

FAMILIES = {"isotropic": isotropic_mixture, "pancake": pancake_mixture, "tilted": tilted_mixture}


def criterion(mixture: Mixture, A: np.ndarray) -> float:
    """tr (A^T Sigma A)^-1 A^T S_B A."""
    return float(np.trace(np.linalg.solve(A.T @ mixture.covariance @ A, A.T @ mixture.between @ A)))


def orthonormal(A: np.ndarray) -> bool:
    return np.allclose(A.T @ A, np.eye(A.shape[1]), atol=1e-12)


@settings(max_examples=20, deadline=None)
@given(family=st.sampled_from(sorted(FAMILIES)), seed=st.integers(0, 10_000), k=st.integers(2, 6))
def test_fisher_subspace_attains_the_criterion_and_holds_the_posterior(family, seed, k):
    mixture = FAMILIES[family](6, k, 3.0, means="random", random_state=seed)
    S = fisher_subspace(mixture)
    assert S.shape == (6, k - 1)
    assert orthonormal(S)
    most = np.trace(np.linalg.solve(mixture.covariance, mixture.between))
    assert criterion(mixture, S) == pytest.approx(most, rel=1e-9)
    rng = np.random.default_rng(seed)
    assert criterion(mixture, rng.normal(size=S.shape)) < most * (1 - 1e-6)
    off = rng.normal(size=(5, 6)) * 10
    off -= off @ S @ S.T  # moves that the projection does not see
    x = mixture.sample(5, seed)[0]
    assert mixture.posterior(x + off) == pytest.approx(mixture.posterior(x), abs=1e-7)


def test_where_the_subspaces_of_a_mixture_agree_and_where_not():
    far, none = (80, 90), (0, 1e-6)
    for family, of_means, of_principal in (
        ("isotropic", none, none),
        ("pancake", none, far),
        ("tilted", (60, 90), far),
    ):
        mixture = FAMILIES[family](random_state=0)
        S = fisher_subspace(mixture)
        values, axes = np.linalg.eigh(mixture.total)
        principal = axes[:, np.argsort(-values)[:4]]
        assert of_means[0] <= principal_angles(mean_subspace(mixture), S)[0] <= of_means[1] + 1e-9
        assert of_principal[0] <= principal_angles(principal, S)[0] <= of_principal[1] + 1e-9


def test_fisher_subspace_has_the_rank_of_the_means():
    line = Mixture([[-1.0, 0, 0], [0, 0, 0], [1.0, 0, 0]], np.diag([1.0, 2.0, 3.0]))
    assert fisher_subspace(line).shape == mean_subspace(line).shape == (3, 1)
    many = isotropic_mixture(2, 6, 3.0, means="random")
    assert fisher_subspace(many).shape == (2, 2)
    for same in (Mixture([[0.1, 0.2]], np.eye(2)), Mixture([[0.1, 0.2]] * 3, np.eye(2), [0.2, 0.3, 0.5])):
        for find in (fisher_subspace, mean_subspace):
            with pytest.raises(InputError, match="all means are one"):
                find(same)


@pytest.mark.parametrize("family", FAMILIES)
def test_lda_finds_what_the_plain_solution_does(family):
    mixture = FAMILIES[family](8, 4, 4.0)
    X, y = mixture.sample(5000)
    means = np.stack([X[y == c].mean(0) for c in range(4)])
    within = np.cov((X - means[y]).T)
    plain = np.linalg.solve(within, (means - X.mean(0)).T)
    found = lda_subspace(X, y)
    assert found.shape == (8, 3)
    assert orthonormal(found)
    assert principal_angles(found, plain)[0] < 1e-5
    assert principal_angles(found, fisher_subspace(mixture), mixture.covariance)[0] < 5
    values, vectors = np.linalg.eig(np.linalg.solve(within, np.cov(means[y].T)))
    leading = np.real(vectors[:, [np.argmax(np.real(values))]])
    assert principal_angles(lda_subspace(X, y, 1), leading)[0] < 1e-5
    names = np.array(["d", "a", "c", "b"])[y]
    assert principal_angles(lda_subspace(X * 1e20 + 1e20, names), found)[0] < 1e-3


def test_lda_leaves_out_what_does_not_vary_and_shrinks_where_rows_are_few():
    mixture = isotropic_mixture(30, 3, 8.0, random_state=1)
    X, y = mixture.sample(400)
    X = np.concatenate([X, np.ones((400, 1)), X[:, :1]], axis=1)  # a constant column, and one twice
    found = lda_subspace(X, y)
    assert np.abs(found[30]).max() < 1e-9
    assert principal_angles(X @ found, X[:, :30] @ lda_subspace(X[:, :30], y))[0] < 1e-3
    few, labels = mixture.sample(20, 3)
    few = np.concatenate([few, np.zeros((20, 1))], axis=1)
    few[labels == 2] = few[labels == 2][:1]  # a class that does not vary
    found = lda_subspace(few, labels)
    assert np.isfinite(found).all()
    assert principal_angles(found[:30], fisher_subspace(mixture))[0] < 60  # of random ones: about 85
    alone = np.append(labels[:-1], 7)
    assert np.isfinite(lda_subspace(few, alone)).all()


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.eye(4), [1, 1, 1, 1], "one class"),
        (np.eye(4), [1, 2, 3, 4], "one row each"),
        ([[1.0, 2.0], [1.0, 2.0], [3.0, 1.0]], [0, 0, 1], "no column of X varies within"),
        (np.ones((4, 2)), [0, 0, 1, 1], "no column of X varies within"),
        (np.eye(4), [0, 1, 0], "4 rows and y 3"),
        ([[np.nan], [1.0]], [0, 1], "NaN"),
        (np.zeros((0, 3)), [], "sample"),
        (np.eye(4), [0, 1, np.nan, 1], "NaN"),
    ],
)
def test_lda_refuses(X, y, message):
    with pytest.raises(InputError, match=message):
        lda_subspace(X, y)


def test_lda_refuses_more_directions_than_there_are():
    X, y = isotropic_mixture(6, 3).sample(60)
    with pytest.raises(OptionError, match="dim"):
        lda_subspace(X, y, 3)
    X[:, 1:] = 1  # one column is left
    with pytest.raises(OptionError, match="differ in 1 directions"):
        lda_subspace(X, y, 2)


def test_principal_components_are_the_leading_eigenvectors():
    X = np.random.default_rng(0).normal(size=(50, 5)) * [1, 5, 2, 9, 3] + 100
    values, axes = np.linalg.eigh(np.cov(X.T))
    assert principal_angles(pca_subspace(X, 2), axes[:, np.argsort(-values)[:2]])[0] < 1e-5
    assert pca_subspace(X[:3], 2).shape == (5, 2)
    with pytest.raises(OptionError, match="rank 2"):
        pca_subspace(X[:3], 3)
    with pytest.raises(OptionError, match="rank 0"):
        pca_subspace(np.ones((4, 2)), 1)


@pytest.mark.parametrize("quality", [1.0, 0.5])
def test_pairs_find_the_fisher_subspace(quality):
    mixture = pancake_mixture(10, 4)
    x, positive, _, _ = mixture.pairs(20_000, quality)
    S = fisher_subspace(mixture)
    assert principal_angles(paired_subspace(x, positive, 3), S)[0] < 2 / quality
    assert principal_angles(pca_subspace(x, 3), S)[0] > 80
    turn = np.random.default_rng(1).normal(size=(10, 10))  # equivariant: G moves the subspace by G^-T
    moved = paired_subspace(x @ turn, positive @ turn, 3)
    assert principal_angles(turn @ moved, paired_subspace(x, positive, 3))[0] < 1e-4


def test_singular_pairs_are_regularised_or_refused():
    mixture = pancake_mixture(6, 3)
    x, positive, _, _ = mixture.pairs(20_000)
    x, positive = (np.concatenate([rows, rows[:, :1], rows[:, :1] * 0], axis=1) for rows in (x, positive))
    found = paired_subspace(x, positive, 2)
    whole = np.concatenate([fisher_subspace(mixture), np.zeros((2, 2))])
    assert principal_angles(x[:500] @ found, x[:500] @ whole)[0] < 5  # in what it projects to
    assert np.isfinite(paired_subspace(x[:4], positive[:4], 2)).all()
    with pytest.raises(InputError, match="no column of x varies"):
        paired_subspace(np.ones((4, 2)), np.ones((4, 2)), 1)
    with pytest.raises(InputError, match=r"positive \(4, 6\)"):
        paired_subspace(x[:4], positive[:4, :6], 1)
    with pytest.raises(OptionError, match="dim"):
        paired_subspace(x, positive, 9)


def test_learned_subspace_is_that_of_whitened_coordinates():
    rng = np.random.default_rng(0)
    mixture = tilted_mixture(8, 4, random_state=2)
    S = fisher_subspace(mixture)
    strong, weak = S @ rng.normal(size=(3, 5)), rng.normal(size=(8, 5)) * 1e-6
    found = learned_subspace(strong + weak, 3, mixture.covariance)
    assert orthonormal(found)
    assert principal_angles(found, S)[0] < 0.1
    turn = rng.normal(size=(8, 8))  # x -> G^T x; A -> G^-1 A
    moved = learned_subspace(np.linalg.solve(turn, strong + weak), 3, turn.T @ mixture.covariance @ turn)
    assert principal_angles(turn @ moved, found)[0] < 1e-4
    left = np.linalg.svd(strong + weak)[0][:, :3]
    assert principal_angles(learned_subspace(strong + weak, 3), left)[0] < 1e-9
    with pytest.raises(OptionError, match="rank 3"):
        learned_subspace(strong, 4)
    with pytest.raises(InputError, match="positive"):
        learned_subspace(strong, 2, np.zeros((8, 8)))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), p=st.integers(1, 3), q=st.integers(1, 3))
def test_principal_angles_are_those_of_the_definition(seed, p, q):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(5, p)), rng.normal(size=(5, q))
    root = rng.normal(size=(5, 5))
    C = root @ root.T + np.eye(5)
    cosines = np.linalg.eigvals(
        np.linalg.solve(A.T @ C @ A, A.T @ C @ B) @ np.linalg.solve(B.T @ C @ B, B.T @ C @ A)
    )
    expected = np.degrees(np.arccos(np.sqrt(np.sort(np.real(cosines)).clip(0, 1))))[-min(p, q) :]
    found = principal_angles(A, B, C)
    assert found == pytest.approx(np.sort(expected)[::-1][-min(p, q) :], abs=1e-3)
    assert (np.diff(found) <= 0).all()
    assert principal_angles(B, A, C) == pytest.approx(found, abs=1e-4)
    assert principal_angles(A @ (np.eye(p) + np.triu(np.ones((p, p)))), A * 3)[0] < 1e-6


def test_principal_angles_refuse():
    with pytest.raises(InputError, match="A has 3 rows and B 2"):
        principal_angles(np.eye(3), np.eye(2))
    with pytest.raises(InputError, match="B is all zeros"):
        principal_angles(np.eye(3), np.zeros((3, 1)))
    with pytest.raises(InputError, match="NaN"):
        principal_angles(np.eye(3) * np.nan, np.eye(3))
    with pytest.raises(InputError, match="covariance"):
        principal_angles(np.eye(3), np.eye(3), np.eye(2))
