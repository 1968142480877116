"""The engine of inner products of embeddings: sums and gradients as the matrix has them, in half the tiles."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from iconlearn import Augmentation, ICon, Label, Linear, MarginGaussian, OptionError
from iconlearn.bandwidth import Learnable, Perplexity
from iconlearn.distributions import Gaussian, Harmonic, Kernel, StudentT, UniformCluster
from iconlearn.engines import Dense, PlannedEngine, Problem, Product, plan
from iconlearn.points import Points

KERNELS = {
    "cosine": lambda **o: Gaussian(0.5, "cos", **o),
    "sharp cosine": lambda **o: Gaussian(0.1, "cos", **o),  # a temperature of 0.01
    "Euclidean": lambda **o: Gaussian(2.0, **o),
    "narrow Euclidean": lambda **o: Gaussian(0.05, **o),
    "dot": lambda **o: Gaussian(0.7, "dot", **o),
    "correlation": lambda **o: Gaussian(0.7, "correlation", **o),
    "Student-t": lambda **o: StudentT(**o),
    "Student-t of cosines": lambda **o: StudentT(3, 0.4, metric="cos", **o),
    "Student-t, df = inf": lambda **o: StudentT(math.inf, **o),
    "learned cosine": lambda **o: Gaussian(Learnable(0.3), "cos", **o),
    "learned Student-t": lambda **o: StudentT(2, Learnable(0.8), **o),
}


def values(n: int, seed: int = 0, dim: int = 6, dtype: torch.dtype = torch.float64) -> Tensor:
    made = torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return made.to(dtype).requires_grad_()


def tiles_of(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIDE", "SMALLEST"):
        monkeypatch.setattr(f"iconlearn.engines.product_tiles.{name}", side)


def two_views(x: Tensor) -> Points:
    """The first half is one view of the samples, the second the other."""
    half = len(x) // 2
    return Points.of(x, id=torch.arange(len(x)) % half, view=torch.arange(len(x)) // half)


def evaluated(build, kernel: Kernel, i: Points, j: Points, leaves: list[Tensor]) -> list[Tensor]:
    """Partition and total of every row, and their gradients under unequal weights."""
    engine = build(kernel, *kernel.calibrate(i, j))
    found = []
    for sums in (engine.partition(), engine.total()):
        held = sums.masked_fill(sums.detach() == -math.inf, 0.0)
        weight = torch.linspace(1, 2, len(sums), dtype=sums.dtype)
        wanted = [*leaves, *kernel.parameters()]
        found += [
            sums,
            *torch.autograd.grad((held * weight).sum(), wanted, retain_graph=True, allow_unused=True),
        ]
    return found


def compare(mine: list[Tensor], theirs: list[Tensor], tolerance: float) -> None:
    for a, b in zip(mine, theirs, strict=True):
        a, b = (t.detach() for t in (a, b))
        assert torch.equal(a == -math.inf, b == -math.inf)
        a, b = (t.masked_fill(t == -math.inf, 0.0).double() for t in (a, b))
        assert float((a - b).abs().max()) <= tolerance * max(1.0, float(b.abs().max()))


@pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])
@pytest.mark.parametrize("name", KERNELS)
def test_sums_and_gradients_are_those_of_the_matrix(name, pairs, monkeypatch):
    tiles_of(7, monkeypatch)
    kernel, x, y = KERNELS[name](pairs=pairs).double(), values(24), values(17, 1)
    square, other = two_views(x), Points.of(y, view=torch.arange(17) % 3 % 2, id=torch.arange(17))
    for i, j, leaves in ((square, square, [x]), (square, other, [x, y])):
        compare(*(evaluated(build, kernel, i, j, leaves) for build in (Product, Dense)), 1e-11)


@pytest.mark.parametrize("name", KERNELS)
def test_float32_keeps_its_digits(name):
    kernel, x = KERNELS[name](), values(1200, dim=16)
    single = x.detach().float().requires_grad_()
    close = evaluated(Product, kernel, two_views(single), two_views(single), [single])
    compare(close, evaluated(Dense, kernel.double(), two_views(x), two_views(x), [x]), 1e-4)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 40),
    st.integers(1, 9),
    st.integers(0, 1000),
    st.sampled_from([1e-3, 1.0, 1e2, 1e4]),
    st.sampled_from(["cos", "dot", "euclidean"]),
)
def test_scores_of_any_size_are_summed(n, dim, seed, scale, metric):
    x = values(n, seed, dim).detach() * scale
    kernel, points = Gaussian(0.5, metric), Points.of(x)
    compare([Product(kernel, points, points).partition()], [Dense(kernel, points, points).partition()], 1e-9)


def test_scores_far_apart_in_one_tile_underflow_nowhere():
    # Logits of +-1e4 and more: rows of one tile whose largest scores are thousands apart.
    x = torch.tensor([[100.0, 0], [99, 1], [-100, 0], [0, 1], [0.01, 0.5]], dtype=torch.float64)
    kernel, i = Gaussian(1.0, "dot"), Points.of(x.requires_grad_())
    compare(*(evaluated(build, kernel, i, i, [x]) for build in (Product, Dense)), 1e-12)
    single = x.detach().float().requires_grad_()
    found = evaluated(Product, kernel, Points.of(single), Points.of(single), [single])
    assert all(bool(t.isfinite().all()) for t in found)


def test_zero_vectors_and_rows_without_candidates():
    x = values(12).detach()
    x[3] = 0
    x.requires_grad_()
    i = Points.of(x, view=torch.zeros(12, dtype=torch.int64))
    for kernel in (Gaussian(0.5, "cos"), Gaussian(0.5, "cos", pairs="cross_view")):
        compare(*(evaluated(build, kernel, i, i, [x]) for build in (Product, Dense)), 1e-12)
    assert (Product(Gaussian(pairs="cross_view"), i, i).partition() == -math.inf).all()


def test_what_is_no_number_is_seen():
    x = values(9).detach()
    x[4, 2] = math.nan
    points = Points.of(x)
    assert Product(Gaussian(), points, points).partition().isnan().any()


def test_gradients_pass_gradcheck(monkeypatch):
    tiles_of(4, monkeypatch)
    for kernel in (Gaussian(0.6, "cos"), StudentT(), Gaussian(pairs="cross_view")):

        def sums(x: Tensor, kernel: Kernel = kernel) -> Tensor:
            points = two_views(x)
            engine = Product(kernel, points, points)
            return torch.cat([engine.partition(), engine.total()])

        assert torch.autograd.gradcheck(sums, values(10, dim=3))


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (Augmentation(2), Gaussian(0.7, "cos")),
        (Augmentation(2).debias(0.3), Gaussian(0.7, "cos")),
        (Augmentation(2).debias(0.3), StudentT()),
        (Augmentation(2), Gaussian(0.7, "cos").debias(0.2)),
        (Label(), Gaussian(0.3, "cos")),
        (Label(normalize="joint"), StudentT(normalize="joint")),
    ],
)
@pytest.mark.parametrize("divergence", ["kl", "js"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
def test_losses_agree_with_the_dense_engine(p, q, divergence, dtype, tolerance):
    x, y = torch.randn(2, 30, 8, generator=torch.Generator().manual_seed(1)), torch.arange(30) // 4
    found = []
    for engine in ("product", "dense"):
        model = ICon(p, q, Linear(8, 5, seed=0), divergence=divergence, engine=engine).to(dtype)
        loss = model((x[0].to(dtype), x[1].to(dtype), y))
        loss.backward()
        found.append((float(loss.detach()), model.mapper.net.weight.grad))
    assert found[0][0] == pytest.approx(found[1][0], rel=tolerance)
    torch.testing.assert_close(found[0][1], found[1][1], atol=tolerance, rtol=100 * tolerance)


def test_threads_do_not_change_a_bit():
    x = values(1100, dim=16, dtype=torch.float32)
    found, before = [], torch.get_num_threads()
    try:
        for threads in (1, 2, 4):
            torch.set_num_threads(threads)
            found.append(evaluated(Product, Gaussian(0.5, "cos"), two_views(x), two_views(x), [x]))
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(map(torch.equal, other, found[0]))


def test_each_pair_of_a_batch_is_multiplied_once(monkeypatch):
    tiles_of(10, monkeypatch)
    i = two_views(values(40))
    assert len(Product(Gaussian(), i, i).layout.tiles) == 10  # of 16
    assert (
        len(Product(Gaussian(pairs="cross_view"), i, i).layout.tiles) == 4
    )  # a view with itself has no candidates
    assert len(Product(Gaussian(), i, Points.of(values(40, 1))).layout.tiles) == 16


def test_the_plan_takes_it_where_a_matrix_would_outgrow_the_cache():
    small, large = Points.of(torch.zeros(50, 8)), Points.of(torch.zeros(2100, 8))

    def chosen(kernel: Kernel, points: Points = large) -> str:
        return plan(Problem.of(points, points, kernel)).engine

    for make in KERNELS.values():
        assert chosen(make()) == "product"
        assert chosen(make(), small) == "dense"
    assert chosen(Harmonic()) == "tiled"
    assert chosen(Gaussian(1.0, "manhattan")) == "tiled"
    assert chosen(Gaussian(math.inf)) == chosen(Gaussian(0)) == "tiled"
    assert chosen(UniformCluster()) == "factored"
    assert chosen(StudentT(), Points.of(torch.zeros(1000, 2))) == "direct"
    assert "none held" in str(plan(Problem.of(large, large, StudentT())))
    assert isinstance(PlannedEngine()(Gaussian(), large, large), Product)


class Halved(Gaussian):
    """A kernel of a user's, with a score of its own."""

    def score(self, squared: Tensor, width: Tensor | float) -> Tensor:
        return super().score(squared, width) / 2


def test_a_kernel_with_a_score_of_its_own_is_evaluated_by_it():
    points = Points.of(values(12))
    for kernel in (Halved(0.5, "cos"), Halved(0.5)):
        assert kernel.product_form(points, points) is None
        assert kernel.profile(points) is None
        plain = Gaussian(0.5, kernel.metric).log_score(points, points)
        torch.testing.assert_close(kernel.log_score(points, points), plain / 2)
    assert MarginGaussian(0.5).product_form(points, points) is None


@pytest.mark.parametrize(
    "kernel", [Harmonic(), Gaussian(0), Gaussian(1.0, "chebyshev"), Gaussian(Perplexity(3))]
)
def test_other_kernels_are_refused(kernel):
    points = Points.of(values(12))
    with pytest.raises(OptionError, match="engine='product' sums a Gaussian or Student-t"):
        Product(kernel, *kernel.calibrate(points, points))


def test_memory_is_linear_in_the_batch():
    few, many = (Problem(n, n, 128, products=True).product_bytes for n in (4096, 40960))
    assert many < 11 * few
