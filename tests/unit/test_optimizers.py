"""What a step does with a gradient: how long it may be, and how optimisers follow it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iconlearn import KNN, MLP, ICon, OptionError, StudentT
from iconlearn.door import fit_inputs
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
