"""Embeddings of all samples and views: one mapper for each view, processes that share a batch, pieces of it."""

from __future__ import annotations

from itertools import count

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint

from iconlearn._describe import Described
from iconlearn._errors import InputError, OptionError
from iconlearn.inputs import Inputs


class PerView(Described, nn.Module):
    """One mapper for each view or modality, in order.

    Parameters
    ----------
    *mappers : nn.Module

    Examples
    --------
    >>> from iconlearn import Linear, PerView
    >>> PerView(Linear(5, 2), Linear(3, 2))
    PerView(Linear(in_features=5, out_features=2), Linear(in_features=3, out_features=2))
    """

    def __init__(self, *mappers: nn.Module) -> None:
        super().__init__()
        if not mappers or not all(isinstance(m, nn.Module) for m in mappers):
            raise OptionError(f"PerView: {mappers!r} must be one module for each view")
        self.mappers = nn.ModuleList(mappers)

    def forward(self, *views: Tensor) -> Tensor:
        """Embeddings of all views, below one another."""
        if len(views) != len(self.mappers):
            raise InputError(f"PerView has {len(self.mappers)} mappers but the batch has {len(views)} views")
        made = [mapper(view) for mapper, view in zip(self.mappers, views, strict=True)]
        shapes = [tuple(embedding.shape[1:]) for embedding in made]
        if len(set(shapes)) > 1:
            raise InputError(
                f"the mappers of PerView return embeddings of different shapes {shapes}, which cannot be compared; "
                "give all of them the same number of dimensions"
            )
        return torch.cat(made)

    def __repr__(self) -> str:
        return f"PerView({', '.join(map(repr, self.mappers))})"


def embed(mapper: nn.Module, inputs: Inputs) -> Tensor:
    """Embeddings of all samples and views, views below one another; each process makes those of its piece."""
    across = inputs.across
    if not across.shares(mapper, inputs.n):
        return embed_here(mapper, inputs)
    piece = inputs.piece()
    with across.own_draws(inputs.id.device):
        own = embed_here(mapper, piece)
    return across.join(by_view(own, piece), inputs.n).flatten(0, 1)


def embed_here(mapper: nn.Module, inputs: Inputs) -> Tensor:
    """Embeddings of all samples and views, made by this process, in as many pieces as the inputs are to be."""
    if inputs.pieces == 1 or getattr(mapper, "reads", "value") == "id":
        return embed_whole(mapper, inputs)
    made = embed_again if torch.is_grad_enabled() else embed_whole
    return torch.cat([by_view(made(mapper, piece), piece) for piece in inputs.split()], 1).flatten(0, 1)


def embed_whole(mapper: nn.Module, inputs: Inputs) -> Tensor:
    """Embeddings of all samples and views at once."""
    return mapper(*read_by(mapper, inputs))


def embed_again(mapper: nn.Module, inputs: Inputs) -> Tensor:
    """:func:`embed_whole`, of which nothing is kept for the gradient: that makes it a second time.

    With the same random draws, and from the buffers that the mapper had at first: those that it has by then are not
    touched, so running averages see a piece once.

    References
    ----------
    Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016.
    """
    before = {name: buffer.clone() for name, buffer in mapper.named_buffers()}
    times = count()

    def run(*views: Tensor) -> Tensor:
        again = next(times) > 0
        held = {name: buffer.clone() for name, buffer in before.items()} if again else {}
        return functional_call(mapper, held, read_by(mapper, inputs.with_views(*views)))

    return checkpoint(run, *inputs.views, use_reentrant=False)  # type: ignore[no-any-return]


def read_by(mapper: nn.Module, inputs: Inputs) -> tuple[Tensor, ...]:
    """What a mapper is called with: every view by itself, ids, or all views below one another."""
    if isinstance(mapper, PerView):
        return inputs.views
    if getattr(mapper, "reads", "value") == "id":
        return (inputs.id.repeat(max(1, len(inputs.views))),)
    return (inputs.stacked(),)


def by_view(embedding: Tensor, inputs: Inputs) -> Tensor:
    """Rows of some samples, views below one another, as (views, n, ...)."""
    views = max(1, len(inputs.views))
    if len(embedding) != views * inputs.n:
        raise InputError(
            f"the mapper returned {len(embedding)} rows for {inputs.n} samples in {views} view(s); one vector a row is "
            "needed"
        )
    return embedding.unflatten(0, (views, inputs.n))
