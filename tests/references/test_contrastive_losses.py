"""NT-Xent, SupCon, CLIP, cross entropy, harmonic, triplet, error rate: formulas written from the papers."""

from __future__ import annotations

import math

import formulas as f
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from iconlearn.distributions import (
    KNN,
    Augmentation,
    Context,
    CrossModal,
    DataLabel,
    Gaussian,
    Harmonic,
    Label,
    StudentT,
)
from iconlearn.divergences import DIVERGENCES, entropy
from iconlearn.engines import Dense, Tiled
from iconlearn.points import Points

KL = DIVERGENCES["kl"]
engines = pytest.mark.parametrize(
    "engine", [Dense, lambda k, i, j: Tiled(k, i, j, block=5)], ids=["dense", "tiled"]
)
taus = pytest.mark.parametrize("tau", [0.07, 0.5])


@engines
@taus
def test_t03_nt_xent(views, tau, engine):
    """From cosines, and from the Euclidean Gaussian of sigma^2 = tau on unit vectors."""
    Z = views.value.numpy()
    expected = f.nt_xent(Z[:8], Z[8:], tau)
    p = Augmentation()(views, views, engine)
    loss = KL(p, Gaussian(math.sqrt(tau), "cos")(views, views, engine))
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    sphere = views.with_value(torch.from_numpy(f.unit(Z)))
    loss = KL(p, Gaussian(math.sqrt(tau))(sphere, sphere, engine))
    assert loss.item() == pytest.approx(expected, rel=1e-12)
    loss = KL(p, Gaussian(math.sqrt(tau), "dot")(sphere, sphere, engine))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_nt_xent_gradient_is_that_of_torch(views):
    z = views.value.clone().requires_grad_()
    points = views.with_value(z)
    KL(Augmentation()(views, views, Dense), Gaussian(math.sqrt(0.5), "cos")(points, points, Dense)).backward()
    x = views.value.clone().requires_grad_()
    logits = F.normalize(x) @ F.normalize(x).T / 0.5 - 1e9 * torch.eye(16, dtype=torch.float64)
    F.cross_entropy(logits, torch.arange(16).roll(8)).backward()
    torch.testing.assert_close(z.grad, x.grad, atol=1e-10, rtol=0)


def test_more_than_two_views(generator):
    Z = torch.randn(12, 3, generator=generator, dtype=torch.float64)
    i = Points.of(Z, id=torch.arange(4).repeat(3), view=torch.arange(3).repeat_interleave(4))
    expected, log_count = f.supcon(Z.numpy(), i.id.tolist(), 0.5)
    p = Augmentation(3)(i, i, Dense)
    assert entropy(p).item() == pytest.approx(math.log(2)) == log_count
    assert KL(p, Gaussian(math.sqrt(0.5), "cos")(i, i, Dense)).item() + log_count == pytest.approx(expected)


@engines
@taus
def test_t04_supcon(views, tau, engine):
    """L_out averaged over the anchors that have a positive."""
    labels = views.label.tolist()
    assert {-1, 3} <= set(labels)
    assert labels.count(3) == 1
    expected, log_count = f.supcon(views.value.numpy(), labels, tau)
    p = Label()(views, views, engine)
    loss = KL(p, Gaussian(math.sqrt(tau), "cos")(views, views, engine))
    assert loss.item() + log_count == pytest.approx(expected, rel=1e-12)
    assert entropy(p).item() == pytest.approx(log_count, rel=1e-12)


@engines
@taus
def test_t05_clip_is_the_average_of_both_directions(views, tau, engine):
    a, b = F.normalize(views.value[:8]), F.normalize(views.value[8:])
    logits, same = a @ b.T / tau, torch.arange(8)
    expected = (F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)) / 2
    q = Gaussian(math.sqrt(tau), "cos", pairs="cross_view")(views, views, engine)
    for target in (CrossModal(), Augmentation(pairs="cross_view")):
        assert KL(target(views, views, engine), q).item() == pytest.approx(expected.item(), rel=1e-12)


def test_one_direction_of_clip(views):
    a, b = views.take(torch.arange(8)), views.take(torch.arange(8, 16))
    expected = F.cross_entropy(F.normalize(a.value) @ F.normalize(b.value).T / 0.1, torch.arange(8))
    q = Gaussian(math.sqrt(0.1), "cos", pairs="cross_view")(a, b, Dense)
    assert KL(CrossModal()(a, b, Dense), q).item() == pytest.approx(expected.item(), rel=1e-12)


def test_t_simclr(views):
    """Positive views against a Student-t of the plain distance."""
    D = f.squared(views.value.numpy(), views.value.numpy())
    Q = f.normalised((1 + D / 2) ** -1.5 * f.no_self(16))
    expected = -np.mean([math.log(Q[i, (i + 8) % 16]) for i in range(16)])
    loss = KL(Augmentation()(views, views, Dense), StudentT(2)(views, views, Dense))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_neighbours_in_another_space(views, generator):
    """LGSimCLR: neighbours found among captions, scored among images."""
    captions = torch.randn(16, 5, generator=generator, dtype=torch.float64)
    i = Points.of(views.value, fields={"caption": captions})
    C, Z = f.unit(captions.numpy()), f.unit(views.value.numpy())
    near = [sorted((k for k in range(16) if k != r), key=lambda k: -C[r] @ C[k])[:3] for r in range(16)]
    Q = f.normalised(np.exp(Z @ Z.T / 0.5) * f.no_self(16))
    expected = -np.mean([np.log(Q[r, near[r]]).mean() for r in range(16)])
    p = KNN(3, "cos").on("caption")(i, i, Dense)
    loss = KL(p, Gaussian(math.sqrt(0.5), "cos")(i, i, Dense)).item()
    assert loss + math.log(3) == pytest.approx(expected, rel=1e-12)


def test_vicreg_without_covariance(views):
    """The wide limit with positive pairs: mean D(i, i+) - mean D."""
    D = f.squared(views.value.numpy(), views.value.numpy())
    expected = np.mean([D[i, (i + 8) % 16] for i in range(16)]) - D.sum() / (16 * 15)
    loss = KL(Augmentation()(views, views, Dense), Gaussian(math.inf)(views, views, Dense))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


# Prototypes: cross entropy, label smoothing, harmonic loss, error rate.


@pytest.fixture
def classified(generator):
    """Ten rows with labels, five prototypes."""
    rows = torch.randn(10, 3, generator=generator, dtype=torch.float64)
    weight = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    label = torch.randint(5, (10,), generator=generator)
    codes = torch.arange(5)
    columns = Points.of(weight, id=codes, view=torch.full((5,), -1), label=codes)
    return Points.of(rows, label=label), columns


@engines
def test_cross_entropy(classified, engine):
    i, j = classified
    logits = i.value @ j.value.T
    q = Gaussian(1, "dot", pairs="all")(i, j, engine)
    expected = F.cross_entropy(logits, i.label).item()
    assert KL(DataLabel()(i, j, engine), q).item() == pytest.approx(expected, rel=1e-12)


@engines
def test_t07_gaussian_prototypes_are_logits_with_a_bias(classified, engine):
    i, j = classified
    logits = i.value @ j.value.T - j.value.square().sum(-1) / 2
    expected = F.cross_entropy(logits, i.label).item()
    assert KL(DataLabel()(i, j, engine), Gaussian()(i, j, engine)).item() == pytest.approx(
        expected, rel=1e-12
    )


@engines
@pytest.mark.parametrize("alpha", [0.1, 0.6, 1])
def test_t06_label_smoothing(classified, alpha, engine):
    i, j = classified
    expected = F.cross_entropy(i.value @ j.value.T, i.label, label_smoothing=alpha).item()
    p = DataLabel().debias(alpha)(i, j, engine)
    loss = KL(p, Gaussian(1, "dot", pairs="all")(i, j, engine)) + entropy(p)
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_unlabelled_rows_are_ignored(classified):
    i, j = classified
    label = i.label.clone()
    label[[2, 7]] = -1
    expected = F.cross_entropy(i.value @ j.value.T, label, ignore_index=-1).item()
    i = Points.of(i.value, label=label)
    assert KL(DataLabel()(i, j, Dense), Gaussian(1, "dot", pairs="all")(i, j, Dense)).item() == pytest.approx(
        expected
    )


@pytest.mark.parametrize("n", [1, 3.5])
def test_harmonic_loss(classified, n):
    i, j = classified
    expected = f.harmonic(i.value.numpy(), j.value.numpy(), i.label.numpy(), n)
    loss = KL(DataLabel()(i, j, Dense), Harmonic(n, pairs="all")(i, j, Dense))
    assert loss.item() == pytest.approx(expected, rel=1e-12)


def test_t13_error_rate_limit(classified):
    """TV to a narrow Gaussian counts errors; the scaled cross entropy is D_y - min D."""
    i, j = classified
    D, y = f.squared(i.value.numpy(), j.value.numpy()), i.label.numpy()
    errors = np.mean(D.argmin(1) != y)
    assert 0 < errors < 1
    gap = np.mean(D[np.arange(10), y] - D.min(1))
    p = DataLabel()(i, j, Dense)
    misses = []
    for s in (1.0, 1e-1, 1e-2, 2e-4):  # 2 sigma^2
        q = Gaussian(math.sqrt(s / 2))(i, j, Dense)
        misses.append(abs(DIVERGENCES["tv"](p, q).item() - errors))
        excess = s * KL(p, q).item() - gap
        assert -1e-12 <= excess <= s * math.log(5)
    assert misses[0] > 10 * misses[1] > 100 * misses[2]  # faster than any power of s
    assert misses[3] < 1e-6
    assert excess < 1e-6
    assert KL(p, Gaussian(0)(i, j, Dense)).item() == pytest.approx(gap, rel=1e-12)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_t12_triplet(generator, sigma):
    """One positive and one negative: within s log 2 of the hinge on squared distances."""
    s = 2 * sigma**2
    for _ in range(20):
        a, plus, minus = torch.randn(3, 2, generator=generator, dtype=torch.float64)
        i = Points.of(a.unsqueeze(0))
        j = Points.of(torch.stack([plus, minus]), view=torch.tensor([1, 1]))
        hinge = max(float((a - plus).square().sum() - (a - minus).square().sum()), 0.0)
        p = Augmentation()(i, j, Dense)
        excess = s * KL(p, Gaussian(sigma)(i, j, Dense)).item() - hinge
        assert -1e-12 <= excess <= s * math.log(2) + 1e-12
        assert KL(p, Gaussian(0)(i, j, Dense)).item() == pytest.approx(hinge, abs=1e-12)


def test_t12_hardest_negative(views):
    """Eight candidates: max(0, D+ - min D-), within s log 8."""
    a, b = views.take(torch.arange(8)), views.take(torch.arange(8, 16))
    D = f.squared(a.value.numpy(), b.value.numpy())
    hinge = np.mean([max(0.0, D[i, i] - np.delete(D[i], i).min()) for i in range(8)])
    p, s = Augmentation()(a, b, Dense), 2 * 0.3**2
    assert KL(p, Gaussian(0)(a, b, Dense)).item() == pytest.approx(hinge, rel=1e-12)
    assert 0 <= s * KL(p, Gaussian(0.3)(a, b, Dense)).item() - hinge <= s * math.log(8)


def test_token_counts(generator):
    """Masked and next-token prediction: counts of tokens in a context against softmax over the vocabulary."""
    tokens = torch.tensor([[0, 0, 2, -1], [1, -1, -1, -1], [3, 3, 3, 0]])
    h = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    e = torch.randn(5, 4, generator=generator, dtype=torch.float64)
    i = Points.of(h, fields={"tokens": tokens})
    j = Points.of(e, view=torch.full((5,), -1))
    P = np.array([[2 / 3, 0, 1 / 3, 0, 0], [0, 1, 0, 0, 0], [1 / 4, 0, 0, 3 / 4, 0]])
    Q = (h @ e.T).softmax(-1).numpy()
    p = Context()(i, j, Dense)
    np.testing.assert_allclose(p.block(None).exp().numpy(), P, atol=1e-6)
    expected = np.mean([f.kl(a, b) for a, b in zip(P, Q, strict=True)])
    assert KL(p, Gaussian(1, "dot", pairs="all")(i, j, Dense)).item() == pytest.approx(expected, abs=1e-6)
