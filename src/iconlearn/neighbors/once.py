"""What a distribution searches for: several searches alike are done once."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from iconlearn._errors import OptionError
from iconlearn.metrics import Metric, metric_name
from iconlearn.neighbors.graph import NeighborGraph
from iconlearn.neighbors.index import search_index
from iconlearn.neighbors.search import keys, task_of
from iconlearn.points import Points, candidate_count, same_points


def neighbors_of(
    target: Any,
    features: Any,
    lead: Callable[[Callable[[], NeighborGraph]], NeighborGraph],
    *,
    checkpoint: str | os.PathLike[str] | None = None,
    verbose: bool = False,
) -> NeighborGraph | None:
    """As many neighbours of stored rows as the largest search of a target needs; None where it looks for none.

    Parameters
    ----------
    target : Distribution
    features : Features
    lead : callable
        Has the first of several processes search (``Processes.lead``).
    checkpoint, verbose
        As of `NeighborGraph.of`.

    Raises
    ------
    OptionError
        If the target searches under several metrics.
    """
    searches = target.searches()
    if not searches:
        return None
    names = {metric_name(metric) or repr(metric) for metric, _, _ in searches}
    if len(names) > 1:
        raise OptionError(
            f"{target!r} looks for neighbours under {' and '.join(sorted(names))}, but rows on disk are searched once; "
            "use one metric, or load the rows"
        )
    (name,) = names
    k = max(1, min(max(k for _, _, k in searches), features.n - 1))  # as of rows in memory
    return lead(lambda: NeighborGraph.of(features, k, name, checkpoint=checkpoint, verbose=int(verbose)))


def search_once(searches: list[tuple[str | Metric, str, int]], i: Points, j: Points) -> tuple[Points, Points]:
    """Points that carry as many neighbours as the largest of several searches alike needs, found once.

    They stay as they are where there is nothing to share.
    """
    names = {metric_name(metric) for metric, _, _ in searches}
    alike = (
        len(searches) > 1
        and len(names) == 1
        and None not in names
        and {p for _, p, _ in searches} == {"distinct"}
    )
    if not alike or i.neighbors is not None or i.value is None or i.n < 2 or not same_points(i, j):
        return i, j
    if i.value is not j.value or int(candidate_count(i, j, "distinct").min()) < i.n - 1:
        return i, j
    (name,) = names
    k = min(max(k for _, _, k in searches), i.n - 1)
    found, recall = search_index(task_of(str(name), i.value, i.value, keys(i, i, "distinct"), k))
    graph = NeighborGraph(
        torch.from_numpy(found.cols),
        torch.from_numpy(found.squares).to(i.value.dtype),
        str(name),
        recall,
        i.unit,
    )
    carrying = replace(i, neighbors=graph)
    return carrying, carrying if j is i else replace(j, neighbors=graph)
