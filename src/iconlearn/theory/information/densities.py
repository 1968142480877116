"""Conditional densities of y given x, learned by maximum likelihood."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor, nn

from iconlearn._describe import Described
from iconlearn.mappers import MLP
from iconlearn.theory.information.critics import DEPTH

LEAST_LOG_VARIANCE = -10.0  # of standardised y: a standard deviation of 0.7 % of the spread


class GaussianConditional(Described, nn.Module):
    r"""A Gaussian with a mean and variances that depend on x.

    .. math:: q(y | x) = \prod_c N\bigl(y_c; \mu_c(x), \sigma_c^2(x)\bigr)

    Given x the columns of y are independent; where they are not, q is misspecified. The log variance stays above -10,
    so of a y that x determines each column tells about 5 nats, and no more.

    Parameters
    ----------
    x_features, y_features : int
    width : int, default 256
        Units of each of the three hidden layers.
    seed : int, default 0
        Of the weights; a fit draws its own.

    Examples
    --------
    >>> import torch
    >>> GaussianConditional(3, 2)(torch.zeros(5, 3), torch.zeros(4, 2)).shape
    torch.Size([5, 4])
    """

    def __init__(self, x_features: int, y_features: int, width: int = 256, seed: int = 0) -> None:
        super().__init__()
        self.x_features, self.y_features, self.width, self.seed = x_features, y_features, width, seed
        self.net = MLP(x_features, 2 * y_features, (width,) * DEPTH, seed=seed)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """log q(y_j | x_i), (n, m) of n rows of x and m rows of y, in double precision."""
        # (y - mean)^2 / variance is multiplied out to need no (n, m, columns); that cancels digits
        mean, raw = self.net(x).double().chunk(2, dim=-1)
        log_variance = LEAST_LOG_VARIANCE + F.softplus(raw - LEAST_LOG_VARIANCE)
        precision, y = (-log_variance).exp(), y.double()
        square = precision @ y.square().mT - 2 * (precision * mean) @ y.mT
        constant = (precision * mean.square() + log_variance + math.log(2 * math.pi)).sum(-1, keepdim=True)
        return -(square + constant) / 2
