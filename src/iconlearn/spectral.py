"""Spectral coordinates of a graph: where normalised cuts and spectral clustering look for clusters."""

from __future__ import annotations

from typing import Any

import numpy as np


def degrees(graph: Any) -> np.ndarray:
    """Summed weights of every node, (n, 1)."""
    return np.asarray(graph.sum(axis=1), dtype=np.float64).reshape(-1, 1)


def spectral_coordinates(graph: Any, dim: int) -> np.ndarray:
    """Leading eigenvectors of the normalised adjacency, rows scaled to length one, (n, dim).

    Parameters
    ----------
    graph : scipy sparse matrix of shape (n, n)
        Symmetric, non-negative, every node with an edge.
    dim : int
        Number of eigenvectors, at most n.

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
    from scipy.linalg import eigh
    from scipy.sparse import diags_array
    from scipy.sparse.linalg import eigsh

    n = graph.shape[0]
    scale = diags_array(degrees(graph).ravel() ** -0.5)
    affinity = scale @ graph @ scale
    dim = min(dim, n)
    if n <= 500 or dim > n // 4:
        vectors = eigh(affinity.toarray(), subset_by_index=[n - dim, n - 1])[1]
    else:
        # A fixed start, so that the same graph gives the same bits.
        vectors = eigsh(affinity, k=dim, which="LA", v0=np.full(n, n**-0.5))[1]
    vectors = vectors[:, ::-1]
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(0), range(dim)])
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-300)
