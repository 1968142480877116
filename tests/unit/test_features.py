"""data.features: what counts as a table of numbers, in memory."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from iconlearn._errors import InputError
from iconlearn.data.features import check_features

X = np.random.default_rng(0).normal(size=(6, 3)).round(3)


def frames():
    pandas = pytest.importorskip("pandas")

    class Frame:  # as polars: to_numpy and columns
        columns = ("a", "b", "c")

        def to_numpy(self):
            return X

    return {
        "pandas": pandas.DataFrame(X),
        "nullable": pandas.DataFrame(X).astype("Float64"),
        "polars": Frame(),
    }


def same_tables(tmp_path):
    np.save(tmp_path / "m.npy", X)
    wide = np.zeros((12, 6))
    wide[::2, ::2] = X
    locked = X.copy()
    locked.flags.writeable = False
    return frames() | {
        "list": X.tolist(),
        "tuple": tuple(map(tuple, X.tolist())),
        "rows": list(X),
        "fortran": np.asfortranarray(X),
        "strided": wide[::2, ::2],
        "reversed": X[::-1][::-1],
        "locked": locked,
        "mapped": np.load(tmp_path / "m.npy", mmap_mode="r"),
        "swapped": X.astype(">f8"),
        "object": X.astype(object),
        "long": X.astype(np.longdouble),
        "tensor": torch.tensor(X, requires_grad=True),
        "csr": scipy.sparse.csr_array(X),
        "coo": scipy.sparse.coo_matrix(X),
        "masked": np.ma.masked_array(X, mask=False),
    }


def test_check_features_accepts_every_kind_of_table(tmp_path):
    for kind, table in same_tables(tmp_path).items():
        out = check_features(table)
        assert (type(out), out.dtype, out.flags.c_contiguous) == (np.ndarray, np.float64, True), kind
        np.testing.assert_array_equal(out, X, err_msg=kind)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(
            [np.bool_, np.int8, np.uint16, np.int32, np.int64, np.float16, np.float32, np.float64]
        ),
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=5),
        elements={"allow_nan": False, "allow_infinity": False, "min_value": 0, "max_value": 1},
    )
)
def test_check_features_widens_exactly_and_leaves_its_input_alone(array):
    before = array.copy()
    out = check_features(array)
    assert out.dtype == (np.float64 if array.dtype.str[1:] in ("i4", "i8", "f8") else np.float32)
    np.testing.assert_array_equal(out, before)
    np.testing.assert_array_equal(array, before)


def test_check_features_shares_memory_with_what_is_already_right():
    assert np.shares_memory(check_features(X), X)
    half = torch.tensor(X, dtype=torch.bfloat16)
    np.testing.assert_array_equal(check_features(half), half.float().numpy())


BAD = [
    ([1.0, 2.0], r"X: shape \(2,\).*X\.reshape\(-1, 1\)"),
    (np.zeros((2, 2, 2)), r"X\.reshape\(len\(X\), -1\)"),
    (3.0, r"shape \(\).*give an array, not a float"),
    ((i for i in range(3)), "not a generator"),
    ([[1.0, 2.0]], "1 sample.*minimum of 2"),
    ([[], []], r"0 feature.*minimum of 1"),
    ([[1, 2], [3]], "rows of equal length"),
    ([["a"], ["b"]], "does not hold numbers"),
    ([["1"], ["2"]], "does not hold numbers"),
    ([[1j], [2]], "complex"),
    (np.array([[1], [np.complex64(1j)]], dtype=object), "row 1, column 0 holds .*not a real number"),
    (np.array([[1, 2], [3, "x"]], dtype=object), r"row 1, column 1 holds 'x' \(str\)"),
    ([[1, None], [2, 3]], "row 0, column 1 holds None"),
    ([[10**400], [1]], "row 0, column 0 holds 1000"),
    ([[1, 2], [np.nan, np.inf]], "in 2 of 4 values, first at row 1, column 0 "),
    ([[1, -np.inf], [2, 3]], "in 1 of 4 values, first at row 0, column 1 "),
    (np.ma.masked_array(X, mask=X > 0), "entries are masked"),
    (torch.ones(2, 2, dtype=torch.complex64), "complex"),
    (np.zeros((2, 2), dtype="m8[s]"), "does not hold numbers"),
    (np.zeros(2, dtype=[("a", float)]).reshape(2, 1), "does not hold numbers"),
]


@pytest.mark.parametrize(("table", "words"), BAD)
def test_check_features_refuses_what_is_no_table_of_numbers(table, words):
    with pytest.raises(InputError, match=words):
        check_features(table)


def test_check_features_names_columns_of_frames():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(InputError, match=r"row 1, column 1 \('b'\)"):
        check_features(pandas.DataFrame({"a": [1.0, 2.0], "b": [1.0, np.nan]}))
    with pytest.raises(InputError, match="row 0, column 1"):
        check_features(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}))
    with pytest.raises(InputError, match=r"X: .*row 1"):
        check_features(pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "b": [1, 2]}))
    with pytest.raises(InputError, match=r"reshape\(-1, 1\)"):
        check_features(pandas.Series([1.0, 2.0]))
