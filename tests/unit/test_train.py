"""Training: schedules, optimisers, exaggeration, temperature, restarts, batches, events."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from iconlearn import (
    KNN,
    MLP,
    Augmentation,
    Embedding,
    Gaussian,
    ICon,
    Learnable,
    Linear,
    Momentum,
    OptionError,
    Perplexity,
    Queue,
    StudentT,
    UniformCluster,
)
from iconlearn.door import fit_inputs
from iconlearn.mappers import Initializable
from iconlearn.train.best import Best
from iconlearn.train.events import Event, LossCurve, Progress
from iconlearn.train.optimizers import OPTIMIZERS, DeltaBarDelta
from iconlearn.train.options import Training, training_options
from iconlearn.train.run import Run
from iconlearn.train.schedules import Constant, Cosine, Steps, as_schedule

X = np.random.default_rng(0).normal(size=(50, 5)) + 4 * (np.arange(50) % 2)[:, None]


def a_map(**changed) -> ICon:
    return ICon(Gaussian(Perplexity(6)), changed.pop("q", StudentT()), Embedding(50, 2), **changed)


def a_run(model: ICon, **options) -> Run:
    data = fit_inputs(X, None)
    points = data.points()
    return Run(model, data, Training(**options), 0, model.target_on(points, points))


def test_schedules():
    assert Constant(0.3)(7, 10) == 0.3
    early = Steps((12.0, 4.0, 1.0), until=(0.25, 80))
    assert [early(k, 100) for k in (0, 24, 25, 79, 80, 99)] == [12, 12, 4, 4, 1, 1]
    assert early.ends(200) == [50, 80]
    cosine = Cosine(2.0, end=0.5, warmup=0.1)
    assert [cosine(k, 100) for k in (0, 4, 9)] == pytest.approx([0.2, 1.0, 2.0])
    assert cosine(10, 100) == 2
    assert cosine(55, 100) == pytest.approx(1.25)
    assert cosine(100, 100) == pytest.approx(0.5)
    assert Cosine(1.0)(0, 1) == 1
    assert as_schedule("lr", 0.1)(3, 5) == 0.1
    assert as_schedule("lr", early) is early
    for values, until in (((1.0,), (3,)), ((1.0, 2.0, 3.0), (5, 2))):
        with pytest.raises(OptionError, match="one value more"):
            Steps(values, until)
    with pytest.raises(OptionError, match="lr='fast'"):
        as_schedule("lr", "fast")


def test_schedules_drive_the_optimiser():
    model, seen = a_map(), []
    run = a_run(
        model, max_iter=4, optimizer="sgd", lr=Steps((0.2, 0.1), (2,)), momentum=lambda k, total: k / total
    )
    for _ in range(4):
        run.advance()
        (group,) = run.optimizer.param_groups
        seen.append((group["lr"], group["momentum"]))
    assert seen == [(0.2, 0.0), (0.2, 0.25), (0.1, 0.5), (0.1, 0.75)]


def test_delta_bar_delta_follows_the_published_rule(generator):
    weight = nn.Parameter(torch.randn(3, 2, generator=generator, dtype=torch.float64))
    unused = nn.Parameter(torch.ones(2))
    gradients = torch.randn(20, 3, 2, generator=generator, dtype=torch.float64)
    expected = weight.detach().numpy().copy()
    velocity, gain = np.zeros((3, 2)), np.ones((3, 2))
    for gradient in gradients.numpy():
        for index in np.ndindex(3, 2):
            agree = gradient[index] * velocity[index] < 0  # downhill is where we are going already
            gain[index] = max(gain[index] + 0.2 if agree else gain[index] * 0.8, 0.01)
            velocity[index] = 0.7 * velocity[index] - 0.1 * gain[index] * gradient[index]
            expected[index] += velocity[index]
    optimizer = DeltaBarDelta([weight, unused], lr=0.1, momentum=0.7)
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-12)
    assert unused.tolist() == [1, 1]


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimiser_lowers_the_loss_at_its_usual_step(name):
    losses = ICon(KNN(5), StudentT(), MLP(5, 2)).fit(X, max_iter=30, optimizer=name).history.losses
    assert losses[-1] < losses[0]
    assert OPTIMIZERS[name].lr(1200) > 0


@pytest.mark.parametrize("q", [StudentT(normalize="joint"), Gaussian(0.7, normalize="joint"), StudentT()])
def test_exaggeration_adds_attraction_and_leaves_the_reported_loss(q):
    p = Gaussian(Perplexity(6))
    target = p.symmetrize() if q.normalize == "joint" else p
    start = np.random.default_rng(1).normal(size=(50, 2))

    def gradient(factor):
        model = ICon(target, q, Embedding(50, 2, init=start))
        run = a_run(model, max_iter=1, exaggeration=factor, optimizer="sgd", lr=0.0)
        event = run.advance()
        return event.loss, model.mapper.weight.grad.clone()

    (plain_loss, plain), (loss, exaggerated) = gradient(1.0), gradient(12.0)
    model = ICon(target, q, Embedding(50, 2, init=start))
    pair = model.pair(fit_inputs(X, None))
    mass = pair.target.block(None).exp()
    score = q.log_score(pair.rows, pair.columns)
    (-(pair.target.row_weight.unsqueeze(-1) * mass * score).sum()).backward()
    assert loss == plain_loss
    assert torch.allclose(exaggerated, plain + 11 * model.mapper.weight.grad, atol=1e-6)


def test_exaggeration_leaves_the_uniform_part_of_a_target_alone():
    start = np.random.default_rng(1).normal(size=(50, 2))

    def gradient(target, factor):
        model = ICon(target, StudentT(), Embedding(50, 2, init=start))
        run = a_run(model, max_iter=1, exaggeration=factor, optimizer="sgd", lr=0.0)
        run.advance()
        return model.mapper.weight.grad.clone()

    added, debiased = (gradient(p, 5.0) - gradient(p, 1.0) for p in (KNN(6), KNN(6).debias(0.4)))
    assert torch.allclose(debiased, 0.6 * added, atol=1e-6)


def test_exaggeration_of_a_dense_target_is_refused():
    with pytest.raises(OptionError, match="exaggeration needs .* a sparse target"):
        ICon(Gaussian(1.0), StudentT(), Embedding(50, 2)).fit(X, max_iter=2, exaggeration=4.0)


def test_temperature_divides_the_scores():
    start = np.random.default_rng(1).normal(size=(50, 2))

    def first_loss(q, **options):
        return a_run(ICon(KNN(5), q, Embedding(50, 2, init=start)), max_iter=1, **options).advance().loss

    assert first_loss(Gaussian(1.0), temperature=4.0) == pytest.approx(first_loss(Gaussian(2.0)), rel=1e-6)
    assert first_loss(Gaussian(1.0), temperature=4.0) != pytest.approx(first_loss(Gaussian(1.0)))
    seen = []
    run = a_run(a_map(), max_iter=3, temperature=lambda k, total: seen.append((k, total)) or 1.0)
    for _ in range(3):
        run.advance()
    assert seen == [(0, 3), (1, 3), (2, 3)]


def test_restarts_choose_the_lowest_own_loss_and_show_one_run():
    events = []
    model = ICon(KNN(5), UniformCluster(), MLP(5, 4))
    model.fit(X, max_iter=16, lr=0.01, restarts=8, callbacks=(events.append,))
    kinds = [event.kind for event in events]
    # two rounds: a step of all eight starts, then four of the better two
    assert kinds == ["search"] * 5 + ["start"] + ["step"] * 16 + ["end"]
    assert [event.step for event in events[6:-1]] == list(range(16))
    assert all(event.model is model for event in events)
    assert model.history.losses == [event.loss for event in events[6:-1]]
    assert len(model.history.restart_losses) == 8
    assert model.history.restart_losses == sorted(model.history.restart_losses)
    single = [
        ICon(KNN(5), UniformCluster(), MLP(5, 4))
        .fit(X, max_iter=16, lr=0.01, random_state=k)
        .history.losses[-1]
        for k in range(4)
    ]
    assert model.history.losses[-1] <= np.median(single) + 1e-3


def test_restarts_take_the_winner_of_the_search():
    """A model whose start decides everything: the search must return the best start."""

    class Offset(Initializable, nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(5, 2))

        def initialize(self, data, target, generator):
            with torch.no_grad():
                self.shift.copy_(torch.randn(5, 2, generator=generator))

        def forward(self, x):
            return x @ self.shift

    losses = []
    for count in (1, 8):
        model = ICon(KNN(5), Gaussian(1.0), Offset())
        losses.append(model.fit(X, max_iter=8, lr=0.0, restarts=count).history)
    assert losses[1].losses[-1] == pytest.approx(losses[1].restart_losses[0], rel=1e-6)
    assert losses[1].losses[-1] < losses[0].losses[-1]


class Brittle(Initializable, nn.Module):
    """Its loss is finite at every start, but where the first weight is below 0 its gradient is NaN."""

    def __init__(self):
        super().__init__()
        self.shift = nn.Parameter(torch.ones(5, 2))

    def initialize(self, data, target, generator):
        with torch.no_grad():
            self.shift.copy_(torch.randn(5, 2, generator=generator))

    def forward(self, x):
        first = self.shift[0, 0]
        return x @ self.shift + 0 * (first * (first > 0)).sqrt()


@pytest.mark.parametrize("batches", [{}, {"batch_size": len(X) // 2}])
def test_a_start_that_its_last_update_broke_does_not_win(batches):
    broken = 0
    for seed in range(4):
        model = ICon(KNN(5), Gaussian(1.0), Brittle())
        history = model.fit(X, max_iter=1, lr=0.01, restarts=6, random_state=seed, **batches).history
        assert model.mapper.shift.isfinite().all()
        assert math.isfinite(history.restart_losses[0])
        broken += sum(map(math.isinf, history.restart_losses))
    assert 0 < broken < 24


def test_minibatches_cover_an_epoch_without_repeats():
    seen = []
    model = ICon(KNN(3), StudentT(), Linear(5, 2))
    run = a_run(model, epochs=2, batch_size=15)
    assert run.total == 6
    for _ in range(run.total):
        seen.append(next(run.batches).id.tolist())
    for epoch in (seen[:3], seen[3:]):
        ids = [k for batch in epoch for k in batch]
        assert [len(batch) for batch in epoch] == [15] * 3
        assert len(set(ids)) == 45
    assert seen[:3] != seen[3:]
    whole = a_run(ICon(KNN(3), StudentT(), Linear(5, 2)), epochs=4, batch_size=500)
    assert whole.total == 4
    assert next(whole.batches).n == 50


def test_the_neighbour_graph_of_the_whole_data_serves_minibatches():
    model = ICon(KNN(3), StudentT(), Linear(5, 2))
    seen = []

    def look(event):
        if event.kind == "step":
            seen.append(int(event.pair.target.support.lengths.max()))

    model.fit(X, max_iter=3, batch_size=25, callbacks=(look,))
    assert max(seen) <= 3
    assert model.prepared is None


@pytest.mark.parametrize("queued", [False, True])
def test_a_momentum_teacher_starts_at_the_mapper(queued):
    keys, started = Momentum(0.9), []
    mapper = MLP(5, 2)
    columns = Queue(20, keys=keys) if queued else keys
    model = ICon(Augmentation(2), Gaussian(0.7, metric="cos"), mapper, mapper_j=columns)

    def at_start(event):
        if event.kind == "start":
            pairs = zip(keys.teacher.parameters(), mapper.parameters(), strict=True)
            started.append(all(torch.equal(a, b) for a, b in pairs))

    for seed in (0, 1):
        model.fit(X, max_iter=1, random_state=seed, augment=lambda x, g: x + 0.1, callbacks=(at_start,))
    assert started == [True, True]


def test_augment_makes_fresh_views_of_every_batch():
    views = []

    def augment(x, generator):
        views.append(x + 0.1 * torch.randn(x.shape, generator=generator))
        return views[-1]

    ICon(Augmentation(3), Gaussian(0.7, "cos"), Linear(5, 2)).fit(
        X, max_iter=2, batch_size=10, augment=augment
    )
    assert len(views) == 6
    assert all(view.shape == (10, 5) for view in views)
    assert not torch.equal(views[0], views[1])


@pytest.mark.parametrize("augment", [(), [len, 3], "flip", 0.5])
def test_augment_that_is_no_function_is_refused_in_words(augment):
    with pytest.raises(OptionError, match="which make the views in turn"):
        ICon(Augmentation(2), Gaussian(0.7, "cos"), Linear(5, 2)).fit(X, max_iter=1, augment=augment)


def test_events_and_the_loss_curve():
    curve, events = LossCurve(), []
    model = a_map()
    model.fit(X, max_iter=5, callbacks=[curve, events.append])
    assert curve.losses == model.history.losses
    assert events[0].kind == "start"
    assert math.isnan(events[0].loss)
    assert events[-1].kind == "end"
    assert events[-1].loss == curve.losses[-1]
    times = [event.time for event in events]
    assert times == sorted(times)
    assert all(event.pair is not None for event in events if event.kind == "step")


def test_progress_prints_to_standard_error(capsys):
    a_map().fit(X, max_iter=3, callbacks=(Progress("a title"),))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "a title" in shown.err
    assert "3/3" in shown.err


def test_a_model_without_parameters_is_refused():
    with pytest.raises(OptionError, match="no trainable parameter"):
        ICon(KNN(5), StudentT(), nn.Identity()).fit(X)


def test_zero_steps_give_the_start():
    model = a_map()
    assert model.fit(X, max_iter=0).history.losses == []
    assert np.isfinite(model.transform(X)).all()


def test_learnable_widths_are_trained():
    width = Learnable(3.0)
    model = ICon(KNN(5), Gaussian(width), Linear(5, 2))
    model.fit(X, max_iter=10, lr=0.1)
    assert float(width().detach()) != pytest.approx(3.0)
    target = Learnable(3.0)
    ICon(Gaussian(target), Gaussian(1.0), Linear(5, 2)).fit(X, max_iter=10, lr=0.1)
    assert float(target().detach()) != pytest.approx(3.0)


def test_the_momentum_teacher_starts_anew_on_a_refit():
    model = ICon(KNN(5), Gaussian(1.0), Linear(5, 2), mapper_j=Momentum(0.9))
    first = model.fit(X, max_iter=5, lr=0.1).history.losses
    assert model.fit(X, max_iter=5, lr=0.1).history.losses == first


def test_best_keeps_the_state_that_a_loss_judged():
    model = ICon(KNN(5), StudentT(), Linear(5, 2))
    best = Best(model)
    for step, (weight, loss) in enumerate([(1.0, 5.0), (2.0, 1.0), (3.0, 4.0)]):
        with torch.no_grad():
            model.mapper.net.weight.fill_(weight)  # the state after the step, whose loss the next event tells
        best.see(Event("step", step, 50, loss, model), whole=True)
    best.restore()
    assert model.mapper.net.weight[0, 0].item() == 1.0


def test_options_are_checked_together():
    with pytest.raises(OptionError, match="fit has no option 'lrate'; options: .*did you mean 'lr'"):
        training_options("fit", {"lrate": 1})
    assert training_options("fit", {"lr": 1.0}).lr == 1.0
    assert Training(random_state=None).seed() != Training(random_state=None).seed()
    assert Training(random_state=5).seed() == 5
