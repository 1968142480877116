"""Pairs from two mixtures whose components are coupled: the model of two modalities."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from iconlearn._checks import check_number
from iconlearn._errors import InputError
from iconlearn.data.features import check_features
from iconlearn.theory.mixtures._ratios import log_lift, log_ratios, log_ratios_of_pairs, mean_and_error
from iconlearn.theory.mixtures.mixture import Mixture, check_shares


@dataclass(frozen=True, eq=False, repr=False)
class PairedMixture:
    r"""Two Gaussian mixtures and which of their components come together: images and captions, say.

    .. math:: p(x, y) = \sum_{kl} W_{kl}\, N(x;\, \mu_k, \Sigma_x)\, N(y;\, \nu_l, \Sigma_y)

    Parameters
    ----------
    first_means : array-like, shape (K, d1)
    second_means : array-like, shape (L, d2)
    first_covariance : array-like, shape (d1, d1)
    second_covariance : array-like, shape (d2, d2)
    coupling : array-like, shape (K, L)
        W: not negative, of sum 1 up to 1e-6, with mass in every row and column. Its marginals are the weights of the
        two mixtures.

    Raises
    ------
    InputError
        Wrong shapes, NaN or inf, a coupling that is no joint probability, or a covariance that is not positive
        definite.

    References
    ----------
    Bansal, Kavis & Sanghavi, Understanding Contrastive Learning via Gaussian Mixture Models, NeurIPS 2025 (their CLIP
    mixture; with a coupling matrix it is a reconstruction).

    Examples
    --------
    >>> import numpy as np
    >>> two_to_one = np.array([[1, 0], [1, 0], [0, 1], [0, 1]]) / 4
    >>> pairs = PairedMixture(np.eye(4), np.eye(2), np.eye(4), np.eye(2), two_to_one)
    >>> pairs, pairs.second.weights.tolist()
    (PairedMixture(components=(4, 2), dims=(4, 2)), [0.5, 0.5])
    """

    first_means: np.ndarray
    second_means: np.ndarray
    first_covariance: np.ndarray
    second_covariance: np.ndarray
    coupling: np.ndarray

    def __post_init__(self) -> None:
        first = one_side("first", self.first_means, self.first_covariance)
        second = one_side("second", self.second_means, self.second_covariance)
        coupling = check_coupling(self.coupling, (first.components, second.components))
        arrays = (first.means, second.means, first.covariance, second.covariance, coupling)
        for field, array in zip(fields(self), arrays, strict=True):
            object.__setattr__(self, field.name, array)

    def __repr__(self) -> str:
        components = self.first.components, self.second.components
        return f"PairedMixture(components={components}, dims={(self.first.dim, self.second.dim)})"

    @cached_property
    def first(self) -> Mixture:
        """The mixture of x."""
        return Mixture(self.first_means, self.first_covariance, self.coupling.sum(axis=1))

    @cached_property
    def second(self) -> Mixture:
        """The mixture of y."""
        return Mixture(self.second_means, self.second_covariance, self.coupling.sum(axis=0))

    @cached_property
    def cross_covariance(self) -> np.ndarray:
        """The covariance of x and y, sum_kl W_kl (mu_k - mean)(nu_l - mean)^T, (d1, d2)."""
        return (self.first_means - self.first.mean).T @ self.coupling @ (self.second_means - self.second.mean)

    def sample(
        self, n: int, random_state: int | np.random.Generator = 0
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Draw pairs.

        Parameters
        ----------
        n : int
        random_state : int or numpy.random.Generator, default 0

        Returns
        -------
        x, y : arrays of shape (n, d1) and (n, d2)
        k, l : int64 arrays of shape (n,)
            Their components.
        """
        n = check_number("PairedMixture.sample", "n", n, low=1, integer=True)
        rng = np.random.default_rng(random_state)
        cell = rng.choice(self.coupling.size, size=n, p=self.coupling.ravel())
        own, other = np.divmod(cell, self.coupling.shape[1])
        return self.first.drawn(own, rng), self.second.drawn(other, rng), own, other

    def log_density_ratio(self, x: Any, y: Any) -> np.ndarray:
        r"""The exact log density ratio of all pairs of a row and a column, (n, m), nats.

        .. math:: r(x, y) = \sum_{kl} \frac{W_{kl}}{w_k v_l}\, p(k|x)\, p(l|y)

        Parameters
        ----------
        x : array-like, shape (n, d1)
        y : array-like, shape (m, d2)
        """
        return log_ratios(self.first.log_posterior(x), self.second.log_posterior(y), log_lift(self.coupling))

    def information(
        self, n: int = 100_000, random_state: int | np.random.Generator = 0
    ) -> tuple[float, float]:
        """The mutual information of a pair by Monte Carlo over n pairs: nats and their standard error.

        No more than that of the components, which the coupling has.
        """
        n = check_number("PairedMixture.information", "n", n, low=2, integer=True)
        x, y, _, _ = self.sample(n, random_state)
        posteriors = self.first.log_posterior(x), self.second.log_posterior(y)
        return mean_and_error(log_ratios_of_pairs(*posteriors, log_lift(self.coupling)))


def one_side(side: str, means: Any, covariance: Any) -> Mixture:
    """One of the two mixtures, with equal weights; what is wrong with it is told by its side."""
    try:
        return Mixture(means, covariance)
    except InputError as error:
        raise InputError(f"PairedMixture: {side} {error}") from error


def check_coupling(values: Any, shape: tuple[int, int]) -> np.ndarray:
    """A joint probability of this shape, with mass in every row and column."""
    name = "PairedMixture: coupling"
    given = check_features(values, name, min_rows=1).astype(np.float64)
    if given.shape != shape:
        raise InputError(
            f"{name} has shape {given.shape}, but there are {shape[0]} and {shape[1]} means; give {shape}"
        )
    coupling = check_shares(name, given, positive=False)
    for axis, what in ((1, "row"), (0, "column")):
        empty = np.flatnonzero(coupling.sum(axis=axis) == 0)
        if len(empty):
            raise InputError(
                f"{name} has no mass in {what} {empty[0]} (counted from 0); leave that component out"
            )
    coupling.setflags(write=False)
    return coupling
