"""Sums over fixed columns, against float64, at positions in the map, far outside of it and in the dark."""

import numpy as np
import pytest
import torch

from iconlearn.engines.fixed import FEW, FixedColumns
from iconlearn.profile import GAUSSIAN, STUDENT_T, Profile

KERNELS = (
    Profile(GAUSSIAN, rate=0.5),
    Profile(STUDENT_T, rate=1.0),
    Profile(STUDENT_T, rate=1 / 3, power=2.0),
)
RNG = np.random.default_rng(0)


def cloud(m: int, dim: int) -> np.ndarray:
    """Clumps of unequal size, and a few columns far from them."""
    centres = RNG.normal(scale=6, size=(5, dim))
    points = centres[RNG.choice(5, m, p=[0.4, 0.3, 0.2, 0.09, 0.01])] + RNG.normal(size=(m, dim))
    points[:3] += 20
    return points.astype(np.float32)


def exact(columns: np.ndarray, profile: Profile, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    squared = (y[:, None] - torch.tensor(columns, dtype=torch.float64)).square().sum(-1)
    log_z = profile.score(squared).logsumexp(-1)
    (gradient,) = torch.autograd.grad(log_z.sum(), y)
    return log_z.detach().numpy(), gradient.numpy()


@pytest.mark.parametrize("profile", KERNELS, ids=repr)
@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("m", [300, FEW + 500])
def test_sums_are_those_of_all_columns(profile, dim, m):
    columns = cloud(m, dim)
    fixed = FixedColumns(columns, profile)
    assert (fixed.mesh is not None) == (m > FEW)
    between = RNG.uniform(columns.min(0) - 8, columns.max(0) + 8, size=(150, dim))
    at = np.concatenate([columns[:100], between, np.full((1, dim), 200.0)]).astype(np.float32)
    log_z, gradient = fixed.log_sums(at)
    true, slope = exact(columns, profile, at)
    close = 6e-3 if fixed.mesh else 2e-5
    np.testing.assert_allclose(log_z, true, rtol=close, atol=close)
    np.testing.assert_allclose(
        gradient, slope, rtol=0.02 if fixed.mesh else 1e-4, atol=0.02 if fixed.mesh else 1e-4
    )


@pytest.mark.parametrize("m", [300, FEW + 500])
def test_a_position_has_the_same_bits_whatever_comes_with_it_on_any_number_of_threads(m):
    columns, before = cloud(m, 2), torch.get_num_threads()
    at = RNG.uniform(-25, 25, size=(3001, 2)).astype(np.float32)
    log_z, gradient = FixedColumns(columns, KERNELS[1]).log_sums(at)
    some = RNG.permutation(len(at))[:777]
    try:
        for threads in (1, 2, 8):
            torch.set_num_threads(threads)
            fixed = FixedColumns(columns, KERNELS[1])
            for given in ((at, some), (np.ascontiguousarray(at[some]), None)):
                found = fixed.log_sums(*given)
                np.testing.assert_array_equal(found[0], log_z[some])
                np.testing.assert_array_equal(found[1], gradient[some])
    finally:
        torch.set_num_threads(before)


def test_columns_too_far_apart_for_a_mesh_are_summed_one_by_one():
    columns = cloud(FEW + 1, 2)
    columns[0] = 1e6
    fixed = FixedColumns(columns, KERNELS[1])
    assert fixed.mesh is None
    np.testing.assert_allclose(
        fixed.log_sums(columns[:5])[0], exact(columns, KERNELS[1], columns[:5])[0], atol=1e-5
    )
