"""What every distribution and every wrapper form promises, one conditional at a time."""

from __future__ import annotations

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
    StudentT,
    UniformCluster,
    matches,
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
    baselines = {"DCL", "ClusterAgreement", "VarianceCovariance"}  # and no distributions
    missing = set(DISTRIBUTIONS) - {f.registered for f in FORMS} - baselines
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
        np.testing.assert_allclose(c.row_weight.numpy(), filled / filled.sum(), atol=1e-15)


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
    monkeypatch.setattr(matches, "LISTED_PAIRS", 0)
    monkeypatch.setattr(matches, "LISTED_SHARE", 0.0)
    for engine in ENGINES.values():
        streamed = make(normalize=norm)(i, i, engine)
        assert streamed.support is None
        assert streamed.pairs == pairs
        torch.testing.assert_close(streamed.block(None), listed.block(None), atol=1e-12, rtol=0)
        q = StudentT(normalize=norm, pairs=pairs)(i, i, engine)
        for name in ("kl", "js", "tv"):
            a, b = DIVERGENCES[name](listed, q), DIVERGENCES[name](streamed, q)
            torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


def test_divergences_of_the_contract_hold_the_registry():
    assert set(DIVERGENCES) <= set(ALL_DIVERGENCES)
