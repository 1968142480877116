"""New rows against a fixed map: each finds the position whose q best meets its p."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.inputs import Inputs
from iconlearn.mappers import embed
from iconlearn.objective import Objective
from iconlearn.points import Points

STEPS = 100
LEARNING_RATE = 0.1


def place(model: Objective, fitted: Inputs, new: Inputs) -> Tensor:
    """Embeddings of new rows with every fitted row fixed, (n, dim).

    Rows do not see one another: the row-normalised forms of both distributions are taken between each new
    row and the fitted columns, and the sum of the rows' divergences is minimised.
    """
    target, learned = model.target_dist.per_row(), model.learned_dist.per_row()
    columns = fitted.points()
    rows = new.points()
    rows = replace(rows, id=rows.id - rows.n)  # negative ids: no new row is a fitted one
    with torch.no_grad():
        anchors = columns.with_value(embed(model.mapper, fitted))
        p = target(rows, columns, model.evaluate)
        if bool(p.empty.any()):
            raise InputError(
                f"{int(p.empty.sum())} new rows have no mass under {target!r}, which does not compare features; "
                "new rows cannot be placed: fit with them, or use a parametric mapper"
            )
        start = attraction_centre(p, anchors)
    shift = torch.zeros_like(start, requires_grad=True)
    optimizer = torch.optim.Adam([shift], lr=LEARNING_RATE)
    for _ in range(STEPS):
        q = learned(rows.with_value(start + shift), anchors, model.evaluate)
        loss = model.measure.rows(p, q).sum()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return (start + shift).detach()


def attraction_centre(p: object, anchors: Points) -> Tensor:
    """Mean of the columns' embeddings under p, (n, dim): where each row starts."""
    values = anchors.value
    assert values is not None
    tiles = [p.block(rows).exp() @ values for rows in p.tiles()]  # type: ignore[attr-defined]
    return torch.cat(tiles)


class OwnRows:
    """Finds rows of the training data again, by their exact content."""

    def __init__(self, fitted: Inputs) -> None:
        self.places: dict[bytes, int] = {}
        for k, row in enumerate(fitted.stacked().flatten(1).cpu().numpy()):
            self.places.setdefault(row.tobytes(), k)

    def find(self, data: Inputs) -> Tensor:
        """Position of every row among the fitted ones, -1 for a new row, (n,)."""
        rows = data.stacked().flatten(1).cpu().numpy()
        return torch.tensor([self.places.get(row.tobytes(), -1) for row in rows], dtype=torch.int64)
