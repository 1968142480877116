"""The yardsticks of clusterings by agreement: pair by pair, and the half of contrastive clustering in our parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn
from yardsticks import close, draw, gradient, soft

from iconlearn import Augmentation, Gaussian, ICon
from iconlearn.published import clusters, contrastive

PHI, PSI = soft(9, 4), soft(9, 4, seed=1)


def pairs() -> torch.Tensor:
    """Three neighbours a row, uniformly."""
    p = torch.zeros(9, 9, dtype=torch.float64)
    for i in range(9):
        for step in (1, 2, 4):
            p[i, (i + step) % 9] = 1 / 3
    return p


@pytest.mark.parametrize("beta", [1.0, 0.6])
@pytest.mark.parametrize("held", [False, True])
def test_temi_pair_by_pair(beta, held):
    pi = PSI.flip(0)[:4].mean(0) if held else PSI.mean(0)
    total = 0.0
    for i in range(9):
        for step in (1, 2, 4):
            s, t, own = PHI[i].numpy(), PSI[(i + step) % 9].numpy(), PSI[i].numpy()
            total -= float(own @ t) * math.log(((s * t) ** beta / pi.numpy()).sum()) / 27
    close(clusters.temi(pairs(), PHI, PSI, beta, pi if held else None), total)


def test_temi_without_its_exponent_and_weights_is_pmi():
    certain = torch.eye(4, dtype=torch.float64)[torch.arange(9) % 4]
    same = (certain @ certain.T) / (certain @ certain.T).sum(1, keepdim=True)
    close(clusters.temi(same, certain, certain, 1.0), clusters.pmi(same, certain))


def test_no_gradient_passes_through_temi_weights():
    def frozen(z: torch.Tensor) -> torch.Tensor:
        t = z.softmax(1)
        weight = (t @ t.T).detach()
        agreement = -(t @ (t / t.mean(0)).T).log()
        return (pairs() * weight * agreement).sum() / 9

    z = draw(9, 4)
    close(gradient(lambda z: clusters.temi(pairs(), z.softmax(1), z.softmax(1), 1.0), z), gradient(frozen, z))


def test_scan_pair_by_pair():
    phi = PHI.numpy()
    agreement = -sum(math.log(phi[i] @ phi[(i + s) % 9]) for i in range(9) for s in (1, 2, 4)) / 27
    mean = phi.mean(0)
    close(clusters.scan(pairs(), PHI, 2.5), agreement + 2.5 * float((mean * np.log(mean)).sum()))
    one = torch.zeros(9, 4, dtype=torch.float64)
    one[:, 0] = 1
    close(clusters.scan(pairs(), one), 0.0)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_the_cluster_half_of_contrastive_clustering_is_our_objective_on_clusters(temperature):
    class Same(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    a, b = soft(12, 5), soft(12, 5, seed=3)
    published = clusters.contrastive_clustering(a, b, temperature)
    sizes = clusters.size_entropy(a) + clusters.size_entropy(b)
    close(published + sizes, contrastive.nt_xent(a.T, b.T, temperature))
    model = ICon(Augmentation(2), Gaussian(temperature**0.5, "cos"), Same())
    close(model((a.T, b.T)) - sizes, published)
