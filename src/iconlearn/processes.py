"""What the processes of one job do together; here the form for one process, in which there is nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

Result = TypeVar("Result")


class Processes:
    """One process by itself; :class:`iconlearn.train.processes.Several` overrides what several do otherwise.

    All processes hold the same model, data, seed and order of batches. Of every batch a process embeds its own
    piece, the pieces are joined in the order of the batch, and each forms the loss of the whole batch.

    Attributes
    ----------
    rank, size : int
        Which process this is, and of how many.
    on_machine : int
        How many of them share the memory of this machine.
    """

    rank = 0
    size = 1
    on_machine = 1

    @property
    def first(self) -> bool:
        """Is this the process that writes, prints and calls back?"""
        return self.rank == 0

    def piece(self, n: int) -> slice:
        """Which of ``n`` samples in a row are this process's own: pieces differ by at most one sample.

        Examples
        --------
        >>> Processes().piece(10)
        slice(0, 10, None)
        """
        return self.piece_of(self.rank, n)

    def piece_of(self, rank: int, n: int) -> slice:
        """The piece of another process."""
        return slice(rank * n // self.size, (rank + 1) * n // self.size)

    def join(self, own: Tensor, n: int) -> Tensor:
        """All pieces (views, n, ...) from this process's own (views, piece, ...), which gets its gradient."""
        return own

    def average(self, parameters: Iterable[Tensor]) -> None:
        """Replace gradients by their means over the processes.

        That of a parameter behind :meth:`join` is then the gradient of the joined batch: ``join`` passes on
        ``size`` times the gradient of the own piece, and the mean over the processes is the sum of the pieces.
        One that reaches the loss beside it is the same in all, and so is the mean.
        """

    def all(self, flag: bool) -> bool:
        """Do all processes say yes?"""
        return flag

    def lead(self, work: Callable[[], Result]) -> Result:
        """What the first process finds; the others wait for it."""
        return work()

    def place(self, model: nn.Module) -> None:
        """Bring the model to the device of this process, where each has its own."""

    def level(self, model: nn.Module) -> None:
        """Give all processes the weights of the first."""

    def same(self, facts: Mapping[str, str]) -> None:
        """Refuse to go on where texts, by name, are not the same in all processes."""

    def telling(self) -> AbstractContextManager[object]:
        """Tell the others if work in this context fails."""
        return nullcontext()

    def own_draws(self, device: torch.device) -> AbstractContextManager[object]:
        """What is drawn from torch's global state (dropout) differs between the processes for a while."""
        return nullcontext()

    def shares(self, mapper: nn.Module, n: int) -> bool:
        """Does each process embed only a piece of a batch of ``n`` samples?"""
        return 1 < self.size <= n and divisible(mapper)


ALONE = Processes()


def divisible(mapper: nn.Module) -> bool:
    """Is the embedding of a sample the same whatever else is in the batch, and worth the sharing?

    A table only looks rows up. Batch normalisation takes its moments from all the rows that it sees, so in training
    every process embeds the whole batch through it, unless it is ``SyncBatchNorm``.
    """
    return getattr(mapper, "reads", "value") != "id" and not any(map(normalizes_batch, mapper.modules()))


def normalizes_batch(module: nn.Module) -> bool:
    """Does the module take moments from the rows of this process only?"""
    return isinstance(module, _BatchNorm) and not isinstance(module, nn.SyncBatchNorm) and module.training


@contextmanager
def own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seed what draws from torch's global state (dropout), and put that state back afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(seed)
        if device.type == "cuda":
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield
