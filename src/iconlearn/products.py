"""Kernels as functions of inner products: what engines that multiply tiles of vectors need to know of a kernel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from iconlearn.metrics import centred_rows, unit_vectors

METRICS = ("euclidean", "cos", "correlation", "dot")


@dataclass(frozen=True, eq=False)
class Products:
    r"""Scores :math:`s_{ij} = f(u_i \cdot v_j) + c`.

    Parameters
    ----------
    rows, cols : Tensor of shape (n, k) and (m, k)
        u and v, with gradient; the same object where the columns are the rows.
    symmetric : bool
        Is :math:`u_i \cdot v_j = u_j \cdot v_i`?
    power : float, optional
        b of :math:`f(t) = -b \log(1 + \max(t, 0))`, a Student-t; without it :math:`f(t) = t`.
    offset : Tensor or float
        c.
    added : int
        How many entries at the end of every vector are there to make products distances: lengths and ones.
    """

    rows: Tensor
    cols: Tensor
    symmetric: bool
    power: float | None = None
    offset: Tensor | float = 0.0
    added: int = 0

    @property
    def same(self) -> bool:
        """Are the vectors of the columns those of the rows?"""
        return self.rows is self.cols

    def score(self, product: Tensor) -> Tensor:
        """f + c."""
        if self.power is not None:
            return product.clamp(min=0).log1p() * -self.power
        return product + self.offset

    def score_(self, product: Tensor) -> Tensor:
        """f, in place, without gradient."""
        return product if self.power is None else product.clamp_(min=0).log1p_().mul_(-self.power)

    def slope(self, score: Tensor) -> Tensor | None:
        """Derivative of f as a function of its value; None where it is 1 everywhere."""
        if self.power is None:
            return None
        return (score / self.power).exp_().mul_(-self.power)


@dataclass(frozen=True, eq=False)
class ProductForm:
    r"""A radial kernel of one width, of a metric that is made of inner products.

    .. math:: s_{ij} = -a\,d(x_i, y_j) \quad\text{(Gaussian)}, \qquad
              s_{ij} = -b \log(1 + a\,d(x_i, y_j)) \quad\text{(Student-t)}

    Parameters
    ----------
    metric : {"euclidean", "cos", "correlation", "dot"}
        d.
    rate : Tensor or float
        a; a tensor where it is being learned.
    power : float, optional
        b, of a Student-t.
    """

    metric: str
    rate: Tensor | float
    power: float | None = None

    def between(self, x: Tensor, y: Tensor) -> Products:
        """The scores of rows x (n, d) and columns y (m, d)."""
        rate, same = self.rate, x is y
        if self.metric == "euclidean":
            left, right = augmented(x, y)
            left = left * (-rate if self.power is None else rate)
            return Products(left, right, same, self.power, added=2)
        u, v = (x, y) if self.metric == "dot" else directions(self.metric, x, y)
        if self.power is not None:  # of 2 - 2 u.v, which a Student-t needs itself
            one, two = torch.ones_like(u[:, :1]), torch.full_like(v[:, :1], 2.0)
            left, right = torch.cat([-2 * u, one], -1) * rate, torch.cat([v, two], -1)
            return Products(left, right, same, self.power, added=1)
        root = torch.as_tensor(2 * rate, dtype=x.dtype, device=x.device).sqrt()
        u = u * root
        return Products(u, u if same else v * root, same, offset=0.0 if self.metric == "dot" else -2 * rate)


def product_form(metric: str | None, rate: Tensor | float, power: float | None = None) -> ProductForm | None:
    """The form of a kernel; None for a metric that is not made of inner products."""
    if metric is None or metric not in METRICS or (metric == "dot" and power is not None):
        return None
    return ProductForm(metric, rate, power)


def directions(metric: str, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Unit vectors whose inner products are the cosines or the correlations."""
    sides = [x] if x is y else [x, y]
    found = [unit_vectors(centred_rows(side) if metric == "correlation" else side) for side in sides]
    return found[0], found[-1]


def augmented(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Vectors whose inner products are squared distances, centred first so that large means cost no digits."""
    centre = y.detach().mean(-2, keepdim=True)
    same = x is y
    x = x - centre
    y = x if same else y - centre
    one_x, one_y = torch.ones_like(x[..., :1]), torch.ones_like(y[..., :1])
    left = torch.cat([x, x.square().sum(-1, keepdim=True), one_x], -1)
    return left, torch.cat([-2 * y, one_y, y.square().sum(-1, keepdim=True)], -1)
