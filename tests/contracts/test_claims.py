"""Claims through whole models: every parameter's gradient, more views than two, and what is not claimed."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import math

import pytest
import torch
from torch import Tensor

from iconlearn import METHODS
from iconlearn.claim import Case
from iconlearn.claims import multimodal
from iconlearn.inputs import as_inputs
from iconlearn.published import contrastive
from iconlearn.recipes import Shape, Tower

N, D, DIM = 9, 4, 3
LABELS = torch.tensor([0, 1, 0, 2, 1, 0, 0, 3, 1])  # classes 2 and 3 have one member


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


TOKENS = torch.tensor([[3, 1, 4, 1, 5], [0, 2, 5, 3, 5]])
ONE = {"value": draw(N, D)}
TWO, THREE = ({"views": tuple(draw(N, D, seed=s) for s in range(k))} for k in (2, 3))
CAPTIONED = {**ONE, "caption": draw(N, 5, seed=9)}
LABELLED = {**ONE, "label": LABELS}
# What a certificate's random problem leaves out: gradients in prototypes, keys and temperature, three views or
# modalities, several neighbours, classes of one member.
PROBLEMS = {
    "clip": ("clip", TWO, {}),
    "clip at the cap": ("clip", TWO, {"temperature": 0.01, "alpha": 0.3}),
    "three modalities": ("cmc", THREE, {}),
    "three modalities, alpha": ("cmc", THREE, {"alpha": 0.3}),
    "triplets of three modalities": ("triplet-clip", THREE, {}),
    "soft triplets of three modalities": ("triplet-clip", THREE, {"sigma": 0.5}),
    "soft triplets": ("triplet", TWO, {"sigma": 0.5}),
    "semi-hard triplets": ("triplet", TWO, {"negatives": "semi-hard"}),
    "clusters of three modalities": ("crossmodal-to-clusters", THREE, {"alpha": 0.3}),
    "three views": ("infonce", THREE, {"num_views": 3, "alpha": 0.3}),
    "momentum": ("moco-v3", TWO, {"alpha": 0.3}),
    "three neighbours": ("lgsimclr", CAPTIONED, {"n_neighbors": 3}),
    "lone classes": ("supcon", LABELLED, {"alpha": 0.3}),
    "lone classes, triplets": ("triplet-supcon", LABELLED, {}),
    "lone classes, soft triplets": ("triplet-supcon", LABELLED, {"sigma": 0.5}),
    "lone classes, average": ("average-margin-supcon", LABELLED, {}),
    "lone classes, clusters": ("supervised-clustering", LABELLED, {"alpha": 0.3}),
    "classifier": ("cross-entropy", LABELLED, {"alpha": 0.3}),
    "harmonic": ("harmonic", LABELLED, {"alpha": 0.3}),
    "error": ("error-rate", LABELLED, {}),
    "wide classifier": ("label-to-wide", LABELLED, {}),
    "bottleneck": ("label-to-clusters", LABELLED, {"n_clusters": 3, "alpha": 0.3}),
    "masked": ("masked-lm", None, {"context": 3}),
    "next": ("next-token", None, {"context": 3}),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_model_itself_keeps_the_claim_to_the_gradient_of_every_parameter(problem):
    name, batch, options = PROBLEMS[problem]
    row = METHODS[name]
    size = {} if {"n_clusters", "n_components"} & set(row.parameters) else {"embedding_dim": DIM}
    recipe = row.recipe(**size, **options)
    if batch is None:
        batch = recipe.present(TOKENS.numpy())
    count = len(batch.get("views", [0]))
    shape = Shape(N, D, n_classes=4, towers=(Tower(D),) * count, vocabulary=6)
    model = recipe.model(shape).double()
    pair = model.pair(as_inputs(batch, model.num_views))
    loss, z = model.loss(pair), pair.rows.value
    case = Case(
        n=len(z) // count,
        parameters={**row.parameters, **options},
        x=None,
        z=z,
        views=count,
        columns=None if model.mapper_j is None else pair.columns.value,
        labels=batch.get("label"),
        caption=batch.get("caption"),
        tokens=None if "tokens" not in batch else torch.as_tensor(batch["tokens"]),
    )
    if name == "clip":
        learned = model.learned_dist.sigma() ** 2
        case = dataclasses.replace(case, parameters={**case.parameters, "temperature": learned})
    trained = [p for p in model.parameters() if p.requires_grad]
    references = [r for r in row.claim.references if not r.needs or importlib.util.find_spec(r.needs)]
    compared = []
    for reference in references:
        with contextlib.suppress(NotImplementedError):  # of another form of the method
            compared.append((reference.relate(loss, case), reference.loss(case)))
    assert compared
    for mine, theirs in compared:
        torch.testing.assert_close(mine, theirs, atol=1e-10, rtol=1e-10)
        slopes = (
            torch.autograd.grad(side, trained, retain_graph=True, materialize_grads=True)
            for side in (mine, theirs)
        )
        for own, other in zip(*slopes, strict=True):
            torch.testing.assert_close(own, other, atol=1e-9, rtol=1e-8)
    assert any(bool((g != 0).any()) for g in torch.autograd.grad(loss, trained, materialize_grads=True))


def test_one_softmax_over_three_modalities_is_not_the_published_cmc():
    """There is an extra term; for two it is gone."""
    for views, least, most in ((3, 0.5, 1.0), (2, -1e-12, 1e-12)):
        case = Case(N, {"temperature": 0.2}, None, draw(views * N, DIM), views=views)
        assert least < multimodal.joint(case) - multimodal.pairwise(case) < most


def loss_of(name: str, batch: object, **options: float) -> Tensor:
    """The loss of a row on given embeddings."""
    recipe = dataclasses.replace(METHODS[name].recipe(**options), mapper=lambda shape: torch.nn.Identity())
    return recipe.model(Shape(N, DIM))(batch)


def test_dcl_without_false_negatives_is_simclr():
    """And with them it is not."""
    views = draw(N, DIM), draw(N, DIM, seed=1)
    simclr = loss_of("simclr", views, temperature=0.5)
    torch.testing.assert_close(loss_of("dcl", views, tau_plus=0.0), simclr)
    assert abs(loss_of("dcl", views, tau_plus=0.4) - simclr) > 0.01


def test_vicreg_sees_a_collapsed_dimension_and_vi_reg_does_not():
    """Two opposite heaps and a spread circle have the same VI-Reg loss, -2; the published hinge tells them apart."""
    turn = torch.arange(8, dtype=torch.float64) * math.pi / 4
    circle = torch.stack([turn.cos(), turn.sin()], 1)
    heaps = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64).repeat(4, 1)
    losses = [loss_of("vi-reg", (z, z)) for z in (circle, heaps)]
    torch.testing.assert_close(losses, [torch.tensor(-2.0, dtype=torch.float64)] * 2)
    published = [contrastive.vicreg_terms(z, z) for z in (circle, heaps)]
    assert published[0][0] == published[1][0] == 0  # invariance
    assert published[1][1] > published[0][1] + 0.4  # the hinge on the variance
    assert published[1][1] == pytest.approx(
        2 * 0.99 / 2
    )  # of two branches: one of two dimensions has std 0.01


def test_supervised_clustering_is_zero_at_the_classes():
    """Self being a candidate of both sides; another partition costs."""
    logits = 60 * torch.eye(4, dtype=torch.float64)[LABELS]
    assert abs(loss_of("supervised-clustering", (logits, LABELS))) < 1e-10
    assert loss_of("supervised-clustering", (logits.roll(1, 0), LABELS)) > 1


@pytest.mark.parametrize("name", ["masked-lm", "next-token"])
def test_no_context_shows_its_token(name):
    """Another token at one place leaves the context of that place as it was, and changes a neighbour's."""
    cut = METHODS[name].recipe(context=3).present
    changed = TOKENS.clone()
    changed[0, 2] = 0
    (before,), (after,) = cut(TOKENS.numpy())["views"], cut(changed.numpy())["views"]
    assert before.shape == (TOKENS.numel(), 3)
    touched = (before != after).any(1).nonzero()[0].tolist()
    assert touched == ([1, 3] if name == "masked-lm" else [3, 4])
