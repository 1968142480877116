"""Graphs from files: sparse matrices and edge lists, checked, as symmetric weights in compressed rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from iconlearn._errors import InputError
from iconlearn.data.features import as_floats

_SPARSE = {"format", "shape", "data"}  # keys of every file of scipy.sparse.save_npz,
_PLACES = {"indices", "row", "offsets", "coords"}  # and those of which it has one


def holds_sparse(keys: Iterable[str]) -> bool:
    """Whether the keys of an .npz are those that scipy.sparse.save_npz writes."""
    keys = set(keys)
    return keys >= _SPARSE and bool(keys & _PLACES)


def read_sparse(path: Path) -> Any:
    """The graph in a file of scipy.sparse.save_npz."""
    from scipy import sparse

    matrix = sparse.load_npz(path)  # refuses pickles
    if hasattr(matrix, "check_format"):
        matrix.check_format(full_check=True)  # indices out of range would crash the next product
    return check_graph(matrix, str(path))


def check_graph(graph: Any, name: str) -> Any:
    """Sparse weights as a symmetric, finite, non-negative csr_array (n, n) in which every node has an edge."""
    from scipy import sparse

    shape = tuple(graph.shape)
    if len(shape) != 2 or shape[0] != shape[1] or not shape[0]:
        raise InputError(
            f"{name}: a sparse matrix of shape {shape}, but a graph is square, (nodes, nodes), with nodes; "
            "for a table of features use np.savez(path, X=matrix.toarray())"
        )
    if graph.dtype.kind not in "biuf":
        raise InputError(f"{name}: weights of type {graph.dtype}, but they must be real; save abs(graph)")
    graph = sparse.csr_array(graph).astype(np.float64)
    graph.sum_duplicates()
    graph.eliminate_zeros()
    good = np.isfinite(graph.data) & (graph.data >= 0)
    if not good.all():
        place = int(np.argmin(good))
        row = int(np.searchsorted(graph.indptr, place, side="right")) - 1
        raise InputError(
            f"{name}: the weight between nodes {row} and {graph.indices[place]} is {graph.data[place]:g}; "
            "weights must be finite and not negative: drop such edges, or save similarities"
        )
    if abs(graph - graph.T).max() > 1e-6 * graph.max():
        raise InputError(
            f"{name}: the weights are not symmetric, but the graph must be undirected; save (graph + graph.T) / 2"
        )
    lonely = np.flatnonzero(np.diff(graph.indptr) == (graph.diagonal() != 0))
    if len(lonely):
        raise InputError(
            f"{name}: {len(lonely)} of {shape[0]} nodes have no edge to another one, first node {lonely[0]} "
            "(counted from 0); leave them out or give them an edge"
        )
    with np.errstate(over="ignore"):
        most = graph.sum(1).max()
    if most > np.finfo(np.float32).max:
        raise InputError(f"{name}: weights up to {graph.max():g} overflow float32 in sums; divide them")
    return graph


def degrees(graph: Any) -> np.ndarray:
    """The sum of the weights of every node, (n, 1) float64."""
    return np.asarray(graph.sum(axis=1), dtype=np.float64).reshape(-1, 1)


def edge_columns(names: Iterable[str]) -> list[str] | None:
    """The column names in lower case if they are source, target and perhaps weight, in any order."""
    lower = [name.strip().lower() for name in names]
    return lower if sorted(lower) in (["source", "target"], ["source", "target", "weight"]) else None


def read_edges(path: Path, columns: dict[str, Any]) -> Any:
    """The undirected graph of an edge list: node k is the k-th distinct name, and W = A + A.T."""
    from scipy import sparse

    ends = [_node_names(path, name, columns[name]) for name in ("source", "target")]
    if ends[0].dtype != ends[1].dtype:
        raise InputError(
            f"{path}: source holds {columns['source'].type}, target {columns['target'].type}; "
            "name nodes in both by whole numbers, or in both by text"
        )
    names, codes = np.unique(np.concatenate(ends), return_inverse=True)
    rows, cols = codes.reshape(2, -1)
    weight = _weights(path, columns["weight"]) if "weight" in columns else np.ones(len(rows))
    one_way = sparse.coo_array((weight, (rows, cols)), shape=(len(names), len(names))).tocsr()
    return check_graph(one_way + one_way.T, str(path))


def _node_names(path: Path, name: str, column: Any) -> np.ndarray:
    """One end of every edge: int64 or text."""
    import pyarrow as pa

    column = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    if column.null_count:
        row = int(np.argmax(column.is_null().to_numpy()))
        raise InputError(
            f"{path}: {name} is missing in {column.null_count} of {len(column)} edges, first at row {row} "
            "(counted from 0); give every edge two ends"
        )
    if pa.types.is_integer(column.type):
        return column.cast(pa.int64()).to_numpy()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.to_numpy()
    raise InputError(
        f"{path}: {name} holds {column.type}, but nodes are named by whole numbers or text; convert the column "
        "(or, if this is a table of features, rename it)"
    )


def _weights(path: Path, column: Any) -> np.ndarray:
    import pyarrow as pa

    kind = column.type
    if not any(is_kind(kind) for is_kind in (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)):
        raise InputError(f"{path}: weight holds {kind}, but numbers are needed; convert or drop the column")
    weight = column.cast(pa.float64(), safe=False).to_numpy()
    weight = as_floats(weight.reshape(-1, 1), str(path), ["weight"]).ravel()
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise InputError(
            f"{path}: weight {weight[row]:g} at row {row} (counted from 0), but weights must not be negative; "
            "drop such edges, or save similarities"
        )
    return weight
