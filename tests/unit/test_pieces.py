"""A batch that is embedded in pieces: the gradient of the whole batch, with the memory of a piece."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import ClassVar

import pytest
import resuming
import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from iconlearn import (
    KNN,
    MLP,
    Augmentation,
    CrossModal,
    Embedding,
    FileFormatError,
    Gaussian,
    ICon,
    Label,
    Linear,
    Momentum,
    OptionError,
    PerView,
    Predicted,
    Queue,
    StudentT,
)
from iconlearn.inputs import as_inputs
from iconlearn.mappers.views import embed

COS = Gaussian(0.7, "cos")


def views(*widths: int, n: int = 11) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(sum(widths))
    return tuple(torch.randn(n, width, generator=generator, dtype=torch.float64) for width in widths)


PROBLEMS = {
    "one view": lambda: (ICon(Gaussian(2.0), StudentT(), MLP(5, 2)), views(5)),
    "two views": lambda: (ICon(Augmentation(2), COS, MLP(5, 3)), views(5, 5)),
    "three views": lambda: (ICon(Augmentation(3), COS, MLP(5, 3)), views(5, 5, 5)),
    "towers": lambda: (
        ICon(CrossModal(), Gaussian(0.7, "cos", pairs="cross_view"), PerView(Linear(5, 3), Linear(4, 3))),
        views(5, 4),
    ),
    "momentum": lambda: (
        ICon(Augmentation(2), COS, Predicted(MLP(5, 3), MLP(3, 3)), mapper_j=Momentum(0.9)),
        views(5, 5),
    ),
    "queue": lambda: (
        ICon(Augmentation(2), COS, MLP(5, 3), mapper_j=Queue(9, keys=Momentum(0.9))),
        views(5, 5),
    ),
}


def gradient(model: ICon, batch, pieces: int) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss = model.loss(model.pair(replace(as_inputs(batch, model.num_views), pieces=pieces)))
    loss.backward()
    return {"loss": loss.detach()} | {
        k: p.grad.clone() for k, p in model.named_parameters() if p.grad is not None
    }


@pytest.mark.parametrize("name", list(PROBLEMS))
@pytest.mark.parametrize("pieces", [2, 4, 11])
def test_gradients_are_those_of_the_whole_batch(name, pieces):
    model, batch = PROBLEMS[name]()
    model.double().train()
    whole, split = (gradient(copy.deepcopy(model), batch, count) for count in (1, pieces))
    assert whole.keys() == split.keys()
    assert len(whole) > 2
    for key, part in whole.items():
        assert float((part - split[key]).abs().max()) < 1e-12 * max(1.0, float(part.abs().max())), key


def with_all_kept(model: ICon, batch, pieces: int) -> dict[str, torch.Tensor]:
    """As :func:`gradient`, of pieces whose activations are kept in the plain way."""
    model.zero_grad()
    inputs = replace(as_inputs(batch), pieces=pieces)
    made = [model.mapper(piece.stacked()).unflatten(0, (len(batch), piece.n)) for piece in inputs.split()]
    points = inputs.points()
    rows = points.with_value(torch.cat(made, 1).flatten(0, 1))
    loss = model.measure(model.target_on(points, points), model.learned_dist(rows, rows, model.evaluate))
    loss.backward()
    return {"loss": loss.detach()} | {k: p.grad for k, p in model.named_parameters()}


LAYERS = {
    "dropout": lambda: [nn.Linear(5, 16), nn.Dropout(0.5), nn.Tanh(), nn.Dropout(0.3), nn.Linear(16, 3)],
    "batch normalisation": lambda: [nn.Linear(5, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)],
    "a running state that counts": lambda: [nn.utils.spectral_norm(nn.Linear(5, 3))],
}


@pytest.mark.parametrize("name", list(LAYERS))
def test_pieces_that_are_made_again_are_those_that_were(name):
    """Draws, moments and running buffers: as if the pieces had been embedded once and their activations kept."""

    def found(how, pieces=3):
        torch.manual_seed(3)
        model = ICon(Augmentation(2), COS, nn.Sequential(*LAYERS[name]()).double()).train()
        gradients = how(model, views(5, 5), pieces)
        return gradients, dict(model.named_buffers()), torch.rand(2)

    (again, buffers, after), (kept, expected, then) = found(gradient), found(with_all_kept)
    assert again.keys() == kept.keys()
    for key, part in kept.items():
        assert torch.allclose(again[key], part, rtol=1e-12, atol=1e-14), key
    assert buffers.keys() == expected.keys()
    assert all(torch.equal(buffers[key], expected[key]) for key in buffers)
    assert torch.equal(after, then)  # nothing is drawn beside
    assert not torch.allclose(found(gradient, 1)[0]["loss"], again["loss"], rtol=1e-9)


class Watched(torch.autograd.Function):
    """Writes down how many rows pass it, and which way."""

    log: ClassVar[list[tuple[str, int]]] = []

    @staticmethod
    def forward(ctx, x):
        Watched.log.append(("on", len(x)))
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        Watched.log.append(("back", len(gradient)))
        return gradient


class Gate(nn.Module):
    def forward(self, x):
        return Watched.apply(x)


def test_what_is_kept_is_of_one_piece():
    net = nn.Sequential(
        Linear(5, 64), Gate(), *(nn.Sequential(nn.Linear(64, 64), nn.Tanh()) for _ in range(6))
    )
    batch = tuple(v.float() for v in views(5, 5, n=120))

    def kept(pieces):
        sizes = []
        Watched.log.clear()
        with saved_tensors_hooks(lambda x: sizes.append(x.nbytes) or x, lambda x: x):
            embedding = embed(net, replace(as_inputs(batch), pieces=pieces))
        before = list(Watched.log)
        embedding.sum().backward()
        return sum(sizes), before, Watched.log[len(before) :]

    whole, *both = kept(1)
    assert both == [[("on", 240)], [("back", 240)]]
    held, before, after = kept(6)
    assert before == [("on", 40)] * 6
    assert after == [("on", 40), ("back", 40)] * 6  # one piece at a time is made again
    one = kept(1)[0] / 6
    assert held < 0.05 * whole
    assert held + one < whole / 4


def fitted(**options) -> ICon:
    return ICon(Augmentation(2), COS, MLP(5, 3)).fit(
        resuming.X, **{"batch_size": 20, "max_iter": 12, "augment": resuming.noisy, "lr": 0.01} | options
    )


def test_a_fit_in_pieces_ends_where_the_fit_ends(float64):
    whole, split = fitted(), fitted(accumulate=7)
    assert split.history.losses == pytest.approx(whole.history.losses, rel=1e-9)
    for mine, theirs in zip(split.parameters(), whole.parameters(), strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-7, atol=1e-10)


def test_pieces_belong_to_the_run(tmp_path):
    path = tmp_path / "run"
    fitted(accumulate=2, checkpoint=path, callbacks=(lambda event: event.step < 5,))
    with pytest.raises(FileFormatError, match="accumulate was 2 and is 3"):
        fitted(accumulate=3, checkpoint=path)
    assert fitted(accumulate=2, checkpoint=path).history.losses == fitted(accumulate=2).history.losses


def test_what_cannot_be_in_pieces_is_refused():
    with pytest.raises(OptionError, match=r"accumulate=21 pieces of a batch of 20 samples.*at most 20"):
        fitted(accumulate=21)
    with pytest.raises(OptionError, match=r"accumulate=7 pieces of a batch of 6 samples"):
        ICon(KNN(5), StudentT(), MLP(5, 2)).fit(resuming.X, batch_size=20, positives=2, accumulate=7)
    with pytest.raises(OptionError, match=r"accumulate=2 .* is a table"):
        ICon(KNN(5), StudentT(), Embedding(50, 2)).fit(resuming.X, accumulate=2)
    for value in (0, 1.5, True):
        with pytest.raises(OptionError, match="fit: accumulate=.* must be an integer in"):
            fitted(accumulate=value)


def test_pieces_of_one_sample_have_no_moments():
    network = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    X = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    model = ICon(Label(), Gaussian(0.5, "cos"), network)
    with pytest.raises(OptionError, match="accumulate=16 pieces of a batch of 16 samples.*at most 8"):
        model.fit(X, torch.arange(32) % 4, batch_size=16, accumulate=16, max_iter=2)
    with pytest.raises(OptionError, match="accumulate=4 pieces of a batch of 4 samples.*at most 2"):
        model.fit(X, torch.arange(32) // 2, batch_size=16, classes_per_batch=2, accumulate=4, max_iter=2)
    model.fit(X, torch.arange(32) % 4, batch_size=16, accumulate=8, max_iter=2)
