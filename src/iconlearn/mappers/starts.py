"""Where tables start: principal components, eigenvectors of the target's graph, noise, a k-means solution."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn.conditional import Conditional
from iconlearn.mappers.partitions import kmeans
from iconlearn.points import Points, require_value
from iconlearn.spectral import leading_eigenvectors

CHUNK = 1 << 16  # rows worked on in float64 at a time


def pca_start(data: Points, target: Conditional | None, dim: int, generator: torch.Generator) -> Tensor:
    """Principal components, (n, dim); noise fills components that the data does not have."""
    x = require_value(data, "Embedding(init='pca')").detach().cpu()
    have = min(dim, *x.shape)
    seed = int(torch.randint(1 << 31, (), generator=generator))
    start = (by_covariance if x.shape[1] <= 512 else by_projection)(x, have, seed)
    return torch.cat([start.float(), torch.zeros(data.n, dim - have)], 1)


def by_covariance(x: Tensor, dim: int, _: int) -> Tensor:
    """Components from the covariance, added up in chunks: O(n d^2) time and no second copy of the data."""
    mean = sum(part.double().sum(0) for part in x.split(CHUNK)) / len(x)
    centred = (part.double() - mean for part in x.split(CHUNK))
    covariance = sum(part.mT @ part for part in centred)
    axes = torch.linalg.eigh(covariance).eigenvectors[:, -dim:].flip(-1)  # type: ignore[arg-type]
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    axes = axes * torch.where(largest < 0, -1.0, 1.0)  # an axis has no sign of its own
    return torch.cat([(part.double() - mean) @ axes for part in x.split(CHUNK)])


def by_projection(x: Tensor, dim: int, seed: int) -> Tensor:
    """Components of wide data, by a randomised decomposition."""
    from sklearn.decomposition import PCA  # heavy, and only needed here

    with np.errstate(invalid="ignore"):  # constant data: PCA divides no variance into shares
        return torch.from_numpy(
            PCA(dim, svd_solver="randomized", random_state=seed).fit_transform(x.double().numpy())
        )


def spectral_start(data: Points, target: Conditional | None, dim: int, generator: torch.Generator) -> Tensor:
    """Eigenvectors of the normalised Laplacian of the symmetrised target, (n, dim)."""
    from scipy import sparse

    if target is None:
        raise OptionError(
            "Embedding: init='spectral' needs one target for the whole run, but this one changes with every "
            "batch; use init='pca', or leave out batch_size= and learnable widths"
        )
    if target.support is None:
        affinity = target.block(None).exp().double().cpu().numpy()
    else:
        support = target.support
        mass = target.at(support.rows, support.cols).exp().double().cpu().numpy()
        pattern = (support.cols.int().cpu().numpy(), support.indptr.int().cpu().numpy())
        affinity = sparse.csr_array((mass, *pattern), shape=(target.n, target.m))
    affinity = affinity + affinity.T
    if min(dim + 2, data.n) == data.n or not connected(affinity):
        if data.value is not None:
            return pca_start(data, target, dim, generator)
        if data.n <= dim + 2:
            return random_start(data, target, dim, generator)
        affinity = joined(sparse.csr_array(affinity))
    affinity = sparse.csr_array(affinity)
    vectors = leading_eigenvectors(affinity, dim + 1, tol=1e-4)[:, 1:]
    return torch.from_numpy(vectors / np.sqrt(np.asarray(affinity.sum(axis=1)).reshape(-1, 1))).float()


def connected(affinity: Any) -> bool:
    """Is the graph in one piece? The eigenvectors of a graph in pieces only tell the pieces apart."""
    from scipy.sparse.csgraph import connected_components

    return connected_components(affinity, directed=False)[0] == 1


def joined(affinity: Any) -> Any:
    """The pieces of a graph in a ring, held by their heaviest nodes with the smallest weight there is."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    count, piece = connected_components(affinity, directed=False)
    degree = affinity.sum(1)
    heads = np.array([np.flatnonzero(piece == k)[degree[piece == k].argmax()] for k in range(count)])
    places = heads, np.roll(heads, 1)
    ring = sparse.coo_array((np.full(count, affinity.data.min()), places), shape=affinity.shape)
    return affinity + ring + ring.T


def random_start(data: Points, target: Conditional | None, dim: int, generator: torch.Generator) -> Tensor:
    """Normal noise, (n, dim)."""
    return torch.randn(data.n, dim, generator=generator)


INITS = {"pca": pca_start, "spectral": spectral_start, "random": random_start}


def soft_membership(x: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """Logits of soft membership in the clusters of one k-means solution, (n, k).

    -beta d^2 to the centres, beta = 2 / mean squared distance to the nearest: soft enough for the objective to
    move rows between clusters.
    """
    centres, _, inertia = kmeans(x, k, generator)
    squared = torch.cdist(x.detach().cpu().double(), centres).square()
    logits = -(2.0 / inertia if inertia > 0 else 1.0) * squared
    return (logits - logits.mean(-1, keepdim=True)).clamp(-8, 8).float()
