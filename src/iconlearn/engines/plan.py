"""Which engine evaluates a problem: a pure function of sizes and memory, printable and overridable."""

from __future__ import annotations

import copy
import os
import time
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import torch

from iconlearn._checks import check_choice
from iconlearn._errors import MemoryBudgetError, OptionError
from iconlearn.conditional import Scores
from iconlearn.distributions.base import Engine, Kernel
from iconlearn.engines.exact import DEFAULT_BLOCK, Dense, Tiled
from iconlearn.engines.factored import Factored, factored
from iconlearn.engines.fused import takes
from iconlearn.engines.grid import FINEST, Grid
from iconlearn.engines.product import Product
from iconlearn.engines.radial import Direct, radial_profile
from iconlearn.engines.sampled import COLUMNS, TILE, Sampled, estimable
from iconlearn.points import Points

# On a CPU, tiles of scores that stay in the cache beat a matrix that does not; up to this many scores the
# matrix is one such tile, so it is held instead of being evaluated twice.
CACHED_SCORES = 1 << 19

# Products of vectors are so fast that a matrix of their scores is held as long as square tiles are too few to share.
HELD_PRODUCTS = 1 << 22

# Buffers of the size of the score matrix that are alive at once in a dense forward and backward pass, and
# the share of free memory that they may take.
DENSE_BUFFERS = 6

# Up to this many pairs the compiled sums over all of them cost no more than a mesh, and they are exact.
DIRECT_PAIRS = 1 << 20
DENSE_SHARE = 0.25

# More pairs than this cost seconds a step where they are not compiled: a run then estimates their sums. Compiled ones
# cost seconds too, and a loss outside of steps is then read from the mesh of steps where no finer one pays.
EXACT_PAIRS = 4_000_000_000


@dataclass(frozen=True)
class Problem:
    """The sizes that decide: rows, columns, dimension, bytes of a number, free memory in bytes.

    ``cached`` is the number of scores that a tile may have to stay in cache; 0 where that does not matter.
    ``radial`` tells that compiled engines know the kernel, ``factored`` that its mass is an inner product, ``products``
    that its scores are functions of one, ``fused`` that the device sums such scores in one kernel; ``drawn`` is the
    number of columns that a run would draw for an estimate, 0 where nothing may be drawn: outside of runs, and where an
    estimate would not do.
    """

    n: int
    m: int
    d: int
    itemsize: int = 4
    memory: int = 1 << 33
    cached: int = CACHED_SCORES
    radial: bool = False
    factored: bool = False
    products: bool = False
    fused: bool = False
    drawn: int = 0

    @classmethod
    def of(cls, i: Points, j: Points, kernel: Kernel | None = None, drawn: int = 0) -> Problem:
        """The problem of evaluating a kernel on these points, on their device."""
        value = i.value
        single = value is not None and value.dtype == torch.float32
        return cls(
            n=i.n,
            m=j.n,
            d=1 if value is None else value.shape[-1],
            itemsize=4 if value is None else value.element_size(),
            memory=free_memory(i.device),
            cached=CACHED_SCORES if i.device.type == "cpu" else 0,
            radial=single and kernel is not None and radial_profile(kernel, i, j) is not None,
            factored=kernel is not None and factored(kernel, i, j),
            products=kernel is not None and kernel.product_form(i, j) is not None,
            fused=value is not None and takes(i.device, value.dtype),
            drawn=drawn if kernel is not None and estimable(kernel) and kernel.pool == "logsumexp" else 0,
        )

    @property
    def dense_bytes(self) -> int:
        """Peak of the dense engine, forward and backward."""
        return DENSE_BUFFERS * self.n * self.m * self.itemsize

    @property
    def radial_bytes(self) -> int:
        """Peak of the compiled engines: points, gradients and sums; of the grid also its mesh, at a usual span."""
        return self.itemsize * 16 * self.n + (64 << 20)

    @property
    def factored_bytes(self) -> int:
        """Peak of the factored engine: both sides with logs and gradients, and the buffers of a tile for each core."""
        return self.itemsize * (4 * (self.n + self.m) * self.d + (1 << 22))

    @property
    def product_bytes(self) -> int:
        """Peak of the product engine: points, their vectors with gradients, and the buffers of a tile for each core."""
        return self.itemsize * (8 * (self.n + self.m) * (self.d + 2) + (1 << 23))

    def sampled_bytes(self, columns: int) -> int:
        """Peak of the sampled engine: the points, their gradients, and the buffers of one tile."""
        return self.itemsize * (4 * (self.n + self.m) * self.d + DENSE_BUFFERS * max(TILE, columns))

    def tiled_bytes(self, block: int) -> int:
        """Peak of the tiled engine: the points, their gradients, and the buffers of one tile."""
        return self.itemsize * (4 * (self.n + self.m) * self.d + DENSE_BUFFERS * block * self.m)


@dataclass(frozen=True)
class Plan:
    """The chosen engine, its tile height, its estimated peak memory, and why.

    Examples
    --------
    >>> print(plan(Problem(n=500, m=500, d=2, memory=8 << 30)))
    dense: 500 x 500 scores, about 0.006 GB; they fit in a quarter of the free 8.6 GB
    """

    engine: str
    block: int
    bytes: int
    why: str

    def __str__(self) -> str:
        return f"{self.engine}: {self.why}"

    def build(self) -> Engine:
        """The engine itself."""
        in_tiles = {"tiled": Tiled, "factored": Factored, "product": Product}.get(self.engine)
        return ENGINES[self.engine] if in_tiles is None else partial(in_tiles, block=self.block)


ENGINES: dict[str, Engine] = {
    "dense": Dense,
    "tiled": Tiled,
    "direct": Direct.of,
    "grid": Grid(),
    "factored": Factored,
    "product": Product,
    "sampled": Sampled.alone,
}


def plan(problem: Problem, engine: str = "auto") -> Plan:
    """Choose how to evaluate ``problem``; a name in place of "auto" pins the engine.

    Dense evaluates once and keeps the matrix; tiled evaluates twice and keeps memory linear in n, which on a CPU
    is also the faster way once the matrix outgrows the cache; direct is the compiled form of tiled for radial
    kernels in few dimensions, factored that for kernels of clusters, and product that for kernels of inner products, in
    any dimension, in half of the tiles where the columns are the rows. These five are exact. Grid sums radial
    kernels in time linear in n, to a tolerance. Sampled estimates the sums of any other kernel from a few columns, so
    the losses of steps are estimates; "auto" takes it only within a run, beyond 4e9 pairs a step.

    Raises
    ------
    MemoryBudgetError
        If even the points and one row of scores do not fit.
    """
    check_choice("ICon", "engine", engine, ("auto", *ENGINES))
    p = problem
    sizes = f"{p.n} x {p.m} scores"
    fits = p.dense_bytes <= DENSE_SHARE * p.memory
    small = not p.cached or p.n * p.m <= (HELD_PRODUCTS if p.products else p.cached)
    room = DENSE_SHARE * p.memory // (DENSE_BUFFERS * p.itemsize)
    block = int(max(1, min(DEFAULT_BLOCK, (min(room, p.cached) if p.cached else room) // max(1, p.m))))
    tiled = Plan("tiled", block, p.tiled_bytes(block), "")
    outgrown = "the cache" if fits else "the memory"
    if engine == "factored" or (engine == "auto" and p.factored):
        pin = "" if engine == "auto" else "; pinned by the caller"
        how = f"as inner products of {p.d} numbers, none held, about {p.factored_bytes / 1e9:.2g} GB{pin}"
        rows = p.n if small else block
        return Plan("factored", max(1, rows), p.factored_bytes, f"{sizes} {how}")
    if engine in ("direct", "grid") or (engine == "auto" and p.radial and p.n * p.m > CACHED_SCORES):
        name = engine if engine != "auto" else "direct" if p.n * p.m <= DIRECT_PAIRS else "grid"
        how = "every pair, none held" if name == "direct" else "read from a mesh"
        pin = "; pinned by the caller" if engine != "auto" else ""
        return Plan(name, p.n, p.radial_bytes, f"{sizes}, {how}, about {p.radial_bytes / 1e9:.2g} GB{pin}")
    if engine == "sampled" or (engine == "auto" and p.drawn and p.n * p.m > EXACT_PAIRS):
        columns = p.drawn or COLUMNS
        size = p.sampled_bytes(columns)
        pin = "pinned by the caller" if engine != "auto" else f"more than {EXACT_PAIRS:.0g} pairs a step"
        how = (
            f"every sum estimated from {columns} columns drawn at each step, about {size / 1e9:.2g} GB; {pin}; "
            "the losses of steps are estimates, those of rows and of the fitted model are exact"
        )
        return Plan("sampled", p.n, size, f"{sizes}, {how}")
    if engine == "dense" or (engine == "auto" and fits and small):
        if p.dense_bytes > p.memory:
            raise MemoryBudgetError(
                f"engine='dense' needs about {p.dense_bytes / 1e9:.2f} GB for {sizes}, but "
                f"{p.memory / 1e9:.2f} GB are free; use engine='tiled' "
                f"({tiled.bytes / 1e9:.2f} GB) or a smaller batch_size"
            )
        why = "they fit in a quarter of the free" if fits else "pinned by the caller; free are"
        why = f"{sizes}, about {p.dense_bytes / 1e9:.2g} GB; {why} {p.memory / 1e9:.1f} GB"
        return Plan("dense", p.n, p.dense_bytes, why)
    if engine == "product" or (engine == "auto" and p.products and p.product_bytes <= p.memory):
        pin = "pinned by the caller" if engine == "product" else f"one matrix would outgrow {outgrown}"
        made = "in fused kernels" if p.fused else "in square tiles"
        how = f"made twice {made}, none held, about {p.product_bytes / 1e9:.2g} GB; {pin}"
        return Plan("product", block, p.product_bytes, f"{sizes} {how}")
    if tiled.bytes > p.memory:
        raise MemoryBudgetError(
            f"{sizes} in {p.d} dimensions need about {tiled.bytes / 1e9:.2f} GB even in tiles, but "
            f"{p.memory / 1e9:.2f} GB are free; use fewer rows or a smaller batch_size"
        )
    reason = "pinned by the caller" if engine == "tiled" else f"one matrix would outgrow {outgrown}"
    return replace(tiled, why=f"{sizes} in tiles of {block} rows, about {tiled.bytes / 1e9:.2g} GB; {reason}")


class PlannedEngine:
    """An engine that plans for each problem it meets, so one model serves a batch and a whole data set.

    It is exact, to the rounding of float32 where sums are read from a mesh. What is to be drawn is drawn by the
    engine that :meth:`drawing` or :meth:`outside_runs` gives, which belongs to whom the generator belongs to; in the
    steps of a run, which :meth:`drawing` is for, the mesh is as coarse as its tolerance allows.
    """

    def __init__(self, choice: str | Engine = "auto") -> None:
        if isinstance(choice, str):
            check_choice("ICon", "engine", choice, ("auto", *ENGINES))
        elif not callable(choice):
            raise OptionError(
                f"ICon: engine={choice!r} must be a name ('auto', {', '.join(ENGINES)}) or a callable"
            )
        self.samples = choice == "sampled" or isinstance(choice, Sampled)  # asked for by the caller
        self.sampled = choice if isinstance(choice, Sampled) else Sampled()
        coarse = choice if isinstance(choice, Grid) else Grid()
        self.choice = "sampled" if self.samples else "grid" if choice is coarse else choice
        self.draws = False
        self.grid, self.coarse = Grid(tolerance=FINEST), coarse

    def drawing(self, generator: torch.Generator) -> PlannedEngine:
        """The same, drawing columns from ``generator`` where sums are to be estimated."""
        other = copy.copy(self)
        other.sampled, other.draws = replace(self.sampled, generator=generator), True
        other.grid = self.coarse
        return other

    def forget(self) -> None:
        """Free what was kept from step to step."""
        for grid in (self.grid, self.coarse):
            grid.transforms.held.clear()

    def outside_runs(self) -> PlannedEngine:
        """For losses outside of runs: they are estimates only if the caller asked for them, drawn from a generator
        of the engine's own."""
        return self.drawing(self.sampled.generator) if self.samples else self

    def __call__(self, kernel: Kernel, i: Points, j: Points) -> Scores:
        if callable(self.choice):
            return self.choice(kernel, i, j)
        choice = "auto" if self.samples and not self.draws else self.choice
        drawn = self.sampled.columns if self.draws else 0
        chosen = plan(Problem.of(i, j, kernel, drawn), choice)
        if chosen.engine == "sampled":
            return self.sampled(kernel, i, j)
        if chosen.engine == "grid":
            return self.mesh(kernel, i, choice)(kernel, i, j)
        return chosen.build()(kernel, i, j)

    def mesh(self, kernel: Kernel, i: Points, choice: object) -> Engine:
        """The mesh to read sums from, or all pairs where no mesh pays: a coarse one before more pairs than can be."""
        if choice != "auto" or self.grid.pays(kernel, i):
            return self.grid
        return self.coarse if i.n**2 > EXACT_PAIRS and self.coarse.pays(kernel, i) else Direct.of


def free_memory(device: torch.device) -> int:
    """Bytes that may be allocated on ``device`` now; on the CPU, as of the last second."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return memory_at(int(time.monotonic()))


@lru_cache(maxsize=1)
def memory_at(second: int) -> int:
    """Bytes that may be allocated on the CPU in this second: each step of a run asks."""
    try:
        with open("/proc/meminfo") as file:
            fields = dict(line.split(":") for line in file)
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return memory_without_proc()


def memory_without_proc() -> int:
    """Half of the physical memory, where the system does not tell how much is free."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    except (AttributeError, ValueError, OSError):
        return 1 << 32
