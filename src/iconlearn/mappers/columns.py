"""Mappers for the columns: prototypes, a momentum encoder, a queue."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import torch
from torch import Tensor, nn

from iconlearn._checks import check_number
from iconlearn._describe import Described
from iconlearn._errors import OptionError
from iconlearn.conditional import Conditional
from iconlearn.inputs import Inputs
from iconlearn.mappers._build import Initializable, seeded
from iconlearn.mappers.views import embed
from iconlearn.points import PROTOTYPE_VIEW, Points


class Predicted(Described, nn.Module):
    """An encoder and a predictor after it; a momentum teacher follows the encoder alone.

    Parameters
    ----------
    encoder, predictor : nn.Module

    References
    ----------
    Chen, Xie & He, An Empirical Study of Training Self-Supervised Vision Transformers (MoCo v3), ICCV 2021.

    Examples
    --------
    >>> from iconlearn import MLP, Predicted
    >>> Predicted(MLP(8, 4), MLP(4, 4))
    Predicted(encoder=MLP(in_features=8, out_features=4), predictor=MLP(in_features=4, out_features=4))
    """

    def __init__(self, encoder: nn.Module, predictor: nn.Module) -> None:
        super().__init__()
        for name, module in (("encoder", encoder), ("predictor", predictor)):
            if not isinstance(module, nn.Module):
                raise OptionError(f"Predicted: {name}={module!r} must be an nn.Module")
        self.encoder, self.predictor = encoder, predictor

    def forward(self, x: Tensor) -> Tensor:
        """Predictions of keys from the encoder's embeddings, (n, dim)."""
        return self.predictor(self.encoder(x))


def representation(mapper: nn.Module) -> nn.Module:
    """What embeds samples once a model is trained: the mapper, without a predictor."""
    return mapper.encoder if isinstance(mapper, Predicted) else mapper


def before_projector(encoder: nn.Module) -> Callable[[Tensor], Tensor]:
    """What probes are trained on: a method ``features`` of an encoder, and its output where it has none.

    A layer that is called so, as in many networks of others, is not meant.
    """
    own: Any = getattr(encoder, "features", None)
    if callable(own) and not isinstance(own, nn.Module):
        return cast("Callable[[Tensor], Tensor]", own)
    return encoder


class ColumnMapper(Described, nn.Module, ABC):
    """Says which points are the columns, when they are not simply the rows again."""

    same_points: bool = False  # are the columns the samples of the batch themselves?

    @abstractmethod
    def columns(self, inputs: Inputs, rows: Points, mapper: nn.Module) -> Points:
        """The columns, with their embeddings as values."""

    def bind(self, mapper: nn.Module) -> None:
        """Told once, by the model, which mapper makes the rows."""


class Prototypes(Initializable, ColumnMapper):
    """One learned vector for each class, token or cluster.

    Parameters
    ----------
    num_prototypes : int
        Class c is prototype c.
    dim : int
    seed : int, default 0

    Examples
    --------
    >>> from iconlearn import Prototypes
    >>> Prototypes(10, dim=64)
    Prototypes(num_prototypes=10, dim=64)
    """

    def __init__(self, num_prototypes: int, dim: int, seed: int = 0) -> None:
        super().__init__()
        self.num_prototypes = check_number(
            "Prototypes", "num_prototypes", num_prototypes, low=1, integer=True
        )
        self.dim = check_number("Prototypes", "dim", dim, low=1, integer=True)
        self.seed = seed
        self.weight = nn.Parameter(self.start(seeded(seed)))

    def start(self, generator: torch.Generator) -> Tensor:
        """Vectors of about unit length, (num_prototypes, dim)."""
        return torch.randn(self.num_prototypes, self.dim, generator=generator) * self.dim**-0.5

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Fresh vectors."""
        self.weight.copy_(self.start(generator))

    def columns(self, inputs: Inputs, rows: Points, mapper: nn.Module) -> Points:
        return self.points()

    def points(self) -> Points:
        """The prototypes as columns; their ids are their labels."""
        ids = torch.arange(self.num_prototypes, device=self.weight.device)
        view = torch.full_like(ids, PROTOTYPE_VIEW)
        return Points(value=self.weight, id=ids, view=view, label=ids)


class Momentum(Initializable, ColumnMapper):
    """The same points through an exponential moving average of the mapper, without gradient.

    .. math:: \\theta' \\leftarrow m\\,\\theta' + (1 - m)\\,\\theta

    updated at every training-mode call of the model.

    Parameters
    ----------
    momentum : float, default 0.99

    References
    ----------
    He et al., MoCo, CVPR 2020.

    Examples
    --------
    >>> from iconlearn import Momentum
    >>> Momentum(0.996)
    Momentum(momentum=0.996)
    """

    same_points = True
    starts_children = True  # a teacher that drew weights of its own would not start at the mapper
    teacher: nn.Module

    def __init__(self, momentum: float = 0.99) -> None:
        super().__init__()
        self.momentum = check_number("Momentum", "momentum", momentum, low=0, high=1)
        self.source: tuple[nn.Module, ...] = ()  # in a tuple: it is the mapper's, and no part of this module

    def bind(self, mapper: nn.Module) -> None:
        """Follow this mapper; of a :class:`Predicted` one its encoder, without the predictor."""
        self.source = (representation(mapper),)
        self.teacher = copy.deepcopy(self.source[0]).requires_grad_(False)

    @torch.no_grad()
    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Start where the mapper starts."""
        for source in self.source:
            self.teacher.load_state_dict(source.state_dict())

    @torch.no_grad()
    def follow(self) -> None:
        """Move the teacher towards the mapper."""
        for mine, theirs in zip(self.teacher.parameters(), self.source[0].parameters(), strict=True):
            mine.lerp_(theirs, 1 - self.momentum)
        for mine, theirs in zip(self.teacher.buffers(), self.source[0].buffers(), strict=True):
            mine.copy_(theirs)

    def columns(self, inputs: Inputs, rows: Points, mapper: nn.Module) -> Points:
        if not self.source:
            raise OptionError(f"{self!r} follows no mapper yet; give it to ICon(..., mapper_j=Momentum())")
        if self.training:
            self.follow()
        with torch.no_grad():
            return rows.with_value(embed(self.teacher, inputs))


class Queue(Initializable, ColumnMapper):
    """The points of the batch and those of earlier batches, whose embeddings are kept without gradient.

    A sample that comes again is a positive of its earlier self, by its id; points of batches without ids are
    strangers to all later ones.

    Parameters
    ----------
    size : int, default 4096
        Points kept, oldest dropped first.
    keys : Momentum, optional
        Momentum encoder of the points that enter the queue; the mapper itself when left out.

    References
    ----------
    He et al., MoCo, CVPR 2020.

    Examples
    --------
    >>> from iconlearn import Momentum, Queue
    >>> Queue(1024, keys=Momentum(0.99))
    Queue(size=1024, keys=Momentum())
    """

    def __init__(self, size: int = 4096, keys: Momentum | None = None) -> None:
        super().__init__()
        self.size = check_number("Queue", "size", size, low=1, integer=True)
        self.keys = keys
        self.held: Points | None = None
        self.strangers = 0

    def bind(self, mapper: nn.Module) -> None:
        """Tell the momentum encoder, if there is one."""
        if self.keys is not None:
            self.keys.bind(mapper)

    def initialize(self, data: Points, target: Conditional | None, generator: torch.Generator) -> None:
        """Forget the points of an earlier run."""
        self.held = None

    def columns(self, inputs: Inputs, rows: Points, mapper: nn.Module) -> Points:
        now = rows if self.keys is None else self.keys.columns(inputs, rows, mapper)
        joined = now if self.held is None else _concatenate(now, self.held)
        if self.training:
            keep = now
            if inputs.anonymous:  # ids of a batch's own would match those of the next
                keep = replace(now, id=-1 - self.strangers - now.id)
                self.strangers += inputs.n
            kept = _concatenate(keep, self.held) if self.held is not None else keep
            kept = kept.take(torch.arange(min(self.size, kept.n), device=kept.device))
            self.held = replace(kept, value=kept.value.detach() if kept.value is not None else None)
        return joined


def _concatenate(first: Points, second: Points) -> Points:
    """Points below one another; labels and values where both have them, fields dropped."""

    def join(name: str) -> Tensor | None:
        a, b = getattr(first, name), getattr(second, name)
        return None if a is None or b is None else torch.cat([a, b])

    return Points(
        value=join("value"),
        id=torch.cat([first.id, second.id]),
        view=torch.cat([first.view, second.view]),
        label=join("label"),
    )
