"""New rows placed by the objective's own gradient, whatever its distributions and divergence are."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from iconlearn.conditional import Conditional
from iconlearn.distributions import Distribution
from iconlearn.objective import Objective
from iconlearn.points import Points
from iconlearn.train.placing.rows import SomeRows

STEPS = 100
LEARNING_RATE = 0.1
BETAS, EPSILON = (0.9, 0.999), 1e-8  # of Adam
# Rows that are worked on together: always as many, the last ones filled up, because a product of matrices rounds by its
# shape. It may also round a row by where it begins in memory, modulo the width of a vector register: see ``copies``.
SLAB = 64
VECTOR = 16  # bytes


def place_general(
    model: Objective,
    distributions: tuple[Distribution, Distribution],
    points: tuple[Points, Points, Points],
    p: Conditional,
) -> Tensor:
    """Positions of the rows that minimise the sum of their divergences, (n, dim).

    ``distributions`` are target and learned, both of single rows, ``points`` the new rows, the fitted ones, and these
    as the map holds them; ``p`` is the target between them.
    """
    target, learned = distributions
    rows, columns, anchors = points
    placed, times = [], copies(anchors)
    for some in torch.arange(rows.n, device=rows.device).split(SLAB):
        filled = torch.cat([some, some[-1:].expand(SLAB - len(some))]).repeat_interleave(times)
        here = rows.take(filled)
        sparse = (
            p.support is not None
        )  # its masses are found pair by pair, where a matrix rounds by its shape
        mine = SomeRows(p, filled) if sparse else target(here, columns, model.evaluate)
        found = descend(model, mine, learned, here, anchors)
        placed.append(found[::times][: len(some)])
    return torch.cat(placed)


def copies(anchors: Points) -> int:
    """How often a row is put into a slab, one after the other, so that the first ones all begin alike in memory.

    That is for rows of the embedding, and of the factors of its squared distances, which are two numbers longer.
    """
    values = anchors.value
    assert values is not None
    widths = (values.shape[-1], values.shape[-1] + 2)
    return max(VECTOR // math.gcd(VECTOR, width * values.element_size()) for width in widths)


def descend(model: Objective, p: Conditional, learned: Distribution, rows: Points, anchors: Points) -> Tensor:
    """Steps of Adam from the centre of every row's attraction, (n, dim). No row sees another."""
    start = attraction_centre(p, anchors)
    shift, mean, square = torch.zeros_like(start), torch.zeros_like(start), torch.zeros_like(start)
    first, second = BETAS
    for step in range(1, STEPS + 1):
        shift.requires_grad_(True)
        with torch.enable_grad():
            q = learned(rows.with_value(start + shift), anchors, model.evaluate)
            loss = model.measure.rows(p, q).sum()
        (slope,) = torch.autograd.grad(loss, [shift])  # the model's own gradients stay as they are
        mean = first * mean + (1 - first) * slope
        square = second * square + (1 - second) * slope.square()
        scale = (square / (1 - second**step)).sqrt() + EPSILON
        shift = shift.detach() - LEARNING_RATE / (1 - first**step) * mean / scale
    return start + shift


def attraction_centre(p: Conditional, anchors: Points) -> Tensor:
    """Mean of the columns' embeddings under p, (n, dim): where each row starts."""
    values = anchors.value
    assert values is not None
    return torch.cat([p.block(rows).exp().to(values) @ values for rows in p.tiles()])
