"""The command, killed at a moment of its own: ``killing.py MOMENT:COUNT ARGUMENTS``.

It is killed before a moment has come so often: a part of the search for neighbours is written, a step of the training
is taken, a picture is saved, the pictures are drawn, or (``placed``) right after the results are in place.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import torch

from iconlearn.cli import main
from iconlearn.neighbors import _scratch
from iconlearn.run import job, judged, partial
from iconlearn.train import checkpoint
from iconlearn.train.run import Run

MOMENTS: dict[str, tuple[Any, str]] = {
    "search": (_scratch, "write_aside"),
    "step": (Run, "advance"),
    "picture": (judged, "save_figure"),
    "drawing": (job, "draw"),
    "placed": (partial, "put_in_place"),
}


def kill_at(moment: str, count: int) -> None:
    """SIGKILL where the function of a moment is called for the time after ``count``."""
    owner, name = MOMENTS[moment]
    work, calls = getattr(owner, name), [0]

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[0] += 1
        done = work(*args, **kwargs) if moment == "placed" else None
        if calls[0] > count:
            os.kill(os.getpid(), signal.SIGKILL)
        return done if moment == "placed" else work(*args, **kwargs)

    setattr(owner, name, counted)


if __name__ == "__main__":
    torch.set_num_threads(1)
    checkpoint.SECONDS = 0.0  # every step is kept
    chosen, times = sys.argv[1].split(":")
    kill_at(chosen, int(times))
    main(sys.argv[2:])
