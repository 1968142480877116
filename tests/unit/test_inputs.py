"""Inputs: every accepted form of a batch, and every refusal."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.sparse
import torch

from iconlearn import InputError
from iconlearn.door import fit_inputs
from iconlearn.inputs import Inputs, as_inputs, as_labels, as_tensor, safe_unit

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
Y = np.array([0, 1, 2, 0, 1, -1])


@pytest.mark.parametrize(
    ("batch", "views", "labelled"),
    [
        (X, 1, False),
        (torch.from_numpy(X), 1, False),
        (X.tolist(), 1, False),
        ((X,), 1, False),
        ((X, Y), 1, True),
        ([X, Y], 1, True),
        ((X, X + 1), 2, False),
        ((X, X + 1, Y), 2, True),
        ((X, X + 1, X + 2, torch.from_numpy(Y)), 3, True),
        ((X.tolist(), Y.tolist()), 1, True),
        ({"value": X}, 1, False),
        ({"value": X, "label": Y}, 1, True),
        ({"views": (X, X), "label": Y, "id": np.arange(6)}, 2, True),
        ({"id": np.arange(6)}, 0, False),
        (Inputs((torch.from_numpy(X),), torch.arange(6)), 1, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_accepted_forms(batch, views, labelled):
    inputs = as_inputs(batch)
    assert inputs.n == 6
    assert len(inputs.views) == views
    assert (inputs.label is not None) == labelled
    assert inputs.id.tolist() == list(range(6))
    for k, view in enumerate(inputs.views[:1]):
        np.testing.assert_allclose(view.numpy(), X + k, rtol=1e-6)
    if labelled:
        assert inputs.label.tolist() == Y.tolist()


def test_other_names_are_fields():
    inputs = as_inputs({"value": X, "caption": X[:, :2], "tokens": np.arange(12).reshape(6, 2)})
    assert set(inputs.fields) == {"caption", "tokens"}
    points = inputs.points()
    assert points.fields["caption"].dtype == torch.float32
    assert points.fields["tokens"].dtype == torch.int64
    two = as_inputs({"views": (X, X), "caption": X[:, :2]}).points()
    assert two.fields["caption"].shape == (12, 2)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (3.0, "single value 3.0"),
        ("abc", "numbers are needed|single value"),
        (np.array([["a"]]), "has type"),
        (X + 1j, "complex"),
        ((X, X[:5]), "different lengths"),
        ((X, Y[:5]), r"label has shape \(5,\) but there are 6"),
        ({}, "holds no data"),
        ({"label": Y}, "holds no data"),
        ({"value": X, "id": np.arange(5)}, r"id has shape \(5,\)"),
        ({"value": X, "label": Y + 0.5}, "fractions"),
        ({"value": X, "label": np.array([0, 1, np.nan, 0, 0, 0])}, "NaN or infinite in row 2"),
        ({"value": X, "label": np.stack([Y, Y])}, r"shape \(2, 6\)"),
        ([[1.0, 2.0], [3.0]], "rows of equal length"),
    ],
)
def test_refused_forms(batch, message):
    with pytest.raises(InputError, match=message):
        as_inputs(batch)


def test_too_few_views_are_refused():
    with pytest.raises(InputError, match="compares 2 views of every sample but the batch has 1"):
        as_inputs(X, num_views=2)


def test_as_tensor_keeps_integers_and_half_precision_for_the_mapper():
    assert as_tensor(X.astype(np.float64), "x").dtype == torch.float32
    assert as_tensor(torch.zeros(3, 2, dtype=torch.float64), "x").dtype == torch.float64
    assert as_tensor(X.astype(np.float16), "x").dtype == torch.float16
    assert as_tensor(np.arange(3), "x").dtype == torch.int64
    assert as_tensor(X > 0, "x").dtype == torch.bool


def test_as_tensor_reads_any_memory():
    frozen = X.copy()
    frozen.flags.writeable = False
    for array in (
        frozen,
        X[::-1].copy()[::-1],
        np.asfortranarray(X),
        X.astype(">f4"),
        scipy.sparse.csr_array(X),
    ):
        np.testing.assert_array_equal(as_tensor(array, "x").numpy(), X)


def test_float64_arrays_follow_torchs_default(float64):
    assert as_tensor(X.astype(np.float64), "x").dtype == torch.float64


def test_labels():
    assert as_labels(Y.astype(float), 6).tolist() == Y.tolist()
    assert as_labels(Y.astype(np.uint8) * 0, 6).dtype == torch.int64
    assert as_labels([True, False], 2).tolist() == [1, 0]


def test_take_to_and_views():
    inputs = as_inputs({"views": (X, X + 1), "label": Y, "caption": X[:, 0]})
    some = inputs.take(torch.tensor([4, 1]))
    assert some.id.tolist() == [4, 1]
    assert some.label.tolist() == [1, 1]
    assert some.fields["caption"].tolist() == X[[4, 1], 0].tolist()
    assert torch.equal(some.stacked(), torch.from_numpy(np.vstack([X[[4, 1]], X[[4, 1]] + 1])))
    assert inputs.to(torch.device("cpu")).label.tolist() == Y.tolist()
    assert len(inputs.with_views(torch.zeros(6, 2)).views) == 1
    points = inputs.points()
    assert points.id.tolist() == [*range(6)] * 2
    assert points.view.tolist() == [0] * 6 + [1] * 6
    assert points.label.tolist() == Y.tolist() * 2


def test_views_of_other_shapes_have_no_common_value():
    points = as_inputs((X, X[:, :2])).points()
    assert points.value is None
    assert points.n == 12


def test_safe_unit_is_a_power_of_two_near_extreme_data():
    for scale in (1e-6, 1.0, 3.7, 255.0, 1e6):
        assert safe_unit(scale * X) == 1
    for scale in (1e30, 1e-30, 1e300, 1e-300, 1.7e308 / float(np.abs(X).max()), 5e-324):
        array = scale * X.astype(np.float64)
        unit = safe_unit(array)
        assert math.frexp(unit)[0] == 0.5
        assert 0.5 <= np.abs(array / unit).max() <= 2
    assert safe_unit(np.zeros((3, 2))) == 1
    assert safe_unit(np.empty((0, 2))) == 1
    assert safe_unit(X, 1e30 * X) == safe_unit(1e30 * X)


@pytest.mark.parametrize("power", [-140, -60, 30, 60, 125])
def test_extreme_float32_is_divided_as_float64_is(power):
    rows = np.ldexp(0.9 * X / np.abs(X).max(), power + 3).astype(np.float32)
    held, wide = fit_inputs(rows, None), fit_inputs(rows.astype(np.float64), None)
    assert held.unit == wide.unit != 1
    assert torch.equal(held.views[0], wide.views[0])
    assert 0.5 <= held.views[0].abs().max() <= 2


def test_fit_inputs_scales_extreme_views_together():
    for wrap in (tuple, lambda views: {"views": views}):
        held = fit_inputs(wrap((1e30 * X.astype(float), 2e30 * X.astype(float))), None)
        assert held.unit == safe_unit(2e30 * X.astype(float))
        np.testing.assert_allclose(held.views[1].numpy(), 2 * held.views[0].numpy(), rtol=1e-6)
    tokens = np.arange(12).reshape(6, 2)
    held = fit_inputs({"value": tokens, "label": Y}, None)
    assert held.views[0].dtype == torch.int64
    assert held.label.tolist() == Y.tolist()
    images = fit_inputs(X.reshape(6, 1, 2, 2), Y)
    assert images.views[0].shape == (6, 1, 2, 2)
    assert fit_inputs(X.reshape(6, 1, 2, 2).tolist(), None).views[0].shape == (6, 1, 2, 2)
    assert fit_inputs((X.astype(np.uint8), Y), None).views[0].dtype == torch.float32
    ready = as_inputs(X)
    assert fit_inputs(ready, None) is ready


def test_fit_inputs_refuses_what_would_overflow_and_bad_views():
    with pytest.raises(InputError, match="overflow on the scale"):
        fit_inputs(1e300 * X.astype(float), None, unit=1.0)
    bad = X.copy()
    bad[1, 2] = np.inf
    with pytest.raises(InputError, match=r"views\[1\].*row 1, column 2"):
        fit_inputs((X, bad), None)
    with pytest.raises(InputError, match=r"views\[0\]: 1 sample"):
        fit_inputs((X[:1],), None)
    with pytest.raises(InputError, match=r"X: NaN"):
        fit_inputs(np.full((4, 1, 2, 2), np.nan), None)


def test_text_labels_are_numbered_in_sorted_order():
    assert fit_inputs(X, ["b", "a", "c", "a", "b", "c"]).label.tolist() == [1, 0, 2, 0, 1, 2]
    assert fit_inputs(X, np.array(list("bacabc"), dtype=object)).label.tolist() == [1, 0, 2, 0, 1, 2]
    assert fit_inputs(X, Y).label.tolist() == Y.tolist()


def test_object_labels_keep_numbers_and_leave_out_what_is_missing():
    for given, codes in (
        (np.array([-1, 0, 1, 10, 9, None], dtype=object), [-1, 0, 1, 10, 9, -1]),
        (["a", None, "b", float("nan"), "a", -1], [0, -1, 1, -1, 0, -1]),
        (np.array([True, False, None, 1.0, 2, -1], dtype=object), [1, 0, -1, 1, 2, -1]),
        ([None] * 6, [-1] * 6),
    ):
        for door in (
            fit_inputs(X, given),
            fit_inputs((X, given), None),
            as_inputs({"value": X, "label": given}),
        ):
            assert door.label.tolist() == codes
    pandas = pytest.importorskip("pandas")
    assert as_labels(np.array(["b", pandas.NA, "a"], dtype=object), 3).tolist() == [1, -1, 0]
    with pytest.raises(InputError, match="fractions"):
        as_labels(np.array([0.5, 1, None], dtype=object), 3)


@pytest.mark.parametrize(
    "batch",
    [
        [X, X + 1],
        [torch.from_numpy(X), torch.from_numpy(X) + 1],
        [X, Y],
        (X, list("bacabc")),
        X.tolist(),
        list(X),
        {"value": X, "label": list("bacabc")},
        {"views": [X, X[:, :2]], "caption": X[:, 0]},
        {"id": [3, 1, 2]},
    ],
)
def test_forward_and_fit_read_a_batch_alike(batch):
    forward, fit = as_inputs(batch), fit_inputs(batch, None)
    assert [v.shape for v in forward.views] == [v.shape for v in fit.views]
    assert forward.id.tolist() == fit.id.tolist()
    assert forward.fields.keys() == fit.fields.keys()
    assert (forward.label is None) == (fit.label is None)
    assert forward.label is None or forward.label.tolist() == fit.label.tolist()


def test_whole_numbers_are_features_at_every_door():
    whole = (10 * X).astype(np.int64)
    for inputs in (
        as_inputs(whole),
        as_inputs({"value": whole}),
        fit_inputs(whole, None),
        fit_inputs((whole,), None),
    ):
        np.testing.assert_array_equal(inputs.points().value.numpy(), whole)
    assert fit_inputs((np.arange(6), np.arange(6) / 2), None).views[0].shape == (6,)


def test_a_field_that_is_not_finite_is_named():
    caption = np.where(np.arange(12).reshape(6, 2) == 5, np.nan, 1.0)
    with pytest.raises(InputError, match="caption: NaN.*row 2, column 1"):
        fit_inputs({"value": X, "caption": caption}, None)
    with pytest.raises(InputError, match="time: NaN.*row 1"):
        fit_inputs({"id": np.arange(3), "time": np.array([0, np.inf, 1])}, None)
    with pytest.raises(InputError, match=r"X: 1 sample"):
        fit_inputs({"id": [4]}, None)
