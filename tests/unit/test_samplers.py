"""Batches of classes: equally many samples of each of some classes, in every batch, process and resumed run."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from resuming import after

from iconlearn import KNN, MLP, Gaussian, ICon, InputError, Label, OptionError
from iconlearn.inputs import as_inputs
from iconlearn.train.batches import Batches
from iconlearn.train.options import Training
from iconlearn.train.samplers import Classes

X = torch.randn(120, 5, generator=torch.Generator().manual_seed(0))
Y = torch.arange(120) % 10
Y[::17] = -1


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def batches(label=Y, **options):
    data = as_inputs({"value": X, "label": label})
    return Batches(data, Training(**{"batch_size": 24, "classes_per_batch": 6} | options), 1, seeded())


def fitted(**options):
    model = ICon(Label(), Gaussian(0.5, "cos"), MLP(5, 3))
    given = {"batch_size": 24, "classes_per_batch": 6, "max_iter": 15, "lr": 0.01} | options
    return model.fit(X.numpy(), Y.numpy(), **given)


def test_a_batch_has_equally_many_of_each_class():
    source, seen, classes = batches(), set(), set()
    assert source.per_epoch == 5
    for _ in range(60):
        batch = next(source)
        names, counts = batch.label.unique(return_counts=True)
        assert (len(names), counts.unique().tolist()) == (6, [4])
        assert batch.id.unique().tolist() == batch.id.tolist()
        assert torch.equal(batch.views[0], X[batch.id])
        assert torch.equal(batch.label, Y[batch.id])
        seen |= set(batch.id.tolist())
        classes.add(tuple(names.tolist()))
    assert seen == set((Y >= 0).nonzero().flatten().tolist())  # all but those without a label
    assert len(classes) > 20


def test_classes_and_samples_are_drawn_evenly():
    source = batches(batch_size=8, classes_per_batch=2)
    drawn = torch.cat([next(source).id for _ in range(2000)])
    shares = torch.bincount(Y[drawn], minlength=10) / len(drawn)
    assert torch.allclose(shares, torch.full((10,), 0.1), atol=0.01)
    own = torch.bincount(drawn, minlength=120)[Y == 3]
    assert float(own.min()) > 0.8 * float(own.double().mean())


def test_a_small_class_gives_all_that_it_has():
    label = torch.arange(120) % 2
    label[:3] = 2
    for _ in range(5):
        batch = next(batches(label, classes_per_batch=3))
        assert torch.bincount(batch.label).tolist() == [8, 8, 3]


def test_the_whole_data_may_be_a_batch_of_classes():
    label = torch.arange(120) % 3
    found = next(batches(label, batch_size=120, classes_per_batch=2))
    assert found.label.unique(return_counts=True)[1].tolist() == [40, 40]


def test_no_row_is_without_a_positive():
    assert fitted().history.empty_rows == 0
    assert fitted(classes_per_batch=None, batch_size=12).history.empty_rows > 0.1


def test_a_seed_gives_the_batches_and_a_stopped_run_goes_on_with_them(tmp_path):
    def stop():
        raise KeyboardInterrupt

    whole = fitted()
    assert whole.history.losses == fitted().history.losses
    assert whole.history.losses != fitted(random_state=1).history.losses
    fitted(checkpoint=tmp_path / "run", callbacks=(after(6, stop),))
    resumed = fitted(checkpoint=tmp_path / "run")
    assert resumed.history.resumed_from == 7
    assert resumed.history.losses == whole.history.losses
    for mine, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_starts_that_race_see_batches_of_classes():
    assert len(fitted(restarts=4, max_iter=12).history.restart_losses) == 4


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"batch_size": None}, "batch_size=None; give a batch_size that is a multiple, such as 48"),
        ({"batch_size": 25}, "batch_size=25; give a batch_size that is a multiple"),
        ({"batch_size": 6}, "at least two, of each class"),
        ({"classes_per_batch": 0}, "classes_per_batch=0 must be an integer"),
        ({"positives": 2}, "positives=2 and classes_per_batch=6 both say"),
    ],
)
def test_what_does_not_go_together_is_refused(options, match):
    with pytest.raises(OptionError, match=match):
        fitted(**options)


def test_labels_must_be_there():
    with pytest.raises(InputError, match="classes_per_batch=12, but the labels name only 10 classes"):
        fitted(classes_per_batch=12)
    with pytest.raises(InputError, match="classes_per_batch=6 draws samples by their labels.*pass y="):
        ICon(KNN(5), Gaussian(0.5, "cos"), MLP(5, 3)).fit(np.asarray(X), batch_size=24, classes_per_batch=6)


def test_classes_of_one_sample_are_in_no_batch():
    label = torch.tensor([0, 0, 0, 1, 2, 2, -1])
    sampler = Classes(label, classes=2, each=2)
    assert sampler.fewest == 4
    drawn = {
        int(code) for seed in range(20) for code in label[sampler.draw(torch.Generator().manual_seed(seed))]
    }
    assert drawn == {0, 2}
    with pytest.raises(InputError, match=r"only 2 classes of two or more samples \(1 of one\)"):
        Classes(label, classes=3, each=2)
