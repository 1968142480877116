"""p and q of chosen pairs, conditional on their rows, at the price of those pairs alone."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from iconlearn._numerics import NEG
from iconlearn.composed import DebiasedConditional
from iconlearn.conditional import Conditional, KernelConditional
from iconlearn.recording.bars import conditional, nearest_gap
from iconlearn.support import Support

NONE = -1  # a column that is none: rows have bars of different number
AT_ONCE = 1 << 22  # entries of whole rows that are held at a time
# A row whose mass is a smaller share of the largest may be lost in the error of an engine's sums; it is summed itself.
DARK = math.log(1e-3)


class Listed:
    """Chosen columns of chosen rows, as conditionals are asked for them.

    Parameters
    ----------
    rows : (w,) array of int
        Distinct.
    columns : (w, b) array of int
        Distinct within a row; ``NONE`` where there are no more.
    shape : (n, m) of the conditionals
    """

    def __init__(self, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> None:
        self.rows, self.columns, self.shape = rows, columns, shape
        self.there = columns != NONE
        place = np.flatnonzero(self.there)
        owner = place // columns.shape[1]
        at_row, at_column = (
            torch.from_numpy(part.astype(np.int64)) for part in (rows[owner], columns.ravel()[place])
        )
        self.support, order = Support.from_pairs(at_row, at_column, *shape)
        # of every entry of the support: its place among the bars, and among the rows
        self.place, self.owner = torch.from_numpy(place)[order], torch.from_numpy(owner)[order]

    def masses(self, of: Conditional) -> np.ndarray:
        """Their masses conditional on the row, and that of all others in the last column, (w, b + 1) float32.

        A limit has no width of its own: it is drawn at the one at which the nearest column counts 1/e.
        """
        found = self._among_all(of) if of.improper else self._listed(of)
        total = found.sum(-1, keepdim=True)
        # of sums that are approximate the parts may be more than the whole
        return torch.cat([found / total.clamp(min=1), 1 - total.clamp(max=1)], -1).numpy()

    def _listed(self, of: Conditional) -> Tensor:
        support = self.support.to(of.empty.device)
        whole = log_row_mass(of, torch.from_numpy(self.rows).to(of.empty.device)).cpu()
        whole = whole.masked_fill(~whole.isfinite(), math.inf)  # an empty row has no mass anywhere
        found = torch.zeros(self.columns.size)
        found[self.place] = (of.on(support).cpu().float() - whole.float()[self.owner]).exp_().nan_to_num_(0.0)
        return found.view(self.columns.shape)

    def _among_all(self, of: Conditional) -> Tensor:
        mass = np.nan_to_num(whole_rows(of, self.rows))
        found = np.where(self.there, np.take_along_axis(mass, self.columns.clip(0), -1), 0.0)
        return torch.from_numpy(found.astype(np.float32))


def whole_rows(of: Conditional, rows: np.ndarray) -> np.ndarray:
    """Masses of whole rows conditional on the row, (w, m) float64."""
    log_mass = of.block(torch.from_numpy(rows).to(of.empty.device)).double().cpu().numpy()
    return conditional(log_mass / nearest_gap(log_mass) if of.improper and not of.masses else log_mass)


def log_row_mass(of: Conditional, rows: Tensor) -> Tensor:
    """Log of the mass of each of some rows of a conditional that is a probability, (w,).

    Examples
    --------
    >>> from iconlearn.conditional import MatrixConditional
    >>> joint = MatrixConditional(torch.tensor([[0.1, 0.2], [0.3, 0.4]]).log(), "joint", "all")
    >>> round(float(log_row_mass(joint, torch.tensor([1])).exp()), 4)
    0.7
    """
    if of.normalize == "row":
        return torch.zeros(len(rows), device=rows.device).masked_fill(of.empty[rows], NEG)
    if isinstance(of, DebiasedConditional):
        base = log_row_mass(of.base, rows).double() + of.log_keep.to(rows.device)
        return torch.logaddexp(base, of.log_uniform[rows] + of.candidates.count[rows].double().log())
    if isinstance(of, KernelConditional):
        found = (of.log_rows - of.log_z)[rows].double()
        dark = found < found.max() + DARK
        if bool(dark.any()):
            found[dark] = summed(of, rows[dark])
        return found
    if of.support is not None and of.floor is None:
        return of.support.log_sum_exp(of.on(of.support))[rows]
    return summed(of, rows)


def summed(of: Conditional, rows: Tensor) -> Tensor:
    """Log of the mass of some rows, entry by entry, (w,)."""
    tiles = rows.split(max(1, AT_ONCE // max(1, of.m)))
    return torch.cat([of.block(tile).double().logsumexp(-1) for tile in tiles])
