"""Functions run by several processes that form a gloo group.

They are forked by a server that has imported everything and loaded the compiled loops once, which takes longest.
"""

import multiprocessing
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

SECONDS = 100  # after which a test fails rather than hang


def crew(
    size: int,
    folder: Path,
    work: Callable[..., Any],
    *args: Any,
    dies: Sequence[int] = (),
    seconds: float = SECONDS,
) -> list[Any]:
    """``work(*args)`` in every process of a group, by rank: its result, or its exception; None of one that dies."""
    context = server()
    meeting = folder / f"group-{len(list(folder.iterdir()))}"
    pipes, members = [], []
    for rank in range(size):
        ours, theirs = context.Pipe(duplex=False)
        member = context.Process(target=join_in, args=(theirs, rank, size, str(meeting), work, args))
        member.start()
        theirs.close()
        pipes.append(ours)
        members.append(member)
    try:
        results: list[Any] = []
        for rank, pipe in enumerate(pipes):
            assert pipe.poll(seconds), f"process {rank} of {size} hangs"
            try:
                results.append(pickle.loads(pipe.recv_bytes()))
            except EOFError:
                assert rank in dies, f"process {rank} of {size} died"
                results.append(None)
    finally:
        for member in members:
            member.join(SECONDS if "results" in locals() and len(results) == size else 0)
            if member.is_alive():
                member.kill()
                member.join()
            member.close()
        for pipe in pipes:
            pipe.close()
    return results


def server() -> Any:
    """The context whose server is ready."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crew_ready"])
    before = {name: os.environ.get(name) for name in ("PYTHONPATH", "OMP_NUM_THREADS")}
    here = [str(Path(__file__).parent), *sys.path]
    # one thread, for those of OpenMP do not survive a fork
    os.environ |= {"PYTHONPATH": os.pathsep.join(here), "OMP_NUM_THREADS": "1"}
    try:
        forkserver.ensure_running()
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    return context


def join_in(pipe: Any, rank: int, size: int, meeting: str, work: Callable[..., Any], args: Any) -> None:
    """What one process does."""
    import torch
    from torch import distributed as dist

    torch.set_num_threads(1)
    try:
        if size > 1:
            how = {"init_method": f"file://{meeting}", "timeout": timedelta(seconds=50)}
            dist.init_process_group("gloo", rank=rank, world_size=size, **how)
        result = work(*args)
    except Exception as error:
        error.add_note(traceback.format_exc()) if hasattr(error, "add_note") else None
        result = error
    pipe.send_bytes(pickle.dumps(result))  # by value: shared tensors would need this process to live on
    pipe.close()


def sound(results: list[Any]) -> list[Any]:
    """The results, if none is an exception."""
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
