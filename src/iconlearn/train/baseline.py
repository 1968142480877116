"""k-means as the baseline of a head: kept where training found hardly more of the target's graph than it."""

from __future__ import annotations

import copy
import logging

import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn.conditional import Conditional
from iconlearn.distributions.sizes import RunningShares
from iconlearn.mappers import Momentum, SoftmaxHead
from iconlearn.mappers.partitions import MOST_EXACT
from iconlearn.objective import Objective
from iconlearn.points import require_value
from iconlearn.train.run import Run

log = logging.getLogger("iconlearn")
FOLLOWERS = (Momentum, RunningShares)  # they go after the head, and have seen the trained one
STARTS = 10  # drawn starts of k-means, beside that from the trained clusters; of large data one


def check_baseline(model: Objective, gain: float | None) -> None:
    """Refuse a baseline where there is no head that k-means could be put into."""
    if gain is not None and not isinstance(model.mapper, SoftmaxHead):
        raise OptionError(
            f"fit: baseline={gain} compares with k-means, for which the mapper must be a SoftmaxHead, not "
            f"{model.mapper!r}; leave baseline out"
        )


@torch.no_grad()
def keep_baseline(run: Run) -> bool:
    """Put the k-means solution into the head, unless the modularity of the trained one is larger by a share.

    Where classes are round and overlap, k-means is near the optimum, and a neighbour graph, which is a sample, only
    seems to know better. Labels are not looked at: modularity is the share of p inside of clusters less that of a
    graph without structure and with the same degrees. What followed the trained head, a teacher or a running average
    of cluster sizes, starts anew from what is kept.
    """
    gain = run.options.baseline
    if gain is None or run.options.warm_start:
        return False
    trained = run.model.mapper
    assert isinstance(trained, SoftmaxHead)
    points, target = run.start_from()
    if target is None or target.support is None:
        return False
    head = copy.deepcopy(trained)
    x = require_value(points, repr(head))
    # the clusters that were trained are a start too: with many clusters ten others miss what they have found
    labels = trained(x).argmax(-1)
    head.start_by_kmeans(x, run.generator, STARTS if x.numel() <= MOST_EXACT else 1, labels)
    ours, theirs = (modularity(target, part, head.num_clusters) for part in (labels, head(x).argmax(-1)))
    if ours >= (1 + gain) * theirs:
        return False
    trained.load_state_dict(head.state_dict())
    for part in run.model.modules():
        if isinstance(part, FOLLOWERS):
            part.initialize(points, target, run.generator)
    log.info("modularity %.4f, of k-means %.4f: the k-means solution is kept", ours, theirs)
    return True


def modularity(target: Conditional, labels: Tensor, clusters: int) -> float:
    r"""Newman's modularity of a partition of the target's graph, the two directions of an edge together.

    .. math:: M = \sum_c \Bigl(J_{cc} - \bigl(\sum_d J_{cd}\bigr)^2\Bigr)

    J_cd is the share of the mass between clusters c and d.
    """
    support = target.support
    assert support is not None
    mass = target.at(support.rows, support.cols).exp().double()
    place = labels[support.rows] * clusters + labels[support.cols]
    joint = torch.zeros(clusters * clusters, dtype=torch.float64, device=mass.device)
    joint = joint.index_add_(0, place, mass).view(clusters, clusters)
    joint = (joint + joint.mT) / (2 * joint.sum())
    return float(joint.trace() - joint.sum(1).square().sum())
