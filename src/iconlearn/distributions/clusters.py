"""Cluster kernels: two points are as close as the clusters they share."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from iconlearn._checks import check_choice
from iconlearn._numerics import NEG, log_sum_exp, safe_log
from iconlearn.distributions.base import Kernel
from iconlearn.points import Points, require_value

PAIRS_AT_ONCE = 1 << 20


class UniformCluster(Kernel):
    r"""Pick one of i's clusters, then a member of it: the learned distribution of the clustering methods.

    .. math:: q(j|i) = \sum_c \frac{\phi_{ic}\,\psi_{jc}\,w_j}{S_c}, \qquad S_c = \sum_k \psi_{kc}\,w_k

    phi are the soft assignments of the rows and psi those of the columns (the same, unless a second view or a
    momentum encoder gives the columns); w = 1, or the field named by ``weight`` (degrees: the kernel of
    normalised cuts). Rows sum to one by construction, self included.

    Parameters
    ----------
    inputs : {"logits", "probabilities"}, default "logits"
        What the mapper returns. Log-probabilities are logits too (a log-softmax leaves them as they are).
    weight : str, optional
        Field of the columns that weights them.
    normalize, pairs
        As in :class:`Gaussian`; the default ``pairs="all"`` has the closed-form partition 1.

    References
    ----------
    Alshammari et al., I-Con, ICLR 2025, definition 2 and theorem 14; the column-side sizes make the rows of
    the two-view form sum to one.

    Examples
    --------
    >>> from iconlearn import UniformCluster
    >>> UniformCluster().debias(0.4)
    UniformCluster().debias(0.4)
    """

    def __init__(
        self,
        inputs: str = "logits",
        weight: str | None = None,
        *,
        normalize: str = "row",
        pairs: str = "all",
    ) -> None:
        super().__init__(normalize, pairs)
        self.inputs = check_choice("UniformCluster", "inputs", inputs, ("logits", "probabilities"))
        self.weight = weight

    def log_assignment(self, points: Points) -> Tensor:
        """Log soft assignments, (n, C)."""
        value = require_value(points, "UniformCluster")
        return value.log_softmax(-1) if self.inputs == "logits" else safe_log(value)

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        log_psi = self.log_assignment(j)
        if self.weight is not None:
            log_psi = log_psi + j.read(self.weight).value.reshape(-1, 1).log()  # type: ignore[union-attr]
        log_size = log_sum_exp(log_psi.mT)
        log_share = log_psi - log_size.masked_fill(log_size == NEG, 0.0)
        return replace(i, value=self.log_assignment(i)), replace(j, value=log_share)

    def log_partition(self, i: Points, j: Points) -> Tensor | None:
        if self.pairs != "all":
            return None
        return log_sum_exp(require_value(i, "UniformCluster"))

    def log_score(self, i: Points, j: Points) -> Tensor:
        a, b = require_value(i, "UniformCluster"), require_value(j, "UniformCluster")
        if a.shape[-2] == 1 and b.shape[-2] == 1:
            return log_sum_exp(a + b).unsqueeze(-1)
        product = a.exp() @ b.exp().mT
        # Saturated assignments underflow in the product though their log is finite: such pairs are few, and
        # are summed in log space.
        smallest = torch.finfo(product.dtype).tiny * 1e8
        if not product.numel() or bool(product.detach().amin() >= smallest):
            return product.log()
        lost = product.detach() < smallest
        rows, cols = lost.nonzero().unbind(-1)
        exact = [
            log_sum_exp(a[r] + b[c])
            for r, c in zip(rows.split(PAIRS_AT_ONCE), cols.split(PAIRS_AT_ONCE), strict=True)
        ]
        return product.masked_fill(lost, 1.0).log().index_put((rows, cols), torch.cat(exact))
