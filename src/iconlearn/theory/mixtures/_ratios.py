r"""Density ratios of pairs that share nothing but their components.

Given the components k of x and l of y the two are independent, so with the coupling W and its marginals w and v

.. math:: r(x, y) = \frac{p(x, y)}{p(x)\,p(y)} = \sum_{kl} \frac{W_{kl}}{w_k v_l}\, p(k|x)\, p(l|y)
"""

from __future__ import annotations

import numpy as np


def log_lift(coupling: np.ndarray) -> np.ndarray:
    """log W_kl / (w_k v_l) of a coupling (K, L); -inf where it has no mass."""
    lift = coupling / coupling.sum(axis=1)[:, None] / coupling.sum(axis=0)
    with np.errstate(divide="ignore"):
        return np.log(lift)


def log_ratios(first: np.ndarray, second: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """log r of all pairs, (n, m), from log p(k|x) (n, K), log p(l|y) (m, L) and the log lift (K, L)."""
    partners = _partners(second, lift)
    out = np.full((len(first), len(second)), -np.inf)
    for own, other in zip(first.T, partners.T, strict=True):  # never (n, m, K) numbers at a time
        np.logaddexp(out, own[:, None] + other, out=out)
    return out


def log_ratios_of_pairs(first: np.ndarray, second: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """The diagonal of :func:`log_ratios`, (n,)."""
    return np.logaddexp.reduce(first + _partners(second, lift), axis=1)


def mean_and_error(log_ratio: np.ndarray) -> tuple[float, float]:
    """The mean of independent draws, which is a mutual information, and its standard error; nats."""
    return float(log_ratio.mean()), float(log_ratio.std(ddof=1) / np.sqrt(len(log_ratio)))


def _partners(second: np.ndarray, lift: np.ndarray) -> np.ndarray:
    """log sum_l W_kl / (w_k v_l) p(l|y), (m, K)."""
    return np.stack([np.logaddexp.reduce(second + row, axis=1) for row in lift], axis=1)
