"""The yardsticks of maps and clusters: against scikit-learn, loops and the identities of I-Con."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, squareform
from scipy.stats import entropy as scipy_entropy
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import _t_sne
from yardsticks import close, draw, gradient, soft

from iconlearn.published import clusters, kernels, maps, targets

X, Z = draw(12, 4), draw(12, 2, seed=1)
OFF = ~np.eye(12, dtype=bool)


# ---------------------------------------------------------------- maps


def test_sne_value_and_published_gradient():
    """T8: dC/dz_i = 2 sum_j (p_ij - q_ij + p_ji - q_ji)(z_i - z_j)."""
    p = targets.perplexity_rows(X, 4.0)
    d = cdist(Z, Z, "sqeuclidean")
    q = np.exp(-d) * OFF / (np.exp(-d) * OFF).sum(1, keepdims=True)
    a = p.numpy()
    close(maps.sne(p, Z), (a[OFF] * np.log(a[OFF] / q[OFF])).sum())
    gap = a - q + a.T - q.T
    z = Z.numpy()
    close(gradient(lambda y: maps.sne(p, y), Z), 2 * (gap[:, :, None] * (z[:, None] - z[None])).sum(1))


@pytest.mark.parametrize("df", [1, 3])
def test_tsne_against_scikit_learn(df):
    P = targets.joint(targets.perplexity_rows(X, 4.0))
    value, grad = _t_sne._kl_divergence(Z.numpy().ravel(), squareform(P.numpy()), df, 12, 2)
    close(maps.tsne(P, Z, df=df), value)
    d = cdist(Z, Z, "sqeuclidean")
    gap = (P - kernels.joint_student(Z, df=df)).numpy() / (1 + d / df)
    expected = 2 * (df + 1) / df * (gap[:, :, None] * (Z.numpy()[:, None] - Z.numpy()[None])).sum(1)
    ours = gradient(lambda z: maps.tsne(P, z, df=df), Z)
    close(ours, expected)
    if df == 1:  # scikit-learn's gradient keeps the wrong power of 1 + D/df otherwise; its value is right
        close(ours, grad.reshape(12, 2))


def test_joint_is_rows_and_a_marginal():
    """T27, with the row t-SNE and the symmetric SNE."""
    p = targets.perplexity_rows(X, 4.0)
    P = targets.joint(p)
    for loss, Q in (
        (maps.tsne(P, Z), kernels.joint_student(Z)),
        (maps.symmetric_sne(P, Z), kernels.joint_gaussian(Z, sigma=math.sqrt(0.5))),
    ):
        a, b = P.numpy(), Q.numpy()
        marginal = scipy_entropy(a.sum(1), b.sum(1))
        rows = [a[i].sum() * scipy_entropy(np.delete(a[i], i), np.delete(b[i], i)) for i in range(12)]
        close(loss, marginal + sum(rows))
    close(maps.row_tsne(p, Z), 12 * kernels.kl(p, kernels.student(Z)))


def test_pca_against_scikit_learn():
    pca = PCA(2).fit(X.numpy())
    w = torch.from_numpy(pca.components_)
    variance = maps.projected_variance(X @ w.T)
    close(variance, pca.explained_variance_.sum() * 11 / 12)
    close(maps.reconstruction_error(X, w) + variance, maps.projected_variance(X))
    close(maps.projected_variance(X), cdist(X, X, "sqeuclidean").mean() / 2)


def test_stress_is_the_wide_limit():
    """T28: the error falls tenfold with s."""
    exact = maps.row_centred_stress(X, Z)
    errors = []
    for s in (1e3, 1e4):
        sigma = math.sqrt(s / 2)
        kl = kernels.kl(kernels.gaussian(X, sigma=sigma), kernels.gaussian(Z, sigma=sigma))
        errors.append(abs(2 * s**2 * kl - exact) / exact)
    assert errors[0] < 0.05
    assert errors[1] < errors[0] / 8


# ---------------------------------------------------------------- clusters


def test_kmeans_against_scikit_learn():
    fitted = KMeans(3, n_init=1, random_state=0, tol=0).fit(X.numpy())
    phi = targets.class_rows(torch.from_numpy(fitted.labels_).long(), 3)
    close(clusters.kmeans_inertia(X, phi), fitted.inertia_)
    close(clusters.contrastive_kmeans(X, phi), fitted.inertia_)


def test_kmeans_identities():
    """T17, T18, with soft assignments, and the Student-t version."""
    phi = soft(12, 3)
    inertia, q = clusters.kmeans_inertia(X, phi), kernels.cluster(phi)
    close(clusters.contrastive_kmeans(X, phi), inertia)
    close((q * torch.from_numpy(cdist(X, X, "sqeuclidean"))).sum(), 2 * inertia)
    reverse = 12 * kernels.reverse_kl(targets.gaussian_rows(X, 0.8, self_included=True), q)
    rest = clusters.gaussian_log_partition(X, 0.8) - clusters.row_entropies(q).sum()
    close(reverse, inertia / 0.64 + rest, atol=1e-9)
    reverse = 12 * kernels.reverse_kl(targets.student_rows(X, 3.0, 0.8, self_included=True), q)
    rest = clusters.student_log_partition(X, 3.0, 0.8) - clusters.row_entropies(q).sum()
    close(reverse, clusters.t_kmeans_cost(X, phi, 3.0, 0.8) + rest, atol=1e-9)


def test_normalized_cut():
    """A loop over hard clusters, and T20 with soft ones."""
    w = torch.exp(-torch.from_numpy(cdist(X, X))) * torch.from_numpy(OFF)
    labels = torch.arange(12) % 3
    a, y = w.numpy(), labels.numpy()
    expected = sum(a[y == c][:, y != c].sum() / a[y == c].sum() for c in range(3))
    close(clusters.normalized_cut(w, targets.class_rows(labels, 3)), expected)
    phi, degree = soft(12, 3), w.sum(1)
    q, tau = kernels.cluster(phi, weight=degree), 0.3
    close((q * w / degree).sum(), 3 - clusters.normalized_cut(w, phi))
    reverse = 12 * kernels.reverse_kl(targets.cut_rows(w, tau), q)
    log_z = (w / (tau * degree)).logsumexp(1).sum()
    cut = (clusters.normalized_cut(w, phi) - 3) / tau
    close(reverse, cut - clusters.row_entropies(q).sum() + log_z)


def test_spectral_embedding_of_components():
    """Two components: equal rows within, orthogonal rows across."""
    w = torch.block_diag(1 + draw(5, 1) ** 2 @ draw(1, 5, seed=0) ** 2, torch.ones(4, 4, dtype=torch.float64))
    expected = torch.block_diag(torch.ones(5, 5), torch.ones(4, 4))
    y = clusters.spectral_embedding((w + w.T) / 2, 2)
    close(y @ y.T, expected)


def test_pair_losses():
    """T21, T22, DCD on normalised and unnormalised similarities."""
    p, phi = targets.knn_rows(X, 3), soft(12, 3)
    q = kernels.cluster(phi)
    close(clusters.pmi(p, phi), kernels.cross_entropy(p, q) - math.log(12))
    psi = soft(12, 3, seed=8)
    close(clusters.pmi(p, phi, psi), kernels.cross_entropy(p, kernels.cluster(phi, psi)) - math.log(12))
    pairs = [
        -math.log(sum(phi[i, c] * phi[j, c] / phi[:, c].mean() for c in range(3))) for i, j in p.nonzero()
    ]
    close(clusters.pmi(p, phi), sum(pairs) / 36)
    close(clusters.dcd(p, phi), 12 * kernels.kl(p, q))
    a = 3 * p.numpy()
    generalised = (a[a > 0] * np.log(a[a > 0] / q.numpy()[a > 0])).sum() - a.sum() + 12
    close(clusters.dcd(torch.from_numpy(a), phi), generalised)
    labels = torch.tensor([0] * 5 + [1] * 4 + [2] * 3)
    hard = targets.class_rows(labels, 4)
    same = targets.same_class_rows(labels)
    sizes = scipy_entropy([5, 4, 3])
    close(clusters.size_entropy(hard), sizes)
    close(clusters.infonce_clustering(same, hard), math.log(12) - sizes)
    close(clusters.supervised_clustering(labels, hard), math.log(12) - sizes)
    close(clusters.supervised_clustering(labels, phi), kernels.cross_entropy(same, q))


@pytest.mark.parametrize("alpha_q", [0.0, 0.2])
def test_debiased_infonce_clustering(alpha_q):
    p, phi = targets.knn_rows(X, 3), soft(12, 3)
    q = targets.debias(kernels.cluster(phi), alpha_q)
    close(clusters.infonce_clustering(p, phi, 0.6, alpha_q), kernels.cross_entropy(targets.debias(p, 0.6), q))


P = targets.knn_rows(X, 3)  # with zeros, where a careless logarithm gives nan
GRAPH = (P + P.T).clamp(max=1.0)
OF_ASSIGNMENTS = {
    "kmeans_inertia": lambda phi: clusters.kmeans_inertia(X, phi),
    "contrastive_kmeans": lambda phi: clusters.contrastive_kmeans(X, phi),
    "t_kmeans_cost": lambda phi: clusters.t_kmeans_cost(X, phi),
    "reverse": lambda phi: kernels.reverse_kl(targets.gaussian_rows(X, 1.0, True), kernels.cluster(phi)),
    "normalized_cut": lambda phi: clusters.normalized_cut(GRAPH, phi),
    "dcd": lambda phi: clusters.dcd(P, phi),
    "pmi": lambda phi: clusters.pmi(P, phi),
    "infonce_clustering": lambda phi: clusters.infonce_clustering(P, phi, 0.3, 0.2),
    "supervised_clustering": lambda phi: clusters.supervised_clustering(torch.arange(12) % 4, phi),
    "size_entropy": clusters.size_entropy,
}
OF_POSITIONS = {
    "sne": lambda z: maps.sne(P, z),
    "symmetric_sne": lambda z: maps.symmetric_sne(targets.joint(P), z),
    "tsne": lambda z: maps.tsne(targets.joint(P), z),
    "row_tsne": lambda z: maps.row_tsne(P, z, df=2.0),
    "projected_variance": maps.projected_variance,
    "row_centred_stress": lambda z: maps.row_centred_stress(X, z),
}


@pytest.mark.parametrize("name", OF_ASSIGNMENTS)
def test_gradients_of_assignments(name):
    logits = draw(12, 3, seed=4).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: OF_ASSIGNMENTS[name](s.softmax(1)), logits)


@pytest.mark.parametrize("name", OF_POSITIONS)
def test_gradients_of_positions(name):
    assert torch.autograd.gradcheck(OF_POSITIONS[name], Z.clone().requires_grad_())
