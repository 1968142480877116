"""New rows against a fixed map: each finds the position whose q best meets its p."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from iconlearn._errors import InputError
from iconlearn.bandwidth import RowBandwidth
from iconlearn.distributions import Distribution
from iconlearn.distributions.kernels import Radial
from iconlearn.inputs import Inputs
from iconlearn.mappers import Table, embed
from iconlearn.metrics import SCALE_FREE, metric_name
from iconlearn.objective import Objective
from iconlearn.points import Points
from iconlearn.train.placing.general import place_general
from iconlearn.train.placing.radial import place_radial, placing_profile


def place(model: Objective, fitted: Inputs, new: Inputs) -> Tensor:
    """Embeddings of new rows with every fitted row fixed, (n, dim).

    Rows do not see one another: the row-normalised forms of both distributions are taken between each new
    row and the fitted columns, and each row's divergence is minimised by itself. What a row gets does not depend on
    the rows that come with it, to the bit.
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
        profile = placing_profile(model.measure, p, learned, anchors)
        if profile is not None:
            placed = place_radial(p, anchors, profile)
        else:
            placed = place_general(model, (target, learned), (rows, columns, anchors), p)
        return model.mapper.outputs(placed) if isinstance(model.mapper, Table) else placed


def hold_shared_widths(target: Distribution, columns: Points) -> None:
    """Take widths that all rows share from the fitted rows, so that a new row does not change another's."""
    for part in target.modules():
        width = getattr(part, part.width_name, None) if isinstance(part, Radial) else None
        if isinstance(part, Radial) and isinstance(width, RowBandwidth) and width.shared:
            held = float(part.solve(width, columns, columns)[0])
            scale = 1.0 if metric_name(part.metric) in SCALE_FREE else columns.unit
            setattr(part, part.width_name, held * scale)
