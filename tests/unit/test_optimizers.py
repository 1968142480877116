"""What a step does with a gradient: how long it may be, and how optimisers follow it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from iconlearn import KNN, MLP, Embedding, ICon, OptionError, StudentT
from iconlearn.door import fit_inputs
from iconlearn.train.optimizers import LARS, OPTIMIZERS
from iconlearn.train.options import Training
from iconlearn.train.run import Run

X = np.random.default_rng(0).normal(size=(50, 5)) + 4 * (np.arange(50) % 2)[:, None]


def a_step(**options):
    """The event of one step of a small network, and its gradients as the optimiser has seen them."""
    model = ICon(KNN(5), StudentT(), MLP(5, 2))
    run = Run(model, fit_inputs(X, None), Training(max_iter=1, lr=0.0, **options), 0, None)
    event = run.advance()
    return event, torch.cat([p.grad.flatten() for p in model.parameters()]).double()


def test_a_gradient_is_as_long_as_allowed_and_points_where_it_did():
    plain, whole = a_step()
    length = float(whole.norm())
    assert "grad_norm" not in plain.notes
    clipped, shortened = a_step(max_grad_norm=length / 4)
    assert clipped.loss == plain.loss
    assert clipped.notes["grad_norm"] == pytest.approx(length, rel=1e-5)
    assert torch.allclose(shortened, whole / 4, rtol=1e-4, atol=1e-9)
    loose, untouched = a_step(max_grad_norm=length * 2)
    assert loose.notes["grad_norm"] == pytest.approx(length, rel=1e-5)
    assert torch.equal(untouched, whole)


@pytest.mark.parametrize("value", [0, -1.0, "much", float("nan"), True])
def test_a_length_must_be_positive(value):
    with pytest.raises(OptionError, match="fit: max_grad_norm=.* must be a number in"):
        ICon(KNN(5), StudentT(), MLP(5, 2)).fit(X, max_iter=1, max_grad_norm=value)


def test_lars_follows_the_published_rule(generator):
    rates, decay, momentum, trust = (0.3, 0.1, 0.2, 0.7, 0.5), 0.01, 0.9, 0.02
    matrix = nn.Parameter(torch.randn(3, 2, generator=generator, dtype=torch.float64))
    bias = nn.Parameter(torch.randn(2, generator=generator, dtype=torch.float64))
    zero, still, unused = (nn.Parameter(torch.full((2, 2), v, dtype=torch.float64)) for v in (0.0, 2.0, 1.0))
    trained = [matrix, bias, zero, still, unused]
    expected = [p.detach().numpy().copy() for p in trained]
    speed = [np.zeros_like(w) for w in expected]
    optimizer = LARS(trained, lr=1.0, momentum=momentum, weight_decay=decay, trust=trust)
    for rate in rates:
        for k, parameter in enumerate(trained[:4]):
            gradient = np.zeros((2, 2)) if k == 3 else generator_normal(generator, parameter.shape)
            parameter.grad = torch.from_numpy(gradient)
            if parameter.ndim == 2:
                gradient = gradient + decay * expected[k]
                share = np.sqrt((expected[k] ** 2).sum()), np.sqrt((gradient**2).sum())
                gradient = gradient * (trust * share[0] / share[1] if min(share) > 0 else 1.0)
            speed[k] = momentum * speed[k] + rate * gradient
            expected[k] = expected[k] - speed[k]
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    for parameter, wanted in zip(trained, expected, strict=True):
        np.testing.assert_allclose(parameter.detach().numpy(), wanted, rtol=1e-12)
    assert not np.allclose(expected[2], 0)
    assert (expected[4] == 1).all()


def generator_normal(generator, shape):
    return torch.randn(shape, generator=generator, dtype=torch.float64).numpy()


def test_lars_moves_by_a_share_of_the_weights_whatever_the_gradient_is():
    """The first step is lr trust |w| long, for a gradient of any length."""
    for scale in (1e-3, 1.0, 1e3):
        weight = nn.Parameter(torch.full((5, 4), 2.0, dtype=torch.float64))
        before = weight.detach().clone()
        weight.grad = scale * torch.arange(20.0, dtype=torch.float64).reshape(5, 4)
        LARS([weight], lr=0.5, weight_decay=0.0).step()
        assert float((weight.detach() - before).norm()) == pytest.approx(
            0.5 * 1e-3 * float(before.norm()), rel=1e-9
        )


@pytest.mark.parametrize("name", [name for name, o in OPTIMIZERS.items() if o.has_weight_decay])
def test_weight_decay_shortens_weights_and_none_is_the_optimisers_own(name):
    def weights(**options):
        model = ICon(KNN(5), StudentT(), MLP(5, 2)).fit(X, max_iter=8, optimizer=name, lr=0.01, **options)
        return torch.cat([p.detach().flatten() for p in model.parameters() if p.ndim > 1])

    own = weights()
    default = OPTIMIZERS[name].make([nn.Parameter(torch.ones(2))], lr=0.1).param_groups[0]["weight_decay"]
    assert torch.equal(weights(weight_decay=default), own)
    assert float(weights(weight_decay=50.0).norm()) < float(weights(weight_decay=0).norm())
    late = weights(weight_decay=lambda step, total: 50.0 * (step == total - 1))
    assert not torch.equal(late, own)


def test_weight_decay_is_refused_where_there_is_none():
    with pytest.raises(
        OptionError,
        match=r"optimizer='delta-bar-delta' takes no weight_decay; those that do: adam, adamw, lars",
    ):
        ICon(KNN(5), StudentT(), MLP(5, 2)).fit(X, optimizer="delta-bar-delta", weight_decay=0.1)
    with pytest.raises(OptionError, match=r"fit: weight_decay=-0.1 must be"):
        ICon(KNN(5), StudentT(), MLP(5, 2)).fit(X, weight_decay=-0.1)
    losses = ICon(KNN(5), StudentT(), Embedding(50, 2)).fit(X, weight_decay=0.01, max_iter=5).history.losses
    assert losses[-1] < losses[0]  # of a map that option chooses Adam, too
