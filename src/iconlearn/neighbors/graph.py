"""Neighbour graphs: found once, given to any method, kept in a file."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import InputError, OptionError
from iconlearn._numerics import divided
from iconlearn.data.features import check_features
from iconlearn.metrics import METRICS, SCALE_FREE, Metric, check_metric_name, metric_name
from iconlearn.neighbors._files import digest, read_graph, write_graph
from iconlearn.neighbors._loops import OWN
from iconlearn.neighbors._progress import Stages
from iconlearn.neighbors._reservoir import Found, Reservoir, Task, over_tiles
from iconlearn.neighbors._scratch import scratch_folder
from iconlearn.neighbors.index import RECALL, search_index
from iconlearn.neighbors.search import PRECOMPUTED, as_support, extreme_unit, task_of
from iconlearn.neighbors.stored import Stored, Wanted, is_stored, search_stored
from iconlearn.support import Support

PIECE = 1 << 22  # entries of a matrix that are compared at a time
ROUNDING = 1e-3  # of the largest distance: a root of a difference of squares in float32 is as far off near 0


@dataclass(frozen=True, eq=False, repr=False)
class NeighborGraph:
    """The k nearest other rows of every row, found once and given to any method; immutable.

    Make one with :meth:`of`, :meth:`from_distances`, :meth:`from_arrays` or :meth:`load`.

    Parameters
    ----------
    cols : Tensor of shape (n, k), int32
        Neighbours of every row, nearest first, never the row itself.
    squares : Tensor of shape (n, k)
        Their squared distances, in units of ``unit`` squared.
    metric : str
        The metric's name, or "precomputed", which stands for whatever a distribution names.
    recall : float
        Share of the true neighbours that were found, as measured on some rows; 1 where the search was exact.
    unit : float
        Length of one unit; other than 1 for data of extreme scale.

    Examples
    --------
    >>> import numpy as np
    >>> graph = NeighborGraph.of(np.array([[0.0], [1.0], [3.0]]), k=2)
    >>> graph
    NeighborGraph(n=3, k=2, metric='euclidean', recall=1)
    >>> graph.indices.tolist(), graph.distances.tolist()
    ([[1, 2], [0, 2], [1, 0]], [[1.0, 3.0], [1.0, 2.0], [2.0, 3.0]])
    """

    cols: Tensor
    squares: Tensor
    metric: str
    recall: float = 1.0
    unit: float = 1.0

    @classmethod
    def of(
        cls,
        X: Any,
        k: int = 90,
        metric: str = "euclidean",
        index: str = "auto",
        random_state: int = 0,
        *,
        recall: float = RECALL,
        checkpoint: str | os.PathLike[str] | None = None,
        verbose: int = 0,
    ) -> NeighborGraph:
        """Search the rows of a table, in memory or on disk.

        Features that `open_features` opens stay on disk: they are streamed, and written once more, in the order of
        their cells, to ``checkpoint``. What is held in memory is the result, a sample of rows, and a few cells for each
        thread.

        Parameters
        ----------
        X : array-like of shape (n, d), or Features
        k : int, default 90
            Neighbours of every row; at most n - 1 are there. t-SNE needs three times its perplexity.
        metric : {"euclidean", "cos", "dot", "manhattan", "chebyshev", "correlation"}, default "euclidean"
            Of features on disk: "euclidean", "cos" or "correlation".
        index : {"auto", "exact", "ivf"}, default "auto"
            "exact" compares all pairs; "ivf" looks into the nearest of many cells, as many as ``recall`` takes, and
            compares all pairs where that cannot be had; "auto" takes the faster one.
        random_state : int, default 0
            Seed of the cells and of the rows whose recall is measured.
        recall : float in (0, 1], default 0.95
            Share of the true neighbours that cells must find; 1 compares all pairs. Less is faster.
        checkpoint : path, optional
            A folder of its own for features on disk. A search that was killed goes on there, to the same bits, and
            when it is done the graph stays there and nothing else. It takes 4 n (d + 4 k) bytes meanwhile; without it
            a temporary folder does.
        verbose : int, default 0
            1 shows a progress bar.

        Raises
        ------
        InputError
            If X is not a finite table of at least two rows.
        OptionError
            If an option is unknown or out of range, or the folder holds something else.
        FileFormatError
            If the folder holds the search of other rows or options, or is damaged.
        OSError
            If the folder cannot be written to, as on a full disk; what is finished is kept.
        """
        owner = "NeighborGraph.of"
        check_metric_name(owner, metric)
        check_choice(owner, "index", index, ("auto", "exact", "ivf"))
        seed = check_number(owner, "random_state", random_state, low=0, high=2**31 - 1, integer=True)
        k = check_number(owner, "k", k, low=1, integer=True)
        recall = check_number(owner, "recall", recall, low=0, high=1, open_low=True)
        stages = Stages("NeighborGraph", bool(check_number(owner, "verbose", verbose, low=0, integer=True)))
        with stages:
            if is_stored(X):
                return cls._of_stored(X, Wanted(k, metric, index, recall, seed), checkpoint, stages)
            if checkpoint is not None:
                raise OptionError(
                    f"{owner}: checkpoint={str(checkpoint)!r} is for features on disk, X is in memory; give "
                    "open_features(path), or leave checkpoint out"
                )
            value = check_features(X, f"{owner}: X")
            unit = extreme_unit(value) if metric not in SCALE_FREE else 1.0
            held = torch.from_numpy(divided(value, unit, value.dtype))
            numbers = np.arange(len(held))
            task = task_of(metric, held, held, (numbers, numbers), min(k, len(held) - 1))
            found, reached = search_index(task, index, seed, recall, stages)
        squares = torch.from_numpy(found.squares).to(held.dtype)
        return cls(torch.from_numpy(found.cols), squares, metric, reached, unit)

    @classmethod
    def _of_stored(
        cls, X: Any, wanted: Wanted, checkpoint: str | os.PathLike[str] | None, stages: Stages
    ) -> NeighborGraph:
        owner = "NeighborGraph.of"
        wanted.check(int(X.n), owner)
        stored = Stored(X, wanted.metric, owner, stages)
        search = {"rows": stored.digest, "shape": (stored.n, int(X.d)), **asdict(wanted)}
        with scratch_folder(checkpoint, search) as scratch:
            if scratch.graph.exists():
                graph = cls.load(scratch.graph)
                scratch.clean()  # a kill may have come between the graph and this
                return graph
            found, recall = search_stored(stored, wanted, scratch, stages)
            cols, squares = torch.from_numpy(found.cols), torch.from_numpy(found.squares)
            graph = cls(cols, squares, wanted.metric, recall, stored.unit)
            if checkpoint is not None:
                with scratch.writing():
                    graph.save(scratch.graph)
                scratch.clean()
        return graph

    @classmethod
    def from_distances(cls, D: Any, k: int = 90) -> NeighborGraph:
        """Take the k nearest others from a matrix of distances (not squared).

        Parameters
        ----------
        D : array or scipy sparse matrix of shape (n, n)
            Of a sparse matrix, the stored entries alone are distances; a stored 0 is a distance of 0.
        k : int, default 90

        Raises
        ------
        InputError
            If D is not square, an entry is negative or not finite, a distance differs from that the other way by
            more than rounding, or a row holds fewer than k others.

        Examples
        --------
        >>> NeighborGraph.from_distances([[0, 2, 1], [2, 0, 5], [1, 5, 0]], k=1).indices.tolist()
        [[2], [0], [0]]
        """
        owner = "NeighborGraph.from_distances"
        k = check_number(owner, "k", k, low=1, integer=True)
        if (to_csr := getattr(D, "tocsr", None)) is not None:
            return cls._from_sparse(to_csr(), k, owner)
        if np.ndim(D) == 1:
            raise InputError(
                f"{owner}: D has shape {np.shape(D)}; the condensed form of scipy's pdist is made a matrix by "
                "scipy.spatial.distance.squareform(D)"
            )
        D = check_features(D, f"{owner}: D")
        check_distances(D.shape, D, owner)
        for a in range(0, len(D), tall := max(1, PIECE // len(D))):
            check_mirrored(D[a : a + tall], D[:, a : a + tall].T, owner)
        numbers = np.arange(len(D))
        task = Task(OWN, D, D, numbers, numbers, min(k, len(D) - 1))
        found = Found.blank(len(D), task.k, D.dtype)

        def rank(tile: Task, rows: slice) -> None:
            held = Reservoir(len(tile.x), tile.k, np.float64)
            held.fill(tile, lambda cols: tile.x[:, cols].astype(np.float64))
            held.sorted().into(found, rows)

        over_tiles(task, rank)
        return cls._listed(found.cols, found.squares, PRECOMPUTED)

    @classmethod
    def _from_sparse(cls, D: Any, k: int, owner: str) -> NeighborGraph:
        check_distances(D.shape, D.data, owner)
        n, coo = D.shape[0], D.tocoo()
        other = coo.row != coo.col
        rows, cols, data = coo.row[other], coo.col[other], coo.data[other]
        lengths = np.bincount(rows, minlength=n)
        k = min(k, n - 1)
        keys, place = np.unique(rows.astype(np.int64) * n + cols, return_index=True)
        if len(keys) < len(rows):
            raise InputError(f"{owner}: D stores an entry twice; call D.sum_duplicates(), or store each once")
        back = cols.astype(np.int64) * n + rows
        mirror = np.searchsorted(keys, back).clip(max=max(len(keys) - 1, 0))
        twice = np.flatnonzero(keys[mirror] == back)  # a pair may be stored one way only, as neighbours are
        check_mirrored(data[twice], data[place[mirror[twice]]], owner)
        if lengths.min() < k:
            row = int(lengths.argmin())
            raise InputError(
                f"{owner}: row {row} of D holds {lengths[row]} distances to others, but k={k}; lower k to at most "
                f"{lengths[row]}, or store more distances"
            )
        order = np.lexsort((cols, data, rows))
        rank = np.arange(len(order)) - np.repeat(lengths.cumsum() - lengths, lengths)
        order = order[rank < k]
        return cls._listed(cols[order].reshape(n, k), data[order].reshape(n, k), PRECOMPUTED)

    @classmethod
    def from_arrays(cls, indices: Any, distances: Any, metric: str = PRECOMPUTED) -> NeighborGraph:
        """Take what a search elsewhere found, as pynndescent, umap-learn and scikit-learn give it.

        A row's own entry is dropped; so many neighbours are kept as every row has.

        Parameters
        ----------
        indices : array of int of shape (n, k)
        distances : array of shape (n, k)
            Not squared.
        metric : str, default "precomputed"
            A metric's name, if the distances are of one that the library knows.

        Raises
        ------
        InputError
            If the shapes differ, an index is out of range or twice in a row, or a distance is negative or not
            finite.

        Examples
        --------
        >>> NeighborGraph.from_arrays([[0, 1], [1, 0]], [[0.0, 2.0], [0.0, 2.0]])
        NeighborGraph(n=2, k=1, metric='precomputed', recall=1)
        """
        owner = "NeighborGraph.from_arrays"
        check_choice(owner, "metric", metric, (PRECOMPUTED, *METRICS))
        cols, far = np.asarray(indices), np.asarray(distances)
        if (
            cols.ndim != 2
            or cols.shape != far.shape
            or cols.dtype.kind not in "iu"
            or far.dtype.kind not in "fiu"
        ):
            raise InputError(
                f"{owner}: indices are {cols.dtype} of shape {cols.shape}, distances {far.dtype} of shape {far.shape}; "
                "two arrays (n, k) are needed, of whole numbers and of numbers"
            )
        n = len(cols)
        if cols.size and not (cols.min() >= 0 and cols.max() < n):
            raise InputError(
                f"{owner}: an index is outside 0 ... {n - 1}; leave rows without all neighbours out"
            )
        check_distances((n, n), far, owner)
        own = cols == np.arange(n)[:, None]
        order = np.lexsort((cols, far, own), axis=1)
        k = int((~own).sum(1).min(initial=cols.shape[1]))
        if not k:
            raise InputError(f"{owner}: a row has no neighbour but itself; give at least two columns")
        order = order[:, :k]
        cols, far = (np.take_along_axis(part, order, 1) for part in (cols, far))
        if k > 1 and (np.diff(np.sort(cols, 1), axis=1) == 0).any():
            raise InputError(f"{owner}: a row holds a neighbour twice; give every neighbour once")
        return cls._listed(cols, far, metric)

    @classmethod
    def _listed(cls, cols: np.ndarray, far: np.ndarray, metric: str) -> NeighborGraph:
        """Of neighbours and their distances, checked and in order."""
        unit = extreme_unit(far)
        far = divided(far, unit, np.result_type(far, np.float32))
        return cls(
            torch.from_numpy(cols.astype(np.int32)), torch.from_numpy(np.square(far)), metric, 1.0, unit
        )

    @cached_property
    def digest(self) -> str:
        """Checksum of all that a method learns from the graph."""
        told = f"{self.metric} {self.unit!r} {tuple(self.cols.shape)} {self.squares.dtype}"
        return hashlib.sha256(f"{told} {digest(self.cols, self.squares)}".encode()).hexdigest()

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.cols)

    @property
    def k(self) -> int:
        """Neighbours of every row."""
        return self.cols.shape[1]

    @property
    def indices(self) -> np.ndarray:
        """Neighbours of every row, nearest first, (n, k)."""
        return self.cols.numpy().copy()

    @property
    def distances(self) -> np.ndarray:
        """Distances to them, not squared, (n, k); of "dot", what the metric says."""
        squares = self.squares if self.metric == "dot" else self.squares.sqrt()
        factor = np.float64(self.unit) ** (2 if self.metric == "dot" else 1)  # may be beyond float32
        return squares.numpy().copy() if factor == 1 else squares.numpy() * factor

    def edges(self, k: int, metric: str | Metric, unit: float, owner: object) -> tuple[Support, Tensor]:
        """The k nearest of every row as a support with squared distances, in units of ``unit`` squared.

        Raises
        ------
        OptionError
            If the graph holds fewer neighbours, or those of another metric.
        """
        name = metric_name(metric)
        if self.metric not in (PRECOMPUTED, name):
            raise OptionError(
                f"{owner}: compares by metric {name or metric!r}, but neighbors= holds those by {self.metric!r}; "
                f"give NeighborGraph.of(X, k={k}, metric=...) of the same metric, or leave neighbors out"
            )
        k = min(k, self.n - 1)
        if k > self.k:
            raise OptionError(
                f"{owner}: needs the {k} nearest of every row, but neighbors= holds {self.k}; give "
                f"NeighborGraph.of(X, k={k})"
            )
        cols, squares = (part[:, :k].contiguous().numpy() for part in (self.cols, self.squares))
        support, found = as_support(Found(cols, squares), self.n, self.squares)
        ratio = 1.0 if name in SCALE_FREE else self.unit / unit
        return support, found if ratio == 1.0 else found * ratio**2

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write to a safetensors file, aside first and then renamed; returns its path."""
        options = {"metric": self.metric, "recall": self.recall, "unit": self.unit}
        return write_graph(Path(path), self.cols, self.squares, options)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> NeighborGraph:
        """Read what :meth:`save` wrote.

        Raises
        ------
        FileFormatError
            If the file is missing, damaged, truncated, newer, or of another kind.
        """
        cols, squares, options = read_graph(Path(path), (PRECOMPUTED, *METRICS))
        return cls(cols, squares, **options)

    def __repr__(self) -> str:
        return f"NeighborGraph(n={self.n}, k={self.k}, metric={self.metric!r}, recall={self.recall:.4g})"


def check_distances(shape: tuple[int, ...], data: np.ndarray, owner: str) -> None:
    """Refuse what is not a square matrix of distances."""
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        raise InputError(
            f"{owner}: D has shape {shape}, but distances between at least 2 rows, (n, n), are needed"
        )
    good = np.isfinite(data) & (data >= 0)
    if not good.all():
        raise InputError(f"{owner}: a distance is {data[~good][0]:g}; distances are finite and not negative")


def check_mirrored(there: np.ndarray, back: np.ndarray, owner: str) -> None:
    """Refuse distances that differ, by more than rounding, from those of the same pairs the other way."""
    gap = np.abs(np.subtract(there, back, dtype=np.float64))
    off = gap > ROUNDING * max(there.max(initial=0), back.max(initial=0))
    if off.any():
        raise InputError(
            f"{owner}: D is not symmetric: a distance is {there[off][0]:g} one way and {back[off][0]:g} the other; "
            "give (D + D.T) / 2, or np.minimum(D, D.T)"
        )
