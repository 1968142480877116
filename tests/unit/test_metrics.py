"""metrics: against SciPy, at extreme scales, far from the origin, in batches, at coincident points."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from iconlearn._errors import OptionError
from iconlearn.metrics import METRICS, as_metric, check_metric, euclidean, metric_name, unit_vectors

vectors = arrays(np.float64, (5, 3), elements=st.floats(-10, 10)).filter(
    lambda x: (np.linalg.norm(x, axis=1) > 1e-3).all()
)
REFERENCE = {
    "euclidean": lambda x, y: cdist(x, y, "sqeuclidean"),
    "cos": lambda x, y: 2 * cdist(x, y, "cosine"),
    "dot": lambda x, y: -2 * x @ y.T,
    "manhattan": lambda x, y: cdist(x, y, "cityblock") ** 2,
    "chebyshev": lambda x, y: cdist(x, y, "chebyshev") ** 2,
    "correlation": lambda x, y: 2 * cdist(x, y, "correlation"),
}


def test_every_metric_has_a_reference():
    assert set(METRICS) == set(REFERENCE)


@pytest.mark.parametrize("name", METRICS)
@settings(max_examples=50, deadline=None)
@given(x=vectors, y=vectors)
def test_metrics_are_those_of_scipy(name, x, y):
    assume(name != "correlation" or min(x.std(1).min(), y.std(1).min()) > 1e-3)
    found = METRICS[name](torch.from_numpy(x), torch.from_numpy(y)).numpy()
    np.testing.assert_allclose(found, REFERENCE[name](x, y), atol=1e-10)


@pytest.mark.parametrize("name", METRICS)
def test_pairs_and_batches_give_the_entries_of_the_matrix(name, generator):
    x, y = (torch.randn(6, 3, generator=generator, dtype=torch.float64) for _ in range(2))
    whole = METRICS[name](x, y)
    pairs = METRICS[name](x.unsqueeze(1), y.unsqueeze(1))
    assert pairs.shape == (6, 1, 1)
    torch.testing.assert_close(pairs.flatten(), whole.diagonal(), atol=1e-12, rtol=0)
    batched = METRICS[name](x.view(2, 3, 3), y.view(2, 3, 3))
    torch.testing.assert_close(batched, torch.stack([whole[:3, :3], whole[3:, 3:]]), atol=1e-12, rtol=0)


@pytest.mark.parametrize("exponent", [-30, 0, 30])
@settings(max_examples=50, deadline=None)
@given(x=vectors)
def test_unit_vectors_at_any_scale(exponent, x):
    expected = x / np.linalg.norm(x, axis=1, keepdims=True)
    for dtype, tolerance in ((torch.float32, 1e-6), (torch.float64, 1e-14)):
        found = unit_vectors((torch.from_numpy(x) * 10.0**exponent).to(dtype))
        np.testing.assert_allclose(found.numpy(), expected, atol=tolerance)


def test_zero_vectors_stay_zero_and_pass_no_gradient():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
    u = unit_vectors(x)
    assert u.tolist() == [[0, 0], [pytest.approx(0.6), pytest.approx(0.8)]]
    (u * torch.tensor([[1.0, 2.0], [1.0, 0.0]])).sum().backward()
    torch.testing.assert_close(x.grad, torch.tensor([[0.0, 0.0], [0.128, -0.096]]))
    assert METRICS["cos"](x.detach(), x.detach())[0].tolist() == [2.0, 2.0]


def test_unit_vectors_gradient(generator):
    x = torch.randn(4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(unit_vectors, (x,))


@pytest.mark.parametrize("mean", [0, 1e3, 1e5])
def test_euclidean_keeps_its_digits_far_from_the_origin(mean, generator):
    x, y = (torch.randn(30, 8, generator=generator) + mean for _ in range(2))
    exact = cdist(x.double(), y.double(), "sqeuclidean")
    np.testing.assert_allclose(euclidean(x, y).numpy(), exact, rtol=1e-4, atol=1e-4)


def test_euclidean_is_never_negative_and_smooth_at_coincidence():
    x = torch.full((6, 3), 1 / 3).requires_grad_()
    d = euclidean(x, x)
    assert (d >= 0).all()
    d.sum().backward()
    assert x.grad.isfinite().all()
    assert x.grad.abs().max() < 1e-5


@pytest.mark.parametrize("name", METRICS)
def test_metric_gradients(name, generator):
    x, y = (torch.randn(3, 2, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(METRICS[name], (x, y))
    assert torch.autograd.gradcheck(lambda z: METRICS[name](z, z)[0, 1:], (x,))


def test_choosing_a_metric():
    assert as_metric("cos") is METRICS["cos"]
    assert as_metric(max).metric is max
    check_metric("Gaussian", max)
    with pytest.raises(
        OptionError,
        match="Gaussian: metric='cosine' is unknown; allowed: 'chebyshev', 'correlation', 'cos', 'dot', .*"
        "did you mean 'cos'",
    ):
        check_metric("Gaussian", "cosine")
    with pytest.raises(OptionError, match="KNN: metric=3 must be a callable or one of"):
        check_metric("KNN", 3)


def test_constant_rows_have_no_correlation():
    x = torch.tensor([[0.1, 0.1, 0.1], [1.0, 2.0, 4.0], [-3.0, -1.0, 3.0]])
    expected = [[2.0, 2.0, 2.0], [2.0, 0.0, 0.0], [2.0, 0.0, 0.0]]
    np.testing.assert_allclose(METRICS["correlation"](x, x), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["manhattan", "chebyshev"])
def test_distances_of_coincident_points_pass_finite_gradients(name):
    x = torch.ones(3, 2, requires_grad=True)
    METRICS[name](x, x).sum().backward()
    METRICS[name](x.unsqueeze(1), x.unsqueeze(1)).sum().backward()
    assert x.grad.isfinite().all()


def test_the_name_of_a_metric():
    assert metric_name("cos") == metric_name(METRICS["cos"]) == "cos"
    assert metric_name(max) is None
