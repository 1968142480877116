"""A baseline whose columns repel by moments of the batch in place of a sum over pairs."""

from __future__ import annotations

from torch import Tensor

from iconlearn._checks import check_number
from iconlearn.distributions.base import Kernel
from iconlearn.metrics import euclidean
from iconlearn.points import Points, require_value


class VarianceCovariance(Kernel):
    r"""The three terms of VICReg: a baseline, and not a distribution.

    .. math:: -\log q_{ij} = \frac{\lambda}{d} |z_i - z_j|^2 + \sum_v \Bigl[ \frac{\mu}{d} \sum_k
              \max\bigl(0, \gamma - \sqrt{C^v_{kk} + \epsilon}\bigr)
              + \frac{\nu}{d} \sum_{k \ne l} (C^v_{kl})^2 \Bigr]

    with C^v the covariance of the columns of view v, divided by n - 1. What keeps embeddings apart is the same for
    every pair: each dimension is to spread, and no two are to tell the same. So rows do not sum to one; it is a learned
    "distribution" under KL only, where with positive pairs it gives the published loss, as the authors' code has it: in
    their formula the invariance lacks 1/d. Invariance and variance in the form of the equation are the cell VI-Reg.

    Parameters
    ----------
    invariance, variance, covariance : float, default 25, 25 and 1
        lambda, mu and nu.
    gamma : float, default 1
        Standard deviation up to which a dimension is drawn apart.
    eps : float, default 1e-4
    pairs
        As in :class:`Gaussian`.

    References
    ----------
    Bardes, Ponce & LeCun, VICReg, ICLR 2022.

    Examples
    --------
    >>> from iconlearn import VarianceCovariance
    >>> VarianceCovariance(covariance=2.0)
    VarianceCovariance(covariance=2)
    """

    def __init__(
        self,
        invariance: float = 25.0,
        variance: float = 25.0,
        covariance: float = 1.0,
        gamma: float = 1.0,
        eps: float = 1e-4,
        *,
        pairs: str = "distinct",
    ) -> None:
        super().__init__("row", pairs)
        owner = "VarianceCovariance"
        self.invariance = check_number(owner, "invariance", invariance, low=0, high=1e30)
        self.variance = check_number(owner, "variance", variance, low=0, high=1e30)
        self.covariance = check_number(owner, "covariance", covariance, low=0, high=1e30)
        self.gamma = check_number(owner, "gamma", gamma, low=0, high=1e30)
        self.eps = check_number(owner, "eps", eps, low=0, open_low=True, high=1)

    @property
    def improper(self) -> bool:
        return True

    def log_score(self, i: Points, j: Points) -> Tensor:
        x, y = require_value(i, self), require_value(j, self)
        return euclidean(x, y) * (-self.invariance / x.shape[-1])

    def log_partition(self, i: Points, j: Points) -> Tensor:
        x = require_value(j, self)
        terms = [self.penalty(x[j.view == view]) for view in j.view.unique()]
        return x.new_zeros(i.n) + sum(terms)

    def penalty(self, x: Tensor) -> Tensor:
        """The terms of variance and covariance of the embeddings of one view, (n, d)."""
        centred = x - x.mean(0)
        moments = centred.mT @ centred / max(1, len(x) - 1)
        own = moments.diagonal()
        hinge = (self.gamma - (own + self.eps).sqrt()).clamp(min=0).mean()
        shared = (moments.square().sum() - own.square().sum()) / x.shape[1]
        return self.variance * hinge + self.covariance * shared
