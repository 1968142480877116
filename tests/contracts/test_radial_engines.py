"""What the compiled engines promise: direct and grid sums equal the dense ones in float64, to their tolerance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from iconlearn import KNN, Embedding, ICon, edges
from iconlearn._errors import OptionError
from iconlearn._parallel import one_thread_each
from iconlearn.conditional import TableConditional
from iconlearn.distributions import Gaussian, Graph, Harmonic, Label, StudentT
from iconlearn.divergences import DIVERGENCES
from iconlearn.engines import Dense, Direct, Grid, PlannedEngine, radial
from iconlearn.engines.backends import TENSORS, backend_of
from iconlearn.engines.grid import ERRORS, GridScores
from iconlearn.engines.mesh import Field, Transforms, transform
from iconlearn.engines.mesh_tensor import splines
from iconlearn.points import Points
from iconlearn.support import Support

KERNELS = {
    "gaussian": lambda **o: Gaussian(0.7, **o),
    "student": lambda **o: StudentT(**o),
    "student of 3 degrees": lambda **o: StudentT(3, 0.8, **o),
    "student of infinite degrees": lambda **o: StudentT(float("inf"), 1.3, **o),
}
FINE = Grid(tolerance=ERRORS[-1][1])


def by_tensors(engine):
    """The engine as it is on a device other than the CPU."""

    def build(kernel, i, j):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(radial, "backend_of", lambda device: TENSORS)
            return engine(kernel, i, j)

    return build


# Of a small cloud the pulls of a row nearly cancel, so that the relative error of a gradient is larger than that of
# the repulsion alone.
ENGINES = {"direct": (Direct.of, 1e-5), "grid": (FINE, 1e-2)}
ENGINES |= {
    f"{name} by tensors": (by_tensors(engine), 2 * error) for name, (engine, error) in ENGINES.items()
}
each_engine = pytest.mark.parametrize("engine", ENGINES)
each_kernel = pytest.mark.parametrize("kernel", KERNELS)
each_form = pytest.mark.parametrize("normalize", ["row", "joint"])


def cloud(n: int, dim: int, spread: float = 3.0, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed)) * spread


def table(n: int, *, directed: bool, normalize: str) -> TableConditional:
    rng = np.random.default_rng(3)
    W = rng.uniform(size=(n, n)) * (rng.uniform(size=(n, n)) < 0.15) * (1 - np.eye(n))
    W = W if directed else W + W.T
    points = Points.of(torch.zeros(n, 1))
    base = Graph(W, normalize=normalize) if directed else Graph(W).symmetrize()
    return base(points, points, Dense)  # type: ignore[return-value]


def both_ways(evaluate, y: torch.Tensor, fast, kernel) -> tuple[float, float]:
    """Relative errors of value and gradient of ``evaluate(conditional)`` against the dense engine in float64."""
    out = []
    for dtype, engine in ((torch.float64, Dense), (torch.float32, fast)):
        z = y.to(dtype).requires_grad_()
        points = Points.of(z)
        points = replace(points, value=z)
        value = evaluate(kernel(points, points, engine))
        out.append((value.detach().double(), torch.autograd.grad(value.sum(), z)[0].double()))
    (a, da), (b, db) = out
    return float((b - a).abs().max() / a.abs().max()), float((db - da).norm() / da.norm())


@each_engine
@each_kernel
@each_form
@pytest.mark.parametrize("dim", [1, 2, 3])
def test_kl_and_its_gradient_are_those_of_the_dense_engine(engine, kernel, normalize, dim):
    fast, tolerance = ENGINES[engine]
    p = table(60, directed=normalize == "row", normalize=normalize)
    q = KERNELS[kernel](normalize=normalize)
    errors = both_ways(lambda c: DIVERGENCES["kl"](p, c), cloud(60, dim), fast, q)
    assert max(errors) < tolerance, errors


@each_engine
@each_kernel
@each_form
@pytest.mark.parametrize("divergence", ["js", "tv", "hellinger"])
def test_other_divergences_gather_scores_on_the_support(engine, kernel, normalize, divergence):
    fast, tolerance = ENGINES[engine]
    p = table(50, directed=normalize == "row", normalize=normalize)
    q = KERNELS[kernel](normalize=normalize)
    errors = both_ways(lambda c: DIVERGENCES[divergence](p, c), cloud(50, 2, 1.5), fast, q)
    assert max(errors) < 10 * tolerance, errors


@each_engine
@each_kernel
@pytest.mark.parametrize("pairs", ["distinct", "all"])
def test_partitions_totals_and_uneven_weights(engine, kernel, pairs):
    fast, tolerance = ENGINES[engine]
    weight = torch.rand(70, generator=torch.Generator().manual_seed(1)) + 0.5
    q = KERNELS[kernel](pairs=pairs)
    for take in (lambda s: s.partition(), lambda s: s.total()):
        errors = both_ways(lambda c, take=take: take(c.scores) * weight.to(c.log_z), cloud(70, 2), fast, q)
        assert max(errors) < tolerance, errors


@each_engine
def test_a_point_far_from_all_others_has_a_partition_of_its_own(engine):
    """A mesh cannot tell exp(-400) from 0; such rows are summed directly, and so is what others feel of them."""
    fast, tolerance = ENGINES[engine]
    y = cloud(60, 2, 1.0)
    y[7] = torch.tensor([20.0, 0.0])
    weight = torch.linspace(0.5, 1.5, 60)
    errors = both_ways(lambda c: c.log_z * weight.to(c.log_z), y, fast, Gaussian(0.7))
    assert max(errors) < tolerance, errors


@pytest.mark.parametrize("divergence", ["kl", "reverse_kl"])
def test_a_debiased_target_needs_totals_or_full_rows(divergence):
    x = Points.of(cloud(40, 3))
    p = Gaussian(2.0).nearest(5).debias(0.3)(x, x, Dense)
    for kernel in (StudentT(), Gaussian(1.0)):
        errors = both_ways(lambda c: DIVERGENCES[divergence](p, c), cloud(40, 2, 1.0, 5), Direct.of, kernel)
        assert max(errors) < 1e-5, errors


@pytest.mark.parametrize("spacing", [s for s, _ in ERRORS])
def test_the_error_of_a_spacing_is_as_declared(spacing):
    declared = dict(ERRORS)[spacing]
    y = cloud(3000, 2, 12.0)
    field = Field(y, spacing)
    found = field.potential(torch.ones(len(y)), transform(lambda u: 1 / (1 + u), field.mesh))[1].numpy()
    y = y.numpy()
    delta = y[:, None].astype(float) - y[None]
    exact = (-2 * delta / (1 + (delta**2).sum(-1, keepdims=True)) ** 2).sum(1)
    error = np.sqrt(((found - exact) ** 2).mean() / (exact**2).mean())
    assert declared / 4 < error < declared, error


@each_kernel
def test_bits_do_not_depend_on_threads(kernel):
    p = table(5000 // 10, directed=True, normalize="row")
    y = cloud(500, 2, 5.0)
    found: dict[str, set] = {"direct": set(), "grid": set()}
    for threads in (1, 2, 5):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            for name, engine in (("direct", Direct.of), ("grid", Grid())):
                with one_thread_each():
                    z = y.clone().requires_grad_()
                    points = replace(Points.of(z), value=z)
                    value = DIVERGENCES["kl"](p, KERNELS[kernel]()(points, points, engine))
                    gradient = torch.autograd.grad(value, z)[0]
                    found[name].add((value.item(), gradient.numpy().tobytes()))
        finally:
            torch.set_num_threads(before)
    assert {name: len(bits) for name, bits in found.items()} == {"direct": 1, "grid": 1}


@pytest.mark.parametrize("directed", [True, False])
def test_edges_laid_in_another_order_give_the_same_bits(monkeypatch, directed):
    monkeypatch.setattr(edges, "WORTH_LAYING", 10)
    p = table(80, directed=directed, normalize="row" if directed else "joint")
    y = cloud(80, 2, 5.0)
    found = []
    for _ in range(edges.LAY_AT[-1] + 1):
        z = y.clone().requires_grad_()
        points = replace(Points.of(z), value=z)
        pull = StudentT(normalize=p.normalize)(points, points, Direct.of).scores.pull(p.edges)
        found.append(
            (pull.detach().numpy().tobytes(), torch.autograd.grad(pull.sum(), z)[0].numpy().tobytes())
        )
    assert len(set(found)) == 1
    assert p.edges.layout.edges.rows is not None
    assert (np.diff(p.edges.layout.edges.rows) != 1).any()
    uneven = torch.linspace(0, 1, 80)
    z = y.clone().requires_grad_()
    points = replace(Points.of(z), value=z)
    q = StudentT(normalize=p.normalize)
    laid, dense = (
        torch.autograd.grad((q(points, points, e).scores.pull(p.edges) * uneven).sum(), z)[0]
        for e in (Direct.of, Dense)
    )
    torch.testing.assert_close(laid, dense, rtol=1e-4, atol=1e-5)


@each_kernel
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("engine", ["direct", "grid"])
def test_tensors_give_what_compiled_loops_give(engine, kernel, dim):
    """Sums over pairs, over edges and over single entries, with even and uneven weights; far closer than to dense."""
    n = 400
    p = table(n, directed=True, normalize="row")
    weight = torch.rand(n, generator=torch.Generator().manual_seed(1)) + 0.5
    entries = torch.linspace(-1, 1, len(p.support))

    def parts(scores) -> tuple[torch.Tensor, ...]:
        whole = scores.partition().sum()
        uneven = (scores.partition() * weight).sum() + (scores.pull(p.edges) * weight).sum()
        return (
            whole,
            scores.pull(p.edges).sum(),
            uneven,
            (scores.gather(p.support) * entries).sum(),
            scores.total().sum(),
        )

    for k in range(5):
        found = []
        for build in (ENGINES[engine][0], ENGINES[f"{engine} by tensors"][0]):
            z = cloud(n, dim, 4.0 if dim < 3 else 1.5).requires_grad_()
            i = replace(Points.of(z), value=z)
            value = parts(build(KERNELS[kernel](), i, i))[k]
            found.append((value.detach(), torch.autograd.grad(value, z)[0]))
        (a, da), (b, db) = found
        assert float((a - b).abs()) <= 2e-5 * float(a.abs()), k
        assert float((da - db).norm()) <= 2e-5 * float(da.norm()), k


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_potentials_of_both_backends_are_one(dim):
    y, charge = cloud(300, dim, 3.0 if dim < 3 else 1.5), torch.linspace(-1, 2, 300)
    fields = [Field(y, 0.4), TENSORS.field(y, 0.4)]
    spectrum = transform(lambda u: 1 / (1 + u), fields[0].mesh)
    assert torch.equal(fields[0].spread(charge) != 0, fields[1].spread(charge) != 0)
    torch.testing.assert_close(fields[1].spread(charge), fields[0].spread(charge), rtol=1e-3, atol=1e-5)
    for a, b in zip(*(f.potential(charge, spectrum) for f in fields), strict=True):
        assert float((a - b).norm()) < 1e-5 * float(a.norm())


def test_a_window_sums_to_one_and_its_slope_to_zero():
    weight, slope = splines(torch.linspace(0, 1, 11))
    torch.testing.assert_close(weight.sum(-1), torch.ones(11))
    torch.testing.assert_close(slope.sum(-1), torch.zeros(11), rtol=0, atol=1e-6)
    t = torch.linspace(0.1, 0.9, 9, dtype=torch.float64, requires_grad=True)
    weight, slope = splines(t)
    for k in range(weight.shape[-1]):
        (by_autograd,) = torch.autograd.grad(weight[:, k].sum(), t, retain_graph=True)
        torch.testing.assert_close(slope[:, k], by_autograd)


def test_a_map_by_tensors_ends_as_by_compiled_loops(monkeypatch):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(600, 6, generator=generator) + 6 * torch.randint(0, 4, (600, 1), generator=generator)

    def final() -> float:
        model = ICon(KNN(10).symmetrize(), StudentT(normalize="joint"), Embedding(600, 2), engine="grid")
        return model.fit(x.numpy(), max_iter=120).history.losses[-1]

    compiled = final()
    monkeypatch.setattr(radial, "backend_of", lambda device: TENSORS)
    assert final() == pytest.approx(compiled, rel=0.02)


def test_compiled_loops_are_for_the_cpu_alone():
    assert backend_of(torch.device("cpu")) is not TENSORS
    assert backend_of(torch.device("cuda")) is TENSORS
    assert backend_of(torch.device("meta")) is TENSORS


def test_the_planner_takes_them_where_they_apply():
    y = torch.randn(1600, 2)
    points = Points.of(y)
    assert isinstance(PlannedEngine()(StudentT(), points, points), GridScores)
    few = Points.of(y[:900])
    assert type(PlannedEngine()(StudentT(), few, few)) is Direct
    doubled = Points.of(y, id=torch.arange(1600) // 2)  # two points of one id are no candidates
    for kernel, i, j in (
        (Harmonic(), points, points),
        (StudentT(metric="cos"), points, points),
        (StudentT(), doubled, doubled),
        (StudentT(), points, Points.of(y.clone())),
        (StudentT(), replace(points, value=y.double()), replace(points, value=y.double())),
        (
            Label(),
            replace(points, label=torch.zeros(1600).long()),
            replace(points, label=torch.zeros(1600).long()),
        ),
    ):
        assert not isinstance(PlannedEngine()(kernel, i, j), (GridScores, Direct)), kernel
    for name in ("grid", "direct"):
        with pytest.raises(OptionError, match=f"engine='{name}'.*use engine='auto'"):
            PlannedEngine(name)(Harmonic(), points, points)


def test_points_beyond_any_mesh_are_summed_directly():
    y = torch.randn(1600, 2)
    y[0] = 1e7
    points = Points.of(y)
    assert type(PlannedEngine()(StudentT(), points, points)) is Direct


@pytest.mark.parametrize("far", [float("nan"), float("inf"), 1e9, 1e30])
def test_a_pinned_grid_takes_points_that_no_mesh_holds(far):
    y = cloud(1500, 2)
    y[5] = far
    points = Points.of(y)
    got = StudentT()(points, points, PlannedEngine("grid")).log_z
    if not np.isfinite(far):
        assert bool(got.isnan().all())
        return
    others = Points.of(torch.cat([y[:5], y[6:]]))
    rest = StudentT()(others, others, Dense).log_z
    assert torch.allclose(torch.cat([got[:5], got[6:]]), rest, atol=1e-5)
    assert bool(got.isfinite().all())


@each_kernel
@pytest.mark.parametrize("coordinate", [0, 1])
def test_points_that_are_not_numbers_reach_the_partition(kernel, coordinate):
    y = cloud(1200, 2)
    y[7, coordinate] = float("nan")
    points = Points.of(y)
    for pairs in ("all", "distinct"):
        assert bool(KERNELS[kernel](pairs=pairs)(points, points, Direct.of).log_z.isnan().all())


@pytest.mark.parametrize("engine", [Grid(), FINE])
@pytest.mark.parametrize("spacing", [3.0, 5.0, 8.0])
def test_a_joint_sum_of_lonely_points_is_not_lost(engine, spacing):
    axis = torch.arange(40.0) * spacing
    y = torch.stack(torch.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    points = Points.of(y)
    exact, got = (Gaussian(normalize="joint")(points, points, e).log_z[0] for e in (Direct.of, engine))
    assert got == pytest.approx(float(exact), abs=0.05)


def test_threads_may_share_the_transforms_of_a_model():
    meshes = [Field(cloud(50, 2), spacing).mesh for spacing in (0.5, 0.6, 0.7)]
    held, device = Transforms(1), torch.device("cpu")

    def use(k: int) -> bool:
        mesh = meshes[k % 3]
        found = held.of("k", lambda u: (-u).exp(), mesh, device)
        return found.shape[1] == mesh.padded[1]

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(use, range(600)))
    assert len(held.held) <= 4


def test_very_many_points_that_no_fine_mesh_pays_for_are_read_from_that_of_steps(monkeypatch):
    points = Points.of(cloud(3000, 3, spread=5.0))
    engine = PlannedEngine()
    assert isinstance(engine(StudentT(), points, points), Direct)
    monkeypatch.setitem(PlannedEngine.mesh.__globals__, "EXACT_PAIRS", 10**6)
    scores = engine(StudentT(), points, points)
    assert isinstance(scores, GridScores)
    assert scores.spacing == engine.coarse(StudentT(), points, points).spacing


def test_tolerances_are_checked():
    with pytest.raises(OptionError, match="tolerance"):
        Grid(tolerance=1e-9)


def test_sums_over_supports_with_empty_rows_and_no_rows():
    support = Support.from_sorted(torch.tensor([1, 1, 3]), torch.tensor([0, 3, 1]), 5, 5)
    mass = torch.tensor([0.2, 0.3, 0.5])
    p = TableConditional(support, mass.log(), "row", "distinct")
    errors = both_ways(lambda c: DIVERGENCES["kl"](p, c), cloud(5, 2, 1.0), Direct.of, StudentT())
    assert max(errors) < 1e-5
