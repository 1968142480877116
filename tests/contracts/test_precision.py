"""Half precision in the mapper: every loss and its gradient are those of float64, at logits of 10^4 and at T = 0.01."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toys import NAMES, X, Y, batch_of, model_of
from zoo import ALL_DIVERGENCES

from iconlearn import KNN, METHODS, MLP, Embedding, Gaussian, ICon, Linear, Momentum, OptionError, StudentT
from iconlearn.inputs import Inputs, as_inputs
from iconlearn.mappers import ColumnMapper, embed
from iconlearn.train.events import Event

HALVES = {"bfloat16": torch.bfloat16, "float16": torch.float16}
LARGEST = 1e4  # of logits
TEMPERATURE = 0.01


class Given(nn.Module):
    """Positions as a mapper, through a product that autocast forms in half precision."""

    reads = "id"

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(value)

    def forward(self, ids: Tensor) -> Tensor:
        return self.weight @ torch.eye(self.weight.shape[1], dtype=self.weight.dtype)


def problem(name: str) -> tuple[ICon, Inputs]:
    """A model of the method, and a batch with what it compares."""
    row = METHODS[name]
    model, options = model_of(row, X, Y)
    batch: Any = batch_of(row, X)
    if options.get("augment") is not None:
        rng = np.random.default_rng(0)
        batch = {"views": [(X + 0.1 * rng.normal(size=X.shape)).astype(np.float32) for _ in range(2)]}
    inputs = as_inputs(batch, model.num_views)
    return model, replace(inputs, label=torch.from_numpy(Y)) if row.needs_labels else inputs


def loss_and_gradient(
    model: ICon, inputs: Inputs, value: Tensor, temperature: float | None, kind: torch.dtype
) -> tuple[float, Tensor]:
    """With parameters in float32 and the mapper under autocast to a half type, or all of one wider type."""
    half = kind in HALVES.values()
    wide = torch.float32 if half else kind
    model = copy.deepcopy(model).to(wide)
    model.mapper = given = Given(value.to(wide))
    if isinstance(model.mapper_j, ColumnMapper):
        model.mapper_j.bind(given)
    learned = None if temperature is None else model.learned_dist.temper(temperature)
    with torch.autocast("cpu", dtype=kind if half else torch.bfloat16, enabled=half):
        loss = model.loss(model.pair(inputs, learned=learned))
    assert loss.dtype == wide
    (gradient,) = torch.autograd.grad(loss, given.weight)
    return loss.item(), gradient.double()


def check(
    model: ICon,
    inputs: Inputs,
    value: Tensor,
    temperature: float | None,
    half: torch.dtype,
    slope_of: torch.dtype = torch.float64,
) -> None:
    """The loss to 1e-5; the gradient to the rounding of the half type, through which it reaches the mapper."""
    loss, gradient = loss_and_gradient(model, inputs, value, temperature, half)
    exact, _ = loss_and_gradient(model, inputs, value, temperature, torch.float64)
    _, slope = loss_and_gradient(model, inputs, value, temperature, slope_of)
    assert loss == pytest.approx(exact, rel=1e-5, abs=1e-5)
    assert bool(gradient.isfinite().all())
    atol = 4 * torch.finfo(half).eps * float(slope.abs().max()) + 1e-7
    torch.testing.assert_close(gradient, slope, rtol=0, atol=atol)


def drawn(rows: int, dim: int, scale: float, half: torch.dtype) -> Tensor:
    value = scale * torch.randn(rows, dim, generator=torch.Generator().manual_seed(1))
    return value.to(half)


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", NAMES)
def test_every_method_in_half_precision(name, half):
    model, inputs = problem(name)
    shape = embed(model.mapper, inputs).shape
    by_row = model.mapper_j is None and "Cluster" in repr(
        model.learned_dist
    )  # logits are the embedding itself
    scale = LARGEST / 2 if by_row else LARGEST**0.5 / 2
    check(model, inputs, drawn(*shape, scale, HALVES[half]), None, HALVES[half])
    try:
        model.learned_dist.temper(TEMPERATURE)
    except OptionError:
        return  # no softmax, so it has no temperature
    check(model, inputs, drawn(*shape, 1.0, HALVES[half]), TEMPERATURE, HALVES[half])


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("kernel", ["cos", "dot", "euclidean", "student"])
@pytest.mark.parametrize("divergence", ALL_DIVERGENCES)
def test_every_divergence_in_half_precision(divergence, kernel, half):
    learned = (StudentT() if kernel == "student" else Gaussian(1.0, kernel)).debias(0.1)
    model = ICon(KNN(5).debias(0.1), learned, Linear(6, 3), divergence=ALL_DIVERGENCES[divergence])
    inputs = as_inputs(X.astype(np.float32))
    # Neighbouring numbers of float32 near 10^4 differ by 10^-3, which turns slopes near a tie: what half adds is small.
    for scale, temperature in ((LARGEST**0.5 / 2, None), (1.0, TEMPERATURE)):
        value = drawn(len(X), 3, scale, HALVES[half])
        check(model, inputs, value, temperature, HALVES[half], slope_of=torch.float32)


@pytest.mark.parametrize("engine", ["dense", "tiled", "product"])
def test_sums_that_are_formed_late_are_formed_in_full(engine):
    def drive(half: torch.dtype) -> tuple[Tensor, Tensor]:
        network = MLP(6, 4, seed=0)
        model = ICon(Gaussian(2.0), Gaussian(0.1, "cos"), network, engine=engine)
        with torch.autocast("cpu", dtype=half):
            z = network(torch.from_numpy(X.astype(np.float32)))
            late = model(X.astype(np.float32))
        assert z.dtype == half
        alone = ICon(Gaussian(2.0), Gaussian(0.1, "cos"), nn.Identity(), engine=engine)
        pair = alone.pair(as_inputs(X.astype(np.float32)))
        again = alone.learned_dist(pair.rows.with_value(z), pair.rows.with_value(z), alone.evaluate)
        return late, alone.measure(pair.target, again)

    for half in HALVES.values():
        late, full = drive(half)
        assert late.item() == full.item()


def test_a_teacher_runs_in_the_precision_of_its_student():
    seen = []
    network = MLP(6, 4, seed=0)
    model = ICon(KNN(5), Gaussian(0.5, "cos"), network, mapper_j=Momentum(0.9))
    assert isinstance(model.mapper_j, Momentum)
    for part in (network, model.mapper_j.teacher):
        part.register_forward_hook(lambda _module, _inputs, out: seen.append(out.dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model(X.astype(np.float32))
    assert seen == [torch.bfloat16] * 2


def encoder() -> ICon:
    return ICon(KNN(5), Gaussian(0.5, "cos"), MLP(6, 4, seed=0))


OPTIONS = {"batch_size": 30, "max_iter": 12, "lr": 1e-2}


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_a_network_trains_in_half_precision_with_weights_in_full(precision):
    model, seen = encoder(), set()
    model.mapper.register_forward_hook(lambda _module, _inputs, out: seen.add(out.dtype))
    model.fit(X, precision=precision, **OPTIONS)
    assert seen == {torch.bfloat16 if precision == "bf16-mixed" else torch.float16}
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    full = encoder().fit(X, **OPTIONS)
    assert model.history.losses[0] == pytest.approx(full.history.losses[0], rel=1e-3)
    assert model.history.losses[0] != full.history.losses[0]
    assert np.mean(model.history.losses[-3:]) < model.history.losses[0]
    assert model.transform(X).dtype == np.float32  # in full precision again


def test_a_step_with_gradients_beyond_float16_is_left_out():
    weights = []

    def look(event: Event) -> None:
        weights.append(next(event.model.mapper.parameters()).detach().clone())

    model = ICon(KNN(5), Gaussian(0.1), MLP(6, 4, seed=0))  # the scale of 2^16 times its slope is too large
    model.fit(X, precision="16-mixed", batch_size=30, max_iter=14, lr=1e-3, callbacks=(look,))
    moved = [not torch.equal(a, b) for a, b in pairwise(weights)]
    assert not moved[1]
    assert any(moved)
    assert np.isfinite(model.history.losses).all()


def test_a_run_in_float16_goes_on_to_the_same_bits(tmp_path):
    def run(**options: Any) -> ICon:
        model = ICon(KNN(5), Gaussian(0.1), MLP(6, 4, seed=0))
        return model.fit(X, precision="16-mixed", batch_size=30, max_iter=14, lr=1e-3, **options)

    def stop(event: Event) -> None:
        if event.kind == "step" and event.step == 8:
            raise KeyboardInterrupt

    assert run(checkpoint=tmp_path / "run", callbacks=(stop,)).history.interrupted
    resumed, whole = run(checkpoint=tmp_path / "run"), run()
    assert resumed.history.losses == whole.history.losses
    for mine, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_what_has_no_precision_of_its_own():
    with pytest.raises(OptionError, match="precision='bf16-mixed' is about the activations of a network"):
        ICon(KNN(5), Gaussian(1.0), Embedding(60, 2)).fit(X, precision="bf16-mixed")
    with pytest.raises(OptionError, match="precision='half'.*bf16-mixed"):
        encoder().fit(X, precision="half")
