"""Mappers: shapes, seeds, constraints, and the columns that are not rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from iconlearn import (
    CNN,
    KNN,
    MLP,
    Assignments,
    Augmentation,
    CrossModal,
    DataLabel,
    Embedding,
    Gaussian,
    GraphTSNE,
    ICon,
    InputError,
    Linear,
    Momentum,
    OptionError,
    Orthonormal,
    PerView,
    Prototypes,
    Queue,
    SoftmaxHead,
)
from iconlearn.inputs import as_inputs
from iconlearn.mappers import MAPPERS, embed
from iconlearn.points import Points

X = torch.randn(40, 6, generator=torch.Generator().manual_seed(1))
NETWORKS = {
    "Linear": lambda seed: Linear(6, 3, seed=seed),
    "Orthonormal": lambda seed: Orthonormal(6, 3, seed=seed),
    "MLP": lambda seed: MLP(6, 3, hidden=(8, 4), seed=seed),
    "CNN": lambda seed: CNN((1, 2, 3), 3, width=8, hidden=8, seed=seed),
    "SoftmaxHead": lambda seed: SoftmaxHead(6, 3, seed=seed),
}
TABLES = {
    "Embedding": lambda seed: Embedding(40, 3, seed=seed),
    "Assignments": lambda seed: Assignments(40, 3, seed=seed),
}


def target_of(x: torch.Tensor, dist=None):
    """Points of the data and a target over them."""
    points = Points.of(x)
    model = ICon(dist or KNN(5), Gaussian(1.0), nn.Identity())
    return points, model.target_on(points, points)


@pytest.mark.parametrize("name", [*NETWORKS, *TABLES])
def test_shape_seed_repr_and_no_global_randomness(name):
    make = {**NETWORKS, **TABLES}[name]
    before = torch.get_rng_state()
    one, same, other = make(0), make(0), make(1)
    data = as_inputs(X)
    assert embed(one, data).shape == (40, 3)
    assert torch.equal(embed(one, data), embed(same, data))
    assert not torch.equal(embed(one, data), embed(other, data))
    assert repr(eval(repr(other), dict(MAPPERS))) == repr(other)
    one.initialize(*target_of(X), torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", [*NETWORKS, *TABLES])
def test_initialize_starts_anew_from_the_generator(name):
    make, data = {**NETWORKS, **TABLES}[name], as_inputs(X)
    results = []
    for seed, generator_seed in ((0, 5), (1, 5), (0, 6)):
        mapper = make(seed)
        with torch.no_grad():
            for parameter in mapper.parameters():
                parameter.add_(1.0)
        mapper.initialize(*target_of(X), torch.Generator().manual_seed(generator_seed))
        results.append(embed(mapper, data))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


@pytest.mark.parametrize("name", list(NETWORKS))
def test_networks_take_any_number_type_and_refuse_another_width(name):
    mapper = NETWORKS[name](0)
    whole = (10 * X).round()
    expected = mapper(whole)
    for given in (whole.double(), whole.half(), whole.to(torch.int64)):
        assert torch.equal(mapper(given), expected)
    with pytest.raises(InputError, match="takes rows of 6 numbers, but the data has 5"):
        mapper(X[:, :5])
    double = NETWORKS[name](0).double()
    assert double(X).dtype == torch.float64


def test_networks_accept_what_others_fold():
    images = X.reshape(40, 1, 2, 3)
    assert torch.equal(CNN((1, 2, 3), 3, width=8)(images), CNN((1, 2, 3), 3, width=8)(X))
    assert torch.equal(MLP(6, 3)(images), MLP(6, 3)(X))


@pytest.mark.parametrize("kind", [MLP, CNN])
def test_input_scale_divides(kind):
    shape = (6, 3) if kind is MLP else ((1, 2, 3), 3)
    torch.testing.assert_close(kind(*shape, input_scale=4.0)(4 * X), kind(*shape)(X))
    with pytest.raises(OptionError, match="input_scale=0"):
        kind(*shape, input_scale=0)


def test_linear_is_a_linear_map():
    mapper = Linear(6, 3)
    assert torch.allclose(mapper(X), X @ mapper.net.weight.T + mapper.net.bias)
    assert Linear(6, 3, bias=False).net.bias is None
    assert torch.equal(Linear(6, 3, bias=False)(torch.zeros(2, 6)), torch.zeros(2, 3))


def test_orthonormal_rows_stay_orthonormal_through_training():
    mapper = Orthonormal(6, 3)
    model = ICon(KNN(5), Gaussian(1.0), mapper)
    start = mapper.weight.clone()
    model.fit(X.numpy(), max_iter=10, lr=0.1)
    assert torch.allclose(mapper.weight @ mapper.weight.T, torch.eye(3), atol=1e-5)
    assert not torch.allclose(mapper.weight, start)
    with pytest.raises(OptionError, match=r"out_features=7 must be an integer in \[1, 6\]"):
        Orthonormal(6, 7)


def test_softmax_head_sums_to_one_and_starts_at_a_clustering():
    blobs = torch.cat([X[:20] * 0.1, X[20:] * 0.1 + 5])
    for init in ("k-means", "random"):
        head = SoftmaxHead(6, 2, init=init)
        head.initialize(*target_of(blobs), torch.Generator().manual_seed(0))
        assert torch.allclose(head(blobs).exp().sum(1), torch.ones(40))
        assert torch.allclose(head.scaled(blobs).mean(0), torch.zeros(6), atol=1e-5)
        assert float(head.scaled(blobs).square().mean()) == pytest.approx(1, rel=1e-4)
        if init == "k-means":
            labels = head(blobs).argmax(1)
            assert len(set(labels[:20].tolist())) == len(set(labels[20:].tolist())) == 1
            assert labels[0] != labels[-1]
    head.initialize(*target_of(torch.ones(40, 6)), torch.Generator().manual_seed(0))
    assert bool(head(torch.ones(40, 6)).isfinite().all())
    with pytest.raises(OptionError, match="6 columns|5 columns"):
        SoftmaxHead(6, 2).initialize(*target_of(X[:, :5]), torch.Generator())
    with pytest.raises(InputError, match="3 clusters .* only 2 rows"):
        SoftmaxHead(6, 3).initialize(*target_of(X[:2]), torch.Generator())


def test_assignments_sum_to_one_and_start_at_a_clustering():
    blobs = torch.cat([X[:20] * 0.1, X[20:] * 0.1 + 5])
    table = Assignments(40, 2)
    table.initialize(*target_of(blobs), torch.Generator().manual_seed(0))
    soft = table(torch.arange(40))
    assert torch.allclose(soft.exp().sum(1), torch.ones(40))
    assert len(set(soft.argmax(1)[:20].tolist())) == 1
    given = np.random.default_rng(0).normal(size=(40, 2))
    held = Assignments(40, 2, init=given)
    held.initialize(*target_of(X), torch.Generator())
    np.testing.assert_allclose(held.weight.detach().numpy(), given, rtol=1e-6)


@pytest.mark.parametrize("init", ["pca", "spectral", "random"])
def test_embedding_starts(init):
    table = Embedding(40, 2, init=init, scale=0.01)
    table.initialize(*target_of(X), torch.Generator().manual_seed(0))
    weight = table.weight.detach()
    assert float(weight[:, 0].std()) == pytest.approx(0.01, rel=0.05)
    assert len(weight.unique(dim=0)) == 40
    if init == "pca":
        centred = X - X.mean(0)
        first = centred @ torch.linalg.svd(centred, full_matrices=False).Vh[0]
        assert abs(float(np.corrcoef(first, weight[:, 0])[0, 1])) > 0.999


def test_embedding_starts_where_the_data_says_little():
    for data in (torch.ones(40, 6), X[:, :1], torch.cat([X[:20], X[:20]])):
        for init in ("pca", "spectral"):
            table = Embedding(40, 3, init=init)
            table.initialize(*target_of(data), torch.Generator().manual_seed(0))
            assert bool(table.weight.isfinite().all())
            assert len(table.weight.unique(dim=0)) == 40
    dense = Embedding(40, 2, init="spectral")
    dense.initialize(*target_of(X, Gaussian(1.0)), torch.Generator().manual_seed(0))
    assert bool(dense.weight.isfinite().all())


def test_given_starts_are_kept_and_checked():
    start = np.arange(80.0).reshape(40, 2)
    table = Embedding(40, 2, init=start)
    table.initialize(*target_of(X), torch.Generator())
    np.testing.assert_array_equal(table.weight.detach().numpy(), start)
    with torch.no_grad():
        table.weight.zero_()
    table.initialize(*target_of(X), torch.Generator())
    np.testing.assert_array_equal(table.weight.detach().numpy(), start)  # a refit starts there again
    for bad in (start[:3], np.full((40, 2), np.nan)):
        with pytest.raises(OptionError, match=r"init has shape"):
            Embedding(40, 2, init=bad)
    with pytest.raises(OptionError, match="did you mean 'pca'"):
        Embedding(40, 2, init="pcaa")


def test_tables_refuse_other_sizes():
    with pytest.raises(InputError, match="set num_embeddings=40"):
        ICon(KNN(5), Gaussian(1.0), Embedding(30, 2)).fit(X.numpy())
    for ids in ([40], [-1]):
        with pytest.raises(InputError, match="rows for ids 0 to 39"):
            Embedding(40, 2)(torch.tensor(ids))


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_read_in_order_is_read_as_by_any_other_order(name, generator):
    table = TABLES[name](0)
    swapped = torch.randperm(40, generator=generator)
    nearly = torch.arange(40)
    nearly[[5, 6]] = torch.tensor([6, 5])  # both ends are where they are in the whole table
    whole, weight = table(torch.arange(40)), torch.randn(40, 3, generator=generator)
    (gradient,) = torch.autograd.grad((whole * weight).sum(), [table.weight])
    for ids in (swapped, nearly, swapped[:7], torch.arange(40).repeat(2), torch.arange(40).int()):
        rows = table(ids)
        assert torch.equal(rows, whole[ids.long()])
        (found,) = torch.autograd.grad((rows * weight[ids.long()]).sum(), [table.weight])
        expected = gradient * torch.bincount(ids, minlength=40).unsqueeze(-1)
        assert torch.allclose(found, expected, atol=1e-6)
    assert table(torch.zeros(0, dtype=torch.int64)).shape == (0, 3)


def test_rows_of_a_table_stay_when_it_moves():
    table = Embedding(4, 2)
    rows = table(torch.arange(4))
    before = rows.detach().clone()
    with torch.no_grad():
        table.weight.add_(1.0)
    assert torch.equal(rows.detach(), before)


def test_a_table_read_in_order_needs_no_index():
    seen, nodes = set(), [Embedding(4, 2)(torch.arange(4)).grad_fn]
    while nodes:
        node = nodes.pop()
        seen.add(type(node).__name__)
        nodes += [parent for parent, _ in node.next_functions if parent is not None]
    assert not any("Index" in name for name in seen), seen


def test_prototypes_give_cross_entropy(generator):
    prototypes, labels = Prototypes(5, 3), torch.randint(5, (40,), generator=generator)
    network = Linear(6, 3)
    model = ICon(DataLabel(), Gaussian(1.0, "dot", pairs="all"), network, mapper_j=prototypes)
    logits = network(X) @ prototypes.weight.T
    for alpha in (0.0, 0.2):
        smooth = ICon(
            DataLabel().debias(alpha), Gaussian(1.0, "dot", pairs="all"), network, mapper_j=prototypes
        )
        expected = nn.functional.cross_entropy(logits, labels, label_smoothing=alpha)
        target = torch.full((40, 5), alpha / 5).scatter_add(
            1, labels.unsqueeze(1), torch.full((40, 1), 1 - alpha)
        )
        entropy = -(target * target.clamp(min=1e-30).log()).sum(1).mean()
        assert torch.allclose(smooth((X, labels)) + entropy, expected, atol=1e-6)
    assert torch.allclose(model.learned_over_columns(network(X)), logits.log_softmax(1), atol=1e-6)
    with pytest.raises(OptionError, match="Prototypes are needed"):
        ICon(KNN(5), Gaussian(1.0), network).learned_over_columns(X)
    first = prototypes.weight.detach().clone()
    prototypes.initialize(*target_of(X), torch.Generator().manual_seed(3))
    assert not torch.equal(prototypes.weight, first)


def test_momentum_follows_by_its_formula():
    network, momentum = Linear(6, 3), Momentum(0.9)
    model = ICon(KNN(5), Gaussian(1.0), network, mapper_j=momentum).train()
    expected = network.net.weight.detach().clone()
    assert torch.equal(momentum.teacher.net.weight, expected)
    for _ in range(3):
        with torch.no_grad():
            network.net.weight.add_(1.0)
        model(X).backward()
        expected = 0.9 * expected + 0.1 * network.net.weight.detach()
        assert torch.allclose(momentum.teacher.net.weight, expected, atol=1e-6)
    assert not any(p.requires_grad for p in momentum.teacher.parameters())
    model.eval()
    held = momentum.teacher.net.weight.clone()
    model(X)
    assert torch.equal(momentum.teacher.net.weight, held)
    pair = model.pair(as_inputs(X))
    assert torch.equal(pair.columns.value, momentum.teacher(X))
    assert not pair.columns.value.requires_grad
    momentum.initialize(*target_of(X), torch.Generator())
    assert torch.equal(momentum.teacher.net.weight, network.net.weight)
    assert "mapper_j.teacher.net.weight" in model.state_dict()
    with pytest.raises(OptionError, match="follows no mapper"):
        Momentum().columns(as_inputs(X), None, network)
    with pytest.raises(OptionError, match="momentum=2"):
        Momentum(2)


def test_the_queue_holds_the_newest_points():
    network, queue = Linear(6, 3), Queue(30)
    model = ICon(Augmentation(2), Gaussian(0.7, "cos"), network, mapper_j=queue).train()
    counts = []
    for start in (0, 10, 20):
        batch = {
            "views": (X[start : start + 10], X[start : start + 10] + 0.1),
            "id": torch.arange(10) + start,
        }
        pair = model.pair(as_inputs(batch))
        counts.append(pair.columns.n)
        assert torch.equal(pair.columns.value[:20], pair.rows.value)
    assert counts == [20, 40, 50]
    assert queue.held.n == 30
    assert queue.held.id[:20].tolist() == [*range(20, 30)] * 2
    assert queue.held.id[20:].tolist() == list(range(10, 20))
    assert not queue.held.value.requires_grad
    loss = model((X[:10], X[:10] + 0.1))
    assert bool(loss.isfinite())
    model.eval()
    model((X[:10], X[:10] + 0.1))
    held = queue.held
    model((X[:10], X[:10] + 0.1))
    assert queue.held is held
    queue.initialize(*target_of(X), torch.Generator())
    assert queue.held is None
    keyed = ICon(Augmentation(2), Gaussian(0.7, "cos"), network, mapper_j=Queue(30, keys=Momentum(0.9)))
    assert keyed((X[:10], X[:10] + 0.1)).requires_grad


def test_per_view_maps_every_view_by_its_own_mapper():
    first, second = Linear(6, 3), Linear(4, 3)
    mapper = PerView(first, second)
    other = torch.randn(40, 4, generator=torch.Generator().manual_seed(2))
    out = embed(mapper, as_inputs((X, other)))
    assert torch.equal(out, torch.cat([first(X), second(other)]))
    loss = ICon(CrossModal(), Gaussian(0.7, "cos", pairs="cross_view"), mapper)((X, other))
    loss.backward()
    assert second.net.weight.grad is not None
    with pytest.raises(InputError, match="has 2 mappers but the batch has 1 views"):
        embed(mapper, as_inputs(X))
    with pytest.raises(InputError, match="give every view its own mapper"):
        embed(first, as_inputs((X, other)))
    for bad in ((), (3,)):
        with pytest.raises(OptionError, match="PerView"):
            PerView(*bad)


def test_a_plain_module_may_give_the_columns():
    model = ICon(KNN(5), Gaussian(1.0), Linear(6, 3), mapper_j=Linear(6, 3, seed=1))
    pair = model.pair(as_inputs(X))
    assert torch.equal(pair.columns.value, model.mapper_j(X))
    assert bool(model(X).isfinite())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Linear(0, 2), "in_features=0"),
        (lambda: MLP(6, 2, hidden=(0,)), "hidden=0"),
        (lambda: MLP(6.5, 2), "in_features=6.5"),
        (lambda: CNN((1, 8)), r"image_shape=\(1, 8\)"),
        (lambda: CNN(8), "image_shape=8"),
        (lambda: CNN((1, 8, 8), width=12), "multiple of 8"),
        (lambda: SoftmaxHead(6, 2, init="kmeans"), "did you mean 'k-means'"),
        (lambda: Assignments(6, 0), "num_clusters=0"),
        (lambda: Embedding(0), "num_embeddings=0"),
        (lambda: Embedding(5, scale=0), "scale=0"),
        (lambda: Prototypes(0, 3), "num_prototypes=0"),
        (lambda: Queue(0), "size=0"),
    ],
)
def test_impossible_arguments_are_refused(make, message):
    with pytest.raises(OptionError, match=message):
        make()


def test_a_mapper_must_return_one_vector_a_row():
    with pytest.raises(InputError, match=r"returned shape \(40,\)"):
        ICon(KNN(5), Gaussian(1.0), nn.Flatten(0))(X[:, :1])


def test_a_spectral_start_needs_one_target():
    model = ICon(KNN(5), Gaussian(1.0), Embedding(40, 2, init="spectral"))
    with pytest.raises(OptionError, match="init='spectral' needs one target"):
        model.fit(X.numpy(), batch_size=20, max_iter=2)
    assert model.prepared is None


def test_a_graph_in_pieces_starts_from_a_ring_of_them():
    pieces = np.kron(np.eye(4), np.ones((10, 10)) - np.eye(10))
    maps = [GraphTSNE(max_iter=0, random_state=k).fit_transform(pieces) for k in (0, 1)]
    centres = maps[0].reshape(4, 10, 2).mean(1)
    inside = maps[0].reshape(4, 10, 2).std(1).max()
    gaps = np.linalg.norm(centres[:, None] - centres[None], axis=-1)[~np.eye(4, dtype=bool)]
    assert gaps.min() > 3 * inside
    assert GraphTSNE(max_iter=5).fit_transform(np.ones((3, 3)) - np.eye(3)).shape == (3, 2)
