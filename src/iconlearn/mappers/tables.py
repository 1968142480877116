"""Lookup tables: non-parametric mappers, one row of parameters for each sample."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from iconlearn._checks import check_choice, check_number
from iconlearn._describe import Described, show
from iconlearn._errors import InputError, OptionError
from iconlearn.conditional import Conditional
from iconlearn.mappers._build import Initializable, seeded
from iconlearn.mappers.starts import INITS, soft_membership
from iconlearn.points import Points, require_value, select


class Table(Initializable, Described, nn.Module):
    """A learned row for every sample id."""

    reads = "id"
    weight: nn.Parameter
    anchor_ids: Tensor | None
    anchor_positions: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        # Buffers, to be on the device of the weight; saved as an argument of the constructor and not as state.
        self.register_buffer("anchor_ids", None, persistent=False)
        self.register_buffer("anchor_positions", None, persistent=False)

    def forward(self, id: Tensor) -> Tensor:
        """Rows of the table, (n, dim)."""
        return self.outputs(self.rows(id))

    def rows(self, id: Tensor) -> Tensor:
        """A copy of the table's rows, (n, dim); of all of them in order without an index, forward or backward.

        A copy, because the caller may keep it while a step moves the table.
        """
        whole = in_order(id, len(self.weight))
        if self.anchor_ids is not None and self.anchor_positions is not None:
            # here too, and not only after a step: no gradient reaches an anchor, in anybody's loop
            weight = self.weight.index_copy(0, self.anchor_ids, self.anchor_positions)
        else:
            weight = self.weight.clone() if whole else self.weight
        if whole:
            return weight
        if len(id):
            low, high = map(int, id.aminmax())
            if low < 0 or high >= len(self.weight):
                raise InputError(
                    f"{self!r} has rows for ids 0 to {len(self.weight) - 1}, but the batch has ids {low} to {high}; "
                    "num_embeddings must be the number of samples"
                )
        return select(weight, id)

    def outputs(self, weight: Tensor) -> Tensor:
        """What the module returns for rows of its table."""
        return weight

    def check_rows(self, data: Points) -> None:
        """Refuse data with another number of samples, or with ids outside the table."""
        ids = data.id.unique()
        n = len(ids)
        if n != len(self.weight):
            raise InputError(
                f"{self!r} has {len(self.weight)} rows but the data has {n} samples; set num_embeddings={n}"
            )
        if int(ids[0]) != 0 or int(ids[-1]) != n - 1:
            raise InputError(
                f"{self!r}: ids run from {int(ids[0])} to {int(ids[-1])}; number the samples 0 to {n - 1}"
            )

    @torch.no_grad()
    def hold_anchors(self) -> None:
        """Put anchored rows to where they stay, whatever has moved them."""
        if self.anchor_ids is not None and self.anchor_positions is not None:
            self.weight.index_copy_(0, self.anchor_ids, self.anchor_positions)

    @torch.no_grad()
    def start_at(self, start: Tensor, data: Points) -> None:
        """Put the start of every point into the row of its id."""
        self.weight[data.id] = start.to(self.weight)
        self.hold_anchors()

    @torch.no_grad()
    def restore(self, init: Any) -> None:
        """Go back to a start given as an array."""
        shape = (self.weight.shape[0], self.weight.shape[1])
        self.weight.copy_(given_table(type(self).__name__, "init", init, shape))
        self.hold_anchors()


def in_order(id: Tensor, n: int) -> bool:
    """Are the ids 0 ... n - 1, in order? Most others differ at an end, which costs nothing to see."""
    if len(id) != n or not n or int(id[0]) != 0 or int(id[-1]) != n - 1:
        return False
    return torch.equal(id, torch.arange(n, dtype=id.dtype, device=id.device))


def given_table(owner: str, argument: str, given: Any, shape: tuple[int, int]) -> Tensor:
    """A table given as an array, checked."""
    table = torch.tensor(np.asarray(given), dtype=torch.float32)  # a copy: steps are taken in it
    if tuple(table.shape) != shape or not bool(table.isfinite().all()):
        raise OptionError(
            f"{owner}: {argument} has shape {tuple(table.shape)}; finite numbers of shape {shape} are needed"
        )
    return table


class Anchors(NamedTuple):
    """Rows of a table and where they stay."""

    ids: np.ndarray
    positions: np.ndarray

    def __repr__(self) -> str:
        return f"({show(self.ids)}, {show(self.positions)})"


def as_anchors(owner: str, given: Any, n: int, dim: int) -> Anchors:
    """Anchors (ids, positions), checked and copied."""
    if not (isinstance(given, (tuple, list)) and len(given) == 2):
        raise OptionError(
            f"{owner}: anchors={show(given)} must be (ids, positions), of shapes (k,) and (k, {dim})"
        )
    ids = np.array(given[0])
    if ids.ndim != 1 or not len(ids) or ids.dtype.kind not in "iu":
        raise OptionError(
            f"{owner}: the ids of anchors have shape {ids.shape} and type {ids.dtype}; whole numbers of shape (k,) "
            "are needed, at least one"
        )
    low, high = int(ids.min()), int(ids.max())
    if low < 0 or high >= n:
        raise OptionError(
            f"{owner}: the ids of anchors run from {low} to {high}; those of {n} samples are 0 to {n - 1}"
        )
    values, counts = np.unique(ids, return_counts=True)
    if len(values) < len(ids):
        raise OptionError(
            f"{owner}: the anchors name id {values[counts.argmax()]} {counts.max()} times; name each once"
        )
    positions = given_table(owner, "anchors[1]", given[1], (len(ids), dim))
    return Anchors(ids.astype(np.int64), positions.numpy().copy())


class Embedding(Table):
    """A position for every sample: the mapper of t-SNE and SNE.

    Parameters
    ----------
    num_embeddings : int
        Number of samples N.
    dim : int, default 2
    init : {"pca", "spectral", "random"} or array of shape (N, dim), default "pca"
        Where ``fit`` starts: principal components of the data, Laplacian eigenvectors of the target's graph,
        or normal noise; scaled to a standard deviation of ``scale`` along the first axis. An array is used
        as it is.
    scale : float, default 1e-4
    seed : int, default 0
        Of the random start; ``fit`` uses its own generator instead.
    anchors : tuple of (k,) ids and (k, dim) positions, optional
        Samples that stay where they are told, to the bit, under every optimiser; the others arrange themselves
        round them. New rows are placed against them as against all fitted rows.

    Raises
    ------
    OptionError
        If an argument is out of range or an array is of another shape.

    References
    ----------
    Kobak & Linderman, Initialization is critical for preserving global data structure in both t-SNE and
    UMAP, Nature Biotechnology 2021.

    Examples
    --------
    >>> from iconlearn import Embedding
    >>> Embedding(num_embeddings=100, dim=2)
    Embedding(num_embeddings=100)
    """

    def __init__(
        self,
        num_embeddings: int,
        dim: int = 2,
        init: Any = "pca",
        scale: float = 1e-4,
        seed: int = 0,
        anchors: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = check_number("Embedding", "num_embeddings", num_embeddings, low=1, integer=True)
        self.dim = check_number("Embedding", "dim", dim, low=1, integer=True)
        self.scale = check_number("Embedding", "scale", scale, low=0, open_low=True)
        self.seed = check_number("Embedding", "seed", seed, low=0, integer=True)
        self.init = check_choice("Embedding", "init", init, INITS) if isinstance(init, str) else init
        shape = (self.num_embeddings, self.dim)
        start = given_table("Embedding", "init", init, shape) if not isinstance(init, str) else None
        noise = torch.randn(shape, generator=seeded(self.seed)) * self.scale
        self.weight = nn.Parameter(noise if start is None else start)
        self.anchors = None if anchors is None else as_anchors("Embedding", anchors, *shape)
        if self.anchors is not None:  # buffers, to be where the weight is; saved as an argument, not as state
            self.register_buffer("anchor_ids", torch.from_numpy(self.anchors.ids), persistent=False)
            self.register_buffer(
                "anchor_positions", torch.from_numpy(self.anchors.positions), persistent=False
            )
            self.hold_anchors()

    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Set the start from the data (see ``init``)."""
        self.check_rows(data)
        if not isinstance(self.init, str):
            self.restore(self.init)
            return
        start = INITS[self.init](data, target, self.dim, generator)
        spread = float(start[:, 0].std()) if data.n > 1 else 0.0
        start = start * (self.scale / spread) if spread > 0 else start
        # Coincident rows would stay coincident for ever: their gradients are equal.
        noise = torch.randn(start.shape, generator=generator) * (self.scale * 1e-2)
        self.start_at(start.cpu() + noise, data)


class Assignments(Table):
    """Free soft assignments: a softmax over clusters for every sample (k-means, normalised cuts).

    Returns log-probabilities.

    Parameters
    ----------
    num_embeddings : int
        Number of samples N.
    num_clusters : int
    init : {"k-means", "random"} or array of logits of shape (N, num_clusters), default "k-means"
        Where ``fit`` starts: soft membership of one k-means solution (a different one for every restart), or
        noise.
    seed : int, default 0

    Examples
    --------
    >>> from iconlearn import Assignments
    >>> Assignments(num_embeddings=100, num_clusters=10)
    Assignments(num_embeddings=100, num_clusters=10)
    """

    def __init__(self, num_embeddings: int, num_clusters: int, init: Any = "k-means", seed: int = 0) -> None:
        super().__init__()
        self.num_embeddings = check_number(
            "Assignments", "num_embeddings", num_embeddings, low=1, integer=True
        )
        self.num_clusters = check_number("Assignments", "num_clusters", num_clusters, low=1, integer=True)
        self.seed = check_number("Assignments", "seed", seed, low=0, integer=True)
        if isinstance(init, str):
            check_choice("Assignments", "init", init, ("k-means", "random"))
        self.init = init
        shape = (self.num_embeddings, self.num_clusters)
        noise = torch.randn(shape, generator=seeded(self.seed)) * 1e-2
        self.weight = nn.Parameter(
            noise if isinstance(init, str) else given_table("Assignments", "init", init, shape)
        )

    def outputs(self, weight: Tensor) -> Tensor:
        """Log-probabilities, (n, num_clusters)."""
        return weight.log_softmax(-1)

    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Set the start from the data (see ``init``)."""
        self.check_rows(data)
        if not isinstance(self.init, str):
            self.restore(self.init)
            return
        noise = torch.randn(data.n, self.num_clusters, generator=generator) * 1e-2
        if self.init == "k-means":
            noise = noise + soft_membership(require_value(data, self), self.num_clusters, generator)
        self.start_at(noise, data)
