r"""Bounds on mutual information, computed from one matrix of log densities.

Row i and column j hold :math:`\ell_{ij} = \log q(y_j | x_i)` of a density that was learned, or of the true one.
Everything is differentiable, in nats, and leaves the matrix as it is.
"""

from __future__ import annotations

import math

from torch import Tensor

from iconlearn.theory.information._matrix import paired, square, unpaired, without_diagonal


def leave_one_out(log_density: Tensor) -> Tensor:
    r"""L1Out: the density of y given its x, against the mixture of those given the others.

    .. math:: \frac1n \sum_i \Bigl( \ell_{ii} - \log \frac{1}{n - 1} \sum_{j \ne i} e^{\ell_{ji}} \Bigr)

    An upper bound in expectation if the density is the true one; of a learned density it is neither bound.

    Parameters
    ----------
    log_density : Tensor, shape (n, n)
        log q(y_j | x_i) in row i and column j.

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        A matrix that is not square, or of fewer than two pairs.

    References
    ----------
    Poole et al., On Variational Bounds of Mutual Information, ICML 2019.

    Examples
    --------
    >>> import torch
    >>> float(leave_one_out(torch.zeros(3, 3)))
    0.0
    """
    q = square(log_density, "leave_one_out")
    mixture = without_diagonal(q, -math.inf).logsumexp(0) - math.log(len(q) - 1)
    return (q.diagonal() - mixture).mean()


def club(log_density: Tensor) -> Tensor:
    r"""CLUB: the log density of y given its x, less that given another.

    .. math:: \frac1n \sum_i \ell_{ii} - \frac{1}{n (n - 1)} \sum_{i \ne j} \ell_{ij}

    An upper bound if q is (nearly) the true density, and far above it where the information is large; unreliable as a
    value where q is misspecified. The second mean is over what is off the diagonal, so it is unbiased (the paper's
    includes the diagonal).

    Parameters
    ----------
    log_density : Tensor, shape (n, n)
        log q(y_j | x_i) in row i and column j.

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        A matrix that is not square, or of fewer than two pairs.

    References
    ----------
    Cheng et al., CLUB: A Contrastive Log-ratio Upper Bound of Mutual Information, ICML 2020.

    Examples
    --------
    >>> import torch
    >>> float(club(torch.diag(torch.ones(3))))
    1.0
    """
    q = square(log_density, "club")
    return paired(q) - unpaired(q)


def barber_agakov(log_density: Tensor, entropy: float) -> Tensor:
    r"""Barber and Agakov's bound: the entropy of y less what is left of it when x is known.

    .. math:: H(Y) + \frac1n \sum_i \ell_{ii}

    A lower bound for every density q; what it lacks is the mean KL divergence of q from the true density. It needs the
    entropy of y, and is as wrong as that is.

    Parameters
    ----------
    log_density : Tensor, shape (n, n)
        log q(y_j | x_i) in row i and column j, of which only the diagonal counts.
    entropy : float
        Differential entropy of y, nats.

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    InputError
        A matrix that is not square, or of fewer than two pairs.

    References
    ----------
    Barber and Agakov, The IM Algorithm: A Variational Approach to Information Maximization, NeurIPS 2003.

    Examples
    --------
    >>> import torch
    >>> float(barber_agakov(torch.full((2, 2), -1.0), 1.5))
    0.5
    """
    return entropy + paired(square(log_density, "barber_agakov"))
