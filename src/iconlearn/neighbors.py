"""Nearest neighbours: exact search in tiles."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn._numerics import all_rows
from iconlearn.metrics import Metric
from iconlearn.points import Points, candidate_count, excluded, require_value
from iconlearn.support import Support

TILE = 1 << 23  # entries of one tile of distances


@torch.no_grad()
def nearest(metric: Metric, i: Points, j: Points, k: int, pairs: str, owner: str) -> tuple[Support, Tensor]:
    """The k nearest candidate columns of every row, and their squared distances (E,).

    Ties are broken by the search, so a row never has more than ``k`` entries; a row with fewer candidates
    keeps them all. Exact: one matrix product a tile of rows, O(n m d) time and O(n k) memory, in float64,
    because |x|^2 + |y|^2 - 2 x.y loses the neighbours of float32 data with far-apart groups.
    """
    k = check_number(owner, "k", k, low=1, integer=True)
    most = int(candidate_count(i, j, pairs).max()) if i.n and j.n else 0
    if not most:
        raise InputError(f"{owner}: no row has a candidate neighbour among the {j.n} columns; pass more rows")
    width = min(k, most)
    x, y = require_value(i, owner), require_value(j, owner)
    dtype, x, y = x.dtype, x.double(), y.double()
    kept_rows, kept_cols, kept_squares = [], [], []
    for rows in all_rows(i.n, TILE // max(1, j.n), i.device):
        d = metric(x[rows], y)
        mask = excluded(i.bare().take(rows), j.bare(), pairs)
        if mask is not None:
            d = d.masked_fill(mask, math.inf)
        squares, cols = d.topk(width, dim=-1, largest=False)
        cols, order = cols.sort(-1)
        squares = squares.gather(-1, order)
        finite = squares.isfinite()
        kept_rows.append(rows.unsqueeze(-1).expand_as(cols)[finite])
        kept_cols.append(cols[finite])
        kept_squares.append(squares[finite])
    rows, cols = torch.cat(kept_rows), torch.cat(kept_cols)
    return Support.from_sorted(rows, cols, i.n, j.n), torch.cat(kept_squares).to(dtype)
