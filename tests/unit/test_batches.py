"""The samples of every step: orders, positives, and what is remembered of them."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from iconlearn import (
    KNN,
    MLP,
    Augmentation,
    DataLabel,
    Gaussian,
    ICon,
    InputError,
    Momentum,
    OptionError,
    Prototypes,
    Queue,
    SoftmaxHead,
    UniformCluster,
)
from iconlearn.distributions.graphs import Graph
from iconlearn.inputs import as_inputs
from iconlearn.train.batches import Batches
from iconlearn.train.options import Training

X = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def batches(options, target=None, data=None):
    return Batches(as_inputs(X) if data is None else data, options, 1, seeded(), target)


class Largest(TorchDispatchMode):
    """The largest tensor that is made."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor) and func is not torch.ops.aten.detach.default:
            self.numel = max(self.numel, out.numel())
        return out


def test_a_batch_of_a_graph_makes_nothing_of_the_size_of_all_samples():
    rows = torch.randn(5000, 2, generator=seeded())
    data = as_inputs(rows)
    target = KNN(4).prepare(data.points())
    model = ICon(KNN(4), UniformCluster(), SoftmaxHead(2, 3))
    model.hold(target)
    source = batches(Training(batch_size=40, positives=1), target, data)
    next(source)  # it makes the order of an epoch
    with Largest() as seen:
        model(next(source)).backward()
    assert 40 * 4 <= seen.numel < 5000


def test_positives_are_neighbours_and_every_sample_leads_once_an_epoch():
    data = as_inputs(X)
    target = KNN(5).prepare(data.points())
    source = batches(Training(batch_size=30, positives=2), target)
    assert source.per_epoch == 20
    leaders = []
    for _ in range(20):
        batch = next(source)
        assert len(batch.id.unique()) == batch.n <= 30
        order = source.order[source.position - 10 : source.position]
        assert torch.isin(order, batch.id).all()
        leaders += order.tolist()
        found = target(data.points(), data.points(), None).block(None).exp()
        others = batch.id[~torch.isin(batch.id, order)]
        assert (found[order][:, others] > 0).any(0).all()  # everybody else is a neighbour of a leader
    assert sorted(leaders) == list(range(200))


def test_positives_are_drawn_by_their_weights_without_repeats():
    weights = np.zeros((4, 4))
    weights[0, 1:] = [0.6, 0.3, 0.1]
    weights[1, 0] = 1.0
    graph = Graph(weights)
    ids = torch.zeros(20_000, dtype=torch.int64)
    first = graph.positives(ids, 1, seeded()).flatten()
    share = torch.bincount(first, minlength=4)[1:] / len(ids)
    assert torch.allclose(share, torch.tensor([0.6, 0.3, 0.1]), atol=0.015)
    pairs = graph.positives(ids, 2, seeded())
    assert (pairs[:, 0] != pairs[:, 1]).all()
    # of two draws without repeats, sample 3 is in 0.1 + 0.6 * 0.1 / 0.4 + 0.3 * 0.1 / 0.7 of them
    expected = 0.1 + 0.6 * 0.1 / 0.4 + 0.3 * 0.1 / 0.7
    assert float((pairs == 3).any(1).float().mean()) == pytest.approx(expected, abs=0.015)
    few = graph.positives(torch.tensor([1, 2]), 2, seeded())
    assert sorted(few[0].tolist()) == [0, 1]  # one positive, and itself
    assert few[1].tolist() == [2, 2]


def test_positives_pass_through_wrappers_and_mixtures():
    points = as_inputs({"value": X, "id": torch.arange(200) + 1000}).points()
    for dist in (
        KNN(3).debias(0.4),
        KNN(3).propagate(2),
        0.5 * KNN(3) + 0.5 * Augmentation(2),
        0.5 * KNN(3) + 0.5 * KNN(8),
    ):
        target = dist.prepare(points)
        drawn = target.positives(points.id, 2, seeded())
        assert drawn.shape == (200, 2)
        assert (drawn != points.id[:, None]).all()
        assert torch.isin(drawn, points.id).all()
    assert Augmentation(2).positives(points.id, 2, seeded()) is None


def test_a_batch_of_neighbours_trains_and_beats_one_without():
    model = ICon(KNN(5), UniformCluster(), SoftmaxHead(4, 5))
    model.fit(X, epochs=5, batch_size=32, positives=1, lr=0.01)
    assert model.history.empty_rows < 0.5
    alone = ICon(KNN(2), UniformCluster(), SoftmaxHead(4, 5)).fit(X, epochs=5, batch_size=32, lr=0.01)
    assert alone.history.empty_rows > model.history.empty_rows


def test_positives_without_a_graph_or_a_batch_are_refused():
    with pytest.raises(OptionError, match=r"positives=1 draws from a graph"):
        ICon(Augmentation(2), UniformCluster(), MLP(4, 3)).fit((X, X), batch_size=32, positives=1)
    with pytest.raises(OptionError, match=r"positives=3 join every sample of a batch, but batch_size=3"):
        ICon(KNN(5), UniformCluster(), MLP(4, 3)).fit(X, batch_size=3, positives=3)
    with pytest.raises(OptionError, match="positives"):
        ICon(KNN(5), UniformCluster(), MLP(4, 3)).fit(X, batch_size=3, positives=-1)


def test_starts_race_on_the_same_batches():
    seen = {}

    class Spy(SoftmaxHead):
        def forward(self, x):
            if self.training:
                seen.setdefault(id(self), []).append(x.double().sum().item())
            return super().forward(x)

    model = ICon(KNN(5), UniformCluster(), Spy(4, 5))
    model.fit(X, max_iter=32, batch_size=32, positives=1, restarts=8, lr=0.01)
    raced = [sums for sums in seen.values() if len(sums) < 32]
    assert len(raced) == 8
    assert len({tuple(sums[:3]) for sums in raced}) == 1
    assert len(model.history.losses) == 32


def test_ids_that_are_not_there_are_named():
    graph = Graph(np.eye(3)[[1, 2, 0]])
    with pytest.raises(InputError, match="unknown id 7"):
        graph.positives(torch.tensor([7]), 1, seeded())


@pytest.mark.parametrize("columns", [None, Momentum()])
def test_a_sample_alone_in_its_batch_is_refused(columns):
    model = ICon(Augmentation(2), Gaussian(0.5, "cos"), MLP(4, 2), mapper_j=columns)
    with pytest.raises(OptionError, match="batch_size=1 leaves a sample no others.*at least 2"):
        model.fit(X[:8], batch_size=1, max_iter=1, augment=lambda x, generator: x)


@pytest.mark.parametrize(
    ("target", "columns"), [(DataLabel(), Prototypes(2, 2)), (Augmentation(2), Queue(8, keys=Momentum()))]
)
def test_a_sample_may_be_alone_among_columns_of_another_kind(target, columns):
    model = ICon(target, Gaussian(0.5, "cos", pairs=target.pairs), MLP(4, 2), mapper_j=columns)
    model.fit(X[:8], torch.arange(8) % 2, batch_size=1, max_iter=3, augment=lambda x, generator: x)
    assert model.history.losses[-1] > 0
