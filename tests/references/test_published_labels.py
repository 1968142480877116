"""The yardsticks of supervised losses and language models: against torch, metric-learning losses and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.distance import cdist
from sklearn.metrics import zero_one_loss
from yardsticks import close, draw, gradient

from iconlearn.published import contrastive, kernels, supervised, targets

Z, W = draw(12, 3), draw(5, 3, seed=3)
LABELS = torch.tensor([0, 1, 0, 2, 1, 0, 0, 3, 1, 1, 2, 0])  # class 3 has one member
OWN = targets.class_rows(LABELS, 5)


def both(ours, theirs) -> None:
    """Value and gradient with respect to embeddings and prototypes agree."""
    close(ours(Z, W), theirs(Z, W).detach())
    close(gradient(lambda z: ours(z, W), Z), gradient(lambda z: theirs(z, W), Z))
    close(gradient(lambda w: ours(Z, w), W), gradient(lambda w: theirs(Z, w), W))


# ---------------------------------------------------------------- same class


def test_supcon():
    """T4; the metric-learning library (its mean leaves single anchors out too); pairs as classes are NT-Xent."""
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    theirs = losses.SupConLoss(0.2)
    close(supervised.supcon(Z, LABELS, 0.2), theirs(Z, LABELS))
    close(gradient(lambda z: supervised.supcon(z, LABELS, 0.2), Z), gradient(lambda z: theirs(z, LABELS), Z))
    p, q = targets.same_class_rows(LABELS), kernels.cosine(Z, temperature=0.2)
    close(supervised.supcon(Z, LABELS, 0.2), kernels.cross_entropy(p, q))
    close(supervised.supcon(Z, LABELS, 0.2) - supervised.supcon_entropy(LABELS), kernels.kl(p, q))
    close(supervised.supcon_entropy(LABELS), (5 * math.log(4) + 4 * math.log(3) + 2 * math.log(1)) / 11)
    close(supervised.supcon(Z, torch.arange(12) % 6, 0.2), contrastive.nt_xent(Z[:6], Z[6:], 0.2))


def test_t_supcon():
    close(
        supervised.t_supcon(Z, torch.arange(12) % 6, 4.0, 1.5), contrastive.t_simclr(Z[:6], Z[6:], 4.0, 2.25)
    )
    k = (1 + cdist(Z, Z, "sqeuclidean")) ** -1.0 * ~np.eye(12, dtype=bool)
    losses = []
    for i in range(12):
        others = [j for j in range(12) if j != i and LABELS[i] == LABELS[j]]
        if others:
            losses.append(-np.log(k[i, others] / k[i].sum()).mean())
    close(supervised.t_supcon(Z, LABELS), np.mean(losses))


# ---------------------------------------------------------------- linear classifier


@pytest.mark.parametrize("alpha", [0.0, 0.2])
def test_cross_entropy_and_label_smoothing(alpha):
    """T6."""
    both(
        lambda z, w: supervised.label_smoothing(z, w, LABELS, alpha),
        lambda z, w: F.cross_entropy(z @ w.T, LABELS, label_smoothing=alpha),
    )
    p = targets.debias(OWN, alpha)
    close(supervised.label_smoothing(Z, W, LABELS, alpha), kernels.cross_entropy(p, kernels.dot(Z, W)))
    if alpha == 0:
        close(supervised.cross_entropy_linear(Z, W, LABELS), supervised.label_smoothing(Z, W, LABELS, 0.0))


def test_gaussian_prototypes_are_a_biased_linear_classifier():
    """T7."""
    bias = -W.square().sum(1) / 2
    close(
        supervised.cross_entropy_linear(Z, W, LABELS, bias),
        kernels.cross_entropy(OWN, kernels.gaussian(Z, W)),
    )
    close(
        supervised.label_smoothing(Z, W, LABELS, 0.1, bias),
        F.cross_entropy(Z @ W.T + bias, LABELS, label_smoothing=0.1),
    )


# ---------------------------------------------------------------- prototypes


def test_harmonic():
    """T14: logits -exponent log d; n = exponent/2 on squared distances; the narrow Student-t; free of scale."""
    both(
        lambda z, w: supervised.harmonic_loss(z, w, LABELS, 6.0),
        lambda z, w: F.cross_entropy(-6.0 * torch.linalg.vector_norm(z[:, None] - w, dim=2).log(), LABELS),
    )
    expected = supervised.harmonic_loss(Z, W, LABELS, 6.0)
    close(kernels.cross_entropy(OWN, kernels.harmonic(Z, W, 3.0)), expected)
    close(kernels.cross_entropy(OWN, kernels.student(Z, W, df=5.0, width=1e-5)), expected, atol=1e-6)
    close(supervised.harmonic_loss(100 * Z, 100 * W, LABELS, 6.0), expected)


def test_error_rate_and_margin():
    """T13: total variation and scaled cross entropy of the narrow Gaussian."""
    nearest = cdist(Z, W).argmin(1)
    error = zero_one_loss(LABELS.numpy(), nearest)
    assert 0 < error < 1
    close(supervised.error_rate(Z, W, LABELS), error)
    q = kernels.gaussian(Z, W, sigma=0.01)
    close((OWN - q).abs().sum(1).mean() / 2, error, atol=1e-6)
    margin = supervised.margin_to_nearest_prototype(Z, W, LABELS)
    log_q = (-kernels.squared_distances(Z, W) / 2e-4).log_softmax(1)
    close(-2e-4 * log_q[torch.arange(12), LABELS].mean(), margin, atol=1e-6)
    close(margin, contrastive.hardest_margin(OWN, Z, W))


# ---------------------------------------------------------------- language models


def test_mlm_by_position_and_by_count():
    contexts = torch.tensor([0, 0, 1, 2, 2, 2, 1, 0])
    tokens = torch.tensor([4, 4, 1, 0, 3, 0, 1, 2])
    counts = supervised.token_counts(contexts, tokens, 12, 5)
    close(counts[:3], [[0, 0, 1, 0, 2], [0, 2, 0, 0, 0], [2, 0, 0, 1, 0]])
    assert counts.sum() == 8
    both(
        lambda z, w: supervised.mlm_counts(z, w, counts),
        lambda z, w: F.cross_entropy(z[contexts] @ w.T, tokens),
    )
    close(supervised.mlm(Z[contexts], W, tokens), supervised.mlm_counts(Z, W, counts))
    weights = counts.sum(1) / counts.sum()
    rows = kernels.row_cross_entropies(targets.token_rows(counts), kernels.dot(Z, W))
    close((weights * rows).sum(), supervised.mlm_counts(Z, W, counts))


def test_next_token():
    tokens = torch.arange(12) % 5
    both(
        lambda z, w: supervised.next_token(z, w, tokens),
        lambda z, w: F.cross_entropy((z @ w.T)[:11], tokens[1:]),
    )
