"""The samples of every step: an order that can be put down and taken up again."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from iconlearn._errors import OptionError
from iconlearn.distributions import Distribution
from iconlearn.inputs import Inputs
from iconlearn.train.options import Training, make_views
from iconlearn.train.samplers import Classes


class Batches(Iterator[Inputs]):
    """Batches for ever: the data itself, or a fresh permutation an epoch; the short last one is dropped.

    With ``positives`` every sample of the order brings some of its positives along, and is one of fewer; a sample
    that comes twice is there once. With ``classes_per_batch`` a batch is drawn by classes, and an epoch is as many of
    them as hold n samples. ``order`` and ``position`` are all that is remembered, so a run goes on from
    them where another stopped.

    Parameters
    ----------
    data : Inputs
    options : Training
        Its ``batch_size``, ``positives``, ``classes_per_batch`` and ``augment``.
    num_views : int
        Views that are made of every sample, or drawn from those that are stored.
    generator : torch.Generator
        Of the order, the positives and the views.
    target : Distribution, optional
        Of which positives are drawn; prepared for the data.
    """

    def __init__(
        self,
        data: Inputs,
        options: Training,
        num_views: int,
        generator: torch.Generator,
        target: Distribution | None = None,
    ) -> None:
        self.data, self.augment, self.num_views, self.generator = data, options.augment, num_views, generator
        self.size = data.n if options.batch_size is None else min(options.batch_size, data.n)
        self.positives, self.target = options.positives, target
        self.drawn = max(1, self.size // (1 + self.positives))  # samples of the order in a batch
        self.per_epoch = data.n // self.drawn
        self.classes = by_class(data, options)
        self.ids = ById(data.id) if self.positives else None
        self.order: Tensor | None = None
        self.position = 0

    @property
    def whole(self) -> bool:
        """Is every batch the data itself?"""
        return self.size == self.data.n and self.data.stored is None and self.classes is None

    def __next__(self) -> Inputs:
        batch = self.data if self.whole else self._read(self._index())
        self._look_ahead()
        return self._views(batch)

    def _look_ahead(self) -> None:
        """Let rows on disk be read while the step is worked on, where it is known which come next."""
        simple = self.ids is None and self.classes is None and self.data.num_views == 1
        end = self.position + self.drawn
        if simple and self.order is not None and end <= self.data.n:
            self.data.expect(self.order[self.position : end])

    def _index(self) -> Tensor:
        """Samples of the next batch, in a new order where the present one is used up."""
        if self.classes is not None:
            return self.classes.draw(self.generator).to(self.data.id.device)
        if self.order is None or self.position + self.drawn > self.data.n:
            self.order = torch.randperm(self.data.n, generator=self.generator)
            self.position = 0
        index = self.order[self.position : self.position + self.drawn]
        self.position += self.drawn
        return (index if self.ids is None else self._joined(index, self.ids)).to(self.data.id.device)

    def some(self, count: int) -> Inputs:
        """So many samples in no order that a batch depends on, or all; of many some with their positives."""
        if self.data.n <= count:
            return self.data if self.data.stored is None else self.data.take(torch.arange(self.data.n))
        index = torch.randperm(self.data.n, generator=self.generator)[: count // (1 + self.positives)]
        joined = index.sort().values if self.ids is None else self._joined(index, self.ids)
        return self.data.take(joined.to(self.data.id.device))

    def _joined(self, index: Tensor, ids: ById) -> Tensor:
        """Samples and some of their positives, each once, in ascending order."""
        own = self.data.id[index.to(self.data.id.device)]
        found = None if self.target is None else self.target.positives(own, self.positives, self.generator)
        if found is None:
            raise OptionError(
                f"fit: positives={self.positives} draws from a graph over all samples, but {self.target!r} has none; "
                "give a target such as KNN(20), or leave positives out"
            )
        return torch.cat([index, ids.rows(found.flatten()).to(index.device)]).unique()

    def _read(self, index: Tensor) -> Inputs:
        if self.data.stored is None or self.data.num_views == 1:
            return self.data.take(index)
        # of the views that are stored, so many different ones of every sample
        kept = torch.rand(len(index), self.data.num_views, generator=self.generator).argsort(-1)
        return self.data.take(index, kept[:, : self.num_views])

    def _views(self, batch: Inputs) -> Inputs:
        if self.augment is None:
            return batch
        return batch.with_views(*make_views(self.augment, batch.stacked(), self.generator, self.num_views))


class ById:
    """Rows of samples by their ids."""

    def __init__(self, ids: Tensor) -> None:
        self.sorted, self.order = ids.sort()

    def rows(self, ids: Tensor) -> Tensor:
        """Where the samples are."""
        return self.order[torch.searchsorted(self.sorted, ids.contiguous())]


def by_class(data: Inputs, options: Training) -> Classes | None:
    """What draws the batches of a run by classes; None where the run does not ask for it."""
    if options.classes_per_batch is None or options.batch_size is None:
        return None
    return Classes(data.label, options.classes_per_batch, options.batch_size // options.classes_per_batch)
