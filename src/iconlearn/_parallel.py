"""Independent pieces of work on several cores, with the same bits for any number of threads.

Every piece runs on one thread and results come back in order, so nothing depends on how many there are. Pieces
wait for nobody: a machine that is busy with other work slows them down by its share and no more, where the
barriers inside a parallel tensor operation would each wait for the slowest thread.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TypeVar

import torch

Item = TypeVar("Item")
Result = TypeVar("Result")
_workers: ContextVar[int | None] = ContextVar("iconlearn_workers", default=None)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Tensor operations of this thread run on one thread; :func:`in_order` spreads over as many as there were.

    Where pieces come back, even a small sum over them would else wake threads that wait for more of it, busily, on the
    cores that the pieces need: a third of the time of a loss was theirs.
    """
    before = torch.get_num_threads()
    token = _workers.set(_workers.get() or before)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _workers.reset(token)


@cache
def _pool(workers: int, process: int) -> ThreadPoolExecutor:
    """Threads that run tensor operations alone; one pool for each process, since threads do not survive a fork."""
    return ThreadPoolExecutor(workers, "iconlearn", initializer=_alone)


def _alone() -> None:
    """Have this thread of a pool work alone, whatever number of threads others set for torch.

    Its own pieces must not be given to the pool again: threads that wait for each other would wait for ever. torch may
    take a number that another thread has set when this one first asks for it, so it asks at once, and is told after.
    """
    torch.get_num_threads()
    torch.set_num_threads(1)
    _workers.set(1)


def in_order(work: Callable[[Item], Result], items: Sequence[Item], *, spread: bool) -> Iterator[Result]:
    """``work(item)`` for every item, in order, on as many threads as torch has if ``spread``.

    At most that many and one results are held at a time.
    """
    workers = _workers.get() or torch.get_num_threads()
    if not spread or workers == 1 or len(items) == 1:
        yield from map(work, items)
        return
    pool, waiting = _pool(workers, os.getpid()), deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > workers:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def in_pieces(work: Callable[[int, int], Result], n: int, *, at_least: int = 1024) -> list[Result]:
    """``work(start, stop)`` over 0 ... n in consecutive pieces, two a thread; small n in one.

    How many pieces there are depends on the number of threads, so it must not matter for the results: each row
    is somebody's own sum.
    """
    workers = _workers.get() or torch.get_num_threads()
    count = 1 if workers == 1 else max(1, min(2 * workers, n // at_least))
    ends = [n * k // count for k in range(count + 1)]
    return list(in_order(lambda k: work(ends[k], ends[k + 1]), range(count), spread=True))
