"""How good a map is, by the same independent code for every method.

Nothing of the fitted model is used: neighbours of the data are searched exactly, P is made anew from them, and the
map is an array. Neighbours in the map are exact too, in float64.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from iconlearn._compile import compiled
from iconlearn._parallel import in_pieces
from iconlearn.evaluation import knn_accuracy
from map_data import Features

PERPLEXITY = 30.0
KEPT = 90  # neighbours of each row that P keeps
NEAR = 15  # neighbours that preservation and trustworthiness compare
EXACT_PAIRS = 100_000  # rows up to which Z is the sum over all pairs
Z_ROWS, NEAR_ROWS, RANK_ROWS = 20_000, 10_000, 2_000  # sampled rows of Z, preservation and trustworthiness


@dataclass(frozen=True)
class Scores:
    """Figures of one map: all but ``kl`` are shares in [0, 1], 1 best."""

    kl: float
    preservation: float
    trustworthiness: float
    accuracy: float


class Judge:
    """Scores maps of one data set; what depends on the data alone is computed once.

    kl : sum_ij P_ij log(P_ij / Q_ij) with P the symmetrised Gaussian of perplexity 30 on the 90 nearest rows and Q the
        Student-t of all pairs, q_ij = (1 + |y_i - y_j|^2)^-1 / Z.
    preservation : share of the 15 nearest rows that are among the 15 nearest in the map.
    trustworthiness : Venna and Kaski (2001) with 15 neighbours.
    accuracy : of the majority label of the 10 nearest in the map, the row itself left out.
    """

    def __init__(self, data: Features, seed: int = 0) -> None:
        self.data, self.n = data, len(data.X)
        generator = np.random.default_rng(seed)
        order = generator.permutation(self.n)
        self.z_rows = np.sort(order if self.n <= EXACT_PAIRS else order[:Z_ROWS])
        self.near_rows = np.sort(order[:NEAR_ROWS])
        self.rank_rows = np.sort(order[:RANK_ROWS])

    @cached_property
    def nearest(self) -> np.ndarray:
        """The 90 nearest other rows of every row, nearest first (n, 90)."""
        return exact_neighbours(self.data.X, KEPT)

    @cached_property
    def target(self) -> csr_matrix:
        """P, whose entries sum to 1."""
        squared = np.empty(self.nearest.shape)
        in_pieces(lambda a, b: _squared(self.data.X, self.nearest, a, b, squared), self.n)
        conditional = np.empty_like(squared)
        in_pieces(lambda a, b: _calibrated(squared, PERPLEXITY, a, b, conditional), self.n)
        ends = np.arange(0, self.nearest.size + 1, KEPT)
        rows = csr_matrix((conditional.ravel(), self.nearest.ravel(), ends), shape=(self.n, self.n))
        return ((rows + rows.T) / (2 * self.n)).tocsr()

    @property
    def sampled(self) -> str:
        """Which rows each score looks at, in words."""
        said = [
            (self.z_rows, "Z of KL"),
            (self.near_rows, f"{NEAR}-NN preservation"),
            (self.rank_rows, "trustworthiness"),
        ]
        return ", ".join(
            f"{what} on {'all' if len(rows) == self.n else f'{len(rows)} sampled'} rows"
            for rows, what in said
        )

    def __call__(self, embedding: np.ndarray) -> Scores:
        """All scores of ``embedding`` (n, 2)."""
        if embedding.shape != (self.n, 2) or not np.isfinite(embedding).all():
            raise ValueError(f"a finite map of shape ({self.n}, 2) is needed, not {embedding.shape}")
        y = np.ascontiguousarray(embedding, dtype=np.float64)
        near = map_neighbours(y, self.near_rows, NEAR)
        shared = [np.isin(a, b).sum() for a, b in zip(near, self.nearest[self.near_rows, :NEAR], strict=True)]
        return Scores(
            kl=self.divergence(y),
            preservation=float(np.sum(shared)) / near.size,
            trustworthiness=self.trust(y),
            accuracy=knn_accuracy(y, self.data.y, k=10),
        )

    def divergence(self, y: np.ndarray) -> float:
        """KL(P || Q) of positions ``y``."""
        P = self.target
        rows = np.repeat(np.arange(self.n), np.diff(P.indptr))
        attraction = float(P.data @ np.log1p(((y[rows] - y[P.indices]) ** 2).sum(axis=1)))
        sums = np.empty(len(self.z_rows))
        first, second = np.ascontiguousarray(y[:, 0]), np.ascontiguousarray(y[:, 1])
        in_pieces(lambda a, b: _kernel_sums(first, second, self.z_rows, a, b, sums), len(sums))
        log_z = math.log(sums.mean() * self.n)
        return float(P.data @ np.log(P.data)) + attraction + log_z

    def trust(self, y: np.ndarray) -> float:
        """1 - 2 / (m k (2n - 3k - 1)) sum over m rows and their k map neighbours of max(0, rank in data - k)."""
        near = map_neighbours(y, self.rank_rows, NEAR)
        excess = np.empty(len(near))
        X = self.data.X
        in_pieces(lambda a, b: _excess(X, self.rank_rows, near, a, b, excess), len(near), at_least=64)
        return 1 - 2 * float(excess.sum()) / (near.size * (2 * self.n - 3 * NEAR - 1))


def exact_neighbours(X: np.ndarray, k: int, rows: np.ndarray | None = None) -> np.ndarray:
    """The ``k`` nearest other rows of ``rows`` (default all), nearest first, by full search."""
    import faiss

    centred = np.ascontiguousarray(X - X.mean(axis=0), dtype=np.float32)
    wanted = np.arange(len(X)) if rows is None else rows
    _, found = faiss.knn(centred[wanted], centred, k + 1)
    return _without_self(found, wanted)


def map_neighbours(y: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The ``k`` nearest other points of points ``rows`` of a map, nearest first."""
    _, found = cKDTree(y).query(y[rows], k=k + 1, workers=os.cpu_count() or 1)
    return _without_self(found, rows)


def _without_self(found: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Take each row's own number out of its ``k + 1`` neighbours; of coincident points it may be missing."""
    own = found == rows[:, None]
    own[~own.any(axis=1), -1] = True
    return found[~own].reshape(len(found), -1).astype(np.int64)


@compiled
def _squared(X, near, start, stop, out):
    """Squared distances to the neighbours, in difference form."""
    for i in range(start, stop):
        for c in range(near.shape[1]):
            total = 0.0
            for t in range(X.shape[1]):
                total += (float(X[i, t]) - float(X[near[i, c], t])) ** 2
            out[i, c] = total


@compiled
def _calibrated(squared, perplexity, start, stop, out):
    """Rows exp(-b d^2) / sum with entropy log(perplexity), b by bisection."""
    k = squared.shape[1]
    wanted = np.log(perplexity)
    for i in range(start, stop):
        nearest = squared[i].min()
        low, high, b = 0.0, np.inf, 1.0 / max(squared[i].mean() - nearest, 1e-300)
        for _ in range(200):
            total, mean = 0.0, 0.0
            for c in range(k):
                gap = squared[i, c] - nearest
                out[i, c] = np.exp(-b * gap)
                total += out[i, c]
                mean += out[i, c] * gap
            difference = np.log(total) + b * mean / total - wanted
            if abs(difference) < 1e-10:
                break
            if difference > 0:
                low = b
                b = 2 * b if np.isinf(high) else (b + high) / 2
            else:
                high = b
                b = (b + low) / 2
        for c in range(k):
            out[i, c] /= total


@compiled
def _kernel_sums(first, second, rows, start, stop, out):
    """sum over j != i of 1 / (1 + |y_i - y_j|^2) for some rows i."""
    for r in range(start, stop):
        i = rows[r]
        total = 0.0
        for j in range(first.shape[0]):
            total += 1.0 / (1.0 + (first[i] - first[j]) ** 2 + (second[i] - second[j]) ** 2)
        out[r] = total - 1.0


@compiled
def _excess(X, rows, near, start, stop, out):
    """How far the ranks of the map neighbours of a row exceed k, summed."""
    n, k = X.shape[0], near.shape[1]
    squared = np.empty(n)
    for r in range(start, stop):
        i = rows[r]
        for j in range(n):
            total = np.float32(0.0)
            for t in range(X.shape[1]):
                total += (X[i, t] - X[j, t]) * (X[i, t] - X[j, t])
            squared[j] = total
        squared[i] = np.inf
        beyond = 0.0
        for c in range(k):
            rank = 1
            for j in range(n):
                rank += squared[j] < squared[near[r, c]]
            beyond += max(0, rank - k)
        out[r] = beyond
