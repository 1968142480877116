"""Cluster kernels: two points are as close as the clusters they share."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from iconlearn._checks import check_choice
from iconlearn._errors import OptionError
from iconlearn._numerics import NEG, log_sum_exp, safe_log
from iconlearn.distributions.base import Kernel
from iconlearn.distributions.sizes import log_column_sums, running
from iconlearn.points import Points, require_value

PAIRS_AT_ONCE = 1 << 20


class ClusterKernel(Kernel):
    """What kernels of soft assignments share: exp(score_ij) = sum_c a_ic b_jc, a and b made of the assignments.

    A subclass says in ``calibrate`` what a and b are, as logs. Each takes half of what belongs to the cluster alone
    (its size), so that both are one tensor where the columns are the rows.

    Parameters
    ----------
    inputs : {"logits", "probabilities"}
        What the mapper returns.
    sizes : "batch" or float
        Sizes of the batch at hand, or the momentum of their running average.
    """

    def __init__(self, inputs: str, sizes: str | float, normalize: str, pairs: str) -> None:
        super().__init__(normalize, pairs)
        owner = type(self).__name__
        self.inputs = check_choice(owner, "inputs", inputs, ("logits", "probabilities"))
        self.sizes = sizes
        self.running = running(owner, sizes)

    @property
    def factored(self) -> bool:
        return True

    def log_assignment(self, points: Points) -> Tensor:
        """Log soft assignments, (n, C)."""
        value = require_value(points, type(self).__name__)
        return value.log_softmax(-1) if self.inputs == "logits" else safe_log(value)

    def both_assignments(self, i: Points, j: Points) -> tuple[Tensor, Tensor]:
        """Log assignments of rows and columns; one and the same tensor where the values are."""
        log_phi = self.log_assignment(i)
        return log_phi, log_phi if i.value is j.value else self.log_assignment(j)

    def log_score(self, i: Points, j: Points) -> Tensor:
        owner = type(self).__name__
        a, b = require_value(i, owner), require_value(j, owner)
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


class UniformCluster(ClusterKernel):
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
    sizes : "batch" or float in [0, 1), default "batch"
        S_c of the batch at hand; or n times a running average of S_c / n over batches with this momentum (TEMI: 0.9),
        which small batches of many clusters need. The average moves once a training step, carries no gradient, and
        is part of the state dict. Row i then sums to sum_c phi_ic S_c / (n pi_c), which is one on the average over
        batches and not in each, so the kernel is a learned distribution under KL only, where its value is a cross
        entropy. (Made to sum to one, hard assignments would get the sizes of the batch back.)
    normalize, pairs
        As in :class:`Gaussian`; the default ``pairs="all"`` has the closed-form partition 1.

    Raises
    ------
    OptionError
        If a name is unknown, ``sizes`` is no momentum, or running sizes are asked for without ``normalize="row"``
        and ``pairs="all"``.

    References
    ----------
    Alshammari et al., I-Con, ICLR 2025, definition 2 and theorem 14; the column-side sizes make the rows of
    the two-view form sum to one. Adaloglou et al., Exploring the Limits of Deep Image Clustering using Pretrained
    Models (TEMI), BMVC 2023, for running sizes.

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
        sizes: str | float = "batch",
        *,
        normalize: str = "row",
        pairs: str = "all",
    ) -> None:
        super().__init__(inputs, sizes, normalize, pairs)
        self.weight = weight
        if self.running is not None and (normalize != "row" or pairs != "all" or weight is not None):
            raise OptionError(
                f"UniformCluster: sizes={sizes!r} is a running average, whose rows have no sum to divide by; use it "
                "with normalize='row', pairs='all' and no weight, or sizes='batch'"
            )

    @property
    def improper(self) -> bool:
        return self.running is not None

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        log_phi, log_psi = self.both_assignments(i, j)
        if self.weight is not None:
            log_psi = log_psi + j.read(self.weight).value.reshape(-1, 1).log()  # type: ignore[union-attr]
        log_size = log_column_sums(log_psi)
        if self.running is not None:
            log_size = self.running.log_size(log_size, j.n)
        root = log_size.masked_fill(log_size == NEG, 0.0) / 2
        x = log_phi - root
        return replace(i, value=x), replace(j, value=x if log_psi is log_phi else log_psi - root)

    def log_partition(self, i: Points, j: Points) -> Tensor | None:
        if self.pairs != "all" or (self.inputs != "logits" and self.running is None):
            return None
        x = require_value(i, "UniformCluster")
        return x.new_zeros(x.shape[:-1])
