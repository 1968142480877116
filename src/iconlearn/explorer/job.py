"""What a server and the process of a run agree on."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Ctrl-C, and the end of the terminal, which Windows has not
OF_TERMINALS = (signal.SIGINT,) if sys.platform == "win32" else (signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Job:
    """What a worker is to do.

    Parameters
    ----------
    out : str
        Folder of the results.
    source, labels : str
        The data, as `load_dataset` takes it.
    data : str
        Its name, which an uploaded file has not kept.
    request : mapping
        Method, parameters and options, as the page sent them.
    overwrite : bool
        Go on after a stop, whose results are there.
    """

    out: str
    source: str
    labels: str | None
    data: str
    request: Mapping[str, Any]
    overwrite: bool = False
