"""Networks that are trained in stages: what learns when, and that nothing else notices."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from resuming import X, after, noisy
from sklearn.datasets import load_digits

from iconlearn import KNN, MLP, Augmentation, ICon, Linear, OptionError, Queue, Staged, StudentT
from iconlearn.estimators import ESTIMATORS
from iconlearn.methods import METHODS
from iconlearn.recipes import Shape, encoder, jitter, staged

STEPS = {"augment": noisy, "batch_size": 25, "max_iter": 20, "lr": 0.01, "optimizer": "adamw"}


def a_model(until=(0.5, 0.75)) -> ICon:
    return ICon(Augmentation(2), StudentT(), Staged(MLP(5, 7), Linear(7, 2), until))


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def test_the_encoder_learns_first_then_the_head_then_both():
    seen = []

    def look(event):
        if event.kind in ("start", "step"):
            mapper = event.model.mapper
            width = None if event.pair is None else event.pair.rows.value.shape[1]
            seen.append((width, weights(mapper.encoder), weights(mapper.head)))

    a_model().fit(X, **STEPS, callbacks=(look,))
    widths = [width for width, *_ in seen[1:]]
    assert widths == [7] * 10 + [2] * 10
    for step, ((_, e0, h0), (_, e1, h1)) in enumerate(pairwise(seen)):
        assert torch.equal(e0, e1) == (10 <= step < 15), step
        assert torch.equal(h0, h1) == (step < 10), step


def test_out_of_training_the_embedding_is_that_of_the_head():
    shapes = []

    def look(event):
        if event.kind == "step":
            shapes.append(event.model.transform(X).shape)

    a_model().fit(X, **STEPS, callbacks=(look,))
    assert set(shapes) == {(50, 2)}
    stopped = a_model().fit(X, **STEPS, callbacks=(lambda event: event.step < 3,))
    assert stopped.train().mapper(torch.from_numpy(X).float()).shape == (50, 2)  # in a loop of one's own
    alone = Staged(MLP(5, 7), Linear(7, 2)).train()
    assert alone(torch.zeros(3, 5)).shape == (3, 2)
    assert alone.features(torch.zeros(3, 5)).shape == (3, 7)


@pytest.mark.parametrize("stop", [4, 9, 12, 17])
def test_a_stopped_run_goes_on_to_the_same_bits_from_any_stage(stop, tmp_path):
    def interrupt():
        raise KeyboardInterrupt

    whole = a_model().fit(X, **STEPS)
    a_model().fit(X, **STEPS, checkpoint=tmp_path / "run", callbacks=(after(stop, interrupt),))
    resumed = a_model().fit(X, **STEPS, checkpoint=tmp_path / "run")
    assert resumed.history.resumed_from == stop + 1
    assert resumed.history.losses == whole.history.losses
    assert torch.equal(weights(resumed), weights(whole))


def test_a_warm_start_is_at_the_last_stage():
    widths = []
    model = a_model().fit(X, **STEPS)
    before = weights(model.mapper.encoder)
    look = (lambda event: widths.append(event.pair and event.pair.rows.value.shape[1]),)
    model.fit(X, **STEPS, warm_start=True, callbacks=look)
    assert set(widths) == {None, 2}
    assert not torch.equal(weights(model.mapper.encoder), before)
    model.fit(X, **STEPS, callbacks=look)
    assert 7 in widths


def test_pieces_and_stages_go_together():
    whole, split = (a_model().fit(X, **STEPS, accumulate=count) for count in (1, 5))
    assert split.history.losses == pytest.approx(whole.history.losses, rel=1e-4)


def on_neighbours(until) -> ICon:
    return ICon(KNN(5), StudentT(), Staged(MLP(5, 16), Linear(16, 2), until))


def test_a_plateau_of_the_first_stage_is_no_convergence():
    model = on_neighbours((0.3, 0.4)).fit(X, max_iter=1000, lr=0.01, tol=1e-2)
    assert model.history.converged
    assert 450 < len(model.history.losses) < 1000


def test_ctrl_c_does_not_bring_back_a_stage_whose_head_has_learnt_nothing():
    seen = {}

    def stop(event):
        if event.kind == "step":
            seen[event.step] = weights(event.model.mapper.head)
        if event.kind == "step" and event.step == 45:
            raise KeyboardInterrupt

    model = on_neighbours((0.3, 0.4)).fit(X, max_iter=100, lr=0.01, callbacks=(stop,))
    assert model.history.interrupted
    assert min(model.history.losses[:30]) < model.history.losses[45]  # in more dimensions
    assert not torch.equal(weights(model.mapper.head), seen[20])


def test_starts_are_compared_by_what_has_been_learnt():
    seen = []
    look = (lambda event: seen.append(event.loss) if event.kind == "search" else None,)
    model = on_neighbours((0.5, 0.75)).fit(X, max_iter=24, lr=0.01, restarts=4, callbacks=look)
    assert model.history.restart_losses[0] == seen[-1]


def test_columns_that_remember_another_width_are_refused():
    model = ICon(Augmentation(2), StudentT(), Staged(MLP(5, 7), Linear(7, 2)), mapper_j=Queue(32))
    with pytest.raises(OptionError, match="the columns of Queue"):
        model.fit(X, **STEPS)


@pytest.mark.parametrize("until", [(0.7, 0.3), (0.5,), (0.2, 1.5), (-0.1, 0.5), (0.2, 0.3, 0.4)])
def test_shares_are_checked(until):
    with pytest.raises(OptionError, match="Staged: until="):
        Staged(Linear(3, 4), Linear(4, 2), until)


def test_parts_are_checked():
    with pytest.raises(OptionError, match="Staged: head=3 must be an nn.Module"):
        Staged(Linear(3, 4), 3)


def test_the_estimator_trains_in_stages():
    TSimCNE = ESTIMATORS["TSimCNE"]
    fitted = TSimCNE(max_iter=12).fit(np.asarray(X, dtype=np.float32))
    mapper = fitted.model_.mapper
    assert isinstance(mapper, Staged)
    assert mapper.until == pytest.approx((0.3, 0.315))
    assert mapper.encoder.out_features == 128
    assert fitted.embedding_.shape == (50, 2)
    direct = TSimCNE(max_iter=12, pretraining=0).fit(np.asarray(X, dtype=np.float32)).model_.mapper
    assert direct.until == (0, 0)


def test_stages_end_at_a_lower_loss_than_a_network_into_the_plane():
    """Of digits, at equal epochs and with the same options."""
    digits = load_digits().data[:900].astype(np.float32)
    shape = Shape.of(digits)

    def loss(mapper):
        model = ICon(Augmentation(2), StudentT(), mapper(shape))
        options = {**METHODS["t-simcne"].fit, "epochs": 30, "augment": jitter(shape)}
        return np.mean(model.fit(digits, **options).history.losses[-10:])

    assert loss(staged(2, 0.3)) < loss(encoder(2)) - 0.05
