r"""Bounds on mutual information, computed from one matrix of scores.

One convention: the score :math:`s_{ij}` of row i of x and row j of y estimates the log of the density ratio

.. math:: \log r(x_i, y_j), \quad r(x, y) = \frac{p(x, y)}{p(x) p(y)}

so all bounds take the same critic and reach the information at :math:`s = \log r`. The diagonal holds the pairs that
belong together; what is off the diagonal is of x and y that do not, and its mean divides by n (n - 1).

Everything is differentiable, in nats, and leaves the matrix as it is. A bound on a mini-batch is a random number, and
the log of a mean is not the mean of a log: which of them bound something says the registry of estimators.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from iconlearn._checks import check_number
from iconlearn.theory.information._matrix import log_partition, paired, square, unpaired


def infonce(scores: Tensor) -> Tensor:
    r"""InfoNCE (CPC): how well row i finds its partner among n.

    .. math:: \frac1n \sum_i \Bigl( s_{ii} - \log \frac1n \sum_j e^{s_{ij}} \Bigr) \le \log n

    A lower bound in expectation, of little variance and, where the information nears log n, of much bias. A function
    of the row alone added to the scores changes nothing.

    Parameters
    ----------
    scores : Tensor, shape (n, n)

    Returns
    -------
    Tensor, a scalar, at most log n

    Raises
    ------
    InputError
        Scores that are not square, or of fewer than two pairs.

    References
    ----------
    van den Oord, Li and Vinyals, Representation Learning with Contrastive Predictive Coding, 2018; Poole et al., On
    Variational Bounds of Mutual Information, ICML 2019.

    Examples
    --------
    >>> import torch
    >>> round(float(infonce(100 * torch.eye(8))), 4)  # log 8
    2.0794
    """
    s = square(scores, "infonce")
    return (s.diagonal() - s.logsumexp(1)).mean() + math.log(len(s))


def donsker_varadhan(scores: Tensor) -> Tensor:
    r"""Donsker and Varadhan's representation of a KL divergence.

    .. math:: \frac1n \sum_i s_{ii} - \log \frac{1}{n (n - 1)} \sum_{i \ne j} e^{s_{ij}}

    A lower bound with the true mean in the log; with the mean of a batch it errs upwards and bounds nothing. A constant
    added to all scores changes nothing. Never below :func:`nwj` of the same scores.

    Parameters
    ----------
    scores : Tensor, shape (n, n)

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        Scores that are not square, or of fewer than two pairs.

    References
    ----------
    Donsker and Varadhan, 1983; Belghazi et al., Mutual Information Neural Estimation, ICML 2018.

    Examples
    --------
    >>> import torch
    >>> float(donsker_varadhan(torch.full((3, 3), 5.0)))
    0.0
    """
    s = square(scores, "donsker_varadhan")
    return paired(s) - log_partition(s)


def nwj(scores: Tensor) -> Tensor:
    r"""Nguyen, Wainwright and Jordan's bound (f-GAN's KL, MINE-f).

    .. math:: 1 + \frac1n \sum_i s_{ii} - \frac{1}{n (n - 1)} \sum_{i \ne j} e^{s_{ij}}

    Often written with a critic :math:`1 + s`, as :math:`E f - e^{-1} E e^f`; here the score is the log ratio itself. An
    unbiased lower bound; its variance grows as e to the information.

    Parameters
    ----------
    scores : Tensor, shape (n, n)

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        Scores that are not square, or of fewer than two pairs.

    References
    ----------
    Nguyen, Wainwright and Jordan, Estimating Divergence Functionals and the Likelihood Ratio by Convex Risk
    Minimization, 2010.

    Examples
    --------
    >>> import torch
    >>> float(nwj(torch.zeros(3, 3)))
    0.0
    """
    s = square(scores, "nwj")
    return 1 + paired(s) - log_partition(s).exp()


def tuba(scores: Tensor, log_baseline: Tensor | float) -> Tensor:
    r"""The tractable bound of Barber and Agakov's kind, with a baseline a(y) of its own.

    .. math:: 1 + \frac1n \sum_i \bigl( s_{ii} - \log a_i \bigr) - \frac{1}{n (n - 1)} \sum_{i \ne j}
        \frac{e^{s_{ij}}}{a_j}

    A lower bound for every positive a; the best one is :math:`a(y) = E_x e^{s(x, y)}`, which is 1 at
    :math:`s = \log r`. It is :func:`nwj` of the scores less the log baseline.

    Parameters
    ----------
    scores : Tensor, shape (n, n)
    log_baseline : float, or Tensor of shape (n,)
        log a of every row of y.

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        Scores that are not square, or of fewer than two pairs.

    References
    ----------
    Poole et al., On Variational Bounds of Mutual Information, ICML 2019.

    Examples
    --------
    >>> import torch
    >>> float(tuba(torch.full((3, 3), 5.0), 5.0))
    0.0
    """
    return nwj(square(scores, "tuba") - log_baseline)


def interpolated(scores: Tensor, alpha: float, log_baseline: Tensor | float = 0.0) -> Tensor:
    r"""Between NWJ (alpha = 0) and InfoNCE (alpha = 1): less bias than one, less variance than the other.

    .. math:: 1 + E \log \frac{e^{s(x_1, y)}}{\alpha m(y; x_{1:K}) + (1 - \alpha) q(y)}
        - E \frac{e^{s(x_1, y')}}{\alpha m(y'; x_{1:K}) + (1 - \alpha) q(y')}, \quad
        m(y; x_{1:K}) = \frac1K \sum_k e^{s(x_k, y)}

    where y belongs to :math:`x_1` and y' to none of the K. In a batch of n that leaves K = n - 1: the first mean is
    over every row that is left out, as its authors' code has it.

    At most :math:`1 + \log(K / \alpha)`, and :math:`\log K` at alpha = 1. (The paper says :math:`\log(K / \alpha)`;
    but for strongly dependent x and y the last term vanishes and the 1 is left: with the exact critic, 64 rows, alpha =
    0.5 and 10 nats the mean is 5.6, and log(64 / 0.5) is 4.9.)

    Parameters
    ----------
    scores : Tensor, shape (n, n)
    alpha : float in [0, 1]
    log_baseline : float, or Tensor of shape (n,), default 0
        log q of every row of y; 0 suits scores that are log ratios.

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        Scores that are not square, or of fewer than two pairs.
    OptionError
        alpha outside [0, 1].

    References
    ----------
    Poole et al., On Variational Bounds of Mutual Information, ICML 2019; the ceiling: derivation above.

    Examples
    --------
    >>> import torch
    >>> s = 100 * torch.eye(9)
    >>> round(float(interpolated(s, 1.0)), 4)  # log 8
    2.0794
    """
    s = square(scores, "interpolated")
    alpha = check_number("interpolated", "alpha", alpha, low=0, high=1)
    own = -math.inf if alpha == 1 else math.log1p(-alpha)
    shared = -math.inf if alpha == 0 else math.log(alpha)
    baseline = torch.as_tensor(log_baseline, dtype=s.dtype, device=s.device) + own
    mixed = torch.logaddexp(_log_mean_without(s) + shared, baseline)
    together = unpaired(s.diagonal() - mixed)  # over every row that is left out
    # the K rows of x to which y belongs not: all but its own
    return 1 + together - log_partition(s - mixed.diagonal()).exp()


def _log_mean_without(scores: Tensor) -> Tensor:
    """Entry (l, j): log of the mean of e^s over column j without row l.

    From two running sums, up to the row and from it on: a difference of exponentials would cancel where one row has
    nearly all of the mass.
    """
    n = len(scores)
    nothing = scores.new_full((1, n), -math.inf)
    before = torch.cat([nothing, scores[:-1].logcumsumexp(0)])
    after = torch.cat([scores[1:].flip(0).logcumsumexp(0).flip(0), nothing])
    return torch.logaddexp(before, after) - math.log(n - 1)


def smile(scores: Tensor, tau: float) -> Tensor:
    r"""SMILE: Donsker and Varadhan's with a clipped ratio, :math:`e^s` in :math:`[e^{-\tau}, e^\tau]`.

    .. math:: \frac1n \sum_i s_{ii} - \log \frac{1}{n (n - 1)} \sum_{i \ne j}
        \mathrm{clip}(e^{s_{ij}}, e^{-\tau}, e^\tau)

    Little variance and no bound: it errs upwards for small tau and for much information. Infinite tau is
    :func:`donsker_varadhan`. For reporting: the critic is trained by :func:`jensen_shannon`.

    Parameters
    ----------
    scores : Tensor, shape (n, n)
    tau : float, positive, may be inf

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        Scores that are not square, or of fewer than two pairs.
    OptionError
        tau that is not positive.

    References
    ----------
    Song and Ermon, Understanding the Limitations of Variational Mutual Information Estimators, ICLR 2020.

    Examples
    --------
    >>> import torch
    >>> float(smile(torch.diag(torch.full((3,), 9.0)), 1.0))
    9.0
    """
    s = square(scores, "smile")
    tau = check_number("smile", "tau", tau, low=0, open_low=True)
    return paired(s) - log_partition(s.clamp(-tau, tau))


def jensen_shannon(scores: Tensor) -> Tensor:
    r"""What a classifier of pairs maximises; for training only, its value is no information.

    .. math:: -\frac1n \sum_i \mathrm{softplus}(-s_{ii}) - \frac{1}{n (n - 1)} \sum_{i \ne j} \mathrm{softplus}(s_{ij})

    The optimum is :math:`s = \log r`, so the information is reported as :func:`nwj` of the same scores. In the usual
    notation that is NWJ with the critic :math:`1 + s`. The 1 is forgotten in a helper that is widely copied, which
    reports 1/e nat (0.53 bit) too little at the optimum.

    Parameters
    ----------
    scores : Tensor, shape (n, n)

    Returns
    -------
    Tensor, a scalar, negative

    Raises
    ------
    InputError
        Scores that are not square, or of fewer than two pairs.

    References
    ----------
    Nowozin, Cseke and Tomioka, f-GAN, NeurIPS 2016; Poole et al., ICML 2019 (reporting by NWJ).

    Examples
    --------
    >>> import torch
    >>> round(float(jensen_shannon(torch.zeros(3, 3))), 4)  # -2 log 2
    -1.3863
    """
    s = square(scores, "jensen_shannon")
    return -F.softplus(-s.diagonal()).mean() - unpaired(F.softplus(s))
