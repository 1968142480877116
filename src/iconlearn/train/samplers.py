"""Batches of classes: so many samples of each of some classes."""

from __future__ import annotations

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.points import UNLABELLED


class Classes:
    """Draws batches that have equally many samples of each of some classes.

    The classes are drawn anew for every batch, and so are their samples, each at most once. A class that has fewer
    gives all that it has; samples without a label, or alone in their class, are in no batch.

    Parameters
    ----------
    label : Tensor of shape (n,), or None
        Class codes; -1 is unlabelled.
    classes : int
        Of a batch.
    each : int
        Samples of a class in it.

    Raises
    ------
    InputError
        If there are no labels, or fewer classes than a batch is to have.

    References
    ----------
    Hermans, Beyer & Leibe, In Defense of the Triplet Loss for Person Re-Identification, 2017 (batches of P classes and
    K samples).

    Examples
    --------
    >>> sampler = Classes(torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, -1]), classes=2, each=2)
    >>> rows = sampler.draw(torch.Generator().manual_seed(0))
    >>> len(rows), len(sampler.label[rows].unique())
    (4, 2)
    """

    def __init__(self, label: Tensor | None, classes: int, each: int) -> None:
        if label is None:
            raise InputError(
                f"fit: classes_per_batch={classes} draws samples by their labels, but there are none; pass y="
            )
        self.label, self.classes, self.each = label.cpu(), classes, each
        ascending, order = self.label.sort(stable=True)
        found, counts = ascending.unique_consecutive(return_counts=True)
        parts = order.split(counts.tolist())
        known = [part for code, part in zip(found.tolist(), parts, strict=True) if code != UNLABELLED]
        self.members = [part for part in known if len(part) > 1]  # one sample has no positive
        if len(self.members) < classes:
            raise InputError(
                f"fit: classes_per_batch={classes}, but the labels name only {len(self.members)} classes of two "
                f"or more samples ({len(known) - len(self.members)} of one); give classes_per_batch of at most "
                f"{len(self.members)}"
            )

    @property
    def fewest(self) -> int:
        """Samples of the smallest batch that may be drawn."""
        return sum(sorted(min(self.each, len(part)) for part in self.members)[: self.classes])

    def draw(self, generator: torch.Generator) -> Tensor:
        """Rows of a batch, in ascending order."""
        chosen = torch.randperm(len(self.members), generator=generator)[: self.classes]
        drawn = [self._some(self.members[c], generator) for c in chosen.tolist()]
        return torch.cat(drawn).sort().values

    def _some(self, members: Tensor, generator: torch.Generator) -> Tensor:
        return members[torch.randperm(len(members), generator=generator)[: self.each]]
