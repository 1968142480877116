"""Gaussians that treat positives apart: a margin for the others, and the DCL baseline."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from iconlearn._checks import check_choice, check_number
from iconlearn._errors import OptionError
from iconlearn._numerics import NEG
from iconlearn.bandwidth import Width
from iconlearn.conditional import Conditional, KernelConditional
from iconlearn.distributions.base import Engine, candidate_edges
from iconlearn.distributions.kernels import Gaussian
from iconlearn.metrics import SCALE_FREE, Metric, metric_name
from iconlearn.points import Points, candidate_count
from iconlearn.support import Support, join

REACH = "farthest positive"  # the field of rows that says which negatives are semi-hard
FARTHEST_CHORD = 4.0  # largest squared chord between unit vectors


class MarginGaussian(Gaussian):
    r"""Gaussian kernel for which everything but the positives counts as a margin nearer.

    .. math:: q(j|i) \propto \exp\!\left(-\frac{d_{ij}^2 - m\,[j \text{ is no positive of } i]}{2\sigma^2}\right)

    With one positive, CE is a triplet loss, and sigma and ``negatives`` say which:

    - ``sigma=0``: :math:`\max(0, d_+^2 - \min d_-^2 + m)`, the hardest negative among the candidates (batch hard,
      Hermans et al.).
    - ``sigma=0, negatives="semi-hard"``: the same, with the least :math:`d_-^2` that is above :math:`d_+^2` (FaceNet);
      0 where there is none.
    - ``sigma > 0``: :math:`\log(1 + \sum_- \exp((d_+^2 - d_-^2 + m) / 2\sigma^2))`. Of one negative without margin it
      is the soft-margin triplet loss (Hermans et al.); of cosines it is the additive-margin softmax (Wang et al.) of
      temperature :math:`\sigma^2` and margin m / 2 over the batch.

    The mean of all hinges (batch all) is none of them: each negative then has a maximum of its own, and no sum over
    candidates gives that.

    Parameters
    ----------
    sigma : float, Perplexity, KthNeighbor, Learnable or nn.Parameter, default 0
        As in :class:`Gaussian`.
    margin : float, default 0.2
        m, in units of the metric (a squared distance).
    key : {"id", "label"}, default "id"
        What positives share: the sample, or the class.
    negatives : {"all", "semi-hard"}, default "all"
        Candidates beside the positives: all, or those that are farther than every positive of the row. Which these
        are is found anew at every step, and has no gradient.
    metric, normalize, pairs
        As in :class:`Gaussian`; ``metric`` is "cos" by default, the squared chord.

    Raises
    ------
    OptionError
        If ``margin`` is negative, a name is unknown, or semi-hard negatives are to be averaged (``sigma=inf``).

    References
    ----------
    Schroff et al., FaceNet, CVPR 2015; Hermans et al., In Defense of the Triplet Loss, 2017; Wang et al., Additive
    Margin Softmax, 2018; Alshammari et al., I-Con, ICLR 2025, theorem 5.

    Examples
    --------
    >>> from iconlearn import MarginGaussian
    >>> MarginGaussian(margin=0.5)
    MarginGaussian(margin=0.5)
    """

    by_distance = False

    def __init__(
        self,
        sigma: Width = 0.0,
        margin: float = 0.2,
        key: str = "id",
        metric: str | Metric = "cos",
        *,
        negatives: str = "all",
        normalize: str = "row",
        pairs: str = "distinct",
    ) -> None:
        super().__init__(sigma, metric, normalize=normalize, pairs=pairs)
        self.margin = check_number("MarginGaussian", "margin", margin, low=0, high=1e30)
        self.key = check_choice("MarginGaussian", "key", key, ("id", "label"))
        self.negatives = check_choice("MarginGaussian", "negatives", negatives, ("all", "semi-hard"))
        self.full_support = self.negatives == "all"
        if self.pool == "mean" and not self.full_support:
            raise OptionError(
                "MarginGaussian: negatives='semi-hard' leaves candidates out, but sigma=inf averages over all of them; "
                "give a finite sigma, or negatives='all'"
            )

    def calibrate(self, i: Points, j: Points) -> tuple[Points, Points]:
        i, j = super().calibrate(i, j)
        return (i if self.full_support else self._with_reach(i, j)), j

    @torch.no_grad()
    def _with_reach(self, i: Points, j: Points) -> Points:
        """The rows, with the distance of their farthest positive; -inf where they have none."""
        rows, cols = join(i.shared(self.key), j.shared(self.key))
        a, b = i.take(rows.unsqueeze(-1)), j.take(cols.unsqueeze(-1))
        positive = candidate_edges(i, j, rows, cols, self.pairs) & a.match(b, self.key).flatten()
        listed = super().squared(a, b).flatten().masked_fill(~positive, NEG)
        reach = listed.new_full((i.n,), NEG).scatter_reduce(0, rows, listed, "amax")
        return replace(i, fields={**i.fields, REACH: reach})

    def log_score(self, i: Points, j: Points) -> Tensor:
        score = super().log_score(i, j)
        if self.full_support:
            return score
        near = super().squared(i, j).detach() <= i.fields[REACH].unsqueeze(-1)
        return score.masked_fill(near & ~i.match(j, self.key), NEG)

    def squared(self, i: Points, j: Points) -> Tensor:
        margin = self.margin if metric_name(self.metric) in SCALE_FREE else self.margin / i.unit**2
        squared = super().squared(i, j)
        return torch.where(i.match(j, self.key), squared, squared - margin)


class DCL(Gaussian):
    r"""Debiased contrastive loss by a changed denominator: a baseline, and not a distribution.

    .. math:: q_{ij} = \frac{e^{s_{ij}}}{e^{s_{i+}} + G_i}, \qquad
              G_i = \max\!\left(\frac{\sum_{-} e^{s_{i-}} - \tau_+ N e^{s_{i+}}}{1 - \tau_+},\ N e^{-1/\tau}\right)

    with s the cosine divided by tau = sigma^2, N the number of negatives and + the other view. Its rows do not
    sum to one, so it is a learned "distribution" under KL only, where it gives the published loss; debiasing as
    a distribution is ``.debias(alpha)``.

    Parameters
    ----------
    sigma : float, default 0.7071
        The temperature is sigma^2.
    tau_plus : float in [0, 1), default 0.1
        Assumed share of false negatives; 0 is NT-Xent.
    pairs
        As in :class:`Gaussian`.

    References
    ----------
    Chuang et al., Debiased Contrastive Learning, NeurIPS 2020.

    Examples
    --------
    >>> from iconlearn import DCL
    >>> DCL(sigma=0.5, tau_plus=0.2)
    DCL(sigma=0.5, tau_plus=0.2)
    """

    def __init__(self, sigma: float = 0.5**0.5, tau_plus: float = 0.1, *, pairs: str = "distinct") -> None:
        super().__init__(
            check_number("DCL", "sigma", sigma, low=0, open_low=True, high=1e30), "cos", pairs=pairs
        )
        self.tau_plus = check_number("DCL", "tau_plus", tau_plus, low=0, high=1 - 1e-6)

    def forward(self, i: Points, j: Points, engine: Engine) -> Conditional:
        scores = engine(self, i, j)
        log_z = scores.partition()
        rows, cols = join(i.id, j.id)
        keep = candidate_edges(i, j, rows, cols, self.pairs)
        support, _ = Support.from_pairs(rows[keep], cols[keep], i.n, j.n)
        share = support.sum((scores.at(support.rows, support.cols) - log_z[support.rows]).exp())
        negatives = (candidate_count(i, j, self.pairs) - support.lengths).to(share)
        mean_positive = share / support.lengths.clamp(min=1)
        raw = (1 - share - self.tau_plus * negatives * mean_positive) / (1 - self.tau_plus)
        least = negatives * (-FARTHEST_CHORD / (2 * self.held_width(self.sigma, i) ** 2) - log_z).exp()
        return KernelConditional(
            scores,
            log_z + (share + torch.maximum(raw, least)).log(),
            (i.n, j.n),
            self.normalize,
            self.pairs,
            improper=True,
            full=True,
        )
