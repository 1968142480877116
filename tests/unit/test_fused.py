"""Sums over all pairs in one kernel: those of the matrix. On a GPU, and without one through Triton's interpreter.

The interpreter has to be asked for before Triton is imported, so one test runs the others in a process of their own.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from iconlearn import Gaussian, StudentT
from iconlearn.bandwidth import Learnable
from iconlearn.distributions import Kernel
from iconlearn.engines import Dense, Problem, Product, fused, plan
from iconlearn.points import Points

ASKED = os.environ.get("TRITON_INTERPRET") == "1"
KERNELS = {
    "Gaussian": lambda **o: Gaussian(2.0, **o),
    "Gaussian, cos": lambda **o: Gaussian(0.3, "cos", **o),
    "Gaussian, correlation": lambda **o: Gaussian(0.7, "correlation", **o),
    "Gaussian, dot": lambda **o: Gaussian(0.7, "dot", **o),
    "dot of width 1": lambda **o: Gaussian(1.0, "dot", **o),
    "Gaussian of width 1": lambda **o: Gaussian(1.0, **o),
    "Student-t of width 1": lambda **o: StudentT(**o),
    "Student-t": lambda **o: StudentT(2, Learnable(0.8), **o),
    "Student-t, cos": lambda **o: StudentT(3, 0.4, metric="cos", **o),
    "Student-t, correlation": lambda **o: StudentT(1, 0.5, metric="correlation", **o),
}
interpreted = [
    pytest.mark.skipif(not ASKED, reason="Triton's interpreter was not asked for"),
    # scores of pairs that do not count may be anything; numpy tells of it, a device does not
    pytest.mark.filterwarnings("ignore:.* encountered in:RuntimeWarning"),
]
GPU = torch.cuda.is_available() and fused.takes(torch.device("cuda"), torch.float32)
on_a_gpu = pytest.mark.skipif(not GPU, reason="needs a CUDA device and Triton")


def interpreter(test):
    """A test of kernels on the CPU."""
    for mark in interpreted:
        test = mark(test)
    return test


@pytest.fixture
def through_kernels(monkeypatch):
    """The engine takes its kernels on the CPU too."""
    monkeypatch.setattr(fused, "takes", lambda *_: True)


def values(n: int, seed: int = 0, dim: int = 6) -> Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def points(x: Tensor, views: int = 2) -> Points:
    """Samples in so many views."""
    place = torch.arange(len(x), device=x.device)
    return Points.of(x, id=place // views, view=place % views)


def evaluated(engine, kernel: Kernel, x: Tensor, y: Tensor | None, columns=points) -> list[Tensor]:
    """Sums of every row, and their gradients under unequal weights."""
    leaves = [t.detach().requires_grad_() for t in (x, y) if t is not None]
    i = points(leaves[0])
    j = i if y is None else columns(leaves[1])
    scores, found = engine(kernel, i, j), []
    for sums in (scores.partition(), scores.total()):
        weight = torch.linspace(1, 2, len(sums), dtype=sums.dtype, device=sums.device)
        held = sums.masked_fill(sums.detach() == -math.inf, 0.0)
        wanted = [*leaves, *kernel.parameters()]
        back = torch.autograd.grad((held * weight).sum(), wanted, allow_unused=True, retain_graph=True)
        found += [sums.detach(), *(b for b in back if b is not None)]
    return found


def compare(name: str, x: Tensor, y: Tensor | None = None, tolerance=1e-5, device="cpu", **options) -> None:
    """In float32 through kernels, and in float64, or another type, from the matrix."""
    dtype = options.pop("dtype", torch.float64)
    columns = options.pop("columns", points)
    single = [None if t is None else t.float().to(device) for t in (x, y)]
    exact = [None if t is None else t.float().to(dtype) for t in (x, y)]
    mine = evaluated(Product, KERNELS[name](**options).to(device), *single, columns=columns)
    theirs = evaluated(Dense, KERNELS[name](**options).to(dtype), *exact, columns=columns)
    for a, b in zip(mine, theirs, strict=True):
        a, b = a.cpu().double(), b.double()
        assert torch.equal(a == -math.inf, b == -math.inf)
        a, b = (t.masked_fill(t == -math.inf, 0.0) for t in (a, b))
        assert float((a - b).abs().max()) <= tolerance * max(1.0, float(b.abs().max()))


@pytest.mark.skipif(ASKED, reason="this is that process")
def test_the_kernels_through_the_interpreter():
    pytest.importorskip("triton")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider", __file__]
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout


@interpreter
@pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])
@pytest.mark.parametrize("name", [name for name in KERNELS if "width 1" not in name])
def test_sums_and_gradients_are_those_of_the_matrix(name, pairs, through_kernels):
    compare(name, values(37), pairs=pairs)
    compare(name, values(21), values(38, 1), pairs=pairs)


@interpreter
@pytest.mark.parametrize(("n", "dim"), [(70, 70), (5, 300)])
@pytest.mark.parametrize("name", ["Gaussian, cos", "Student-t"])
def test_wide_vectors_are_multiplied_in_pieces(name, n, dim, through_kernels):
    compare(name, values(n, dim=dim), values(33, 1, dim))


@interpreter
@pytest.mark.parametrize("name", ["Gaussian, dot", "Student-t"])
def test_rows_without_candidates_have_no_sum_and_pass_no_gradient(name, through_kernels):
    def first_view(x: Tensor) -> Points:
        return Points.of(x, view=torch.zeros(len(x), dtype=torch.int64))

    compare(name, values(9), values(6, 1), pairs="cross_view", columns=first_view)
    scores = Product(
        KERNELS[name](pairs="cross_view"), points(values(9).float()), first_view(values(6).float())
    )
    assert (scores.partition()[::2] == -math.inf).all()


@interpreter
@pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])
@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("dot of width 1", torch.float32),  # which rounds a sum to 5e-4, and with it all its shares
        ("Gaussian of width 1", torch.float64),
        ("Student-t of width 1", torch.float64),
    ],
)
def test_logits_of_ten_thousand(name, dtype, pairs, through_kernels):
    # of whole numbers, of which float32 has every digit
    x = (20 * values(19).clamp(-2, 2)).round()
    x[:4] = torch.tensor([[40, 0], [40, 1], [-39, 0], [0, 1]]).repeat(1, 3)
    compare(name, torch.cat([x, -x]), pairs=pairs, tolerance=1e-4, dtype=dtype)


@interpreter
@pytest.mark.parametrize("name", ["Gaussian, dot", "Student-t"])
def test_what_is_no_number_is_seen(name, through_kernels):
    x = values(9).float()
    x[4, 2] = math.nan
    scores = Product(KERNELS[name](), points(x), points(x))
    assert scores.partition().isnan().all()
    assert scores.total().isnan().all()


@interpreter
@pytest.mark.parametrize("name", ["Gaussian, cos", "Gaussian", "Student-t, cos"])
def test_products_of_half_precision(name, through_kernels, monkeypatch):
    # the interpreter has no products of bfloat16
    monkeypatch.setattr(fused, "precision", lambda: fused.Precision(torch.float16, "ieee"))
    compare(name, values(70), tolerance=5e-3)
    compare(name, values(21), values(38, 1), tolerance=5e-3)


def test_tiles_stay_where_there_is_no_such_device():
    assert not fused.takes(torch.device("cpu"), torch.float32)
    assert not fused.takes(torch.device("meta"), torch.float32)


def test_precision_is_what_torch_is_told():
    before = torch.get_float32_matmul_precision()
    try:
        for word, wanted in (("highest", "ieee"), ("high", "tf32")):
            torch.set_float32_matmul_precision(word)
            assert fused.precision() == (torch.float32, wanted)
        torch.set_float32_matmul_precision("medium")
        assert fused.precision().dtype == torch.bfloat16
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_blocks_hold_every_entry_of_a_vector(dtype):
    for k in (1, 2, 16, 17, 100, 256, 257, 2048):
        blocks = fused.Blocks.of(k, dtype, torch.device("cpu"))
        assert blocks.depth >= min(k, 16)
        assert blocks.width == blocks.depth or k > blocks.depth  # one read serves both products


def test_the_plan_says_so():
    there, not_there = (Problem(n=9000, m=9000, d=64, products=True, fused=f) for f in (True, False))
    assert "fused" in str(plan(there, "product"))
    assert "fused" not in str(plan(not_there, "product"))


@on_a_gpu
@pytest.mark.parametrize("pairs", ["distinct", "all", "cross_view"])
@pytest.mark.parametrize("name", KERNELS)
def test_on_a_gpu_they_are_those_of_the_matrix(name, pairs):
    compare(name, values(1000, dim=100), tolerance=1e-4, device="cuda", pairs=pairs)
    compare(name, values(300, dim=300), values(777, 1, 300), tolerance=1e-4, device="cuda", pairs=pairs)


@on_a_gpu
@pytest.mark.parametrize(("word", "tolerance"), [("high", 5e-3), ("medium", 5e-2)])
def test_on_a_gpu_with_fewer_digits_of_products(word, tolerance):
    before = torch.get_float32_matmul_precision()
    try:
        torch.set_float32_matmul_precision(word)
        for name in ("Gaussian, cos", "Student-t"):
            compare(name, values(1000, dim=256), tolerance=tolerance, device="cuda")
    finally:
        torch.set_float32_matmul_precision(before)


@on_a_gpu
def test_on_a_gpu_no_matrix_is_held_and_bits_are_the_same_again():
    x = torch.randn(20_000, 64, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    found = [evaluated(Product, Gaussian(0.5, "cos"), x, None) for _ in range(2)]
    assert torch.cuda.max_memory_allocated() < 20_000**2  # a quarter of the matrix
    assert all(map(torch.equal, *found))
