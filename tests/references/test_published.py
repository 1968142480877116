"""The yardsticks themselves: what they import, kernels, divergences and targets."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, squareform
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy
from sklearn.manifold import _t_sne
from sklearn.neighbors import kneighbors_graph
from yardsticks import close, draw, gradient, soft

from iconlearn import published
from iconlearn.published import kernels, targets

FILES = sorted(Path(published.__file__).parent.glob("*.py"))
OWN = "iconlearn.published"


X, Z, W = draw(12, 4), draw(12, 2, seed=1), draw(5, 2, seed=2)
OFF = ~np.eye(12, dtype=bool)


def test_imports_nothing_of_the_library():
    assert len(FILES) >= 9
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            else:
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                inside = name == OWN or name.startswith(f"{OWN}.")
                assert inside or name.split(".")[0] in {"__future__", "collections", "torch"}, (
                    path.name,
                    name,
                )


# ---------------------------------------------------------------- kernels


def test_kernels_against_scipy():
    d = cdist(Z, Z, "sqeuclidean")
    masked = np.where(OFF, 0.0, -np.inf)
    sigma = torch.linspace(0.5, 2, 12, dtype=torch.float64)
    close(kernels.gaussian(Z, sigma=0.7), softmax(masked - d / (2 * 0.49), axis=1))
    close(kernels.gaussian(Z, sigma=sigma), softmax(masked - d / (2 * sigma.numpy()[:, None] ** 2), axis=1))
    close(kernels.gaussian(Z, sigma=0.7, self_included=True), softmax(-d / (2 * 0.49), axis=1))
    t = (1 + d / (3 * 0.25)) ** -2 * OFF
    close(kernels.student(Z, df=3, width=0.5), t / t.sum(1, keepdims=True))
    close(kernels.student(Z, df=3, width=torch.full((12, 1), 0.5)), t / t.sum(1, keepdims=True))
    close(kernels.joint_student(Z, df=3, width=0.5), t / t.sum())
    k = np.exp(-d) * OFF
    close(kernels.joint_gaussian(Z, sigma=math.sqrt(0.5)), k / k.sum())
    close(kernels.cosine(Z, W, temperature=0.3), softmax((1 - cdist(Z, W, "cosine")) / 0.3, axis=1))
    close(kernels.dot(Z, W, temperature=0.3), softmax(Z.numpy() @ W.numpy().T / 0.3, axis=1))
    h = cdist(Z, W) ** -6.0
    close(kernels.harmonic(Z, W, 3), h / h.sum(1, keepdims=True))
    close(kernels.squared_chords(Z, W), 2 * cdist(Z, W, "cosine"))


def test_student_tends_to_gaussian():
    """T15."""
    close(kernels.student(Z, df=1e6), kernels.gaussian(Z), atol=1e-5)


def test_candidates_replace_the_rule():
    mask = kernels.other_views(4, 3)
    assert mask.sum() == 12 * 8
    q = kernels.gaussian(Z, candidates=mask)
    assert (q[~mask] == 0).all()
    close(q.sum(1), np.ones(12))
    block = kernels.gaussian(Z[:4], Z[4:])
    close(q[:4, 4:], block)


def test_cluster_kernel():
    """T16, and a loop."""
    phi, psi, g = soft(12, 3), soft(12, 3, seed=3), 1 + draw(12).square()
    q = kernels.cluster(phi)
    close(q, q.T)
    close(q.sum(0), np.ones(12))
    close(kernels.cluster(phi, psi).sum(1), np.ones(12))
    expected = np.zeros((12, 12))
    for i in range(12):
        for j in range(12):
            expected[i, j] = sum(
                phi[i, c] * g[j] * psi[j, c] / sum(g[k] * psi[k, c] for k in range(12)) for c in range(3)
            )
    close(kernels.cluster(phi, psi, g), expected)
    hard = torch.eye(3, dtype=torch.float64)[torch.tensor([0, 0, 2])]
    close(kernels.cluster(hard), [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]])


def test_divergences():
    """T2, and scipy."""
    p, q = kernels.gaussian(X), kernels.student(Z)
    close(kernels.kl(p, p), 0.0)
    close(kernels.row_entropies(p), scipy_entropy(p.numpy(), axis=1))
    inside = p.numpy()[OFF].reshape(12, 11), q.numpy()[OFF].reshape(12, 11)
    close(kernels.kl(p, q), scipy_entropy(*inside, axis=1).mean())
    close(kernels.reverse_kl(p, q), scipy_entropy(*inside[::-1], axis=1).mean())
    close(kernels.cross_entropy(p, q), (kernels.kl(p, q) + kernels.entropy(p)).item())
    empty = torch.cat([p, torch.zeros(3, 12, dtype=torch.float64)])
    close(kernels.kl(empty, torch.cat([q, q[:3]])), kernels.kl(p, q))
    close(kernels.reverse_kl(empty, torch.cat([q, q[:3]])), kernels.reverse_kl(p, q))
    assert kernels.kl(targets.identity_rows(12), q) == torch.inf


# ---------------------------------------------------------------- targets


def test_rows_sum_to_one():
    """T1."""
    labels = torch.arange(12) % 3
    w = torch.exp(-cdist_torch(X))
    rows = [
        targets.gaussian_rows(X, 1.3),
        targets.student_rows(X, 2.0, perplexity_column()),
        targets.perplexity_rows(X, 4.0, kept=6),
        targets.knn_rows(X, 4),
        targets.graph_rows(w),
        targets.cut_rows(w, 0.1),
        targets.positive_rows(4, 3),
        targets.cross_modal_rows(6, 2),
        targets.same_class_rows(labels),
        targets.class_rows(labels, 4),
        targets.identity_rows(5),
        targets.cosine_softmax_rows(X, 0.2),
        targets.walk_rows(targets.knn_rows(X, 2), 3, uniform=True),
        targets.debias(targets.knn_rows(X, 2), 0.3, kernels.other_rows(12)),
    ]
    for p in rows:
        assert (p >= 0).all()
        close(p.sum(1), np.ones(len(p)))
    close(targets.joint(rows[0]).sum(), 1.0)


def cdist_torch(x: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(cdist(x, x))


def perplexity_column() -> torch.Tensor:
    return targets.perplexity_widths(X, 5.0)[:, None]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_perplexity(scale):
    """T29, the widths, and scikit-learn's joint P."""
    p = targets.perplexity_rows(scale * X, 4.5)
    close(kernels.row_entropies(p).exp(), np.full(12, 4.5), atol=1e-9)
    close(targets.gaussian_rows(scale * X, targets.perplexity_widths(scale * X, 4.5)), p)
    P = _t_sne._joint_probabilities((cdist(scale * X, scale * X, "sqeuclidean")), 4.5, 0)
    close(targets.joint(p), squareform(P), atol=1e-6)


def test_perplexity_of_the_kept():
    p = targets.perplexity_rows(X, 3.0, kept=7)
    assert ((p > 0).sum(1) == 7).all()
    close(kernels.row_entropies(p).exp(), np.full(12, 3.0), atol=1e-9)
    close((p > 0).double() / 7, targets.knn_rows(X, 7))
    close(targets.perplexity_rows(X, 3.0, kept=11), targets.perplexity_rows(X, 3.0))


def test_knn_against_scikit_learn():
    close(targets.knn_rows(X, 3), kneighbors_graph(X.numpy(), 3).toarray() / 3)


def test_pairs_and_labels():
    p = targets.positive_rows(2, 3)
    close(p[0], [0, 0, 0.5, 0, 0.5, 0])
    close(p[3], [0, 0.5, 0, 0, 0, 0.5])
    assert torch.equal(p, targets.cross_modal_rows(2, 3))
    close(
        targets.same_class_rows(torch.tensor([1, 0, 1, 1])),
        [[0, 0, 0.5, 0.5], [0] * 4, [0.5, 0, 0, 0.5], [0.5, 0, 0.5, 0]],
    )
    close(targets.class_rows(torch.tensor([2, 0]), 3), [[0, 0, 1], [1, 0, 0]])
    close(targets.token_rows(torch.tensor([[1.0, 3.0], [0.0, 0.0]]).double()), [[0.25, 0.75], [0, 0]])


def test_walks():
    """T23."""
    p = targets.knn_rows(X, 2)
    a = p.numpy()
    close(targets.walk_rows(p, 1), a)
    close(targets.walk_rows(p, 3), (a + a @ a + a @ a @ a) / 3)
    reach = (a + a @ a + a @ a @ a) > 0
    close(targets.walk_rows(p, 3, uniform=True), reach / reach.sum(1, keepdims=True))


def test_debias():
    """T24: identity, gradient, alpha = 1, empty rows."""
    p, scores = targets.knn_rows(X, 2), draw(12, 12, seed=5)
    tilde = targets.debias(p, 0.3)
    q = scores.softmax(1)
    expected = 0.7 * kernels.cross_entropy(p, q) - 0.3 * q.log().mean()
    close(kernels.cross_entropy(tilde, q), expected)
    g = gradient(lambda s: kernels.cross_entropy(tilde, s.softmax(1)), scores)
    close(g, (q - 0.7 * p - 0.3 / 12) / 12)
    close(targets.debias(p, 1.0), np.full((12, 12), 1 / 12))
    close(targets.debias(p, 1.0, kernels.other_rows(12)), OFF / 11)
    assert (targets.debias(torch.zeros(2, 3), 0.5) == 0).all()
