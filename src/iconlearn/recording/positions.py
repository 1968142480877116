"""Embeddings of any width as positions on a plane that moves without jumps."""

from __future__ import annotations

import numpy as np


def on_plane(embedding: np.ndarray, on_sphere: bool, before: np.ndarray | None = None) -> np.ndarray:
    """Positions of an embedding, turned so that they lie as near as can be to those of the moment before.

    Two dimensions are taken as they are, and one lies on a line. Of more, the first two principal components are
    turned and mirrored by the orthogonal map that brings them nearest to ``before``.

    Parameters
    ----------
    embedding : (n, d) array
    on_sphere : bool
        Are only directions compared? Then rows of more than two dimensions are brought to length one.
    before : (n, 2) array, optional

    Returns
    -------
    (n, 2) array of float32

    References
    ----------
    Schönemann, A generalized solution of the orthogonal Procrustes problem, 1966.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(20, 3))
    >>> first = on_plane(x, False)
    >>> np.allclose(on_plane(x[:, ::-1], False, first), first, atol=1e-5)
    True
    """
    x = np.nan_to_num(np.asarray(embedding, dtype=np.float64))
    if x.shape[1] == 2:
        return x.astype(np.float32)
    if x.shape[1] < 2:
        return np.pad(x, ((0, 0), (0, 2 - x.shape[1]))).astype(np.float32)
    if on_sphere:
        x = x / np.linalg.norm(x, axis=-1, keepdims=True).clip(min=1e-30)
    x = x - x.mean(0)
    axes = np.linalg.eigh(x.T @ x)[1][:, :-3:-1]
    flat = x @ axes
    if before is not None:
        u, _, v = np.linalg.svd(flat.T @ (before - before.mean(0)))
        flat = flat @ (u @ v)
    return flat.astype(np.float32)
