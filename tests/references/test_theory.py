"""The theory as tests: what RECIPES lists is each proved by a test that has its number in its name."""

from __future__ import annotations

import ast
import itertools
import math
import re
from pathlib import Path

import formulas as f
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from iconlearn import ICon, Orthonormal, Perplexity
from iconlearn.distributions import (
    KNN,
    Augmentation,
    Context,
    CrossModal,
    DataLabel,
    Gaussian,
    Graph,
    Harmonic,
    Identity,
    Label,
    StudentT,
    UniformCluster,
)
from iconlearn.divergences import DIVERGENCES, entropy
from iconlearn.engines import Dense
from iconlearn.evaluation import hungarian_accuracy
from iconlearn.points import Points
from iconlearn.published.contrastive import dcl

KL = DIVERGENCES["kl"]
TESTS = Path(__file__).parents[1]
RECIPES = {  # `pytest -k t09` runs the tests of recipe 9
    1: "rows of every p and q are not negative and sum to 1; the log form is the log of the masses",
    2: "KL(p, p) = 0 and CE - KL = H(p), which is 0 for a one-hot p",
    3: "NT-Xent is the cross entropy of positive pairs and cosines, and of a Gaussian on unit vectors",
    4: "SupCon is KL plus log(K_i - 1) in every row",
    5: "CLIP, the average of two directions, is one mean over all anchors",
    6: "label smoothing is a debiased data-label target",
    7: "Gaussians at prototypes are linear logits with a bias",
    8: "gradients of SNE and t-SNE",
    9: "the wide limit, self excluded",
    10: "PCA is the wide limit of the identity",
    11: "the wide limit bounds the cross entropy from below",
    12: "triplet losses are the narrow limit: plain, with a margin, with the hardest negative",
    13: "the error rate is the narrow limit of total variation",
    14: "the harmonic loss is the narrow limit of Student-t",
    15: "Student-t tends to the Gaussian",
    16: "the cluster kernel is symmetric and doubly stochastic; two views divide by the sums of the columns",
    17: "the cluster kernel and the k-means cost",
    18: "reverse KL is k-means minus an entropy",
    19: "k-means is the narrow limit",
    20: "normalised cuts",
    21: "PMI clustering",
    22: "the loss of hard clusters that hold all positives",
    23: "random walks",
    24: "debiasing: values, gradient, bound",
    25: "DCL without correction is NT-Xent",
    26: "divergences: logit gradients, one-hot values, inequalities",
    27: "chain rule of the joint form",
    28: "wide on both sides is stress",
    29: "perplexity",
    30: "Hungarian accuracy",
}


def test_every_recipe_has_a_test_and_no_test_an_unknown_one():
    functions = (
        node.name
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )
    found = {int(part[1:]) for name in functions for part in name.split("_") if re.fullmatch(r"t\d\d", part)}
    assert found == set(RECIPES) == set(range(1, 31))


def stochastic(K: np.ndarray) -> np.ndarray:
    """Rows divided by their sums; rows of zeros stay."""
    total = K.sum(1, keepdims=True)
    return K / np.where(total > 0, total, 1)


@pytest.fixture
def rows(views, generator):
    """The two views with the tokens of eight contexts, and one prototype for each of five classes."""
    tokens = torch.randint(5, (16, 3), generator=generator)
    i = Points.of(views.value, id=views.id, view=views.view, label=views.label, fields={"tokens": tokens})
    j = Points.of(i.value[:5] + 1, view=torch.full((5,), -1), label=torch.arange(5))
    return i, j


def masses_by_hand(i: Points) -> dict:
    """Every family by its name here: the distribution, and its masses as products and quotients."""
    X, n = i.value.numpy(), i.n
    D, other = f.squared(X, X), f.no_self(n)
    cosine = f.unit(X) @ f.unit(X).T
    label, same_id = i.label.numpy(), i.id.numpy()[:, None] == i.id.numpy()
    one_hot = label[:, None] == np.arange(5)
    same = (label[:, None] == label) & (label >= 0)[:, None] & other
    near = np.argsort(np.argsort(np.where(other, D, np.inf), 1), 1) < 3
    W = np.random.default_rng(0).uniform(size=(8, 8)) + 0.1
    between = W[np.ix_(i.id.numpy(), i.id.numpy())] * other
    counts = (i.fields["tokens"].numpy()[:, :, None] == np.arange(5)).sum(1)
    phi = np.exp(X) / np.exp(X).sum(1, keepdims=True)
    smooth = 0.7 * stochastic(same) + 0.3 / (n - 1) * other * same.any(1)[:, None]
    perplexity = f.perplexity_rows(D, 5)
    walks = stochastic(near) @ (np.eye(n) + stochastic(near))
    return {
        "gaussian": (Gaussian(0.7), stochastic(np.exp(-D / 0.98) * other)),
        "cosine": (Gaussian(0.7, "cos", pairs="all"), stochastic(np.exp(cosine / 0.49))),
        "perplexity": (Gaussian(Perplexity(5, kept=None)), perplexity),
        "student": (StudentT(2.5, 0.8), stochastic((1 + D / (2.5 * 0.64)) ** -1.75 * other)),
        "harmonic": (Harmonic(1.5), stochastic((D + ~other) ** -1.5 * other)),
        "neighbours": (KNN(3), near / 3),
        "graph": (Graph(W), stochastic(between)),
        "identity": (Identity(), np.eye(n)),
        "label": (Label(), stochastic(same)),
        "augmentation": (Augmentation(), 1.0 * (same_id & other)),
        "cross-modal": (CrossModal(), 1.0 * (same_id & other)),
        "data-label": (DataLabel(), 1.0 * one_hot),
        "context": (Context(), counts / 3),
        "clusters": (UniformCluster(), f.cluster_kernel(phi)),
        "debiased": (Label().debias(0.3), smooth),
        "walks": (KNN(3).propagate(2), stochastic(walks * other)),
        "mixture": (0.25 * KNN(3) + 0.75 * Augmentation(), near / 12 + 0.75 * (same_id & other)),
        "joint": (Gaussian(Perplexity(5, kept=None)).symmetrize(), (perplexity + perplexity.T) / (2 * n)),
    }


@pytest.mark.usefixtures("float64")
def test_t01_masses_are_those_of_the_formulas(rows):
    i, classes = rows
    for name, (dist, expected) in masses_by_hand(i).items():
        j = classes if name in ("data-label", "context") else i
        p = dist(i, j, Dense)
        log_p = p.block(None).numpy()
        P, filled = np.exp(log_p), ~p.empty.numpy()
        total = P.sum(1)[filled] if p.normalize == "row" else P.sum()
        np.testing.assert_allclose(total, 1, atol=1e-10, err_msg=name)
        np.testing.assert_array_equal(filled, expected.sum(1) > 0, err_msg=name)
        np.testing.assert_array_equal(P > 0, expected > 0, err_msg=name)
        inside = expected > 0
        np.testing.assert_allclose(log_p[inside], np.log(expected[inside]), atol=1e-10, err_msg=name)


def test_t04_supcon_is_kl_plus_the_log_of_the_positives_in_every_row(views):
    label = views.label.numpy()
    positives = ((label[:, None] == label) & f.no_self(16)).sum(1) * (label >= 0)
    scores = np.where(f.no_self(16), f.unit(views.value.numpy()) @ f.unit(views.value.numpy()).T / 0.1, -1e9)
    log_q = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    kl = KL.rows(Label()(views, views, Dense), Gaussian(math.sqrt(0.1), "cos")(views, views, Dense)).numpy()
    for i in np.flatnonzero(positives):
        mine = (label == label[i]) & f.no_self(16)[i]
        assert -log_q[i, mine].mean() - kl[i] == pytest.approx(math.log(positives[i]), abs=1e-12)


def test_t08_gradients_of_sne_and_tsne(cloud, plane):
    W = np.random.default_rng(0).uniform(0.1, 1, (20, 20))
    P = f.normalised(W * f.no_self(20))
    target = Graph(W)
    for (value, slope), p, q, times in (
        (f.sne(P, plane.value.numpy()), target, Gaussian(math.sqrt(0.5)), 20),
        (f.tsne((P + P.T) / 40, plane.value.numpy()), target.symmetrize(), StudentT(normalize="joint"), 1),
    ):
        z = plane.with_value(plane.value.clone().requires_grad_())
        loss = times * KL(p(cloud, cloud, Dense), q(z, z, Dense))
        loss.backward()
        assert loss.item() == pytest.approx(value, abs=1e-10)
        np.testing.assert_allclose(z.value.grad.numpy(), slope, atol=1e-10)


def test_t10_training_against_a_wide_gaussian_finds_the_principal_subspace(generator):
    spread = torch.tensor([3.0, 2.0, 1.5, 1.0, 0.5], dtype=torch.float64)
    X = torch.randn(60, 5, generator=generator, dtype=torch.float64) * spread
    X = X @ torch.linalg.qr(torch.randn(5, 5, generator=generator, dtype=torch.float64)).Q + 4
    wide = Gaussian(math.sqrt(1e4 / 2), pairs="all")
    model = ICon(Identity(), wide, Orthonormal(5, 2).double())
    principal = torch.linalg.svd(X - X.mean(0)).Vh[:2]

    def cosines() -> torch.Tensor:
        return torch.linalg.svdvals(model.mapper.weight @ principal.mT)

    assert cosines().min() < 0.9
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(300):
        optimizer.zero_grad()
        model(X).backward()
        optimizer.step()
    assert cosines().min() > 0.999


@pytest.mark.parametrize("target", [Gaussian(0.7), Label(), KNN(3), Label().debias(0.5)], ids=repr)
def test_t11_the_wide_limit_bounds_the_cross_entropy_from_below(views, target):
    p = target(views, views, Dense)
    for pairs, candidates in (("all", 16), ("distinct", 15)):
        limit = KL(p, Gaussian(math.inf, pairs=pairs)(views, views, Dense)).item()
        for s in (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4):
            cross = KL(p, Gaussian(math.sqrt(s / 2), pairs=pairs)(views, views, Dense)) + entropy(p)
            assert cross.item() > math.log(candidates) + limit / s - 1e-13


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("margin", [0.0, 0.2, 1.5])
def test_t12_triplet_with_a_margin(generator, margin):
    """The kernel of the negative times exp(m / s), as a metric of the user's own."""

    def metric(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        squared = (x[..., :, None, :-1] - y[..., None, :, :-1]).square().sum(-1)
        return squared - y[..., None, :, -1]

    anchors, plus, minus = torch.randn(3, 30, 2, generator=generator)
    tied = ((plus[0] - anchors[0]).square().sum() + margin).sqrt()
    minus[0] = anchors[0] + tied * torch.tensor([0.6, 0.8])
    kept = []
    for a, b, c in zip(anchors, plus, minus, strict=True):
        hinge = max(float((a - b).square().sum() - (a - c).square().sum()) + margin, 0.0)
        columns = torch.cat([torch.stack([b, c]), torch.tensor([[0.0], [margin]])], 1)
        i = Points.of(F.pad(a, (0, 1)).unsqueeze(0))
        j = Points.of(columns, view=torch.tensor([1, 1]))
        p = Augmentation()(i, j, Dense)
        excess = []
        for s in (1.0, 1e-1, 1e-2, 1e-3):
            q = Gaussian(math.sqrt(s / 2), metric)(i, j, Dense)
            excess.append(s * KL(p, q).item() - hinge)
            assert -1e-12 <= excess[-1] <= s * math.log(2) + 1e-12
        assert KL(p, Gaussian(0, metric)(i, j, Dense)).item() == pytest.approx(hinge, abs=1e-12)
        kept.append(excess)
    # the first triplet ties, where the bound is reached and falls tenfold per tenfold step of s
    np.testing.assert_allclose(kept[0], np.log(2) * np.array([1.0, 1e-1, 1e-2, 1e-3]), atol=1e-12)


@pytest.mark.parametrize("tau", [0.07, 0.5])
def test_t25_dcl_without_correction_is_nt_xent(views, tau):
    a, b = views.value[:8], views.value[8:]
    loss = dcl(a, b, temperature=tau, tau_plus=0.0)
    assert float(loss) == pytest.approx(f.nt_xent(a.numpy(), b.numpy(), tau), rel=1e-12)
    q = Gaussian(math.sqrt(tau), "cos")(views, views, Dense)
    assert float(loss) == pytest.approx(KL(Augmentation()(views, views, Dense), q).item(), rel=1e-12)
    assert float(dcl(a, b, temperature=tau, tau_plus=0.1)) != pytest.approx(float(loss), rel=1e-3)


def test_t30_hungarian_accuracy_ignores_the_names_of_clusters():
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 3])
    assigned = np.array([1, 1, 0, 0, 0, 3, 3, 1, 3, 2])
    for names in itertools.permutations(range(4)):
        assert hungarian_accuracy(labels, np.array(names)[labels]) == 1
        assert hungarian_accuracy(labels, np.array(names)[assigned]) == 8 / 10
