"""Positions that a user starts a map from: refused where no step could lead anywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from iconlearn._errors import OptionError

FARTHEST = 1e4  # in units of the kernels of maps: rows so far apart feel next to nothing of one another


def check_start(owner: str, init: Any, n: int) -> None:
    """Refuse n positions that coincide, or lie beyond the reach of a map's kernel; a name passes.

    Raises
    ------
    OptionError
        If all rows are at one place, or a coordinate is beyond 10 000.

    Examples
    --------
    >>> check_start("TSNE", np.eye(2), 2)
    """
    positions = None if isinstance(init, str) else np.asarray(init)
    if (
        positions is None
        or positions.dtype.kind not in "fiu"
        or positions.ndim != 2
        or not 2 <= len(positions) == n
    ):
        return  # refused where the table is made
    peak = float(np.abs(positions).max(initial=0))
    if not np.isfinite(peak):
        return
    if (positions == positions[0]).all():
        raise OptionError(
            f"{owner}: init puts all {n} rows at {positions[0].tolist()}, where their gradients are equal "
            "and nothing parts them; add noise, or use init='pca' or 'random'"
        )
    if peak > FARTHEST:
        raise OptionError(
            f"{owner}: init has coordinates up to {peak:.3g}, in units of the kernel, which does not reach beyond "
            f"{FARTHEST:g}; scale it down, such as 1e-4 * init / init.std()"
        )
