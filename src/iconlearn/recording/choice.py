"""What a recorder looks at: which steps, which rows, and which batch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from iconlearn.inputs import Inputs
from iconlearn.objective import Pair
from iconlearn.train.options import Augment, make_views


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
    return np.array(apart(x, allowed, count))


def apart(x: Tensor, rows: Tensor, count: int) -> list[int]:
    """Rows that lie apart from one another: farthest first, among the half nearest to the centre."""
    core = middle(x, rows)
    core = core[: max(count, len(core) // 2)]
    chosen = [0]
    while len(chosen) < min(count, len(core)):
        distance = torch.cdist(x[core], x[[core[c] for c in chosen]]).amin(1)
        distance[chosen] = -1.0
        chosen.append(int(distance.argmax()))
    return [core[c] for c in chosen]


def middle(x: Tensor, rows: Tensor) -> list[int]:
    """Some rows, from the nearest to their mean to the farthest."""
    distance = (x[rows] - x[rows].mean(0)).square().sum(1)
    return rows[distance.argsort(stable=True)].tolist()


def probe_batch(
    data: Inputs, num_views: int, augment: Augment | None, seed: int = 0, points: int = 16
) -> Inputs:
    """A small fixed batch, its views made once: what p and q are measured on where batches change.

    It holds ``points`` points, so that a row of it fits into one picture whole: of a few classes a few samples
    each where there are labels to compare, else samples that lie apart.
    """
    generator = torch.Generator().manual_seed(seed)
    size = min(data.n, max(2, points // num_views))
    if data.label is None:
        rows = torch.tensor(apart(data.views[0].flatten(1).double(), torch.arange(data.n), size))
    else:
        rows = few_of_each(data.label.cpu(), torch.randperm(data.n, generator=generator), size)
    batch = data.take(rows.to(data.id.device))
    if augment is None:
        return batch
    return batch.with_views(*make_views(augment, batch.stacked(), generator, num_views))


def few_of_each(label: Tensor, order: Tensor, size: int) -> Tensor:
    """``size`` rows in the given random order: up to four classes, equally often, then others."""
    kinds = label[label >= 0].unique()
    kinds = kinds[torch.linspace(0, len(kinds) - 1, min(4, len(kinds), max(1, size // 2))).round().long()]
    each = -(-size // max(1, len(kinds)))
    members = [order[label[order] == kind][:each] for kind in kinds.tolist()]
    chosen = torch.cat([*members, order[:0]])
    return torch.cat([chosen, order[~torch.isin(order, chosen)]])[:size]
