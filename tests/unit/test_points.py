"""points: defaults, slices, identity by id and view, messages."""

from __future__ import annotations

import itertools
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from iconlearn._errors import InputError
from iconlearn._numerics import NEG
from iconlearn.points import PAIRS, Points, candidate_count, excluded, mask_pairs, require_value

keys = st.lists(st.tuples(st.integers(0, 4), st.integers(-1, 2)), min_size=1, max_size=9)


def of(pairs: list[tuple[int, int]]) -> Points:
    ids, views = zip(*pairs, strict=True)
    return Points.of(None, id=torch.tensor(ids), view=torch.tensor(views))


@settings(max_examples=60, deadline=None)
@given(keys, keys, st.sampled_from(PAIRS))
def test_excluded_pairs_one_by_one(rows, cols, pairs):
    i, j = of(rows), of(cols)
    rule = {
        "all": lambda a, b: False,
        "distinct": lambda a, b: a == b,
        "cross_view": lambda a, b: a[1] == b[1],
    }[pairs]
    expected = np.array([[rule(a, b) for b in cols] for a in rows])
    mask = excluded(i, j, pairs)
    assert (mask is None) == (pairs == "all")
    np.testing.assert_array_equal(expected if mask is None else mask.numpy(), expected)
    score = mask_pairs(torch.zeros(len(rows), len(cols)), i, j, pairs)
    np.testing.assert_array_equal((score == NEG).numpy(), expected)
    assert candidate_count(i, j, pairs).tolist() == (~expected).sum(1).tolist()


def test_no_pairs_at_all():
    none = of([(0, 0)]).take(torch.zeros(0, 1, dtype=torch.int64))
    assert excluded(none, none, "distinct").shape == (0, 1, 1)


def test_defaults():
    p = Points.of(torch.ones(4, 2, 3))
    assert (p.n, p.id.tolist(), p.view.tolist(), p.label, p.unit) == (4, [0, 1, 2, 3], [0] * 4, None, 1.0)
    assert p.value.shape == (4, 6)
    assert Points.of(None, n=3).id.tolist() == [0, 1, 2]
    assert Points.of(None, label=torch.tensor([5, 6])).n == 2
    assert (
        Points.of(torch.ones(2, 2, dtype=torch.float16), fields={"a": torch.ones(2).half()}).fields["a"].dtype
        == torch.float32
    )
    tokens = torch.ones(2, 3, dtype=torch.int64)
    assert Points.of(None, n=2, fields={"t": tokens}).fields["t"].dtype == torch.int64


def test_points_are_immutable():
    with pytest.raises(FrozenInstanceError):
        Points.of(None, n=2).id = torch.zeros(2)


@pytest.mark.parametrize("index", [[2, 0, 2], [[0, 1], [3, 3]]])
def test_take_slices_everything(index):
    index = torch.tensor(index)
    p = Points.of(
        torch.arange(8.0).view(4, 2),
        view=torch.tensor([0, 1, 0, 1]),
        label=torch.tensor([7, 8, 9, -1]),
        fields={"f": torch.arange(4.0)},
    )
    q = p.take(index)
    for name in ("value", "id", "view", "label"):
        assert torch.equal(getattr(q, name), getattr(p, name)[index]), name
    assert torch.equal(q.fields["f"], p.fields["f"][index])
    assert (q.scale, q.n) == (None, index.shape[-1])


def test_take_passes_gradients():
    x = torch.ones(3, 2, requires_grad=True)
    Points.of(x).take(torch.tensor([[0, 2], [2, 2]])).value.sum().backward()
    assert x.grad[:, 0].tolist() == [1, 0, 3]


def test_bare_and_with_value():
    p = Points.of(torch.ones(3, 2), fields={"f": torch.ones(3)}, unit=8.0)
    assert p.bare().value is None
    assert dict(p.bare().fields) == {}
    q = p.with_value(torch.zeros(3, 5, dtype=torch.float16))
    assert (q.value.dtype, q.unit, q.id is p.id) == (torch.float32, 1.0, True)
    assert p.read("f").value is p.fields["f"]


def test_match_by_label_knows_unlabelled_points():
    a, b = (Points.of(None, label=torch.tensor(k)) for k in ([0, 1, -1], [1, -1, 0, 1]))
    expected = [[x == y and x != -1 for y in (1, -1, 0, 1)] for x in (0, 1, -1)]
    assert a.match(b, "label").tolist() == expected


def test_messages():
    p = Points.of(torch.ones(3, 2), fields={"b": torch.ones(3), "a": torch.ones(3)})
    with pytest.raises(InputError, match=r"no field 'caption' \(fields: a, b\).*'caption': features"):
        p.read("caption")
    with pytest.raises(InputError, match=r"fields: none"):
        Points.of(None, n=2).read("x")
    with pytest.raises(InputError, match=r"compares labels but the points have none; pass y="):
        p.match(p, "label")
    with pytest.raises(InputError, match="Gaussian compares features, but these points have none"):
        require_value(p.bare(), "Gaussian")
    for name, shape in itertools.product(("id", "view", "label"), (2, 4)):
        with pytest.raises(InputError, match=rf"{name} has {shape} rows where 3 are expected"):
            Points.of(torch.ones(3, 2), **{name: torch.zeros(shape, dtype=torch.int64)})
