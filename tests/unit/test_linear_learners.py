"""Linear encoders through ICon: their losses by formulas written anew, units of the data, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import cosine_similarity, cross_entropy

from iconlearn import ICon, InputError, Linear, OptionError
from iconlearn.theory.mixtures import (
    Sphering,
    linear_clip,
    linear_infonce,
    linear_simsiam,
    tilted_mixture,
)
from iconlearn.theory.mixtures.learned import simsiam


def pairs(n: int = 256, d: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    x, positive, _, _ = tilted_mixture(d, 3, 3.0).pairs(n, random_state=seed)
    return x + 3, positive + 3


def scaled(*tables: np.ndarray) -> list[np.ndarray]:
    both = np.concatenate(tables)
    return [
        (rows - both.mean(0)) / np.sqrt(np.trace(np.cov(both.T, ddof=0)) / both.shape[1]) for rows in tables
    ]


@pytest.mark.parametrize(
    ("similarity", "temperature"), [("dot", 1.0), ("dot", 2.0), ("cos", 0.5), ("euclidean", 0.7)]
)
def test_infonce_is_the_cross_entropy_of_a_batch(similarity, temperature):
    x, positive = pairs()
    options = {"similarity": similarity, "temperature": temperature, "batch_size": 64}
    encoder = linear_infonce(x, positive, 3, **options)
    z, other = (torch.tensor(encoder.transform(rows)) for rows in (x, positive))
    logits = z @ other.T
    if similarity == "cos":
        logits = cosine_similarity(z[:, None], other[None], dim=-1)
    if similarity == "euclidean":
        logits = -((z[:, None] - other[None]) ** 2).sum(-1) / 2
    logits, label = logits / temperature, torch.arange(len(z))
    expected = (cross_entropy(logits, label) + cross_entropy(logits.T, label)) / 2
    found = encoder.model(tuple(scaled(x, positive)))
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)
    assert encoder.losses.shape == (4,)
    assert isinstance(encoder.model, ICon)


def test_clip_is_the_symmetric_cross_entropy():
    x, _ = pairs()
    y, _ = pairs(d=4, seed=5)
    first, second = linear_clip(x, y, 3, temperature=0.5, batch_size=64)
    logits = torch.tensor(first.transform(x) @ second.transform(y).T) / 0.5
    label = torch.arange(len(x))
    expected = (cross_entropy(logits, label) + cross_entropy(logits.T, label)) / 2
    found = first.model((scaled(x)[0], scaled(y)[0]))
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)
    assert first.model is second.model
    assert (first.projection.shape, second.projection.shape) == ((6, 3), (4, 3))


def test_simsiam_is_the_published_loss_and_gradient():
    encoder = Linear(6, 3, bias=False, seed=3)
    model = simsiam(encoder).train()
    x, positive = (torch.tensor(rows, dtype=torch.float32) for rows in scaled(*pairs(50)))
    predictor = model.mapper.predictor[0]
    for _ in range(2):  # the second time with other weights: the teacher follows at once
        W, P = (layer.net.weight.detach().clone().requires_grad_() for layer in (encoder, predictor))
        z, other = x @ W.T, positive @ W.T
        plain = -sum(
            cosine_similarity(a @ P.T, b.detach(), dim=-1).mean() / 2 for a, b in ((z, other), (other, z))
        )
        plain.backward()
        model.zero_grad()
        loss = model((x, positive))
        loss.backward()
        assert loss.item() == pytest.approx(1 + plain.item(), rel=1e-5)
        for layer, weight in ((encoder, W), (predictor, P)):
            assert layer.net.weight.grad == pytest.approx(weight.grad, rel=1e-3, abs=1e-6)
            with torch.no_grad():
                layer.net.weight.add_(
                    0.5 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
                )


def test_units_of_the_data_do_not_matter_and_seeds_do():
    x, positive = pairs()
    encoder = linear_infonce(x, positive, 2, batch_size=64)
    double = linear_infonce(4 * x, 4 * positive, 2, batch_size=64)
    assert np.array_equal(double.projection * 4, encoder.projection)
    assert double.transform(4 * x) == pytest.approx(encoder.transform(x))
    assert encoder.model.transform(scaled(x, positive)[0]) == pytest.approx(encoder.transform(x), abs=1e-5)
    other = linear_infonce(x, positive, 2, batch_size=64, random_state=1)
    assert not np.allclose(other.projection, encoder.projection)
    twice = linear_infonce(x, positive, 2, batch_size=64, epochs=2)
    assert len(twice.losses) == 2 * len(encoder.losses)


def test_sphering_is_undone_by_before():
    x, positive = pairs()
    x, positive = (np.concatenate([rows, rows[:, :1], rows[:, :1] * 0 + 5], 1) for rows in (x, positive))
    sphering = Sphering.of(x)
    white = sphering.transform(x)
    spread = np.linalg.eigvalsh(np.cov(white.T, ddof=0))
    assert spread == pytest.approx([0, 0] + [1] * 6, abs=1e-9)  # what does not vary of itself is 0
    encoder = linear_simsiam(white, sphering.transform(positive), 2, batch_size=64)
    raw = encoder.before(sphering)
    assert raw.transform(x) == pytest.approx(encoder.transform(white), abs=1e-9)
    for rows, message in (
        (np.ones((5, 2)) * 0.3, "no column"),
        ([[1.0, np.nan]] * 2, "NaN"),
        (x[:1], "minimum"),
    ):
        with pytest.raises(InputError, match=message):
            Sphering.of(rows)
    with pytest.raises(InputError, match="3 columns"):
        sphering.transform(np.ones((2, 3)))


LEARNERS = {"infonce": linear_infonce, "clip": linear_clip, "simsiam": linear_simsiam}


@pytest.mark.parametrize("learn", LEARNERS.values(), ids=LEARNERS)
def test_what_cannot_be_learned_from_is_refused(learn):
    x, positive = pairs(20)
    for first, second, message in (
        (x, positive[:-1], "20"),
        (x * np.nan, positive, "NaN"),
        (x[0], positive, "shape"),
        (x[:0], positive[:0], "sample"),
        (np.full((20, 3), 0.1), np.full((20, 3), 0.1), "do not vary"),
    ):
        with pytest.raises(InputError, match=message):
            learn(first, second, 2)
    for option in ({"batch_size": 1}, {"epochs": 0}, {"lr": 0}, {"dim": 0}):
        with pytest.raises(OptionError):
            learn(x, positive, **({"dim": 2} | option))
    if learn is not linear_simsiam:
        with pytest.raises(OptionError, match="temperature"):
            learn(x, positive, 2, temperature=0)


def test_unknown_similarity_is_refused():
    with pytest.raises(OptionError, match="similarity='cosine'.*did you mean 'cos'"):
        linear_infonce(*pairs(20), 2, similarity="cosine")
    with pytest.raises(InputError, match="5 columns"):
        linear_infonce(*pairs(20), 2, batch_size=10).transform(np.ones((2, 5)))
