"""The yardsticks of contrastive losses: against torch, metric-learning losses, loops and limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.spatial.distance import cdist
from scipy.special import softmax
from yardsticks import close, draw, gradient

from iconlearn.published import contrastive, kernels, margins, targets

N = 6
A, B, C = draw(N, 3), draw(N, 3, seed=1), draw(N, 3, seed=2)
AB = torch.cat([A, B])
LABELS = torch.tensor([0, 1, 0, 2, 1, 0, 0, 3, 1, 1, 2, 0])  # class 3 has one member


def both(ours, theirs, z: torch.Tensor = AB) -> None:
    """Value and gradient of two functions of z agree."""
    close(ours(z), theirs(z).detach())
    close(gradient(ours, z), gradient(theirs, z))


def pairs(loss, *args):
    """A loss of two views as a function of the stacked views."""
    return lambda z: loss(z[:N], z[N:], *args)


def masked_cross_entropy(z: torch.Tensor, temperature: float) -> torch.Tensor:
    logits = F.normalize(z) @ F.normalize(z).T / temperature
    logits = logits - torch.diag(torch.full((2 * N,), torch.inf, dtype=z.dtype))
    return F.cross_entropy(logits, torch.arange(2 * N).roll(N))


def query_key(q: torch.Tensor, k: torch.Tensor, temperature: float) -> torch.Tensor:
    return F.cross_entropy(F.normalize(q) @ F.normalize(k).T / temperature, torch.arange(len(q)))


# ---------------------------------------------------------------- all others are candidates


@pytest.mark.parametrize("tau", [0.07, 0.5])
def test_nt_xent(tau):
    """T3: torch, the metric-learning library, and the Euclidean Gaussian of sigma^2 = tau on the sphere."""
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    both(pairs(contrastive.nt_xent, tau), lambda z: masked_cross_entropy(z, tau))
    both(pairs(contrastive.nt_xent, tau), lambda z: losses.NTXentLoss(tau)(z, torch.arange(2 * N) % N))
    q = kernels.gaussian(kernels.unit(AB), sigma=math.sqrt(tau))
    close(contrastive.nt_xent(A, B, tau), kernels.cross_entropy(targets.positive_rows(N, 2), q))
    close(contrastive.multi_view_nt_xent([A, B], tau), contrastive.nt_xent(A, B, tau))


def test_three_views_average_outside_the_logarithm():
    z = F.normalize(torch.cat([A, B, C])).numpy()
    logits = z @ z.T / 0.3 + np.diag(np.full(3 * N, -np.inf))
    q = softmax(logits, axis=1)
    expected = [-math.log(q[i, j]) for i in range(3 * N) for j in range(3 * N) if i != j and i % N == j % N]
    close(contrastive.multi_view_nt_xent([A, B, C], 0.3), np.mean(expected))


@pytest.mark.parametrize(("df", "tau"), [(1.0, 1.0), (5.0, 2.0)])
def test_t_simclr(df, tau):
    k = (1 + cdist(AB, AB, "sqeuclidean") / (tau * df)) ** (-(df + 1) / 2)
    np.fill_diagonal(k, 0)
    expected = [-math.log(k[i, (i + N) % (2 * N)] / k[i].sum()) for i in range(2 * N)]
    close(contrastive.t_simclr(A, B, df, tau), np.mean(expected))
    if (df, tau) == (1.0, 1.0):
        both(pairs(contrastive.t_simcne), pairs(contrastive.t_simclr, 1.0))
    wide = kernels.gaussian(AB, sigma=math.sqrt(tau))
    limit = kernels.cross_entropy(targets.positive_rows(N, 2), wide)
    close(contrastive.t_simclr(A, B, 1e7, tau), limit, atol=1e-5)  # T15


@pytest.mark.parametrize("tau_plus", [0.02, 0.5])
def test_dcl(tau_plus):
    """A loop; the clamp acts for some anchors at 0.5 and for none at 0.02. T25 at 0."""
    z, tau, size, clamped, losses = F.normalize(AB).numpy(), 0.5, 2 * N - 2, 0, []
    for i in range(2 * N):
        j = (i + N) % (2 * N)
        pos = math.exp(z[i] @ z[j] / tau)
        neg = sum(math.exp(z[i] @ z[k] / tau) for k in range(2 * N) if k not in (i, j))
        g, least = (neg - tau_plus * size * pos) / (1 - tau_plus), size * math.exp(-1 / tau)
        clamped += g < least
        losses.append(-math.log(pos / (pos + max(g, least))))
    assert (0 < clamped < 2 * N) == (tau_plus == 0.5)
    close(contrastive.dcl(A, B, tau, tau_plus), np.mean(losses))
    both(pairs(contrastive.dcl, tau, 0.0), pairs(contrastive.nt_xent, tau))


# ---------------------------------------------------------------- queries against keys


def test_clip_cmc_and_infonce_of_two():
    """T5: and all four are the I-Con form with the other modality as candidates."""
    tau = 0.2
    both(
        pairs(contrastive.clip, tau),
        lambda z: (query_key(z[:N], z[N:], tau) + query_key(z[N:], z[:N], tau)) / 2,
    )
    expected = contrastive.clip(A, B, tau)
    q = kernels.cosine(AB, temperature=tau, candidates=kernels.other_views(N, 2))
    close(kernels.cross_entropy(targets.cross_modal_rows(N, 2), q), expected)
    for loss in (contrastive.info_nce, contrastive.cmc, contrastive.cmc_joint):
        close(loss([A, B], tau), expected)


def test_three_modalities():
    """CMC has a softmax for each pair, I-Con's form one for all of them: they differ, each as stated."""
    tau, views = 0.2, [A, B, C]
    expected = sum(query_key(a, b, tau) for a in views for b in views if a is not b) / 6
    close(contrastive.cmc(views, tau), expected)
    q = kernels.cosine(torch.cat(views), temperature=tau, candidates=kernels.other_views(N, 3))
    joint = kernels.cross_entropy(targets.cross_modal_rows(N, 3), q)
    close(contrastive.cmc_joint(views, tau), joint)
    assert joint > expected + 0.1


def test_moco_v3():
    """torch; 4 t times I-Con's mean over the queries; keys get no gradient."""
    k1, k2, tau = draw(N, 3, seed=4), draw(N, 3, seed=5), 0.2
    both(
        lambda z: contrastive.moco_v3(z[:N], z[N:], k1, k2, tau),
        lambda z: 2 * tau * (query_key(z[:N], k2, tau) + query_key(z[N:], k1, tau)),
    )
    q = kernels.cosine(AB, torch.cat([k1, k2]), temperature=tau, candidates=kernels.other_views(N, 2))
    mean = kernels.cross_entropy(targets.positive_rows(N, 2), q)
    close(contrastive.moco_v3(A, B, k1, k2, tau), 4 * tau * mean)
    k1.requires_grad_()
    k2.requires_grad_()
    assert not contrastive.moco_v3(A, B, k1, k2, tau).requires_grad


def test_t_clip():
    k = (1 + cdist(A, B, "sqeuclidean") / (3 * 0.25)) ** -2.0
    expected = -np.log(np.diag(k) / k.sum(1)).mean() / 2 - np.log(np.diag(k) / k.sum(0)).mean() / 2
    close(contrastive.t_clip(A, B, 3.0, 0.5), expected)


# ---------------------------------------------------------------- neighbours and soft targets


def test_x_sample():
    """scipy's softmax; captions equal in pairs, at a small temperature, make it NT-Xent."""
    captions = F.normalize(draw(2 * N, 4, seed=6))
    g = captions.numpy() @ captions.numpy().T / 0.1
    f = F.normalize(AB).numpy() @ F.normalize(AB).numpy().T / 0.3
    np.fill_diagonal(g, -np.inf)
    np.fill_diagonal(f, -np.inf)
    p, q = softmax(g, axis=1), softmax(f, axis=1)
    off = ~np.eye(2 * N, dtype=bool)
    close(contrastive.x_sample(AB, captions, 0.3, 0.1), -(p[off] * np.log(q[off])).sum() / (2 * N))
    same = captions[:N].repeat(2, 1)
    close(contrastive.x_sample(AB, same, 0.3, 1e-3), contrastive.nt_xent(A, B, 0.3))


def test_lgsimclr():
    """One neighbour, captions equal in pairs: NT-Xent. Three: a loop over sorted cosines."""
    captions = draw(2 * N, 4, seed=6)
    close(contrastive.lgsimclr(AB, captions[:N].repeat(2, 1), 1, 0.3), contrastive.nt_xent(A, B, 0.3))
    q = kernels.cosine(AB, temperature=0.3).numpy()
    nearest = np.argsort(cdist(captions, captions, "cosine"), axis=1)[:, 1:4]
    expected = -np.mean([np.log(q[i, row]) for i, row in enumerate(nearest)])
    close(contrastive.lgsimclr(AB, captions, 3, 0.3), expected)


# ---------------------------------------------------------------- VICReg and margins


def test_vicreg():
    """The library halves the variance and divides the invariance by the dimension; the paper does neither."""
    losses = pytest.importorskip("pytorch_metric_learning.losses")
    small = 0.3 * AB  # so that the hinges act
    theirs = losses.VICRegLoss()
    s, v, c = contrastive.vicreg_terms(small[:N], small[N:])
    close(s / 3, theirs.invariance_loss(small[:N], small[N:]).mean())
    close(v / 2, sum(theirs.variance_loss(small[:N], small[N:])).mean())
    close(c, theirs.covariance_loss(small[:N], small[N:]))
    both(
        pairs(contrastive.vicreg, (25.0 / 3, 12.5, 1.0)),
        lambda z: theirs(z[:N], ref_emb=z[N:]),
        small,
    )
    assert v > 0.1


def test_vi_reg():
    """T9, T11: the wide limit of I-Con; a loop; -2 n/(n - 1) times the variance beside the positive distance."""
    d = cdist(AB, AB, "sqeuclidean")
    rest = [np.delete(d[i], i).mean() for i in range(2 * N)]
    exact = contrastive.vi_reg(A, B)
    close(exact, np.mean([d[i, (i + N) % (2 * N)] - rest[i] for i in range(2 * N)]))
    variance = ((AB - AB.mean(0)) ** 2).sum(1).mean()
    close(exact, (A - B).square().sum(1).mean() - 2 * 2 * N / (2 * N - 1) * variance)
    errors = []
    for s in (1e3, 1e4):
        q = kernels.gaussian(AB, sigma=math.sqrt(s / 2))
        gap = s * (kernels.cross_entropy(targets.positive_rows(N, 2), q) - math.log(2 * N - 1)) - exact
        assert gap > 0
        errors.append(gap)
    assert errors[1] < 0.11 * errors[0]


@pytest.mark.parametrize("margin", [0.1, 0.5])
def test_triplet(margin):
    """torch's loss with squared distances in place of its own, and the metric-learning library's."""
    pml = pytest.importorskip("pytorch_metric_learning")
    losses, distances = pytest.importorskip("pytorch_metric_learning.losses"), pml.distances
    expected = F.triplet_margin_with_distance_loss(
        A, B, C, distance_function=lambda x, y: (x - y).square().sum(1), margin=margin, reduction="sum"
    )
    close(contrastive.triplet(A, B, C, margin), expected)
    theirs = losses.TripletMarginLoss(
        margin,
        distance=distances.LpDistance(normalize_embeddings=False, power=2),
        reducer=pml.reducers.SumReducer(),
    )
    i = torch.arange(N)
    both(
        lambda z: contrastive.triplet(z[:N], z[N : 2 * N], z[2 * N :], margin),
        lambda z: theirs(z, indices_tuple=(i, i + N, i + 2 * N)),
        torch.cat([A, B, C]),
    )
    close(contrastive.hardest_triplet(A, B, C[:, None], margin), expected)


def test_soft_triplets():
    """A loop over anchors and candidates; one negative alone is torch's softplus; it tends to the hardest."""
    p, scale, margin = targets.positive_rows(N, 2), 0.7, 0.3
    d, candidates = torch.from_numpy(cdist(AB, AB, "sqeuclidean")), kernels.other_rows(2 * N)
    expected = []
    for i in range(2 * N):
        j = (i + N) % (2 * N)
        above = [math.exp((d[i, j] - d[i, k] + margin) / scale) for k in range(2 * N) if k not in (i, j)]
        expected.append(math.log(1 + sum(above)))
    close(margins.soft_triplets(p, d, margin, scale, candidates), np.mean(expected))
    apart = torch.tensor(-0.5, dtype=torch.float64)
    pair = torch.tensor([[0.4, 0.9]], dtype=torch.float64)
    every = torch.ones(1, 2, dtype=torch.bool)
    close(margins.soft_triplets(torch.eye(2)[:1].double(), pair, 0.0, 1.0, every), F.softplus(apart))
    hardest = margins.hardest_impostor(p, d, margin, candidates)
    gaps = [s * margins.soft_triplets(p, d, margin, s, candidates) - hardest for s in (0.1, 0.05)]
    assert 0 <= gaps[1] <= gaps[0] <= 0.1 * math.log(2 * N)


@pytest.mark.parametrize("margin", [0.2, 3.0])
def test_semi_hard_triplets(margin):
    """A loop; and every triplet is one that the metric-learning library mines as semi-hard, or costs nothing."""
    miners = pytest.importorskip("pytorch_metric_learning.miners")
    distances = pytest.importorskip("pytorch_metric_learning").distances
    p = targets.positive_rows(N, 2)
    d, candidates = torch.from_numpy(cdist(AB, AB, "sqeuclidean")), kernels.other_rows(2 * N)
    expected, chosen = [], set()
    for i in range(2 * N):
        j = (i + N) % (2 * N)
        farther = [k for k in range(2 * N) if k not in (i, j) and d[i, k] > d[i, j]]
        nearest = min(farther, key=lambda k, i=i: d[i, k], default=None)
        hinge = 0.0 if nearest is None else max(0.0, float(d[i, j] - d[i, nearest] + margin))
        expected.append(hinge)
        chosen |= {(i, j, nearest)} if hinge else set()
    close(margins.semi_hard_triplets(p, d, margin, candidates), np.mean(expected))
    mine = miners.TripletMarginMiner(
        margin, "semihard", distance=distances.LpDistance(normalize_embeddings=False, power=2)
    )
    mined = set(zip(*(index.tolist() for index in mine(AB, torch.arange(2 * N) % N)), strict=True))
    assert chosen
    assert chosen <= mined
    assert margins.semi_hard_triplets(p, d, margin, candidates) < margins.hardest_impostor(
        p, d, margin, candidates
    )


def test_hardest_margin():
    """T12: with one positive it is the hardest triplet; the narrow limit, within s log M."""
    p = targets.positive_rows(N, 2)
    exact = contrastive.hardest_margin(p, AB)
    negatives = torch.stack(
        [AB[[k for k in range(2 * N) if k not in (i, (i + N) % (2 * N))]] for i in range(2 * N)]
    )
    close(2 * N * exact, contrastive.hardest_triplet(AB, AB.roll(N, 0), negatives, 0.0))
    for s in (1.0, 0.1):
        gap = s * kernels.cross_entropy(p, kernels.gaussian(AB, sigma=math.sqrt(s / 2))) - exact
        assert 0 <= gap <= s * math.log(2 * N - 1)
    same = targets.same_class_rows(LABELS)
    d = cdist(AB, AB, "sqeuclidean") + np.diag(np.full(12, np.inf))
    rows = [i for i in range(12) if same[i].sum() > 0]
    expected = [d[i][same[i].numpy() > 0].mean() - d[i].min() for i in rows]
    assert len(rows) == 11
    close(contrastive.hardest_margin(same, AB), np.mean(expected))


def test_margins_between_modalities_and_on_the_sphere():
    d, p = 2 * cdist(A, B, "cosine"), targets.identity_rows(N)
    chord = {"distance": kernels.squared_chords}
    close(contrastive.average_margin(p, A, B, **chord), np.mean(np.diag(d) - d.mean(1)))
    close(contrastive.hardest_margin(p, A, B, **chord), np.mean(np.diag(d) - d.min(1)))
    mask, both_ways = kernels.other_views(N, 2), targets.cross_modal_rows(N, 2)
    expected = np.diag(d).mean() - (d.mean(1).mean() + d.mean(0).mean()) / 2
    close(contrastive.average_margin(both_ways, AB, candidates=mask, **chord), expected)
    expected = np.diag(d).mean() - (d.min(1).mean() + d.min(0).mean()) / 2
    close(contrastive.hardest_margin(both_ways, AB, candidates=mask, **chord), expected)


OF_VIEWS = {
    "multi_view_nt_xent": lambda z: contrastive.multi_view_nt_xent(z.split(4), 0.3),
    "info_nce": lambda z: contrastive.info_nce(z.split(4), 0.3),
    "cmc": lambda z: contrastive.cmc(z.split(4), 0.3),
    "t_simclr": pairs(contrastive.t_simclr, 4.0, 2.0),
    "dcl": pairs(contrastive.dcl, 0.5, 0.1),
    "vicreg": pairs(contrastive.vicreg, (25.0, 25.0, 1.0)),
    "t_clip": pairs(contrastive.t_clip, 3.0),
    "vi_reg": pairs(contrastive.vi_reg),
    "x_sample": lambda z: contrastive.x_sample(z, X4, 0.3, 0.1),
    "lgsimclr": lambda z: contrastive.lgsimclr(z, X4, 2, 0.3),
    "hardest_margin": lambda z: contrastive.hardest_margin(targets.same_class_rows(LABELS), z),
    "hardest_triplet": lambda z: contrastive.hardest_triplet(z[:4], z[4:8], z[8:].expand(4, 4, 3), 0.2),
}
X4 = draw(2 * N, 4, seed=6)


@pytest.mark.parametrize("name", OF_VIEWS)
def test_gradients(name):
    assert torch.autograd.gradcheck(OF_VIEWS[name], AB.clone().requires_grad_())
