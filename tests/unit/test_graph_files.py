"""data.files: sparse matrices and edge lists are graphs, and checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv, parquet
from safetensors.numpy import save_file
from scipy import sparse
from table_files import CODES, TEXT, X

from iconlearn._errors import FileFormatError, InputError
from iconlearn.data.files import Dataset, load_dataset, load_table
from iconlearn.intake import INTAKES

RING = np.roll(np.diag([1.0, 2, 3, 4, 5, 6]), 1, axis=1)
RING = RING + RING.T


def save(path: Path, **arrays) -> Path:
    np.savez(path, **arrays)
    return path


def save_edges(path: Path, **columns) -> Path:
    table = pa.table(columns)
    (csv.write_csv if path.suffix == ".csv" else parquet.write_table)(table, path)
    return path


edge_files = pytest.mark.parametrize("suffix", [".csv", ".parquet"])


def check_ring(data: Dataset) -> None:
    assert (data.form, data.image_shape, data.X.dtype) == ("graph", None, np.float32)
    assert isinstance(data.source, sparse.csr_array)
    assert data.source.dtype == np.float64
    np.testing.assert_array_equal(data.source.toarray(), RING)
    np.testing.assert_array_equal(data.X, RING.sum(1, keepdims=True))
    INTAKES["graph"].read(data.learns_from, "test")


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "dia", "bsr"])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_files_are_graphs(tmp_path, kind, make):
    sparse.save_npz(tmp_path / "a.npz", make(RING.astype(int)).asformat(kind))
    check_ring(load_dataset(tmp_path / "a.npz"))
    np.save(tmp_path / "y.npy", np.array(TEXT))
    assert load_table(tmp_path / "a.npz", labels=tmp_path / "y.npy").y.tolist() == CODES
    np.save(tmp_path / "y.npy", np.arange(7))
    with pytest.raises(InputError, match="7 labels for 6 nodes; give one per node"):
        load_table(tmp_path / "a.npz", labels=tmp_path / "y.npy")


def sparse_arrays(**changed) -> dict[str, np.ndarray]:
    graph = sparse.csr_array(RING)
    keys = {
        "data": graph.data,
        "indices": graph.indices,
        "indptr": graph.indptr,
        "shape": (6, 6),
        "format": b"csr",
    }
    return {key: np.asarray(value) for key, value in (keys | changed).items()}


def test_a_sparse_file_with_labels_beside(tmp_path):
    check_ring(load_table(save(tmp_path / "a.npz", **sparse_arrays())))
    data = load_table(save(tmp_path / "a.npz", **sparse_arrays(y=CODES, kind=TEXT)))
    assert data.y.tolist() == CODES
    assert load_table(tmp_path / "a.npz", labels="kind").classes == ["ant", "cat", "dog"]
    with pytest.raises(InputError, match="did you mean 'kind'"):
        load_table(tmp_path / "a.npz", labels="kinds")
    data = load_table(save(tmp_path / "a.npz", data=X, format="x", shape=(2, 3)))
    assert data.form == "rows"  # as long as nothing says where the data are
    numbers = {"data": X, "indices": X[0], "shape": X[0], "format": X[0]}
    save_file({key: value.copy() for key, value in numbers.items()}, tmp_path / "a.safetensors")
    assert load_table(tmp_path / "a.safetensors").form == "rows"  # scipy writes no such file


def test_repeated_entries_are_summed_first_and_stored_zeros_are_no_edges(tmp_path):
    graph = sparse.csr_array(RING)
    twice = {
        "data": np.repeat(graph.data, 2) * np.tile([3, -2], 12),
        "indices": np.repeat(graph.indices, 2),
        "indptr": graph.indptr * 2,
    }
    data = load_table(save(tmp_path / "a.npz", **sparse_arrays(**twice)))
    check_ring(data)
    assert data.source.nnz == 12
    with pytest.raises(InputError, match="2 of 6 nodes have no edge to another one, first node 0"):
        load_table(
            save(
                tmp_path / "a.npz",
                **sparse_arrays(data=np.where(np.isin(graph.data, [1, 6, 2]), 0, graph.data)),
            )
        )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"indices": np.full(12, 99)}, "damaged"),
        ({"indices": np.full(12, -1)}, "damaged"),
        ({"indptr": [0, 9, 3, 6, 8, 10, 12]}, "damaged"),
        ({"indptr": [0, 12]}, "damaged"),
        ({"shape": (10**15, 10**15)}, "damaged"),
        ({"shape": 3}, "damaged"),
        ({"format": b"lil"}, "damaged"),
        ({"format": 3}, "damaged"),
        ({"data": np.array([None] * 12)}, "pickled.*never loaded"),
    ],
)
def test_sparse_files_that_are_damaged(tmp_path, changed, words):
    with pytest.raises(FileFormatError, match=rf"a\.npz: .*{words}"):
        load_table(save(tmp_path / "a.npz", **sparse_arrays(**changed)))


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (RING[:5], r"shape \(5, 6\), but a graph is square.*np\.savez\(path, X=matrix\.toarray"),
        (np.zeros((0, 0)), r"shape \(0, 0\)"),
        (RING * 1j, "weights of type complex128"),
        (RING + np.triu(RING), r"not symmetric.*save \(graph \+ graph\.T\) / 2"),
        (-RING, "between nodes 0 and 1 is -1; weights must be finite"),
        (np.where(RING == 4, np.nan, RING), "between nodes 3 and 4 is nan"),
        (np.where(RING == 6, np.inf, RING), "between nodes 0 and 5 is inf"),
        (np.pad(RING, 1), "2 of 8 nodes have no edge to another one, first node 0"),
        (np.pad(RING, (0, 1)) + np.diag([0] * 6 + [1e9]), "1 of 7 nodes .* first node 6"),
        (RING * 2.5e307, "overflow float32"),
        (RING * 1e38, r"weights up to 6e\+38 overflow"),
    ],
)
def test_sparse_files_that_are_no_graph(tmp_path, matrix, words):
    sparse.save_npz(tmp_path / "a.npz", sparse.csr_array(matrix))
    with pytest.raises(InputError, match=rf"a\.npz: .*{words}"):
        load_table(tmp_path / "a.npz")


def test_a_small_edge_beside_a_large_loop_is_an_edge(tmp_path):
    loops = RING + np.diag([1e20] * 6)
    sparse.save_npz(tmp_path / "a.npz", sparse.csr_array(loops))
    np.testing.assert_array_equal(load_table(tmp_path / "a.npz").source.toarray(), loops)


@edge_files
def test_edge_lists_are_graphs(tmp_path, suffix):
    path, ends, weight = tmp_path / f"a{suffix}", ([0, 1, 2, 4, 4, 0], [1, 2, 3, 3, 5, 5]), [1, 2, 3, 4, 5, 6]
    check_ring(load_dataset(save_edges(path, source=ends[0], target=ends[1], weight=weight)))
    check_ring(load_table(save_edges(path, WEIGHT=weight, Target=ends[1], Source=ends[0])))
    twice = [name + name for name in (*ends, [w / 2 for w in weight])]  # an edge given twice is summed
    check_ring(load_table(save_edges(path, source=twice[0], target=twice[1], weight=twice[2])))
    both = [ends[0] + ends[1], ends[1] + ends[0], twice[2]]  # and so are its directions
    check_ring(load_table(save_edges(path, source=both[0], target=both[1], weight=both[2])))
    np.testing.assert_array_equal(
        load_table(save_edges(path, source=ends[0], target=ends[1])).source.toarray(), RING > 0
    )


@edge_files
def test_nodes_are_the_sorted_names(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    data = load_table(save_edges(path, source=[30, 100], target=[100, 5]))
    np.testing.assert_array_equal(data.source.toarray(), [[0, 0, 1], [0, 0, 1], [1, 1, 0]])
    names = pa.array(["c", "b", "c"])
    (tmp_path / "y.csv").write_text("x\ny\ny\n")
    for column in (
        names,
        *([names.dictionary_encode(), names.cast("large_string")] if suffix != ".csv" else []),
    ):
        data = load_table(save_edges(path, source=column, target=["b", "a", "c"]), labels=tmp_path / "y.csv")
        np.testing.assert_array_equal(data.source.toarray(), [[0, 1, 0], [1, 0, 1], [0, 1, 2]])
        assert data.y.tolist() == [0, 1, 1]


@edge_files
def test_tables_with_such_columns_that_are_no_edge_lists(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    data = load_table(save_edges(path, source=[1.5, 2.5], target=["u", "v"]), labels="target")
    assert (data.form, data.X.tolist(), data.classes) == ("rows", [[1.5], [2.5]], ["u", "v"])
    data = load_table(save_edges(path, source=[1, 2], target=[2, 3], age=[4, 5]))
    assert (data.form, data.X.tolist()) == ("rows", [[1, 2, 4], [2, 3, 5]])


@edge_files
@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"source": [1, None], "target": [1, 2]}, r"source is missing in 1 of 2 edges, first at row 1"),
        ({"source": [1, 2], "target": pa.array(["a", None])}, "target is missing in 1"),
        ({"source": [1, 2], "target": ["a", "b"]}, r"source holds int64, target string; .*both by whole"),
        ({"source": [1.5, 2], "target": [1, 2]}, "source holds double.*rename it"),
        ({"source": [1, 2], "target": [2, 3], "weight": ["x", "y"]}, "weight holds string"),
        (
            {"source": [1, 2], "target": [2, 3], "weight": [1, None]},
            r"in 1 of 2 values, first at row 1.*'weight'",
        ),
        ({"source": [1, 2], "target": [2, 3], "weight": [1.5, -2]}, "weight -2 at row 1"),
        ({"source": [1, 2], "target": [2, 3], "weight": [1.5, 0]}, "1 of 3 nodes have no edge"),
        ({"source": [1, 2], "target": [1, 3]}, "1 of 3 nodes have no edge .* first node 0"),
        ({"source": pa.array([], pa.int64()), "target": pa.array([], pa.int64())}, "no rows"),
    ],
)
def test_edge_lists_that_cannot_be_used(tmp_path, suffix, columns, words):
    with pytest.raises(InputError, match=rf"a{suffix}: .*{words}"):
        load_table(save_edges(tmp_path / f"a{suffix}", **columns))


@settings(max_examples=60, deadline=None)
@given(
    key=st.sampled_from(["data", "indices", "indptr", "shape"]),
    values=st.lists(st.integers(-3, 15), min_size=1, max_size=13),
)
def test_any_sparse_arrays_are_a_graph_or_an_error(tmp_path_factory, key, values):
    path = save(tmp_path_factory.mktemp("any") / "a.npz", **sparse_arrays(**{key: values}))
    try:
        INTAKES["graph"].read(load_table(path).source, "test")
    except (FileFormatError, InputError) as error:
        assert path.name in str(error)
