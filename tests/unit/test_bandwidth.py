"""bandwidth: solvers against bisection and sorting, degenerate rows, messages."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq

from iconlearn._errors import InputError, OptionError
from iconlearn.bandwidth import KthNeighbor, Learnable, Perplexity, Spread, check_width
from iconlearn.distributions import Gaussian, StudentT
from iconlearn.engines import Dense
from iconlearn.points import Points

inf = math.inf


def perplexity(d: np.ndarray, sigma: float) -> float:
    w = np.exp(-(d - d.min()) / (2 * sigma**2))
    p = w / w.sum()
    return math.exp(-(p[p > 0] * np.log(p[p > 0])).sum())


@pytest.mark.parametrize("scale", [1e-20, 1.0, 1e20])
@pytest.mark.parametrize("value", [1.5, 4.0, 9.0, 11.9])
def test_perplexity_against_a_root_finder(value, scale):
    D = np.random.default_rng(0).gamma(2.0, size=(5, 12))
    expected = [brentq(lambda s, d=d: perplexity(d, s) - value, 1e-3, 1e3, xtol=1e-14) for d in D]
    found = Perplexity(value).solve(torch.from_numpy(D * scale)) / math.sqrt(scale)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-8)


def test_perplexity_beside_a_far_point():
    near = torch.tensor([[1.0, 2.0, 3.0, 4.0]], dtype=torch.float64)
    far = torch.cat([near, torch.tensor([[1e15]], dtype=torch.float64)], 1)
    torch.testing.assert_close(Perplexity(2).solve(far), Perplexity(2).solve(near))


def test_missing_candidates_do_not_count():
    d = torch.tensor([[1.0, 4.0, 2.0, inf, inf], [2.0, 1.0, inf, 4.0, inf]], dtype=torch.float64)
    short = torch.tensor([[1.0, 2.0, 4.0]], dtype=torch.float64)
    for width in (Perplexity(2), KthNeighbor(2), KthNeighbor(5)):
        torch.testing.assert_close(width.solve(d), width.solve(short).expand(2))


@pytest.mark.parametrize("width", [Perplexity(2.5), KthNeighbor(3), Spread(0.5)], ids=repr)
def test_rows_of_unequal_length_are_solved_alone(width):
    lengths = torch.tensor([5, 3, 0, 9, 4])
    indptr = torch.cat([torch.zeros(1, dtype=torch.int64), lengths.cumsum(0)])
    squared = torch.from_numpy(np.random.default_rng(2).gamma(2.0, size=int(lengths.sum())))
    found = width.solve_rows(indptr, squared)
    alone = [width.solve(row.unsqueeze(0)) for row in squared.split(lengths.tolist())]
    assert torch.equal(found, torch.cat(alone))


def test_bandwidths_do_not_depend_on_threads():
    squared = torch.from_numpy(np.random.default_rng(3).gamma(2.0, size=(5000, 12)).astype(np.float32))
    found, before = [], torch.get_num_threads()
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found.append(Perplexity(4).solve(squared))
    torch.set_num_threads(before)
    assert torch.equal(*found)


def test_perplexity_of_hard_rows():
    rng = np.random.default_rng(4)
    for d in (
        np.r_[1e-8 * rng.random(4), 1.0 + rng.random(40)],
        np.r_[np.zeros(29), 1e-6, np.full(60, 1.0)],
        10.0 ** rng.uniform(-12, 12, 90),
        np.r_[0.0, np.full(89, 1.0)],
    ):
        sigma = Perplexity(30).solve(torch.from_numpy(d).unsqueeze(0)).item()
        assert perplexity(d, sigma) == pytest.approx(30, rel=1e-9)


def test_perplexity_of_degenerate_rows_is_finite():
    D = torch.tensor([[0.0] * 6, [0.0] * 4 + [1.0] * 2, [3.0] * 6, [5.0, inf, inf, inf, inf, inf], [inf] * 6])
    sigma = Perplexity(3).solve(D)
    assert sigma.isfinite().all()
    assert (sigma > 0).all()
    p = (-D[1].double() / (2 * sigma[1].double() ** 2)).softmax(-1)  # four coincident points share the mass
    np.testing.assert_allclose(p.numpy(), [0.25] * 4 + [0] * 2, atol=1e-6)
    assert sigma.dtype == torch.float32


@pytest.mark.parametrize("far", [1e-20, 1e14, 1e30])
def test_equally_far_candidates_share_the_mass_however_far_they_are(far):
    squared = torch.full((1, 40), far)
    sigma = Perplexity(30).solve(squared)
    mass = Gaussian().score(squared, sigma.unsqueeze(-1)).softmax(-1)
    np.testing.assert_allclose(mass.numpy(), np.full((1, 40), 1 / 40), rtol=1e-6)


def test_scores_of_widths_whose_squares_leave_float32():
    width = torch.tensor([[1e-25], [1.0]])
    squared = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    for kernel, far in ((Gaussian(), 0.0), (StudentT(), 1e-9), (StudentT(math.inf), 0.0)):
        mass = kernel.score(squared, width).exp()
        assert mass[:, 0].tolist() == [1.0, 1.0]
        assert mass[0, 1] <= far


def test_kth_neighbour_by_sorting():
    D = torch.from_numpy(np.random.default_rng(1).gamma(2.0, size=(6, 9)))
    for k in (1, 4, 9):
        np.testing.assert_allclose(KthNeighbor(k).solve(D), np.sqrt(np.sort(D.numpy(), 1)[:, k - 1]))
    np.testing.assert_allclose(KthNeighbor(99).solve(D), D.max(1).values.sqrt())
    same = torch.tensor([[0.0, 0.0, 9.0, 4.0], [0.0, 0.0, 0.0, 0.0], [inf, inf, inf, inf]])
    assert KthNeighbor(2).solve(same).tolist() == [2.0, 1.0, 1.0]


def test_neighbours_kept():
    assert Perplexity(30).neighbors() == 90
    assert Perplexity(2.5).neighbors() == 8
    assert Perplexity(30, kept=None).neighbors() is None
    assert Perplexity(30, kept=37).neighbors() == 37
    assert KthNeighbor().neighbors() is None


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (Perplexity(30), "Perplexity(30)"),
        (Perplexity(1 / 3 + 1, kept=None), "Perplexity(1.3333333333333333, kept=None)"),
        (Perplexity(5, kept=9), "Perplexity(5, kept=9)"),
        (KthNeighbor(3), "KthNeighbor(k=3)"),
        (Learnable(0.123456789), "Learnable(0.123456789)"),
        (Learnable(), "Learnable(1)"),
    ],
)
def test_repr_rebuilds(width, shown):
    assert repr(width) == shown
    again = eval(shown)
    assert repr(again) == shown
    assert again == width or isinstance(width, Learnable)


def test_learnable_is_positive_and_trains_its_logarithm():
    width = Learnable(0.5)
    assert width().item() == pytest.approx(0.5)
    width().backward()
    assert width.log_sigma.grad.item() == pytest.approx(0.5)
    with torch.no_grad():
        width.log_sigma.fill_(-50)
    assert width().item() > 0
    assert [name for name, _ in Gaussian(copy.deepcopy(width)).named_parameters()] == ["sigma.log_sigma"]


@pytest.mark.parametrize("bad", [-1.0, math.nan, True, "wide", "2", None, [1.0]])
def test_widths_that_are_not_positive_are_refused(bad):
    with pytest.raises(
        OptionError, match=r"Gaussian: sigma=.*must be > 0, 0, inf, Perplexity.*sigma=t\*\*0\.5"
    ):
        Gaussian(bad)
    with pytest.raises(OptionError, match=r"StudentT: width=.*must be > 0"):
        StudentT(width=bad)


def test_limits_are_allowed_where_they_are_defined():
    assert check_width("Gaussian", "sigma", 0, limits=True) == 0.0
    assert check_width("Gaussian", "sigma", inf, limits=True) == inf
    for end in (0, inf):
        with pytest.raises(OptionError, match="StudentT: width"):
            StudentT(width=end)
    with pytest.raises(OptionError, match="solved for a Gaussian"):
        StudentT(width=Perplexity(5))
    with pytest.raises(OptionError, match=r"shape \(2,\); a scalar"):
        Gaussian(torch.nn.Parameter(torch.ones(2)))


@pytest.mark.parametrize("bad", [1, 0.5, math.nan, "many", True, 2e9])
def test_perplexity_bounds(bad):
    with pytest.raises(OptionError, match=r"Perplexity: value=.* must be a number in \(1, 1e\+09\]"):
        Perplexity(bad)


def test_other_bounds():
    with pytest.raises(OptionError, match=r"Perplexity: kept=0 must be an integer in \[1, inf\]"):
        Perplexity(5, kept=0)
    with pytest.raises(OptionError, match=r"KthNeighbor: k=1.5 must be an integer"):
        KthNeighbor(1.5)
    with pytest.raises(OptionError, match=r"Learnable: initial=0 must be a number in \(0, 1e\+30\]"):
        Learnable(0)


@pytest.mark.parametrize("kept", ["auto", None])
def test_a_perplexity_out_of_reach_is_refused(kept):
    i = Points.of(torch.randn(8, 2, generator=torch.Generator().manual_seed(0)))
    with pytest.raises(
        InputError, match=r"Perplexity\(9\) needs at least 9 candidate neighbours.*there are 7; lower"
    ):
        Gaussian(Perplexity(9, kept=kept))(i, i, Dense)
    assert Gaussian(Perplexity(6.9, kept=kept))(i, i, Dense).block(None).isfinite().any()


def test_an_uncalibrated_kernel_says_so():
    i = Points.of(torch.ones(3, 2))
    with pytest.raises(OptionError, match="calibrates Perplexity"):
        Gaussian(Perplexity(2)).log_score(i, i)


def test_fewer_neighbours_than_the_perplexity_are_refused():
    assert Perplexity(5, kept=5).neighbors() == 5
    with pytest.raises(OptionError, match=r"Perplexity: kept=5 must be at least value=20.*leave kept out"):
        Perplexity(20, kept=5)


def test_rows_of_coincident_points_look_farther_than_their_neighbours():
    cells = torch.randint(0, 3, (80, 2), generator=torch.Generator().manual_seed(1)).double()
    i = Points.of(torch.cat([cells, torch.randn(20, 2, generator=torch.Generator().manual_seed(2)).double()]))
    squared = torch.cdist(i.value, i.value).square().round(decimals=9).fill_diagonal_(inf)
    width = KthNeighbor(4)
    torch.testing.assert_close(Gaussian(width).solve(width, i, i), width.solve(squared), rtol=1e-7, atol=0)


def test_nearest_columns_of_a_kernel_need_no_engine():
    i = Points.of(torch.randn(40, 3, generator=torch.Generator().manual_seed(3)))
    for dist in (StudentT(2, KthNeighbor(3)), Gaussian(0.7, "cos"), StudentT(1, Spread(0.3), "manhattan")):
        listed = dist.nearest(9)(i, i, None).block(None).exp()
        dense = dist(i, i, Dense).block(None).exp()
        kept = dense.topk(9).indices
        expected = torch.zeros_like(dense).scatter(1, kept, dense.gather(1, kept))
        torch.testing.assert_close(listed, expected / expected.sum(1, keepdim=True), rtol=1e-4, atol=1e-6)
