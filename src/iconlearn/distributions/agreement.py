"""Agreement of soft assignments with sizes weighed at will: what TEMI and SCAN learn with, and no distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn._errors import InputError, OptionError
from iconlearn._numerics import NEG, all_rows, log_sum_exp, recompute
from iconlearn.conditional import Conditional, KernelConditional, Scores
from iconlearn.distributions.base import Engine
from iconlearn.distributions.clusters import ClusterKernel
from iconlearn.distributions.sizes import log_column_sums
from iconlearn.edges import Edges
from iconlearn.points import Points, same_points
from iconlearn.support import Support


class ClusterAgreement(ClusterKernel):
    r"""How much two points agree on a cluster, the sizes of clusters weighed otherwise than a probability does.

    .. math:: s_{ij} = \log \sum_c (\phi_{ic}\,\psi_{jc})^{\beta} \left(\frac{r_c}{\pi_c}\right)^{b}, \qquad
              L = -\frac1n \sum_{ij} p_{ij}\, w_{ij}\, s_{ij} + e \sum_c \pi_c \log \frac{\pi_c}{r_c}
              + \log \frac{n}{C^{1 - b}}

    with pi_c = S_c / n the share of cluster c among the columns and r_c its share under the prior, times the number of
    clusters (1 for equal clusters). For hard assignments with the positives inside clusters and w = 1 the loss is
    (b + e) sum_c pi_c log(pi_c / r_c), KL from the prior to the sizes, up to a constant. So b + e is the weight of the
    entropy of sizes H(pi): 1 is I-Con (b = 1, e = 0 is :class:`UniformCluster`), 0 has no preference, and one cluster
    for all is optimal. The constant puts exp(s_ij) on the scale of a distribution (rows sum to one where clusters are
    equal), so that ``.debias(alpha)`` bounds what a pair can cost. Rows do not sum to one, so it is a learned
    "distribution" under KL only, whose value is a cross entropy. (Made to sum to one, the row of a hard assignment
    would be uniform on its cluster for any b and any prior: I-Con's own weight is the only one of a distribution.)

    Parameters
    ----------
    beta : float, default 1
        Exponent of each agreement; below 1 weak shared clusters count more (TEMI: 0.6).
    balance : float, default 1
        b, the weight of sizes in every pair.
    entropy : float, default 0
        e, the weight of the sizes' own term (SCAN: 5, with ``balance=0``).
    prior : float or sequence of float, default 0
        Sizes that cost nothing: r_c of the k-th largest cluster is in proportion to k^-prior (0: equal; 1: Zipf), or
        these shares, largest first, one a cluster.
    sizes : "batch" or float in [0, 1), default "batch"
        As in :class:`UniformCluster` (TEMI: 0.9). The entropy is that of the batch, where its gradient is.
    weighted : bool, default False
        Weigh pair (i, j) by w_ij = sum_c psi_ic psi_jc without gradient: of pairs on which the columns' side (TEMI's
        teacher) disagrees itself, little is learned. p then is reweighted by the model, which is no longer I-Con's.
    inputs : {"logits", "probabilities"}, default "logits"
        What the mapper returns.

    Raises
    ------
    OptionError
        If a number is out of range, a prior has shares that are not positive, or ``sizes`` is no momentum.
    InputError
        On data: if the prior has another number of clusters, or ``weighted`` is asked where columns are not the rows.

    References
    ----------
    Adaloglou et al., Exploring the Limits of Deep Image Clustering using Pretrained Models (TEMI), BMVC 2023; Van
    Gansbeke et al., SCAN: Learning to Classify Images without Labels, ECCV 2020.

    Examples
    --------
    >>> from iconlearn import ClusterAgreement
    >>> ClusterAgreement(beta=0.6, sizes=0.9, weighted=True)
    ClusterAgreement(beta=0.6, sizes=0.9, weighted=True)
    """

    def __init__(
        self,
        beta: float = 1.0,
        balance: float = 1.0,
        entropy: float = 0.0,
        prior: float | Sequence[float] = 0.0,
        sizes: str | float = "batch",
        weighted: bool = False,
        inputs: str = "logits",
    ) -> None:
        super().__init__(inputs, sizes, "row", "all")
        owner = "ClusterAgreement"
        self.beta = check_number(owner, "beta", beta, low=0, open_low=True, high=100)
        self.balance = check_number(owner, "balance", balance, low=0, high=1e6)
        self.entropy = check_number(owner, "entropy", entropy, low=0, high=1e6)
        self.prior = (
            prior if isinstance(prior, Sequence) else check_number(owner, "prior", prior, low=0, high=100)
        )
        self.weighted = bool(weighted)
        if isinstance(prior, Sequence):
            for share in prior:
                check_number(owner, "prior", share, low=0, open_low=True, high=1e30)
            if not prior or list(prior) != sorted(prior, reverse=True):
                raise OptionError(
                    f"ClusterAgreement: prior={prior!r} must be the shares of clusters, largest first; sort them, or "
                    "give the exponent of a power law"
                )

    @property
    def improper(self) -> bool:
        return True

    def log_prior(self, log_size: Tensor) -> Tensor:
        """log r_c of the clusters with these sizes, (C,), without gradient."""
        clusters = len(log_size)
        if isinstance(self.prior, Sequence):
            if len(self.prior) != clusters:
                raise InputError(
                    f"{self!r} has a prior of {len(self.prior)} clusters but the assignments have {clusters}; give one "
                    "share a cluster, or the exponent of a power law"
                )
            ranked = log_size.new_tensor(self.prior).log()
        else:
            ranked = -self.prior * torch.arange(1, clusters + 1, device=log_size.device).to(log_size).log()
        rank = log_size.detach().argsort(descending=True, stable=True).argsort()
        return (ranked - ranked.logsumexp(0) + math.log(clusters))[rank]

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        log_phi, log_psi = self.both_assignments(i, j)
        log_size = log_column_sums(log_psi)
        if self.running is not None:
            log_size = self.running.log_size(log_size, j.n)
        root = self.balance / 2 * self.log_excess(log_size, j.n)
        x = self.beta * log_phi - root
        y = x if log_psi is log_phi else self.beta * log_psi - root
        return replace(i, value=x), replace(j, value=y)

    def log_excess(self, log_size: Tensor, n: int) -> Tensor:
        """log(pi_c / r_c), (C,); 0 for an empty cluster."""
        excess = log_size - math.log(max(1, n)) - self.log_prior(log_size)
        return excess.masked_fill(log_size == NEG, 0.0)

    def size_cost(self, j: Points) -> Tensor:
        """sum_c pi_c log(pi_c / r_c) of the columns, a scalar."""
        log_size = log_column_sums(self.log_assignment(j))
        return (log_size.exp() * self.log_excess(log_size, j.n)).sum() / max(1, j.n)

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        rows, columns = self.calibrate(i, j)
        scores = engine(self, rows, columns)
        if self.weighted:
            scores = Weighed(scores, self.weights(i, j, engine), i)
        assert rows.value is not None
        cost = self.entropy * self.size_cost(j) if self.entropy else rows.value.new_zeros(())
        scale = math.log(max(1, j.n)) - (1 - self.balance) * math.log(rows.value.shape[-1])
        log_z = (cost + scale).expand(i.n)
        found = KernelConditional(scores, log_z, (i.n, j.n), "row", "all", improper=True, full=True)
        found.masses = True
        return found

    @torch.no_grad()
    def weights(self, i: Points, j: Points, engine: Engine) -> Scores:
        """log sum_c psi_ic psi_jc, of the columns' assignments of both samples."""
        if not same_points(i, j):
            raise InputError(
                "ClusterAgreement(weighted=True) weighs a pair by how its own columns' side assigns both samples, so "
                "the columns must be the rows' samples: leave mapper_j out or use Momentum()"
            )
        psi = replace(j, value=self.log_assignment(j))
        return engine(self, psi, psi)


class Weighed:
    """Scores times the masses of another kernel, which carry no gradient."""

    def __init__(self, scores: Scores, weights: Scores, i: Points) -> None:
        self.scores, self.weights, self.i = scores, weights, i
        self.block_rows = min(scores.block_rows, weights.block_rows)

    def block(self, rows: Tensor | None, cols: Tensor | None) -> Tensor:
        """Weighed scores of some rows with some columns."""
        return self.scores.block(rows, cols) * self.weights.block(rows, cols).detach().exp()

    def at(self, rows: Tensor, cols: Tensor) -> Tensor:
        """Weighed scores of E pairs, (E,)."""
        return self.scores.at(rows, cols) * self.weights.at(rows, cols).detach().exp()

    def gather(self, support: Support) -> Tensor:
        """Weighed scores on the entries of a support, (E,)."""
        return self.scores.gather(support) * self.weights.gather(support).detach().exp()

    def pull(self, edges: Edges) -> Tensor:
        """sum_j mass_ij score_ij of every row, (n,)."""
        score = self.gather(edges.support)
        return edges.support.sum(edges.mass.to(score) * score)

    def total(self) -> Tensor:
        """Sum of the weighed scores of every row, (n,)."""
        tiles = all_rows(self.i.n, self.block_rows, self.i.device)
        return torch.cat([recompute(lambda rows: self.block(rows, None).sum(-1), rows) for rows in tiles])

    def total_above(self, floor: Tensor) -> None:
        """There is no way but one by one."""

    def partition(self) -> Tensor:
        """Log of the summed exponentials of every row, (n,)."""
        return log_sum_exp(self.block(None, None))

    def joint(self, partition: Tensor) -> Tensor:
        """That of all rows together."""
        return log_sum_exp(partition)
