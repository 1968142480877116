"""What a recorder looks at: which steps, which rows, and which batch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from iconlearn.inputs import Inputs
from iconlearn.objective import Pair
from iconlearn.train.loop import Augment


def snapshot_steps(total: int, count: int) -> set[int]:
    """Half of the moments evenly spaced, half geometrically, so that the fast beginning is seen."""
    last = max(total - 1, 0)
    even = np.linspace(0, last, max(2, count // 2))
    early = np.geomspace(1, last + 1, count - count // 2 + 1) - 1
    return {int(s) for s in np.concatenate([even, early]).round()}


def choose_anchors(batch: Inputs, pair: Pair, count: int = 3) -> np.ndarray:
    """Rows with mass that lie apart, of different label where labels are known; always the same ones.

    They are taken from the half of the rows nearest to the centre (of all, or of their label): an outlier
    would be a poor example.
    """
    allowed = (~pair.target.empty[: batch.n]).nonzero().flatten().cpu()
    allowed = allowed if len(allowed) else torch.arange(batch.n)
    values = batch.points().value
    x = torch.zeros(batch.n, 1) if values is None else values[: batch.n].detach().cpu().double()
    label = None if batch.label is None else batch.label.cpu()
    if label is not None and bool((label[allowed] >= 0).any()):
        kinds = label[allowed][label[allowed] >= 0].unique()
        picks = kinds[torch.linspace(0, len(kinds) - 1, min(count, len(kinds))).round().long()]
        return np.array([middle(x, allowed[label[allowed] == kind])[0] for kind in picks.tolist()])
    core = middle(x, allowed)
    core = core[: max(count, len(core) // 2)]
    chosen = [core[0]]
    while len(chosen) < min(count, len(core)):
        apart = torch.cdist(x[core], x[chosen]).amin(1)
        apart[[core.index(c) for c in chosen]] = -1.0
        chosen.append(core[int(apart.argmax())])
    return np.array(chosen)


def middle(x: Tensor, rows: Tensor) -> list[int]:
    """Some rows, from the nearest to their mean to the farthest."""
    distance = (x[rows] - x[rows].mean(0)).square().sum(1)
    return rows[distance.argsort(stable=True)].tolist()


def probe_batch(
    data: Inputs, num_views: int, augment: Augment | None, seed: int = 0, points: int = 16
) -> Inputs:
    """A small fixed batch, its views made once: what p and q are measured on where batches change.

    It holds ``points`` points, so that a row of it fits into one picture whole; where there are labels, a few
    classes with a few samples each.
    """
    generator = torch.Generator().manual_seed(seed)
    size = min(data.n, max(2, points // num_views))
    order = torch.randperm(data.n, generator=generator)
    if data.label is not None:
        order = few_of_each(data.label.cpu()[order], order, size)
    batch = data.take(order[:size].to(data.id.device))
    if augment is None:
        return batch
    x = batch.stacked()
    return batch.with_views(*(augment(x, generator) for _ in range(num_views)))


def few_of_each(label: Tensor, order: Tensor, size: int) -> Tensor:
    """``order`` rearranged so that its first ``size`` rows hold up to four classes, equally often."""
    kinds = label[label >= 0].unique()
    kinds = kinds[torch.linspace(0, len(kinds) - 1, min(4, len(kinds), size // 2 or 1)).round().long()]
    each = -(-size // max(1, len(kinds)))
    first = [order[label == kind][:each] for kind in kinds.tolist()]
    chosen = torch.cat([*first, order[:0]])
    return torch.cat([chosen, order[~torch.isin(order, chosen)]])
