"""Critics, densities and their fit: formulas, tiles, the moving average of MINE, and what objectives learn."""

from __future__ import annotations

import math
from itertools import count

import pytest
import torch
from torch import nn

from iconlearn.objective import Objective
from iconlearn.theory import information as mi
from iconlearn.theory.information import critics, densities, fitting
from iconlearn.theory.information.estimators import ESTIMATORS, MovingPartition, likelihood


def rows(n: int, d: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


X, Y = rows(7, 3), rows(5, 2, 1)


def pairs(n: int, information: float = 1.0, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Two correlated Gaussian columns."""
    rho = math.sqrt(1 - math.exp(-2 * information))
    x = rows(n, 1, seed)
    return x, rho * x + math.sqrt(1 - rho**2) * rows(n, 1, seed + 1000)


def test_critics_score_every_row_of_x_with_every_row_of_y():
    for name in mi.CRITICS:
        critic = critics.make_critic(name, 3, 2, width=8)
        scores = critic(X, Y)
        assert scores.shape == (7, 5)
        for i, j in ((0, 0), (6, 4), (2, 3)):
            assert critic(X[i : i + 1], Y[j : j + 1]).item() == pytest.approx(scores[i, j].item(), rel=1e-4)
    separable = mi.Separable(3, 2, width=8, embedding_dim=4)
    assert torch.allclose(separable(X, Y), separable.of_x(X) @ separable.of_y(Y).T)
    bilinear = mi.Bilinear(3, 2)
    weight = next(bilinear.parameters())
    assert torch.allclose(bilinear(X, Y), torch.einsum("ia,ba,jb->ij", X, weight, Y))
    assert sum(p.numel() for p in bilinear.parameters()) == 6
    joint = mi.Joint(3, 2, width=8)
    weights = [p.detach() for p in joint.parameters()]  # of x and its bias, of y, and of the other layers
    first = nn.Linear(5, 8)
    first.weight.data, first.bias.data = torch.cat([weights[0], weights[2]], 1), weights[1]
    side_by_side = torch.cat([X[:5], Y], 1)
    assert torch.allclose(
        joint(X[:5], Y).diagonal(), joint.net(first(side_by_side).relu()).flatten(), atol=1e-6
    )
    assert [tuple(p.shape) for p in joint.net.parameters()] == [(8, 8), (8,), (8, 8), (8,), (1, 8), (1,)]


def test_a_joint_critic_in_tiles_has_the_same_scores_and_gradients(monkeypatch):
    critic = mi.Joint(3, 2, width=8)
    found = []
    for most in (1 << 14, 10, 1):
        monkeypatch.setattr(critics, "PAIRS", most)
        critic.zero_grad()
        scores = critic(X, Y)
        scores.square().sum().backward()
        found.append((scores.detach(), [p.grad.clone() for p in critic.parameters()]))
    for scores, gradients in found[1:]:
        assert torch.allclose(scores, found[0][0], atol=1e-6)
        assert all(
            torch.allclose(a, b, rtol=1e-4, atol=1e-5) for a, b in zip(gradients, found[0][1], strict=True)
        )


def test_weights_come_from_their_own_seed():
    before = torch.get_rng_state()
    same, again, other = (mi.Separable(3, 2, 8, seed=seed)(X, Y) for seed in (0, 0, 5))
    assert torch.equal(same, again)
    assert not torch.allclose(same, other)
    assert torch.equal(before, torch.get_rng_state())


def test_a_baseline_of_y_is_taken_off_and_makes_nwj_of_it_tuba():
    plain = mi.Separable(3, 3, 8)
    based = critics.Baselined(plain, 3, 8)
    log_a = based.log_baseline(X).flatten()
    assert torch.allclose(based(X, X), plain(X, X) - log_a)
    assert mi.nwj(based(X, X)).item() == pytest.approx(mi.tuba(plain(X, X), log_a).item(), rel=1e-5)


def test_the_gaussian_conditional_is_that_of_torch_and_its_variance_has_a_floor():
    density = mi.GaussianConditional(3, 2, width=8)
    mean, raw = density.net(X).double().chunk(2, -1)
    floor = densities.LEAST_LOG_VARIANCE
    spread = (floor + nn.functional.softplus(raw - floor)).mul(0.5).exp()
    expected = torch.distributions.Normal(mean[:, None], spread[:, None]).log_prob(Y.double()[None]).sum(-1)
    assert torch.allclose(density(X, Y), expected)
    with torch.no_grad():
        density.net.net[-1].bias.copy_(torch.tensor([0.0, 0.0, -1e3, -1e3]))
    peak = -(floor + math.log(2 * math.pi))  # of two columns, at the mean
    assert float(density(X, density.net(X)[:, :2].detach()).max().detach()) == pytest.approx(peak, abs=0.01)


def test_the_divergence_of_partner_and_softmax_is_infonce():
    critic = fitting.Sides(mi.Separable(1, 1, 8), 1)
    batch = torch.cat(pairs(16), 1)
    objective = fitting.PartnerObjective(critic, mi.infonce)
    plain = Objective(objective.target_dist, objective.learned_dist, critic)
    bound = mi.infonce(critic(batch)).item()
    assert plain(batch).item() == pytest.approx(math.log(16) - bound, abs=1e-5)
    assert objective(batch).item() == pytest.approx(-bound, abs=1e-5)
    # a constant changes NWJ and not q, so no divergence of q can be NWJ
    pair = objective.pair(fitting.Inputs((batch,), torch.arange(16)))
    shifted = fitting.Scored()(*(fitting.Points.of(critic(batch) + 1),) * 2, None)
    assert torch.allclose(pair.learned.log_mass, shifted.log_mass, atol=1e-5)
    assert abs(mi.nwj(critic(batch) + 1).item() - mi.nwj(critic(batch)).item()) > 0.1


def test_mine_divides_the_gradient_by_the_moving_average():
    bound = MovingPartition(decay=0.9)
    batches = [rows(5, 5, seed).double() for seed in range(3)]
    off = ~torch.eye(5, dtype=torch.bool)
    average = None
    for s in batches:
        s = s.requires_grad_()
        value = bound(s)
        assert value.item() == pytest.approx(mi.donsker_varadhan(s).item())
        value.backward()
        mean = s.detach()[off].exp().mean()
        average = mean if average is None else 0.9 * average + 0.1 * mean
        expected = torch.eye(5, dtype=torch.float64) / 5 - off * s.detach().exp() / 20 / average
        assert torch.allclose(s.grad, expected)
    kept = bound.log_average.clone()
    assert bound.eval()(batches[0]).item() == pytest.approx(mi.donsker_varadhan(batches[0]).item())
    assert torch.equal(bound.log_average, kept)
    plain, s = MovingPartition(decay=0.0), batches[0].detach().requires_grad_()
    for batch in (batches[1], s):
        plain(batch)
    (gradient,) = torch.autograd.grad(plain(s), s)
    assert torch.allclose(gradient, torch.autograd.grad(mi.donsker_varadhan(s), s)[0])


def fit(critic: nn.Module, bound=mi.infonce, judge=None, n: int = 200, **options) -> fitting.Fit:
    given = {"batch_size": 32, "max_iter": 60, "lr": 5e-3, "patience": 10, "seed": 0}
    return fitting.fit_scores(
        critic, bound, judge or bound, pairs(n), pairs(64, seed=5), **{**given, **options}
    )


def test_a_fit_keeps_the_weights_that_are_best_on_the_validation_rows():
    critic = mi.Separable(1, 1, 16)
    found = fit(critic, n=40, max_iter=400, lr=2e-2, patience=15)  # few rows, large steps: it overfits
    assert found.stopped_early
    assert 0 < found.best_step < found.steps < 400
    x, y = pairs(64, seed=5)
    with torch.no_grad():
        value = sum(mi.infonce(critic(x[k : k + 32], y[k : k + 32])).item() for k in (0, 32)) / 2
    assert value == pytest.approx(found.validation, abs=1e-5)
    assert found.validation > 0.3
    assert not critic.training


def test_a_fit_keeps_what_the_judge_likes():
    calls = count()  # two batches of validation rows a step
    found = fit(mi.Separable(1, 1, 8), judge=lambda scores: torch.tensor(-abs(next(calls) // 2 - 3.0)))
    assert (found.best_step, found.validation, found.steps) == (3, 0, 13)
    assert found.stopped_early
    assert ESTIMATORS["js"].judge is mi.nwj


def test_a_fit_repeats_itself_and_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    critics_made = [mi.Separable(1, 1, 8, seed=seed) for seed in (0, 1, 2)]
    found = [fit(critic, seed=seed) for critic, seed in zip(critics_made, (3, 3, 4), strict=True)]
    assert found[0] == found[1] != found[2]
    assert torch.equal(critics_made[0](X[:, :1], Y[:, :1]), critics_made[1](X[:, :1], Y[:, :1]))
    assert torch.equal(before, torch.get_rng_state())


def test_a_density_is_fitted_by_the_same_loop():
    density = mi.GaussianConditional(1, 1, 32)
    found = fit(density, likelihood, n=2000, max_iter=250)
    noise = math.exp(-1.0)  # standard deviation given x, at 1 nat
    assert found.validation == pytest.approx(-0.5 * math.log(2 * math.pi * math.e * noise**2), abs=0.15)


def test_a_fit_that_diverges_keeps_the_best_weights_before_it():
    calls = 0

    def fragile(scores: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += torch.is_grad_enabled()
        return mi.infonce(scores) if calls < 30 else scores.sum() * math.nan

    critic = mi.Separable(1, 1, 8)
    found = fit(critic, fragile)
    assert found.diverged
    assert not found.stopped_early
    assert found.steps == 29
    assert math.isfinite(found.validation)
    assert bool(critic(X[:, :1], Y[:, :1]).isfinite().all())


def test_an_interrupt_ends_the_estimate_and_not_only_the_fit():
    def stopping(scores: torch.Tensor) -> torch.Tensor:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(mi.Separable(1, 1, 8), lambda s: stopping(s) if torch.is_grad_enabled() else mi.nwj(s))


@pytest.mark.parametrize("name", [name for name, row in ESTIMATORS.items() if row.learns == "critic"])
def test_every_objective_of_critics_is_maximal_at_the_log_ratio(name):
    """By gradient ascent on the scores of two bits that agree four times of five."""
    ratio = (torch.tensor([[0.4, 0.1], [0.1, 0.4]], dtype=torch.float64) / 0.25).log()
    cells = torch.tensor([0] * 80 + [1] * 20 + [2] * 20 + [3] * 80)
    x, y = cells // 2, cells % 2
    objective = ESTIMATORS[name].objective(**ESTIMATORS[name].options)
    table = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([table], lr=0.15)
    for _ in range(60):
        optimiser.zero_grad()
        (-objective(table[x][:, y])).backward()
        optimiser.step()
    learned = table.detach()
    # what each objective leaves open: InfoNCE a function of x, Donsker-Varadhan a constant
    if name == "infonce":
        learned, ratio = learned - learned.mean(1, keepdim=True), ratio - ratio.mean(1, keepdim=True)
    if name in ("dv", "mine"):
        learned, ratio = learned - learned.mean(), ratio - ratio.mean()
    assert torch.allclose(learned, ratio, atol=0.05)
