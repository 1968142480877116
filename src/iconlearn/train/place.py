"""New rows against a fixed map: each finds the position whose q best meets its p."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.bandwidth import RowBandwidth
from iconlearn.distributions import Distribution
from iconlearn.distributions.kernels import Radial
from iconlearn.inputs import Inputs
from iconlearn.mappers import Table, embed
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
    hold_shared_widths(target, columns)
    rows = new.points()
    rows = replace(rows, id=-1 - torch.arange(rows.n, device=rows.device))  # no new row is a fitted one
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
        with torch.enable_grad():
            q = learned(rows.with_value(start + shift), anchors, model.evaluate)
            loss = model.measure.rows(p, q).sum()
        (shift.grad,) = torch.autograd.grad(loss, [shift])  # the model's own gradients stay as they are
        optimizer.step()
    placed = (start + shift).detach()
    return model.mapper.outputs(placed) if isinstance(model.mapper, Table) else placed


def hold_shared_widths(target: Distribution, columns: Points) -> None:
    """Take widths that all rows share from the fitted rows, so that a new row does not change another's."""
    for part in target.modules():
        width = getattr(part, part.width_name, None) if isinstance(part, Radial) else None
        if isinstance(width, RowBandwidth) and width.shared:
            held = float(part.solve(width, columns, columns)[0])  # type: ignore[operator]
            setattr(part, part.width_name, held if part.metric == "cos" else held * columns.unit)  # type: ignore[arg-type]


def attraction_centre(p: object, anchors: Points) -> Tensor:
    """Mean of the columns' embeddings under p, (n, dim): where each row starts."""
    values = anchors.value
    assert values is not None
    tiles = [p.block(rows).exp() @ values for rows in p.tiles()]  # type: ignore[attr-defined]
    return torch.cat(tiles)


class OwnRows:
    """Finds rows of the training data again: by their exact content, or by id where no data is given."""

    def __init__(self, fitted: Inputs) -> None:
        self.fitted = fitted

    def find(self, data: Inputs) -> Tensor:
        """Position of every row among the fitted ones, -1 for a new row, (n,)."""
        if data.views and not self.fitted.views:
            raise InputError("X holds data but fit was given ids alone; give those: transform({'id': ids})")
        keys = content if data.views else ids
        places: dict[Any, int] = {}
        for k, key in enumerate(keys(self.fitted)):
            places.setdefault(key, k)
        found = torch.tensor([places.get(key, -1) for key in keys(data)], dtype=torch.int64)
        if not data.views and bool((found < 0).any()):
            raise InputError(
                f"id: {int(data.id[found < 0][0])} is not among the samples that fit was given; give data of new "
                "samples, 'value' or 'views'"
            )
        return found


def content(data: Inputs) -> list[bytes]:
    """Every row as bytes; 0 is added because -0.0 and 0.0 are one number."""
    return [row.tobytes() for row in data.stacked().flatten(1).cpu().numpy() + 0]


def ids(data: Inputs) -> list[int]:
    """The id of every sample."""
    return data.id.tolist()
