"""What every distribution and every wrapper form promises, one conditional at a time."""

from __future__ import annotations

import itertools
import pickle

import numpy as np
import pytest
import torch
from zoo import (
    ALL_DIVERGENCES,
    CASES,
    ENGINES,
    FORMS,
    ID,
    NAMESPACE,
    SMOOTH,
    VIEW,
    Form,
    cases,
    manhattan,
    matrix,
    points,
    sides,
    values,
)

from iconlearn._numerics import NEG
from iconlearn.bandwidth import Learnable
from iconlearn.distributions import (
    DISTRIBUTIONS,
    KNN,
    Augmentation,
    DegreeSoftmax,
    Distribution,
    Gaussian,
    Graph,
    Identity,
    Label,
    Mixture,
    StudentT,
    UniformCluster,
    graphs,
)
from iconlearn.divergences import DIVERGENCES
from iconlearn.engines import Dense
from iconlearn.points import Points

pytestmark = pytest.mark.usefixtures("float64")


def allowed(form: Form, dist: Distribution) -> np.ndarray:
    """Which pairs are candidates, pair by pair from ids and views."""
    views, ids = VIEW, ID
    columns = (
        [(-1, c) for c in range(5)] if form.columns == "prototypes" else list(zip(views, ids, strict=True))
    )
    free = {
        "all": lambda a, b: True,
        "distinct": lambda a, b: a != b,
        "cross_view": lambda a, b: a[0] != b[0],
    }[dist.pairs]
    return np.array([[free(a, b) for b in columns] for a in zip(views, ids, strict=True)])


def is_listed(form: Form, norm: str) -> bool:
    """Does the form list the pairs that have mass?"""
    return form.make(norm)(*sides(form, 0), Dense).support is not None


def test_every_registered_distribution_is_in_the_table():
    missing = set(DISTRIBUTIONS) - {f.registered for f in FORMS} - {"DCL"}  # a baseline, and no distribution
    assert not missing, f"add a form for {sorted(missing)} to tests/contracts/zoo.py"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(**cases(CASES))
def test_t01_masses_sum_to_one_on_the_candidates(form, norm, engine):
    dist, (i, j) = form.make(norm), sides(form, 0)
    c = dist(i, j, ENGINES[engine])
    P, has_mass = matrix(c), (c.block(None) > NEG).numpy()
    assert (c.n, c.m, c.normalize, c.pairs) == (*P.shape, norm, dist.pairs)
    filled = has_mass.any(1)
    assert filled.any()
    np.testing.assert_array_equal(c.empty.numpy(), ~filled)
    total = P[filled].sum(1) if norm == "row" else P.sum()
    np.testing.assert_allclose(total, 1, atol=1e-12)
    candidates = allowed(form, dist)
    assert not has_mass[~candidates].any()
    if c.full_support:
        assert has_mass[candidates & filled[:, None]].all()
    if norm == "row":
        np.testing.assert_allclose(c.row_weight().numpy(), filled / filled.sum(), atol=1e-15)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(**cases(CASES))
def test_pairs_and_parts_are_those_of_the_whole(form, norm, engine):
    i, j = sides(form, 0)
    c = form.make(norm)(i, j, ENGINES[engine])
    whole = c.block(None).detach()
    rows, cols = (k.flatten() for k in torch.meshgrid(torch.arange(c.n), torch.arange(c.m), indexing="ij"))
    torch.testing.assert_close(c.at(rows, cols).detach().view(c.n, c.m), whole, atol=1e-12, rtol=0)
    some, few = torch.tensor([7, 0, 7, 3]), torch.tensor([4, 1, 0])
    torch.testing.assert_close(c.block(some).detach(), whole[some], atol=1e-12, rtol=0)
    torch.testing.assert_close(c.block(some, few).detach(), whole[some][:, few], atol=1e-12, rtol=0)
    torch.testing.assert_close(c.block(None, few).detach(), whole[:, few], atol=1e-12, rtol=0)


@pytest.mark.parametrize(**cases([c for c in CASES if is_listed(*c)]))
def test_the_support_holds_all_mass_above_the_floor(form, norm):
    dist, (i, j) = form.make(norm), sides(form, 0)
    c = dist(i, j, Dense)
    inside = np.zeros((c.n, c.m), dtype=bool)
    inside[c.support.rows.numpy(), c.support.cols.numpy()] = True
    outside = matrix(c) * ~inside
    floor = np.zeros(c.n) if c.floor is None else c.floor.log_mass.exp().numpy()
    expected = (allowed(form, dist) & ~inside) * floor[:, None]
    np.testing.assert_allclose(outside, expected, atol=1e-14)


@pytest.mark.parametrize(**cases(CASES))
def test_the_order_of_points_does_not_matter(form, norm):
    i, j = sides(form, 0)
    mine = torch.randperm(i.n, generator=torch.Generator().manual_seed(3))
    theirs = mine if j is i else torch.randperm(j.n, generator=torch.Generator().manual_seed(4))
    dist = form.make(norm)
    moved = i.take(mine)
    c = dist(moved, moved if j is i else j.take(theirs), Dense)
    whole = dist(i, j, Dense).block(None)
    torch.testing.assert_close(c.block(None), whole[mine][:, theirs], atol=1e-10, rtol=0)


@pytest.mark.parametrize(**cases(CASES))
def test_evaluating_twice_gives_the_same_bits(form, norm):
    i, j = sides(form, 0)
    dist = form.make(norm)
    for engine in ENGINES.values():
        c = dist(i, j, engine)
        first = c.block(None).detach().clone()
        DIVERGENCES["tv"](c, c)
        assert torch.equal(c.block(None), first)
        assert torch.equal(dist(i, j, engine).block(None), first)


@pytest.mark.parametrize(**cases(CASES))
def test_repr_and_pickle_rebuild(form, norm):
    dist, (i, j) = form.make(norm), sides(form, 0)
    expected = dist(i, j, Dense).block(None)
    back = pickle.loads(pickle.dumps(dist))
    assert repr(back) == repr(dist)
    assert torch.equal(back(i, j, Dense).block(None), expected)
    if form.rebuilds:
        again = eval(repr(dist), dict(NAMESPACE))
        assert (repr(again), type(again)) == (repr(dist), type(dist))
        assert torch.equal(again(i, j, Dense).block(None), expected)


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize(**cases([c for c in CASES if c[0].registered in DISTRIBUTIONS]))
def test_half_precision_is_computed_in_single(form, norm, half):
    i, j = sides(form, 0)
    torch.set_default_dtype(torch.float32)
    low, single = (
        [p if p.value is None else points_like(p, p.value.to(half).to(t)) for p in (i, j)]
        for t in (half, torch.float)
    )
    dist = form.make(norm)
    c = dist(low[0], low[0] if j is i else low[1], Dense).block(None)
    assert c.dtype == torch.float32 or isinstance(
        dist, (Graph, DegreeSoftmax)
    )  # weights keep their precision
    assert torch.equal(c, dist(single[0], single[0] if j is i else single[1], Dense).block(None))


def points_like(p: Points, value: torch.Tensor) -> Points:
    fields = {k: v.float() if v.is_floating_point() else v for k, v in p.fields.items()}
    return Points.of(value, id=p.id, view=p.view, label=p.label, fields=fields)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(**cases(SMOOTH))
def test_coincident_points_have_finite_gradients(form, norm, engine):
    same = values(form, 0, n=1).expand(12, 3).clone()
    same[6:] = values(form, 1, n=1)
    dist = form.make(norm)
    z = same.requires_grad_()
    i, j = sides(form, 1, z)
    q = dist(i, j, ENGINES[engine])
    p = partner(form, dist, norm)
    for name in ("kl", "js", "tv", "hellinger", "chi2"):
        (gradient,) = torch.autograd.grad(DIVERGENCES[name](p, q), z, retain_graph=True)
        assert gradient.isfinite().all(), name


def partner(form: Form, dist: Distribution, norm: str):
    """A target with mass on a part of the candidates of ``dist``."""
    i, j = sides(form, 50)
    if form.columns == "prototypes":
        return KNN(2, normalize=norm, pairs="all")(i, j, Dense)
    pairs = "cross_view" if dist.pairs == "cross_view" else "distinct"
    return Augmentation(normalize=norm, pairs=pairs)(i, j, Dense)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("inputs", ["logits", "probabilities"])
def test_hard_assignments_have_finite_gradients(inputs, engine):
    z = torch.eye(3).repeat(4, 1) * (1 if inputs == "probabilities" else 500)
    z.requires_grad_()
    q = UniformCluster(inputs).debias(0.1)(points(z), points(z), ENGINES[engine])
    i = points(z.detach())
    loss = DIVERGENCES["kl"](Augmentation()(i, i, Dense), q)
    loss.backward()
    assert loss.isfinite()
    assert z.grad.isfinite().all()


@pytest.mark.parametrize("engine", ENGINES)
def test_walks_over_far_clusters_have_finite_gradients(engine):
    z = torch.cat([torch.randn(6, 2), torch.randn(6, 2) + 1e3]).requires_grad_()
    i = points(z)
    q = Gaussian().propagate(2)(i, i, ENGINES[engine])
    target = points(torch.arange(12.0).unsqueeze(-1))
    loss = DIVERGENCES["tv"](KNN(2)(target, target, Dense), q)
    loss.backward()
    assert z.grad.isfinite().all()


def widths():
    return {
        "Gaussian": lambda s, **o: Gaussian(s, **o),
        "StudentT": lambda s, **o: StudentT(1.0, s, **o),
        "parameter": lambda s, **o: Gaussian(torch.nn.Parameter(s().detach().clone()), **o),
        "wrapped": lambda s, **o: (0.5 * Gaussian(s, **o) + 0.5 * StudentT(1.0, s, **o)).debias(0.1),
    }


@pytest.mark.parametrize("norm", ["row", "joint"])
@pytest.mark.parametrize("kind", widths())
def test_a_learnable_width_has_the_same_gradient_through_both_engines(kind, norm, cloud, plane):
    p = Gaussian(0.9, normalize=norm)(cloud, cloud, Dense)

    def loss_and_slope(width, engine):
        dist = widths()[kind](Learnable(width), normalize=norm)
        (weight,) = dist.parameters()
        loss = DIVERGENCES["kl"](p, dist(plane, plane, engine))
        loss.backward()
        return loss.item(), weight.grad.item()

    slopes = [loss_and_slope(0.7, engine)[1] for engine in ENGINES.values()]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-10)
    step = 1e-5
    up, down = (loss_and_slope(0.7 * np.exp(s), Dense)[0] for s in (step, -step))
    scale = 0.7 if kind == "parameter" else 1.0  # the others train log sigma
    assert slopes[0] * scale == pytest.approx((up - down) / (2 * step), rel=1e-6)
    assert abs(slopes[0]) > 1e-3


@pytest.mark.parametrize(**cases([(f, norm) for f, norm in CASES if "KNN" in repr(f.make(norm))]))
def test_prepared_on_all_data_is_the_same_distribution(form, norm):
    """Graphs are indexed by id, so here every point is a sample of its own."""
    i = points(values(form, 0))
    i = Points.of(i.value, label=i.label, fields=i.fields)
    dist = form.make(norm)
    ready = dist.prepare(i)
    assert "KNN" not in repr(ready)
    torch.testing.assert_close(
        ready(i, i, Dense).block(None), dist(i, i, Dense).block(None), atol=1e-12, rtol=0
    )


@pytest.mark.parametrize(
    "walk", [lambda k: k, lambda k: k.propagate(2), lambda k: k.on("side"), lambda k: k.debias(0.3)]
)
def test_a_prepared_graph_serves_batches(walk, cloud):
    data = Points.of(cloud.value, fields={"side": cloud.value[:, :2]})
    graph = walk(KNN(4)).prepare(data)
    whole = matrix(graph(data, data, Dense))
    batch = torch.tensor([3, 11, 0, 7, 19, 5, 8])
    part = data.take(batch)
    P = matrix(graph(part, part, Dense))
    inside = whole[np.ix_(batch, batch)]
    base = matrix(walk(KNN(4))(data, data, Dense))
    np.testing.assert_allclose(whole, base, atol=1e-12)
    if "debias" not in repr(graph):
        sums = inside.sum(1, keepdims=True)
        np.testing.assert_allclose(
            P, np.divide(inside, sums, where=sums > 0, out=np.zeros_like(inside)), atol=1e-12
        )
    else:
        assert (P[~np.eye(7, dtype=bool)] > 0).reshape(7, 6).all(1).any()


@pytest.mark.parametrize(**cases(CASES))
def test_per_row_is_row_normalised(form, norm):
    dist, (i, j) = form.make(norm).per_row(), sides(form, 0)
    assert dist.normalize == "row"
    P = matrix(dist(i, j, Dense)).sum(1)
    np.testing.assert_allclose(P[P > 0], 1, atol=1e-12)


@pytest.mark.parametrize("f", FORMS, ids=lambda f: f.name)
def test_wrappers_keep_the_number_of_views(f):
    dist = f.make(f.norms[0])
    inner = [d.num_views for d in dist.modules() if isinstance(d, Distribution)]
    assert dist.num_views == max(inner)


@pytest.mark.parametrize(
    ("make", "pairs"), [(Label, "distinct"), (Augmentation, "distinct"), (Identity, "all")]
)
@pytest.mark.parametrize("norm", ["row", "joint"])
def test_a_streamed_match_is_the_listed_one(make, pairs, norm, monkeypatch):
    i = points(values(FORMS[0], 0))
    listed = make(normalize=norm)(i, i, Dense)
    assert listed.support is not None
    monkeypatch.setattr(graphs, "LISTED_PAIRS", 0)
    monkeypatch.setattr(graphs, "LISTED_SHARE", 0.0)
    for engine in ENGINES.values():
        streamed = make(normalize=norm)(i, i, engine)
        assert streamed.support is None
        assert streamed.pairs == pairs
        torch.testing.assert_close(streamed.block(None), listed.block(None), atol=1e-12, rtol=0)
        q = StudentT(normalize=norm, pairs=pairs)(i, i, engine)
        for name in ("kl", "js", "tv"):
            a, b = DIVERGENCES[name](listed, q), DIVERGENCES[name](streamed, q)
            torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


def test_mixture_weights_are_relative_and_flat_sums_are_kept():
    i = points(values(FORMS[0], 0))
    a, b, c = (matrix(d(i, i, Dense)) for d in (KNN(2), Augmentation(), StudentT()))
    dist = 1 * KNN(2) + 2 * Augmentation() + 5 * StudentT()
    assert isinstance(dist, Mixture)
    assert len(dist.terms()) == 3
    np.testing.assert_allclose(matrix(dist(i, i, Dense)), (a + 2 * b + 5 * c) / 8, atol=1e-14)


def test_mixture_shares_the_weight_of_a_component_without_mass():
    i = points(values(FORMS[0], 0))
    label, knn = (matrix(d(i, i, Dense)) for d in (Label(), KNN(3)))
    P = matrix((0.25 * Label() + 0.75 * KNN(3))(i, i, Dense))
    alone = label.sum(1) == 0
    np.testing.assert_allclose(P[alone], knn[alone], atol=1e-14)
    np.testing.assert_allclose(P[~alone], (0.25 * label + 0.75 * knn)[~alone], atol=1e-14)
    bare = Points.of(i.value, label=torch.arange(12))
    P = matrix((0.5 * Label(normalize="joint") + 0.5 * KNN(3, normalize="joint"))(bare, bare, Dense))
    assert P.sum() == pytest.approx(1)


def test_on_reads_the_field():
    i = points(values(FORMS[0], 0))
    seen = Points.of(i.fields["caption"], id=i.id, view=i.view)
    assert torch.equal(
        Gaussian(2).on("caption")(i, i, Dense).block(None), Gaussian(2)(seen, seen, Dense).block(None)
    )


def test_nearest_keeps_the_largest_masses():
    i = points(values(FORMS[0], 0))
    P, Q = (matrix(d(i, i, Dense)) for d in (StudentT(), StudentT().nearest(4)))
    kept = np.sort(P, 1)[:, [-4]] <= P
    np.testing.assert_allclose(Q, P * kept / (P * kept).sum(1, keepdims=True), atol=1e-14)


def test_temper_is_a_power():
    i = points(values(FORMS[0], 0))
    P, Q = (matrix(d(i, i, Dense)) for d in (StudentT(), StudentT().temper(3)))
    root = P ** (1 / 3) * (P > 0)
    np.testing.assert_allclose(Q, root / root.sum(1, keepdims=True), atol=1e-14)
    with pytest.raises(ValueError, match="no scores"):
        KNN(3).temper(2)


def test_symmetrize_halves_both_directions():
    i = points(values(FORMS[0], 0))
    P = matrix(Gaussian(0.5)(i, i, Dense))
    np.testing.assert_allclose(matrix(Gaussian(0.5).symmetrize()(i, i, Dense)), (P + P.T) / 24, atol=1e-14)
    J = matrix(KNN(3, normalize="joint")(i, i, Dense))
    np.testing.assert_allclose(
        matrix(KNN(3, normalize="joint").symmetrize()(i, i, Dense)), (J + J.T) / 2, atol=1e-14
    )


def test_graph_reads_every_kind_of_matrix():
    from scipy import sparse

    W = np.random.default_rng(0).uniform(size=(12, 12)) * (
        np.random.default_rng(1).uniform(size=(12, 12)) < 0.4
    )
    W[:, 0] += 0.1
    i = Points.of(torch.zeros(12, 1))
    expected = W * (1 - np.eye(12))
    expected = expected / np.maximum(expected.sum(1, keepdims=True), 1e-300)
    tensor = torch.from_numpy(W)
    for weights in (W, tensor, tensor.to_sparse(), sparse.csr_array(W), sparse.coo_matrix(W), W.tolist()):
        np.testing.assert_allclose(matrix(Graph(weights)(i, i, Dense)), expected, atol=1e-14)


def test_scale_free_width_in_the_users_units(cloud):
    """Data divided by a power of two at the door give the same distribution."""
    small = Points.of(cloud.value / 1024, unit=1024.0)
    for make in (lambda: Gaussian(1.5), lambda: StudentT(2, 1.5), lambda: Gaussian(Learnable(0.5))):
        torch.testing.assert_close(
            make()(small, small, Dense).block(None), make()(cloud, cloud, Dense).block(None)
        )
    cosine = Gaussian(0.5, "cos")
    torch.testing.assert_close(
        cosine(small, small, Dense).block(None), cosine(cloud, cloud, Dense).block(None)
    )


def test_own_metric_matches_scipy(cloud):
    from scipy.spatial.distance import cdist

    d = cdist(cloud.value, cloud.value, "cityblock")
    assert np.allclose(manhattan(cloud.value, cloud.value), d)
    score = np.exp(-d / 2) * (1 - np.eye(20))
    P = matrix(Gaussian(1.0, manhattan)(cloud, cloud, Dense))
    np.testing.assert_allclose(P, score / score.sum(1, keepdims=True), atol=1e-14)


def test_all_pairs_of_registered_classes_are_distinct():
    """Every class says something else: no two registered classes give the same matrix."""
    seen = {}
    for name in set(DISTRIBUTIONS) - {"DCL"}:
        form = next(f for f in FORMS if f.name == name)
        i, j = sides(form, 0)
        seen[name] = matrix(form.make("row")(i, j, Dense))
    for a, b in itertools.combinations(seen, 2):
        if seen[a].shape == seen[b].shape and {a, b} != {"Augmentation", "CrossModal"}:
            assert not np.allclose(seen[a], seen[b]), (a, b)


def test_divergences_of_the_contract_hold_the_registry():
    assert set(DIVERGENCES) <= set(ALL_DIVERGENCES)
