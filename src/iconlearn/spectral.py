"""Spectral coordinates of a graph: where clusterings of graphs look, and where maps of graphs start."""

from __future__ import annotations

from typing import Any

import numpy as np

DENSE_NODES = 500  # pieces up to this size are solved by the dense solver


def leading_eigenvectors(graph: Any, count: int, tol: float = 1e-9) -> np.ndarray:
    """Eigenvectors of the normalised adjacency D^-1/2 W D^-1/2 with the largest eigenvalues, (n, count).

    Each piece of the graph is solved by itself: an eigenvalue that several pieces share (1 belongs to all) is
    otherwise found once only.

    Parameters
    ----------
    graph : scipy sparse matrix of shape (n, n)
        Symmetric, non-negative, every node with an edge.
    count : int
        At most n.
    tol : float, default 1e-9
        Relative accuracy of the iterative solver.

    Examples
    --------
    >>> from scipy import sparse
    >>> two = sparse.csr_array(np.kron(np.eye(2), np.ones((3, 3))))
    >>> np.abs(leading_eigenvectors(two, 2)).round(3).max(0).tolist()
    [0.577, 0.577]
    """
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    graph = sparse.csr_array(graph)
    n = graph.shape[0]
    scale = sparse.diags_array(np.asarray(graph.sum(axis=1)).ravel() ** -0.5)
    affinity = sparse.csr_array(scale @ graph @ scale)
    pieces, piece = connected_components(affinity, directed=False)
    values, vectors = [], []
    for k in range(pieces):
        nodes = np.flatnonzero(piece == k)
        part = affinity[nodes][:, nodes] if pieces > 1 else affinity
        own_values, own = largest(part, min(count, len(nodes)), tol)
        whole = np.zeros((n, len(own_values)))
        whole[nodes] = own
        values.append(own_values)
        vectors.append(whole)
    order = np.argsort(-np.concatenate(values), kind="stable")[:count]
    chosen = np.concatenate(vectors, axis=1)[:, order]
    return chosen * np.sign(chosen[np.abs(chosen).argmax(0), range(chosen.shape[1])])


def largest(part: Any, count: int, tol: float) -> tuple[np.ndarray, np.ndarray]:
    """The largest eigenvalues of a connected piece, and their vectors."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    size = part.shape[0]
    if size <= DENSE_NODES or count > size // 4:
        return eigh(part.toarray(), subset_by_index=[size - count, size - 1])  # type: ignore[return-value]
    # A random start with a fixed seed: the same graph gives the same bits, and no start is an eigenvector.
    start = np.random.default_rng(0).normal(size=size)
    return eigsh(part, k=count, which="LA", v0=start, tol=tol, ncv=min(size, max(4 * count, 40)))  # type: ignore[arg-type]


def spectral_coordinates(graph: Any, dim: int) -> np.ndarray:
    """Leading eigenvectors of the normalised adjacency, rows scaled to length one, (n, dim).

    Parameters
    ----------
    graph, dim
        As in :func:`leading_eigenvectors`.

    References
    ----------
    Ng, Jordan & Weiss, On Spectral Clustering, NeurIPS 2001.

    Examples
    --------
    >>> from scipy import sparse
    >>> two = sparse.csr_array(np.kron(np.eye(2), np.ones((3, 3))))
    >>> rows = spectral_coordinates(two, 2)
    >>> bool(np.allclose(rows[:3], rows[0]) and abs(rows[0] @ rows[3]) < 1e-8)
    True
    """
    vectors = leading_eigenvectors(graph, min(dim, graph.shape[0]))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-300)
