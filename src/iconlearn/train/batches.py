"""The samples of every step: an order that can be put down and taken up again."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from iconlearn.inputs import Inputs
from iconlearn.train.options import Augment


class Batches(Iterator[Inputs]):
    """Batches for ever: the data itself, or a fresh permutation an epoch; the short last one is dropped.

    ``order`` and ``position`` are all that it remembers, so a run goes on from them where another stopped.

    Parameters
    ----------
    data : Inputs
    size : int or None
        Samples of a batch; all of them when None.
    augment : callable (x, generator) -> view, or None
        Makes the views of every batch.
    num_views : int
        How many of them.
    generator : torch.Generator
        Of the order and the views.
    """

    def __init__(
        self,
        data: Inputs,
        size: int | None,
        augment: Augment | None,
        num_views: int,
        generator: torch.Generator,
    ) -> None:
        self.data, self.augment, self.num_views, self.generator = data, augment, num_views, generator
        self.size = data.n if size is None else min(size, data.n)
        self.per_epoch = data.n // self.size
        self.order: Tensor | None = None
        self.position = 0

    def __next__(self) -> Inputs:
        return self._views(self.data if self.size == self.data.n else self.data.take(self._index()))

    def _index(self) -> Tensor:
        """Samples of the next batch, in a new order where the present one is used up."""
        if self.order is None or self.position + self.size > self.data.n:
            self.order = torch.randperm(self.data.n, generator=self.generator)
            self.position = 0
        index = self.order[self.position : self.position + self.size]
        self.position += self.size
        return index.to(self.data.id.device)

    def _views(self, batch: Inputs) -> Inputs:
        if self.augment is None:
            return batch
        x = batch.stacked()
        return batch.with_views(*(self.augment(x, self.generator) for _ in range(self.num_views)))
